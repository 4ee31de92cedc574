"""Try each part of what is not known on what is known, with the others held fixed; time and steadiness of the worlds.

Run from anywhere: ``python benchmarks/bench_calibration.py [--part NAME ...] [--seed N] [--draws N] [--repeats N]``.
Parts: ``positions``, ``urn``, ``residents``, ``walking``, ``stations``, ``zones``, ``stability``, ``speed``. Real data
stand in ``../shared/real-data``; a part whose data are missing says so.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from bench_geocoding import BAN, OF_BAN, off, queries, truth_rows
from scipy.spatial import KDTree

from essgeo.access import demand_points, nearest_minutes, read_network, travel_cost
from essgeo.access.accessibility import weighted_median
from essgeo.access.walking import MAX_SNAP_M, network_metres, snap
from essgeo.gaps import gather_areas
from essgeo.gaps.reach import THEME_ROWS, theme_bits
from essgeo.gaps.shares import homes_of, places_of, worlds_of
from essgeo.geocoding.ban import load_index
from essgeo.geocoding.match import match
from essgeo.geocoding.verdict import statuses
from essgeo.register import activity_odds
from essgeo.study import set_up
from essgeo.study.inputs import Options
from essgeo.uncertainty import DISCS, Homes, Places, Worlds, draw_worlds, ends, reached_people
from essgeo.uncertainty.homes import draw_people
from essgeo.uncertainty.latin import draw_orders
from essgeo.uncertainty.positions import KINDRED, SHARED, draw_positions
from essgeo.uncertainty.streets import LONGEST_Z, STEPS, draw_detours, single_walks, street_metres

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from essgeo.results import Setting

DATA = Path(__file__).resolve().parents[2] / "shared" / "real-data"
DAY = dt.date(2026, 11, 28)
WALKS = (5, 10, 15)
METRES_A_MINUTE = 75.0
PLACES, PLACE_M = 40, 25.0
NEARLY_ALL = 0.9
GRID, SQUARE_M = "EPSG:3035", 200
ASIDE_M = 30.0
"""From a door to the street and from there to a station: medians of 15 m each on the streets of Bondy."""
NEAREST, POINT, CLOSE, FAR = 4, 1e-6, 0.02, 0.05
MIDDLE = LONGEST_Z * STEPS  # the step of a part of z that is 0


def shares_of(homes: Homes, places: Places, worlds: Worlds, holds: NDArray[np.float32]) -> NDArray[np.floating]:
    """Return the shares within reach: areas x themes x walks x worlds."""
    limits = [minutes * METRES_A_MINUTE for minutes in WALKS]
    need = np.ones(len(homes.xy))
    found = reached_people(homes, places, worlds, limits, themes=len(THEME_ROWS), need=need)
    total = (holds @ found.all_people)[:, None, None]
    shares: NDArray[np.float64] = np.tensordot(holds, found.people, axes=1) / np.where(total > 0, total, np.nan)
    return shares


class Scores:
    """What intervals hold of the truth, over cells whose interval is no point; ties are split at random."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng([seed, 9])
        self.held: list[NDArray[np.bool_]] = []
        self.bias: list[NDArray[np.float64]] = []
        self.width: list[NDArray[np.float64]] = []

    def add(self, drawn: NDArray[np.floating], truth: NDArray[np.floating], *, level: float = 0.9) -> None:
        """Compare worlds (last axis) with a truth; cells where either is not known, or worlds are all one, are left."""
        low, high = ends(drawn)
        kept = np.isfinite(truth) & np.isfinite(low) & (high - low > POINT)
        worlds, true = drawn[kept], truth[kept][:, None]
        below, tied = (worlds < true - POINT).mean(axis=1), (np.abs(worlds - true) <= POINT).mean(axis=1)
        place = below + self.random.random(len(below)) * tied  # P(E < T) + U P(E = T)
        tail = (1 - level) / 2
        self.held.append((place >= tail) & (place <= 1 - tail))
        self.bias.append(worlds.mean(axis=1) - true[:, 0])
        self.width.append((high - low)[kept])

    def said(self) -> str:
        """Return the scores in words."""
        held, bias, width = (np.concatenate(part).astype(float) for part in (self.held, self.bias, self.width))
        return (
            f"held {100 * held.mean():.1f} %, bias {100 * bias.mean():+.1f} points, width median "
            f"{float(np.median(width)):.2f}, mean {width.mean():.2f}; {len(held)} cells"
        )


