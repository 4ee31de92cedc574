"""A list through one command after the other: each takes what another wrote, and says what it made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest

from essgeo.errors import InputWarning
from essgeo.study import Options, place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]

HEADER = (
    "id;id_fantoir;numero;rep;nom_voie;code_postal;code_insee;nom_commune;code_insee_ancienne_commune;"
    "nom_ancienne_commune;x;y;lon;lat;type_position;alias;nom_ld;libelle_acheminement;nom_afnor;source_position;"
    "source_nom_voie;certification_commune;cad_parcelles\n"
)


@pytest.fixture
def ban(tmp_path: Path) -> Path:
    """Return a BAN file of one street of Bondy."""
    rows = [
        f"93010_0001_{number:05};;{number};;Avenue Henri Barbusse;93140;93010;Bondy;;;;;{2.4780 + number * 2e-4:.6f};"
        "48.9011;entrée;;;BONDY;AVENUE HENRI BARBUSSE;commune;commune;1;\n"
        for number in range(1, 40)
    ]
    path = tmp_path / "adresses-93.csv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(
        "nom;adresse;ville\nA;12 avenue Henri Barbusse;Bondy\nB;1 rue de la République;Lyon\nC;3 quai A;LYON\n"
        "D;99 avenue Henri Barbusse;Bondy\n",
        encoding="utf-8",
    )
    return path


def test_every_command_takes_the_files_of_addresses(
    run: Run, ban: Path, listed: Path, made_territory: Path, tmp_path: Path
) -> None:
    out = tmp_path / "zones.csv"
    commands = [
        ("geocode", listed, "-o", tmp_path / "placed.csv"),
        ("zones", listed, "-o", out, "--territory", made_territory),
        ("doctor", made_territory, "--structures", listed),
    ]
    for words in commands:
        code, _, errors = run(*words, "--ban", ban)
        assert code == 0
        assert "2 addresses are in communes that the address files given do not cover: Lyon (2)." in errors
    placed = pd.read_csv(tmp_path / "placed.csv")
    assert placed["geo_reason"].fillna("").tolist() == ["", *["commune_not_covered"] * 2, "number_unknown"]
    direct = out.read_bytes()
    assert run("zones", tmp_path / "placed.csv", "-o", out, "--territory", made_territory)[0] == 0
    assert out.read_bytes() == direct


def test_what_had_no_position_is_looked_up_where_addresses_are_given(
    run: Run, ban: Path, listed: Path, tmp_path: Path
) -> None:
    listed.write_text("nom,adresse,ville,lon,lat\nA,12 avenue Henri Barbusse,Bondy,,\nB,,Bondy,2.48,48.9\n", "utf-8")
    assert run("geocode", listed, "-o", tmp_path / "placed.csv")[0] == 0
    out = tmp_path / "zones.csv"
    assert run("zones", tmp_path / "placed.csv", "-o", out, "--ban", ban)[0] == 0
    assert "unknown" not in pd.read_csv(out)["relation"].tolist()


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet", "geojson", "gpkg"])
def test_zones_names_both_sides_in_every_format_and_counts_them(
    run: Run, small_territory: Path, tmp_path: Path, suffix: str
) -> None:
    mine, out = tmp_path / "mine.csv", tmp_path / f"zones.{suffix}"
    mine.write_text("nom;lon;lat\nA;2,4604;48,9064\nB;5,37;43,3\nC;;\n", encoding="utf-8")
    code, printed, _ = run("zones", mine, "-o", out, "--territory", small_territory)
    assert code == 0
    assert "QPV: 1 in, 1 out, 0 undetermined, 1 without position." in printed.splitlines()
    readers: dict[str, Callable[[Path], pd.DataFrame]] = {"csv": pd.read_csv, "xlsx": pd.read_excel}
    readers["parquet"] = gpd.read_parquet
    rows = readers.get(suffix, gpd.read_file)(out)
    inside = rows[(rows["layer"] == "qpv") & (rows["relation"] == "in")]
    assert inside[["name", "zone_id"]].to_numpy().tolist() == [["A", "QN1"]]
    assert set(rows.loc[rows["relation"] == "in", "zone_name"]) >= {inside["zone_name"].iloc[0]}
    assert (rows.loc[rows["relation"] == "in", "zone_name"] != "").all()
    if "geometry" in rows:
        assert rows.geometry.notna().tolist() == (rows["name"] != "C").tolist()


def test_what_a_review_settles_is_applied_in_every_command(run: Run, ban: Path, listed: Path, tmp_path: Path) -> None:
    review, zones = tmp_path / "review.csv", tmp_path / "zones.csv"
    assert run("geocode", listed, "-o", tmp_path / "placed.csv", "--ban", ban, "--review", review)[0] == 0
    sheet = pd.read_csv(review, dtype=str, keep_default_na=False)
    assert sheet[["name", "address", "candidate_label"]].to_numpy().tolist() == [
        ["D", "99 avenue Henri Barbusse", "Avenue Henri Barbusse 93140 Bondy"]
    ]
    with pytest.warns(InputWarning, match=r"Lyon \(2\)"):
        asked = place("est-ensemble", Options(structures=listed, ban=ban)).review
    assert asked.columns.tolist() == sheet.columns.tolist()
    # A study asks the addresses that the territory knows too: its other candidates may be more.
    shown = ["name", "address", "city", "geo_status", "reason", "rows", "candidate_label", "candidate_longitude"]
    assert asked[shown].astype(object).fillna("").astype(str).to_numpy().tolist() == sheet[shown].to_numpy().tolist()
    sheet.assign(choice="1").to_csv(review, index=False)
    code, printed, errors = run("zones", listed, "-o", zones, "--ban", ban, "--corrections", review)
    assert code == 0
    assert "1 correction applied." in printed
    assert "No structure" not in errors
    rows = pd.read_csv(zones).query("layer == 'commune' and name == 'D'")
    assert rows["zone_name"].tolist() == ["Bondy"]


@pytest.mark.parametrize(("suffix", "lang"), [("csv", "fr"), ("xlsx", "fr"), ("xlsx", "en")])
@pytest.mark.slow
def test_what_is_written_for_excel_is_read_back(  # noqa: PLR0917 (fixtures)
    run: Run, ban: Path, listed: Path, tmp_path: Path, suffix: str, lang: str
) -> None:
    plain, placed, review = tmp_path / "plain.csv", tmp_path / f"placed.{suffix}", tmp_path / f"review.{suffix}"
    zones = [tmp_path / "zones.csv", tmp_path / "again.csv"]
    assert run("geocode", listed, "-o", plain, "--ban", ban)[0] == 0
    words = ("--review", review, "--excel", "--lang", lang)
    assert run("geocode", listed, "-o", placed, "--ban", ban, *words)[0] == 0
    if suffix == "csv":
        text = placed.read_bytes().decode("utf-8")
        assert text.startswith("\ufeffnom;adresse;ville;geo_status;")
        assert ";2,4804;48,9011\r\n" in text
    else:
        heads = pd.read_excel(placed).columns.tolist()
        assert {"fr": "État de localisation", "en": "State of location"}[lang] in heads
        assert heads[:3] == ["nom", "adresse", "ville"]
    for path, out in zip((plain, placed), zones, strict=True):
        assert run("zones", path, "-o", out)[0] == 0
    assert zones[0].read_bytes() == zones[1].read_bytes()
    again = tmp_path / "twice.csv"
    assert run("geocode", placed, "-o", again, "--ban", ban)[0] == 0
    assert again.read_bytes() == plain.read_bytes()
    assert run("zones", placed, "-o", zones[1], "--corrections", review)[0] == 0


def test_reverse_writes_the_nearest_address_beside_each_point(run: Run, ban: Path, tmp_path: Path) -> None:
    points, out = tmp_path / "points.csv", tmp_path / "near.csv"
    points.write_text("nom;lon;lat\nA;2.480410;48.9011\nB;;\nC;3;45\n", encoding="utf-8")
    code, said, _ = run("geocode", points, "--reverse", "--ban", ban, "-o", out)
    assert (code, "2.480410" in points.read_text(encoding="utf-8")) == (0, True)
    assert "3 rows" in said
    near = pd.read_csv(out, keep_default_na=False, dtype=str)
    assert near["geo_label"].tolist() == ["12 Avenue Henri Barbusse 93140 Bondy", "", ""]
    assert near["geo_distance_m"].iloc[0].startswith("0.7")
    assert run("geocode", points, "--reverse", "-o", tmp_path / "no.csv")[0] == 2
    addresses = tmp_path / "addresses.csv"
    addresses.write_text("adresse;ville\n12 avenue Henri Barbusse;Bondy\n", encoding="utf-8")
    assert run("geocode", addresses, "--reverse", "--ban", ban, "-o", tmp_path / "no.csv")[0] == 2


def test_places_and_a_default_commune_are_given_to_geocode(run: Run, ban: Path, tmp_path: Path) -> None:
    listed, places, out = tmp_path / "list.csv", tmp_path / "places.csv", tmp_path / "placed.csv"
    listed.write_text("nom;adresse\nA;12 avenue Henri Barbusse\nB;Gare de Bondy\n", encoding="utf-8")
    places.write_text("name;mode;lon;lat\nBondy;RER;2.4805;48.9012\n", encoding="utf-8")
    code, _, _ = run("geocode", listed, "--city-default", "Bondy", "--places", places, "--ban", ban, "-o", out)
    assert code == 0
    assert pd.read_csv(out)["geo_precision"].tolist() == ["housenumber", "place"]


@pytest.mark.slow
def test_a_study_finds_structures_at_a_station_by_its_name(tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("nom;adresse;ville\nA;Gare de Bondy;Bondy\nB;Gare du Nord;Bondy\n", encoding="utf-8")
    found = place("est-ensemble", Options(structures=listed)).structures
    assert found["geo_precision"].tolist() == ["place", ""]
    assert found["geo_label"].iloc[0] == "Gare Bondy, Bondy"
