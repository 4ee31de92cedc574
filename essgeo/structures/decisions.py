"""What a human settled about likely duplicates: kept in a file, and applied at every refresh."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from essgeo.errors import SchemaError
from essgeo.sources.tables import read_table
from essgeo.validation import raise_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from essgeo.validation import Fault

DECISIONS = ("same", "different")
SIDES = ("left", "right")
_KEYS = ("left", "right", "decision")


def read_decisions(path: Path | str) -> pd.DataFrame:
    r"""Return the decisions that a file holds.

    Parameters
    ----------
    path
        A table with ``left`` and ``right`` (identifiers in the two lists), ``decision`` (``same`` or ``different``)
        and, for ``same``, ``keep`` (``left`` or ``right``; ``left`` where empty). Rows without a decision, as in a
        fresh file of suggestions, are left out; other columns are free.

    Returns
    -------
    DataFrame
        RangeIndex; ``left``, ``right``, ``decision``, ``keep`` (``""`` for ``different``).

    Raises
    ------
    SchemaError
        A column is missing, a value is not known, a pair is settled twice, or one row is the same as two that are kept.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "decisions.csv"
    ...     _ = path.write_text("left,right,decision,keep\na,x,same,\nb,x,different,\nc,y,,\n")
    ...     read_decisions(path).values.tolist()
    [['a', 'x', 'same', 'left'], ['b', 'x', 'different', '']]
    """
    path = Path(path)
    table = read_table(path)
    missing = [name for name in _KEYS if name not in table]
    if missing:
        message = f"{path.name}: missing column {', '.join(missing)}. Columns seen: {', '.join(table.columns)}."
        raise SchemaError(message)
    rows = table.assign(keep=table.get("keep", ""))
    rows = rows[rows["decision"] != ""]
    raise_faults(path.name, list(_faults(rows)))
    same = rows["decision"] == "same"
    kept = rows["keep"].where(rows["keep"] != "", "left").where(same, "")
    return rows.assign(keep=kept)[[*_KEYS, "keep"]].reset_index(drop=True)


def settled_rows(path: Path | str) -> pd.DataFrame:
    r"""Return the rows of a file of suggestions that a human settled, with all their columns, so that none is lost.

    Parameters
    ----------
    path
        As for :func:`read_decisions`.

    Raises
    ------
    SchemaError
        As for :func:`read_decisions`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "suggestions.csv"
    ...     _ = path.write_text("left,right,score,decision,note\na,x,0.9,same,seen\nc,y,0.8,,\n")
    ...     settled_rows(path).values.tolist()
    [['a', 'x', '0.9', 'same', 'seen']]
    """
    read_decisions(path)
    table = read_table(Path(path))
    return table[table["decision"] != ""].reset_index(drop=True)


def join_decisions(*parts: pd.DataFrame) -> pd.DataFrame:
    """Return decisions of several files as one.

    Raises
    ------
    SchemaError
        Two files settle one pair otherwise.

    Examples
    --------
    >>> one = pd.DataFrame({"left": ["a"], "right": ["x"], "decision": ["same"], "keep": ["left"]})
    >>> len(join_decisions(one, one))
    1
    >>> join_decisions(one, one.assign(keep="right"))
    Traceback (most recent call last):
    ...
    essgeo.errors.SchemaError: decisions: 'a' and 'x' are settled otherwise in two files; keep one of them.
    """
    joined = pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)
    twice = joined[joined.duplicated(["left", "right"])]
    if len(twice):
        left, right = twice.iloc[0][["left", "right"]]
        message = f"decisions: {left!r} and {right!r} are settled otherwise in two files; keep one of them."
        raise SchemaError(message)
    return joined


def _faults(rows: pd.DataFrame) -> Iterator[Fault]:
    settled: dict[tuple[str, str], int] = {}
    merged: dict[tuple[str, str], int] = {}
    for number, row in zip(rows.index.tolist(), rows.itertuples(index=False), strict=True):
        pair = (str(row.left), str(row.right))
        if not all(pair):
            yield number, "left and right", "name one row of each list"
        if row.decision not in DECISIONS:
            yield number, "decision", f"unknown value {row.decision!r}; known: {', '.join(DECISIONS)}"
        if row.keep not in ("", *SIDES):
            yield number, "keep", f"unknown value {row.keep!r}; known: {', '.join(SIDES)}"
        if pair in settled:
            yield number, "left and right", f"are settled in row {settled[pair]} already; keep one of them"
        settled.setdefault(pair, number)
        if row.decision != "same":
            continue
        for side in zip(SIDES, pair, strict=True):
            if side in merged:
                yield number, side[0], f"{side[1]!r} is the same as another in row {merged[side]}; settle one of them"
            merged.setdefault(side, number)


def apply_decisions(
    structures: gpd.GeoDataFrame, others: gpd.GeoDataFrame, decisions: pd.DataFrame | None
) -> gpd.GeoDataFrame:
    """Return both lists as one: of two rows that a human called the same, the one to keep.

    Nothing else is merged. A decision about a row that is no longer there does nothing, and stays in its file for the
    day the row comes back: decisions hold over refreshes as long as identifiers do (SIRET, or that of the list).

    Parameters
    ----------
    structures, others
        The two lists, uniquely indexed, in one CRS.
    decisions
        From :func:`read_decisions`.

    Returns
    -------
    GeoDataFrame
        The rows of ``structures``, then those of ``others``, without those that were not kept; ``same_as`` names the
        row that one stands for (``""``: none). An identifier of ``others`` that stands in ``structures`` too gets
        ``other-`` before it.

    Examples
    --------
    >>> one = gpd.GeoDataFrame({"name": ["A", "B"]}, geometry=[None, None], crs=2154, index=["a", "b"])
    >>> two = gpd.GeoDataFrame({"name": ["a'", "C"]}, geometry=[None, None], crs=2154, index=["x", "b"])
    >>> settled = pd.DataFrame({"left": ["a"], "right": ["x"], "decision": "same", "keep": "right"})
    >>> apply_decisions(one, two, settled)["same_as"].to_dict()
    {'b': '', 'x': 'a', 'other-b': ''}
    """
    left, right = structures.index.astype(str), others.index.astype(str)
    one, two = structures.assign(same_as=""), others.assign(same_as="")
    if decisions is not None:
        same = decisions[
            (decisions["decision"] == "same") & decisions["left"].isin(left) & decisions["right"].isin(right)
        ]
        keep_left = same["keep"] == "left"
        stands = (
            dict(zip(same["left"], same["right"], strict=True)),
            dict(zip(same["right"], same["left"], strict=True)),
        )
        one["same_as"] = left.map(lambda name: stands[0].get(name, ""))
        two["same_as"] = right.map(lambda name: stands[1].get(name, ""))
        one = one[~left.isin(same.loc[~keep_left, "left"])]
        two = two[~right.isin(same.loc[keep_left, "right"])]
    clash = two.index.isin(one.index)
    two = two.set_axis(two.index.where(~clash, "other-" + two.index.astype(str)))
    return gpd.GeoDataFrame(pd.concat([one, two]).rename_axis(structures.index.name), crs=structures.crs)
