"""Hold a frame to the contract of its layer: every fault of the file found, one error raised."""

from __future__ import annotations

import re
import warnings
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process

from essgeo.crs import require_crs
from essgeo.errors import InputWarning, SchemaError
from essgeo.messages import plural, shortened, tell
from essgeo.schema.cells import FRANCE_LAT, FRANCE_LON, MAX_LAT, MAX_LON, codes_of, status_of
from essgeo.schema.columns import HEADERS, LAYERS, Column, Layer
from essgeo.schema.dates import iso_date
from essgeo.schema.names import guess_columns, is_page_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from pandas.api.extensions import ExtensionArray

Frame = TypeVar("Frame", bound=pd.DataFrame)

Fault: TypeAlias = tuple[int | str, str, str]
"""Row, field and what is wrong."""

TEXT = pd.StringDtype(na_value=float("nan"))
"""The type of texts in a frame, which Arrow holds."""

ROW = "row"
"""Name of an index that holds the row numbers of a file."""

MONTH = r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"

FLAGS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False, "oui": True, "non": False}

POLYGONS = ("Polygon", "MultiPolygon")

MAX_FAULTS, MAX_ROWS = 20, 4

MIN_LIKENESS, MIN_WORD = 80, 4
"""Least likeness, of 100, of an unknown word and the one that may have been meant, and least letters of either."""


def validate(frame: Frame, layer: str | Layer, *, source: str) -> Frame:
    """Return the frame with the column types of its layer, or say everything that is wrong with it.

    Parameters
    ----------
    frame
        The table or layer as read: its identifier is a column or already the index. Where its index is named ``row``,
        as that of :func:`essgeo.files.tables.read_table`, messages number the rows so; else from 1.
    layer
        A name of :data:`essgeo.schema.columns.LAYERS`, or a contract.
    source
        The file that the message names.

    Returns
    -------
    DataFrame or GeoDataFrame
        A copy indexed by the layer's identifier, with missing text as ``""`` and missing numbers as NaN.
        Columns the contract does not name are kept.

    Raises
    ------
    SchemaError
        A column that is not optional is missing, a value is missing, of the wrong type or not allowed, an identifier
        stands twice, a coordinate stands alone, is swapped or not in degrees, a geometry is missing, invalid or of the
        wrong type. The message lists row, field and value of each fault.
    MissingCRSError
        A geographic layer without a CRS.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"address_id": ["a"], "address": ["1 rue A"], "postcode": ["93100"], "city": ["Montreuil"],
    ...                       "citycode": ["93048"], "lon": ["2.4"], "lat": ["nord"]})
    >>> validate(table, "addresses", source="addresses.csv")
    Traceback (most recent call last):
    essgeo.errors.SchemaError: addresses.csv: 1 fault.
      row 1, field lat: 'nord' is not a number
    """
    contract = layer if isinstance(layer, Layer) else LAYERS[layer]
    rows = frame.index if frame.index.name == ROW else pd.RangeIndex(1, len(frame) + 1)
    plain = frame.reset_index() if frame.index.name == contract.index else frame.reset_index(drop=True)
    names = [contract.index, *(field.name for field in contract.fields)]
    absent = [field.name for field in contract.fields if field.optional and field.name not in plain.columns]
    plain[absent] = ""
    missing = [name for name in names if name not in plain.columns]
    if missing:
        seen = ", ".join(map(str, plain.columns)) or tell("word_none")
        columns = plural("missing_column", len(missing), names=", ".join(missing))
        raise SchemaError(tell("columns_missing", source=source, columns=columns, seen=seen))
    identifiers = _text(plain[contract.index])
    faults = list(_index_faults(identifiers, contract.index, rows))
    vocabularies = {}
    for field in contract.fields:
        given = plain[field.name]
        text = _text(given)
        typed, found = _typed(text, field)
        if typed is not None:
            plain[field.name] = typed
        elif given.dtype != TEXT or not text.equals(pa.array(given.array)):  # else a long list would be held twice
            plain[field.name] = pd.array(text, dtype=TEXT)
        faults.extend(found)
        if field.allowed is not None and (unknown := list(_unknown_codes(text, field, field.allowed))):
            faults.extend(unknown)
            vocabularies[field.name] = field.allowed
    if {"lon", "lat"} <= set(names):
        unread = {position for position, name, _ in faults if name in {"lon", "lat"}}
        places = (plain[name].to_numpy() for name in ("lon", "lat"))
        faults.extend(fault for fault in _coordinate_faults(*places) if fault[0] not in unread)
    if contract.polygons:
        faults.extend(_geometry_faults(plain, source))
    labels = rows.tolist() if faults else []
    raise_faults(
        source, [(row_label(labels[int(position)]), name, what) for position, name, what in faults], vocabularies
    )
    plain[contract.index] = pd.array(identifiers, dtype=TEXT)
    return plain.set_index(contract.index)


