"""Rows of a study, and its findings as sentences and figures of a page."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from essgeo.access.walking import MAX_SNAP_M
from essgeo.gaps import standing
from essgeo.gaps.ranks import SILENT
from essgeo.schema.names import is_page_name, simplify
from essgeo.schema.vocabulary import NO_SECTOR, ROLES, STAGES, theme_in_sentence
from essgeo.text import languages
from essgeo.text.languages import MISSING, joined, number, percent, placed, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from essgeo.access import WalkingComparison
    from essgeo.messages import Lang
    from essgeo.results import Parameters, Setting, Study


Row: TypeAlias = Mapping[str, Any]

SURELY = 1e-9
"""A share as near as this to 0 or 1 is nobody or everybody."""


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, or of a layer without its geometry, in order."""
    names = [str(name) for name in table.columns if name != "geometry"]
    columns = [table[name].tolist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def by_index(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the rows of a layer by identifier, without the geometry."""
    return dict(zip(map(str, table.index), records(table), strict=True))


def records_by(table: pd.DataFrame, *names: str) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    """Return the rows of a table by what some of its columns hold, in order, none where a table holds no such row.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = records_by(pd.DataFrame({"level": ["qpv", "iris", "qpv"], "people": [1, 2, 3]}), "level")
    >>> [row["people"] for row in rows["qpv",]], rows["commune",]
    ([1, 3], [])
    """
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in records(table):
        found[tuple(row[name] for name in names)].append(row)
    return found


def where(table: pd.DataFrame, **values: object) -> pd.DataFrame:
    """Return the rows whose columns hold these values."""
    kept = np.ones(len(table), dtype=bool)
    for name, value in values.items():
        kept &= (table[name] == value).to_numpy(dtype=bool)
    return table[kept]


def qpv_pages(study: Setting) -> dict[str, str]:
    """Return the name of the page of each QPV by its code, in the order of their names: none where it is a target.

    Examples
    --------
    >>> pages = qpv_pages(study_est_ensemble())
    >>> len(pages), pages["QN09318M"]
    (21, 'qn09318m')
    """
    pages: dict[str, str] = {}
    for place, code in enumerate(study.qpv["name"].sort_values(kind="stable").index.astype(str)):
        name = simplify(code).replace("_", "-")  # as a QPV that is a target neighbourhood is called
        pages[code] = name if is_page_name(name) and name not in pages.values() else f"qpv-{place}"
    return {code: name for code, name in pages.items() if name not in study.neighbourhoods.index}


def interval(low: float, high: float, lang: Lang, *, share: bool = False) -> str:
    """Return an interval in words, of shares or of whole numbers.

    Examples
    --------
    >>> interval(0.5, 0.625, "en", share=True)
    '50% to 62%'
    """
    write = percent if share else number
    return languages.interval(write(low, lang), write(high, lang), lang)


def walk(minutes: float, lang: Lang) -> str:
    """Return a walk in minutes, rounded up so that none is said to be shorter than it is.

    Examples
    --------
    >>> walk(12.3, "en")
    '13 min'
    """
    if math.isnan(minutes):
        return MISSING
    return texts(lang)["common"]["minutes"].format(value=number(math.ceil(round(minutes, 6)), lang))


def walk_to(row: Row, lang: Lang) -> str:
    """Return the walk to the nearest structure of a row, in words where it is over an hour.

    Examples
    --------
    >>> [walk_to({"nearest_name": "A", "nearest_minutes": minutes}, "en") for minutes in (12.3, math.nan)]
    ['13 min', 'over an hour']
    """
    far = row["nearest_name"] and math.isnan(row["nearest_minutes"])
    return texts(lang)["common"]["over_an_hour"] if far else walk(row["nearest_minutes"], lang)


def reach(row: Row, territory: Row, lang: Lang) -> str:
    """Return the share of residents within reach (a row of ``coverage``), beside that of the territory."""
    words, everybody, measured = texts(lang)["findings"], row["residents"], row["residents_measured"]
    if math.isnan(row["share"]) and everybody > 0:
        near = percent(measured / everybody, lang)
        return words["reach_not_measured"].format(measured=near, residents=number(everybody, lang))
    key = {0.0: "reach_none", 1.0: "reach_all"}.get(row["share"], "reach")
    whole = territory["share"]
    said = words[key].format(
        share=percent(row["share"], lang),
        residents=number(measured, lang),
        interval=interval(row["share_low"], row["share_high"], lang, share=True),
        minutes=row["minutes"],
        territory_share=words["unmeasured"] if math.isnan(whole) else percent(whole, lang),
    )
    if round(measured) == round(everybody):
        return said
    return f"{said} {words['reach_of'].format(measured=number(measured, lang), residents=number(everybody, lang))}"


class Headline(NamedTuple):
    """What the figures of a theme say first: one sentence, and the figures that it rests on.

    ``silent`` where nothing may be concluded; ``theme`` is the one that it speaks of.
    """

    title: str
    detail: str
    silent: bool
    theme: str = "all"


def headline(study: Study, theme: str) -> Headline:
    """Return the headline of a theme: the target neighbourhood surely behind that lacks most, else the territory.

    Where too few structures of the theme are located to order areas, it says so, and no more.

    Examples
    --------
    >>> headline(study_est_ensemble(), "all").title
    'À Est Ensemble, 9 habitants sur 10 ont un lieu connu de l’ESS à 15 minutes à pied'
    """
    reached = where(study.coverage, level="territory", theme=theme, minutes=study.parameters.walk_minutes)
    return headline_of(study, records(reached)[0], records(where(study.gaps, theme=theme)))


def headline_of(study: Study, whole: Row, gaps: Sequence[Row]) -> Headline:
    """Return the headline of a theme from the row of coverage of the territory and the rows of gaps."""
    lang, minutes, theme = study.lang, whole["minutes"], whole["theme"]
    said = texts(lang)["headline"]
    topic = {"theme": theme_in_sentence(theme, lang)}
    silent = [found for found in SILENT if any(row["conclusion"] == found for row in gaps)]
    if silent:
        counts = {"located": number(whole["structures_located"], lang), "structures": number(whole["structures"], lang)}
        return Headline(
            said[f"silent_{silent[0]}"].format(**topic), said[f"detail_{silent[0]}"].format(**counts), silent=True
        )
    kind = "all" if theme == "all" else "theme"
    place = study.territory.place(lang)
    of_residents = {
        "measured": number(whole["residents_measured"], lang), "residents": number(whole["residents"], lang),
    }  # fmt: skip
    if math.isnan(whole["share"]):
        title = said["unmeasured"].format(place=place[0].upper() + place[1:])
        return Headline(title, said["unmeasured_detail"].format(**of_residents), silent=False)
    partly = (
        "" if len({*of_residents.values()}) == 1 else " " + texts(lang)["findings"]["reach_of"].format(**of_residents)
    )
    behind = [row for row in gaps if row["level"] == "neighbourhood" and row["rank"] > 0]
    if not behind:
        return Headline(
            said["territory"].format(
                place=place[0].upper() + place[1:],
                reach=_tenths("have", whole["share"], lang).format(what=said[f"what_{kind}"].format(**topic)),
                minutes=minutes,
            ),
            said["territory_detail"].format(
                share=percent(whole["share"], lang),
                residents=number(whole["residents_measured"], lang),
                interval=interval(whole["share_low"], whole["share_high"], lang, share=True),
                level=percent(study.parameters.level, lang),
            )
            + partly,
            silent=False,
        )
    most = min(behind, key=lambda row: (-row["gap_residents"], row["neighbourhood_id"]))
    said_of = _lacking(most, study)
    return said_of._replace(detail=said_of.detail + partly)


def _lacking(row: Row, study: Study) -> Headline:
    """Return the headline of an area that is surely behind the territory, from its row of gaps."""
    lang, theme = study.lang, row["theme"]
    said, residents = texts(lang)["headline"], row["residents_measured"]
    what = said["what_all" if theme == "all" else "what_theme"].format(theme=theme_in_sentence(theme, lang))
    wide = row["out_of_reach_high"] - row["out_of_reach_low"] > WIDE * residents
    return Headline(
        said["behind" if wide else "neighbourhood"].format(
            place=row["neighbourhood"],
            reach=_tenths("lack", 1 - row["share"], lang).format(what=what),
            minutes=row["minutes"],
            what=what,
        ),
        said["neighbourhood_detail"].format(
            out=number(row["out_of_reach"], lang),
            residents=number(residents, lang),
            interval=interval(row["out_of_reach_low"], row["out_of_reach_high"], lang),
            share=percent(row["territory_share"], lang),
            level=percent(study.parameters.level, lang),
        ),
        silent=False,
        theme=theme,
    )


WIDE = 0.5
"""An interval wider than half of the residents of an area leaves no figure for a title."""


def area_headline(study: Study, reached: Row, rows: Sequence[Row]) -> Headline:
    """Return the headline of an area, from its row of coverage and its rows of gaps by rank.

    What it surely lacks, of the whole ESS or else of its first theme; else who is within reach, where that is known.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> reached = records(where(study.coverage, zone_id="QN09319I", theme="all", minutes=15))[0]
    >>> rows = records(where(study.gaps, neighbourhood_id="QN09319I", theme="all"))
    >>> area_headline(study, reached, rows).title.partition(": ")[2]
    'presque tous les habitants ont un lieu connu de l’ESS à 15 minutes à pied'
    """
    lang, minutes, place = study.lang, reached["minutes"], reached["zone_name"]
    said = texts(lang)["headline"]
    measured = {
        "residents": number(reached["residents"], lang),
        "measured": number(reached["residents_measured"], lang),
    }
    if not reached["residents"] > 0:
        return Headline(said["nobody"].format(place=place), "", silent=True)
    if math.isnan(reached["share"]):
        return Headline(
            said["unmeasured"].format(place=place), said["unmeasured_detail"].format(**measured), silent=True
        )
    (whole,) = [row for row in rows if row["theme"] == "all"]
    if whole["conclusion"] in SILENT:
        title = said[f"silent_{whole['conclusion']}"].format(theme=theme_in_sentence("all", lang))
        counts = {name: number(whole[column], lang) for name, column in _COUNTS.items()}
        return Headline(
            f"{place} {MISSING} {title}", said[f"detail_{whole['conclusion']}"].format(**counts), silent=True
        )
    behind = [row for row in (whole, *rows) if not row["conclusion"] and row["theme"] != NO_SECTOR]
    if behind:
        return _lacking(behind[0], study)
    wide = reached["share_high"] - reached["share_low"] > WIDE
    return Headline(
        said["unsure" if wide else "neighbourhood"].format(
            place=place, reach=_tenths("have", reached["share"], lang).format(what=said["what_all"]), minutes=minutes
        ),
        said["area_detail"].format(
            **measured,
            share=percent(reached["share"], lang),
            interval=interval(reached["share_low"], reached["share_high"], lang, share=True),
            level=percent(study.parameters.level, lang),
            territory=percent(whole["territory_share"], lang),
        ),
        silent=False,
    )


_COUNTS = {"located": "structures_located", "structures": "structures"}


def _tenths(verb: str, share: float, lang: Lang) -> str:
    """Return how many residents of ten have, or lack, something."""
    tenths = round(10 * share)
    key = {0: "few", 1: "one", 10: "most"}.get(tenths, "")
    if min(share, 1 - share) < SURELY:
        key = "all" if tenths else "none"
    said = texts(lang)["headline"]
    return said[f"{verb}_{key}" if key else verb].replace("{tenths}", str(tenths))


def verified(row: Row, lang: Lang) -> str:
    """Return the share within reach of the structures verified as active."""
    return texts(lang)["findings"]["verified"].format(share=percent(row["share_known_active"], lang))


def largest_gap(rows: Sequence[Row], names: Mapping[str, str], lang: Lang) -> list[str]:
    """Return the first gap of a neighbourhood, from its rows by rank, its standing, and what may be first too."""
    words = texts(lang)["findings"]
    behind = [row for row in rows if row["rank"] > 0]
    if not behind:
        said = {row["conclusion"] for row in rows}
        if "nothing_beside" in said:
            return [words["not_beside"]]
        return [words["gap_none" if said - {*SILENT} else "gap_silent"]]
    first = behind[0]
    gap = words["gap"].format(
        theme=theme_in_sentence(first["theme"], lang),
        residents=number(first["out_of_reach"], lang),
        interval=interval(first["out_of_reach_low"], first["out_of_reach_high"], lang),
        more=number(first["gap_residents"], lang),
    )
    tied = [theme_in_sentence(row["theme"], lang) for row in behind[1:] if row["rank_low"] == 1]
    rank = standing(first, names, lang)
    sentences = [
        f"{gap} {nearest(first, lang)}",
        words["standing" if first["level"] == "neighbourhood" else "standing_qpv"].format(
            rank=rank[0].lower() + rank[1:]
        ),
    ]
    if tied:
        sentences.append(words["tied"].format(theme=joined(tied, words["and"])))
    return sentences


def nearest(row: Row, lang: Lang) -> str:
    """Return where the nearest structure of a gap is, or that none is known."""
    words = texts(lang)["findings"]
    if not row["nearest_name"]:
        return words["gap_unknown"]
    where = placed(row["nearest_name"], row["nearest_city"])
    return words["gap_nearest"].format(where=where, walk=walk_to(row, lang))


def hangs_on(row: Row, reached: Row, names: Mapping[str, str], lang: Lang) -> list[str]:
    """Return what is lost if one place has closed, where that is half of what the interval spans below the estimate.

    ``row`` is that of the whole ESS in the gaps of the area, ``reached`` its row of coverage.
    """
    first, lost, people = row["held_up_by"].partition("|")[0], row["lost_with_first"], reached["residents_measured"]
    below = (reached["share"] - reached["share_low"]) * people
    if not first or not lost >= max(below / 2, LEAST_LOST * people):
        return []
    return [texts(lang)["findings"]["hangs_on"].format(name=names.get(first, first), residents=number(lost, lang))]


def borders(rows: Sequence[Row], minutes: int, lang: Lang) -> list[str]:
    """Return the lowest and the highest share of a neighbourhood with one more or one less IRIS, a scenario."""
    if not rows:
        return []
    words = texts(lang)["findings"]
    ends = {}
    for end, pick in (("low", min), ("high", max)):
        row = pick(rows, key=lambda row: row["share"])
        ends[end] = percent(row["share"], lang)
        ends[f"{end}_iris"] = words["border_with" if row["border"] == "with" else "border_without"].format(
            iris=row["iris_name"]
        )
    return [words["borders" if len(rows) > 1 else "border_one"].format(minutes=minutes, **ends)]


LEAST_LOST = 0.01
"""Less than such a share of the residents of an area hangs on a place only in name."""


def support_chain(rows: Sequence[Row], lang: Lang) -> list[str]:
    """Return, for each kind of support, the stages without an offer within reach and the nearest one."""
    words = texts(lang)["findings"]
    if rows and not any(row["structures_in_register"] for row in rows):
        return [words["chain_unknown"]]
    sentences = []
    for role in dict.fromkeys(row["role"] for row in rows):
        of_role = [row for row in rows if row["role"] == role]
        missing = [row for row in of_role if not row["within_reach"]]
        label = ROLES[role][lang]
        if not missing:
            sentences.append(words["chain_complete"].format(role=label, minutes=of_role[0]["minutes"]))
            continue
        stages = joined([_stage(row, lang) for row in missing], words["and"])
        sentence = words["chain_missing"].format(role=label, minutes=missing[0]["minutes"], stages=stages)
        known = [row for row in missing if row["nearest_name"]]
        if known:
            closest = min(known, key=lambda row: (math.isnan(row["nearest_minutes"]), row["nearest_minutes"]))
            sentence += " " + words["chain_nearest"].format(
                stage=_stage(closest, lang),
                where=placed(closest["nearest_name"], closest["nearest_city"]),
                walk=walk_to(closest, lang),
            )
        sentences.append(sentence)
    return sentences


def shared_qpv(row: Row, others: Sequence[Row], vintage: str, lang: Lang) -> str:
    """Return that a neighbourhood shares its QPV with others, or nothing where it does not."""
    column = f"qpv_{vintage}"
    code = row.get(column, "")
    names = [other["name"] for other in others if code and other[column] == code and other["name"] != row["name"]]
    if not names:
        return ""
    words = texts(lang)["findings"]
    return words["shared_qpv"].format(name=row["name"], others=joined(names, words["and"]), code=code, vintage=vintage)


def walking(parameters: Parameters, found: WalkingComparison | None, lang: Lang) -> str:
    """Return how walks were measured, and who lives away from the streets where there are some."""
    words, speed = texts(lang)["findings"], number(parameters.speed_kmh, lang, digits=1)
    if found is None:
        return words["walking"].format(speed=speed)
    sentences = [words["walking_network"].format(date=found.network_date, speed=speed)]
    if found.detour:
        sentences.append(
            words["walking_detour"].format(
                factor=number(found.detour.factor, lang, digits=2),
                low=number(found.detour.low, lang, digits=2),
                high=number(found.detour.high, lang, digits=2),
                assumed=number(found.detour.assumed, lang, digits=2),
            )
        )
    if found.residents_away or found.structures_away:
        residents, structures = number(found.residents_away, lang), number(found.structures_away, lang)
        away = words["walking_away"].format(residents=residents, structures=structures, metres=number(MAX_SNAP_M, lang))
        sentences.append(away)
    return " ".join(sentences)


def bound(structures: float, outside: float, enterprises: float, lang: Lang) -> str:
    """Return how many structures a figure of access rests on; ``enterprises`` is NaN where there is no portrait."""
    words = texts(lang)["findings"]
    whole = not math.isnan(enterprises) and enterprises > 0
    rests = words["bound_of" if whole else "bound_unknown"].format(
        structures=number(structures, lang), enterprises=number(enterprises, lang)
    )
    beyond = [words["bound_outside"].format(outside=number(outside, lang))] if outside else []
    return " ".join([rests, *beyond, words["bound_sample"]])


def _stage(row: Row, lang: Lang) -> str:
    return STAGES[row["stage"]][lang].lower()
