"""``datapackage.json``: what every file of the folder is, where it comes from, and how its columns read."""

from __future__ import annotations

import dataclasses
import json
import re
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from essgeo.files.provenance import sha256_of
from essgeo.publish.release import licences_of
from essgeo.schema.columns import COLUMNS, TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from essgeo.files.provenance import Input
    from essgeo.messages import Lang
    from essgeo.publish.release import Release
    from essgeo.results import Setting
    from essgeo.schema.columns import Column


_TYPES = {"text": "string", "integer": "integer", "number": "number", "flag": "boolean", "month": "string"}

_NOT_IN_NAMES = re.compile("[^a-z0-9.]")

_MONTH = r"^\d{4}(-\d{2}(-\d{2})?)?$"

_MEDIA = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".gpkg": "application/geopackage+sqlite3",
    ".geojson": "application/geo+json",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".qgs": "application/xml",
    ".umap": "application/json",
    ".md": "text/markdown",
}

_TABLE_SCHEMA = "https://specs.frictionlessdata.io/schemas/table-schema.json"

_DIALECT = {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True, "header": True}


@dataclasses.dataclass(frozen=True)
class Published:
    """A file of the folder: its path, what it is, what it rests on, the table it holds if it is a CSV."""

    path: Path
    title: str
    inputs: tuple[Input, ...] = ()
    table: str = ""
    shows_coverage: bool = False


def describe(study: Setting, released: Release, files: Iterable[Published], out: Path, *, excel: bool = False) -> str:
    """Return the ``datapackage.json`` of a folder (Data Package 1, Table Schema 1).

    Parameters
    ----------
    study
        What a run found.
    released
        The frames as published.
    files
        The files of the folder, already written.
    out
        The folder.
    excel
        Whether the CSV files are those of the Excel of France.

    Returns
    -------
    str
        JSON: every file with sources, licences, size and SHA-256, a schema for every CSV, and the parameters and
        inputs of the run.
    """
    package = {
        "profile": "data-package",
        "name": f"essgeo-{study.territory.id}",
        "title": f"{study.territory.name} (essgeo)",
        "description": " ".join(released.caveats),
        "version": f"{study.parameters.as_of:%Y.%m.%d}",
        "licenses": licences_of(study.inputs),
        "sources": [_source(source) for source in study.inputs],
        "resources": [_resource(study, released, file, out, excel=excel) for file in files],
        "territory": {
            "id": study.territory.id,
            "name": study.territory.name,
            "name_in": study.territory.name_in,
            "crs": study.territory.crs,
            "communes": list(study.territory.communes),
        },
        "lang": study.lang,
        "parameters": dataclasses.asdict(study.parameters),
        "inputs": [dataclasses.asdict(source) for source in study.inputs],
        "cells_cleaned": released.cleaned,
        "essgeo": _version(),
    }
    return json.dumps(package, ensure_ascii=False, indent=2, default=str) + "\n"


def table_schema(table: str, columns: Collection[str], lang: Lang, *, excel: bool = False) -> dict[str, Any]:
    """Return the Table Schema of a published table: fields, primary key, and the link to the structures."""
    schema: dict[str, Any] = {
        "fields": [_field(COLUMNS[name], lang, excel=excel) for name in columns],
        "missingValues": [""],
        "primaryKey": list(TABLES[table].key),
    }
    if "structure_id" in columns and table != "structures":
        reference = {"resource": _resource_name("structures"), "fields": "structure_id"}
        schema["foreignKeys"] = [{"fields": "structure_id", "reference": reference}]
    return schema


def schema_file(table: str, columns: Collection[str], lang: Lang, *, excel: bool = False) -> str:
    """Return the Table Schema of a published table as JSON, to declare beside its CSV on data.gouv.fr.

    Links to other tables are left to ``datapackage.json``: a file checked alone has none.
    """
    schema = table_schema(table, columns, lang, excel=excel)
    schema.pop("foreignKeys", None)
    title = TABLES[table].title[lang]
    head = {"$schema": _TABLE_SCHEMA, "name": f"essgeo-{table.replace('_', '-')}", "title": title, "lang": lang}
    return json.dumps(head | schema, ensure_ascii=False, indent=2) + "\n"


def _field(column: Column, lang: Lang, *, excel: bool) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "type": _TYPES[column.kind], "description": column.description[lang]}
    if excel and column.kind == "number":
        field["decimalChar"] = ","
    if column.unit:
        field["unit"] = column.unit[lang]
    if column.kind == "month":
        field["constraints"] = {"pattern": _MONTH}
    if column.allowed is not None:
        field["constraints"] = {"enum": list(column.allowed)}
    return field


def _resource(study: Setting, released: Release, file: Published, out: Path, *, excel: bool) -> dict[str, Any]:
    relative = file.path.relative_to(out)
    resource: dict[str, Any] = {
        "name": _resource_name(file.table) if file.table else _NOT_IN_NAMES.sub("-", relative.as_posix().lower()),
        "path": relative.as_posix(),
        "title": file.title,
        "description": " ".join([file.title + ".", *(released.caveats if file.shows_coverage else [])]),
        "format": relative.suffix[1:],
        "mediatype": _MEDIA[relative.suffix],
        "bytes": file.path.stat().st_size,
        "hash": f"sha256:{sha256_of(file.path)}",
        "sources": [_source(source) for source in file.inputs],
        "licenses": licences_of(file.inputs),
    }
    resource = {key: value for key, value in resource.items() if value != []}
    if file.table:
        return resource | {
            "profile": "tabular-data-resource",
            "encoding": "utf-8",
            "dialect": _DIALECT | ({"delimiter": ";", "lineTerminator": "\r\n"} if excel else {}),
            "schema": table_schema(file.table, _header(file.path, ";" if excel else ","), study.lang, excel=excel),
        }
    return resource | {"profile": "data-resource", "type": "file"}


def _resource_name(table: str) -> str:
    return f"tables-{table.replace('_', '-')}"


def _header(path: Path, separator: str) -> list[str]:
    with path.open(encoding="utf-8-sig") as lines:
        return next(lines).rstrip("\n").split(separator)


def _source(source: Input) -> dict[str, str]:
    found = {"path": source.url, "fetched_at": source.fetched_at, "note": source.note}
    return {
        "title": f"{source.title} ({source.publisher})",
        "vintage": source.vintage,
        "file": source.file,
        "sha256": source.sha256,
    } | {name: value for name, value in found.items() if value}


def _version() -> str:
    try:
        return version("essgeo")
    except PackageNotFoundError:
        return "not installed"
