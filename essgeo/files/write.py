"""Write a table or layer in the format that its name asks for: one writer a format."""

from __future__ import annotations

import datetime as dt
import os
import re
import stat
import tempfile
import warnings
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype
from xlsxwriter import Workbook

from essgeo.crs import GEOGRAPHIC
from essgeo.errors import InputError, InputWarning
from essgeo.files.geographic import refuse_marks
from essgeo.files.guard import is_formula, neutralised
from essgeo.files.rows import cell_text, unique_names
from essgeo.messages import tell
from essgeo.schema.columns import TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from essgeo.messages import Lang

Frame = TypeVar("Frame", bound=pd.DataFrame)

_NOT_FOR_FILES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

MAX_TEXT, MAX_XLSX_ROWS = 32_767, 1_048_575
"""Characters that a cell of a workbook holds, and rows below the header."""

_ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")

_MARKUP = ("<r>", "</r>")

GEOPACKAGE = "1.2"
"""Version of the format: QGIS has read it without a warning since 3.0."""

DEGREE_DECIMALS = 6
"""About 0.1 m."""

_LAYER = "addresses"
"""What the only sheet or layer of a file is called."""


def write_file(frame: pd.DataFrame, path: Path, *, excel: Lang | None = None) -> None:
    r"""Write a table or a layer of points to a file of the format its suffix names, whole or not at all.

    Text that a spreadsheet would execute gets an apostrophe in CSV and is written as text in XLSX. Characters that no
    file holds are left out.

    Parameters
    ----------
    frame
        Any table. CSV and XLSX leave out its geometry; GeoJSON and GeoPackage need one.
    path
        CSV, XLSX, GeoJSON, GeoPackage or Parquet.
    excel
        Write CSV as the Excel of France opens it, and head a workbook in the words of this language.

    Raises
    ------
    InputError
        The suffix is not known, the folder is not there or cannot be written, the table is too long for a workbook, or
        has no geometry where the format needs one.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "out.csv"
    ...     write_file(pd.DataFrame({"a": ["=1+1"], "b": [2]}), path)
    ...     path.read_text()
    "a,b\n'=1+1,2\n"
    """
    write = _writer(path)
    layer = isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None
    _refuse_points(path, points=layer)
    frame = _texts(_in_types(frame.reset_index(drop=True)), writable)
    if path.suffix.lower() == ".gpkg" and (renamed := _own_names(frame.columns)):
        frame = frame.rename(columns=renamed)
        names = ", ".join(f"{name} -> {own}" for name, own in renamed.items())
        warnings.warn(tell("columns_renamed", path=path, names=names), InputWarning, stacklevel=2)
    staged = path
    try:
        staged = _new_file(path)
        if excel and path.suffix.lower() == ".csv":
            write_csv(frame, staged, excel=True)
        else:
            write(in_words(frame, excel) if excel and path.suffix.lower() == ".xlsx" else frame, staged)
        staged.chmod(_rights(path))
        staged.replace(path)
    except OSError as error:
        raise InputError(tell("cannot_write", path=path, strerror=error.strerror or error)) from error
    finally:
        if staged != path:
            staged.unlink(missing_ok=True)


def check_writable(path: Path, *, points: bool = True) -> None:
    """Refuse a file that could not be written, before the work is done; ``points``: what it is to hold has positions.

    Examples
    --------
    >>> import pathlib
    >>> check_writable(pathlib.Path("out.doc"))
    Traceback (most recent call last):
    ...
    essgeo.errors.InputError: out.doc: cannot write a .doc; give one of .csv, .geojson, .gpkg, .parquet, .xlsx.
    """
    _writer(path)
    _refuse_points(path, points=points)
    if path.suffix.lower() in _GEOGRAPHIC:
        refuse_marks(path)
    try:
        _new_file(path).unlink()
    except OSError as error:
        raise InputError(tell("cannot_write", path=path, strerror=error.strerror)) from error


def _refuse_points(path: Path, *, points: bool) -> None:
    if path.suffix.lower() in _GEOGRAPHIC and not points:
        raise InputError(tell("no_positions", path=path))


