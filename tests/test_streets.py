"""The study of a town on its own streets: Bondy, cut out of the embedded territory."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest

from essgeo import (
    build_maps,
    choose_sites,
    compare_studies,
    export,
    find_gaps,
    load_territory,
    read_study,
    run_study,
)
from essgeo.access import grid_points
from essgeo.errors import InputError
from essgeo.siting import Assumptions, search_areas
from essgeo.study import Options, measure, set_up
from essgeo.study.doctor import check_up
from tests.made.official import in_degrees, mesh

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo import Study

DAY = dt.date(2026, 1, 1)
BONDY = "93010"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a territory that is Bondy alone, from the files of the embedded one."""
    source, folder = load_territory("est-ensemble").folder, tmp_path_factory.mktemp("town") / "bondy"
    folder.mkdir()
    for path in source.iterdir():
        if path.suffix in {".csv", ".geojson"}:
            (folder / path.name).write_bytes(path.read_bytes())
    iris = json.loads((source / "iris.geojson").read_text(encoding="utf-8"))
    iris["features"] = [one for one in iris["features"] if str(one["properties"]).count(BONDY)]
    (folder / "iris.geojson").write_text(json.dumps(iris), encoding="utf-8")
    targets = pd.read_csv(source / "neighbourhoods.csv", dtype=str)
    targets[targets["citycode"] == BONDY].to_csv(folder / "neighbourhoods.csv", index=False)
    head = (source / "territory.toml").read_text(encoding="utf-8")
    head = re.sub(r"communes = .*", f'communes = ["{BONDY}"]', head).replace('"est-ensemble"', '"bondy"')
    (folder / "territory.toml").write_text(head, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def streets(shared: Path) -> Path:
    return shared / "osm" / "bondy_rue2023_overpass.geojson"


@pytest.fixture(scope="module")
def on_streets(town: Path, streets: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    out = tmp_path_factory.mktemp("maps") / "maps"
    return run_study(town, network=streets, out=out, as_of=DAY), out


@pytest.mark.slow
def test_the_study_says_what_people_walk_on(on_streets: tuple[Study, Path]) -> None:
    found, out = on_streets
    assert found.walking is not None
    assert found.walking.network_date == "2023-07-27"
    assert found.walking.share_network < found.walking.share_straight
    assert found.coverage["method"].str.startswith("network date=2023-07-27 ").all()
    (streets,) = [source for source in found.inputs if source.layer == "network"]
    assert (streets.licence, streets.vintage) == ("ODbL 1.0", "2023-07-27")
    for page in ("index.html", "territory.html", "la-noue-caillet.html", "method.html"):
        text = (out / page).read_text(encoding="utf-8")
        assert "OpenStreetMap (2023-07-27)" in text, page
        assert "ligne droite \N{MULTIPLICATION SIGN}" not in text, page
    assert "OpenStreetMap contributors" in (out / "ATTRIBUTIONS.md").read_text(encoding="utf-8")
    assert "réseau piéton" in (out / "siting.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_streets_and_straight_lines_side_by_side(on_streets: tuple[Study, Path], town: Path) -> None:
    found, _ = on_streets
    straight = run_study(town, out=None, as_of=DAY)
    keys = ["level", "zone_id", "theme", "minutes"]
    both = found.coverage.merge(straight.coverage, on=keys, suffixes=("_streets", "_straight"))
    whole = both[(both["level"] == "territory") & (both["theme"] == "all")]
    # The detour of straight lines is fitted on these streets: on average neither serves more residents.
    assert (whole["share_straight"] - whole["share_streets"]).abs().lt(0.06).all()
    assert straight.walking is None
    for table in ("gaps", "support_chain"):
        walks = [getattr(one, table).dropna(subset=["nearest_minutes"]) for one in (found, straight)]
        walks = [one[one["neighbourhood_id"] == "la-noue-caillet"]["nearest_minutes"].min() for one in walks]
        assert walks[0] != pytest.approx(walks[1], rel=1e-3), table


def test_the_doctor_measures_the_detour(town: Path, streets: Path) -> None:
    found = check_up(set_up(town, Options(network=streets, as_of=DAY))).set_index("subject")
    assert found.loc["streets", "state"] == "ok"
    assert found.loc["detour", "state"] == "warning"
    factor = re.search(r"x (1\.\d\d) \(90% interval (1\.\d\d) to (1\.\d\d)\)", str(found.loc["detour", "finding"]))
    assert factor is not None
    low, high = float(factor[2]), float(factor[3])
    assert 1.2 < low <= float(factor[1]) <= high < 1.5


def test_the_doctor_without_streets_says_that_the_detour_is_assumed(small_territory: Path) -> None:
    found = check_up(set_up(small_territory, Options(as_of=DAY))).set_index("subject")
    assert found.loc["walking", "state"] == "warning"
    assert "1 of 3 structures" not in str(found.loc["positions", "finding"])
    assert "2 of 3 structures" in str(found.loc["positions", "finding"])


def test_streets_of_elsewhere_are_refused(small_territory: Path, tmp_path: Path) -> None:
    street = {
        "type": "way",
        "tags": {"highway": "footway"},
        "geometry": [{"lon": 5.37, "lat": 43.3}, {"lon": 5.38, "lat": 43.3}],
    }
    file = tmp_path / "marseille.json"
    file.write_text(json.dumps({"elements": [street]}), encoding="utf-8")
    with pytest.raises(InputError, match=r"marseille\.json: no walkable way"):
        run_study(small_territory, network=file, out=None, as_of=DAY)


def streets_of(file: Path, *bounds: float) -> Path:
    """Write streets every 250 m within bounds, west, south, east, north, in Lambert-93."""
    ways = [
        {"type": "way", "tags": {"highway": "footway"}, "geometry": [{"lon": lon, "lat": lat} for lon, lat in line]}
        for line in in_degrees(mesh(bounds, 250))
    ]
    file.write_text(json.dumps({"elements": ways}), encoding="utf-8")
    return file


def test_beyond_the_ends_of_a_file_of_streets_nothing_is_measured(small_territory: Path, tmp_path: Path) -> None:
    bondy = streets_of(tmp_path / "bondy.json", 660_000, 6_867_000, 661_750, 6_868_000)
    mine = tmp_path / "mine.csv"
    points = "".join(f"lieu {n},{2.4604 + n / 1000},48.9064\n" for n in range(4))
    mine.write_text(f"nom,lon,lat\n{points}", encoding="utf-8")
    found = run_study(small_territory, structures=mine, network=bondy, out=None, as_of=DAY)
    whole = found.coverage.query("theme == 'all' and minutes == 15").set_index("zone_id")
    assert round(whole.loc["93010", "residents"]) == 3001
    assert 0.9 * 3001 < whole.loc["93010", "residents_measured"] < 3000, "the last houses are beyond the streets"
    assert whole.loc["93010", "reached"] == whole.loc["93010", "share"] * whole.loc["93010", "residents_measured"]
    assert 0 < whole.loc["93010", "share"] <= 1
    for zone in ("Small", "93048", "right"):
        row = whole.loc[zone]
        assert row["residents_measured"] < 0.9 * row["residents"]
        assert row[["share", "share_low", "share_high", "share_known_active", "reached"]].isna().all()
    said = found.gaps.groupby("neighbourhood_id")["conclusion"].agg(set)
    assert said["right"] == said["93048"] == {"not_measured"}
    assert said["left"] == {"none", "nothing_beside"}
    assert (found.gaps["rank"] == 0).all()
    assert (
        found.gaps.loc[found.gaps["neighbourhood_id"] == "left", "finding_en"].str.endswith("area is behind it.").any()
    )
    assert not found.gaps["finding_fr"].str.contains(r"\bnan\b").any()
    by_iris = found.iris_coverage.query("theme == 'all'").set_index("iris_code")["share"]
    assert by_iris.isna().to_dict() == {"930100101": False, "930100102": False, "930480101": True, "930480102": True}
    assert (found.zones.query("layer == 'commune'")["residents"] > 3000).all(), "who lives there is still counted"

    pages = {path.name: path.read_text() for path in build_maps(found, tmp_path / "maps") if path.suffix == ".html"}
    assert "la marche n’est pas mesurée" in pages["index.html"]
    assert "Non mesuré\xa0: les rues données" in pages["right.html"]
    assert "hors de portée" not in re.search("<section.*?</section>", pages["right.html"], re.DOTALL)[0]
    assert "contre une part non mesurée" in pages["left.html"]
    assert not any(re.search(r"\bnan\b", page) for page in pages.values())


@pytest.mark.slow
def test_a_folder_that_walked_on_streets_is_compared_on_the_same(small_territory: Path, tmp_path: Path) -> None:
    bondy = streets_of(tmp_path / "bondy.json", 660_000, 6_867_000, 661_750, 6_868_000)
    folder = tmp_path / "maps"
    folder.mkdir()
    before = run_study(small_territory, network=bondy, out=None, as_of=DAY)
    export(before, folder)
    plan = pd.DataFrame({"nom": ["La Fabrique"], "secteur": ["Mobilité"], "lon": [2.4604], "lat": [48.9064]})
    with pytest.raises(InputError, match="--network"):
        compare_studies(before, read_study(folder))
    here = read_study(folder, network=bondy)
    found = compare_studies(here, here).changes
    assert set(found["change"]) == {"none", "nobody"}
    assert set(found.loc[found["zone_id"].isin(["Small", "93048", "right"]), "change"]) == {"nobody"}
    more = compare_studies(before, before.with_places(plan)).changes.query("theme == 'mobilite' and minutes == 15")
    assert more.set_index("zone_id").loc["93010", "change"] == "more"
    assert more.set_index("zone_id").loc["93010", "change_residents"] <= 2902, "of those whose walks are measured"


def test_streets_over_which_no_area_is_measured_are_refused(small_territory: Path, tmp_path: Path) -> None:
    corner = streets_of(tmp_path / "corner.json", 660_000, 6_867_000, 660_750, 6_867_500)
    setting = set_up(small_territory, Options(as_of=DAY, network=corner))
    with pytest.raises(InputError, match=r"no area: nothing can be measured\..* covers Bondy, Montreuil"):
        measure(setting)
    with pytest.raises(InputError, match="nothing can be measured"):
        find_gaps(setting.demand, setting.structures, setting.neighbourhoods, network=setting.network, as_of=DAY)


@pytest.mark.slow
def test_the_gaps_of_a_study_are_those_of_find_gaps(on_streets: tuple[Study, Path]) -> None:
    found, _ = on_streets
    again = find_gaps(
        found.demand,
        found.structures,
        found.neighbourhoods,
        qpv=found.qpv,
        communes=found.communes,
        network=found.network,
        as_of=DAY,
        draws=found.parameters.draws,
    )
    table = pd.DataFrame(again.drop(columns="geometry"))
    pd.testing.assert_frame_equal(table[found.gaps.columns], found.gaps)


@pytest.mark.slow
def test_shares_and_their_intervals_are_the_same_wherever_they_are_shown(on_streets: tuple[Study, Path]) -> None:
    found, _ = on_streets
    shown = found.coverage[found.coverage["minutes"] == found.parameters.walk_minutes]
    both = found.gaps.merge(
        shown, left_on=["level", "neighbourhood_id", "theme"], right_on=["level", "zone_id", "theme"]
    )
    assert len(both) == len(found.gaps)
    for ours, theirs in (("out_of_reach_low", "share_high"), ("out_of_reach_high", "share_low")):
        expected = both["residents_measured_x"] * (1 - both[theirs])
        pd.testing.assert_series_equal(both[ours], expected, check_names=False, atol=1e-3)


@pytest.mark.slow
def test_sites_on_streets_from_the_grid_beside_those_from_iris(on_streets: tuple[Study, Path], shared: Path) -> None:
    found, _ = on_streets
    cells = gpd.read_file(shared / "population" / "bondy_carreaux200m_filosofi2019.gpkg")
    grid = grid_points(cells, found.iris, neighbourhoods=found.neighbourhoods)
    candidates, reached = search_areas(found.iris), {}
    for name, demand in (("grid", grid), ("iris", found.demand)):
        for way, network in (("streets", found.network), ("straight", None)):
            scenario = choose_sites(
                demand,
                candidates,
                count=2,
                sector="alimentation_agriculture",
                within_minutes=10,
                structures=found.structures,
                assumptions=Assumptions(network=network, draws=10),
            )
            assert scenario.proven
            assert json.loads(scenario.to_json())["residents"] == pytest.approx(demand["population"].sum())
            reached[name, way] = scenario.newly_reached / demand["population"].sum()
    # The detour of straight lines is fitted on these streets; sites chosen over streets are those whose streets lead
    # farther than the median: they reach a little more.
    for name in ("grid", "iris"):
        assert 0 < reached[name, "streets"] == pytest.approx(reached[name, "straight"], abs=0.1)
    assert reached["grid", "streets"] == pytest.approx(reached["iris", "streets"], abs=0.1)
