"""``essgeo structures``: the register of a territory from official files, and what it never shows."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from essgeo.errors import SourceChangedError
from essgeo.files.structures import read_structures
from tests.files.test_official_lists import FILES, PERSON, RNA, association, written
from tests.made.server import make_ban
from tests.made.sirene import place, siret, site, unit, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]

HIDDEN = 1000
MARK = "zzsecret"
SECRET_LON = 2.4567891


def official(folder: Path, sites: list[Any], units: list[Any], places: list[Any]) -> list[object]:
    """Write the official files and return the options that name them."""
    folder.mkdir()
    files = {"establishments": sites, "legal-units": units, "geolocation": places}
    words: list[object] = []
    for name, rows in files.items():
        words += [f"--{name}", write(folder / f"{name}.parquet", rows)]
    return words


@pytest.fixture
def sample(tmp_path: Path) -> list[object]:
    """Seven establishments: in a house, drawn in a street, at random, in another commune, masked, a company, closed."""
    sites = [
        site(
            1,
            trancheEffectifsEtablissement="12",
            caractereEmployeurEtablissement="O",
            enseigne1Etablissement="LA PLACE",
        ),
        site(2, etablissementSiege="false"),
        site(3),
        site(4),
        site(5, statutDiffusionEtablissement="P"),
        site(6),
        site(7, etatAdministratifEtablissement="F"),
    ]
    units = [
        unit(1, denominationUniteLegale="LE FOURNIL", categorieJuridiqueUniteLegale="5458"),
        *(unit(number, denominationUniteLegale=f"ASSO {number}") for number in (2, 3, 4, 5, 7)),
        unit(6, categorieJuridiqueUniteLegale="5710", denominationUniteLegale="SAS"),
    ]
    places = [
        place(1, plg_qp24="QN1"),
        place(2, qualite_xy="12", distance_precision=620.0),
        place(3, qualite_xy="33", plg_qp24="QN1"),
        place(4, plg_code_commune="93048"),
        place(5, plg_qp24="QN1"),
        place(6, plg_qp24="QN1"),
        place(7, plg_qp24="QN1"),
    ]
    return official(tmp_path / "official", sites, units, places)


def test_the_register_says_by_which_rule_and_how_surely(
    run: Run, sample: list[object], small_territory: Path, tmp_path: Path
) -> None:
    out = tmp_path / "register.csv"
    code, said, _ = run("structures", small_territory, "-o", out, *sample, "--as-of", "2026-01-01", "--json")
    assert code == 0
    assert json.loads(said)["geo_status"] == {"not_found": 2, "located": 1, "imprecise": 1, "masked": 1}
    table = pd.read_csv(out, dtype=str, keep_default_na=False).set_index("structure_id")
    assert table.index.tolist() == [siret(number) for number in (1, 2, 3, 4, 5)]
    one, two, *_, masked = (row for _, row in table.iterrows())
    assert one[["name", "family", "ess_rule", "ess_certainty", "seat", "employees_low", "employees_high"]].tolist() == [
        "LE FOURNIL", "cooperative", "legal_category", "sure", "seat", "20.0", "49.0",
    ]  # fmt: skip
    assert one[["geo_engine", "coord_precision", "coord_radius_m"]].tolist() == ["sirene", "housenumber", "45.0"]
    assert two[["seat", "coord_precision", "coord_radius_m", "geo_status"]].tolist() == [
        "branch", "street", "620.0", "imprecise",
    ]  # fmt: skip
    assert masked[["name", "address", "postcode", "lon", "geo_status", "diffusion"]].tolist() == [
        "[ND]", "", "", "", "masked", "P",
    ]  # fmt: skip
    assert table.loc[siret(3), "lon"] == table.loc[siret(4), "lon"] == ""


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet", "geojson", "gpkg"])
def test_what_is_written_is_read_back(
    run: Run, sample: list[object], small_territory: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"register.{suffix}"
    assert run("structures", small_territory, "-o", out, *sample, "--as-of", "2026-01-01")[0] == 0
    back = read_structures(out)
    assert back.index.tolist() == [siret(number) for number in (1, 2, 3, 4, 5)]
    assert back["status"].unique().tolist() == ["active"]
    assert back["lon"].notna().tolist() == [True, True, False, False, False]
    assert back["coord_radius_m"].dropna().tolist() == [45, 620]


@pytest.mark.slow
def test_a_study_takes_the_register_with_its_positions(
    run: Run, sample: list[object], small_territory: Path, tmp_path: Path
) -> None:
    out = tmp_path / "register.gpkg"
    run("structures", small_territory, "-o", out, *sample, "--as-of", "2026-01-01")
    code, _, said = run("study", small_territory, "--structures", out, "--out", tmp_path / "maps")
    assert code == 0, said
    table = pd.read_csv(tmp_path / "maps" / "tables" / "structures.csv", dtype=str, keep_default_na=False)
    assert table["geo_engine"].tolist()[:2] == ["sirene", "sirene"]
    assert table["geo_radius_m"].tolist()[:2] == ["45.0", "620.0"]
    assert table["qpv_relation"].tolist()[:2] == ["in", "undetermined"]


def test_the_portrait_stands_beside_the_economy(
    run: Run, sample: list[object], small_territory: Path, tmp_path: Path
) -> None:
    out = tmp_path / "portrait.csv"
    words = ["structures", small_territory, "-o", tmp_path / "r.csv", *sample, "--as-of", "2026-01-01"]
    assert run(*words, "--portrait", out)[0] == 0
    assert not pd.read_csv(out)["note"].str.contains("_").any()
    table = pd.read_csv(out).set_index(["level", "zone_id", "family"]).sort_index()
    bondy = table.loc[("commune", "93010", "total")]
    assert bondy[["establishments", "economy_establishments", "share_establishments"]].tolist() == pytest.approx(
        [5, 6, 5 / 6]
    )
    assert bondy[["employers", "economy_employers", "employees_low"]].tolist() == [1, 1, 20]
    assert table.loc[("commune", "93048", "total"), "establishments"] == 0
    zone = table.loc[("qpv", "QN1", "total")]
    assert 1 < zone["establishments"] < 2
    assert zone[["economy_establishments", "share_establishments"]].tolist() == [2, 0.5]


def test_a_territory_without_files_of_its_own_has_no_areas_to_count_in(
    run: Run, sample: list[object], tmp_path: Path
) -> None:
    assert run("territory", "init", "bondy", "--folder", tmp_path / "bondy", "--communes", "93010")[0] == 0
    words = ["structures", tmp_path / "bondy", "-o", tmp_path / "r.csv", *sample, "--as-of", "2026-01-01"]
    code, _, said = run(*words, "--portrait", tmp_path / "portrait.csv")
    assert (code, "iris 93 was never fetched here" in said) == (3, True)
    assert not (tmp_path / "portrait.csv").exists()


def test_another_list_joins_with_suggestions_and_decisions_that_survive(
    run: Run, sample: list[object], small_territory: Path, tmp_path: Path
) -> None:
    out, likely = tmp_path / "register.csv", tmp_path / "likely.csv"
    mine = tmp_path / "mine.csv"
    mine.write_text(f"id;nom;adresse;siret\nf1;Fournil (le);1 rue A;{siret(1)}\nf2;Autre;2 rue B;\n", encoding="utf-8")
    words = ["structures", small_territory, "-o", out, *sample, "--as-of", "2026-01-01", "--others", mine]
    assert run(*words, "--suggestions", likely)[0] == 0
    assert len(pd.read_csv(out)) == 7
    found = pd.read_csv(likely, dtype=str, keep_default_na=False)
    assert found[["left", "right", "reason"]].to_numpy().tolist() == [[siret(1), "f1", "siret"]]
    settled = tmp_path / "decisions.csv"
    found.assign(decision="same", keep="right").to_csv(settled, index=False)
    for _ in range(2):
        assert run(*words, "--decisions", settled, "--suggestions", likely)[0] == 0
        table = pd.read_csv(out, dtype=str, keep_default_na=False).set_index("structure_id")
        assert table.loc["f1", "same_as"] == siret(1)
        assert siret(1) not in table.index
        assert len(pd.read_csv(likely)) == 0


def test_a_workbook_joins_by_the_sheet_and_columns_that_are_named_and_excel_gets_its_form(
    run: Run, sample: list[object], small_territory: Path, tmp_path: Path
) -> None:
    out, likely = tmp_path / "register.csv", tmp_path / "likely.csv"
    mine = tmp_path / "mine.xlsx"
    rows = [["Réf", "Quoi", "Adresse", "SIRET"], ["f1", "Fournil (le)", "1 rue A", siret(1)]]
    with pd.ExcelWriter(mine) as book:
        pd.DataFrame(rows[1:], columns=rows[0]).to_excel(book, sheet_name="Nous", index=False)
        pd.DataFrame([["Autre", "3 rue C"]], columns=["Nom", "Adresse"]).to_excel(book, sheet_name="Eux", index=False)
    words = ["structures", small_territory, "-o", out, *sample, "--as-of", "2026-01-01", "--others", mine, "--excel"]
    named = ["--sheet", "Nous", "--columns", "name=Quoi,structure_id=Réf"]
    for _ in range(2):  # what was written for Excel is read again
        code, _, error = run(*words, *named, "--suggestions", likely)
        assert code == 0, error
        assert likely.read_bytes().startswith("\ufeffleft;right;".encode())
        assert read_structures(out).index.tolist() == [*(siret(number) for number in (1, 2, 3, 4, 5)), "f1"]


@pytest.mark.slow
def test_what_a_human_filled_in_is_never_lost(
    run: Run, sample: list[object], small_territory: Path, tmp_path: Path
) -> None:
    out, likely = tmp_path / "register.csv", tmp_path / "likely.csv"
    mine = tmp_path / "mine.csv"
    mine.write_text(f"id;nom;adresse;siret\nf1;Fournil;1 rue A;{siret(1)}\nf2;Deux;2 rue B;{siret(2)}\n")
    words = ["structures", small_territory, "-o", out, *sample, "--as-of", "2026-01-01", "--others", mine]
    assert run(*words, "--suggestions", likely)[0] == 0
    first = pd.read_csv(likely, dtype=str, keep_default_na=False)
    assert first["right"].tolist() == ["f1", "f2"]
    first.loc[0, ["decision", "keep", "note"]] = ["same", "right", "seen on the spot"]
    first.to_csv(likely, index=False)
    for more in ([], ["--decisions", likely], []):
        assert run(*words, "--suggestions", likely, *more)[0] == 0
        again = pd.read_csv(likely, dtype=str, keep_default_na=False)
        assert again[["right", "decision", "note"]].to_numpy().tolist() == [
            ["f1", "same", "seen on the spot"],
            ["f2", "", ""],
        ]
        assert siret(1) not in pd.read_csv(out, dtype=str)["structure_id"].tolist()
    other = tmp_path / "other.csv"
    first.assign(decision="different").to_csv(other, index=False)
    before = likely.read_bytes()
    code, _, said = run(*words, "--suggestions", likely, "--decisions", other)
    assert (code, "settled otherwise in two files" in said) == (2, True)
    assert likely.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "joined", "left_out"),
    [("rna", ["W931000001", "W931000008"], 1), ("siae", ["00000000200011-aci"], 0), ("data_inclusion", ["dora--1"], 0)],
)
def test_each_official_list_joins_the_register(  # noqa: PLR0917 (three fixtures, three columns of the table)
    run: Run, sample: list[object], small_territory: Path, tmp_path: Path, name: str, joined: list[str], left_out: int
) -> None:
    if name == "rna":
        rows = [association(1), association(8, siret=siret(1)), association(9, adrs_codeinsee="93001")]
        other = written(tmp_path / "rna.csv", RNA, rows, separator=";", encoding="latin-1")
    else:
        other = FILES[name](tmp_path)
    out, likely = tmp_path / "register.csv", tmp_path / "likely.csv"
    words = ["structures", small_territory, "-o", out, *sample, "--as-of", "2026-01-01"]
    code, *said = run(*words, "--others", other, "--suggestions", likely)
    assert code == 0, said
    table = pd.read_csv(out, dtype=str, keep_default_na=False).set_index("structure_id")
    assert set(joined) <= set(table.index)
    assert (f"{left_out} row of --others: in no commune of Small, left out." in said[1]) == bool(left_out)
    assert MARK not in out.read_text(encoding="utf-8").lower()
    assert PERSON not in out.read_text(encoding="utf-8")
    suggested = pd.read_csv(likely, dtype=str)
    assert suggested["right"].tolist() == {
        "rna": ["W931000008"], "siae": ["00000000100011-aci", "00000000100011-ei", "00000000200011-aci"],
    }.get(name, [])  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "official/establishments.parquet"], "-o would overwrite --establishments"),
        (["-o", "r.csv", "--portrait", "r.csv"], "--portrait would overwrite -o"),
        (["-o", "r.csv", "--others", "m.csv", "--suggestions", "m.csv"], "--suggestions would overwrite --others"),
        (["-o", "r.csv", "--decisions", "d.csv"], "name it with --others FILE"),
    ],
)
def test_no_file_that_is_read_or_written_is_written_over(
    run: Run, sample: list[object], small_territory: Path, tmp_path: Path, *, words: list[str], said: str
) -> None:
    (tmp_path / "m.csv").write_text("nom\nA\n")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    placed = [tmp_path / word if word.endswith((".csv", ".parquet")) else word for word in words]
    code, _, error = run("structures", small_territory, *sample, *placed)
    assert (code, said in error) == (2, True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_an_optional_file_that_changed_is_said_and_done_without(
    run: Run, small_territory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(source: str, **_: object) -> None:
        message = f"{source} changed: no column for siret"
        raise SourceChangedError(message)

    monkeypatch.setattr("essgeo.official.fetch.fetch", changed)
    monkeypatch.setattr("essgeo.register.assemble.fetch", changed, raising=False)
    words = official(tmp_path / "official", [site(1)], [unit(1)], [place(1)])[:4]
    code, _, said = run("structures", small_territory, "-o", tmp_path / "r.csv", *words, "--as-of", "2026-01-01")
    assert code == 0
    assert "sirene_geolocation: not used, sirene_geolocation changed" in said
    assert len(pd.read_csv(tmp_path / "r.csv")) == 1


def test_faults_exit_with_a_message_and_leave_nothing(run: Run, small_territory: Path, tmp_path: Path) -> None:
    code, _, said = run("structures", small_territory, "-o", tmp_path / "r.csv")
    assert code == 3
    assert "sirene_establishments was never fetched here" in said
    assert "sirene_legal_units was never fetched here" in said
    assert "--establishments FILE" in said
    assert "With --live they are fetched now." in said
    assert not (tmp_path / "r.csv").exists()


def secret_rows() -> tuple[list[Any], list[Any], list[Any]]:
    """Return restricted rows with every secret that an official file could still hold, half by site, half by unit."""
    sites, units, places = [site(1)], [unit(1)], [place(1)]
    for number in range(100, 100 + HIDDEN):
        by_site = number % 2
        sites.append(
            site(
                number,
                statutDiffusionEtablissement="P" if by_site else "O",
                **dict.fromkeys(
                    (
                        *("complementAdresseEtablissement", "libelleVoieEtablissement", "codePostalEtablissement"),
                        *("enseigne1Etablissement", "denominationUsuelleEtablissement"),
                    ),
                    f"ZZSECRET {number}",
                ),
            )
        )
        units.append(
            unit(
                number,
                statutDiffusionUniteLegale="O" if by_site else "P",
                **dict.fromkeys(
                    (
                        *("nomUniteLegale", "prenom1UniteLegale", "denominationUniteLegale", "sigleUniteLegale"),
                        "denominationUsuelle1UniteLegale",
                    ),
                    f"ZZSECRET {number}",
                ),
            )
        )
        places.append(place(number, x=650000.0 + number, x_longitude=SECRET_LON))
    return sites, units, places


def everywhere(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with a secret in every text that is neither a code that selects the row nor a name of its own."""
    kept = (
        *("siren", "siret", "nic", "codeCommuneEtablissement", "etablissementSiege", "categorieJuridiqueUniteLegale"),
        *("nicSiegeUniteLegale", "economieSocialeSolidaireUniteLegale", "qualite_xy", "epsg", "plg_code_commune"),
    )
    starts = ("statut", "date", "etat", "activite", "nomenclature", "tranche", "annee", "caractere", "libelleCommune")
    return {
        name: value if name in kept or name.startswith(starts) or isinstance(value, float) else "ZZSECRET"
        for name, value in row.items()
    }


