"""The command line: what it prints, how it fails, and that it writes nothing when it does."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import geopandas as gpd
import openpyxl
import pytest
import shapely

from essgeo.messages import words
from essgeo.schema.columns import COLUMNS
from tests.conftest import ROOT
from tests.made.official import in_degrees, mesh

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]


def test_help_is_fast_because_it_imports_no_geography() -> None:
    code = (
        "import sys\nfrom essgeo.cli import main\nsys.argv = ['essgeo', 'study', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'geopandas', 'pandas', 'numpy', 'shapely', 'folium'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--walk-minutes" in done.stdout
    assert "Exit codes: 2 for a fault of what you gave" in words("en")["commands"]["essgeo"]
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_public_name_is_there_and_no_other() -> None:
    import essgeo  # noqa: PLC0415 - the package itself is what is tested

    for name in essgeo.__all__:
        assert getattr(essgeo, name).__name__ == name
    with pytest.raises(AttributeError, match="module 'essgeo' has no attribute 'nothing'"):
        _ = essgeo.nothing


def test_study_prints_the_neighbourhoods_and_what_it_writes_stands_in_the_glossary_and_the_documentation(
    run: Run, small_territory: Path, tmp_path: Path
) -> None:
    out, structures = tmp_path / "maps", small_territory / "structures.csv"
    header, first, *others = structures.read_text(encoding="utf-8").splitlines()
    rows = [f"{header},siret,tél", f"{first},en cours,01", *(f"{row},," for row in others)]
    structures.write_text("\n".join(rows), encoding="utf-8")
    code, printed, errors = run("study", small_territory, "--out", out, "--as-of", "2027-06")
    assert (code, errors) == (0, "")
    lines = printed.splitlines()
    assert lines[0].split()[:2] == ["neighbourhood", "residents"]
    assert [line[:9] for line in lines[1:3]] == ["La Gauche", "La Droite"]
    assert (
        "of 2 structures located in the territory, a sample of about 100 enterprises: places that it lacks, or "
        "that have closed, change the figures" in printed
    )
    assert "QPV of 2024, structures active on 2027-06-30." in printed
    assert f"1 of 3 structures is to review (1 not_found): {out / 'tables' / 'review.csv'}" in printed
    assert lines[-1] == f"Pages: {out / 'index.html'}"
    assert (out / "index.html").is_file()
    tables = sorted((out / "tables").glob("*.csv"))
    assert len(tables) >= 10
    for table in tables:
        with table.open(encoding="utf-8", newline="") as stream:
            header, *rows = csv.reader(stream)
        schema = json.loads((out / "schemas" / f"{table.stem.removesuffix('_odbl')}.json").read_text(encoding="utf-8"))
        assert header == [field["name"] for field in schema["fields"]], table.name
        assert set(header) <= set(COLUMNS), table.name
        if table.stem == "structures":
            assert [row[header.index("siret_as_given")] for row in rows] == ["en cours", "", ""]
    written = {path.name for path in out.iterdir()} - {"left.html", "right.html", "qn1.html"}
    told = set(re.findall(r"`([\w.-]+)/?`", (ROOT / "docs" / "look_up" / "published.md").read_text(encoding="utf-8")))
    assert {name for name in written if "_odbl." not in name and not name.startswith(".")} <= told


def test_gaps_as_json(run: Run, small_territory: Path) -> None:
    code, printed, errors = run("gaps", small_territory, "--json", "--walk-minutes", "10")
    rows = json.loads(printed)
    assert (code, errors) == (0, "")
    assert Counter(row["level"] for row in rows if row["theme"] == "all") == {
        "neighbourhood": 2,
        "qpv": 1,
        "commune": 2,
    }
    assert {"low", "high", "fgt0", "not_distinguishable", "need_gap"} <= set(rows[0])
    assert {row["minutes"] for row in rows} == {10}
    known = [row for row in rows if row["structures"]]
    assert all(row["out_of_reach_low"] <= row["out_of_reach_high"] for row in known)
    assert known


def test_gaps_on_a_network_say_so(run: Run, small_territory: Path, tmp_path: Path) -> None:
    ways = [
        {"type": "way", "tags": {"highway": "footway"}, "geometry": [{"lon": lon, "lat": lat} for lon, lat in way]}
        for way in in_degrees(mesh((660_000, 6_867_000, 664_000, 6_868_000), 250))
    ]
    streets = tmp_path / "streets.json"
    streets.write_text(json.dumps({"osm3s": {"timestamp_osm_base": "2023-07-27T00:00:00Z"}, "elements": ways}))
    code, printed, errors = run("gaps", small_territory, "--network", streets)
    assert (code, errors) == (0, "")
    assert "walking network of 2023-07-27" in printed.splitlines()[-1]


def test_gaps_as_a_table(run: Run, small_territory: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("nom,secteur,lon,lat\n\x1b[31mRouge\u202e,mobilite,2.4604,48.9064\n", encoding="utf-8")
    code, printed, _ = run("gaps", small_territory, "--structures", mine)
    assert code == 0
    assert [line.split()[:2] for line in printed.splitlines() if line.startswith("La ")] == [
        ["La", "Gauche"],
        ["La", "Droite"],
    ]
    assert "Rouge" in printed
    assert "excess: residents out of reach beyond" in printed
    assert "\x1b" not in printed
    assert "\u202e" not in printed


def test_zones_writes_one_row_a_structure_and_zone(run: Run, small_territory: Path, tmp_path: Path) -> None:
    mine, out = tmp_path / "mine.csv", tmp_path / "zones.csv"
    mine.write_text("id;nom;lon;lat\n=x;A;2,4604;48,9064\nfar;B;5,37;43,3\n", encoding="cp1252")
    code, printed, _ = run("zones", mine, "-o", out, "--territory", small_territory)
    with out.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert code == 0
    assert printed.endswith(f"{len(rows)} rows for 2 structures: {out}\n")
    inside = [row for row in rows if row["layer"] == "qpv" and row["relation"] == "in"]
    assert [(row["structure_id"], row["zone_id"], row["vintage"]) for row in inside] == [("'=x", "QN1", "2024")]
    assert float(inside[0]["distance_m"]) < 0
    assert {row["relation"] for row in rows if row["structure_id"] == "far"} == {"out"}


def test_what_was_read_otherwise_than_it_stands_is_told_once(run: Run, small_territory: Path, tmp_path: Path) -> None:
    mine, out = tmp_path / "mine.xlsx", tmp_path / "zones.csv"
    workbook(mine, [["Nos structures"], ["Nom", "Adresse", "Ville"], ["A", "1 rue A", "Bondy"], ["Total", None, None]])
    code, printed, errors = run("zones", mine, "-o", out, "--territory", small_territory)
    assert (code, errors.splitlines()[:2]) == (
        0,
        [
            "essgeo: mine.xlsx: row 2 was taken as the header; the rows above it are not read.",
            f"essgeo: {words('en')['messages']['footers'].format(name='mine.xlsx', rows='4 (Total)')}",
        ],
    )
    assert "for 1 structure: " in printed


def test_a_repaired_outline_is_told(run: Run, small_territory: Path, tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(660_100, 6_867_100), (660_900, 6_867_900), (660_900, 6_867_100), (660_100, 6_867_900)])
    path, mine = tmp_path / "qpv.gpkg", tmp_path / "mine.csv"
    gpd.GeoDataFrame({"code_qp": ["QN1"], "lib_qp": ["x"]}, geometry=[bow_tie], crs=2154).to_file(path)
    mine.write_text("nom,adresse\na,\n", encoding="utf-8")
    code, printed, _ = run("zones", mine, "-o", tmp_path / "z.csv", "--territory", small_territory, "--qpv", path)
    assert code == 0
    assert "QPV whose outline was not valid and was repaired: QN1." in printed


def test_territory_list_and_check(run: Run, small_territory: Path) -> None:
    code, printed, _ = run("territory", "list")
    assert code == 0
    assert "est-ensemble  Est Ensemble" in printed.splitlines()
    code, printed, errors = run("territory", "check", small_territory)
    assert (code, errors) == (0, "")
    assert printed.split()[:3] == ["iris", "2024", "4"]
    assert " 1 row " in printed
    (small_territory / "stations.csv").write_text("name\na\n", encoding="utf-8")
    (small_territory / "sites.csv").unlink()
    code, printed, errors = run("territory", "check", small_territory)
    assert code == 2
    assert "stations.csv: missing columns" in errors
    assert "sites.csv: no such file" in errors
    assert len(printed.splitlines()) == 7


def workbook(path: Path, rows: list[list[object]]) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(path)


BAD_STRUCTURES = [
    ("no_name.csv", b"ville,cp\nBondy,93140\n", "no column was recognised as the name"),
    ("page.csv", b"<!DOCTYPE html><html></html>", "is a web page, not a table"),
    ("not.xlsx", b"nom,adresse\na,b\n", "the file is not a .xlsx"),
    ("empty.csv", b"", "the file is empty"),
    ("header.csv", b"nom,adresse\n", "columns but no row"),
]

BAD_CELLS = [
    ("nom,lon,lat\n\na,48.9,2.4\n", "row 3, field lon, lat: were exchanged"),
    ("nom,lon,lat\na,2.4,\n", "row 2, field lat: is missing"),
    ("id,nom,adresse\nx,a,\nx,b,\n", "row 3, field structure_id: 'x' stands twice"),
    ("nom,adresse,secteur\na,,magie\n", "column secteur is not used: no cell of it is known as sectors (magie)"),
]


@pytest.mark.parametrize(("content", "said"), BAD_CELLS)
def test_a_bad_cell_costs_no_list_and_is_told(
    run: Run, small_territory: Path, tmp_path: Path, *, content: str, said: str
) -> None:
    path, out = tmp_path / "mine.csv", tmp_path / "z.csv"
    path.write_text(content, encoding="utf-8")
    code, _, errors = run("zones", path, "-o", out, "--territory", small_territory)
    assert (code, said in errors, out.exists()) == (0, True, True)


def test_a_run_says_how_columns_are_read_and_takes_names_for_them(
    run: Run, small_territory: Path, tmp_path: Path
) -> None:
    path, out = tmp_path / "mine.csv", tmp_path / "z.csv"
    path.write_text("Quoi;Adresse;Bidule;Prénom\nA;1 rue A;b;Jeanne\n", encoding="utf-8")
    told = [
        "name = Quoi",
        "address = Adresse",
        "not used: Bidule",
        "about persons, never kept: Prénom",
        "--columns name=",
    ]
    code, _, errors = run("zones", path, "-o", out, "--territory", small_territory, "--columns", "name=Quoi")
    assert (code, [said for said in told if said not in errors.replace("essgeo: ", "")]) == (0, [])
    code, printed, _ = run("columns", path, "--columns", "nom=Quoi")
    assert (code, [said for said in told if said not in printed]) == (0, [])
    recode = tmp_path / "recode.csv"
    recode.write_text("mot;code\nb;mobilite\n", encoding="utf-8")
    named = ["--columns", "name=Quoi,sectors=Bidule", "--recode", f"sectors={recode}"]
    code, _, errors = run("zones", path, "-o", out, "--territory", small_territory, *named)
    assert (code, "sectors = Bidule" in errors) == (0, True)


@pytest.mark.parametrize(("name", "content", "said"), BAD_STRUCTURES)
def test_a_bad_list_gets_one_message_and_writes_nothing(
    run: Run, small_territory: Path, tmp_path: Path, *, name: str, content: bytes, said: str
) -> None:
    path, out = tmp_path / name, tmp_path / "maps"
    path.write_bytes(content)
    code, printed, errors = run("study", small_territory, "--structures", path, "--out", out)
    assert (code, printed) == (2, "")
    assert errors.startswith("essgeo: ")
    assert name in errors
    assert said in errors
    assert "Traceback" not in errors
    assert not out.exists()
    code, _, errors = run("zones", path, "-o", tmp_path / "z.csv", "--territory", small_territory)
    assert (code, said in errors, (tmp_path / "z.csv").exists()) == (2, True, False)


def test_a_workbook_that_calls_itself_csv_is_refused(run: Run, small_territory: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    workbook(path, [["nom"], ["a"]])
    code, _, errors = run("gaps", small_territory, "--structures", path)
    assert (code, "looks like a .xlsx" in errors) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["study", "nowhere", "--out", "{out}"], 2, "no territory 'nowhere'. Known: arc-de-l-innovation, est-ensemble"),
        (["gaps", "{small}", "--structures", "none.csv"], 2, "none.csv: no such file"),
        (["gaps", "{small}", "--structures", "{small}"], 2, "is a folder; give a file"),
        (["gaps", "{small}", "--corrections", "none.csv"], 2, "none.csv: no such file"),
        (["gaps", "{small}", "--network", "none.pbf"], 2, "none.pbf: no such file"),
        (["study", "{small}", "--qpv", "none.gpkg", "--out", "{out}"], 2, "none.gpkg: no such file"),
        (["site", "{small}", "--sector", "all", "--candidates", "none.csv"], 2, "none.csv: no such file"),
        (["zones", "none.csv", "-o", "{small}/z.csv"], 2, "none.csv: no such file"),
        (["geocode", "none.csv", "-o", "{small}/z.csv"], 2, "none.csv: no such file"),
        (["geocode", "{small}/structures.csv", "-o", "{small}/z.csv", "--ban", "no.csv"], 2, "no.csv: no such file"),
        (
            ["structures", "{small}", "-o", "{small}/z.csv", "--establishments", "no.csv", "--legal-units", "no.csv"],
            2,
            "no.csv: no such file",
        ),
        (["study", "{small}", "--vintage", "2015", "--out", "{out}"], 3, "give the file (--qpv FILE)"),
        (["study", "{small}", "--as-of", "June", "--out", "{out}"], 2, "'June' is not a date such as 2027"),
        (["study", "{small}", "--as-of", "2027-13", "--out", "{out}"], 2, "'2027-13' is not a date"),
        (["study", "{small}", "--walk-minutes", "0", "--out", "{out}"], 2, "0 is not in the range"),
        (["study", "{small}", "--out", "{small}/territory.toml"], 2, "it is a file"),
        (["zones", "x.csv", "-o", "{small}/z.doc"], 2, "cannot write a .doc"),
        (["zones", "x.csv", "-o", "{small}/none/z.csv"], 2, "its folder does not exist"),
    ],
)
def test_a_wrong_command_says_what_to_do(
    run: Run, small_territory: Path, tmp_path: Path, *, arguments: list[str], code: int, said: str
) -> None:
    out = tmp_path / "maps"
    left, printed, errors = run(*(text.format(out=out, small=small_territory) for text in arguments))
    assert (left, printed) == (code, "")
    assert said in errors
    assert "Traceback" not in errors
    assert not out.exists()


def test_a_broken_territory_is_told(run: Run, small_territory: Path) -> None:
    (small_territory / "territory.toml").write_text("id = ", encoding="utf-8")
    code, _, errors = run("gaps", small_territory)
    assert (code, "territory.toml: not valid TOML" in errors) == (2, True)


def test_hostile_column_names_do_not_reach_the_terminal(run: Run, small_territory: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("\x1b[31mrouge,b\na,b\n", encoding="utf-8")
    code, _, errors = run("gaps", small_territory, "--structures", path)
    assert (code, "rouge" in errors, "\x1b" in errors) == (2, True, False)


def test_an_unexpected_error_is_a_message_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        message = "one thing"
        raise ZeroDivisionError(message)

    monkeypatch.setattr("essgeo.study.set_up", fail)
    code, _, errors = run("gaps", "est-ensemble")
    assert code == 70
    assert errors == ("essgeo: unexpected ZeroDivisionError: one thing. This is a bug: ESSGEO_DEBUG=1 shows where.\n")


@pytest.mark.slow
def test_a_command_that_is_stopped_says_so_and_leaves_nothing(
    run: Run, small_territory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "zones.csv"
    mine = small_territory / "structures.csv"
    monkeypatch.setattr("pandas.DataFrame.to_csv", stop)
    code, printed, errors = run("zones", mine, "-o", out, "--territory", small_territory)
    assert (code, printed, errors.splitlines()[-1]) == (130, "", "essgeo: stopped.")
    assert run("study", small_territory, "--out", tmp_path / "maps")[::2] == (130, "essgeo: stopped.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_a_folder_that_cannot_be_written_is_told(
    run: Run, small_territory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    mine = small_territory / "structures.csv"
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    for asked in (["zones", mine, "--territory", small_territory], ["geocode", mine]):
        code, _, errors = run(*asked, "-o", tmp_path / "z.csv")
        assert (code, next(line for line in errors.splitlines() if "cannot" in line)) == (
            2,
            f"essgeo: {tmp_path / 'z.csv'}: cannot be written (Permission denied).",
        )


@pytest.mark.slow
def test_one_file_without_background_is_one_page(run: Run, small_territory: Path, tmp_path: Path) -> None:
    out = tmp_path / "one"
    code, printed, _ = run(
        "study", small_territory, "--out", out, "--single-file", "--background", "none", "--as-of", "2026-01"
    )
    assert code == 0
    assert str(out / "index.html") in printed
    assert [path.name for path in out.glob("*.html")] == ["index.html"]
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "<script src=" not in page
    for host in ("data.geopf.fr", "tile.openstreetmap.org"):
        assert host not in page


@pytest.mark.parametrize(
    ("words", "needs"),
    [
        (
            ["study", "--sheet", "Bondy", "--layer", "a"],
            "--sheet, --layer: about a list of structures; name it with --st",
        ),
        (["gaps", "--columns", "name=Quoi"], "--columns: about a list of structures"),
        (["doctor", "--recode", "sectors=a.csv"], "--recode: about a list of structures"),
        (["study", "--decisions", "a.csv"], "--decisions: about a list of structures"),
        (["site", "--suggestions", "a.csv", "--sector", "mobilite"], "--suggestions: about a list of structures"),
        (["site", "--candidate-sheet", "A", "--sector", "mobilite"], "--candidate-sheet: about a list of premises"),
    ],
)
def test_an_option_without_the_file_that_it_is_about_is_refused(
    run: Run, small_territory: Path, tmp_path: Path, words: list[str], needs: str
) -> None:
    (tmp_path / "a.csv").write_text("left;right;decision\n")
    command, *options = [str(tmp_path / text) if text == "a.csv" else text for text in words]
    more = ["--out", tmp_path / "out"] if command == "study" else []
    code, printed, errors = run(command, small_territory, *options, *more)
    assert (code, printed) == (2, "")
    assert needs in errors
    assert not (tmp_path / "out").exists()


def test_what_is_kept_of_a_service_is_no_option_without_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("nom;adresse\nA;1 rue A\n")
    code, _, errors = run("geocode", tmp_path / "a.csv", "-o", tmp_path / "b.csv", "--resume")
    assert code == 2
    assert "--resume: about the answers of a service" in errors
