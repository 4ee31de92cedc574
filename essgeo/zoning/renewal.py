"""Renewal projects of one vintage of the QPV carried over to another, by the residents that both share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

HALF = 0.5


def carry_projects(projects: pd.DataFrame, pairs: pd.DataFrame, *, min_share: float = HALF) -> pd.DataFrame:
    """Return renewal projects with the QPV of the new vintage that take the place of theirs.

    A zone of the new vintage takes the place of one of the old where at least ``min_share`` of the residents of either
    live in both; where nobody lives, of the ground. A project whose zone has no such successor keeps no code of the new
    vintage: its zone left the geography.

    Parameters
    ----------
    projects
        The ``npnru`` table, with ``qpv_<old vintage>``.
    pairs
        From :func:`essgeo.zoning.crosswalk` with ``weights``.
    min_share
        Least common share, 0 to 1.

    Returns
    -------
    DataFrame
        One row a project and successor: ``qpv_<new vintage>`` is the successor or ``""``, ``confidence`` says by what
        share. A project with two successors has two rows, the second with ``-2`` behind its identifier.

    Examples
    --------
    >>> import pandas as pd
    >>> pairs = pd.DataFrame({"old_id": ["QP1"], "new_id": ["QN1"], "old_vintage": ["2015"], "new_vintage": ["2024"],
    ...     "share_of_old": [0.7], "share_of_new": [0.9], "population_share_of_old": [0.81],
    ...     "population_share_of_new": [0.95]})
    >>> project = pd.DataFrame({"qpv_2015": ["QP1"], "confidence": ["ANRU"]}, index=pd.Index(["a"], name="project_id"))
    >>> carry_projects(project, pairs)[["qpv_2024", "confidence"]].values.tolist()
    [['QN1', 'ANRU; 2015 -> 2024: 81 % of residents of QP1, 95 % of QN1']]
    """
    both = pairs.dropna(subset=["old_id", "new_id"])
    if both.empty:
        return projects
    old, new = both["old_vintage"].iloc[0], both["new_vintage"].iloc[0]
    shares = {side: both[f"population_share_of_{side}"].fillna(both[f"share_of_{side}"]) for side in ("old", "new")}
    successors = both[["old_id", "new_id"]].assign(**shares)[np.maximum(shares["old"], shares["new"]) >= min_share]
    index = str(projects.index.name)
    rows = projects.reset_index().merge(successors, how="left", left_on=f"qpv_{old}", right_on="old_id")
    place = rows.groupby(index).cumcount()
    names = rows[index].where(place == 0, rows[index] + "-" + (place + 1).astype(str))
    told = [
        f"{confidence}; {old} -> {new}: {100 * of_old:.0f} % of residents of {left}, {100 * of_new:.0f} % of {right}"
        for confidence, of_old, left, of_new, right in zip(
            rows["confidence"], rows["old"], rows["old_id"], rows["new"], rows["new_id"], strict=True
        )
    ]
    carried = rows["new_id"].notna()
    return rows.assign(
        **{index: names, f"qpv_{new}": rows["new_id"].fillna(""), "confidence": rows["confidence"].mask(carried, told)}
    ).set_index(index)[list(dict.fromkeys([*projects.columns, f"qpv_{new}"]))]
