"""Two studies of a territory side by side: what opened, closed and moved, and what that changes for whom."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import geopandas as gpd
import pandas as pd

from essgeo.access import read_network
from essgeo.errors import InputError
from essgeo.files.parquet import read_parquet
from essgeo.files.provenance import Input
from essgeo.gaps.areas import gather_measured
from essgeo.gaps.difference import reach_difference
from essgeo.maps.comparisons import build_before_after
from essgeo.messages import tell
from essgeo.publish.export import PACKAGE, RESIDENTS, export_comparison
from essgeo.publish.folder import check_folder, staged
from essgeo.register import activity_odds
from essgeo.register.turnover import changed_places
from essgeo.results import Comparison, Parameters, Setting
from essgeo.schema.columns import STUDY_TABLES
from essgeo.territory import Territory

if TYPE_CHECKING:
    from essgeo.messages import Lang


def compare_studies(before: Setting, after: Setting) -> Comparison:
    """Return what opened, closed and moved between two studies, and what that changes for whom.

    Parameters
    ----------
    before, after
        Two studies of a territory, from :func:`essgeo.run_study`, :meth:`essgeo.Study.with_places` or
        :func:`read_study`, of one day or of two. Residents, streets, areas, walks and seed are those of ``after`` on
        both sides, so that only places differ; both stand in the same worlds, see
        :func:`essgeo.gaps.difference.reach_difference`.

    Returns
    -------
    Comparison
        ``changed_places``, one row a place that changed or is better known, and ``changes``, one row an area, theme and
        walk.

    Raises
    ------
    InputError
        The territories are not the same, ``before`` is of a later day, or ``after`` walked on streets that are not
        given.

    Examples
    --------
    >>> study = small_study()
    >>> plan = pd.DataFrame({"nom": ["La Fabrique"], "secteur": ["Tiers-lieu"], "lon": [2.4889], "lat": [48.9027]})
    >>> from essgeo.study.place import add_places
    >>> found = compare_studies(study, add_places(study, plan))
    >>> found.changed_places[["name", "place_change"]].values.tolist()
    [['La Fabrique', 'listed']]
    """
    here, chosen = after.territory, after.parameters
    if set(before.territory.communes) != set(here.communes) or before.territory.crs != here.crs:
        raise InputError(tell("compare_territories", before=before.territory.name, after=here.name))
    if before.parameters.as_of > chosen.as_of:
        raise InputError(tell("compare_order", before=before.parameters.as_of, after=chosen.as_of))
    if after.network is None and any(source.layer == "network" for source in after.inputs):
        raise InputError(tell("compare_streets"))
    places, sides = changed_places(before.structures, after.structures, (before.parameters.as_of, chosen.as_of))
    layers = {"communes": after.communes, "neighbourhoods": after.neighbourhoods, "qpv": after.qpv}
    _, areas, near = gather_measured(after.demand, after.network, territory=here.name, **layers)
    changes = reach_difference(
        cast("gpd.GeoDataFrame", after.demand[near]),
        sides,
        areas,
        odds=activity_odds(after.structures),
        within_minutes=chosen.thresholds_min,
        speed_kmh=chosen.speed_kmh,
        network=after.network,
        draws=chosen.draws,
        seed=chosen.seed,
        level=chosen.level,
    )
    return Comparison(before=before, after=after, changed_places=places, changes=changes)


def read_study(folder: Path | str, *, network: Path | str | None = None) -> Setting:
    """Return what a folder that a study published was measured from: layers, residents, parameters and sources.

    Parameters
    ----------
    folder
        Written by ``essgeo study`` or :func:`essgeo.publish_study`.
    network
        The streets that it walked on, where it did: a folder does not hold them.

    Returns
    -------
    Setting
        For :func:`compare_studies`; its portrait, its list to review and the zones of its structures are empty.

    Raises
    ------
    InputError
        The folder is none, lacks a file, or holds one that cannot be read.

    Examples
    --------
    >>> read_study("nowhere")
    Traceback (most recent call last):
    ...
    essgeo.errors.InputError: nowhere: datapackage.json is missing: not a folder that this version of essgeo ... wrote.
    """
    folder = Path(folder)
    written = _package(folder)
    try:
        named, run = written["territory"], written["parameters"]
        given = {one.name: run[one.name] for one in fields(Parameters) if one.name in run}
        lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
        chosen = Parameters(**{**given, **lists, "as_of": dt.date.fromisoformat(given["as_of"])})
        inputs = tuple(Input(**source) for source in written["inputs"])
        here = Territory(
            named["id"], named["name"], named["crs"], chosen.vintage, tuple(named["communes"]), folder, (),
            named["name_in"],
        )  # fmt: skip
        lang = cast("Lang", written["lang"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(tell("compare_damaged", folder=folder, file=PACKAGE, why=error)) from error
    layers = {
        name: _layer(folder, name).set_index(table.key[0]) for name, table in STUDY_TABLES.items() if table.geographic
    }
    demand, structures = _layer(folder, RESIDENTS), layers.pop("structures")
    inside = structures[["geometry"]].sjoin(layers["communes"][["geometry"]].rename_axis("geo_citycode"), how="left")
    code = inside["geo_citycode"][~inside.index.duplicated()].fillna("")
    nothing = pd.DataFrame()
    return Setting(
        territory=here,
        parameters=chosen,
        lang=lang,
        inputs=inputs,
        structures=cast("gpd.GeoDataFrame", structures.assign(geo_citycode=code)),
        demand=demand,
        structure_zones=nothing,
        portrait=nothing,
        review=nothing,
        network=read_network(Path(network), layers["communes"], steps=chosen.profile != "wheelchair")
        if network
        else None,
        files={f"{folder.name}/{name}": path for name, path in _files(folder).items()},
        **layers,
    )


def publish_comparison(found: Comparison, out: Path | str, *, excel: bool = False) -> list[Path]:
    """Write the page and the tables of a comparison into a folder, all of them or none.

    Parameters
    ----------
    found
        From :func:`compare_studies`.
    out
        The folder. What an earlier run wrote there is replaced; other files stay.
    excel
        Write CSV as the Excel of France opens it, and head the workbook in words.

    Returns
    -------
    list of Path
        ``index.html``, its style, then the files of :func:`essgeo.publish.export.export_comparison`.

    Raises
    ------
    InputError
        The folder cannot be written, or a file that was read would be overwritten.

    Examples
    --------
    >>> import tempfile
    >>> study = small_study()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = publish_comparison(compare_studies(study, study), Path(folder) / "same")
    >>> sorted(path.name for path in written if path.suffix not in {".css", ".js", ".svg"})
    ['ATTRIBUTIONS.md', 'changed_places.csv', 'changes.csv', 'changes.xlsx', 'datapackage.json', 'index.html']
    """
    out = Path(out)
    check_folder(out, {**found.before.files, **found.after.files})
    with staged(out) as staging:
        files = [*build_before_after(found, staging), *export_comparison(found, staging, excel=excel)]
        names = [path.relative_to(staging) for path in files]
    return [out / name for name in names]


def _package(folder: Path) -> dict[str, Any]:
    path = folder / PACKAGE
    if not path.is_file():
        raise InputError(tell("compare_no_folder", folder=folder, file=PACKAGE))
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(tell("compare_damaged", folder=folder, file=PACKAGE, why=error)) from error
    if not isinstance(written, dict):
        raise InputError(tell("compare_damaged", folder=folder, file=PACKAGE, why="{}"))
    return written


def _files(folder: Path) -> dict[str, Path]:
    """Return the layers of a folder by their names; what rests on data under the ODbL has an ending of its own."""
    return {path.stem.removesuffix("_odbl"): path for path in sorted((folder / "geoparquet").glob("*.parquet"))}


def _layer(folder: Path, name: str) -> gpd.GeoDataFrame:
    path = _files(folder).get(name)
    if path is None:
        raise InputError(tell("compare_no_folder", folder=folder, file=f"geoparquet/{name}.parquet"))
    layer = read_parquet(path)
    if not isinstance(layer, gpd.GeoDataFrame):
        raise InputError(tell("compare_damaged", folder=folder, file=path.name, why="geometry"))
    return layer
