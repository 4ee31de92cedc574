"""A map to import into uMap (umap-project.org): layers, colours, and popups that are tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from essgeo.crs import GEOGRAPHIC
from essgeo.exports.styles import FAMILY_COLOURS, OUTLINES
from essgeo.tables import TABLES
from essgeo.vocabulary import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import geopandas as gpd

    from essgeo.results import Study

_SHOWN = {
    "structures": (
        "name",
        "address",
        "city",
        "sectors",
        "status",
        "geo_status",
        "geo_radius_m",
        "qpv_name",
        "qpv_relation",
        "qpv_vintage",
    ),
    "qpv": ("name", "vintage", "interest", "programme"),
    "npnru": ("name", "vintage", "interest", "programme"),
    "neighbourhoods": ("name", "city", "note"),
    "communes": ("name", "population"),
}
_FLAT = str.maketrans({"<": "\u2039", ">": "\u203a"})


def write_umap(study: Study, layers: Mapping[str, gpd.GeoDataFrame], path: Path, *, attribution: str) -> None:
    """Write the layers as one uMap file.

    Popups are of uMap's ``Table`` kind, which shows values as text. A name also becomes a title that uMap builds as
    HTML: ``<`` and ``>`` are written as single quotation marks (U+2039, U+203A).

    Parameters
    ----------
    study
        What a run found: its name, day and language.
    layers
        The published layers under the Licence Ouverte; structures are split by family, others drawn as outlines.
    path
        File to write.
    attribution
        Sources and caveats, the description and credit of the map.
    """
    lang = study.lang
    degrees = {name: layers[name].to_crs(GEOGRAPHIC) for name in _SHOWN if name in layers}
    west, south, east, north = study.communes.to_crs(GEOGRAPHIC).total_bounds
    drawn = [
        _layer(
            TABLES[name].title[lang],
            _features(degrees[name], name),
            {"color": colour, "fill": name == "qpv", "fillOpacity": 0.15},
        )
        for name, colour in reversed(OUTLINES.items())
        if name in degrees
    ]
    if "structures" in degrees:
        located = degrees["structures"][degrees["structures"].geometry.notna()]
        family = located["family"].where(located["family"].isin(list(FAMILIES)), "unknown")
        drawn += [
            _layer(
                FAMILIES[code][lang],
                _features(located[family == code], "structures"),
                {"color": colour, "iconClass": "Circle"},
            )
            for code, colour in FAMILY_COLOURS.items()
            if (family == code).any()
        ]
    content = {
        "type": "umap",
        "geometry": {"type": "Point", "coordinates": [round((west + east) / 2, 6), round((south + north) / 2, 6)]},
        "properties": {
            "name": f"{study.territory.name}, {study.parameters.as_of:%Y-%m-%d}".translate(_FLAT),
            "description": attribution.translate(_FLAT),
            "shortCredit": attribution.translate(_FLAT),
            "zoom": 13,
            "easing": False,
            "onLoadPanel": "databrowser",
            "scaleControl": True,
        },
        "layers": drawn,
    }
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _layer(name: str, features: list[Any], options: dict[str, object]) -> dict[str, Any]:
    shared = {"name": name, "displayOnLoad": True, "browsable": True, "popupTemplate": "Table", "labelKey": "name"}
    return {"type": "FeatureCollection", "features": features, "_umap_options": shared | options}


def _features(layer: gpd.GeoDataFrame, name: str) -> list[Any]:
    shown = layer[[*_SHOWN[name], "geometry"]].copy()
    for column in shown.select_dtypes("object"):
        shown[column] = [text.translate(_FLAT) for text in shown[column]]
    shown.geometry = shown.geometry.set_precision(1e-6)
    return list(json.loads(shown.to_json(na="drop", drop_id=True))["features"])