def secret_sheet(path: Path) -> Path:
    """Write a spreadsheet of restricted rows: identifiers, contacts and notes name people too."""
    count = range(HIDDEN)
    rows = pd.DataFrame(
        {
            "id": [f"zzsecret-{number}" for number in count],
            "nom": [f"ZZSECRET {number}" for number in count],
            "adresse": [f"{number} rue ZZSecret" for number in count],
            "code postal": "93140",
            "ville": "Bondy",
            "latitude": 48.9,
            "longitude": SECRET_LON,
            "président": [f"Mme Zzsecret {number}" for number in count],
            "aliases": "zzsecret|ZZSECRET",
            "note": "voir zzsecret",
            "statutDiffusionUniteLegale": ["P" if number % 3 else "O" for number in count],
            "statutDiffusionEtablissement": ["O" if number % 3 else "N" for number in count],
        }
    )
    open_row = {"id": "ok", "nom": "Ouverte", "adresse": "1 rue A", "ville": "Bondy"} | dict.fromkeys(
        rows.columns[-2:], "O"
    )
    table = pd.concat([rows, pd.DataFrame([open_row])], ignore_index=True)
    table.to_csv(path, index=False)
    return path


def contents(path: Path) -> Iterator[bytes]:
    """Yield all that a file holds: its bytes, and what is compressed in it."""
    data = path.read_bytes()
    yield data
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif data.startswith(b"PAR1"):
        yield pq.read_table(path).to_pandas().to_csv().encode()
    elif data.startswith(b"\x1f\x8b"):
        yield gzip.decompress(data)
    elif data.startswith(b"SQLite"):
        with closing(sqlite3.connect(path)) as base:
            for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                yield repr(base.execute(f'SELECT * FROM "{name}"').fetchall()).encode()  # noqa: S608 (its own name)


