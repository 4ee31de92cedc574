"""The list of structures whose position needs a human."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SETTLED = ("located", "corrected")


def review(structures: pd.DataFrame) -> pd.DataFrame:
    """Return the structures that are not located for sure, with the reason and the best candidate.

    Parameters
    ----------
    structures
        From :func:`essgeo.geocode`.

    Returns
    -------
    DataFrame
        RangeIndex; ``structure_id``, ``name``, ``address``, ``postcode``, ``city``, ``geo_status``, ``reason``,
        ``candidate_label``, ``candidate_score`` (0 to 1), ``candidate_longitude``, ``candidate_latitude`` (degrees).
        With ``lon`` and ``lat`` filled in, the file serves as a corrections file.

    Examples
    --------
    >>> import pandas as pd
    >>> from essgeo import geocode
    >>> table = pd.DataFrame({"name": ["Le Fournil"], "address": [""], "postcode": [""], "city": ["Bondy"]})
    >>> review(geocode(table.set_axis(["f"])))[["structure_id", "reason"]].values.tolist()
    [['f', 'no_address']]
    """
    unsettled = structures[~structures["geo_status"].isin(SETTLED)]
    table = unsettled.rename(
        columns={"geo_reason": "reason", "geo_label": "candidate_label", "geo_score": "candidate_score"}
    )
    columns = [
        "name", "address", "postcode", "city", "geo_status", "reason",
        "candidate_label", "candidate_score", "candidate_longitude", "candidate_latitude",
    ]  # fmt: skip
    return table[columns].rename_axis("structure_id").reset_index()
