"""A map to import into uMap (umap-project.org): layers, colours, and popups that are tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from essgeo.crs import GEOGRAPHIC
from essgeo.files.write import cells_of
from essgeo.publish.geopackage import COVERAGE_COLOURS, FAMILY_COLOURS, MARKERS, OUTLINES
from essgeo.publish.release import licences_of
from essgeo.schema.columns import TABLES
from essgeo.schema.vocabulary import (
    FAMILIES,
    GEO_STATUSES,
    INTERESTS,
    RELATIONS,
    SECTORS,
    SITE_STATES,
    STATUSES,
    split_codes,
)
from essgeo.text.languages import words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    import geopandas as gpd

    from essgeo.files.provenance import Input
    from essgeo.messages import Lang
    from essgeo.publish.release import Licence
    from essgeo.results import Study
    from essgeo.schema.vocabulary import Labels


_CODED: dict[str, Labels] = {
    "sectors": SECTORS,
    "status": STATUSES,
    "state": SITE_STATES,
    "geo_status": GEO_STATUSES,
    "interest": INTERESTS,
    "qpv_relation": RELATIONS,
}

# The rows of each popup: the words beside them are those of ``[umap]``. A feature's own ``name`` is its title.
_SHOWN: dict[str, tuple[str, ...]] = {
    "structures": (
        *("address", "city", "sectors", "status", "geo_status", "geo_radius_m"),
        *("qpv_name", "qpv_relation", "qpv_vintage"),
    ),
    "sites": ("address", "city", "surface_m2", "available_from", "available_to", "state"),
    "neighbourhoods": ("city",),
    "npnru": ("interest", "programme", "vintage"),
    "qpv": ("cities", "vintage"),
    "communes": ("population",),
    "iris": ("city", "population", "coverage_share"),
}

# uMap builds a title as HTML, and quotation marks close nothing in it.
_FLAT = str.maketrans({"<": "\u2039", ">": "\u203a"})


def write_umap(
    study: Study,
    layers: Mapping[str, gpd.GeoDataFrame],
    path: Path,
    *,
    inputs: Collection[Input],
    caveats: Iterable[str],
) -> None:
    """Write the layers that are not share-alike as one uMap file.

    Structures are split by family; IRIS are coloured by the share of their residents within reach, and hidden at first;
    areas are drawn as outlines. Popups are of uMap's ``Table`` kind, which shows values as text. A name also becomes a
    title that uMap builds as HTML: ``<`` and ``>`` are written as single quotation marks (U+2039, U+203A).
    """
    cited = [f"{source.title} ({source.publisher}, {source.vintage}, {source.licence})." for source in inputs]
    credit = " ".join([*cited, *caveats]).translate(_FLAT)
    licence: Licence = licences_of(inputs)[0] if inputs else {"name": "other", "title": ""}
    lang = study.lang
    west, south, east, north = study.communes.to_crs(GEOGRAPHIC).total_bounds
    own = words(lang)["umap"]
    content = {
        "type": "umap",
        "geometry": {"type": "Point", "coordinates": [round((west + east) / 2, 6), round((south + north) / 2, 6)]},
        "properties": {
            "name": f"{study.territory.name}, {study.parameters.as_of:%Y-%m-%d}".translate(_FLAT),
            "description": credit,
            "shortCredit": credit,
            "licence": {"name": licence["title"].translate(_FLAT), "url": licence.get("path", "")},
            "zoom": 13,
            "easing": False,
            "onLoadPanel": "databrowser",
            "facetKey": f"{own['city']},{own['status']}",
            "scaleControl": True,
        },
        "layers": [_layer(*drawn) for drawn in _drawn(layers, lang)],
    }
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _drawn(layers: Mapping[str, gpd.GeoDataFrame], lang: Lang) -> list[tuple[str, list[Any], dict[str, object]]]:
    """Return the title, features and options of each layer of the map, the lowest first."""
    drawn: list[tuple[str, list[Any], dict[str, object]]] = []
    if "iris" in layers:
        percent = layers["iris"].assign(coverage_share=100 * layers["iris"]["coverage_share"])
        drawn.append((TABLES["iris"].title[lang], _features(percent, "iris", lang), _choropleth(lang)))
    drawn += [
        (
            TABLES[name].title[lang],
            _features(layers[name], name, lang),
            {"color": colour, "fill": name == "qpv", "fillOpacity": 0.15},
        )
        for name, colour in reversed(OUTLINES.items())
        if name in layers
    ]
    if "sites" in layers:
        options: dict[str, object] = {"color": MARKERS["sites"], "iconClass": "Circle"}
        drawn.append((TABLES["sites"].title[lang], _features(layers["sites"], "sites", lang), options))
    if "structures" in layers:
        structures = layers["structures"]
        family = structures["family"].where(structures["family"].isin(list(FAMILIES)), "unknown")
        drawn += [
            (
                FAMILIES[code][lang],
                _features(structures[family == code], "structures", lang),
                {"color": colour, "iconClass": "Circle"},
            )
            for code, colour in FAMILY_COLOURS.items()
            if (family == code).any()
        ]
    return drawn


def _choropleth(lang: Lang) -> dict[str, object]:
    classes = len(COVERAGE_COLOURS)
    shown = {
        "property": words(lang)["umap"]["coverage_share"],
        "classes": classes,
        "mode": "manual",
        "breaks": ",".join(f"{100 * i / classes:g}" for i in range(classes + 1)),
        "brewer": "YlGnBu",
    }
    return {"type": "Choropleth", "choropleth": shown, "displayOnLoad": False}


def _layer(name: str, features: list[Any], options: dict[str, object]) -> dict[str, Any]:
    shared = {"name": name, "displayOnLoad": True, "browsable": True, "popupTemplate": "Table", "labelKey": "name"}
    return {"type": "FeatureCollection", "features": features, "_umap_options": shared | options}


def _features(layer: gpd.GeoDataFrame, name: str, lang: Lang) -> list[Any]:
    """Return the rows that have a geometry, their codes in words, what is not known left out."""
    placed = layer[layer.geometry.notna()]
    own = words(lang)["umap"] | {"name": "name"}
    if name == "qpv":
        own = own | {"vintage": own["zone_vintage"]}
    columns = {}
    for column in ("name", *_SHOWN[name]):
        cells = cells_of(placed[column])
        if placed[column].dtype == object:
            labels = {code: label[lang].translate(_FLAT) for code, label in _CODED.get(column, {}).items()}
            if labels:
                cells = [", ".join(labels.get(code, code) for code in split_codes(cell)) for cell in cells]
            cells = [cell.translate(_FLAT) or None for cell in cells]
        columns[own[column]] = cells
    shapes = placed.geometry.to_crs(GEOGRAPHIC).set_precision(1e-6)
    return [
        {
            "type": "Feature",
            "properties": {title: cell for title, cell in zip(columns, row, strict=True) if cell is not None},
            "geometry": shape.__geo_interface__,
        }
        for shape, *row in zip(shapes, *columns.values(), strict=True)
    ]