def fixed(worlds: Worlds, homes: Homes, places: Places, *, but: str) -> Worlds:
    """Return worlds in which only one part varies: the others are what is expected."""
    changed: dict[str, NDArray[np.generic]] = {}
    if but != "existence":
        changed["alive"] = np.full_like(worlds.alive, ~np.uint64(0))
    if but != "residents":
        held = np.bincount(worlds.cell, weights=homes.people).astype(np.float32)
        changed["people"] = np.repeat(held[:, None], worlds.count, axis=1)
    if but != "walking":
        changed |= {"own": np.full_like(worlds.own, MIDDLE), "field": np.full_like(worlds.field, MIDDLE)}
    if but != "positions":
        for axis, name in enumerate("xy"):
            placed = np.repeat(places.xy[:, [axis]].astype(np.float32), worlds.count, axis=1)
            changed[name] = np.where(np.isnan(placed), np.float32(np.inf), placed)
    return replace(worlds, **changed)  # type: ignore[arg-type]


def settings() -> tuple[Setting, gpd.GeoDataFrame, Homes, Places, NDArray[np.float32]]:
    """Return the embedded territory: its setting, structures that count, homes, places, and areas x groups."""
    setting = set_up("est-ensemble", Options(as_of=DAY))
    structures = setting.structures[setting.structures["counted"]]
    layers = {name: getattr(setting, name) for name in ("communes", "neighbourhoods", "qpv")}
    areas = gather_areas(setting.demand, territory="t", **layers)
    homes = homes_of(setting.demand, areas)
    _, first = np.unique(homes.group, return_index=True)
    holds = (areas.residents[:, first] > 0).toarray().astype(np.float32)
    return setting, structures, homes, places_of(structures, setting.demand), holds


def positions(seed: int, draws: int, repeats: int) -> None:
    """Hide the positions of a third of the located structures, keep their commune, and draw them."""
    setting, structures, homes, places, holds = settings()
    located = structures[places.located]
    known = places_of(located, setting.demand)
    every, territory = Scores(seed), Scores(seed + 1)
    drawn = worlds_of(homes, known, located, odds=activity_odds(setting.structures), as_of=DAY, draws=draws, seed=seed)
    still = fixed(drawn, homes, known, but="nothing")  # only where structures stand is drawn anew below
    truth = shares_of(homes, known, still.first(1), holds)[..., 0]
    for repeat in range(repeats):
        random = np.random.default_rng([seed, repeat])
        hidden = random.random(len(located)) < 1 / 3
        some = known._replace(xy=np.where(hidden[:, None], np.nan, known.xy), radius=np.zeros(len(hidden)))
        x, y, host = draw_positions(some, homes, draw_orders(len(hidden), still.count, random), random)
        shares = shares_of(homes, some, replace(still, x=x, y=y, host=host), holds)
        every.add(shares, truth)
        territory.add(shares[:1], truth[:1])
    print(f"positions, all cells: {every.said()}\npositions, territory: {territory.said()}")


def urn(seed: int, draws: int, repeats: int) -> None:
    """Say how likely located structures stand where they do, each left out, by parameter of the urn of places."""
    del seed, draws, repeats
    setting, structures, _, places, _ = settings()
    known = places_of(structures[places.located], setting.demand)
    first, themes = known.addresses(), known.themes & ~np.uint64(1)

    def likelihood(shared: float, kindred: float) -> float:
        """Return the logarithm of the likelihood of all of them, a constant apart."""
        found = 0.0
        for one in np.flatnonzero(known.area >= 0):
            others = np.flatnonzero((known.area == known.area[one]) & (np.arange(len(first)) != one))
            weight = 1 + kindred * (themes[others] & themes[one] != 0)
            joins, same = shared * len(others) / (len(others) + 1), first[others] == first[one]
            found += np.log(joins * weight[same].sum() / weight.sum() if same.any() else 1 - joins)
        return found

    here = likelihood(SHARED, KINDRED)
    for name, values in (("SHARED", (0.3, 0.35, 0.4, 0.45, 0.5)), ("KINDRED", (0, 1, 2, 4, 6, 8, 12))):
        for value in values:
            other = likelihood(**({"shared": SHARED, "kindred": KINDRED} | {name.lower(): value}))
            print(f"urn, {name} {value:g} for {SHARED if name == 'SHARED' else KINDRED:g}: {other - here:+.1f}")


