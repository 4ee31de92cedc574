"""Draw the pictures of the pages that explain, by the functions and tables that they explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
from matplotlib.patches import Circle
from run_notebooks import RUN

from essgeo import choose_sites, locate_in, search_areas
from essgeo.uncertainty import DISCS, NOWHERE, Homes, Places, draw_worlds, street_metres
from essgeo.uncertainty.existence import YEARLY_RATE, YEARLY_SPREAD
from essgeo.uncertainty.latin import draw_orders
from essgeo.uncertainty.positions import draw_positions

mpl.use("svg")
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, RED, GREY = "#2323b0", "#a3003c", "#6b7280"
ENDS = (-1.645, 1.645)
"""Nine walks in ten lie between."""

SIDE, STEP = 1000.0, 50.0
"""Metres, of a made IRIS and between its points."""

QPV = 400.0
"""The QPV of that IRIS lies left of it."""


def plot(width: float = 6.4, height: float = 3.4, **grid: int) -> tuple[Figure, Axes]:
    """Return an empty figure without the frame that says nothing."""
    figure, axes = plt.subplots(figsize=(width, height), layout="constrained", **grid)
    for one in np.atleast_1d(axes).ravel():
        one.spines[["top", "right"]].set_visible(False)
    return figure, axes


def positions() -> Figure:
    """Draw where a house with a radius of 24 m stands in 2,000 worlds."""
    none = np.zeros(1, dtype=int)
    home = Homes(np.zeros((1, 2)), np.ones(1), none, none, none - 1, none, drawn=False)
    place = Places(np.zeros((1, 2)), np.array([24.0]), none + NOWHERE, np.ones(1, dtype=np.uint64))
    random = np.random.default_rng(0)
    x, y, _ = draw_positions(place, home, draw_orders(1, 2048, random), random)
    figure, axes = plot(4.2, 4.2)
    axes.plot(x[0], y[0], ".", color=BLUE, markersize=2, alpha=0.5)
    axes.add_patch(Circle((0, 0), 24, fill=False, color=RED))
    inside = np.mean(np.hypot(x, y) <= 24)  # noqa: PLR2004 (the radius)
    axes.set(aspect="equal", xlabel="metres", title=f"{inside:.0%} within the radius of 24 m")
    return figure


def lattice() -> Homes:
    """Return 1,000 residents of an IRIS of one square kilometre, partly in a QPV."""
    axis = np.arange(STEP / 2, SIDE, STEP)
    xy = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    zeros, inside = np.zeros(len(xy), dtype=int), xy[:, 0] < QPV
    people = np.where(inside, 1.36, 1.0)
    people *= 1000 / people.sum()
    return Homes(xy, people, zeros, zeros, np.where(inside, 0, -1), zeros, drawn=True)


def places() -> Places:
    """Return a structure that is located, one known by its commune alone, and one whose activity is not verified."""
    xy = np.array([[300.0, 700.0], [np.nan, np.nan], [750.0, 250.0]])
    return Places(xy, np.array([50.0, np.nan, 50.0]), np.zeros(3, dtype=int), np.ones(3, dtype=np.uint64))


def residents() -> Figure:
    """Draw residents as expected, and in two worlds."""
    homes, sure = lattice(), np.ones(3, dtype=bool)
    made = draw_worlds(homes, places(), verified=sure, years=np.zeros(3), odds=(9.0, 1.0), count=64)
    expected = np.bincount(made.cell, weights=homes.people)
    drawn = {"expected": expected, "a world": made.people[:, 0], "another": made.people[:, 1]}
    figure, axes = plot(6.4, 2.7, ncols=3)
    for one, (title, people) in zip(axes, drawn.items(), strict=True):
        one.imshow(people.reshape(5, 5).T, origin="lower", extent=(0, SIDE, 0, SIDE), cmap="YlGnBu", vmin=0, vmax=150)
        one.axvline(QPV, color=RED)
        one.set(title=f"{title}: {people.sum():,.0f}", xticks=[], yticks=[])
    figure.supxlabel("cells of 200 m; left of the line the QPV, whose total is kept too", fontsize=9)
    return figure


def walking() -> Figure:
    """Draw metres over streets beside metres in a straight line."""
    straight = np.linspace(1, 1000, 200)
    low, high = (street_metres(straight, z) for z in ENDS)
    figure, axes = plot()
    axes.fill_between(straight, low, high, color=BLUE, alpha=0.15, label="nine walks in ten")
    axes.plot(straight, street_metres(straight), color=BLUE, label="median walk")
    axes.plot(straight, straight, color=GREY, linestyle=":", label="straight line")
    axes.axhline(1125, color=RED, linewidth=1, label="15 minutes at 4.5 km/h")
    axes.set(xlabel="metres in a straight line", ylabel="metres over streets", ylim=(0, 2000))
    axes.legend(frameon=False)
    return figure


def existence() -> Figure:
    """Draw the chance that a structure seen active still exists."""
    years = np.linspace(0, 12, 100)
    low, middle, high = (np.exp(-YEARLY_RATE * np.exp(YEARLY_SPREAD * z) * years) for z in (ENDS[1], 0, ENDS[0]))
    figure, axes = plot()
    axes.fill_between(years, low, high, color=BLUE, alpha=0.15, label="nine rates in ten")
    axes.plot(years, middle, color=BLUE, label=f"{YEARLY_RATE:.1%} a year go")
    axes.set(xlabel="years since the last evidence", ylabel="still there", ylim=(0, 1))
    axes.legend(frameon=False)
    return figure


def zones() -> Figure:
    """Draw three positions and the probability that each lies in a zone."""
    points = gpd.GeoDataFrame(
        {"geo_radius_m": [40.0] * 3}, geometry=gpd.points_from_xy([60, 190, 300], [100, 100, 100]), crs=2154
    )
    shape = shapely.box(0, 20, 200, 180)
    zone = gpd.GeoDataFrame({"vintage": ["2024"]}, index=["QN1"], geometry=[shape], crs=2154)
    figure, axes = plot(6.4, 3.0)
    axes.fill(*shape.exterior.xy, color=BLUE, alpha=0.12)
    for point, row in zip(points.geometry, locate_in(points, zone).itertuples(), strict=True):
        for factor, _ in DISCS:
            axes.add_patch(Circle((point.x, point.y), 40 * factor, fill=False, color=GREY, linewidth=0.7))
        axes.plot(point.x, point.y, ".", color=RED)
        axes.annotate(f"{row.relation}\n{row.probability:.2f}", (point.x, 12), ha="center", va="top", fontsize=9)
    axes.set(aspect="equal", xlim=(-20, 380), ylim=(-30, 190), xticks=[], yticks=[])
    return figure


def worlds() -> Figure:
    """Draw four worlds of three structures."""
    made = draw_worlds(
        lattice(), places(), verified=np.array([True, True, False]), years=np.full(3, 2.0), odds=(3.0, 1.0), count=64
    )
    alive = np.unpackbits(made.alive.view(np.uint8), axis=-1, bitorder="little")
    figure, axes = plot(6.4, 2.1, ncols=4)
    for world, one in enumerate(axes):
        people = made.people[:, world].reshape(5, 5).T
        one.imshow(people, origin="lower", extent=(0, SIDE, 0, SIDE), cmap="YlGnBu", vmin=0, vmax=150)
        for structure, colour in enumerate((RED, "#b45309", "#111827")):
            mark = "o" if alive[structure, world] else "x"
            one.plot(made.x[structure, world], made.y[structure, world], mark, color=colour, markersize=7)
        one.set(title=f"world {world + 1}", xlim=(0, SIDE), ylim=(0, SIDE), xticks=[], yticks=[])
    figure.supxlabel("red: located; orange: its commune alone is known; black: not verified; a cross: gone", fontsize=9)
    return figure


def example(name: str) -> pd.DataFrame:
    """Return a table of the study that the notebooks published."""
    return pd.read_csv(RUN / "04_publish" / "maps" / "tables" / f"{name}.csv")


def intervals() -> Figure:
    """Draw the shares of the target neighbourhoods within 15 minutes, their intervals, and what the located give."""
    found = example("coverage").query(
        "level == 'neighbourhood' and minutes == 15 and theme == 'alimentation_agriculture'"
    )
    figure, axes = plot(6.4, 2.6)
    rows = np.arange(len(found))
    axes.hlines(rows, 100 * found["share_low"], 100 * found["share_high"], color=BLUE, linewidth=5, alpha=0.3)
    axes.plot(100 * found["share"], rows, "o", color=BLUE, label="mean of the worlds, and 90 % of them")
    axes.plot(100 * found["share_located"], rows, "|", color=RED, markersize=14, label="located structures alone")
    axes.set(yticks=rows, yticklabels=found["zone_name"], xlim=(0, 100))
    axes.set_xlabel("% of residents within 15 minutes of food and farming")
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=2)
    return figure


def conclusions() -> Figure:
    """Draw how many gaps of the target neighbourhoods are named, and why the others are not."""
    found = example("gaps").query("level == 'neighbourhood'")
    counted = found["conclusion"].fillna("a gap is named").value_counts()
    figure, axes = plot(6.4, 2.4)
    colours = np.where(counted.index == "a gap is named", BLUE, GREY)
    bars = axes.barh(counted.index, counted.to_numpy(), color=colours)
    axes.bar_label(bars, padding=3)
    axes.set(xlabel="neighbourhoods x themes of the example", xticks=[])
    return figure


def sites() -> Figure:
    """Draw residents out of reach, and the two cells of 200 m that reach most of them."""
    random = np.random.default_rng(3)
    xy = np.concatenate([random.normal(middle, 220, (60, 2)) for middle in ([600, 600], [1900, 900], [1300, 1500])])
    people = random.integers(5, 40, len(xy)).astype(float)
    demand = gpd.GeoDataFrame({"population": people}, geometry=gpd.points_from_xy(*xy.T), crs=2154)
    iris = gpd.GeoDataFrame({"name": ["Centre"], "city": ["Bondy"]}, geometry=[shapely.box(0, 0, 2600, 2000)], crs=2154)
    chosen = choose_sites(demand, search_areas(iris), count=2, sector="mobilite", within_minutes=8)
    figure, axes = plot(5.6, 4.2)
    axes.scatter(*xy.T, s=people, color=GREY, alpha=0.5, linewidth=0)
    for rank, point in enumerate(chosen.sites.geometry, 1):
        axes.plot(point.x, point.y, "s", color=RED)
        axes.annotate(f"site {rank}", (point.x, point.y), xytext=(8, 6), textcoords="offset points")
    axes.set(aspect="equal", xticks=[], yticks=[])
    axes.set_title(f"{chosen.newly_reached:,.0f} of {people.sum():,.0f} within 8 minutes, proven best")
    return figure


PICTURES = (positions, residents, walking, existence, zones, worlds, intervals, conclusions, sites)


def draw_pictures(folder: Path) -> None:
    """Write each picture under its name; the same picture is the same file."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": "essgeo", "svg.fonttype": "path", "font.size": 10}):
        for picture in PICTURES:
            figure = picture()
            figure.savefig(folder / f"{picture.__name__}.svg", metadata={"Date": None})
            plt.close(figure)
