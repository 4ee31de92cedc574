"""What the script of a map reads: the register as columns, words, symbols, outlines, the shares of the coverage map."""

from __future__ import annotations

import math
import re
import string
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from essgeo.access.walking import reach_m
from essgeo.crs import GEOGRAPHIC
from essgeo.files.redact import SIREN, redact, redact_identifiers
from essgeo.maps.actors import elsewhere
from essgeo.maps.base import GROUND, KINDS, shown_base
from essgeo.maps.drawing import MARKS, POINT_DIGITS, STROKES, layers_with_popups, steps_of
from essgeo.maps.fill import SHARE_COLOURS, SHARE_DIGITS, coverage_themes, fill_content
from essgeo.maps.findings import headline_of, records_by, where
from essgeo.maps.render import BACKGROUNDS, MAP_SCRIPT, asset_texts
from essgeo.schema.columns import COLUMNS, SHOWN_PUBLISHED, TABLES
from essgeo.schema.vocabulary import (
    CHALLENGES,
    FAMILIES,
    GEO_STATUSES,
    ROLES,
    SECTOR_SYMBOLS,
    SECTORS,
    STAGES,
    STATUSES,
    THEMES,
    split_codes,
)
from essgeo.text.languages import texts, typeset
from essgeo.uncertainty.streets import ALONG, ASIDE_M, BEND

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.maps.base import Drawn
    from essgeo.maps.render import Choice
    from essgeo.messages import Lang
    from essgeo.results import Study
    from essgeo.siting.what_if import Gains


SHAPES = {
    "circle": "M-1 0A1 1 0 1 0 1 0A1 1 0 1 0-1 0Z",
    "square": "M-.85-.85H.85V.85H-.85Z",
    "triangle": "M0-1.1L1.05 .8H-1.05Z",
    "wedge": "M0 1.1L1.05-.8H-1.05Z",
    "diamond": "M0-1.2L1.1 0L0 1.2L-1.1 0Z",
    "pentagon": "M0-1.1L1.05-.34L.65 .89H-.65L-1.05-.34Z",
    "star": "M0-1.25L.33-.43L1.2-.38L.52 .18L.74 1.03L0 .55L-.74 1.03L-.52 .18L-1.2-.38L-.33-.43Z",
    "plus": "M-.4-1.1H.4V-.4H1.1V.4H.4V1.1H-.4V.4H-1.1V-.4H-.4Z",
    "cross": "M-1-.6L-.6-1L0-.4L.6-1L1-.6L.4 0L1 .6L.6 1L0 .4L-.6 1L-1 .6L-.4 0Z",
}
"""SVG paths of radius 1 around 0, for the legend and for the canvas of the map."""

Column: TypeAlias = list[Any] | dict[str, Any]

PART = 2000
"""Structures whose texts are loaded together."""

MANY = 800
"""Structures in view above which those of a cell of a grid are drawn as one disc."""

ALPHABET = string.digits + string.ascii_letters + "!#$%()*+,-./:;=?@[]^_{|}~"
"""One character a row, where a column has no more values than there are characters here."""

LEAST_DATED = 0.5
"""A slider of months is offered where the start of at least this share of the structures is known."""

LISTS = ("sectors", "challenges", "roles", "support_stages")

_CODES = ("family", "status", "geo_status", "active_from", "active_to")

_FACTS = ("source", "note")
"""What ends the popup of a structure: columns of text, each called what the words of the map say, else its own name."""

_TEXTS = ("name", "aliases", "address", "postcode", "city", "as_of", *_FACTS)


@dataclass(frozen=True)
class Register:
    """The register as a page reads it.

    Attributes
    ----------
    order
        The structures in the order of the rows: those that are located first, neighbours one after the other.
    positions
        What the map and its filters need: number of rows, of located ones and of rows a part; steps of ``latitude`` and
        ``longitude`` from one row to the next, in 0.00001°; the columns, each as :func:`packed` makes it.
    texts
        Identifiers, names, addresses, sources and relation to a QPV, :data:`PART` rows a part.
    """

    order: pd.Index
    positions: dict[str, Any]
    texts: tuple[dict[str, Column], ...]


def register(structures: gpd.GeoDataFrame) -> Register:
    """Return the register as columns, which weigh a fraction of one object a row, ready for JSON."""
    structures = _published(structures)
    located = structures[structures.geometry.notna()]
    located = (
        located.iloc[np.argsort(located.hilbert_distance().to_numpy(), kind="stable")] if len(located) else located
    )
    rows = pd.concat([pd.DataFrame(located), pd.DataFrame(structures[structures.geometry.isna()])])
    points = located.geometry.to_crs(GEOGRAPHIC)
    columns = {name: packed(rows[name]) for name in _CODES}
    columns |= {name: packed(rows[name], split_codes) for name in LISTS}
    columns["counted"] = packed(rows["counted"].astype(int))
    columns["radius"] = packed(_whole(rows["geo_radius_m"]))
    parts = [rows.iloc[start : start + PART] for start in range(0, len(rows), PART)]
    return Register(
        rows.index,
        {
            "count": len(rows),
            "located": len(located),
            "part": PART,
            "alphabet": ALPHABET,
            "many": MANY,
            "latitude": steps_of(points.y.to_numpy()),
            "longitude": steps_of(points.x.to_numpy()),
            "columns": columns,
        },
        tuple(_texts(part) for part in parts),
    )


