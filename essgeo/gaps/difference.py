"""How far the reach of residents differs between two registers, in the same worlds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from essgeo.access import travel_cost
from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.gaps.ranks import DRAWN_TIE, SURE
from essgeo.gaps.reach import THEME_ROWS, horizon, known_of, long_table, where_known
from essgeo.gaps.shares import held_groups, homes_of, mean_of, places_of, shares_of, street_walks
from essgeo.register.turnover import CHANGED
from essgeo.schema.vocabulary import PLACE_CHANGES, theme_in_sentence
from essgeo.text.languages import day, interval, joined, number, percent, words
from essgeo.uncertainty import NOWHERE, WORLDS, draw_worlds, ends, reached_people

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import WalkNetwork
    from essgeo.gaps.areas import Areas
    from essgeo.gaps.ranks import Row
    from essgeo.messages import Lang
    from essgeo.register.turnover import Sides

COLUMNS = (
    "level", "zone_id", "zone_name", "vintage", "theme_kind", "theme", "minutes", "residents", "share_before",
    "share_after", "change", "change_points", "change_low", "change_high", "change_residents",
    "change_residents_low", "change_residents_high",
)  # fmt: skip


def reach_difference(
    demand: gpd.GeoDataFrame,
    sides: Sides,
    areas: Areas,
    *,
    odds: tuple[float, float],
    within_minutes: Sequence[int],
    speed_kmh: float,
    network: WalkNetwork | None = None,
    draws: int = WORLDS,
    seed: int = 0,
    level: float = 0.9,
) -> pd.DataFrame:
    r"""Return how the share of the residents of each area within reach changes, by theme and walk.

    .. math:: \Delta_{nk} = s'_{nk} - s_{nk}

    with *s* and *s'* the shares before and after, in one world: a place that is on both sides stands, exists and is
    walked to alike on both, so that the interval is that of the difference, and where no place changed it is 0 in every
    world. Residents, streets and areas are the same on both sides.

    Parameters
    ----------
    demand, areas
        Residents and areas, see :func:`essgeo.gaps.coverage`.
    sides
        From :func:`essgeo.register.turnover.changed_places`.
    odds
        From :func:`essgeo.register.activity_odds` of the later register.
    within_minutes, speed_kmh, network
        Walks, how fast, and over which streets.
    draws, seed
        How many worlds, and from which seed: those of a study of the later register, so that ``share_after`` is its
        share.
    level
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row an area, theme and walk: ``share_before``, ``share_after`` (0 to 1; NaN where that register has no
        structure of the theme), ``change_points`` (percentage points) and ``change_residents`` (persons), each with
        ``_low`` and ``_high``, and ``change``: ``more`` or ``less`` where that is so in 95 % of the worlds, ``none``
        where nothing changes in any, ``unsure`` else, ``nobody`` where nobody lives whose walks are measured.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.gaps.areas import iris_areas
    >>> from essgeo.register.turnover import Sides
    >>> demand = gpd.GeoDataFrame({"iris_code": ["a", "a"], "population": [10.0, 30.0], "method": ["grid"] * 2},
    ...                           geometry=gpd.points_from_xy([0, 5000], [0, 0]), crs=2154)
    >>> shops = {"sectors": ["mobilite"] * 2, "challenges": "", "status": "active", "geo_radius_m": 0.0}
    >>> shops = gpd.GeoDataFrame(shops, geometry=gpd.points_from_xy([100, 5000], [0, 0]), crs=2154)
    >>> new = Sides(shops, np.array([True, False]), np.ones(2, bool), np.ones(2, bool), np.zeros(2), np.arange(2))
    >>> table = reach_difference(demand, new, iris_areas(demand), odds=(9.0, 1.0), within_minutes=[15], speed_kmh=4.5,
    ...                          draws=64)
    >>> table.loc[table["theme"] == "mobilite", ["change", "change_points", "change_low"]].values.tolist()
    [['more', 75.0, 75.0]]
    """
    structures = sides.structures
    homes, places = homes_of(demand, areas), places_of(structures, demand)
    # Where only the earlier register has places, these draw no other place to them: later ones stand as in its study.
    places = places._replace(area=np.where(sides.after | ~places.located, places.area, NOWHERE))
    worlds = draw_worlds(homes, places, verified=sides.verified, years=sides.years, odds=odds, count=draws, seed=seed)
    # structures x words of bits: a place that moved is two rows, which exist in the same worlds.
    worlds = replace(worlds, alive=worlds.alive[sides.same])
    limits = [minutes * speed_kmh * METRES_PER_MINUTE_AT_1_KMH for minutes in within_minutes]
    streets = None
    if network is not None:
        farthest = horizon(max(within_minutes))
        walks = travel_cost(demand, structures, network=network, max_minutes=farthest, speed_kmh=speed_kmh)
        streets = street_walks(walks)
    holds = held_groups(homes, areas)

    def shares(there: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return areas x themes x walks x worlds."""
        found = reached_people(
            homes, places, worlds.only(there), limits, themes=len(THEME_ROWS), need=np.ones(len(demand)),
            measured=streets,
        )  # fmt: skip
        return shares_of(holds, found.people, found.all_people, draws)

    before, after = shares(sides.before), shares(sides.after)
    # Areas x 1: residents, and what makes figures NaN where there are none once it is added to them.
    people = areas.people[:, None]
    nobody = np.where(people > 0, 0.0, np.nan)
    lived_in = areas.table["residents"].to_numpy() > 0
    # A share of a theme that a register knows nothing of is not 0, as in its study; what the others bring is known.
    unknown = [
        nobody + where_known(known_of(structures[there], lived_in, areas.people > 0) != "none")
        for there in (sides.before, sides.after)
    ]
    tables = []
    for walk, minutes in enumerate(within_minutes):
        then, now = before[:, :, walk], after[:, :, walk]
        change = now - then  # areas x themes x worlds
        change[np.abs(change) <= DRAWN_TIE] = 0
        low, high = ends(change, level)
        mean = mean_of(change)
        # Areas x themes each: the first that holds is said.
        verdicts = {
            "nobody": np.broadcast_to(people <= 0, mean.shape),
            "more": (change > 0).mean(axis=-1) >= SURE,
            "less": (change < 0).mean(axis=-1) >= SURE,
            "none": ~change.any(axis=-1),
        }
        said = np.select(list(verdicts.values()), list(verdicts), "unsure")
        columns: dict[str, NDArray[np.generic]] = {
            "share_before": mean_of(then) + unknown[0],
            "share_after": mean_of(now) + unknown[1],
            "change": said.astype(object),
            "change_points": 100 * mean + nobody,
            "change_low": 100 * low + nobody,
            "change_high": 100 * high + nobody,
            "change_residents": people * mean + nobody,
            "change_residents_low": people * low + nobody,
            "change_residents_high": people * high + nobody,
        }
        tables.append(long_table(areas, columns).assign(minutes=minutes))
    table = pd.concat(tables).sort_values(["area", "row", "minutes"], kind="stable", ignore_index=True)
    return table[list(COLUMNS)]


