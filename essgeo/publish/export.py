"""Write the tables and layers of a study as files, and what describes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from essgeo.files.write import write_csv
from essgeo.publish.datapackage import Published, describe, schema_file
from essgeo.publish.geopackage import layer_style, write_geojson, write_geopackage, write_geoparquet, write_styles
from essgeo.publish.licences import attributions, caveats, inputs_of, is_share_alike, licences_of
from essgeo.publish.qgis import write_project
from essgeo.publish.release import Release, release
from essgeo.publish.umap import write_umap
from essgeo.publish.workbook import write_workbook
from essgeo.schema.columns import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import geopandas as gpd

    from essgeo.publish.licences import Licence
    from essgeo.results import Study


_BOOK = {"fr": "Toutes les tables, en un classeur", "en": "All tables, in one workbook"}

_SCHEMA = {"fr": "Table Schema : {}", "en": "Table Schema: {}"}

_LAYERS = {"fr": "Couches avec leurs styles QGIS", "en": "Layers with their QGIS styles"}

_PROJECT = {
    "fr": "Projet QGIS : les couches, groupées et stylées",
    "en": "QGIS project: the layers, grouped and styled",
}

_UMAP = {"fr": "Carte à importer dans uMap", "en": "Map to import into uMap"}


def export(study: Study, out: Path) -> list[Path]:
    """Write the tables and layers of a study as files, and what describes them.

    ``tables/*.csv``, each with its ``schemas/*.json``, ``study.xlsx``, ``layers.gpkg``, ``geojson/*.geojson``,
    ``geoparquet/*.parquet``, ``study.qgs``, ``study.umap``, ``ATTRIBUTIONS.md`` and ``datapackage.json``. What rests on
    data under the ODbL goes to files of its own, whose names end in ``_odbl``. The same study gives the same bytes.

    Parameters
    ----------
    study
        What a run found.
    out
        An existing folder, such as the one :func:`essgeo.publish.folder.staged` gives.

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
    ...     written = export(study_est_ensemble(), Path(folder))
    >>> written[-1].name
    'datapackage.json'
    """
    out = Path(out)
    released = release(study)
    files = [*_write_tables(study, released, out), *_write_layers(study, released, out)]
    notice = out / "ATTRIBUTIONS.md"
    notice.write_text(
        attributions(study, {f.path.relative_to(out).as_posix(): f.rests_on for f in files}), encoding="utf-8"
    )
    package = out / "datapackage.json"
    package.write_text(describe(study, released, files, out), encoding="utf-8")
    return [*(file.path for file in files), notice, package]


def _write_tables(study: Study, released: Release, out: Path) -> list[Published]:
    for folder in ("tables", "schemas"):
        (out / folder).mkdir()
    files = []
    for stem, names in _by_licence(study, {name: TABLES[name].rests_on for name in released.tables}, "study").items():
        ending = stem.removeprefix("study")
        for name in names:
            frame, table = released.tables[name], TABLES[name]
            path = out / "tables" / f"{name}{ending}.csv"
            write_csv(frame, path)
            files.append(Published(path, table.title[study.lang], table.rests_on, name, table.shows_coverage))
            path = out / "schemas" / f"{name}.json"
            path.write_text(schema_file(name, frame.columns, study), encoding="utf-8")
            files.append(Published(path, _SCHEMA[study.lang].format(table.title[study.lang]), ()))
        book = out / f"{stem}.xlsx"
        write_workbook(study, Release({}, {name: released.tables[name] for name in names}, released.cleaned), book)
        files.append(Published(book, _BOOK[study.lang], _rests_on(names), shows_coverage=True))
    return files


def _write_layers(study: Study, released: Release, out: Path) -> list[Published]:
    layers = released.layers | {"iris": _with_coverage(released, study.parameters.walk_minutes)}
    groups = _by_licence(study, {name: _rests_on([name]) for name in layers}, "layers")
    files = []
    for stem, names in groups.items():
        group = {name: layers[name] for name in names}
        path = out / f"{stem}.gpkg"
        write_geopackage(group, path, lang=study.lang, day=study.parameters.as_of)
        write_styles(path, {name: layer_style(name, lang=study.lang) for name in group}, day=study.parameters.as_of)
        files.append(Published(path, _LAYERS[study.lang], _rests_on(group), shows_coverage="iris" in group))
    for folder in ("geojson", "geoparquet"):
        (out / folder).mkdir()
    file_of = {name: stem for stem, names in groups.items() for name in names}
    for name, layer in layers.items():
        stem = f"{name}{file_of[name].removeprefix('layers')}"
        paths = (out / "geojson" / f"{stem}.geojson", out / "geoparquet" / f"{stem}.parquet")
        write_geojson(layer, paths[0], key=TABLES[name].key[0])
        write_geoparquet(layer, paths[1])
        files += [
            Published(path, TABLES[name].title[study.lang], _rests_on([name]), shows_coverage=name == "iris")
            for path in paths
        ]
    path = out / "study.qgs"
    write_project(study, {name: f"{stem}.gpkg" for name, stem in file_of.items()}, path)
    files.append(Published(path, _PROJECT[study.lang], ()))
    files.append(_write_umap(study, {name: layers[name] for name in groups["layers"]}, out / "study.umap"))
    return files


def _write_umap(study: Study, layers: dict[str, gpd.GeoDataFrame], path: Path) -> Published:
    resting = inputs_of(study, _rests_on(layers))
    credit = [f"{source.title} ({source.publisher}, {source.vintage}, {source.licence})." for source in resting]
    licence: Licence = licences_of(resting)[0] if resting else {"name": "other", "title": ""}
    write_umap(study, layers, path, credit=" ".join([*credit, *caveats(study)]), licence=licence)
    return Published(path, _UMAP[study.lang], _rests_on(layers), shows_coverage="iris" in layers)


def _by_licence(study: Study, rests_on: Mapping[str, Collection[str]], stem: str) -> dict[str, list[str]]:
    """Return the names that go into each file: what rests on data under the ODbL is kept out of the first."""
    apart = {name for name, layers in rests_on.items() if is_share_alike(study, layers)}
    files = {stem: [name for name in rests_on if name not in apart]}
    return files | ({f"{stem}_odbl": [name for name in rests_on if name in apart]} if apart else {})


def _with_coverage(released: Release, minutes: int) -> gpd.GeoDataFrame:
    """Return the IRIS with the share of their residents within so many minutes of any structure."""
    table, iris = released.tables["iris_coverage"], released.layers["iris"]
    shares = table[(table["theme"] == "all") & (table["minutes"] == minutes)]
    return iris.assign(coverage_share=iris["iris_code"].map(shares.set_index("iris_code")["share"]))


def _rests_on(names: Collection[str]) -> tuple[str, ...]:
    layers = {layer for name in names for layer in TABLES[name].rests_on}
    coverage = TABLES["iris_coverage"].rests_on if "iris" in names else ()
    return tuple(sorted(layers.union(coverage)))
