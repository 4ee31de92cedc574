"""What a notebook shows of a study and of its gaps: short HTML, texts from data escaped, figures with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from markupsafe import Markup, escape

from essgeo.schema.vocabulary import THEMES
from essgeo.text.languages import MISSING, day, interval, number, percent, register_bound, words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable, Iterable, Sequence

    import geopandas as gpd
    import pandas as pd

    from essgeo.messages import Lang

Row: TypeAlias = "dict[Hashable, Any]"

MOST_AREAS = 12

_TABLE = Markup(
    '<table style="border-collapse:collapse;margin:.5em 0">'
    '<caption style="text-align:left;font-weight:bold">{}</caption>'
    "<thead><tr>{}</tr></thead><tbody>{}</tbody></table>"
)

_LEFT, _RIGHT = "text-align:left;padding:.2em .6em", "text-align:right;padding:.2em .6em"

_BAR = Markup(
    '<svg role="img" aria-label="{}" width="104" height="12" viewBox="-2 0 104 12">'
    '<rect x="0" y="4" width="100" height="4" fill="currentColor" opacity=".15"/>'
    '<rect x="{:.1f}" y="2" width="{:.1f}" height="8" fill="#2c7fb8" opacity=".45"/>'
    '<rect x="{:.1f}" y="0" width="2" height="12" fill="currentColor"/></svg>'
)


@dataclass(frozen=True)
class Html:
    """HTML that a notebook shows."""

    text: str

    def _repr_html_(self) -> str:
        return self.text


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
    shown = (ranked[ranked["neighbourhood_id"] == area].sort_values("rank") for area in areas[:MOST_AREAS])
    parts = [_gaps_of(rows, lang) for rows in shown]
    if len(areas) > MOST_AREAS:
        parts.append(paragraphs([words(lang)["notebook"]["more"].format(count=len(areas) - MOST_AREAS)]))
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
    own = words(lang)["notebook"]
    counted = structures["counted"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    head = own["head"].format(
        name=name,
        day=day(as_of, lang),
        vintage=vintage,
        register=number(len(structures), lang),
        counted=number(counted.sum(), lang),
        located=number(located, lang),
    )
    everything = coverage[(coverage["theme"] == "all") & (coverage["minutes"] == minutes)]
    shown = everything[everything["level"].isin(["territory", "neighbourhood"])].to_dict("records")
    first = gaps[gaps["rank"] == 1].drop_duplicates("neighbourhood_id")
    widest = dict(zip(first["neighbourhood_id"], first.to_dict("records"), strict=True))
    reach = table(
        own["reach"].format(minutes=minutes),
        [own[word] for word in ("area", "residents", "share", "interval", "widest", "out")],
        [_reach(row, widest.get(row["zone_id"]), lang) for row in shown],
    )
    bound = register_bound(located, len(structures), lang) if "ess_rule" in structures else own["bound"]
    return Html(str(paragraphs([head]) + reach + paragraphs([bound])))


def paragraphs(sentences: Iterable[str]) -> Markup:
    """Return sentences as paragraphs.

    Examples
    --------
    >>> paragraphs(["a < b"])
    Markup('<p>a &lt; b</p>')
    """
    return Markup("").join(Markup("<p>{}</p>").format(sentence) for sentence in sentences)


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """Return a table of texts, which are escaped, or Markup; its first column heads its rows.

    Examples
    --------
    >>> "<td" in table("Habitants", ["commune", "nombre"], [["Bondy", "54 000"]])
    True
    """
    head = Markup("").join(
        Markup('<th scope="col" style="{}">{}</th>').format(_RIGHT if place else _LEFT, heading)
        for place, heading in enumerate(headings)
    )
    body = Markup("").join(
        Markup('<tr><th scope="row" style="{};font-weight:normal">{}</th>{}</tr>').format(
            _LEFT, first, Markup("").join(Markup('<td style="{}">{}</td>').format(_RIGHT, cell) for cell in others)
        )
        for first, *others in rows
    )
    return _TABLE.format(caption, head, body)


def with_interval(value: str, low: str, high: str, *, lang: Lang) -> Markup:
    """Return a figure with its interval on a second, smaller line.

    Examples
    --------
    >>> with_interval("12", "8", "20", lang="en")
    Markup('12<br/><small>8 to 20</small>')
    """
    return Markup("{}<br/><small>{}</small>").format(value, interval(low, high, lang))


def share_bar(share: float, low: float, high: float, lang: Lang) -> Markup:
    """Return a share from 0 to 1 as a bar with its interval, and in figures for who does not see it.

    Examples
    --------
    >>> "50%, 40% to 60%" in share_bar(0.5, 0.4, 0.6, "en")
    True
    """
    if math.isnan(share):
        return escape(MISSING)
    label = f"{percent(share, lang)}, {interval(percent(low, lang), percent(high, lang), lang)}"
    return _BAR.format(label, 100 * low, 100 * (high - low), 100 * share - 1)


def _reach(row: Row, gap: Row | None, lang: Lang) -> list[str]:
    shares = (row["share"], row["share_low"], row["share_high"])
    return [
        row["zone_name"] or row["zone_id"],
        number(row["residents"], lang),
        share_bar(*shares, lang),
        with_interval(*(percent(share, lang) for share in shares), lang=lang),
        THEMES[gap["theme"]][lang] if gap else MISSING,
        _out_of_reach(gap, lang) if gap else MISSING,
    ]


def _gaps_of(rows: pd.DataFrame, lang: Lang) -> Markup:
    own, records, finding = words(lang)["notebook"], rows.to_dict("records"), f"finding_{lang}"
    return (paragraphs([records[0][finding]]) if finding in rows else Markup("")) + table(
        records[0]["neighbourhood"],
        [own[word] for word in ("theme", "out", "points", "nearest")],
        [
            [THEMES[row["theme"]][lang], _out_of_reach(row, lang), _points(row, lang), _nearest(row, lang)]
            for row in records
        ],
    )


def _out_of_reach(row: Row, lang: Lang) -> Markup:
    columns = ("out_of_reach", "out_of_reach_low", "out_of_reach_high")
    return with_interval(*(number(row[column], lang) for column in columns), lang=lang)


def _points(row: Row, lang: Lang) -> str:
    points = number(row["gap_points"], lang, 1)
    if "low" not in row:
        return points
    return with_interval(points, number(row["low"], lang, 1), number(row["high"], lang, 1), lang=lang)


def _nearest(row: Row, lang: Lang) -> str:
    if not row["nearest_name"]:
        return MISSING
    walk = row["nearest_minutes"]
    told = "" if math.isnan(walk) else words(lang)["notebook"]["minutes"].format(minutes=number(math.ceil(walk), lang))
    return Markup("{}<br/><small>{}</small>").format(row["nearest_name"], told)
