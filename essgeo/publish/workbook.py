"""The workbook: a sheet of notes, then a sheet a table, typed, filtered, and with nothing in it that executes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from xlsxwriter import Workbook

from essgeo.files.write import TextFormats, text_formats, writable, write_text
from essgeo.publish.licences import caveats
from essgeo.schema.columns import COLUMNS, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from essgeo.publish.release import Release
    from essgeo.results import Study
    from essgeo.schema.vocabulary import Labels, Lang


_WIDTHS = (8, 60)

_ROWS_MEASURED = 200

_LEFT_OUT = {"iris_coverage"}  # thousands of rows that only a map needs; tables/iris_coverage.csv has them


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
