"""What needs a human, and what a human corrected."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.errors import SchemaError
from essgeo.files.tables import read_table
from essgeo.geocoding.communes import city_key
from essgeo.geocoding.engines import MAX_CANDIDATES
from essgeo.geocoding.spelling import fold, street_key
from essgeo.schema.validate import raise_faults, validate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from essgeo.geocoding.engines import Engine
    from essgeo.schema.validate import Fault


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
        What was asked (:func:`essgeo.geocoding.engines.queries_of`).
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
    >>> from essgeo.geocoding.engines import queries_of
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
    for rank in range(1, MAX_CANDIDATES + 1):
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


CHOICE = "choice"

_NUMBERS = re.compile(r"((?:\d+ ?(?:bis\b|ter\b|quater\b|[a-z](?= ))?[ ,;/&+-]*)*)(.*)")

_TEXTS = ("structure_id", "address", "postcode", "city", "citycode")


def read_corrections(path: Path | str) -> pd.DataFrame:
    r"""Return the corrections that a file holds.

    Parameters
    ----------
    path
        A table with ``structure_id``, or ``address`` and ``city`` (or ``citycode`` or ``postcode``), and either
        ``lon`` and ``lat`` (degrees) or ``choice``: the number of a candidate, in a file made from
        :func:`essgeo.geocoding.corrections`. In such
        a file rows where nothing is filled in are left out. Other columns, such as ``note``, are free.

    Returns
    -------
    DataFrame
        ``structure_id``, ``address``, ``postcode``, ``city``, ``citycode`` (text, ``""`` where not given), ``lon``,
        ``lat`` (degrees), ``precision`` (``housenumber``, or that of the candidate chosen).

    Raises
    ------
    SchemaError
        A column is missing, or a row lacks its key, a coordinate, or the candidate it names.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "corrections.csv"
    ...     _ = path.write_text("structure_id,lon,lat\nsimplon,2.43,48.85\n")
    ...     read_corrections(path)[["structure_id", "lon"]].values.tolist()
    [['simplon', 2.43]]
    """
    path = Path(path)
    table = read_table(path)
    reviewed = CHOICE in table
    if not ({"lon", "lat"} <= set(table.columns) or reviewed) or not {"structure_id", "address"} & set(table.columns):
        message = (
            f"{path.name}: a corrections file has the columns lon, lat and structure_id (or address and city), "
            f"or choice beside the candidates of a review file. Columns seen: {', '.join(table.columns)}."
        )
        raise SchemaError(message)
    texts = {name: table.get(name, "") for name in (*_TEXTS, CHOICE, "lon", "lat")}
    filled = table.assign(**texts)
    filled = _with_choices(filled[(filled[CHOICE] != "") | (filled["lon"] != "") | (filled["lat"] != "")])
    checked = validate(filled.assign(correction_id=filled.index.astype(str)), "corrections", source=path.name)
    raise_faults(path.name, list(_key_faults(checked)))
    kept = [*_TEXTS, "lon", "lat", "precision"] if reviewed else ["structure_id", "address", "city", "lon", "lat"]
    return checked.reset_index()[kept]


def _key_faults(corrections: pd.DataFrame) -> Iterator[Fault]:
    first: dict[object, str] = {}
    for row, name, place in zip(corrections.index, corrections["structure_id"], _places(corrections), strict=True):
        key = name or place
        if not name and not (place[1] and place[2]):
            yield int(row), "structure_id", "is empty, and there is no address with its city; give one or the other"
        elif key in first:
            yield int(row), "structure_id or address", f"is settled in row {first[key]} already; keep one of them"
        else:
            first[key] = row


def place_key(address: str, city: str) -> tuple[str, str, str]:
    """Return the key under which two writings of one address are the same: house numbers, street, commune.

    Examples
    --------
    >>> place_key("3, bd Chanzy", "Montreuil") == place_key("3 Boulevard de Chanzy", "MONTREUIL")
    True
    """
    match = _NUMBERS.match(fold(address).strip())
    numbers, street = match.groups() if match else ("", "")
    plain = " ".join(re.findall(r"[a-z0-9]+", street))
    words = street_key(plain).words if plain else ""
    return "-".join(re.findall(r"[a-z0-9]+", numbers)), words, city_key(city)


def corrected_points(structure_ids: pd.Index, queries: pd.DataFrame, corrections: pd.DataFrame) -> pd.DataFrame:
    """Return the corrected points, those given for a structure before those given for its address.

    Parameters
    ----------
    structure_ids
        Identifiers of the rows, compared as text.
    queries
        Their addresses (:func:`essgeo.geocoding.engines.queries_of`).
    corrections
        From :func:`read_corrections`.

    Returns
    -------
    DataFrame
        ``lon``, ``lat``, ``precision`` of the rows of ``queries`` that have a correction; of two corrections of one
        place the last counts.

    Examples
    --------
    >>> queries = pd.DataFrame({"address": "3 bd Chanzy", "postcode": "", "city": "Montreuil", "citycode": ""}, ["a"])
    >>> corrections = pd.DataFrame({"structure_id": [""], "address": ["3 Boulevard de Chanzy"], "city": ["Montreuil"],
    ...                             "lon": [2.43], "lat": [48.85], "precision": ["housenumber"]})
    >>> corrected_points(queries.index, queries, corrections)["lon"].to_dict()
    {'a': 2.43}
    """
    values = corrections[["lon", "lat"]].assign(precision=corrections.get("precision", "housenumber"))
    named = (corrections["structure_id"] != "").to_numpy()
    by_name = dict(zip(corrections["structure_id"][named], np.flatnonzero(named), strict=True))
    by_place = dict(zip(_places(corrections[~named]), np.flatnonzero(~named), strict=True))
    rows = [by_name.get(str(name), -1) for name in structure_ids]
    if by_place:
        known = queries["address"] != ""
        places = pd.Series(-1, index=queries.index)
        places[known] = np.array([by_place.get(place, -1) for place in _places(queries[known])], dtype=int)
        rows = [row if row >= 0 else place for row, place in zip(rows, places, strict=True)]
    where = np.asarray(rows, dtype=int)
    found = where >= 0
    return values.iloc[where[found]].set_axis(queries.index[found])


def _places(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    if table.empty:
        return []
    filled = table.reindex(columns=list(_TEXTS), fill_value="")
    towns = filled["city"].where(
        filled["city"] != "", filled["citycode"].where(filled["citycode"] != "", filled["postcode"])
    )
    pairs = pd.MultiIndex.from_arrays([filled["address"], towns])
    codes, distinct = pd.factorize(pairs)
    keys = [place_key(address, town) for address, town in distinct]
    return [keys[code] for code in codes]


def _with_choices(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the coordinates and the precision of the candidate chosen, where none are typed."""
    placed = table.assign(precision="housenumber")
    for number in range(1, MAX_CANDIDATES + 1):
        head = "candidate" if number == 1 else f"candidate_{number}"
        chosen = (table[CHOICE] == str(number)) & (table["lon"] == "") & (table["lat"] == "")
        columns = {"lon": f"{head}_longitude", "lat": f"{head}_latitude", "precision": f"{head}_precision"}
        for name, column in columns.items():
            if column in table:
                placed[name] = placed[name].mask(chosen, table[column])
    return placed
