"""One run from a territory to a folder: exact, repeatable, without a network, all or nothing."""

from __future__ import annotations

import csv
import datetime as dt
import math
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from conftest import run_once
from essgeo import export, load_territory, run_study
from essgeo.cli.summary import caveat
from essgeo.errors import InputError, InputWarning, SchemaError, SourceUnavailableError
from essgeo.maps.pages import tally
from essgeo.processes import side_by_side
from essgeo.publish.release import caveats, release
from essgeo.study import Options, measure, place, set_up
from essgeo.text.languages import method_in_words
from tests.conftest import refuse_connections

if TYPE_CHECKING:
    from typing import NoReturn

    from essgeo.results import Study

DAY = dt.date(2026, 1, 1)


@pytest.fixture(scope="module")
def small(made_territory: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    """A study of the small territory and its folder, which opened no connection; neither is to be changed."""
    out = tmp_path_factory.mktemp("small") / "maps"
    with pytest.MonkeyPatch.context() as patch:
        refuse_connections(patch)
        return run_study(made_territory, out=out, as_of=DAY), out


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_qpv_is_in_every_table_that_target_neighbourhoods_are_in(est_ensemble: Study) -> None:
    """Tables of a choice, the lists of IRIS of the targets, aside: an official perimeter is none."""
    tables = {name: table for name, table in vars(est_ensemble).items() if isinstance(table, pd.DataFrame)}
    layered = {
        name: table.rename(columns={"layer": "level", "neighbourhood_id": "zone_id"})
        for name, table in tables.items()
        if {"level", "layer"} & {*table}
    }
    with_targets = [name for name, table in layered.items() if (table["level"] == "neighbourhood").any()]
    assert {"coverage", "gaps", "support_chain", "if_listed", "zones", "needs_supply"} <= {*with_targets}
    for name in with_targets:
        zones = layered[name].loc[layered[name]["level"] == "qpv", "zone_id"]
        assert {*est_ensemble.qpv.index} <= {*zones} or name == "structure_zones", name


def test_residents_are_those_of_the_iris_at_every_level(est_ensemble: Study) -> None:
    iris = est_ensemble.iris["population"]
    residents = est_ensemble.coverage.drop_duplicates(["level", "zone_id"]).set_index(["level", "zone_id"])["residents"]
    assert residents["territory"].round(6).tolist() == [iris.sum()] == [441_045]
    assert residents["commune"].round(6).to_dict() == iris.groupby(est_ensemble.iris["citycode"]).sum().to_dict()
    for name, codes in est_ensemble.neighbourhoods["iris_codes"].items():
        assert round(residents["neighbourhood", name], 6) == iris[codes.split("|")].sum()


def test_the_four_neighbourhoods_differ_in_every_table(est_ensemble: Study) -> None:
    names = est_ensemble.neighbourhoods.index
    coverage = est_ensemble.coverage[est_ensemble.coverage["level"] == "neighbourhood"]
    zones = est_ensemble.zones[est_ensemble.zones["layer"] == "neighbourhood"].set_index("zone_id")
    tables = [
        coverage.set_index(["theme", "minutes"]).groupby("zone_id")["share"].agg(tuple),
        est_ensemble.gaps.query("level == 'neighbourhood'").groupby("neighbourhood_id")["gap_residents"].agg(tuple),
        est_ensemble.support_chain.query("level == 'neighbourhood'")
        .groupby("neighbourhood_id")["nearest_minutes"]
        .agg(tuple),
        zones["residents"].astype(object),
    ]
    for figures in tables:
        assert set(figures.index) == set(names)
        assert len({str(value) for value in figures}) == len(names) == 4


def test_two_neighbourhoods_of_one_qpv_are_told_apart(est_ensemble: Study) -> None:
    twins = est_ensemble.neighbourhoods.loc[["le-morillon", "bel-air-grands-pechers"]]
    assert twins["qpv_2024"].tolist() == ["QN09318M"] * 2
    assert twins.geometry.iloc[0].intersection(twins.geometry.iloc[1]).area < 1
    qpv = est_ensemble.qpv.geometry["QN09318M"]
    assert (twins.intersection(qpv).area > 0).all()
    shares = est_ensemble.coverage.query("level == 'neighbourhood' and theme == 'all' and minutes == 15")
    assert shares.set_index("zone_id").loc[twins.index, "share"].nunique() == 2


def zone_rows(found: Study) -> dict[str, pd.Series]:
    shown = found.coverage[found.coverage["level"] == "qpv"]
    located = found.structures[found.structures["qpv"] != ""]
    known = found.structure_zones[found.structure_zones["relation"] != "unknown"]
    return {
        "zones": found.zones["vintage"],
        "structure_zones": known["vintage"],
        "coverage": shown["vintage"],
        "structures": located["qpv_vintage"],
        "qpv": found.qpv["vintage"],
        "npnru": found.npnru["vintage"],
    }


def test_every_row_on_a_zone_says_its_vintage(est_ensemble: Study) -> None:
    for name, vintages in zone_rows(est_ensemble).items():
        assert len(vintages) > 0, name
        assert set(vintages) == {"2024"}, name


def test_a_qpv_that_touches_the_territory_is_listed_and_not_measured(est_ensemble: Study) -> None:
    assert "QN09305I" not in est_ensemble.qpv.index
    published = release(est_ensemble)
    listed = published.layers["qpv"].set_index("zone_id").loc["QN09305I"]
    why = method_in_words("listed_only inside_ha=0.3", est_ensemble.lang)
    assert (listed["note"], listed["vintage"], listed["cities"]) == (why, "2024", "Bobigny")
    assert listed.geometry.area > 10_000
    (row,) = est_ensemble.zones[est_ensemble.zones["zone_id"] == "QN09305I"].to_dict("records")
    assert row["layer"] == "qpv"
    assert row["area_ha"] == pytest.approx(listed.geometry.area / 10_000, rel=1e-3)
    figures = [name for name in row if name.startswith("structures_") or name == "residents"]
    assert all(math.isnan(row[name]) for name in figures)


@pytest.mark.slow
def test_the_qpv_of_2015_are_studied_when_given(shared: Path) -> None:
    found = run_study(
        "est-ensemble", out=None, as_of=DAY, vintage="2015", qpv=shared / "qpv-2015" / "QP_METROPOLE_LB93.shp"
    )
    assert len(found.qpv) == 19
    with found.territory.file("npnru").path.open(encoding="utf-8") as stream:
        listed = {row["qpv_2015"] for row in csv.DictReader(stream) if row["interest"] != "none"}
    assert set(found.npnru.index) == listed
    slivers = ["QP093005", "QP093017", "QP093028"]
    assert found.qpv.attrs["slivers"] == slivers
    listed = found.zones.set_index("zone_id").loc[slivers]
    assert listed["area_ha"].min() > 1
    assert listed["residents"].isna().all()
    for name in ("coverage", "structures", "qpv", "npnru"):
        assert set(zone_rows(found)[name]) == {"2015"}, name
    qpv_rows = found.zones[found.zones["layer"].isin(["qpv", "npnru"])]
    assert set(qpv_rows["vintage"]) == {"2015"}
    (used,) = [file for file in found.inputs if file.layer == "qpv"]
    assert (used.file, used.vintage) == ("QP_METROPOLE_LB93.shp", "2015")


def test_the_portrait_equals_the_seed_figures(est_ensemble: Study) -> None:
    table: Any = est_ensemble.portrait.set_index("family")
    seed = ["seed_enterprises", "seed_employees", "seed_fte", "seed_payroll_eur"]
    assert table.loc["total", seed].tolist() == [1274, 12_851, 11_594, 374_616_936]
    assert int(table.loc["total", "register_structures"]) == 150
    placed = est_ensemble.structures["counted"] & est_ensemble.structures.geometry.notna()
    assert int(table.loc["total", "register_located"]) == placed.sum()


def test_coverage_rests_on_structures_that_count_and_have_a_point(est_ensemble: Study) -> None:
    placed = est_ensemble.structures["counted"] & est_ensemble.structures.geometry.notna()
    whole = est_ensemble.coverage[est_ensemble.coverage["theme"] == "all"]
    assert set(whole["structures_located"]) == {placed.sum()}
    assert set(whole["structures"]) == {est_ensemble.structures["counted"].sum()}
    stopped = est_ensemble.structures["status"].isin(["closed", "moved"])
    assert stopped.any()
    assert not est_ensemble.structures.loc[stopped, "counted"].any()


def test_a_run_repeats_itself(small: tuple[Study, Path], made_territory: Path) -> None:
    one, two = small[0], run_once(made_territory, out=None, as_of=DAY)
    assert len(one.coverage) == len(two.coverage) > 0
    for name in ("coverage", "gaps", "zones", "structures", "support_chain"):
        pd.testing.assert_frame_equal(pd.DataFrame(getattr(one, name)), pd.DataFrame(getattr(two, name)))


def test_known_answers_of_a_small_territory(small: tuple[Study, Path]) -> None:
    found, _ = small
    assert found.structures["geo_status"].to_dict() == {"fournil": "located", "velo": "located", "fonds": "not_found"}
    assert found.structures.loc["fournil", ["qpv", "qpv_relation"]].tolist() == ["QN1", "in"]
    whole: Any = found.coverage.query("theme == 'all' and minutes == 15").set_index(["level", "zone_id"])
    assert whole.loc[("territory", "Small"), "residents"] == pytest.approx(10_004)
    assert whole.loc[("neighbourhood", "left"), "share"] > 0.9
    assert 0 < whole.loc[("commune", "93048"), "share"] < 1
    links = found.support_chain.query("role == 'financement' and stage == 'lancement'")
    chain: Any = links.set_index("neighbourhood_id")
    assert chain.loc["left", ["structures_in_register", "structures_located", "share"]].tolist() == [1, 0, 0]
    assert found.review["structure_id"].tolist() == ["fonds"]
    assert found.zones.query("layer == 'qpv'")["structures_in"].tolist() == [1]


def test_a_day_and_a_walk_change_what_counts(small_territory: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("nom,lon,lat,ouverture\nA,2.4604,48.9064,2027\nB,2.4911,48.9064,\n", encoding="utf-8")
    before = set_up(small_territory, Options(structures=mine, as_of=DAY, walk_minutes=20))
    before = measure(replace(before, parameters=replace(before.parameters, draws=8)))
    after = set_up(small_territory, Options(structures=mine, as_of=dt.date(2027, 1, 1), walk_minutes=20))
    assert (before.structures["counted"].sum(), after.structures["counted"].sum()) == (1, 2)
    assert set(before.gaps["minutes"]) == {20}
    assert sorted(set(before.coverage["minutes"])) == [5, 10, 15, 20]
    assert [file.file for file in before.inputs if file.layer == "structures"] == ["mine.csv"]


def test_a_structure_outside_is_kept_and_said_so(small_territory: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("id,nom,lon,lat\nin,A,2.4604,48.9064\nout,Marseille,5.37,43.3\n", encoding="utf-8")
    found = place(small_territory, Options(structures=mine, as_of=DAY))
    assert found.structures["geo_status"].to_dict() == {"in": "located", "out": "outside"}
    assert found.structures.geometry.notna().all()
    assert found.review.empty


def test_of_many_structures_fewer_worlds_are_drawn_and_said(
    small: tuple[Study, Path], made_territory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert small[0].parameters.draws > 32
    monkeypatch.setattr("essgeo.study.run.FEWER", 32)
    monkeypatch.setattr("essgeo.study.run.MANY_STRUCTURES", 0)
    assert set_up(made_territory, Options(as_of=DAY)).parameters.draws == 32


@pytest.mark.slow
def test_structures_outside_are_not_counted_as_located(small_territory: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    far = "".join(f"out{number},B,5.37,43.3,\n" for number in range(7))
    near = "near,C,2.4604,48.916,\nshut,D,2.4604,48.916,closed\n"
    mine.write_text(f"id,nom,lon,lat,status\nin,A,2.4604,48.9064,\n{far}{near}", encoding="utf-8")
    found = run_study(small_territory, structures=mine, out=tmp_path / "maps", as_of=DAY, lang="en")
    total = found.portrait.set_index("family").loc["total"]
    assert total[["register_structures", "register_counted", "register_located"]].tolist() == [10, 9, 1]
    assert (found.located, found.outside) == (1, 1), "the far ones serve nobody here, the closed one nobody at all"
    assert "located in the territory (1 more, outside the territory but near its limit)" in caveat(found, "m")
    said = " ".join(caveats(found))
    assert "rests on 1 structures located in the territory" in said
    assert "1 structures outside the territory but near its limit" in said
    assert "9 count, of which 1 are located in the territory" in found._repr_html_()
    _, counts = tally(found.structures)
    assert counts._asdict() == {
        "position": "", "listed": 10, "unplaced": 0, "outside": 9, "inactive": 0, "counted": 1,
    }  # fmt: skip
    page = (tmp_path / "maps" / "data.html").read_text()
    assert "<strong>1</strong> structures located in the territory" in page
    assert "1 more, outside the territory but near its limit, count for those" in page


def test_corrections_of_the_folder_or_of_the_user_win(small_territory: Path, tmp_path: Path) -> None:
    (small_territory / "corrections.csv").write_text("structure_id,lon,lat\nfonds,2.47,48.906\n", encoding="utf-8")
    found = place(small_territory, Options(as_of=DAY))
    assert found.structures.loc["fonds", "geo_status"] == "corrected"
    mine = tmp_path / "mine.csv"
    mine.write_text("address,city,lon,lat\n1 Rue A,BONDY,2.47,48.906\n", encoding="utf-8")
    found = place(small_territory, Options(corrections=mine, as_of=DAY))
    assert found.structures["geo_status"].to_dict() == {
        "fournil": "corrected", "velo": "located", "fonds": "not_found",
    }  # fmt: skip


@pytest.mark.slow
def test_masked_and_hostile_rows_go_through_a_whole_run(small_territory: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    names = ["[ND]", "<img src=x onerror=alert(1)>", "=1+1", "\u202eאבג 🌱", "a\x00\x07b"]
    rows = [f'"{name}",1 rue A,Bondy,2.4604,48.9064' for name in names]
    mine.write_text("\n".join(["nom,adresse,ville,lon,lat", *rows]), encoding="utf-8")
    out = tmp_path / "maps"
    found = run_study(small_territory, structures=mine, out=out, as_of=DAY)
    assert found.structures["geo_status"].tolist() == ["masked", *["located"] * 4]
    masked = found.structures.iloc[0]
    assert (masked["address"], masked.geometry) == ("", None)
    published: Any = pd.read_csv(out / "tables" / "structures.csv", keep_default_na=False, dtype=str)
    assert published.loc[0, ["address", "longitude", "latitude"]].tolist() == ["", "", ""]
    assert published["name"].tolist()[2] == "'=1+1"
    assert b"<img src=x" not in b"".join(path.read_bytes() for path in out.glob("*.html"))


def test_a_whole_run_opens_no_connection_and_writes_everything(small: tuple[Study, Path]) -> None:
    written = snapshot(small[1])
    assert {"index.html", "territory.html", "method.html", "datapackage.json", "study.xlsx"} <= set(written)
    tables = ("structures", "zones", "coverage", "gaps", "support_chain", "review", "portrait")
    assert {f"tables/{name}.csv" for name in tables} <= set(written)


@pytest.mark.slow
def test_a_run_that_dies_leaves_the_last_good_output(
    small: tuple[Study, Path], made_territory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Path(shutil.copytree(small[1], tmp_path / "maps"))
    (out / "mine.txt").write_text("kept", encoding="utf-8")
    before = snapshot(out)

    def die(_study: Study, staging: Path, **_options: object) -> NoReturn:
        (staging / "index.html").write_text("half a page", encoding="utf-8")
        raise RuntimeError

    monkeypatch.setattr("essgeo.study.run.build_maps", die)
    with pytest.raises(RuntimeError):
        run_study(made_territory, out=out, as_of=dt.date(2027, 1, 1))
    assert snapshot(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["maps"]


BESIDE = """
import os, sys, time
from pathlib import Path
from essgeo.publish.release import release
from essgeo.study import Options, place
from essgeo.study.run import set_up
from essgeo.processes import side_by_side
from essgeo.text.languages import method_in_words

def work():
    time.sleep(0.5)
    Path(sys.argv[1]).write_text("late")
    return []

with side_by_side(work):
    os.kill(os.getpid(), 9)
"""


@pytest.mark.linux
def test_a_run_that_is_killed_takes_its_second_process_with_it(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", BESIDE, str(tmp_path / "late")], check=False, capture_output=True)
    assert done.returncode == -9  # and the pipes are closed: no process is left that holds them
    assert not (tmp_path / "late").exists()


@pytest.mark.linux
def test_what_fails_beside_is_raised_and_what_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 1}, raising=False)

    def fail() -> NoReturn:
        message = "a fault"
        raise InputError(message)

    with side_by_side(fail) as result, pytest.raises(InputError, match="a fault"):
        result()
    with side_by_side(lambda: os._exit(9)) as result, pytest.raises(RuntimeError, match="ended with code 9"):
        result()
    with side_by_side(lambda: [1]) as result:
        assert result() == [1]


def test_inputs_are_told_with_their_hash(small: tuple[Study, Path], small_territory: Path) -> None:
    found, _ = small
    assert [file.layer for file in found.inputs] == [file.layer for file in load_territory(small_territory).files]
    (small_territory / "stations.csv").write_text(
        "name,mode,line,lon,lat,status,open_date\nG,RER,E,2.46,48.906,open,\n", encoding="utf-8"
    )
    again = set_up(small_territory, Options(as_of=DAY))
    changed = [one.layer for one, two in zip(found.inputs, again.inputs, strict=True) if one.sha256 != two.sha256]
    assert changed == ["stations"]


def test_bad_input_writes_nothing(small_territory: Path, tmp_path: Path) -> None:
    mine, out = tmp_path / "mine.csv", tmp_path / "maps"
    mine.write_text("couleur,taille\nbleu,12\n", encoding="utf-8")
    with pytest.raises(SchemaError, match=r"mine\.csv: .*nom"):
        run_study(small_territory, structures=mine, out=out)
    with pytest.raises(InputError, match="no such file"):
        run_study(small_territory, structures=tmp_path / "none.csv", out=out)
    with pytest.raises(SourceUnavailableError, match="no qpv layer of vintage 2015"):
        run_study(small_territory, vintage="2015", out=out)
    mine.write_text("nom,adresse\na,\n", encoding="utf-8")
    with pytest.raises(InputError, match="it is a file"):
        run_study(small_territory, structures=mine, out=mine)
    assert not out.exists()
    assert mine.read_text(encoding="utf-8") == "nom,adresse\na,\n"


def test_an_invalid_qpv_of_the_user_is_repaired_and_told(small_territory: Path, tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(660_100, 6_867_100), (660_900, 6_867_900), (660_900, 6_867_100), (660_100, 6_867_900)])
    path = tmp_path / "qpv.gpkg"
    gpd.GeoDataFrame({"code_qp": ["QN1"], "lib_qp": ["x"]}, geometry=[bow_tie], crs=2154).to_file(path)
    found = set_up(small_territory, Options(qpv=path, as_of=DAY))
    assert found.qpv.attrs["repaired"] == ["QN1"]
    assert found.qpv.geometry.is_valid.all()


def test_lists_of_a_study_are_files_and_frames_each_with_its_lineage(small_territory: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("nom;adresse;ville\nA;1 rue A;Bondy\n", encoding="utf-8")
    point = gpd.GeoSeries.from_xy([660_500], [6_867_500], crs=2154)
    frame = gpd.GeoDataFrame({"nom": ["B"], "secteur": ["Mobilité"]}, geometry=point)
    study = set_up(small_territory, Options(structures=[frame, path, str(path)], as_of=DAY))
    assert sorted(study.structures["name"]) == ["A", "B"]
    assert study.structures.set_index("name").geometry["B"].distance(point.iloc[0]) < 0.5
    lists = [source.file for source in study.inputs if source.layer == "structures"]
    assert lists == ["table", "mine.csv"]


@pytest.mark.parametrize("excel", [False, True])
@pytest.mark.slow
def test_what_a_study_publishes_is_the_same_list_again(
    small: tuple[Study, Path], made_territory: Path, tmp_path: Path, *, excel: bool
) -> None:
    study, maps = small
    if excel:
        maps = tmp_path
        export(study, maps, excel=True)
        assert (maps / "tables/zones.csv").read_bytes().startswith(b"\xef\xbb\xbflayer;zone_id;")
    first = study.structures
    names = ["name", "geo_status", "geo_precision", "geo_radius_m", "geo_reason", "sectors", "qpv", "counted"]
    for path in ("tables/structures.csv", "study.xlsx", "layers.gpkg"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InputWarning)
            again = place(made_territory, Options(structures=maps / path, as_of=DAY)).structures
        pd.testing.assert_frame_equal(pd.DataFrame(again[names]), pd.DataFrame(first[names]), check_dtype=False)
        placed = first.geometry.notna()
        assert (first[placed].distance(again[placed]) < 0.2).all()