def assert_secret_kept(folder: Path, *said: str) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert MARK not in path.name
        for data in contents(path):
            assert MARK.encode() not in data.lower(), path
            assert str(SECRET_LON)[:6].encode() not in data, path
    assert MARK not in "".join(said).lower()


def test_the_search_finds_a_secret_in_every_format(tmp_path: Path) -> None:
    rows = pd.DataFrame({"name": ["ZZSecret"] * 300})
    layer = gpd.GeoDataFrame(rows, geometry=gpd.points_from_xy(np.zeros(300), np.zeros(300)), crs=4326)
    rows.to_excel(tmp_path / "a.xlsx")
    rows.to_parquet(tmp_path / "a.parquet", compression="zstd")
    rows.to_csv(tmp_path / "a.csv.gz")
    layer.to_file(tmp_path / "a.gpkg")
    for path in tmp_path.iterdir():
        assert any(MARK.encode() in data.lower() for data in contents(path)), path


@pytest.mark.parametrize("suffix", ["xlsx", "parquet", "gpkg"])
def test_masked_rows_of_sirene_leave_no_trace(run: Run, small_territory: Path, tmp_path: Path, suffix: str) -> None:
    words = official(tmp_path / "official", *secret_rows())
    published = tmp_path / "published"
    published.mkdir()
    out = published / f"register.{suffix}"
    code, *said = run("structures", small_territory, "-o", out, *words, "--as-of", "2026-01-01")
    assert code == 0
    back = read_structures(out)
    assert (len(back), (back["diffusion"] == "P").sum(), back["lon"].notna().sum()) == (HIDDEN + 1, HIDDEN, 1)
    assert_secret_kept(published, *said)
    if (tmp_path / "cache").exists():
        assert_secret_kept(tmp_path / "cache")