def findings(
    changes: pd.DataFrame, places: pd.DataFrame, *, days: tuple[dt.date, dt.date], minutes: int, lang: Lang
) -> list[str]:
    """Return what a comparison found: the places, the residents of the territory, and where most is sure to change.

    Parameters
    ----------
    changes
        From :func:`reach_difference`.
    places
        From :func:`essgeo.register.turnover.changed_places`.
    days, minutes, lang
        The days of both registers, the walk, and the language.

    Returns
    -------
    list of str
        Plain text; the first sentence counts the places, the second the residents.
    """
    own, conjunction = words(lang)["difference"], words(lang)["findings"]["and"]
    kinds = places["place_change"].value_counts()
    said = {code: f"{own[f'kind_{code}']} ({number(kinds[code], lang)})" for code in PLACE_CHANGES if code in kinds}
    changed = joined([text for code, text in said.items() if code in CHANGED], conjunction)
    since = {"first": day(days[0], lang), "last": day(days[1], lang)}
    same_day = days[0] == days[1]
    key = (
        ("places_same_day" if same_day else "places") if changed else ("no_place_same_day" if same_day else "no_place")
    )
    sentences = [own[key].format(places=changed, **since)]
    here = changes[(changes["minutes"] == minutes) & changes["change"].isin(["more", "less", "unsure", "none"])]
    whole = here[(here["level"] == "territory") & (here["theme"] == "all")]
    sentences += [_in_words(row, own[row["change"]], lang) for row in cast("list[Row]", whole.to_dict("records"))]
    sure = here[(here["level"] != "territory") & here["change"].isin(["more", "less"])]
    if len(sure):
        (most,) = cast("list[Row]", sure.loc[[sure["change_points"].abs().idxmax()]].to_dict("records"))
        sentences.append(_in_words(most, own["most_more" if most["change"] == "more" else "most_less"], lang))
    better = joined([text for code, text in said.items() if code not in CHANGED], conjunction)
    if better:
        sentences.append(own["better_known"].format(places=better))
    if {"listed", "delisted"} & {*said} and not same_day:
        sentences.append(own["undated"])
    return [*sentences, own["same_worlds"]]


def _in_words(row: Row, sentence: str, lang: Lang) -> str:
    """Return a row of a difference in a sentence; that says more or fewer, so that its numbers bear no sign."""
    signed = row["change"] == "unsure"
    spread = {}
    for name, digits in (("change", 1), ("change_residents", 0)):
        low, high = sorted(row[f"{name}_{end}"] if signed else abs(row[f"{name}_{end}"]) for end in ("low", "high"))
        spread[name] = interval(number(low, lang, digits), number(high, lang, digits), lang)
    return sentence.format(
        place=row["zone_name"],
        theme=theme_in_sentence(row["theme"], lang),
        residents=number(abs(row["change_residents"]), lang),
        residents_interval=spread["change_residents"],
        points=number(abs(row["change_points"]), lang, 1),
        points_interval=spread["change"],
        before=percent(row["share_before"], lang, 1),
        after=percent(row["share_after"], lang, 1),
        minutes=number(row["minutes"], lang),
    )