def bondy() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the IRIS of Bondy, its grid as demand points, and its structures that count and have a point."""
    setting = set_up("est-ensemble", Options(as_of=DAY))
    iris = setting.iris[setting.iris["citycode"] == "93010"]
    grid = gpd.read_file(DATA / "population" / "bondy_carreaux200m_filosofi2019.gpkg").to_crs(iris.crs)
    structures = setting.structures[setting.structures["counted"] & setting.structures.geometry.notna()]
    return iris, grid, structures[structures.within(iris.union_all().buffer(1200))]


def residents(seed: int, draws: int, repeats: int) -> None:
    """Spread the grid's total of each IRIS over the IRIS and compare shares with those of the grid itself."""
    iris, grid, structures = bondy()
    setting = set_up("est-ensemble", Options(as_of=DAY))
    # The people of a cell of the grid, spread over its points: that is the truth, and its sum by IRIS is what is known.
    points = demand_points(iris)
    square, inside = points.sindex.query(grid.geometry, predicate="contains")
    lived = np.zeros(len(points))
    people_of, counted = grid["ind"].to_numpy(dtype=float), np.bincount(square, minlength=len(grid))
    lived[inside] = people_of[square] / counted[square]
    totals = pd.Series(lived).groupby(points["iris_code"].to_numpy()).sum()
    known = iris.assign(population=totals.reindex(iris.index).fillna(0))
    demand = demand_points(known, qpv=setting.qpv)
    random, scores = np.random.default_rng(seed), Scores(seed)
    bits = theme_bits(structures)
    # A point reaches a theme within a walk, exactly: only residents vary.
    found = {}
    for name, points in (("spread", demand),):
        x, y = (getattr(points.geometry, axis).to_numpy()[:, None] for axis in "xy")
        away = np.hypot(x - structures.geometry.x.to_numpy(), y - structures.geometry.y.to_numpy())
        near = street_metres(away)[None] <= METRES_A_MINUTE * np.array(WALKS)[:, None, None]
        offers = (bits[:, None] >> np.arange(len(THEME_ROWS), dtype=np.uint64) & np.uint64(1)).astype(bool)
        found[name] = np.stack([(walk @ offers) > 0 for walk in near])  # walks x points x themes
    codes = pd.Index(sorted(known.index))
    of_iris = codes.get_indexer(demand["iris_code"])
    homes = Homes(
        np.column_stack([demand.geometry.x, demand.geometry.y]), demand["population"].to_numpy(),
        np.zeros(len(demand), dtype=int), of_iris, np.full(len(demand), -1), of_iris, drawn=True,
    )  # fmt: skip
    cell = homes.cells()
    people = draw_people(homes, cell, draws, np.random.default_rng([seed, 1])) / np.bincount(cell)[:, None]
    drawn_by_iris, true_by_iris = [], []
    for place in range(len(codes)):
        mine = of_iris == place
        drawn_by_iris.append(np.einsum("wpt,pd->twd", found["spread"][:, mine].astype(np.float32), people[cell[mine]]))
        true_by_iris.append(np.einsum("wpt,p->tw", found["spread"][:, mine], lived[mine]))
    drawn, true, each = np.stack(drawn_by_iris), np.stack(true_by_iris), totals.reindex(codes).fillna(0).to_numpy()
    for _ in range(repeats):  # halves of the IRIS: each IRIS, and the half together
        half = random.permutation(len(codes))[: len(codes) // 2]
        half = half[each[half] > 0]
        scores.add(drawn[half] / each[half][:, None, None, None], true[half] / each[half][:, None, None])
        scores.add(drawn[half].sum(axis=0) / each[half].sum(), true[half].sum(axis=0) / each[half].sum())
    print(f"residents, IRIS of Bondy on its grid: {scores.said()}")


def walking(seed: int, draws: int, repeats: int) -> None:
    """Compare shares by straight lines with those on the streets of Bondy, by IRIS, to places drawn beside streets."""
    iris, _, _ = bondy()
    setting = set_up("est-ensemble", Options(as_of=DAY))
    network = read_network(DATA / "osm" / "bondy_rue2023_overpass.geojson", setting.communes)
    demand = demand_points(iris)
    xy = np.column_stack([demand.geometry.x, demand.geometry.y])
    beside = snap(network, xy, max_snap_m=200)
    measured = beside.edge >= 0  # residents away from streets are not measured
    possible = np.flatnonzero(measured & (beside.aside_m < PLACE_M))
    demand, random = demand[measured], np.random.default_rng(seed)
    _, group = np.unique(demand["iris_code"], return_inverse=True)
    people = demand["population"].to_numpy()
    total = np.bincount(group, weights=people)
    count, none = len(demand), np.full(len(demand), -1)
    homes = Homes(xy[measured], people, np.zeros(count, dtype=int), group, none, group, drawn=False)
    middle = np.bincount(group, weights=xy[measured][:, 0]) / np.bincount(group)
    west = middle < np.median(middle)
    every, short, sides = Scores(seed), Scores(seed), (Scores(seed), Scores(seed))
    for repeat in range(repeats):
        chosen = random.choice(possible, PLACES, replace=False)
        spots = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy[chosen].T), crs=demand.crs)
        theme = random.integers(1, len(THEME_ROWS), PLACES)
        masks = (1 | (1 << theme)).astype(np.uint64)
        cost = travel_cost(demand, spots, network=network, max_minutes=max(WALKS))
        offers = (masks[:, None] >> np.arange(len(THEME_ROWS), dtype=np.uint64) & np.uint64(1)).astype(bool)
        near = np.stack([nearest_minutes(cost, among) for among in offers.T], axis=1)  # points x themes
        held = near[:, :, None] <= np.array(WALKS)
        truth = np.stack([np.tensordot(people * (group == one), held, axes=1) for one in range(len(total))])
        truth = truth / total[:, None, None]
        places = Places(xy[chosen], np.zeros(PLACES), np.zeros(PLACES, dtype=int), masks)
        sure = np.ones(PLACES, dtype=bool)
        worlds = draw_worlds(
            homes, places, verified=sure, years=np.zeros(PLACES), odds=(1, 1), count=draws, seed=seed + repeat
        )
        shares = shares_of(
            homes, places, fixed(worlds, homes, places, but="walking"), np.eye(len(total), dtype=np.float32)
        )
        offered = offers.any(axis=0)
        shares, truth = shares[:, offered], truth[:, offered]
        every.add(shares, truth)
        short.add(shares[:, :, :1], truth[:, :, :1])
        for side, part in zip(sides, (west, ~west), strict=True):
            side.add(shares[part], truth[part])
    for name, scores in (("by IRIS", every), ("5 minutes", short), ("west", sides[0]), ("east", sides[1])):
        print(f"walking, streets of Bondy, {name}: {scores.said()}")


