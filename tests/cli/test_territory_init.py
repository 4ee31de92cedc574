"""``essgeo territory init``: a folder from a list of communes, or everything that is wrong with it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from essgeo.cli.sources import territory
from essgeo.errors import InputError
from essgeo.official.declare import declare_territory
from essgeo.territory import load_territory

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_is_made_that_the_other_commands_read(tmp_path: Path) -> None:
    folder = tmp_path / "here" / "plaine"
    said = CliRunner().invoke(
        territory,
        ["init", "plaine-commune", "--communes", "93001, 93027,93001", "--name", 'L\'"Île"', "--folder", str(folder)],
        catch_exceptions=False,
    )
    assert said.exit_code == 0
    assert f"essgeo study {folder} --live" in said.output
    made = load_territory(folder)
    assert (made.id, made.name, made.crs, made.vintage) == ("plaine-commune", 'L\'"Île"', "EPSG:2154", "2024")
    assert made.communes == ("93001", "93027")
    assert made.files == ()
    checked = CliRunner().invoke(territory, ["check", str(folder)], catch_exceptions=False)
    assert "has no file of its own" in checked.output


@pytest.mark.parametrize(
    ("commune", "crs"),
    [
        ("2A004", "EPSG:2154"),
        ("97105", "EPSG:5490"),
        ("97209", "EPSG:5490"),
        ("97302", "EPSG:2972"),
        ("97411", "EPSG:2975"),
        ("97608", "EPSG:4471"),
    ],
)
def test_the_crs_is_the_legal_one_of_the_department(tmp_path: Path, commune: str, crs: str) -> None:
    assert declare_territory("ici", [commune], folder=tmp_path / "ici").crs == crs


@pytest.mark.parametrize(
    ("name", "communes", "crs", "said"),
    [
        ("Ici", ["93001"], "auto", "a name has small letters, digits and hyphens only"),
        ("../ici", ["93001"], "auto", "a name has small letters"),
        ("ici", ["9300", "ABCDE"], "auto", "not an INSEE code of a commune: 9300, ABCDE"),
        ("ici", [" "], "auto", "no commune; give --communes"),
        ("ici", ["75056"], "auto", "75056 is divided, give its arrondissements (75101 to 75120)"),
        ("ici", ["93001", "96001", "20004"], "auto", "no such department: 96001, 20004"),
        ("ici", ["93001", "97411"], "auto", "communes of several coordinate systems (EPSG:2154, EPSG:2975)"),
        ("ici", ["93001"], "EPSG:4326", "is not a projected CRS in metres"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(
    tmp_path: Path, name: str, communes: list[str], crs: str, said: str
) -> None:
    with pytest.raises(InputError) as refused:
        declare_territory(name, communes, crs=crs, folder=tmp_path / "ici")
    assert said in str(refused.value)
    assert list(tmp_path.iterdir()) == []


COMMUNES = """{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"code": "93001", "nom": "Aubervilliers"}, "geometry": null},
{"type": "Feature", "properties": {"code": "75056", "nom": "Paris"}, "geometry": null}]}"""


def test_codes_are_looked_up_where_the_official_list_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESSGEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(territory, ["init", "ici", "--communes", "93999"], catch_exceptions=False)
    assert said.output.splitlines()[:2] == [
        "Ici: 1 commune, EPSG:2154, in ici/territory.toml",
        "Not checked: that each code is one of a commune; --live looks them up in the official list.",
    ]
    path = tmp_path / "communes.geojson"
    path.write_text(COMMUNES, encoding="utf-8")
    monkeypatch.setattr("essgeo.official.fetch.fetch", lambda *_, **__: SimpleNamespace(path=path))
    said = CliRunner().invoke(territory, ["init", "la", "--communes", "93001,75101"], catch_exceptions=False)
    assert said.output.splitlines()[:2] == [
        "La: 2 communes, EPSG:2154, in la/territory.toml",
        "93001 Aubervilliers, 75101",
    ]
    with pytest.raises(InputError, match=r"no such commune in the official list: 93999\."):
        CliRunner().invoke(territory, ["init", "plus", "--communes", "93001,93999"], catch_exceptions=False)
    assert not (tmp_path / "plus").exists()


def test_a_territory_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    declare_territory("ici", ["93001"], folder=tmp_path / "ici")
    before = (tmp_path / "ici" / "territory.toml").read_bytes()
    with pytest.raises(InputError, match="exists already"):
        declare_territory("ici", ["93010"], folder=tmp_path / "ici")
    assert (tmp_path / "ici" / "territory.toml").read_bytes() == before
