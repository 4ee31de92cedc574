"""What the script of a map reads: words, outlines with their popups, the shares of the coverage map."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.crs import GEOGRAPHIC
from essgeo.maps import popups
from essgeo.maps.assets import MAP_SCRIPT, contents
from essgeo.maps.background import BACKGROUNDS
from essgeo.maps.geojson import POINT_DIGITS, Collection, collection, outlines
from essgeo.maps.register import LISTS
from essgeo.maps.symbols import SECTOR_SYMBOLS, SHAPES, SHARE_BREAKS, SHARE_COLOURS, SHARE_HATCHES
from essgeo.maps.texts import texts
from essgeo.words.formats import placed
from essgeo.words.vocabulary import CHALLENGES, FAMILIES, GEO_STATUSES, ROLES, SECTORS, STAGES, STATUSES, THEMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.maps.background import Choice
    from essgeo.results import Study
    from essgeo.words.vocabulary import Labels, Lang

SHARE_DIGITS = 3
_VOCABULARIES = {
    **dict(zip(LISTS, (SECTORS, CHALLENGES, ROLES, STAGES), strict=True)),
    "family": FAMILIES,
    "status": STATUSES,
    "geo_status": GEO_STATUSES,
    "themes": THEMES,
}


def study_content(study: Study, background: Choice, page: str = "{code}.html") -> dict[str, Any]:
    """Return what every map of a study shows: words, symbols, outlines, shares.

    Parameters
    ----------
    study
        The run.
    background
        Key of the background tiles.
    page
        Address of the page of a neighbourhood, with ``{code}``.

    Returns
    -------
    dict
        Ready for JSON: no missing number, longitude and latitude rounded to six decimals at most.
    """
    day = study.parameters.as_of
    return {
        "lang": study.lang,
        "minutes": study.parameters.walk_minutes,
        "page": page,
        "day": day.isoformat(),
        "texts": {key: text for key, text in texts(study.lang)["map"].items() if key in asked_words()},
        "labels": labels_by_field(study.lang),
        "shapes": SHAPES,
        "symbols": SECTOR_SYMBOLS,
        "breaks": SHARE_BREAKS,
        "colours": SHARE_COLOURS,
        "hatches": SHARE_HATCHES,
        "background": BACKGROUNDS.get(background),
        "layers": layers(study),
        "coverage": iris_shares(study),
    }


def map_content(study: Study, focus: str = "", rows: NDArray[np.intp] | None = None) -> dict[str, Any]:
    """Return what one map shows of that: its place and, where it is a part of the register, which rows.

    Parameters
    ----------
    study
        The run.
    focus
        Identifier of the neighbourhood the map opens on, with a walk around it; the territory where empty.
    rows
        Rows of the register that this map shows, in order; all of them where ``None``. They are given as steps.
    """
    chosen = study.parameters
    reach_m = chosen.walk_minutes * chosen.speed_kmh * METRES_PER_MINUTE_AT_1_KMH / chosen.detour
    place = study.neighbourhoods.geometry.loc[[focus]].buffer(reach_m) if focus else study.communes.geometry
    west, south, east, north = place.to_crs(GEOGRAPHIC).total_bounds.round(POINT_DIGITS).tolist()
    steps = None if rows is None else np.diff(rows, prepend=0).tolist()
    return {"bounds": [[south, west], [north, east]], "focus": focus, "rows": steps}


@cache
def asked_words() -> frozenset[str]:
    """Return the words that the script of a map asks for: the others stand in the page already.

    Examples
    --------
    >>> sorted(asked_words())[:3]
    ['all_themes', 'and_more', 'as_of']
    """
    script = contents()[MAP_SCRIPT]
    kinds = {f"kind_{name}" for name in ("iris", "communes", "qpv", "npnru", "neighbourhoods", "stations", "sites")}
    return frozenset(kinds | set(re.findall(r"\bwords\.(\w+)", script)))


def labels_by_field(lang: Lang) -> dict[str, dict[str, str]]:
    """Return the labels of each coded field of a structure in one language.

    Examples
    --------
    >>> labels_by_field("en")["geo_status"]["masked"]
    'Masked by law'
    """
    return {field: labels(vocabulary, lang) for field, vocabulary in _VOCABULARIES.items()}


def labels(vocabulary: Labels, lang: Lang) -> dict[str, str]:
    """Return the labels of a vocabulary in one language.

    Examples
    --------
    >>> labels({"yes": {"fr": "oui", "en": "yes"}}, "fr")
    {'yes': 'oui'}
    """
    return {code: label[lang] for code, label in vocabulary.items()}


def months(study: Study) -> tuple[int, int, int] | None:
    """Return the first month, the last one and that of the study, as months since year 0.

    Returns
    -------
    tuple of int or None
        From the first to the last known date of a structure or a site, the day of the study included; ``None`` where no
        date is known.

    Examples
    --------
    >>> first, last, now = months(study_est_ensemble())
    >>> first < now <= last, divmod(now, 12)
    (True, (2026, 0))
    """
    dates = pd.concat(
        [
            study.structures["active_from"],
            study.structures["active_to"],
            study.sites["available_from"],
            study.sites["available_to"],
        ]
    )
    parts = dates.astype(str).str.extract(r"^(\d{4})(?:-(\d{2}))?").dropna(subset=[0])
    if parts.empty:
        return None
    known = 12 * parts[0].astype(int) + parts[1].fillna("01").astype(int) - 1
    now = 12 * study.parameters.as_of.year + study.parameters.as_of.month - 1
    return min(int(known.min()), now), max(int(known.max()), now), now


def layers(study: Study) -> dict[str, Collection]:
    """Return every layer but the structures as GeoJSON with its popups."""
    return {
        "communes": collection(outlines(study.communes), popups.communes(study)),
        "iris": collection(outlines(study.iris), _iris(study.iris)),
        "qpv": collection(outlines(study.qpv), popups.qpv(study)),
        "npnru": collection(outlines(study.npnru), popups.npnru(study)),
        "neighbourhoods": collection(outlines(study.neighbourhoods), popups.neighbourhoods(study)),
        "stations": collection(study.stations.geometry.to_crs(GEOGRAPHIC), popups.stations(study)),
        "sites": collection(study.sites.geometry.to_crs(GEOGRAPHIC), popups.sites(study)),
    }


def coverage_themes(study: Study) -> list[str]:
    """Return the themes of the coverage map, in the order of the vocabulary."""
    known = set(study.iris_coverage["theme"].unique())
    return [code for code in THEMES if code in known]


def iris_shares(study: Study) -> dict[str, Any]:
    """Return the themes of the coverage map and, for each IRIS, the share of residents within reach of each theme."""
    table = study.iris_coverage
    table = table[table["minutes"] == study.parameters.walk_minutes]
    shares = table.pivot_table(index="iris_code", columns="theme", values="share", observed=True)
    themes = coverage_themes(study)
    return {
        "themes": themes,
        "shares": {
            str(code): [_rounded(value) for value in row]
            for code, row in zip(shares.index, shares[themes].to_numpy().tolist(), strict=True)
        },
    }


def _iris(layer: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"id": str(code), "title": placed(name, city), "population": _rounded(people, 0), "income": _rounded(income, 0)}
        for code, name, city, people, income in zip(
            layer.index, layer["name"], layer["city"], layer["population"], layer["median_income"], strict=True
        )
    ]


def _rounded(value: float, digits: int = SHARE_DIGITS) -> float | None:
    if value is None or math.isnan(value):
        return None
    return round(value, digits) if digits else round(value)