def centres(
    points: gpd.GeoSeries, iris: gpd.GeoDataFrame
) -> tuple[NDArray[np.float64], NDArray[np.intp], dict[str, NDArray[np.intp]]]:
    """Return the squares of INSEE's grid of 200 m: their centres, the square of each point, and the squares by IRIS.

    A square belongs to the IRIS that its centre lies in; an IRIS without one takes that of its representative point.
    """
    on_grid = np.floor(shapely.get_coordinates(points.to_crs(GRID)) / SQUARE_M)
    squares, square = np.unique(on_grid, axis=0, return_inverse=True)
    middle = gpd.GeoSeries(gpd.points_from_xy(*(SQUARE_M * (squares + 0.5)).T), crs=GRID).to_crs(points.crs)
    where, which = iris.sindex.query(middle, predicate="within")
    members = {code: where[which == at] for at, code in enumerate(iris.index)}
    nearest = middle.sindex.nearest(iris.representative_point(), return_all=False)[1]
    members = {code: some if len(some) else nearest[[at]] for at, (code, some) in enumerate(members.items())}
    return np.column_stack([middle.x, middle.y]), square.ravel(), members


def stations(seed: int, draws: int, repeats: int) -> None:
    """Compare minutes on foot to the nearest station with those another program found on streets, IRIS by IRIS.

    It walks from the centres of squares of 200 m to stop points, from street to street: the ways from a door to the
    street and from there to the stop are not counted. An IRIS has the median of its residents, in whole minutes, cut.
    """
    del repeats
    setting, _, homes, _, _ = settings()
    demand, iris = setting.demand, setting.iris
    oracle = pd.read_csv(DATA / "oracle" / "iris_minutes_underlaid_2026-10.csv", dtype={"iris_code": str})
    oracle = oracle[oracle["service"] == "station"].pivot_table("minutes", "iris_code", "profile")
    near = gpd.read_file(DATA / "stations" / "idfm_emplacement-des-gares-idf_2025-07.geojson").to_crs(demand.crs)
    to = np.column_stack([near.geometry.x, near.geometry.y])
    xy, square, members = centres(demand.geometry, iris)
    away, closest = KDTree(to).query(xy, k=NEAREST)  # squares x stations
    hosts = np.repeat(np.arange(len(to), dtype=np.int32)[:, None], draws, axis=1)
    random = np.random.default_rng(seed)
    own, field, part, _ = draw_detours(xy, hosts, draw_orders(len(hosts), draws, random), random)
    cell = homes.cells()
    people = draw_people(homes, cell, draws, random)
    of_cell = homes.people / np.maximum(np.bincount(cell, weights=homes.people), 1)[cell]
    even = np.bincount(square, weights=homes.people) + POINT  # nobody lives in some IRIS
    found = np.empty((3, len(members), draws))  # metres: as they are; from street to street; and where residents live
    for world in range(draws):
        single = np.stack([single_walks(world, station, len(xy)) for station in range(NEAREST)], axis=1)
        z = (own[closest, world] + field[part, world][:, None] + single) / STEPS - 3 * LONGEST_Z
        metres = street_metres(np.asarray(away), z).min(axis=1)
        lived = np.bincount(square, weights=people[cell, world] * of_cell) + POINT
        for at, (walk, weight) in enumerate(((metres, even), (metres - ASIDE_M, even), (metres - ASIDE_M, lived))):
            found[at, :, world] = [weighted_median(walk[some], weight[some]) for some in members.values()]
    for name, metres in zip(
        ("from door to station", "from street to street", "and residents drawn"), found, strict=True
    ):
        for profile, speed in (("free", 4.5), ("slow", 3.4)):
            told = oracle[profile].reindex(list(members)).to_numpy()
            minutes = np.maximum(metres, 0) * 60 / (1000 * speed)
            low, high = ends(minutes)
            inside, error = (told + 1 >= low) & (told <= high), np.median(minutes, axis=1) - told - 0.5
            print(
                f"stations, {name}, {speed} km/h: {100 * inside.mean():.1f} % of {len(told)} IRIS inside, medians off "
                f"by {error.mean():+.1f} min, mean width {(high - low).mean():.1f} min"
            )
    over_streets(oracle["free"], near)