def _published(structures: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the structures as they are published, with ``published_id``: masked rows tell where they count alone."""
    masked = structures["geo_status"] == "masked"
    identifiers = redact_identifiers(pd.Series([*structures.index], dtype=object), masked, SIREN).tolist()
    clear = redact(structures, masked, shown=SHOWN_PUBLISHED)
    return clear.assign(status=clear["status"].mask(masked, "unknown"), published_id=identifiers)


def packed(column: pd.Series, split: Any = None) -> Column:  # noqa: ANN401 - what a cell becomes
    """Return a column as it is, or, where few values come again and again, as these values and places among them.

    A column of one value has no places. ``split`` makes a value of a cell, where a cell is not its own value.

    Examples
    --------
    >>> packed(pd.Series(["Pantin", "Pantin", "Bondy", "Pantin"]))
    {'values': ['Pantin', 'Bondy'], 'places': '0010'}
    >>> packed(pd.Series(["a", "b"]))
    ['a', 'b']
    """
    # places: for each row, where its value stands in values, which are in the order they come; missing is a value too.
    places, values = pd.factorize(column, use_na_sentinel=False)
    known = pd.Series(values, dtype=object)
    made = [split(value) if split else value for value in known.where(known.notna(), None)]
    if len(made) == 1:
        return {"values": made}
    if 2 * len(made) > len(places):
        return [made[place] for place in places]
    if len(made) > len(ALPHABET):
        return {"values": made, "places": places.tolist()}
    # One byte a row: the places, rows long, pick letters of the alphabet, whose bytes are the text.
    letters = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
    return {"values": made, "places": letters[places].tobytes().decode()}


def _texts(rows: pd.DataFrame) -> dict[str, Column]:
    known = rows["qpv"] != ""
    return {
        "id": [str(identifier) for identifier in rows["published_id"]],
        **{name: packed(rows[name]) for name in _TEXTS},
        "qpv": packed(rows["qpv_name"].where(known, "")),
        "qpv_vintage": packed(rows["qpv_vintage"].where(known, "")),
        "qpv_relation": packed(rows["qpv_relation"].where(known, "")),
        "qpv_probability": packed(_whole(1000 * rows["qpv_probability"].where(known))),
        "qpv_distance": packed(_whole(rows["qpv_distance_m"].where(known))),
    }


def _whole(numbers: pd.Series) -> pd.Series:
    return numbers.round().astype("Int64").astype(object)


_VOCABULARIES = {
    **dict(zip(LISTS, (SECTORS, CHALLENGES, ROLES, STAGES), strict=True)),
    "family": FAMILIES,
    "status": STATUSES,
    "geo_status": GEO_STATUSES,
    "themes": THEMES,
}


def study_content(
    study: Study, background: Choice, base: Sequence[Drawn] = (), page: str = "{code}.html", letters: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what every map of a study shows: words, symbols, outlines, shares; ``page`` addresses a neighbourhood.

    ``letters`` are those under which there are streets, see :func:`essgeo.maps.base.address_files`.
    """
    day, words = study.parameters.as_of, texts(study.lang)["map"]
    failed = words["background_failed"].format(shown=shown_base(base, study.lang))
    return {
        "lang": study.lang,
        "minutes": study.parameters.walk_minutes,
        "level": study.parameters.level,
        "page": page,
        "day": day.isoformat(),
        "texts": {key: text for key, text in words.items() if key in asked_words()} | {"background_failed": failed},
        "labels": labels_by_field(study.lang),
        "facts": {name: words.get(name, COLUMNS[name].description[study.lang]) for name in _FACTS},
        "shapes": SHAPES,
        "symbols": SECTOR_SYMBOLS,
        "colours": SHARE_COLOURS,
        "background": BACKGROUNDS.get(background),
        "ground": {kind: ground._asdict() for kind, ground in GROUND.items()} if base else {},
        "base": [layer.file for layer in base],
        "layers": layers_with_popups(study),
        "elsewhere": elsewhere(study),
        "strokes": {name: stroke._asdict() for name, stroke in STROKES.items()},
        "marks": {name: mark._asdict() for name, mark in MARKS.items()},
        "coverage": fill_content(study),
        "addresses": {"letters": list(letters), "kinds": KINDS},
        **told_by_theme(study),
        "contact": study.territory.publisher.contact if study.territory.publisher else "",
        "dated": months(study) is not None,
        "walk": {
            "speed": study.parameters.speed_kmh,
            "along": ALONG,
            "aside": ASIDE_M,
            "bend": BEND,
            "minutes": list(study.parameters.thresholds_min),
            "note": words["walk_streets" if study.network is not None else "walk_straight"],
        },
    }


def gain_files(gains: Gains) -> dict[str, Any]:
    """Return what one place more would bring, by name: its cells, then a file a theme.

    Of each cell the residents newly within reach, the ends of the interval, and those of them in a target
    neighbourhood.
    """
    points = gains.cells.geometry.to_crs(GEOGRAPHIC)
    files: dict[str, Any] = {
        "gains": {
            "ids": gains.cells.index.tolist(),
            "latitude": steps_of(points.y.to_numpy()),
            "longitude": steps_of(points.x.to_numpy()),
            "draws": gains.draws,
        }
    }
    for at, theme in enumerate(gains.themes):
        newly, low, high, there = (
            np.rint(part[:, at]).astype(int) for part in (gains.newly, gains.low, gains.high, gains.there)
        )
        files[f"gains_{theme}"] = {
            "newly": newly.tolist(),
            "ends": np.column_stack([low, high]).tolist(),
            "there": [
                [cell, gains.neighbourhoods[name], int(there[cell, name])] for cell, name in np.argwhere(there).tolist()
            ],
        }
    return files


def map_content(
    study: Study,
    focus: str = "",
    outline: gpd.GeoSeries | None = None,
    rows: NDArray[np.intp] | None = None,
    theme: str = "all",
) -> dict[str, Any]:
    """Return what one map shows of that: the bounds of its area with a walk around it, or of the territory.

    It begins with a ``theme``. ``rows`` are the rows of the register that it shows, in order, given as steps; all where
    ``None``.
    """
    chosen = study.parameters
    around_m = reach_m(chosen.walk_minutes, chosen.speed_kmh)
    place = study.communes.geometry if outline is None else outline.buffer(around_m)
    west, south, east, north = place.to_crs(GEOGRAPHIC).total_bounds.round(POINT_DIGITS).tolist()
    steps = None if rows is None else np.diff(rows, prepend=0).tolist()
    return {"bounds": [[south, west], [north, east]], "focus": focus, "rows": steps, "theme": theme}


@cache
def asked_words() -> frozenset[str]:
    """Return the words that the script of a map asks for: the others stand in the page already."""
    script = asset_texts()[MAP_SCRIPT]
    kinds = {f"kind_{name}" for name, table in TABLES.items() if table.geographic and name != "structures"}
    return frozenset(kinds | set(re.findall(r"\bwords\.(\w+)", script)))


def labels_by_field(lang: Lang) -> dict[str, dict[str, str]]:
    """Return the labels of each coded field of a structure in one language."""
    written = typeset if lang == "fr" else str
    return {
        field: {code: written(label[lang]) for code, label in vocabulary.items()}
        for field, vocabulary in _VOCABULARIES.items()
    }


def months(study: Study) -> tuple[int, int, int] | None:
    """Return the first month, the last one and that of the study, as months since year 0.

    From the first to the last known date of a structure or a site, the day of the study included. None where the start
    is not known of most structures: months would show a history that nobody knows.
    """
    ends = [study.structures[name] for name in ("active_from", "active_to")]
    ends += [study.sites[name] for name in ("available_from", "available_to")]
    read = [dates.astype(str).str.extract(r"^(\d{4})(?:-(\d{2}))?") for dates in ends]
    if not read[0][0].notna().mean() >= LEAST_DATED:
        return None
    parts = pd.concat(read).dropna(subset=[0])
    known = 12 * parts[0].astype(int) + parts[1].fillna("01").astype(int) - 1
    now = 12 * study.parameters.as_of.year + study.parameters.as_of.month - 1
    return min(int(known.min()), now), max(int(known.max()), now), now


def plot_rows(study: Study, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of coverage of a theme of each target neighbourhood, then of the territory."""
    areas = {row["zone_id"]: row for row in rows if row["level"] == "neighbourhood"}
    unknown = {"share": math.nan}
    return [
        *(areas.get(code, unknown) for code in study.neighbourhoods.index),
        *(row for row in rows if row["level"] == "territory"),
    ]


def told_by_theme(study: Study) -> dict[str, Any]:
    """Return what a map says of its theme in words and in intervals: none where nothing may be concluded."""
    reached = records_by(where(study.coverage, minutes=study.parameters.walk_minutes), "theme")
    gaps, told = records_by(study.gaps, "theme"), {}
    for theme in coverage_themes(study):
        (whole,) = [row for row in reached[theme,] if row["level"] == "territory"]
        told[theme] = headline_of(study, whole, gaps[theme,])
    names = ("share", "share_low", "share_high")
    return {
        "headlines": {theme: [said.title, said.detail] for theme, said in told.items()},
        "plot": {
            theme: None
            if said.silent
            else [
                None if math.isnan(row["share"]) else [round(float(row[name]), SHARE_DIGITS) for name in names]
                for row in plot_rows(study, reached[theme,])
            ]
            for theme, said in told.items()
        },
    }