def row_label(row: object) -> int | str:
    """Return how a row is named in messages: by its number, or as a spreadsheet does (``Bondy!5``)."""
    return row if isinstance(row, str) else int(str(row))


def raise_faults(source: str, faults: list[Fault], vocabularies: Mapping[str, Collection[str]] | None = None) -> None:
    """Raise one error that lists the faults of a file, by row; what is wrong in the same way in many rows stands once.

    Parameters
    ----------
    source
        The file.
    faults
        Row number, field and what is wrong.
    vocabularies
        For fields with a value that is not known: the values that are.

    Raises
    ------
    SchemaError
        There is at least one fault.

    Examples
    --------
    >>> raise_faults("mine.csv", [(4, "lat", "is empty"), (6, "lat", "is empty")])
    Traceback (most recent call last):
    essgeo.errors.SchemaError: mine.csv: 2 faults.
      rows 4 and 6, field lat: is empty
    """
    if not faults:
        return
    lines = [plural("faults", len(faults), source=source, count=len(faults)), *_fault_lines(faults)]
    for name, known in (vocabularies or {}).items():
        lines.append(tell("known_values", name=name, known=", ".join(sorted(known))))
    raise SchemaError("\n".join(lines))


def warn_faults(source: str, faults: list[Fault], notes: Sequence[str] = ()) -> None:
    """Warn of cells that were left out or read otherwise than as they stand, in one message; ``notes`` stand below.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     warn_faults("mine.csv", [(4, "lat", "'nord' is not a number; left out")])
    >>> print(told[0].message)
    mine.csv: 1 cell was not read as it stands.
      row 4, field lat: 'nord' is not a number; left out
    """
    if not faults:
        return
    head = plural("cells_left_out", len(faults), source=source, count=len(faults))
    warnings.warn(
        "\n".join([head, *_fault_lines(faults), *(f"  {note}" for note in notes)]), InputWarning, stacklevel=3
    )


def _fault_lines(faults: list[Fault]) -> list[str]:
    """Return a line for each thing that is wrong, with the rows where it is."""
    alike: dict[tuple[str, str], list[int | str]] = {}
    for row, name, what in sorted(faults):
        alike.setdefault((name, shortened(what)), []).append(row)
    shown = list(alike.items())[:MAX_FAULTS]
    lines = [tell("fault_of_rows", rows=_listed(rows), field=name, what=what) for (name, what), rows in shown]
    more = len(faults) - sum(len(rows) for _, rows in shown)
    return [*lines, tell("more_faults", more=more)] if more else lines


def with_known_names(frame: Frame, layer: str) -> Frame:
    """Return a frame of a notebook with its French and official column names in English; a name that stands, stands.

    Rows that are only numbered, as a file gives them, are named by the column of identifiers where there is one.

    Examples
    --------
    >>> with_known_names(pd.DataFrame({"P21_POP": [9], "Nom": ["A"]}), "iris").columns.tolist()
    ['population', 'name']
    >>> with_known_names(pd.DataFrame({"code_qp": ["QN1"], "lib_qp": ["A"]}), "qpv").index.tolist()
    ['QN1']
    """
    named = _in_english(frame, layer)
    identifier = LAYERS[layer].index
    numbered = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    return named.set_index(identifier) if numbered and named.get(identifier, _NONE).is_unique else named


_NONE = pd.Series(["", ""])

_LOOKED_AT = 1_000
"""Cells of a column of words that are looked at."""

_STATUSES = ("status", "legal_form")
"""Fields that files call by one name: what stands in the column tells which."""


def _in_english(frame: Frame, layer: str) -> Frame:
    words = {field.name: field for field in LAYERS[layer].fields if isinstance(field.allowed, dict)}

    def fits(name: str, column: str) -> bool:
        """Return whether a column may hold a field of words, by what stands in it: ``Statut`` may be a legal form."""
        if name not in words and name not in _STATUSES:
            return True
        cells = {*frame[column].dropna().head(_LOOKED_AT).astype(str)} - {""}
        if name in _STATUSES and cells:
            told = sum(status_of(cell) is not None for cell in cells)
            return (2 * told >= len(cells)) == (name == "status")
        return not cells or any(_meaning(cell, words[name]) for cell in cells)

    found = guess_columns(map(str, frame.columns), HEADERS[layer], fits)
    return frame.rename(columns={own: name for own, name in found.items() if name not in frame.columns})