def _new_file(path: Path) -> Path:
    """Make an empty file beside another, under a name that is free."""
    handle, name = tempfile.mkstemp(prefix=".essgeo-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    return path.with_name(PurePath(name).name)


def _rights(path: Path) -> int:
    """Return the rights of a file, those that the user's umask leaves where there is none yet."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0o077)  # it can only be read by setting it
    os.umask(mask)
    return 0o666 & ~mask


def _writer(path: Path) -> Callable[[pd.DataFrame, Path], None]:
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        message = tell(
            "cannot_write_suffix",
            path=path,
            suffix=suffix or tell("word_no_suffix"),
            writers=", ".join(sorted(_WRITERS)),
        )
        raise InputError(message)
    if not path.parent.is_dir() or (path.exists() and not path.is_file()):
        raise InputError(tell("no_folder_to_write", path=path))
    return _WRITERS[suffix]


def writable(text: str) -> str:
    r"""Return text without the characters no XML, workbook or UTF-8 file holds: control characters, half surrogates.

    Tabs and line ends stay.

    Examples
    --------
    >>> writable("a\x00b\tc")
    'ab\tc'
    """
    return _NOT_FOR_FILES.sub("", text)


_PLAIN = (str, bool, int, float, dt.date)

_MAX_INTEGER, _MAX_YEAR = 2**63 - 1, 9999


def _in_types(frame: Frame) -> Frame:
    """Return a frame whose columns have names of their own, and types that every format holds: what has none is text.

    What is nested in a cell is JSON, as where it came from.
    """
    named = frame.copy()
    shapes = frame.active_geometry_name if isinstance(frame, gpd.GeoDataFrame) else None
    named.columns = pd.Index(unique_names([writable(str(name)) for name in frame.columns]))
    for name in named.columns:
        if name != shapes and not _is_plain(named[name]):
            named[name] = named[name].astype(object).map(cell_text, na_action="ignore").astype(object)
    return named


def _is_plain(column: pd.Series) -> bool:
    """Return whether every format holds a column as it is."""
    if is_bool_dtype(column) or isinstance(column.dtype, pd.StringDtype):
        return True
    if is_datetime64_any_dtype(column):
        return not (column.dt.year > _MAX_YEAR).any()
    kind = column.dtype.kind
    if kind in "iu":
        return not (column > _MAX_INTEGER).any()
    if kind == "f" and column.dtype != np.float16:
        return not np.isinf(column).any()
    kinds = {type(value) for value in column.dropna()} if column.dtype == object else {object}
    return len(kinds) <= 1 and kinds <= {*_PLAIN} and not (kinds == {int} and column.abs().max() > _MAX_INTEGER)


def _texts(frame: Frame, change: Callable[[str], str]) -> Frame:
    """Return a frame with its texts changed, each distinct one once; the hashing of pandas stops at a NUL."""
    safe = frame.copy()
    for name in frame.columns:
        column = frame[name]
        if is_numeric_dtype(column) or (isinstance(frame, gpd.GeoDataFrame) and name == frame.active_geometry_name):
            continue
        values = column.tolist()
        texts = (text for text in dict.fromkeys(values) if isinstance(text, str))
        changed = {text: new for text in texts if (new := change(text)) != text}
        if changed or column.hasnans or column.dtype != object:
            whole = pd.Series([changed.get(value, value) for value in values], column.index, dtype=object)
            safe[name] = whole.where(column.notna(), None) if column.hasnans else whole
    return safe


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table without its geometry."""
    layer = isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None
    return pd.DataFrame(frame.drop(columns=frame.geometry.name)) if layer else frame


def in_words(frame: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """Return a table whose columns are called in words, where no other column is called so.

    >>> in_words(pd.DataFrame(columns=["rue", "geo_status"]), "fr").columns.tolist()
    ['rue', 'État de localisation']
    """
    table = _plain(frame)
    taken = {str(name).casefold() for name in table.columns}
    return table.rename(columns={name: word for name, word in TITLES[lang].items() if word.casefold() not in taken})


def write_csv(frame: pd.DataFrame, path: Path, *, excel: bool = False) -> None:
    r"""Write a table as CSV: UTF-8, comma, ``\n``, header, columns in the order of the frame, ``true`` and ``false``.

    There is no byte order mark: data.gouv.fr and Table Schema tools expect none, and Excel users have ``study.xlsx``,
    or ask for ``excel``: a mark, ``;``, decimal commas and ``\r\n``, as the Excel of France writes and opens.
    Text that a spreadsheet would execute gets an apostrophe (:func:`neutralised`); numbers, negative ones too, stay.

    Examples
    --------
    >>> import pandas as pd, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "table.csv"
    ...     write_csv(pd.DataFrame({"name": ["=1+1"], "distance_m": [-2.5], "inside": [True]}), path)
    ...     path.read_text(encoding="utf-8")
    "name,distance_m,inside\n'=1+1,-2.5,true\n"
    """
    safe = _texts(_plain(frame), lambda text: neutralised(writable(text)))
    for name, dtype in safe.dtypes.items():
        if is_bool_dtype(dtype):
            safe[name] = safe[name].map({True: "true", False: "false"})
    safe.columns = pd.Index([neutralised(writable(str(name))) for name in safe.columns])
    safe.to_csv(
        path,
        index=False,
        sep=";" if excel else ",",
        decimal="," if excel else ".",
        lineterminator="\r\n" if excel else "\n",
        encoding="utf-8-sig" if excel else "utf-8",
        errors="replace",
    )


def write_xlsx(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as the only sheet of a workbook, in which nothing executes."""
    plain = _plain(frame)
    if len(plain) > MAX_XLSX_ROWS:
        raise InputError(tell("workbook_too_long", path=path, max_xlsx_rows=MAX_XLSX_ROWS, plain=len(plain)))
    with Workbook(path, {"constant_memory": True}) as book:
        sheet, formats = book.add_worksheet(_LAYER), text_formats(book)
        for column, name in enumerate(plain.columns):
            write_text(sheet, (0, column), str(name), formats)
        write_rows(sheet, [cells_of(column) for _, column in plain.items()], formats)


class TextFormats(NamedTuple):
    """How a workbook shows a text: a heading, what a spreadsheet would execute, several lines of which one is shown."""

    bold: Format
    quoted: Format
    lines: Format


def text_formats(book: Workbook) -> TextFormats:
    """Return the formats that :func:`write_text` needs, added to a workbook."""
    return TextFormats(*map(book.add_format, ({"bold": True}, {"quote_prefix": True}, {"valign": "top"})))


def cells_of(column: pd.Series) -> list[Any]:
    """Return what a workbook holds of a column: numbers and flags as such, anything else as text, None for nothing."""
    number, lost = is_numeric_dtype(column), column.isna()
    return [
        None if missing else value if number else str(value)
        for value, missing in zip(column.tolist(), lost.tolist(), strict=True)
    ]


def write_rows(sheet: Worksheet, columns: Iterable[Sequence[Any]], formats: TextFormats) -> None:
    """Write the rows of a table below a header, from the cells of its columns (:func:`cells_of`)."""
    ready: dict[str, tuple[str, Format | None]] = {}  # a table says the same thousands of times
    for number, row in enumerate(zip(*columns, strict=True), start=1):
        for position, value in enumerate(row):
            if isinstance(value, str):
                if value not in ready:
                    ready[value] = _as_text(value, formats)
                text, shown = ready[value]
                if text:
                    sheet.write_string(number, position, text, shown)
            elif isinstance(value, bool):
                sheet.write_boolean(number, position, value)
            elif value is not None:
                sheet.write_number(number, position, value)


def write_text(sheet: Worksheet, at: tuple[int, int], text: str, formats: TextFormats, *, bold: bool = False) -> None:
    """Write a text that stays a text: Excel would read ``=`` as a formula, the library ``<r>`` as markup of its own.

    Control characters are left out, and longer than 32,767 characters, it is cut. What begins with ``<r>`` and ends
    with ``</r>`` gets a space at the end. No cell where it is empty.

    Examples
    --------
    >>> import io
    >>> import openpyxl
    >>> with Workbook(written := io.BytesIO()) as book:
    ...     write_text(book.add_worksheet(), (0, 0), "=1+1", text_formats(book))
    >>> cell = openpyxl.load_workbook(written).active["A1"]
    >>> cell.value, cell.data_type, cell.quotePrefix
    ('=1+1', 's', True)
    """
    kept, shown = _as_text(text, formats, bold=bold)
    if kept:
        sheet.write_string(*at, kept, shown)


def _as_text(text: str, formats: TextFormats, *, bold: bool = False) -> tuple[str, Format | None]:
    """Return what a cell holds of a text, and how it is shown."""
    kept = writable(text)[:MAX_TEXT]
    if kept.startswith(_MARKUP[0]) and kept.endswith(_MARKUP[1]):
        kept = f"{kept[: MAX_TEXT - 1]} "
    executable = is_formula(kept) or kept in _ERRORS
    return kept, formats.quoted if executable else formats.bold if bold else formats.lines if "\n" in kept else None


def write_geojson(layer: gpd.GeoDataFrame, path: Path, *, key: str = "") -> None:
    """Write a layer as RFC 7946 GeoJSON: longitude and latitude at 6 decimals, right-hand rule.

    ``key`` is the column that identifies a row: the ``id`` of its feature, and still a property. A row without a
    geometry has a null geometry.

    Examples
    --------
    >>> import geopandas as gpd, json, pathlib, tempfile
    >>> layer = gpd.GeoDataFrame({"site_id": ["a"]}, geometry=gpd.points_from_xy([661000], [6862000]), crs=2154)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "sites.geojson"
    ...     write_geojson(layer, path, key="site_id")
    ...     json.loads(path.read_text(encoding="utf-8"))["features"][0]["geometry"]["coordinates"]
    [2.468468, 48.856856]
    """
    degrees = layer.to_crs(GEOGRAPHIC)
    options = {"RFC7946": "YES", "COORDINATE_PRECISION": DEGREE_DECIMALS, "WRITE_NAME": "NO"}
    if key:
        degrees, options = degrees.assign(id=layer[key]), options | {"ID_FIELD": "id"}
    pyogrio.write_dataframe(degrees, path.resolve(), driver="GeoJSON", layer_options=options)


def add_to_geopackage(
    layer: gpd.GeoDataFrame, path: Path, name: str, *, title: str = "", geometry: str = "Point"
) -> None:
    """Write a layer into a GeoPackage, in its CRS, beside the layers that stand there.

    ``geometry`` is ``Point``, ``LineString`` or ``MultiPolygon``, to which polygons are promoted.
    """
    described = {"IDENTIFIER": title, "DESCRIPTION": title} if title else {}
    pyogrio.write_dataframe(
        layer,
        path.resolve(),
        layer=name,
        driver="GPKG",
        append=path.exists(),
        geometry_type=geometry,
        promote_to_multi=geometry.startswith("Multi"),
        dataset_options={"VERSION": GEOPACKAGE},
        layer_options=described | {"GEOMETRY_NAME": "geom"},
    )


def _write_geopackage(layer: pd.DataFrame, path: Path) -> None:
    path.unlink()  # an empty file is no GeoPackage to add to
    add_to_geopackage(gpd.GeoDataFrame(layer), path, _LAYER)


def _own_names(columns: Iterable[str]) -> dict[str, str]:
    """Return new names for columns that a GeoPackage cannot hold: its own two, and those that differ by case alone."""
    taken = {"fid", "geom"}
    renamed: dict[str, str] = {}
    for name in columns:
        free = (name, *(f"input_{name}{number}" for number in ("", *range(2, 1000))))
        own = next(one for one in free if one.casefold() not in taken)
        taken.add(own.casefold())
        renamed |= {name: own} if own != name else {}
    return renamed


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet, a layer as GeoParquet 1.1 in its CRS.

    A layer has a bounding box a row, so that readers need only fetch a part; unless a column has that name.

    Examples
    --------
    >>> import geopandas as gpd, pathlib, tempfile
    >>> layer = gpd.GeoDataFrame({"site_id": ["a"]}, geometry=gpd.points_from_xy([661000], [6862000]), crs=2154)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_parquet(layer, pathlib.Path(folder) / "sites.parquet")
    ...     gpd.read_parquet(pathlib.Path(folder) / "sites.parquet").crs.to_epsg()
    2154
    """
    if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None:
        frame.to_parquet(path, index=False, schema_version="1.1.0", write_covering_bbox="bbox" not in frame)
    else:
        pd.DataFrame(frame).to_parquet(path, index=False)


_GEOGRAPHIC: dict[str, Callable[[gpd.GeoDataFrame, Path], None]] = {
    ".geojson": write_geojson,
    ".gpkg": _write_geopackage,
}

_WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".csv": write_csv,
    ".xlsx": write_xlsx,
    ".parquet": write_parquet,
    **_GEOGRAPHIC,
}
