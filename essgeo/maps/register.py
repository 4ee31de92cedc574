"""The register as columns: where structures are and what filters ask, then their texts in parts that load on demand."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from essgeo.crs import GEOGRAPHIC
from essgeo.words.vocabulary import split_codes

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

Column: TypeAlias = list[Any] | dict[str, Any]

DIGITS = 5
"""Decimals of a position, about one metre; the exported files hold them all."""

PART = 2000
"""Structures whose texts are loaded together."""

MANY = 800
"""Structures in view above which those of a cell of a grid are drawn as one disc."""

ALPHABET = string.digits + string.ascii_letters + "!#$%()*+,-./:;=?@[]^_{|}~"
"""One character a row, where a column has no more values than there are characters here."""

LISTS = ("sectors", "challenges", "roles", "support_stages")
_CODES = ("family", "status", "geo_status", "active_from", "active_to")
_TEXTS = ("name", "aliases", "address", "postcode", "city", "as_of", "source", "note")


@dataclass(frozen=True)
class Register:
    """The register as a page reads it.

    Attributes
    ----------
    order
        The structures in the order of the rows: those that are located first, neighbours one after the other.
    positions
        What the map and its filters need: number of rows, of located ones and of rows a part; steps of ``latitude`` and
        ``longitude`` from one row to the next, in 0.00001°; the columns, each as :func:`packed` makes it.
    texts
        Identifiers, names, addresses, sources and relation to a QPV, :data:`PART` rows a part.
    """

    order: pd.Index
    positions: dict[str, Any]
    texts: tuple[dict[str, Column], ...]


def register(structures: gpd.GeoDataFrame) -> Register:
    """Return the register as columns, which weigh a fraction of one object a row.

    Parameters
    ----------
    structures
        Layer of structures, in the CRS of the territory.

    Returns
    -------
    Register
        Ready for JSON: no missing number, and the same structures give the same columns.

    Examples
    --------
    >>> made = register(study_est_ensemble().structures)
    >>> made.positions["count"], len(made.texts), sorted(made.texts[0])[:3]
    (146, 1, ['address', 'aliases', 'as_of'])
    """
    located = structures[structures.geometry.notna()]
    located = (
        located.iloc[np.argsort(located.hilbert_distance().to_numpy(), kind="stable")] if len(located) else located
    )
    rows = pd.concat([pd.DataFrame(located), pd.DataFrame(structures[structures.geometry.isna()])])
    points = located.geometry.to_crs(GEOGRAPHIC)
    columns = {name: packed(rows[name]) for name in _CODES}
    columns |= {name: packed(rows[name], split_codes) for name in LISTS}
    columns["counted"] = packed(rows["counted"].astype(int))
    columns["radius"] = packed(_whole(rows["geo_radius_m"]))
    parts = [rows.iloc[start : start + PART] for start in range(0, len(rows), PART)]
    return Register(
        rows.index,
        {
            "count": len(rows),
            "located": len(located),
            "part": PART,
            "alphabet": ALPHABET,
            "many": MANY,
            "latitude": _steps(points.y.to_numpy()),
            "longitude": _steps(points.x.to_numpy()),
            "columns": columns,
        },
        tuple(_texts(part) for part in parts),
    )


def packed(column: pd.Series, split: Any = None) -> Column:  # noqa: ANN401 - what a cell becomes
    """Return a column as it is, or, where few values come again and again, as these values and places among them.

    A column of one value has no places.

    Parameters
    ----------
    column
        Texts or numbers.
    split
        What makes a value of a cell, where a cell is not its own value.

    Examples
    --------
    >>> packed(pd.Series(["Pantin", "Pantin", "Bondy", "Pantin"]))
    {'values': ['Pantin', 'Bondy'], 'places': '0010'}
    >>> packed(pd.Series(["a", "b"]))
    ['a', 'b']
    """
    places, values = pd.factorize(column, use_na_sentinel=False)
    known = pd.Series(values, dtype=object)
    made = [split(value) if split else value for value in known.where(known.notna(), None)]
    if len(made) == 1:
        return {"values": made}
    if 2 * len(made) > len(places):
        return [made[place] for place in places]
    if len(made) > len(ALPHABET):
        return {"values": made, "places": places.tolist()}
    letters = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
    return {"values": made, "places": letters[places].tobytes().decode()}


def _texts(rows: pd.DataFrame) -> dict[str, Column]:
    known = rows["qpv"] != ""
    return {
        "id": [str(index) for index in rows.index],
        **{name: packed(rows[name]) for name in _TEXTS},
        "qpv": packed(rows["qpv_name"].where(known, "")),
        "qpv_vintage": packed(rows["qpv_vintage"].where(known, "")),
        "qpv_relation": packed(rows["qpv_relation"].where(known, "")),
        "qpv_probability": packed(_whole(1000 * rows["qpv_probability"].where(known))),
        "qpv_distance": packed(_whole(rows["qpv_distance_m"].where(known))),
    }


def _whole(numbers: pd.Series) -> pd.Series:
    return numbers.round().astype("Int64").astype(object)


def _steps(degrees: NDArray[np.float64]) -> list[int]:
    whole = np.rint(degrees * 10**DIGITS).astype(np.int64)
    steps: list[int] = np.diff(whole, prepend=0).tolist()
    return steps