def with_known_words(frame: Frame, layer: str) -> Frame:
    """Return a frame of a notebook under English names, its words as codes and its dates as in ISO 8601.

    What is no word of the vocabulary is left out, with a warning that names row and field; a date that cannot be read
    stands as it is. The index is kept.

    Examples
    --------
    >>> with_known_words(pd.DataFrame({"secteur": ["Mobilité"], "Statut": ["Fermé"]}), "structures").values.tolist()
    [['mobilite', 'closed']]
    """
    known = _in_english(frame, layer)
    faults: list[Fault] = []
    for field in LAYERS[layer].fields:
        if field.name in known and (field.kind == "month" or field.allowed is not None):
            cells = known[field.name].astype(object).where(known[field.name].notna(), "").astype(str)
            meant_by = {cell: _meaning(cell, field) for cell in cells.unique()}
            faults += [
                (row_label(row), field.name, tell("cell_left_out", what=tell("unknown_word", value=cell, meant="")))
                for row, cell in cells.items()
                if meant_by[cell] is None
            ]
            known = known.assign(**{field.name: [meant_by[cell] or "" for cell in cells]})
    warn_faults(layer, faults)
    return known


def _meaning(cell: str, field: Column) -> str | None:
    """Return what a cell says of a field, None where it is not known."""
    if field.kind == "month":
        return cell if (day := iso_date(cell)) is None else day
    if field.allowed is None or not cell or cell in field.allowed:
        return cell
    if field.name == "status":
        return status_of(cell)
    if not isinstance(field.allowed, dict):
        return cell
    (code,), (unknown,) = codes_of([cell], field.allowed)
    return None if unknown and not code else code


def require_columns(*layers: tuple[str, pd.DataFrame, Mapping[str, str]]) -> None:
    """Ask for every column that layers lack, in one error.

    Parameters
    ----------
    layers
        Name, table and the columns it must have, each with what to give.

    Raises
    ------
    SchemaError
        A column is missing.

    Examples
    --------
    >>> require_columns(("demand", pd.DataFrame({"name": ["A"]}), {"population": "Give the residents of each point."}))
    Traceback (most recent call last):
    essgeo.errors.SchemaError: demand: missing column population. Give the residents of each point.
    """
    missing: dict[tuple[str, str], list[str]] = {}
    for name, frame, columns in layers:
        for column, advice in columns.items():
            if column not in frame:
                missing.setdefault((name, advice), []).append(column)
    if missing:
        lines = [
            f"{name}: {plural('missing_column', len(columns), names=', '.join(columns))}. {advice}"
            for (name, advice), columns in missing.items()
        ]
        raise SchemaError("\n".join(lines))


def _listed(rows: Sequence[int | str]) -> str:
    if len(rows) == 1:
        return tell("listed_row", row=rows[0])
    short = len(rows) <= MAX_ROWS
    first, last = (rows[:-1], rows[-1]) if short else (rows[: MAX_ROWS - 1], len(rows) - MAX_ROWS + 1)
    return tell("listed_short" if short else "listed_long", rows=", ".join(map(str, first)), last=last)


def _text(values: pd.Series) -> pa.Array:
    """Return the cells of a column as text without blanks around them, what is missing as ``""``."""
    if values.dtype != TEXT:
        values = values.astype("object").where(values.notna(), "").astype(str)
    return pc.utf8_trim_whitespace(pc.fill_null(pa.array(values.array), ""))


def _cells(values: pa.Array) -> NDArray[Any]:
    cells: NDArray[Any] = values.to_numpy(zero_copy_only=False)
    return cells


_NAMES_PAGES = "neighbourhood_id"


def _index_faults(texts: pa.Array, name: str, rows: pd.Index) -> Iterator[Fault]:
    different = pc.unique(texts)
    if name != _NAMES_PAGES and len(different) == len(texts) and pc.index(different, "").as_py() < 0:
        return
    first: dict[str, int] = {}
    for position, value in enumerate(_cells(texts)):
        if not value:
            yield position, name, tell("is_without_identifier")
        elif value in first:
            yield position, name, tell("is_identifier_twice", value=value, row=rows[first[value]])
        elif name == _NAMES_PAGES and not is_page_name(value):
            yield position, name, tell("is_no_page_name", value=value)
        else:
            first[value] = position


