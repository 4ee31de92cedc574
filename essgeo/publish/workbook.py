"""The workbook: a sheet of notes, then a sheet a table, typed, filtered, and with nothing in it that executes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from xlsxwriter import Workbook

from essgeo.files.write import in_words as headed
from essgeo.files.write import text_formats, writable, write_rows, write_text
from essgeo.schema.columns import COLUMNS, TABLES
from essgeo.text.languages import words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from essgeo.files.write import TextFormats
    from essgeo.publish.release import Release
    from essgeo.results import Setting


_WIDTHS = (8, 60)

_ROWS_MEASURED = 200

_LEFT_OUT = {"iris_coverage"}  # thousands of rows that only a map needs; tables/iris_coverage.csv has them


_HEADER = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#1F4E79"}


def write_workbook(
    study: Setting, released: Release, names: Collection[str], path: Path, *, in_words: bool = False
) -> None:
    """Write some tables, coverage by IRIS aside, as one XLSX workbook whose bytes depend on the study only.

    With ``in_words`` columns are headed so. Text longer than 32,767 characters, the most a cell holds, is cut.
    """
    day = dt.datetime.combine(study.parameters.as_of, dt.time.min)
    tables = {name: released.tables[name] for name in names if name not in _LEFT_OUT}
    with Workbook(path, {"constant_memory": True}) as book:
        title = f"{writable(study.territory.name)} {day:%Y-%m-%d}"
        book.set_properties({"author": "essgeo", "title": title, "created": day})
        formats = text_formats(book)
        sheet = book.add_worksheet(words(study.lang)["workbook"]["notes"])
        for column, width in enumerate((22, 48, 36, 14, 60, 28, 66)):
            sheet.set_column(column, column, width)
        for number, (row, bold) in enumerate(_notes(study, released, tables)):
            for column, value in enumerate(row):
                write_text(sheet, (number, column), value, formats, bold=bold)
        header = book.add_format(_HEADER)
        for name, frame in tables.items():
            heads = dict(zip(frame.columns, headed(frame, study.lang).columns, strict=True)) if in_words else {}
            _write_table(book.add_worksheet(name), frame, header, formats, heads)


def _notes(
    study: Setting, released: Release, tables: Mapping[str, pd.DataFrame]
) -> Iterator[tuple[Sequence[str], bool]]:
    """Return the rows of the first sheet, and whether each is a heading."""
    lang, own = study.lang, words(study.lang)["workbook"]
    yield (f"{study.territory.name}. {own['title']}",), True
    yield ("", f"{study.parameters.as_of:%Y-%m-%d}"), False
    yield (own["read"],), True
    for sentence in released.caveats:
        yield ("", sentence), False
    if released.cleaned:
        yield ("", own["cleaned"].format(count=released.cleaned)), False
    yield (own["sources"],), True
    yield own["source_header"].split(" | "), True
    for one in study.inputs:
        yield (one.layer, one.title, one.publisher, one.vintage, one.licence, one.file, one.sha256), False
    yield (own["columns"],), True
    yield own["column_header"].split(" | "), True
    for name, frame in tables.items():
        yield (name, TABLES[name].title[lang]), False
        for column in (COLUMNS[column] for column in frame.columns):
            kind = own[f"kind_{column.kind}"]
            yield ("", column.name, kind, column.unit.get(lang, ""), column.description[lang]), False


def _write_table(
    sheet: Worksheet, frame: pd.DataFrame, header: Format, formats: TextFormats, heads: Mapping[str, str]
) -> None:
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)
    low, high = _WIDTHS
    for position, name in enumerate(frame.columns):
        column = frame[name]
        longest = column.head(_ROWS_MEASURED).astype("string").fillna("").str.len().max() if len(frame) else 0
        sheet.set_column(position, position, min(max(low, len(name) + 4, int(longest) + 1), high))
        sheet.write_string(0, position, heads.get(name, name), header)
    write_rows(sheet, frame, formats)
