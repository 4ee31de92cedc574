"""The list of structures whose position needs a human."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from essgeo.geocoding.engine import MOST_CANDIDATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from essgeo.geocoding.engine import Engine

SETTLED = ("located", "corrected")
MASKED = "masked"
_SHOWN = {"label": "label", "score": "score", "precision": "precision", "lon": "longitude", "lat": "latitude"}


def review(structures: pd.DataFrame) -> pd.DataFrame:
    """Return the structures that are not located for sure, with the reason and the best candidate.

    Masked rows are not among them: nobody may settle where they are.

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
    >>> from essgeo import geocode
    >>> table = pd.DataFrame({"name": "Le Fournil", "address": "", "postcode": "", "city": "Bondy"}, index=["f"])
    >>> review(geocode(table.rename_axis("structure_id")))[["structure_id", "reason"]].values.tolist()
    [['f', 'no_address']]
    """
    unsettled = structures[~structures["geo_status"].isin((*SETTLED, MASKED))]
    table = unsettled.rename(
        columns={"geo_reason": "reason", "geo_label": "candidate_label", "geo_score": "candidate_score"}
    )
    columns = [
        "name", "address", "postcode", "city", "geo_status", "reason",
        "candidate_label", "candidate_score", "candidate_longitude", "candidate_latitude",
    ]  # fmt: skip
    return pd.DataFrame(table[columns].rename_axis("structure_id").reset_index())


def review_sheet(queries: pd.DataFrame, geocoded: pd.DataFrame, engines: Sequence[Engine] = ()) -> pd.DataFrame:
    """Return a sheet to fill in: one row for each address that needs a human, with up to three candidates.

    Write the number of a candidate in ``choice``, or degrees in ``lon`` and ``lat``: the file is then a corrections
    file (:func:`essgeo.geocoding.read_corrections`). Masked rows are not in it.

    Parameters
    ----------
    queries
        What was asked (:func:`essgeo.geocoding.queries.queries_of`).
    geocoded
        What :func:`essgeo.geocode` made of it, with the same index.
    engines
        Who is asked for candidates: the three best of all are shown. Without any, the best match is the only candidate.

    Returns
    -------
    DataFrame
        RangeIndex; ``structure_id`` (``""`` unless the index is named so), ``address``, ``postcode``, ``city``,
        ``citycode``,
        ``geo_status``, ``reason``, ``rows`` (rows of the file with that address), ``choice``, ``lon``, ``lat``
        (empty), then ``candidate_label``, ``candidate_score``,
        ``candidate_precision``, ``candidate_longitude``, ``candidate_latitude`` and the same of ``candidate_2`` and
        ``candidate_3``.

    Examples
    --------
    >>> from essgeo import geocode
    >>> from essgeo.geocoding.queries import queries_of
    >>> table = pd.DataFrame({"address": ["1 rue A", "1 rue A"], "city": ["Bondy"] * 2})
    >>> review_sheet(queries_of(table), geocode(table))[["address", "rows", "choice"]].values.tolist()
    [['1 rue A', 2, '']]
    """
    status = geocoded["geo_status"]
    named = geocoded.index.name == "structure_id"
    open_rows = ~status.isin((*SETTLED, MASKED)) & ((queries["address"] != "") | named)
    sheet = (
        queries[open_rows]
        .rename_axis(None)
        .assign(geo_status=status[open_rows], reason=geocoded.loc[open_rows, "geo_reason"])
    )
    sheet.insert(0, "structure_id", sheet.index.astype(str) if named else "")
    asked = list(queries.columns)
    one_place = ["structure_id", *asked]
    sheet["rows"] = sheet.groupby(one_place)["reason"].transform("size")
    first = ~sheet.duplicated(one_place)
    best = geocoded.loc[sheet.index[first]]
    sheet = sheet[first].assign(choice="", lon="", lat="")
    if not engines:
        names = {
            "label": "geo_label",
            "score": "geo_score",
            "precision": "geo_precision",
            "lon": "candidate_longitude",
            "lat": "candidate_latitude",
        }
        found = pd.DataFrame({name: best[column].to_numpy() for name, column in names.items()})
        found = found.assign(query=range(len(best)), rank=1)[found["lon"].notna()]
    else:
        found = _best_of_all(engines, sheet[asked].reset_index(drop=True))
    sheet = sheet.reset_index(drop=True)
    for rank in range(1, MOST_CANDIDATES + 1):
        head = "candidate" if rank == 1 else f"candidate_{rank}"
        one = found[found["rank"] == rank].set_index("query")[list(_SHOWN)].rename(columns=_SHOWN)
        sheet = sheet.join(one.add_prefix(f"{head}_"))
    return sheet


def _best_of_all(engines: Sequence[Engine], queries: pd.DataFrame) -> pd.DataFrame:
    """Return the candidates of every engine, each address once, the best first.

    Two former communes may share a label, hence the identifier.
    """
    found = pd.concat([engine.candidates(queries) for engine in engines], ignore_index=True)
    found = found.sort_values(["query", "score"], ascending=[True, False], kind="stable")
    found = found.drop_duplicates(["query", "label", "ban_id"])
    return found.assign(rank=found.groupby("query").cumcount() + 1)
