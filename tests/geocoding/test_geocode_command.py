"""``essgeo geocode``: files in, files out, and what happens when it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest

from essgeo.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

Fake = Any
COMMAND = [sys.executable, "-c", "from essgeo.cli import main; main()", "geocode"]
ADDED = [
    "geo_status", "geo_precision", "geo_score", "geo_margin", "geo_radius_m", "geo_label", "geo_ban_id", "geo_citycode",
    "geo_engine", "geo_reason", "longitude", "latitude",
]  # fmt: skip


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["essgeo", "geocode", *words])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        streams = capsys.readouterr()
        return code, streams.out + streams.err

    return call


def addresses(count: int = 3) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Nom": [f"N{n}" for n in range(count)],
            "Adresse": [f"{n + 1} rue A" for n in range(count)],
            "CP": "93140",
            "Ville": "Bondy",
            "n": range(count),
        }
    )


FORMATS = ("csv", "xlsx", "parquet", "geojson", "gpkg")


@pytest.mark.parametrize(
    ("source", "target"),
    [  # each is read twice and written twice; the other pairs are slow
        pytest.param(source, target, marks=[] if (place - other) % len(FORMATS) < 2 else pytest.mark.slow)
        for place, source in enumerate(FORMATS)
        for other, target in enumerate(FORMATS)
    ],
)
def test_every_format_in_and_out(run: Callable[..., tuple[int, str]], fake: Fake, source: str, target: str) -> None:
    table, path = addresses(), Path(f"in.{source}")
    if source in {"geojson", "gpkg"}:
        gpd.GeoDataFrame(table, geometry=[None] * len(table), crs=4326).to_file(path)
    else:
        {"csv": table.to_csv, "xlsx": table.to_excel, "parquet": table.to_parquet}[source](path, index=False)
    code, said = run(str(path), "-o", f"out.{target}", "--live", "--url", fake.url)
    assert code == 0, said
    out = Path(f"out.{target}")
    readers: dict[str, Callable[[Path], pd.DataFrame]] = {
        "csv": pd.read_csv,
        "xlsx": pd.read_excel,
        "parquet": gpd.read_parquet,
    }
    read = readers.get(target, gpd.read_file)(out)
    if "geometry" in read:
        assert read.crs.to_epsg() == 4326
        assert read.geometry.x.tolist() == pytest.approx(read["longitude"].tolist())
        read = pd.DataFrame(read.drop(columns="geometry"))
    assert read.columns.tolist() == [*table.columns, *ADDED]
    assert read["Nom"].tolist() == table["Nom"].tolist()
    assert read["n"].astype(int).tolist() == table["n"].tolist()
    assert read["geo_status"].tolist() == ["located"] * 3
    assert read["longitude"].tolist() == pytest.approx([2.000001, 2.000002, 2.000003], abs=1e-9)
    assert fake.addresses == ["1 rue A", "2 rue A", "3 rue A"]


def test_a_second_run_asks_nothing_again(run: Callable[..., tuple[int, str]], fake: Fake) -> None:
    addresses().to_csv("in.csv", index=False)
    for _ in range(2):
        assert run("in.csv", "-o", "out.csv", "--live", "--url", fake.url)[0] == 0
    assert len(fake.addresses) == 3
    first = Path("out.csv").read_text(encoding="utf-8")
    assert run("out.csv", "-o", "again.csv", "--live", "--url", fake.url)[0] == 0
    assert Path("again.csv").read_text(encoding="utf-8") == first


@pytest.mark.linux
@pytest.mark.slow
def test_killed_and_resumed_nothing_is_lost_or_sent_twice(fake: Fake, tmp_path: Path) -> None:
    addresses(9_000).to_csv(tmp_path / "in.csv", index=False)
    fake.pause_s = 0.4
    words = [
        *COMMAND,
        str(tmp_path / "in.csv"),
        "-o",
        str(tmp_path / "out.csv"),
        "--engine",
        "geoplateforme",
        "--live",
        "--url",
        fake.url,
    ]
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    killed = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    limit = time.monotonic() + 60
    while len(fake.requests) < 3:
        assert time.monotonic() < limit
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "out.csv").exists()
    before = len(fake.requests)
    fake.pause_s = 0
    done = subprocess.run(
        [*words, "--resume"], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    kept = [row["address"] for request in fake.requests[: before - 1] for row in request["rows"]]
    resumed = [row["address"] for request in fake.requests[before:] for row in request["rows"]]
    assert len(kept) == 4_000
    assert not set(kept) & set(resumed)
    assert sorted(kept + resumed) == sorted(addresses(9_000)["Adresse"])
    out = pd.read_csv(tmp_path / "out.csv")
    assert out["Adresse"].tolist() == addresses(9_000)["Adresse"].tolist()
    assert (out["geo_status"] == "located").all()


def test_no_address_column_says_which_were_seen(run: Callable[..., tuple[int, str]]) -> None:
    Path("in.csv").write_text("nom,couleur\na,b\n", encoding="utf-8")
    code, said = run("in.csv", "-o", "out.csv")
    assert code == 2
    assert "Columns seen: nom, couleur" in said
    assert "--columns address=COLUMN" in said
    assert run("in.csv", "-o", "out.csv", "--address", "rue")[1].count("no column 'rue'") == 1


def test_columns_can_be_named_and_joined(run: Callable[..., tuple[int, str]], fake: Fake) -> None:
    Path("in.csv").write_text("a;b;c;d\n12;rue A;93140;Bondy\n", encoding="utf-8")
    assert (
        run(
            "in.csv",
            "-o",
            "out.csv",
            "--live",
            "--url",
            fake.url,
            "--address",
            "a",
            "--address",
            "b",
            "--postcode",
            "c",
            "--city",
            "d",
        )[0]
        == 0
    )
    assert [(row["address"], row["postcode"], row["city"]) for row in fake.requests[0]["rows"]] == [
        ("12 rue A", "93140", "Bondy")
    ]


def test_a_whole_address_in_one_column(run: Callable[..., tuple[int, str]], fake: Fake) -> None:
    Path("in.csv").write_text('adresse\n"12 rue A, 93140 Bondy"\n', encoding="utf-8")
    assert run("in.csv", "-o", "out.csv", "--live", "--url", fake.url)[0] == 0
    assert [(row["address"], row["postcode"], row["city"]) for row in fake.requests[0]["rows"]] == [
        ("12 rue A", "93140", "Bondy")
    ]


def test_without_an_engine_nobody_is_asked_and_nothing_pretends_to_be_searched(
    run: Callable[..., tuple[int, str]], no_network: None
) -> None:
    addresses().to_csv("in.csv", index=False)
    code, said = run("in.csv", "-o", "out.csv", "--review", "review.csv")
    assert code == 2
    assert "essgeo: 3 rows were not looked up: give --ban adresses-93.csv.gz" in said
    assert "--live" in said
    assert [path.name for path in Path().iterdir()] == ["in.csv"]
    addresses().assign(lon=[2.48, None, None], lat=[48.9, None, None]).to_csv("in.csv", index=False)
    code, said = run("in.csv", "-o", "out.csv")
    assert code == 0
    assert "3 rows: 2 not_found, 1 located. out.csv" in said
    assert "essgeo: 2 rows were not looked up: give --ban" in said
    assert pd.read_csv("out.csv")["geo_reason"].tolist()[1:] == ["no_index"] * 2
    del no_network


def test_a_service_that_fails_exits_with_3_and_leaves_no_file(run: Callable[..., tuple[int, str]], fake: Fake) -> None:
    addresses().to_csv("in.csv", index=False)
    fake.script = [lambda handler: handler.reply(429, b"", Retry_After="900")]
    code, said = run("in.csv", "-o", "out.csv", "--live", "--url", fake.url)
    assert code == 3
    assert "900 s" in said
    assert "Traceback" not in said
    assert sorted(path.name for path in Path().iterdir()) == ["cache", "in.csv"]


def test_formulas_are_defused_and_masked_rows_cleared(run: Callable[..., tuple[int, str]], fake: Fake) -> None:
    Path("in.csv").write_text(
        'nom,adresse,cp,ville,x\n"=HYPERLINK(1)",1 rue A,93140,Bondy,\nX,[ND],[ND],Bondy,y\n', encoding="utf-8"
    )
    assert run("in.csv", "-o", "out.csv", "--live", "--url", fake.url)[0] == 0
    out = Path("out.csv").read_text(encoding="utf-8")
    assert "'=HYPERLINK(1)" in out
    assert "[ND]" not in out
    assert ",masked," in out
    assert run("in.csv", "-o", "out.xlsx", "--live", "--url", fake.url)[0] == 0
    assert pd.read_excel("out.xlsx")["nom"].iloc[0] == "=HYPERLINK(1)"


def test_rows_without_anything_keep_their_place(run: Callable[..., tuple[int, str]], fake: Fake) -> None:
    Path("in.csv").write_text("adresse,cp,ville\n,,\n7 rue A,93140,Bondy\n,,\n,,\n", encoding="utf-8")
    assert run("in.csv", "-o", "out.csv", "--live", "--url", fake.url)[0] == 0
    assert pd.read_csv("out.csv")["geo_status"].tolist() == ["not_found", "located", "not_found", "not_found"]


def test_a_review_file_comes_back_as_corrections(run: Callable[..., tuple[int, str]], fake: Fake) -> None:
    Path("in.csv").write_text("adresse,cp,ville\nrue Z,93140,Bondy\n7 rue A,93140,Bondy\n", encoding="utf-8")
    fake.script = [lambda handler: handler.good()] * 2 + [lambda handler: handler.reply(200, b'{"features": []}')] * 2
    assert run("in.csv", "-o", "out.csv", "--live", "--url", fake.url, "--review", "review.csv")[0] == 0
    sheet = pd.read_csv("review.csv", dtype=str, keep_default_na=False)
    assert sheet["address"].tolist() == ["rue Z"]
    sheet.assign(lon="2.4", lat="48.9").to_csv("review.csv", index=False)
    assert run("in.csv", "-o", "out.csv", "--live", "--url", fake.url, "--corrections", "review.csv")[0] == 0
    assert pd.read_csv("out.csv")["geo_status"].tolist() == ["corrected", "located"]


@pytest.mark.parametrize(
    "words",
    [
        ["-o", "out.doc"],
        ["-o", "missing/out.csv"],
        ["-o", "out.csv", "--engine", "local"],
        ["-o", "out.csv", "--url", "http://example.org"],
        ["-o", "out.csv", "--engine", "geoplateforme"],
        ["-o", "out.csv", "--ban", "in.csv", "--url", "http://127.0.0.1:9"],
        ["-o", "out.csv", "--review", "review.geojson"],
        ["-o", "a!/out.gpkg"],
        ["-o", f"{'x' * 3600}.csv"],
        ["-o", "in.csv"],
        ["-o", "out.csv", "--review", "./out.csv"],
    ],
)
def test_what_cannot_be_done_is_said_before_the_work(run: Callable[..., tuple[int, str]], words: list[str]) -> None:
    addresses().to_csv("in.csv", index=False)
    Path("a!").mkdir()
    code, said = run("in.csv", *words)
    assert code == 2
    assert "columns read" not in said
    assert "Traceback" not in said
    assert said.startswith("essgeo: ")


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
sys.argv = ["essgeo", "geocode", "in.csv", "-o", "out.csv", "--ban", sys.argv[1]]
from essgeo.cli import main
main()
"""


@pytest.mark.linux
def test_a_disk_that_takes_no_more_is_one_clear_error_and_leaves_nothing(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("adresse,cp,ville\n1 rue Jules Guesde,93140,Bondy\n")
    cache = tmp_path / "cache"
    environment = os.environ | {"ESSGEO_CACHE": str(cache), "XDG_CACHE_HOME": str(cache)}
    words = [sys.executable, "-c", LIMITED, str(shared / "ban" / "adresses-93010.csv.gz")]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "in.csv"]
