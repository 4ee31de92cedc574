"""The base of the maps is read alike from every form of a file of OpenStreetMap."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest
import shapely

from essgeo.access.base_map import base_of_rail, base_of_streets
from essgeo.errors import InputError
from essgeo.files.provenance import Input

if TYPE_CHECKING:
    from pathlib import Path

WITHIN = gpd.GeoSeries([shapely.box(2.48, 48.90, 2.49, 48.91)], crs=4326).to_crs(2154)
SOURCE = Input("network", "streets", "", "", "", "ODbL 1.0", "")
RING = [(2.480, 48.900), (2.484, 48.900), (2.484, 48.903), (2.480, 48.903), (2.480, 48.900)]
SMALL = [(2.4861, 48.9061), (2.4862, 48.9061), (2.4862, 48.9062), (2.4861, 48.9061)]
FAR = [(3.0, 48.9), (3.1, 48.9)]
LINE = [(2.480, 48.905), (2.489, 48.906)]
WAYS: list[tuple[dict[str, str], list[tuple[float, float]]]] = [
    ({"highway": "primary", "name": "Grande Rue"}, LINE),
    ({"highway": "tertiary_link"}, LINE),
    ({"highway": "residential"}, LINE),
    ({"highway": "footway"}, LINE),
    ({"highway": "residential", "note": "a square"}, RING),
    ({"highway": "primary", "note": "far"}, FAR),
    ({"railway": "rail"}, LINE),
    ({"railway": "rail", "service": "yard"}, LINE),
    ({"railway": "subway"}, LINE),
    ({"railway": "tram"}, LINE),
    ({"waterway": "canal"}, LINE),
    ({"waterway": "ditch"}, LINE),
    ({"natural": "water"}, RING),
    ({"natural": "water", "note": "an open line"}, LINE),
    ({"leisure": "park"}, RING),
    ({"leisure": "park", "note": "small"}, SMALL),
    ({"building": "yes"}, RING),
]
QUARTER = ({"place": "quarter", "name": "Les Quais"}, (2.485, 48.905))
READ = {"road": 1, "street": 1, "lane": 2, "train": 1, "metro": 1, "tramway": 1, "waterway": 1, "water": 1, "park": 1}


def _osm() -> str:
    nodes, ways = [], []
    for way, (tags, line) in enumerate(WAYS, 1):
        ends = [(line[0] == line[-1] and place == len(line) - 1) or place for place in range(len(line))]
        names = [way * 100 + (0 if end is True else end) for end in ends]
        places = dict(zip(names, line, strict=True))
        nodes += [f'<node id="{name}" version="1" lat="{y}" lon="{x}"/>' for name, (x, y) in places.items()]
        inner = "".join(f'<nd ref="{name}"/>' for name in names)
        inner += "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        ways.append(f'<way id="{way}" version="1">{inner}</way>')
    tags, (x, y) = QUARTER
    inner = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
    nodes.append(f'<node id="9999" version="1" lat="{y}" lon="{x}">{inner}</node>')
    return f'<osm version="0.6">{"".join(nodes)}{"".join(ways)}</osm>'


def _overpass() -> str:
    tags, (x, y) = QUARTER
    ways = [
        {"type": "way", "id": place, "tags": tags, "geometry": [{"lon": x, "lat": y} for x, y in line]}
        for place, (tags, line) in enumerate(WAYS)
    ]
    return json.dumps({"elements": [*ways, {"type": "node", "id": 1, "lon": x, "lat": y, "tags": tags}]})


def _geojson() -> str:
    def shape(tags: dict[str, str], line: list[tuple[float, float]]) -> dict[str, Any]:
        ring = line[0] == line[-1] and "highway" not in tags
        return {"type": "Polygon", "coordinates": [line]} if ring else {"type": "LineString", "coordinates": line}

    features = [{"properties": tags, "geometry": shape(tags, line)} for tags, line in WAYS]
    tags, point = QUARTER
    features += [
        {"properties": {**tags, "@relations": [1]}, "geometry": {"type": "Point", "coordinates": point}},
        {"properties": tags, "geometry": None},
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


@pytest.mark.parametrize(("name", "write"), [("s.osm", _osm), ("s.json", _overpass), ("s.geojson", _geojson)])
def test_streets_rail_water_parks_and_names_are_read(tmp_path: Path, name: str, write: Any) -> None:
    file = tmp_path / name
    file.write_text(write(), encoding="utf-8")
    shapes = base_of_streets(file, WITHIN, SOURCE).shapes
    assert shapes["kind"].value_counts().to_dict() == READ | {"place": 1}
    assert shapes["name"][shapes["kind"].isin(["place", "road"])].tolist().count("Les Quais") == 1
    assert shapes.crs == WITHIN.crs
    own = base_of_streets(file, WITHIN, SOURCE, rail=False).shapes["kind"]
    assert set(READ) - set(own) == {"train", "metro", "tramway"}


def test_a_water_of_several_ways_has_its_island(tmp_path: Path) -> None:
    outer, inner = RING, [(2.481, 48.901), (2.482, 48.901), (2.482, 48.902), (2.481, 48.901)]
    members = [
        {"role": role, "geometry": [{"lon": x, "lat": y} for x, y in line]}
        for role, line in (("outer", outer[:3]), ("outer", outer[2:]), ("inner", inner))
    ]
    content = {"elements": [{"type": "relation", "id": 1, "tags": {"natural": "water"}, "members": members}]}
    file = tmp_path / "water.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    (water,) = base_of_streets(file, WITHIN, SOURCE).shapes.geometry
    assert len(water.interiors) == 1


@pytest.mark.parametrize("content", ["{}", "nothing", '{"features": [{"properties": {}}]}', '{"elements": [1]}'])
def test_a_file_that_is_no_map_is_one_clear_error(tmp_path: Path, content: str) -> None:
    file = tmp_path / "streets.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"streets\.json"):
        base_of_streets(file, WITHIN, SOURCE)


def test_rail_of_a_territory_has_the_kind_of_its_mode() -> None:
    modes = ["metro", "rer", "ter", "train", "tramway", "funicular"]
    table = gpd.GeoDataFrame({"mode": modes, "line": modes}, geometry=[shapely.LineString(LINE)] * 6, crs=4326)
    kinds = ["metro", "train", "train", "train", "tramway", "train"]
    assert base_of_rail(table, SOURCE).shapes["kind"].tolist() == kinds
