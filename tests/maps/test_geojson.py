"""Outlines stay glued, light and where they were."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import Point, Polygon

from essgeo.maps.drawing import MARKS, STROKES, collection, layers_with_popups, outlines
from essgeo.schema.columns import TABLES
from essgeo.text.languages import texts

if TYPE_CHECKING:
    from essgeo.messages import Lang
    from essgeo.results import Study


def _wavy_neighbours() -> gpd.GeoDataFrame:
    """Return two polygons on both sides of one wavy line of 400 points."""
    y = np.linspace(0, 1000, 400)
    shared = np.column_stack([655000 + 20 * np.sin(y / 20), 6863000 + y])
    left = Polygon([*shared, (654000, 6864000), (654000, 6863000)])
    right = Polygon([*shared, (656000, 6864000), (656000, 6863000)])
    return gpd.GeoDataFrame(geometry=[left, right], index=["left", "right"], crs="EPSG:2154")


def test_neighbours_stay_glued_once_simplified_and_rounded() -> None:
    layer = _wavy_neighbours()
    made = outlines(layer, tolerance_m=8)
    assert shapely.get_num_coordinates(made["left"]) < 200
    left, right = (shapely.set_precision(shape, 1e-5) for shape in made)
    assert left.intersection(right).area == 0
    assert left.union(right).geom_type == "Polygon"
    assert not left.union(right).interiors


def test_outlines_stay_close_to_where_they_were() -> None:
    layer = _wavy_neighbours()
    moved = outlines(layer).to_crs(layer.crs)
    assert moved.hausdorff_distance(layer.geometry).max() < 20
    assert moved.index.equals(layer.index)


def test_input_is_left_as_it_was(study: Study) -> None:
    before = study.iris.copy()
    outlines(study.iris)
    outlines(study.qpv)
    assert study.iris.geom_equals(before.geometry).all()


def test_points_have_six_decimals_and_missing_ones_are_left_out() -> None:
    points = gpd.GeoSeries([Point(2.43824612345, 48.9012345678), None, Point()], crs="EPSG:4326")
    made = collection(points, [{"id": name} for name in "abc"])
    assert [feature["properties"]["id"] for feature in made["features"]] == ["a"]
    assert made["features"][0]["geometry"]["coordinates"] == [2.438246, 48.901235]


def test_every_published_layer_is_drawn(study: Study) -> None:
    marked = {mark.layer for mark in MARKS.values()}
    published = {name for name, table in TABLES.items() if table.geographic and name != "structures"}
    drawn = set(layers_with_popups(study))
    assert marked | set(STROKES) | {"iris"} == published | {"cooperations"} == drawn


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_layer_drawn_has_a_name_in_the_legend_and_in_popups(study: Study, lang: Lang) -> None:
    wanted = {f"layer_{name}" for name in (*MARKS, *STROKES)} | {
        f"kind_{name}" for name in layers_with_popups(study) if name in TABLES and TABLES[name].geographic
    }
    assert not wanted - set(texts(lang)["map"])


def test_a_cooperation_is_a_line_where_its_ends_have_two_places(study: Study) -> None:
    """Of one place, or without a place at an end, it is in the list alone."""
    ties = {"party_id": ["s0", "s0", ""], "with_structure_id": ["s1", "s0", "s1"], "placed": ["both", "both", "one"]}
    told = pd.DataFrame(ties).assign(relation_id="r", party="A", with_name="B", tie="anime", project="P")
    made = layers_with_popups(replace(study, cooperations=told))["cooperations"]["features"]
    assert [feature["geometry"]["type"] for feature in made] == ["LineString"]
    assert made[0]["properties"]["title"] == "A, B"
