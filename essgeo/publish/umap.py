"""A map to import into uMap (umap-project.org): layers, colours, and popups that are tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from essgeo.crs import GEOGRAPHIC
from essgeo.publish.geopackage import COVERAGE_COLOURS, FAMILY_COLOURS, MARKERS, OUTLINES
from essgeo.schema.columns import TABLES
from essgeo.schema.vocabulary import (
    CHALLENGES,
    FAMILIES,
    GEO_REASONS,
    GEO_STATUSES,
    ROLES,
    SECTORS,
    SITE_STATES,
    STAGES,
    STATUSES,
    split_codes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import geopandas as gpd

    from essgeo.publish.licences import Licence
    from essgeo.results import Study
    from essgeo.schema.vocabulary import Labels, Lang


_RELATIONS: Labels = {
    "in": {"fr": "oui", "en": "yes"},
    "out": {"fr": "non", "en": "no"},
    "undetermined": {"fr": "indéterminé", "en": "undetermined"},
    "unknown": {"fr": "non connu", "en": "not known"},
}

_INTERESTS: Labels = {
    "national": {"fr": "national", "en": "national"},
    "regional": {"fr": "régional", "en": "regional"},
    "none": {"fr": "aucun", "en": "none"},
}

_WORDS: dict[str, Labels] = {
    "sectors": SECTORS,
    "challenges": CHALLENGES,
    "roles": ROLES,
    "support_stages": STAGES,
    "family": FAMILIES,
    "status": STATUSES,
    "state": SITE_STATES,
    "geo_status": GEO_STATUSES,
    "geo_reason": GEO_REASONS,
    "reason": GEO_REASONS,
    "interest": _INTERESTS,
    "relation": _RELATIONS,
    "qpv_relation": _RELATIONS,
}


def labelled(column: str, values: Iterable[str], lang: Lang) -> list[str]:
    """Return the values of a column with each code replaced by its label; other text stays.

    Parameters
    ----------
    column
        A name of :data:`essgeo.schema.columns.COLUMNS`.
    values
        Its values, several codes separated by ``|``.
    lang
        Language of the labels.

    Returns
    -------
    list of str
        Several labels are separated by commas.

    Examples
    --------
    >>> labelled("sectors", ["mobilite|numerique", ""], "en"), labelled("city", ["Bondy"], "en")
    (['Mobility, Digital', ''], ['Bondy'])
    """
    words = _WORDS.get(column)
    if words is None:
        return list(values)
    return [", ".join(words[code][lang] if code in words else code for code in split_codes(text)) for text in values]


# The rows of each popup: columns, with the word that stands beside the value. A feature's own ``name`` is its title.
_SHOWN: dict[str, Labels] = {
    "structures": {
        "address": {"fr": "adresse", "en": "address"},
        "city": {"fr": "commune", "en": "city"},
        "sectors": {"fr": "secteurs", "en": "sectors"},
        "status": {"fr": "activité", "en": "activity"},
        "geo_status": {"fr": "position", "en": "position"},
        "geo_radius_m": {"fr": "rayon d'incertitude (m)", "en": "radius of uncertainty (m)"},
        "qpv_name": {"fr": "QPV le plus proche", "en": "nearest QPV"},
        "qpv_relation": {"fr": "dans ce QPV", "en": "in that QPV"},
        "qpv_vintage": {"fr": "QPV de", "en": "QPV of"},
    },
    "sites": {
        "address": {"fr": "adresse", "en": "address"},
        "city": {"fr": "commune", "en": "city"},
        "surface_m2": {"fr": "surface (m²)", "en": "area (m²)"},
        "available_from": {"fr": "disponible à partir de", "en": "available from"},
        "available_to": {"fr": "disponible jusqu'à", "en": "available to"},
        "state": {"fr": "état", "en": "state"},
    },
    "neighbourhoods": {"city": {"fr": "commune", "en": "city"}},
    "npnru": {
        "interest": {"fr": "intérêt", "en": "interest"},
        "programme": {"fr": "projet", "en": "project"},
        "vintage": {"fr": "QPV de", "en": "QPV of"},
    },
    "qpv": {"cities": {"fr": "communes", "en": "cities"}, "vintage": {"fr": "millésime", "en": "vintage"}},
    "communes": {"population": {"fr": "habitants", "en": "residents"}},
    "iris": {
        "city": {"fr": "commune", "en": "city"},
        "population": {"fr": "habitants", "en": "residents"},
        "coverage_share": {"fr": "habitants à portée (%)", "en": "residents within reach (%)"},
    },
}

_FLAT = str.maketrans({"<": "\u2039", ">": "\u203a"})


def write_umap(
    study: Study, layers: Mapping[str, gpd.GeoDataFrame], path: Path, *, credit: str, licence: Licence
) -> None:
    """Write the layers as one uMap file.

    Popups are of uMap's ``Table`` kind, which shows values as text. A name also becomes a title that uMap builds as
    HTML: ``<`` and ``>`` are written as single quotation marks (U+2039, U+203A).

    Parameters
    ----------
    study
        What a run found: its name, day and language.
    layers
        The published layers that are not share-alike. Structures are split by family; IRIS are coloured by the share of
        their residents within reach, and hidden at first; areas are drawn as outlines.
    path
        File to write.
    credit
        Sources and caveats, the description and credit of the map.
    licence
        Licence of the map, from :func:`essgeo.publish.licences.licences_of`.
    """
    lang = study.lang
    west, south, east, north = study.communes.to_crs(GEOGRAPHIC).total_bounds
    words = _SHOWN["structures"]
    content = {
        "type": "umap",
        "geometry": {"type": "Point", "coordinates": [round((west + east) / 2, 6), round((south + north) / 2, 6)]},
        "properties": {
            "name": f"{study.territory.name}, {study.parameters.as_of:%Y-%m-%d}".translate(_FLAT),
            "description": credit.translate(_FLAT),
            "shortCredit": credit.translate(_FLAT),
            "licence": {"name": licence["title"].translate(_FLAT), "url": licence.get("path", "")},
            "zoom": 13,
            "easing": False,
            "onLoadPanel": "databrowser",
            "facetKey": f"{words['city'][lang]},{words['status'][lang]}",
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
        "property": _SHOWN["iris"]["coverage_share"][lang],
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
    placed = layer[layer.geometry.notna()].to_crs(GEOGRAPHIC)
    shown = placed[["name", *_SHOWN[name], "geometry"]].copy()
    for column in shown.columns.drop("geometry"):
        if shown[column].dtype == object:
            texts = [text.translate(_FLAT) for text in labelled(column, shown[column], lang)]
            shown[column] = pd.Series([text or None for text in texts], shown.index, dtype=object)
    shown.geometry = shown.geometry.set_precision(1e-6)
    named = shown.rename(columns={column: words[lang] for column, words in _SHOWN[name].items()})
    return list(json.loads(named.to_json(na="drop", drop_id=True))["features"])
