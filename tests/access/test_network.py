"""Reading a walking network from OpenStreetMap."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import osmium
import pytest
import shapely

from essgeo.access import read_network
from essgeo.access.network import STEPS_FACTOR, read_ways, walkable
from essgeo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from essgeo.access import WalkNetwork

NODES = {1: (2.48, 48.9), 2: (2.481, 48.9), 3: (2.482, 48.9), 4: (2.481, 48.901), 5: (2.49, 48.91), 6: (2.491, 48.91)}
WAYS = [
    (10, [1, 2, 3], {"highway": "residential", "name": "Rue <b>A</b>"}),
    (11, [2, 4], {"highway": "steps"}),
    (12, [3, 4], {"highway": "motorway"}),
    (13, [1, 4], {"highway": "service", "access": "private"}),
    (14, [5, 6], {"highway": "footway"}),
    (15, [1, 6], {"building": "yes"}),
]


def osmium_file(path: Path) -> Path:
    with osmium.SimpleWriter(str(path)) as writer:
        for number, place in NODES.items():
            writer.add_node(osmium.osm.mutable.Node(id=number, location=place))
        for number, nodes, tags in WAYS:
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=nodes, tags=tags))
    return path


def overpass_file(path: Path, *, inline: bool) -> Path:
    ways = [
        {"type": "way", "id": number, "tags": tags}
        | (
            {"geometry": [dict(zip(("lon", "lat"), NODES[n], strict=True)) for n in nodes]}
            if inline
            else {"nodes": nodes}
        )
        for number, nodes, tags in WAYS
    ]
    nodes = [{"type": "node", "id": n, "lon": lon, "lat": lat} for n, (lon, lat) in NODES.items()]
    content = {"osm3s": {"timestamp_osm_base": "2024-05-06T07:08:09Z"}, "elements": ways + ([] if inline else nodes)}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def geojson_file(path: Path) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": tags,
            "geometry": {"type": "LineString", "coordinates": [NODES[n] for n in nodes]},
        }
        for _, nodes, tags in WAYS
    ]
    features.append({"type": "Feature", "properties": {"highway": "crossing"}, "geometry": None})
    path.write_text(json.dumps({"timestamp": "2024-05-06T07:08:09Z", "features": features}), encoding="utf-8")
    return path


@pytest.fixture
def area() -> gpd.GeoDataFrame:
    square = shapely.box(2.479, 48.899, 2.483, 48.902)
    return gpd.GeoDataFrame(geometry=[square], crs=4326).to_crs(2154)


def test_every_format_gives_the_same_network(tmp_path: Path, area: gpd.GeoDataFrame) -> None:
    files = {
        "pbf": osmium_file(tmp_path / "a.osm.pbf"),
        "xml": osmium_file(tmp_path / "a.osm"),
        "inline": overpass_file(tmp_path / "a.json", inline=True),
        "nodes": overpass_file(tmp_path / "b.json", inline=False),
        "geojson": geojson_file(tmp_path / "a.geojson"),
    }
    networks = {name: read_network(file, area, min_component_m=0) for name, file in files.items()}
    first = networks["pbf"]
    assert len(first.xy) == 4
    assert first.components == 1
    for name, network in networks.items():
        np.testing.assert_allclose(network.xy, first.xy, err_msg=name)
        np.testing.assert_allclose(np.sort(network.length_m), np.sort(first.length_m), err_msg=name)
        assert network.date == ("2024-05-06" if name in {"inline", "nodes", "geojson"} else "")
        assert network.licence == "ODbL 1.0"


def test_steps_take_longer(tmp_path: Path, area: gpd.GeoDataFrame) -> None:
    network = read_network(osmium_file(tmp_path / "a.osm"), area, min_component_m=0)
    drawn = np.hypot(*(network.segment_xy[:, 1] - network.segment_xy[:, 0]).T)
    factors = network.segment_length_m / drawn
    assert sorted(factors.round(6).tolist()) == [1.0, 1.0, STEPS_FACTOR]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "footway"}, True),
        ({"highway": "path"}, True),
        ({"highway": "steps"}, True),
        ({"highway": "pedestrian"}, True),
        ({"highway": "motorway"}, False),
        ({"highway": "motorway", "foot": "yes"}, False),
        ({"highway": "trunk"}, False),
        ({"highway": "trunk", "foot": "yes"}, True),
        ({"highway": "cycleway"}, False),
        ({"highway": "cycleway", "foot": "designated"}, True),
        ({"highway": "residential", "foot": "no"}, False),
        ({"highway": "service", "access": "private"}, False),
        ({"highway": "service", "access": "no", "foot": "yes"}, True),
        ({"highway": "primary", "motorroad": "yes"}, False),
        ({"highway": "construction", "foot": "yes"}, False),
        ({"foot": "yes"}, False),
    ],
)
def test_pedestrian_rules(tags: dict[str, str], expected: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert walkable(tags) is expected


def test_ways_are_split_where_they_meet(draw: Callable[..., WalkNetwork]) -> None:
    network = draw([[(0, 0), (50, 10), (100, 0), (200, 0)], [(100, 0), (100, 100)], [(300, 0), (200, 0)]])
    degree = np.bincount(network.edges.ravel())
    assert sorted(degree.tolist()) == [1, 1, 1, 2, 3]
    assert len(network.edges) == 4
    assert len(network.segment_edge) == 5
    np.testing.assert_allclose(network.length_m.sum(), 2 * np.hypot(50, 10) + 300, atol=0.5)


def test_a_way_that_crosses_itself_is_split(draw: Callable[..., WalkNetwork]) -> None:
    network = draw([[(0, 0), (100, 0), (100, 100), (50, 100), (50, 0.0), (100, 0)]])
    assert np.bincount(network.edges.ravel()).max() == 3


def test_short_components_are_dropped_and_counted(draw: Callable[..., WalkNetwork]) -> None:
    lines = [[(0, 0), (900, 0)], [(0, 500), (600, 500)], [(0, 900), (30, 900)]]
    kept = draw(lines, min_component_m=100)
    assert (kept.components, kept.dropped_components) == (2, 1)
    assert kept.dropped_m == pytest.approx(30, abs=0.5)
    everything = draw(lines)
    assert (everything.components, everything.dropped_components, everything.dropped_m) == (3, 0, 0)


def test_the_network_is_clipped_to_the_area_and_its_buffer(tmp_path: Path, area: gpd.GeoDataFrame) -> None:
    file = osmium_file(tmp_path / "a.osm")
    assert len(read_network(file, area, buffer_m=5000, min_component_m=0).edges) == 4
    assert len(read_network(file, area, buffer_m=10, min_component_m=0).edges) == 3


def test_a_network_elsewhere_is_refused(tmp_path: Path, area: gpd.GeoDataFrame) -> None:
    moved = area.assign(geometry=area.geometry.translate(50_000))
    with pytest.raises(InputError, match=r"a\.osm: no walkable way within 1000 m"):
        read_network(osmium_file(tmp_path / "a.osm"), moved)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"{", "not JSON"),
        ("a.json", b"[1]", "neither GeoJSON"),
        ("a.geojson", b'{"features": [{"properties": {"highway": "path"}}]}', "KeyError"),
        ("a.pbf", b"not a pbf at all", "not a readable OpenStreetMap file"),
        ("a.osm", b"<osm><way></osm>", "not a readable OpenStreetMap file"),
        ("a.docx", b"", "not a readable OpenStreetMap file"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, area: gpd.GeoDataFrame, name: str, content: bytes, message: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_network(file, area)
    assert name in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path, area: gpd.GeoDataFrame) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_network(tmp_path / "none.pbf", area)


def test_bondy(streets: WalkNetwork) -> None:
    assert streets.date == "2023-07-27"
    assert streets.licence.startswith("ODbL")
    assert 100_000 < streets.length_m.sum() < 200_000
    assert streets.dropped_m < 0.05 * streets.length_m.sum()
    joined = streets.segment_xy[streets.segment_from_m == 0, 0]
    assert len(joined) == len(streets.edges)
    np.testing.assert_allclose(joined, streets.xy[streets.edges[:, 0]])


@pytest.mark.parametrize(
    "written",
    ['"foot"=>"no","note"=>"a \\"b\\" => c"', '{"foot": "no"}', {"foot": "no"}],
    ids=["hstore", "json", "object"],
)
def test_the_tags_that_ogr_gathers_count(tmp_path: Path, written: object) -> None:
    line = {"type": "LineString", "coordinates": [[2.44, 48.86], [2.45, 48.86]]}
    ways = [{"highway": "residential", "other_tags": written}, {"highway": "residential", "other_tags": None}]
    features = [{"type": "Feature", "properties": tags, "geometry": line} for tags in ways]
    path = tmp_path / "streets.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert len(read_ways(path).steps) == 1
