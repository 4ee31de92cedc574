"""Write the tables and layers of a study as files, and what describes them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely
from xlsxwriter import Workbook

from essgeo.files.guard import refuse_overwrite
from essgeo.files.write import (
    cells_of,
    text_formats,
    writable,
    write_csv,
    write_geojson,
    write_parquet,
    write_rows,
    write_text,
)
from essgeo.files.write import in_words as headed
from essgeo.publish.datapackage import Published, describe, schema_file
from essgeo.publish.geopackage import write_geopackage, write_project
from essgeo.publish.release import (
    Release,
    attributions,
    inputs_by_name,
    is_share_alike,
    release,
    release_table,
    with_degrees,
)
from essgeo.publish.umap import write_umap
from essgeo.schema.columns import COLUMNS, STUDY_TABLES, TABLES
from essgeo.text.languages import words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from essgeo.files.write import TextFormats
    from essgeo.results import Comparison, Setting, Study


PACKAGE, RESIDENTS = "datapackage.json", "residents"
"""What describes a folder, and its points of residents: from both a study can be compared with a later one."""

_OF_RESIDENTS = {"iris", "demand", "qpv", "qpv_indicators", "neighbourhoods"}


def export(study: Study, out: Path, *, excel: bool = False) -> list[Path]:
    """Write the tables and layers of a study as files, and what describes them.

    ``tables/*.csv``, each with its ``schemas/*.json``, ``study.xlsx``, ``layers.gpkg``, ``geojson/*.geojson``,
    ``geoparquet/*.parquet`` (``residents.parquet`` among them: the points of residents), ``study.qgs``, ``study.umap``,
    ``ATTRIBUTIONS.md`` and ``datapackage.json``. What rests on data under the ODbL goes to files of its own, whose
    names end in ``_odbl``. The same study gives the same bytes.

    Parameters
    ----------
    study
        What a run found.
    out
        The folder, such as the one :func:`essgeo.publish.folder.staged` gives; made where there is none.
    excel
        Write CSV as the Excel of France opens it, and head the sheets of the workbook in words.

    Returns
    -------
    list of Path
        The files written, ``datapackage.json`` last.

    Raises
    ------
    SchemaError
        A frame of the study lacks a column of :data:`essgeo.schema.columns.TABLES`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = export(small_study(), Path(folder))
    >>> written[-1].name
    'datapackage.json'
    """
    out = Path(out)
    refuse_overwrite({"out": out}, study.files)
    released = release(study)
    files = [*_write_tables(study, released, out, excel=excel), *_write_layers(study, released, out)]
    notice, package = out / "ATTRIBUTIONS.md", out / PACKAGE
    resting = {file.path.relative_to(out).as_posix(): file.inputs for file in files}
    notice.write_text(attributions(study, released.caveats, resting), encoding="utf-8")
    package.write_text(describe(study, released, files, out, excel=excel), encoding="utf-8")
    return [*(file.path for file in files), notice, package]


def exported_files(study: Study) -> list[str]:
    """Return the names of what :func:`export` writes for a reader to download, before it is written."""
    endings = {name: "_odbl" if is_share_alike(inputs) else "" for name, inputs in inputs_by_name(study).items()}
    tables = [name for name, table in STUDY_TABLES.items() if not table.geographic or name == "structures"]
    layers = [name for name, table in STUDY_TABLES.items() if table.geographic]
    return [
        *("study.xlsx", "layers.gpkg"),
        *sorted(f"tables/{name}{endings[name]}.csv" for name in tables),
        *sorted(f"geojson/{name}{endings[name]}.geojson" for name in layers),
        *(PACKAGE, "ATTRIBUTIONS.md"),
    ]


def _write_tables(study: Study, released: Release, out: Path, *, excel: bool) -> Iterator[Published]:
    titles = words(study.lang)["files"]
    for folder in ("tables", "schemas"):
        (out / folder).mkdir(parents=True)
    for ending, names in released.by_licence(released.tables).items():
        for name in names:
            frame, table = released.tables[name], TABLES[name]
            title = table.title[study.lang]
            path = out / "tables" / f"{name}{ending}.csv"
            write_csv(frame, path, excel=excel)
            yield Published(path, title, released.inputs[name], name, table.shows_coverage)
            path = out / "schemas" / f"{name}.json"
            path.write_text(schema_file(name, frame.columns, study.lang, excel=excel), encoding="utf-8")
            yield Published(path, titles["schema"].format(title=title))
        path = out / f"study{ending}.xlsx"
        write_workbook(study, released, names, path, in_words=excel)
        yield Published(path, titles["workbook"], released.inputs_of(names), shows_coverage=True)


def _write_layers(study: Study, released: Release, out: Path) -> Iterator[Published]:
    titles, lang, day = words(study.lang)["files"], study.lang, study.parameters.as_of
    layers = released.layers | {"iris": _with_coverage(released, study.parameters.walk_minutes)}
    drawn = layers | {name: lines for name, lines in {"cooperations": _lines(released)}.items() if len(lines)}
    groups = released.by_licence(drawn)
    for ending, names in groups.items():
        path = out / f"layers{ending}.gpkg"
        write_geopackage({name: drawn[name] for name in names}, path, lang=lang, day=day)
        yield Published(path, titles["layers"], released.inputs_of(names), shows_coverage="iris" in names)
    for folder in ("geojson", "geoparquet"):
        (out / folder).mkdir()
    ending_of = {name: ending for ending, names in groups.items() for name in names}
    for name, layer in layers.items():
        paths = [
            out / folder / f"{name}{ending_of[name]}.{suffix}"
            for folder, suffix in (("geojson", "geojson"), ("geoparquet", "parquet"))
        ]
        write_geojson(layer, paths[0], key=TABLES[name].key[0])
        write_parquet(layer, paths[1])
        for path in paths:
            yield Published(path, TABLES[name].title[lang], released.inputs[name], shows_coverage=name == "iris")
    people = tuple(one for one in study.inputs if one.layer in _OF_RESIDENTS)
    path = out / "geoparquet" / f"{RESIDENTS}{'_odbl' if is_share_alike(people) else ''}.parquet"
    write_parquet(study.demand, path)
    yield Published(path, titles["residents"], people)
    path = out / "study.qgs"
    write_project(study, {name: f"layers{ending}.gpkg" for name, ending in ending_of.items()}, path)
    yield Published(path, titles["project"])
    path, free = out / "study.umap", {name: drawn[name] for name in groups[""]}
    inputs = released.inputs_of(list(free))
    write_umap(study, free, path, inputs=inputs, caveats=released.caveats)
    yield Published(path, titles["umap"], inputs, shows_coverage="iris" in free)


def export_comparison(found: Comparison, out: Path, *, excel: bool = False) -> list[Path]:
    """Write the tables of a comparison as CSV and as one workbook, and what they rest on.

    ``tables/changed_places.csv``, ``tables/changes.csv``, ``changes.xlsx``, ``ATTRIBUTIONS.md`` and
    ``datapackage.json``; where a study stands there already, its description takes them in. Names end in ``_odbl``
    where streets under the ODbL stand behind. Places that the law restricts are left out.

    Parameters
    ----------
    found
        From :func:`essgeo.compare_studies`.
    out
        An existing folder.
    excel
        As for :func:`export`.
    """
    sentences, notice, described = found.findings, out / "ATTRIBUTIONS.md", out / PACKAGE
    of_both = dict.fromkeys([*found.before.inputs, *found.after.inputs])
    after = replace(found.after, inputs=tuple(of_both))
    places = found.changed_places[found.changed_places["geo_status"] != "masked"]
    was = with_degrees(places.set_geometry("was", crs=places.crs).drop(columns="geometry"))
    shown = with_degrees(places.drop(columns="was")).assign(
        was_longitude=was["longitude"], was_latitude=was["latitude"]
    )
    frames = {"changed_places": shown, "changes": found.changes}
    tables = {name: release_table(name, frame, after.structures) for name, frame in frames.items()}
    inputs = {name: tuple(one for one in of_both if one.layer in TABLES[name].rests_on) for name in tables}
    released = Release({}, tables, 0, tuple(sentences), inputs, after.inputs)
    endings = {name: "_odbl" if is_share_alike(inputs[name]) else "" for name in tables}
    (out / "tables").mkdir(exist_ok=True)
    files = []
    for name, table in tables.items():
        path = out / "tables" / f"{name}{endings[name]}.csv"
        write_csv(table, path, excel=excel)
        files.append(Published(path, TABLES[name].title[after.lang], inputs[name], table=name))
    book = out / f"changes{endings['changes']}.xlsx"
    write_workbook(after, released, list(tables), book, in_words=excel)
    files.append(Published(book, words(after.lang)["difference"]["title"], inputs["changes"]))
    package = json.loads(describe(after, released, files, out, excel=excel)) | {
        "name": f"essgeo-{after.territory.id}-changes",
        "before": found.before.parameters.as_of.isoformat(),
    }
    for resource in package["resources"]:  # a place that was there before is in no table of structures
        resource.get("schema", {}).pop("foreignKeys", None)
    if described.exists():
        study = json.loads(described.read_text(encoding="utf-8"))
        package = study | {"resources": [*study["resources"], *package["resources"]]}
    else:
        resting = {file.path.relative_to(out).as_posix(): file.inputs for file in files}
        notice.write_text(attributions(after, sentences, resting), encoding="utf-8")
    described.write_text(json.dumps(package, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return [*(file.path for file in files), notice, described]


def _lines(released: Release) -> gpd.GeoDataFrame:
    """Return a line for each cooperation whose two ends have places, and not the same one."""
    table, structures = released.tables["cooperations"], released.layers["structures"]
    places = structures.set_index("structure_id").geometry
    rows = [
        (row, places.get(row["party_id"]), places.get(row["with_structure_id"]))
        for row in table[table["placed"] == "both"].to_dict("records")
    ]
    apart = [(row, one, other) for row, one, other in rows if one and other and one != other]
    named = pd.DataFrame(
        [row | {"name": f"{row['party']}, {row['with_name']}"} for row, *_ in apart], columns=[*table.columns, "name"]
    )
    return gpd.GeoDataFrame(named, geometry=[shapely.LineString(ends) for _, *ends in apart], crs=structures.crs)


def _with_coverage(released: Release, minutes: int) -> gpd.GeoDataFrame:
    """Return the IRIS with the share of their residents within ``minutes`` of any structure."""
    table, iris = released.tables["iris_coverage"], released.layers["iris"]
    shares = table[(table["theme"] == "all") & (table["minutes"] == minutes)]
    return iris.assign(coverage_share=iris["iris_code"].map(shares.set_index("iris_code")["share"]))


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
    columns = {str(name): cells_of(column) for name, column in frame.items()}
    for position, (name, cells) in enumerate(columns.items()):
        longest = max((len(str(cell)) for cell in cells[:_ROWS_MEASURED] if cell is not None), default=0)
        sheet.set_column(position, position, min(max(low, len(name) + 4, longest + 1), high))
        sheet.write_string(0, position, heads.get(name, name), header)
    write_rows(sheet, columns.values(), formats)
