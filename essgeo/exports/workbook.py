"""The workbook: a sheet of notes, then a sheet a table, typed, filtered, and with nothing in it that executes."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import TYPE_CHECKING, cast

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.writer.excel import ExcelWriter

from essgeo.exports.csv_tables import FORMULA_STARTS
from essgeo.exports.notes import caveats
from essgeo.exports.text import writable
from essgeo.words.columns import COLUMNS
from essgeo.words.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

    from essgeo.exports.release import Release
    from essgeo.results import Study
    from essgeo.words.vocabulary import Labels, Lang

LONGEST_TEXT = 32_767
_WIDTHS = (8, 60)
_ROWS_MEASURED = 200
_LEFT_OUT = {"iris_coverage"}  # thousands of rows that only a map needs; tables/iris_coverage.csv has them
_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_HEADER_FONT = Font(bold=True, color="FFFFFF")
_HEADER_FILL = PatternFill("solid", fgColor="1F4E79")
_WORDS: Labels = {
    "notes": {"fr": "Notes", "en": "Notes"},
    "title": {"fr": "Étude de l'économie sociale et solidaire", "en": "Study of the social and solidarity economy"},
    "read": {"fr": "À lire d'abord", "en": "Read first"},
    "sources": {"fr": "Sources", "en": "Sources"},
    "columns": {"fr": "Colonnes", "en": "Columns"},
    "cleaned": {
        "fr": "{} cellules ont perdu des caractères de contrôle qu'aucun fichier ne porte.",
        "en": "{} cells lost control characters that no file can hold.",
    },
}
_KINDS: Labels = {
    "text": {"fr": "texte", "en": "text"},
    "integer": {"fr": "entier", "en": "integer"},
    "number": {"fr": "nombre", "en": "number"},
    "flag": {"fr": "vrai ou faux", "en": "true or false"},
    "month": {"fr": "année, mois ou jour", "en": "year, month or day"},
}
_SOURCE_HEADER: dict[Lang, tuple[str, ...]] = {
    "fr": ("Couche", "Titre", "Producteur", "Millésime", "Licence", "Fichier", "SHA-256"),
    "en": ("Layer", "Title", "Publisher", "Vintage", "Licence", "File", "SHA-256"),
}
_COLUMN_HEADER: dict[Lang, tuple[str, ...]] = {
    "fr": ("Feuille", "Colonne", "Type", "Unité", "Description"),
    "en": ("Sheet", "Column", "Type", "Unit", "Description"),
}


def write_workbook(study: Study, released: Release, path: Path) -> None:
    """Write the tables, coverage by IRIS aside, as one XLSX workbook whose bytes depend on the study only.

    Parameters
    ----------
    study
        What a run found: its language and its sources go to the notes.
    released
        The frames as published.
    path
        File to write. Text longer than 32,767 characters, the most a cell holds, is cut.
    """
    day = dt.datetime.combine(study.parameters.as_of, dt.time.min)
    book = Workbook(write_only=True)
    book.properties.creator = "essgeo"
    book.properties.title = f"{writable(study.territory.name)} {day:%Y-%m-%d}"
    book.properties.created = book.properties.modified = day
    _write_notes(_sheet(book, _WORDS["notes"][study.lang]), study, released)
    for name, frame in _sheets(released).items():
        _write_table(_sheet(book, name), frame)
    buffer = io.BytesIO()
    ExcelWriter(book, zipfile.ZipFile(buffer, "w")).save()
    _write_undated(buffer, path)


def _sheets(released: Release) -> dict[str, pd.DataFrame]:
    return {name: frame for name, frame in released.tables.items() if name not in _LEFT_OUT}


def _sheet(book: Workbook, name: str) -> Worksheet:
    return cast("Worksheet", book.create_sheet(name))  # a write-only sheet has the layout properties of a worksheet


def _write_notes(sheet: Worksheet, study: Study, released: Release) -> None:
    for letter, width in zip("ABCDEFG", (22, 48, 36, 14, 60, 28, 66), strict=True):
        sheet.column_dimensions[letter].width = width
    for row in _notes(study, released):
        bold = len(row) == 1 or row in (_SOURCE_HEADER[study.lang], _COLUMN_HEADER[study.lang])
        sheet.append([text_cell(sheet, value, bold=bold) for value in row])


def _notes(study: Study, released: Release) -> Iterator[tuple[str, ...]]:
    lang = study.lang
    yield (f"{study.territory.name}. {_WORDS['title'][lang]}",)
    yield ("", f"{study.parameters.as_of:%Y-%m-%d}")
    yield (_WORDS["read"][lang],)
    for sentence in caveats(study):
        yield ("", sentence)
    if released.cleaned:
        yield ("", _WORDS["cleaned"][lang].format(released.cleaned))
    yield (_WORDS["sources"][lang],)
    yield _SOURCE_HEADER[study.lang]
    for source in study.inputs:
        yield (source.layer, source.title, source.publisher, source.vintage, source.licence, source.file, source.sha256)
    yield (_WORDS["columns"][lang],)
    yield _COLUMN_HEADER[study.lang]
    for name, frame in _sheets(released).items():
        yield (name, TABLES[name].title[lang])
        for column in (COLUMNS[column] for column in frame.columns):
            yield ("", column.name, _KINDS[column.kind][lang], column.unit.get(lang, ""), column.description[lang])


def _write_table(sheet: Worksheet, frame: pd.DataFrame) -> None:
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(frame.columns))}{len(frame) + 1}"
    low, high = _WIDTHS
    for position, name in enumerate(frame.columns, start=1):
        longest = frame[name].head(_ROWS_MEASURED).astype("string").fillna("").str.len().max() if len(frame) else 0
        sheet.column_dimensions[get_column_letter(position)].width = min(
            max(low, len(name) + 4, int(longest) + 1), high
        )
    sheet.append([_header(sheet, name) for name in frame.columns])
    columns = [
        [text_cell(sheet, value) for value in frame[name]]
        if frame[name].dtype == object
        else frame[name].astype(object).where(frame[name].notna(), None).tolist()
        for name in frame.columns
    ]
    for row in zip(*columns, strict=True):
        sheet.append(row)


def _header(sheet: Worksheet, name: str) -> Cell:
    cell = WriteOnlyCell(sheet, name)
    cell.font, cell.fill = _HEADER_FONT, _HEADER_FILL
    return cell


def text_cell(sheet: Worksheet, text: str, *, bold: bool = False) -> Cell | str | None:
    """Return what keeps a text a text: Excel would read ``=`` as a formula and ``_x0041_`` as an escaped character.

    Parameters
    ----------
    sheet
        The sheet it will be appended to.
    text
        Text; control characters are left out, and longer than 32,767 characters, it is cut.
    bold
        Write it in bold.

    Returns
    -------
    Cell, str or None
        The text itself where it is harmless, nothing where it is empty.

    Examples
    --------
    >>> text_cell(Workbook(write_only=True).create_sheet("a"), "=1+1").data_type
    's'
    """
    kept = _ESCAPE_LIKE.sub("_x005F_", writable(text))[:LONGEST_TEXT]
    if not kept:
        return None
    executable = kept[0] in FORMULA_STARTS or kept in ERROR_CODES
    if not (executable or bold or "\n" in kept):
        return kept
    cell = WriteOnlyCell(sheet, kept)
    cell.data_type = "s"
    if executable:
        cell.quotePrefix = True
    if bold:
        cell.font = Font(bold=True)
    if "\n" in kept:
        cell.alignment = Alignment(wrap_text=False, vertical="top")
    return cell


def _write_undated(buffer: io.BytesIO, path: Path) -> None:
    with zipfile.ZipFile(buffer) as dated, zipfile.ZipFile(path, "w") as undated:
        for name in dated.namelist():
            undated.writestr(zipfile.ZipInfo(name), dated.read(name), zipfile.ZIP_DEFLATED)
