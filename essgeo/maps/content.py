"""The data a map page holds: layers as GeoJSON, the register as columns, the shares of the coverage map."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.crs import GEOGRAPHIC
from essgeo.maps import popups
from essgeo.maps.background import BACKGROUNDS
from essgeo.formats import number, percent
from essgeo.maps.geojson import POINT_DIGITS, Collection, collection, outlines
from essgeo.maps.rows import Row, records
from essgeo.maps.symbols import SECTOR_SYMBOLS, SHAPES, SHARE_BREAKS, SHARE_COLOURS
from essgeo.maps.texts import texts
from essgeo.vocabulary import CHALLENGES, FAMILIES, GEO_STATUSES, ROLES, SECTORS, STAGES, STATUSES, THEMES, split_codes

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from essgeo.results import Study
    from essgeo.vocabulary import Labels, Lang

Column: TypeAlias = list[Any] | dict[str, list[Any]]

SHARE_DIGITS = 3
_CODES = {"sectors": SECTORS, "challenges": CHALLENGES, "roles": ROLES, "support_stages": STAGES}
_SINGLE = {"family": FAMILIES, "status": STATUSES}
_PLAIN = ("name", "aliases", "address", "postcode", "city", "active_from", "active_to", "as_of", "source", "note")


def map_content(study: Study, *, structures: gpd.GeoDataFrame, focus: str = "") -> dict[str, Any]:
    """Return everything the script of a map page reads.

    Parameters
    ----------
    study
        The run.
    structures
        The structures of this page: the register or a part of it.
    focus
        Identifier of the neighbourhood the map opens on, with a walk around it; the territory where empty.

    Returns
    -------
    dict
        Ready for JSON: no missing number, longitude and latitude rounded to six decimals.
    """
    chosen = study.parameters
    reach_m = chosen.walk_minutes * chosen.speed_kmh * METRES_PER_MINUTE_AT_1_KMH / chosen.detour
    place = study.neighbourhoods.geometry.loc[[focus]].buffer(reach_m) if focus else study.communes.geometry
    west, south, east, north = place.to_crs(GEOGRAPHIC).total_bounds.round(POINT_DIGITS).tolist()
    return {
        "lang": study.lang,
        "bounds": [[south, west], [north, east]],
        "focus": focus,
        "minutes": study.parameters.walk_minutes,
        "texts": texts(study.lang)["map"],
        "labels": {
            name: labels(vocabulary, study.lang) for name, vocabulary in (_CODES | _SINGLE | {"themes": THEMES}).items()
        },
        "shapes": SHAPES,
        "symbols": SECTOR_SYMBOLS,
        "breaks": SHARE_BREAKS,
        "colours": SHARE_COLOURS,
        "backgrounds": BACKGROUNDS,
        "layers": layers(study),
        "coverage": iris_shares(study),
        "structures": register(structures, study),
        "total": len(study.structures),
    }


def labels(vocabulary: Labels, lang: Lang) -> dict[str, str]:
    """Return the labels of a vocabulary in one language.

    Examples
    --------
    >>> labels({"yes": {"fr": "oui", "en": "yes"}}, "fr")
    {'yes': 'oui'}
    """
    return {code: label[lang] for code, label in vocabulary.items()}


def layers(study: Study) -> dict[str, Collection]:
    """Return every layer but the structures as GeoJSON with its popups."""
    return {
        "communes": collection(outlines(study.communes, coverage=True), popups.communes(study)),
        "iris": collection(outlines(study.iris, coverage=True), _iris(study.iris)),
        "qpv": collection(outlines(study.qpv), popups.qpv(study)),
        "npnru": collection(outlines(study.npnru), popups.npnru(study)),
        "neighbourhoods": collection(outlines(study.neighbourhoods), popups.neighbourhoods(study)),
        "stations": collection(study.stations.geometry.to_crs(GEOGRAPHIC), popups.stations(study)),
        "sites": collection(study.sites.geometry.to_crs(GEOGRAPHIC), popups.sites(study)),
    }


def iris_shares(study: Study) -> dict[str, Any]:
    """Return the themes of the coverage map and, for each IRIS, the share of residents within reach of each theme."""
    table = study.iris_coverage
    table = table[table["minutes"] == study.parameters.walk_minutes]
    shares = table.pivot_table(index="iris_code", columns="theme", values="share", observed=True)
    themes = [code for code in THEMES if code in shares.columns]
    return {
        "themes": themes,
        "shares": {
            str(code): [_rounded(value) for value in row]
            for code, row in zip(shares.index, shares[themes].to_numpy().tolist(), strict=True)
        },
    }


def register(structures: gpd.GeoDataFrame, study: Study) -> dict[str, Column]:
    """Return structures as one column a field, which weighs a fraction of one object a row.

    Parameters
    ----------
    structures
        Layer of structures, in the CRS of the territory.
    study
        The run, for the language and the vintage.

    Returns
    -------
    dict
        Texts as they are; ``latitude`` and ``longitude`` (``None`` where not located); vocabularies as their codes.
        Each column as :func:`packed` makes it.
    """
    points = structures.geometry.to_crs(GEOGRAPHIC)
    columns: dict[str, list[Any]] = {"id": [str(index) for index in structures.index]}
    columns |= {name: structures[name].tolist() for name in (*_PLAIN, *_SINGLE)}
    columns |= {name: [split_codes(cell) for cell in structures[name]] for name in _CODES}
    columns["latitude"] = [_rounded(value, POINT_DIGITS) for value in points.y]
    columns["longitude"] = [_rounded(value, POINT_DIGITS) for value in points.x]
    columns["radius"] = [_rounded(value, 0) for value in structures["geo_radius_m"]]
    columns["counted"] = [int(value) for value in structures["counted"]]
    columns["position"] = [structure_label(status, study.lang) for status in structures["geo_status"]]
    columns["qpv"] = [_qpv(row, study) for row in records(structures)]
    return {name: packed(values) for name, values in columns.items()}


def packed(values: list[Any]) -> Column:
    """Return a column as it is, or, where few values come again and again, as these values and places among them.

    Examples
    --------
    >>> packed(["Pantin", "Pantin", "Bondy", "Pantin"])
    {'values': ['Pantin', 'Bondy'], 'places': [0, 0, 1, 0]}
    >>> packed(["a", "b"])
    ['a', 'b']
    """
    keys = [str(value) for value in values]
    distinct = dict(zip(reversed(keys), reversed(values), strict=True))
    first = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    if 2 * len(first) > len(values):
        return values
    return {"values": [distinct[key] for key in first], "places": [first[key] for key in keys]}


def structure_label(geo_status: str, lang: Lang) -> str:
    """Return the label of a ``geo_status``.

    Examples
    --------
    >>> structure_label("masked", "en")
    'Masked by law'
    """
    return GEO_STATUSES[geo_status][lang]


def _iris(layer: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"id": str(code), "title": f"{name} ({city})", "population": _rounded(people, 0), "income": _rounded(income, 0)}
        for code, name, city, people, income in zip(
            layer.index, layer["name"], layer["city"], layer["population"], layer["median_income"], strict=True
        )
    ]


def _qpv(row: Row, study: Study) -> str:
    if not row["qpv"]:
        return ""
    words = texts(study.lang)["map"]
    key = {"in": "qpv_in", "undetermined": "qpv_undetermined"}.get(row["qpv_relation"], "qpv_near")
    return words[key].format(
        name=row["qpv_name"],
        vintage=row["qpv_vintage"],
        probability=percent(row["qpv_probability"], study.lang),
        metres=number(row["qpv_distance_m"], study.lang),
    )


def _rounded(value: float, digits: int = SHARE_DIGITS) -> float | None:
    if value is None or math.isnan(value):
        return None
    return round(value, digits) if digits else round(value)