@pytest.mark.slow
def test_masked_rows_of_a_spreadsheet_leave_no_trace_in_a_study(
    run: Run, small_territory: Path, tmp_path: Path
) -> None:
    sheet = secret_sheet(tmp_path / "mine.csv")
    code, *said = run("study", small_territory, "--structures", sheet, "--out", tmp_path / "maps")
    assert code == 0, said
    assert_secret_kept(tmp_path / "maps", *said)
    table = pd.read_csv(tmp_path / "maps" / "tables" / "structures.csv", dtype=str, keep_default_na=False)
    assert table["geo_status"].value_counts()["masked"] == HIDDEN


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "geojson"])
def test_masked_rows_of_a_spreadsheet_leave_no_trace_in_a_geocoded_file(run: Run, tmp_path: Path, suffix: str) -> None:
    published = tmp_path / "published"
    published.mkdir()
    sheet = secret_sheet(tmp_path / "mine.csv")
    out, review = published / f"out.{suffix}", published / "review.csv"
    ban = tmp_path / "adresses-93.csv.gz"
    ban.write_bytes(make_ban(20))
    code, *said = run("geocode", sheet, "-o", out, "--review", review, "--ban", ban)
    assert code == 0, said
    assert_secret_kept(published, *said)
    assert len(pd.read_csv(review)) == 1


def test_a_fault_in_a_masked_row_is_told_without_what_it_hides(run: Run, small_territory: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "mine.csv"
    sheet.write_text(
        "id,nom,adresse,latitude,longitude,diffusion,secteur\n"
        "zzsecret,ZZSECRET,zzsecret,zzsecret,zzsecret,P,\nzzsecret,ZZSECRET,zzsecret,,,P,\nok,Ouverte,1 rue A,,,O,??\n",
        encoding="utf-8",
    )
    code, *said = run("zones", sheet, "--territory", small_territory, "-o", tmp_path / "zones.csv")
    assert code == 0, said
    assert "column secteur is not used: no cell of it is known as sectors (??)" in said[1]
    assert MARK not in "".join(said).lower()