def _typed(text: pa.Array, field: Column) -> tuple[ExtensionArray | NDArray[Any] | None, list[Fault]]:
    """Return cells as the contract has them, None where that is text, and what is wrong with them."""
    typed: Any = None
    if field.kind == "text" and not field.required:
        return typed, []
    given = _cells(pc.not_equal(text, ""))
    checks: list[tuple[NDArray[np.bool_], str]] = []
    if field.required:
        checks.append((~given, "is_empty"))
    if field.kind in {"number", "integer"}:
        typed = pd.to_numeric(_cells(pc.replace_substring(text, ",", ".")), errors="coerce")
        checks.append((given & ~np.isfinite(typed), "is_no_number"))
    elif field.kind == "flag":
        typed = pd.array([FLAGS.get(cell) for cell in _cells(pc.utf8_lower(text))], dtype="boolean")
        checks.append((given & typed.isna(), "is_no_flag"))
    elif field.kind == "month":
        wrong = [bool(cell) and not re.fullmatch(MONTH, cell) for cell in _cells(text)]
        checks.append((np.array(wrong, dtype=bool), "is_no_date"))
    if field.minimum is not None:
        checks.append((typed < field.minimum, "is_below"))
    faults: list[Fault] = [
        (int(position), field.name, tell(what, value=text[int(position)].as_py(), minimum=field.minimum))
        for places, what in checks
        for position in places.nonzero()[0]
    ]
    return typed, faults


def _unknown_codes(text: pa.Array, field: Column, allowed: Collection[str]) -> Iterator[Fault]:
    wrong: dict[str, str] = {}
    for value in _cells(pc.unique(text)):
        codes = value.split("|") if field.many else [value]
        unknown = [f"{code!r}{meant(code, allowed)}" for code in codes if code and code not in allowed]
        if unknown:
            wrong[value] = tell("is_unknown", values=", ".join(unknown))
    if wrong:
        yield from ((place, field.name, wrong[value]) for place, value in enumerate(_cells(text)) if value in wrong)


def meant(word: str, allowed: Collection[str]) -> str:
    """Return the value whose label, or a word of it, is written most like the word or one of its own; or nothing."""
    labels = allowed if isinstance(allowed, dict) else {}
    written: dict[str, str] = {}
    for code in allowed:
        for label in (code, *labels.get(code, {}).values()):
            for part in _parts(label):
                written.setdefault(part, code)
    likest = (process.extractOne(part, list(written), scorer=fuzz.ratio) for part in _parts(word))
    nearest, likeness, _ = max(filter(None, likest), key=itemgetter(1), default=("", 0, 0))
    return tell("did_you_mean", value=written[nearest]) if likeness >= MIN_LIKENESS else ""


def _parts(label: str) -> list[str]:
    """Return a label and its longer words, in lower case."""
    whole = default_process(label.replace("_", " "))
    return [whole, *(word for word in whole.split() if len(word) >= MIN_WORD)]


def _coordinate_faults(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Iterator[Fault]:
    alone = np.isnan(lon) != np.isnan(lat)
    swapped = _between(lon, FRANCE_LAT) & _between(lat, FRANCE_LON)
    far = (np.abs(lon) > MAX_LON) | (np.abs(lat) > MAX_LAT)
    for position in map(int, np.flatnonzero(alone | swapped | far)):
        x, y = float(lon[position]), float(lat[position])
        given = f"lon {x:g}, lat {y:g}"
        if alone[position]:
            missing, there = ("lon", f"lat {y:g}") if np.isnan(x) else ("lat", f"lon {x:g}")
            yield position, missing, tell("is_alone", there=there)
        elif swapped[position]:
            yield position, "lon, lat", tell("look_swapped", given=given)
        else:
            yield position, "lon, lat", tell("are_no_degrees", given=given)


def _between(values: NDArray[np.float64], ends: tuple[float, float]) -> NDArray[np.bool_]:
    return (values >= ends[0]) & (values <= ends[1])


def _geometry_faults(frame: pd.DataFrame, source: str) -> Iterator[Fault]:
    if not isinstance(frame, gpd.GeoDataFrame):
        raise SchemaError(tell("layer_geometry", source=source, polygons=" or ".join(POLYGONS)))
    require_crs(frame, source)
    for position, shape in enumerate(frame.geometry):
        if shape is None or shape.is_empty:
            yield position, "geometry", tell("is_empty")
        elif shape.geom_type not in POLYGONS:
            yield position, "geometry", tell("is_a_shape", shape=shape.geom_type, polygons=" or ".join(POLYGONS))
        elif not shape.is_valid:
            reason = shapely.is_valid_reason(shape)
            yield position, "geometry", tell("is_invalid", reason=reason)
