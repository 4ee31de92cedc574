"""Hold a frame to the contract of its layer: every fault of the file found, one error raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import geopandas as gpd
import pandas as pd
import shapely

from essgeo.crs import require_crs
from essgeo.errors import SchemaError
from essgeo.layers import LAYERS, Field

if TYPE_CHECKING:
    from collections.abc import Iterator

Frame = TypeVar("Frame", bound=pd.DataFrame)

MONTH = r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"
FLAGS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False, "oui": True, "non": False}
MOST_FAULTS_SHOWN = 20


def validate(frame: Frame, layer: str, *, source: str, first_row: int = 2) -> Frame:
    """Return the frame with the column types of its layer, or say everything that is wrong with it.

    Parameters
    ----------
    frame
        The table or layer as read: its identifier is a column or already the index.
    layer
        A name of :data:`essgeo.layers.LAYERS`.
    source
        The file that the message names.
    first_row
        The number the file gives its first record: 2 under a header row, 1 in a geographic file.

    Returns
    -------
    DataFrame or GeoDataFrame
        A copy indexed by the layer's identifier, with missing text as ``""`` and missing numbers as NaN.
        Columns the contract does not name are kept.

    Raises
    ------
    SchemaError
        A column is missing, a value is missing, of the wrong type or not allowed, an identifier stands twice, a
        geometry is missing, invalid or of the wrong type. The message lists row, field and value of each fault.
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
      row 2, field lat: 'nord' is not a number
    """
    contract = LAYERS[layer]
    plain = frame.reset_index() if frame.index.name == contract.index else frame.copy()
    names = [contract.index, *(field.name for field in contract.fields)]
    missing = [name for name in names if name not in plain.columns]
    if missing:
        seen = ", ".join(map(str, plain.columns)) or "none"
        raise SchemaError(f"{source}: missing column{'s' * (len(missing) > 1)} {', '.join(missing)}. Columns seen: {seen}.")
    faults = list(_index_faults(plain[contract.index], contract.index))
    for field in contract.fields:
        typed, found = _typed(plain[field.name], field)
        plain[field.name] = typed
        faults.extend(found)
    if contract.geometry:
        faults.extend(_geometry_faults(plain, contract.geometry, source))
    if faults:
        raise SchemaError(_message(source, [(position + first_row, name, what) for position, name, what in faults]))
    return cast("Frame", plain.set_index(contract.index))


def _message(source: str, faults: list[tuple[int, str, str]]) -> str:
    lines = [f"{source}: {len(faults)} fault{'s' * (len(faults) > 1)}."]
    lines += [f"  row {row}, field {name}: {what}" for row, name, what in sorted(faults)[:MOST_FAULTS_SHOWN]]
    if len(faults) > MOST_FAULTS_SHOWN:
        lines.append(f"  ... and {len(faults) - MOST_FAULTS_SHOWN} more.")
    return "\n".join(lines)


def _text(values: pd.Series) -> pd.Series:
    return values.astype("object").where(values.notna(), "").astype(str).str.strip()


def _index_faults(identifiers: pd.Series, name: str) -> Iterator[tuple[int, str, str]]:
    text = _text(identifiers)
    for position in (text == "").to_numpy().nonzero()[0]:
        yield int(position), name, "is empty; every record needs an identifier"
    first = {value: position for position, value in reversed(list(enumerate(text)))}
    for position in (text.duplicated() & (text != "")).to_numpy().nonzero()[0]:
        value = text.iloc[position]
        yield int(position), name, f"{value!r} already stands {position - first[value]} rows above; identifiers are unique"


def _typed(values: pd.Series, field: Field) -> tuple[pd.Series, list[tuple[int, str, str]]]:
    text = _text(values)
    typed: pd.Series
    wrong = pd.Series(data=False, index=text.index)
    reason = ""
    if field.kind in {"number", "integer"}:
        typed = cast("pd.Series", pd.to_numeric(text.str.replace(",", "."), errors="coerce"))
        wrong, reason = typed.isna() & (text != ""), "is not a number"
    elif field.kind == "flag":
        typed = text.str.lower().map(FLAGS)
        wrong, reason = typed.isna() & (text != ""), "is not yes or no"
        typed = typed.astype("boolean")
    else:
        typed = text
        if field.kind == "month":
            wrong, reason = ~text.str.fullmatch(MONTH) & (text != ""), "is not a date such as 2024, 2024-09 or 2024-09-30"
    faults = [(position, field.name, f"{text.iloc[position]!r} {reason}") for position in wrong.to_numpy().nonzero()[0]]
    if field.minimum is not None:
        low = (typed < field.minimum).to_numpy()
        faults += [(p, field.name, f"{text.iloc[p]!r} is below {field.minimum:g}") for p in low.nonzero()[0]]
    if field.required:
        faults += [(p, field.name, "is empty") for p in (text == "").to_numpy().nonzero()[0]]
    if field.allowed is not None:
        faults += list(_unknown_codes(text, field))
    return typed, [(int(position), name, what) for position, name, what in faults]


def _unknown_codes(text: pd.Series, field: Field) -> Iterator[tuple[int, str, str]]:
    allowed = set(field.allowed or ())
    for position, value in enumerate(text):
        codes = value.split("|") if field.many else [value]
        unknown = [code for code in codes if code and code not in allowed]
        if unknown:
            yield position, field.name, f"unknown value {', '.join(map(repr, unknown))}; known: {', '.join(sorted(allowed))}"


def _geometry_faults(frame: pd.DataFrame, types: tuple[str, ...], source: str) -> Iterator[tuple[int, str, str]]:
    if not isinstance(frame, gpd.GeoDataFrame):
        raise SchemaError(f"{source}: no geometry; a layer of {' or '.join(types)} is expected.")
    require_crs(frame, source)
    for position, shape in enumerate(frame.geometry):
        if shape is None or shape.is_empty:
            yield position, "geometry", "is empty"
        elif shape.geom_type not in types:
            yield position, "geometry", f"is a {shape.geom_type}; {' or '.join(types)} expected"
        elif not shape.is_valid:
            yield position, "geometry", f"is not valid ({shapely.is_valid_reason(shape)}); repair it, for example with make_valid"