def over_streets(told: pd.Series, near: gpd.GeoDataFrame) -> None:
    """Compare those minutes with walks over the streets of Bondy, to the point of a station that lies on them."""
    iris, grid, _ = bondy()
    network = read_network(DATA / "osm" / "bondy_rue2023_overpass.geojson", iris)
    points = grid.centroid
    of, square = iris.sindex.query(points, predicate="within")[::-1]
    xy, to = (np.column_stack([shapes.x, shapes.y]) for shapes in (points.iloc[square], near.geometry))
    starts, ends_of = snap(network, xy, max_snap_m=MAX_SNAP_M), snap(network, to, max_snap_m=MAX_SNAP_M)
    metres = network_metres(network, starts, ends_of, max_m=5000).toarray()
    metres = np.where(metres > 0, metres, np.inf).min(axis=1)
    sure = metres < KDTree(to[ends_of.edge < 0]).query(xy)[0]  # no other station can be nearer
    people = grid["ind"].to_numpy(dtype=float)[square]
    kept = [at for at in np.unique(of) if np.average(sure[of == at], weights=people[of == at]) > NEARLY_ALL]
    minutes = [weighted_median(metres[of == at], people[of == at]) / METRES_A_MINUTE for at in kept]
    error = np.array(minutes) - told.reindex(iris.index[kept]) - 0.5
    print(
        f"stations, streets of Bondy, door to station, {len(kept)} IRIS: off by {error.mean():+.1f} min "
        f"({error.abs().mean():.1f} without sign)"
    )


