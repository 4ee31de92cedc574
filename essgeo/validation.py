"""Hold a frame to the contract of its layer: every fault of the file found, one error raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.crs import require_crs
from essgeo.errors import SchemaError
from essgeo.layers import LAYERS, Field

if TYPE_CHECKING:
    from collections.abc import Iterator

Frame = TypeVar("Frame", bound=pd.DataFrame)

Fault: TypeAlias = tuple[int, str, str]

ROW = "row"
"""Name of an index that holds the row numbers of a file."""
MONTH = r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"
FLAGS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False, "oui": True, "non": False}
FRANCE_LON, FRANCE_LAT = (-6.0, 10.0), (41.0, 52.0)
MOST_LON, MOST_LAT = 180, 90
MOST_FAULTS_SHOWN = 20


def validate(frame: Frame, layer: str, *, source: str) -> Frame:
    """Return the frame with the column types of its layer, or say everything that is wrong with it.

    Parameters
    ----------
    frame
        The table or layer as read: its identifier is a column or already the index. Where its index is named ``row``,
        as that of :func:`essgeo.sources.read_table`, messages number the rows so; else from 1.
    layer
        A name of :data:`essgeo.layers.LAYERS`.
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
    contract = LAYERS[layer]
    rows = frame.index if frame.index.name == ROW else pd.RangeIndex(1, len(frame) + 1)
    plain = frame.reset_index() if frame.index.name == contract.index else frame.reset_index(drop=True)
    names = [contract.index, *(field.name for field in contract.fields)]
    absent = [field.name for field in contract.fields if field.optional and field.name not in plain.columns]
    plain[absent] = ""
    missing = [name for name in names if name not in plain.columns]
    if missing:
        seen = ", ".join(map(str, plain.columns)) or "none"
        message = f"{source}: missing column{'s' * (len(missing) > 1)} {', '.join(missing)}. Columns seen: {seen}."
        raise SchemaError(message)
    faults = list(_index_faults(plain[contract.index], rows))
    for field in contract.fields:
        typed, found = _typed(plain[field.name], field)
        plain[field.name] = typed
        faults.extend(found)
    if {"lon", "lat"} <= set(names):
        unread = {position for position, name, _ in faults if name in {"lon", "lat"}}
        faults.extend(fault for fault in _coordinate_faults(plain) if fault[0] not in unread)
    if contract.geometry:
        faults.extend(_geometry_faults(plain, contract.geometry, source))
    raise_faults(source, [(int(rows[position]), name, what) for position, name, what in faults])
    plain[contract.index] = _text(plain[contract.index])
    return plain.set_index(contract.index)


def raise_faults(source: str, faults: list[Fault]) -> None:
    """Raise one error that lists the faults of a file, by row.

    Parameters
    ----------
    source
        The file.
    faults
        Row number, field and what is wrong.

    Raises
    ------
    SchemaError
        There is at least one fault.

    Examples
    --------
    >>> raise_faults("mine.csv", [(4, "lat", "is empty")])
    Traceback (most recent call last):
    essgeo.errors.SchemaError: mine.csv: 1 fault.
      row 4, field lat: is empty
    """
    if not faults:
        return
    lines = [f"{source}: {len(faults)} fault{'s' * (len(faults) > 1)}."]
    lines += [f"  row {row}, field {name}: {what}" for row, name, what in sorted(faults)[:MOST_FAULTS_SHOWN]]
    if len(faults) > MOST_FAULTS_SHOWN:
        lines.append(f"  ... and {len(faults) - MOST_FAULTS_SHOWN} more.")
    raise SchemaError("\n".join(lines))


def _text(values: pd.Series) -> pd.Series:
    return values.astype("object").where(values.notna(), "").astype(str).str.strip()


def _index_faults(identifiers: pd.Series, rows: pd.Index) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for position, value in enumerate(_text(identifiers)):
        name = str(identifiers.name)
        if not value:
            yield position, name, "is empty; every record needs an identifier"
        elif value in first:
            yield position, name, f"{value!r} already stands in row {rows[first[value]]}; identifiers are unique"
        else:
            first[value] = position


def _typed(values: pd.Series, field: Field) -> tuple[pd.Series, list[Fault]]:
    text = _text(values)
    given = text != ""
    typed = text
    checks: list[tuple[pd.Series, str]] = []
    if field.required:
        checks.append((~given, "is empty"))
    if field.kind in {"number", "integer"}:
        typed = pd.to_numeric(text.str.replace(",", "."), errors="coerce")
        checks.append((given & ~np.isfinite(typed), "{} is not a number"))
    elif field.kind == "flag":
        typed = text.str.lower().map(FLAGS).astype("boolean")
        checks.append((given & typed.isna(), "{} is not yes or no"))
    elif field.kind == "month":
        wrong = given & ~text.str.fullmatch(MONTH)
        checks.append((wrong, "{} is not a date such as 2024, 2024-09 or 2024-09-30"))
    if field.minimum is not None:
        checks.append((typed < field.minimum, f"{{}} is below {field.minimum:g}"))
    faults = [
        (int(position), field.name, what.format(repr(text.iloc[position])))
        for wrong, what in checks
        for position in wrong.to_numpy().nonzero()[0]
    ]
    return typed, [*faults, *_unknown_codes(text, field)]


def _unknown_codes(text: pd.Series, field: Field) -> Iterator[Fault]:
    if field.allowed is None:
        return
    for position, value in enumerate(text):
        codes = value.split("|") if field.many else [value]
        unknown = ", ".join(repr(code) for code in codes if code and code not in field.allowed)
        if unknown:
            yield position, field.name, f"unknown value {unknown}; known: {', '.join(sorted(field.allowed))}"


def _coordinate_faults(frame: pd.DataFrame) -> Iterator[Fault]:
    for position, (lon, lat) in enumerate(zip(frame["lon"], frame["lat"], strict=True)):
        given = f"lon {lon:g}, lat {lat:g}"
        if pd.isna(lon) != pd.isna(lat):
            missing, there = ("lon", f"lat {lat:g}") if pd.isna(lon) else ("lat", f"lon {lon:g}")
            yield position, missing, f"is missing where {there} is given; give both or neither"
        elif _within(lon, FRANCE_LAT) and _within(lat, FRANCE_LON):
            yield position, "lon and lat", f"look swapped ({given}); exchange the two columns"
        elif abs(lon) > MOST_LON or abs(lat) > MOST_LAT:
            yield position, "lon and lat", f"are not degrees ({given}); give longitude and latitude in WGS 84"


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]


def _geometry_faults(frame: pd.DataFrame, types: tuple[str, ...], source: str) -> Iterator[Fault]:
    if not isinstance(frame, gpd.GeoDataFrame):
        message = f"{source}: no geometry; a layer of {' or '.join(types)} is expected."
        raise SchemaError(message)
    require_crs(frame, source)
    for position, shape in enumerate(frame.geometry):
        if shape is None or shape.is_empty:
            yield position, "geometry", "is empty"
        elif shape.geom_type not in types:
            yield position, "geometry", f"is a {shape.geom_type}; {' or '.join(types)} expected"
        elif not shape.is_valid:
            reason = shapely.is_valid_reason(shape)
            yield position, "geometry", f"is not valid ({reason}); repair it, for example with make_valid"
