"""Positions that a human has settled: they win over everything else, at every run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.errors import SchemaError
from essgeo.geocoding.communes import city_key
from essgeo.geocoding.engine import MOST_CANDIDATES
from essgeo.geocoding.words import fold, street_key
from essgeo.sources import read_table
from essgeo.validation import raise_faults, validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from essgeo.validation import Fault

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
        :func:`essgeo.geocoding.review`. In such
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
        Their addresses (:func:`essgeo.geocoding.queries.queries_of`).
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
    for number in range(1, MOST_CANDIDATES + 1):
        head = "candidate" if number == 1 else f"candidate_{number}"
        chosen = (table[CHOICE] == str(number)) & (table["lon"] == "") & (table["lat"] == "")
        columns = {"lon": f"{head}_longitude", "lat": f"{head}_latitude", "precision": f"{head}_precision"}
        for name, column in columns.items():
            if column in table:
                placed[name] = placed[name].mask(chosen, table[column])
    return placed
