"""The workbook: a sheet of notes, then a sheet a table, typed, filtered, and with nothing in it that executes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from xlsxwriter import Workbook

from essgeo.exports.csv_tables import FORMULA_STARTS
from essgeo.exports.notes import caveats
from essgeo.exports.text import writable
from essgeo.words.columns import COLUMNS
from essgeo.words.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from essgeo.exports.release import Release
    from essgeo.results import Study
    from essgeo.words.vocabulary import Labels, Lang

LONGEST_TEXT = 32_767
_WIDTHS = (8, 60)
_ROWS_MEASURED = 200
_LEFT_OUT = {"iris_coverage"}  # thousands of rows that only a map needs; tables/iris_coverage.csv has them
_MARKUP = ("<r>", "</r>")
_ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")
_HEADER = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#1F4E79"}
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
    with Workbook(path, {"constant_memory": True}) as book:
        title = f"{writable(study.territory.name)} {day:%Y-%m-%d}"
        book.set_properties({"author": "essgeo", "title": title, "created": day})
        formats = text_formats(book)
        _write_notes(book.add_worksheet(_WORDS["notes"][study.lang]), study, released, formats)
        header = book.add_format(_HEADER)
        for name, frame in _sheets(released).items():
            _write_table(book.add_worksheet(name), frame, header, formats)


def _sheets(released: Release) -> dict[str, pd.DataFrame]:
    return {name: frame for name, frame in released.tables.items() if name not in _LEFT_OUT}


def _write_notes(sheet: Worksheet, study: Study, released: Release, formats: TextFormats) -> None:
    for column, width in enumerate((22, 48, 36, 14, 60, 28, 66)):
        sheet.set_column(column, column, width)
    for number, row in enumerate(_notes(study, released)):
        bold = len(row) == 1 or row in (_SOURCE_HEADER[study.lang], _COLUMN_HEADER[study.lang])
        for column, value in enumerate(row):
            write_text(sheet, (number, column), value, formats, bold=bold)


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


def _write_table(sheet: Worksheet, frame: pd.DataFrame, header: Format, formats: TextFormats) -> None:
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)
    low, high = _WIDTHS
    for position, name in enumerate(frame.columns):
        column = frame[name]
        longest = column.head(_ROWS_MEASURED).astype("string").fillna("").str.len().max() if len(frame) else 0
        sheet.set_column(position, position, min(max(low, len(name) + 4, int(longest) + 1), high))
        sheet.write_string(0, position, name, header)
    columns = [
        (
            frame[name] if frame[name].dtype == object else frame[name].astype(object).where(frame[name].notna(), "")
        ).tolist()
        for name in frame.columns
    ]
    for number, row in enumerate(zip(*columns, strict=True), start=1):
        for position, value in enumerate(row):
            if isinstance(value, str):
                write_text(sheet, (number, position), value, formats)
            else:
                sheet.write(number, position, value)


class TextFormats(NamedTuple):
    """How a workbook shows a text: by whether it is bold, and by what is in it.

    Attributes
    ----------
    bold
        A heading.
    quoted
        What a spreadsheet would execute, were it typed in.
    lines
        Several lines, of which the first is shown.
    """

    bold: Format
    quoted: Format
    lines: Format


def text_formats(book: Workbook) -> TextFormats:
    """Return the formats that :func:`write_text` needs, added to a workbook."""
    return TextFormats(*map(book.add_format, ({"bold": True}, {"quote_prefix": True}, {"valign": "top"})))


def write_text(sheet: Worksheet, at: tuple[int, int], text: str, formats: TextFormats, *, bold: bool = False) -> None:
    """Write a text that stays a text: Excel would read ``=`` as a formula, the library ``<r>`` as markup of its own.

    Parameters
    ----------
    sheet
        The sheet.
    at
        Row and column, from 0.
    text
        Text; control characters are left out, and longer than 32,767 characters, it is cut. What begins with ``<r>``
        and ends with ``</r>`` gets a space at the end. No cell where it is empty.
    formats
        Of the same workbook.
    bold
        Write it in bold.

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
    kept = writable(text)[:LONGEST_TEXT]
    if not kept:
        return
    if kept.startswith(_MARKUP[0]) and kept.endswith(_MARKUP[1]):
        kept = f"{kept[: LONGEST_TEXT - 1]} "
    executable = kept[0] in FORMULA_STARTS or kept in _ERRORS
    shown = formats.quoted if executable else formats.bold if bold else formats.lines if "\n" in kept else None
    sheet.write_string(*at, kept, shown)
