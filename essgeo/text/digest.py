"""A study and its gaps on one screen of a notebook: findings, figures, intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from essgeo.schema.vocabulary import THEMES
from essgeo.text.html import Html, paragraphs, persons, share_bar, table, with_interval
from essgeo.text.numbers import MISSING, day, number, percent
from essgeo.text.phrases import register_bound

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    import pandas as pd

    from essgeo.schema.vocabulary import Labels, Lang
    from essgeo.text.html import Row


MOST_AREAS = 12

_WORDS: Labels = {
    "head": {
        "fr": "{name}, au {day}, QPV de {vintage}. Des {register} structures du registre, {counted} comptent, "
        "dont {located} sont localisées dans le territoire.",
        "en": "{name}, as of {day}, QPV of {vintage}. Of the {register} structures of the register, {counted} count, "
        "of which {located} are located in the territory.",
    },
    "bound": {
        "fr": "Le registre est un échantillon : le nombre d'habitants hors de portée est un majorant, l'écart non.",
        "en": "The register is a sample: the number out of reach is an upper bound, the gap is not.",
    },
    "reach": {
        "fr": "À {minutes} minutes à pied d'une structure au moins",
        "en": "Within a {minutes} minute walk of at least one structure",
    },
    "area": {"fr": "quartier", "en": "neighbourhood"},
    "residents": {"fr": "habitants", "en": "residents"},
    "share": {"fr": "part à portée", "en": "share within reach"},
    "interval": {"fr": "et son intervalle", "en": "and its interval"},
    "widest": {"fr": "plus grand manque", "en": "widest gap"},
    "theme": {"fr": "thème", "en": "theme"},
    "out": {"fr": "habitants hors de portée", "en": "residents out of reach"},
    "points": {"fr": "retard (points)", "en": "behind (points)"},
    "nearest": {"fr": "le plus proche", "en": "nearest"},
    "minutes": {"fr": "{} min à pied", "en": "{} min walk"},
    "more": {"fr": "{} autres zones dans la table.", "en": "{} more areas in the table."},
}


def show_gaps(gaps: pd.DataFrame, *, lang: Lang = "fr", top: int = 3) -> Html:
    """Return the widest gaps of each area as HTML for a notebook.

    Parameters
    ----------
    gaps
        From :func:`essgeo.find_gaps`, or ``Study.gaps``; any selection of its rows.
    lang
        Language of headings, themes and findings.
    top
        Themes shown for each area, the widest gap first.

    Returns
    -------
    Html
        The finding of the widest gap in words where the table has it, then the themes with the residents out of reach
        and their interval, how far behind the territory they are, and where the nearest structure is. At most 12 areas,
        target neighbourhoods first.

    Examples
    --------
    >>> "Le Morillon" in show_gaps(study_est_ensemble().gaps).text
    True
    """
    ranked = gaps[gaps["rank"].between(1, top)]
    if "level" in ranked:
        ranked = ranked.sort_values("level", key=lambda level: level != "neighbourhood", kind="stable")
    areas = list(dict.fromkeys(ranked["neighbourhood_id"]))
    parts = [
        _gaps_of(ranked[ranked["neighbourhood_id"] == area].sort_values("rank"), lang) for area in areas[:MOST_AREAS]
    ]
    if len(areas) > MOST_AREAS:
        parts.append(paragraphs([_WORDS["more"][lang].format(len(areas) - MOST_AREAS)]))
    return Html(str(Markup("").join(parts)))


def study_digest(
    name: str,
    structures: gpd.GeoDataFrame,
    coverage: pd.DataFrame,
    gaps: pd.DataFrame,
    *,
    as_of: dt.date,
    vintage: str,
    minutes: int,
    lang: Lang,
    located: int,
) -> Html:
    """Return what a study found as HTML for a notebook: what it rests on, who is within reach, the widest gaps.

    Parameters
    ----------
    name
        Name of the territory.
    structures, coverage, gaps
        As in :class:`essgeo.results.Study`.
    as_of, vintage, minutes
        The day, the QPV and the walk of the study.
    lang
        Language of the study.
    located
        Structures that count, have a position and lie in the territory.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> said = study_digest(study.territory.name, study.structures, study.coverage, study.gaps,
    ...                     as_of=study.parameters.as_of, vintage="2024", minutes=15, lang="en", located=study.located)
    >>> "QPV of 2024" in said.text
    True
    """
    counted = structures["counted"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    head = _WORDS["head"][lang].format(
        name=name,
        day=day(as_of, lang),
        vintage=vintage,
        register=number(len(structures), lang),
        counted=number(counted.sum(), lang),
        located=number(located, lang),
    )
    everything = coverage[(coverage["theme"] == "all") & (coverage["minutes"] == minutes)]
    shown = everything[everything["level"].isin(["territory", "neighbourhood"])].to_dict("records")
    first = gaps[gaps["rank"] == 1].drop_duplicates("neighbourhood_id").set_index("neighbourhood_id", drop=False)
    widest = dict(zip(first.index, first.to_dict("records"), strict=True))
    reach = table(
        _WORDS["reach"][lang].format(minutes=minutes),
        [_WORDS[word][lang] for word in ("area", "residents", "share", "interval", "widest", "out")],
        [_reach(row, widest.get(row["zone_id"]), lang) for row in shown],
    )
    bound = register_bound(located, len(structures), lang) if "ess_rule" in structures else _WORDS["bound"][lang]
    return Html(str(paragraphs([head]) + reach + paragraphs([bound])))


def _reach(row: Row, gap: Row | None, lang: Lang) -> list[str]:
    shares = (row["share"], row["share_low"], row["share_high"])
    return [
        row["zone_name"] or row["zone_id"],
        number(row["residents"], lang),
        share_bar(*shares, lang),
        with_interval(*(percent(share, lang) for share in shares), lang=lang),
        THEMES[gap["theme"]][lang] if gap else MISSING,
        persons(gap, "out_of_reach", lang) if gap else MISSING,
    ]


def _gaps_of(rows: pd.DataFrame, lang: Lang) -> Markup:
    records = rows.to_dict("records")
    finding = f"finding_{lang}"
    words = paragraphs([records[0][finding]]) if finding in rows else Markup("")
    headings = [_WORDS[word][lang] for word in ("theme", "out", "points", "nearest")]
    return words + table(records[0]["neighbourhood"], headings, [_gap(row, lang) for row in records])


def _gap(row: Row, lang: Lang) -> list[str]:
    return [THEMES[row["theme"]][lang], persons(row, "out_of_reach", lang), _points(row, lang), _nearest(row, lang)]


def _points(row: Row, lang: Lang) -> str:
    points = number(row["gap_points"], lang, 1)
    if "low" not in row:
        return points
    return with_interval(points, number(row["low"], lang, 1), number(row["high"], lang, 1), lang=lang)


def _nearest(row: Row, lang: Lang) -> str:
    if not row["nearest_name"]:
        return MISSING
    walk = row["nearest_minutes"]
    minutes = "" if np.isnan(walk) else _WORDS["minutes"][lang].format(number(np.ceil(walk), lang))
    return Markup("{}<br/><small>{}</small>").format(row["nearest_name"], minutes)