def stability(seed: int, draws: int, repeats: int) -> None:
    """Draw the full model from two seeds, so many times, and say how far ends move."""
    setting, structures, homes, places, holds = settings()
    odds = activity_odds(setting.structures)
    close, far = np.empty((2, repeats, 2))  # pairs x lower and upper ends
    for pair in range(repeats):
        one, other = (
            np.stack(ends(shares_of(homes, places, worlds, holds)))
            for worlds in (
                worlds_of(homes, places, structures, odds=odds, as_of=DAY, draws=draws, seed=seed + 2 * pair + at)
                for at in range(2)
            )
        )
        moved = np.abs(one - other)[:, (one[0] < one[1]) & np.isfinite(one[0])]  # 2 x cells that are no point
        close[pair], far[pair] = (moved < CLOSE).mean(axis=1), (moved < FAR).mean(axis=1)
        print(
            f"stability, {draws} worlds, seeds {seed + 2 * pair} and {seed + 2 * pair + 1}: ends move by less than 2 "
            f"points in {100 * close[pair].mean():.1f} %, by 5 in {100 * far[pair].mean():.1f} % of {moved.size}; "
            f"most {100 * moved.max():.1f}"
        )
    lower, upper = 100 * close.mean(axis=0)
    print(
        f"stability, {repeats} pairs: {100 * close.mean():.1f} % (lower {lower:.1f}, upper {upper:.1f}; pairs stray by "
        f"{100 * close.mean(axis=1).std():.1f}), {100 * far.mean():.1f} %"
    )


def speed(seed: int, draws: int, repeats: int) -> None:
    """Time the worlds of the embedded territory: full model, then places, existence and common factors."""
    del repeats
    setting, structures, homes, places, holds = settings()
    odds = activity_odds(setting.structures)
    wall, processor = time.perf_counter(), time.process_time()
    worlds = worlds_of(homes, places, structures, odds=odds, as_of=DAY, draws=draws, seed=seed)
    drawn = time.process_time() - processor
    shares_of(homes, places, worlds, holds)
    used = time.process_time() - processor
    print(
        f"speed, full model: {draws} worlds in {time.perf_counter() - wall:.1f} s, {used:.1f} s "
        f"of processor, of which {drawn:.1f} to draw; {1000 * used / draws:.2f} ms a world"
    )


def zones(seed: int, draws: int, repeats: int) -> None:
    """Say how often true positions lie within shares of the radius, beside the discs (streets: ``calibrate.py``)."""
    del seed, draws, repeats
    truth = truth_rows()
    with tempfile.TemporaryDirectory() as folder:
        matches = match(load_index(BAN, folder), queries(truth["address"], truth["postcode"], truth["city"]))
    exact = (statuses(matches) == "located") & (matches["precision"] == "housenumber")
    exact &= ~truth["fuel"] & (truth["kind"] != OF_BAN)
    away = (off(matches, truth["lon"], truth["lat"]) / matches["radius_m"])[exact].to_numpy()
    for share in (0.1, 0.25, 0.5, 0.75, 1.0, 1.5):
        expected = sum(odds * min(share / radius, 1) ** 2 for radius, odds in DISCS)
        print(
            f"zones, within {share:.2f} of the radius: {100 * (away <= share).mean():.0f} %, discs {100 * expected:.0f}"
        )


PARTS: dict[str, Callable[[int, int, int], None]] = {
    function.__name__: function for function in (positions, urn, residents, walking, stations, zones, stability, speed)
}


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=20)
    asked = parser.parse_args()
    for part in asked.part:
        if part not in {"positions", "urn", "stability", "speed"} and not DATA.is_dir():
            print(f"{part}: no {DATA}.")
            continue
        PARTS[part](asked.seed, asked.draws, asked.repeats)


if __name__ == "__main__":
    main()
