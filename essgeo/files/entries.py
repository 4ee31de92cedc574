"""The entries of a list: what each row says under the fields of essgeo, where that is, and which rows are no entry."""

from __future__ import annotations

import itertools
import re
import warnings
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.crs import GEOGRAPHIC
from essgeo.errors import InputWarning
from essgeo.messages import tell
from essgeo.schema import cells
from essgeo.schema.columns import ADDED, COLUMNS
from essgeo.schema.names import WORDS, simplify, words_of
from essgeo.schema.validate import row_label

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from essgeo.files.recognise import Reading
    from essgeo.schema.validate import Fault


def take(table: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Return the columns of a text table by the fields that they hold, cells that say nothing as ``""``.

    Addresses are joined, a postcode and commune of one cell are told apart, columns about persons are left out; those
    that are not used follow, without e-mail addresses and telephone numbers.

    Examples
    --------
    >>> from essgeo.files.recognise import recognise
    >>> table = pd.DataFrame({"Nom": ["A"], "N°": ["48.0"], "Voie": ["rue B"], "CP Ville": ["93140 Bondy"]})
    >>> take(table, recognise(table, source="mine.csv"))[["address", "postcode", "city"]].values.tolist()
    [['48 rue B', '93140', 'Bondy']]
    """
    found: dict[str, list[str]] = {}
    for name, columns in reading.fields.items():
        # A word that is not known restricts a row, so that nothing counts as missing there.
        known = str.strip if name == "diffusion" else cells.known
        texts = [_each(_texts(table[column]), known) for column in columns]
        if name in {"address", "street"} and len(texts) > 1:
            found[name] = [cells.joined_address(row) for row in zip(*texts, strict=True)]
        elif len(texts) > 1:
            joined = "|".join if COLUMNS[name].many else _first
            found[name] = [joined(filter(None, row)) for row in zip(*texts, strict=True)]
        else:
            found[name] = texts[0]
    _fill_from_others(found)
    taken = pd.DataFrame(found, index=table.index, dtype="object")
    kept = [name for name in reading.unused if name not in found]
    free = {
        name: column
        if pd.api.types.is_numeric_dtype(column := table[name])
        else pd.Series(_each(_texts(column), cells.without_contacts), index=table.index, dtype="object")
        for name in kept
    }
    return pd.concat([taken, pd.DataFrame(free)], axis=1) if free else taken


def _first(texts: Iterable[str]) -> str:
    return next(iter(texts), "")


def _fill_from_others(found: dict[str, list[str]]) -> None:
    """Complete addresses, postcodes and communes, in place, by the columns that hold them with something else."""
    for name in ("street", "address_more"):
        if (more := found.pop(name, None)) is not None:
            lines = found.get("address", [""] * len(more))
            found["address"] = [line or other for line, other in zip(lines, more, strict=True)]
    for name in ("postcode_city", "postcode", "city"):
        pairs = {text: cells.postcode_and_city(text) for text in {*found.get(name, [])}}
        if any(code for code, _ in pairs.values()):
            _split_city(found, name, pairs)
    found.pop("postcode_city", None)
    for name in ("name", "address", "note", "aliases"):
        if name in found:
            found[name] = _each(found[name], cells.without_contacts)


def _texts(column: pd.Series) -> list[str]:
    """Return the cells of a column as text, whole numbers without decimals."""
    values = column.to_numpy(dtype=object)
    return [
        "" if missing else str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        for value, missing in zip(values, pd.isna(values), strict=True)
    ]


def without_persons(table: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Return a table without its columns about persons, and without e-mail addresses and telephones in the others."""
    clear = table.drop(columns=list(reading.persons))
    for name in clear.columns:
        if clear[name].dtype == object or pd.api.types.is_string_dtype(clear[name]):
            clear[name] = [cells.without_contacts(value) if isinstance(value, str) else value for value in clear[name]]
    return clear


def _split_city(found: dict[str, list[str]], name: str, pairs: Mapping[str, tuple[str, str]]) -> None:
    """Write the postcodes and communes of cells that hold both into fields of their own, where these say nothing."""
    both = [pairs[text] for text in found[name]]
    for field_name, place in (("postcode", 0), ("city", 1)):
        before = found.get(field_name, [""] * len(both))
        own = field_name == name
        found[field_name] = [
            pair[place] if pair[place] and (own or not text) else text for text, pair in zip(before, both, strict=True)
        ]


def _each(texts: Iterable[str], change: Callable[[str], str]) -> list[str]:
    """Return texts changed, each different one once."""
    listed = list(texts)
    changed = {text: change(text) for text in dict.fromkeys(listed)}
    return [changed[text] for text in listed]


def take_positions(taken: pd.DataFrame, rows: pd.Index) -> tuple[pd.DataFrame, list[Fault]]:
    """Return the longitude and latitude of each row as numbers, in degrees, and what was wrong with the others.

    Parameters
    ----------
    taken
        From :func:`take`: ``lon`` and ``lat``, or ``point``, as text; what is no position is none.
    rows
        The number of each row, for the faults.

    Examples
    --------
    >>> taken = pd.DataFrame({"lon": ["48,9", "0", "650000"], "lat": ["2,4", "0", "6860000"]})
    >>> found, faults = take_positions(taken, taken.index)
    >>> found.round(2).to_numpy().tolist()[0], [(row, what) for row, _, what in faults]
    ([2.4, 48.9], [(0, 'were exchanged (lon 48,9, lat 2,4)')])
    """
    # `places` gets a pair for each row, NaN where there is none; rows in metres are put into degrees together at the
    # end.
    columns = [list(taken[name]) if name in taken else [""] * len(taken) for name in ("lon", "lat", "point")]
    places: list[tuple[float, float]] = []
    metric: list[int] = []
    faults: list[Fault] = []
    nowhere = (float("nan"), float("nan"))
    for place, (row, x, y, both) in enumerate(zip(rows, *columns, strict=True)):
        lon, lat = cells.degrees_of(x), cells.degrees_of(y)
        found = cells.position_of(lon, lat)
        if found is None and lon is not None and lat is not None and max(abs(lon), abs(lat)) > cells.MAX_LON:
            metric.append(place)
            found = lon, lat
        elif found is None and both and not (x and y):
            found = cells.point_of(both)
            if found is None and any(character in "123456789" for character in both):
                faults.append((row_label(row), "point", tell("cell_left_out", what=tell("is_no_point", value=both))))
        elif found is None and (x or y):
            faults.extend(_why_nowhere(row_label(row), x, y, lon, lat))
        elif found == (lat, lon) and lon != lat:
            faults.append((row_label(row), "lon, lat", tell("were_exchanged", x=x, y=y)))
        places.append(found or nowhere)
    positions = pd.DataFrame(places, columns=["lon", "lat"], index=taken.index, dtype=float)
    given = positions.iloc[metric].to_numpy(copy=True)
    degrees, systems = _unprojected(given)
    positions.iloc[metric] = degrees
    for place, (x, y), system in zip(metric, given, systems, strict=True):
        label = row_label(rows[place])
        if not system:
            what = tell("cell_left_out", what=tell("are_not_degrees", x=f"{x:.10g}", y=f"{y:.10g}"))
            faults.append((label, "lon, lat", what))
        elif system != LAMBERT_93:
            faults.append((label, "lon, lat", tell("were_projected", x=f"{x:.10g}", y=f"{y:.10g}", system=system)))
    return positions, faults


NO_PLACE = "none"
"""``coord_precision`` of coordinates that are no place."""


def with_faults(positions: pd.DataFrame, faults: Sequence[Fault], rows: pd.Index) -> pd.DataFrame:
    """Return positions that are infinite where what is written is none, so that the row can say why it has none.

    >>> taken = pd.DataFrame({"lon": ["north", ""], "lat": ["48.9", ""]})
    >>> with_faults(*take_positions(taken, taken.index), taken.index)["lon"].tolist()
    [inf, nan]
    """
    if not faults:
        return positions
    wrong = positions["lon"].isna().to_numpy() & rows.isin([row for row, *_ in faults])
    return positions.mask(np.column_stack([wrong, wrong]), np.inf)


LAMBERT_93 = "EPSG:2154"

_SYSTEMS = dict.fromkeys((LAMBERT_93, "EPSG:3857", "EPSG:27572"), (41.0, 52.0)) | {
    f"EPSG:{3900 + parallel}": (parallel - 1.2, parallel + 1.2) for parallel in range(42, 51)
}
"""Lambert 93, web maps, Lambert II extended and the nine conic zones, each with the latitudes it is used at."""

_FRANCE = shapely.Polygon([
    (-5.4, 48.8), (1.4, 51), (2.6, 51.3), (8.4, 49.1), (7.2, 45), (9.9, 43.3), (9.6, 41.2), (8.3, 41.2), (3, 42),
    (-2, 43),
])  # fmt: skip
"""Where numbers in metres must lead to be a place: metropolitan France, by its corners."""


def _unprojected(given: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[str]]:
    """Return the degrees of places in metres, of shape (places, 2), and the first system in which each is in France.

    NaN and ``""`` where there is none. The two numbers may be exchanged.
    """
    degrees, systems = np.full(given.shape, np.nan), [""] * len(given)
    for columns, system in itertools.product(([0, 1], [1, 0]), _SYSTEMS):
        # Each system is tried, in both orders of the numbers, on the places that none before it put into France.
        left = np.flatnonzero(np.isnan(degrees[:, 0]))
        if not len(left):
            break
        points = gpd.points_from_xy(*given[left][:, columns].T, crs=system).to_crs(GEOGRAPHIC)
        low, high = _SYSTEMS[system]
        inside = shapely.contains_xy(_FRANCE, points.x, points.y) & (points.y > low) & (points.y < high)
        degrees[left[inside]] = np.column_stack([points.x, points.y])[inside]
        for place in left[inside]:
            systems[place] = system
    return degrees, systems


def _why_nowhere(row: int | str, x: str, y: str, lon: float | None, lat: float | None) -> Iterable[Fault]:
    if lon == 0 and lat == 0:  # what software writes for none
        return
    for name, text, value in (("lon", x, lon), ("lat", y, lat)):
        if text and value is None:
            yield row, name, tell("cell_left_out", what=tell("is_no_number", value=text))
        elif not text:
            other, given = ("lat", y) if name == "lon" else ("lon", x)
            yield row, name, tell("cell_left_out", what=tell("is_missing_beside", other=other, given=given))
    if lon is not None and lat is not None:
        yield row, "lon, lat", tell("cell_left_out", what=tell("are_not_degrees", x=x, y=y))


_SUM, _NOTE, _OF_SUMS = (
    frozenset(" ".join(words_of(word)) for word in words)
    for words in (WORDS["sum"], WORDS["note"], WORDS["of_sum"] + WORDS["neutral"])
)

_MAYBE = re.compile(rf"\W*(?:sous|grand|{'|'.join(sorted(_SUM | _NOTE)).replace('e', '[eéè]')})|[*(©¹]", re.IGNORECASE)
"""How the first cell of such a row begins: most rows are told by it alone."""

_BESIDE = frozenset({*ADDED, "sheet", "layer"})
"""Columns of essgeo, which says something of every row."""

_IDENTIFIERS = ("siret", "siren", "structure_id", "candidate_id")

_OF_TOWN = re.compile(r"^(?:ville|commune) d(?:e |['\u2019]) *|\s*\(?\d+\)?$", re.IGNORECASE)
"""What stands around the commune in the title of its part of a list: ``Ville de Bondy``, ``Bondy (12)``."""

_UNIT = re.compile(r"\s*(?:\(.*\)|\[.*\])\s*", re.DOTALL)
"""How each cell of a row below the header writes a unit or a format."""

_NUMBER = re.compile(r"[=\d(+\-].*|", re.DOTALL)

MIN_WORDS = 4
"""Words of a line below a list that make it a note, where it begins as one."""


def footer_rows(table: pd.DataFrame, taken: pd.DataFrame, *, name: str, hidden: pd.Series | None = None) -> pd.Series:
    """Return which rows are sums, notes below the list or a header that comes again, with a warning that names them.

    A row with an address, a position or an identifier is an entry whatever it is called, and so is one with words
    beside its name. What only begins as a sum or a note (``Total Bondy 12``, ``Source : mairie``) is one below the last
    entry alone. A row that says nothing but the commune of others is the title of those below it.

    Parameters
    ----------
    table
        The list as it stands, as text.
    taken
        The same rows by field, from :func:`take`.
    name
        The file, for the warning.
    hidden
        Rows of which nothing is told; they are entries.

    Examples
    --------
    >>> table = pd.DataFrame({"name": ["Total Festum", "La Roue", "Total", "Source : ville"], "n": ["", "2", "2", ""]})
    >>> with warnings.catch_warnings(action="ignore"):
    ...     footer_rows(table, table, name="mine.csv").tolist()
    [False, False, True, True]
    """
    table = table[[column for column in table.columns if column not in _BESIDE]]
    firsts = [""] * len(table)  # the first text of each row
    for column in table.columns:
        if all(firsts):
            break
        texts = table[column].tolist()
        firsts = [
            first or (text.strip() if isinstance(text, str) else "") for first, text in zip(firsts, texts, strict=True)
        ]
    # Of each row "blank", "sure" (no entry wherever it stands), "foot" (none below the last entry) or "" (an entry).
    kinds = ["" if first else "blank" for first in firsts]
    names = [str(column).casefold() for column in table.columns]
    fields = taken.reindex(columns=[*_IDENTIFIERS, "address", "lon", "lat", "point", "city"])
    # How the communes of the rows are written, and the first letters of that: few rows begin so.
    cities = [text for text in fields["city"].unique() if isinstance(text, str) and text]
    communes = {simplify(text) for text in cities}
    spoken = {tuple(words_of(text)) for text in cities}
    begun = {form[:3] for text in cities for form in (text.casefold(), simplify(text))} | {"vil", "com"}
    for place, first in enumerate(firsts):
        plain = first.casefold()
        again, title = plain in names, plain[:3] in begun and simplify(_OF_TOWN.sub("", first)) in communes
        if (again or title or _MAYBE.match(first)) and not (hidden is not None and hidden.iloc[place]):
            said = [text for text in table.iloc[place] if isinstance(text, str) and text.strip()]
            # What begins the row may stand in any field: a sum says nothing else of a place.
            *own, city = [text.replace(first, "") for text in fields.iloc[place].fillna("").tolist()]
            header = all(cell.casefold() in names for cell in said) or all(map(_UNIT.fullmatch, said))
            if (header and len(said) > 1) or (title and len(said) == 1):
                kinds[place] = "sure"
            elif not any(own[: len(_IDENTIFIERS)]) and not _is_placed(*own[len(_IDENTIFIERS) :]):
                kinds[place] = _kind(said, city, spoken)
    found = [kind == "sure" for kind in kinds]
    # From the last row up, as what stands below a row decides whether it is at the foot.
    at_foot: dict[str, bool] = {}  # of each sheet, whether no entry stands below
    for place in range(len(kinds) - 1, -1, -1):
        part = str(table.index[place]).rpartition("!")[0]
        foot = at_foot.get(part, True)
        found[place] |= foot and kinds[place] == "foot"
        at_foot[part] = foot and kinds[place] != ""
    if all(found):  # a list of nothing but such rows is one of entries
        found = [False] * len(found)
    told = [f"{row} ({first})" for row, first, aside in zip(table.index, firsts, found, strict=True) if aside]
    if told:
        warnings.warn(tell("footers", name=name, rows=", ".join(told)), InputWarning, stacklevel=3)
    return pd.Series(found, index=table.index, dtype=bool)


def _is_placed(address: str, lon: str, lat: str, point: str) -> bool:
    """Return whether a row has an address with letters, or a position."""
    degrees = cells.degrees_of(str(lon)) and cells.degrees_of(str(lat))
    return any(map(str.isalpha, str(address))) or bool(degrees) or cells.point_of(str(point)) is not None


def _kind(said: Sequence[str], city: str, communes: Collection[tuple[str, ...]]) -> str:
    """Return ``sure`` for a sum, as of a city, ``foot`` for a sum or note below a list, nothing for an entry."""
    words = [word for cell in said if cell != city and not _NUMBER.fullmatch(cell.strip()) for word in _words(cell)]
    if words and words[0] in _SUM and all(word in _SUM | _OF_SUMS for word in words):
        return "sure"
    head, *others = said
    first = (_words(head) or [""])[0]
    counted = any(map(str.isdigit, "".join(said)))
    if first in _SUM and counted and all(_NUMBER.fullmatch(cell.strip()) for cell in others):
        return "sure" if others and tuple(_words(head)[1:]) in communes else "foot"
    if others:
        return ""
    noted = first in _NOTE and (":" in head or counted or len(_words(head)) >= MIN_WORDS)
    return "foot" if noted or head.strip()[0] in "*(©¹" else ""


def _words(text: str) -> list[str]:
    """Return the words of a text without numbers, ``Sous-total`` and ``Grand total`` as a total."""
    words = [word for word in words_of(text) if word and not word.isdigit()]
    return words[1:] if words[:1] in (["sou"], ["grand"]) and words[1:2] == ["total"] else words
