"""A territory is a folder and a TOML file; what is wrong with the file is told at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from essgeo import load_territory
from essgeo.errors import InputError, UnknownTerritoryError
from essgeo.files import read_table
from essgeo.official.live_layers import read_layer
from essgeo.territory import Publisher, in_french, territory_names
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_is_a_territory(small_territory: Path) -> None:
    here = load_territory(small_territory)
    assert (here.id, here.name, here.communes, here.folder) == ("small", "Small", ("93010", "93048"), small_territory)
    assert here.file("iris").path == small_territory / "iris.geojson"


def test_every_shipped_territory_has_its_files() -> None:
    assert "est-ensemble" in territory_names()
    for name in territory_names():
        assert [file.path.name for file in load_territory(name).files if not file.path.is_file()] == []


def test_the_figures_that_texts_tell_are_those_of_the_files() -> None:
    here = load_territory("est-ensemble")
    known = (here.folder / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\S+\.(?:csv|geojson))` \| (?:the )?(\d+) ", known, re.MULTILINE)
    files = {name: int(count) for name, count in told}
    assert len(files) > 8
    assert files == {name: len(read_table(here.folder / name)) for name in files}
    structures, sites = (read_table(here.file(layer).path) for layer in ("structures", "sites"))
    residents = read_table(here.file("iris").path)["population"].astype(float).sum()
    assert f"{residents:,.0f} residents" in known
    assert f"{(structures['lon'] != '').sum()} have coordinates" in known
    assert f"{(sites['lon'] != '').sum()} have coordinates" in known
    years = sorted(filter(None, structures["as_of"].str[:4]))
    for name, to in (("README.md", "to"), ("README.fr.md", "à")):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert f"| {years[0]} {to} {years[-1]}, `as_of` |" in text


@pytest.mark.parametrize("name", ["nowhere", "", "../est-ensemble/x", "est-ensemble\x00"])
def test_an_unknown_territory_lists_the_known_ones(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownTerritoryError, match="Known: arc-de-l-innovation, est-ensemble"):
        load_territory(name)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "small"', 'id = "small', "not valid TOML"),
        ('id = "small"', "", "id is missing"),
        ('id = "small"', "id = 3", "id should be text between quotes"),
        ('["93010", "93048"]', '"93010"', "communes should be a list"),
        ('["93010", "93048"]', "[93010, 93048]", "communes should be INSEE codes between quotes"),
        ("EPSG:2154", "EPSG:nothing", "crs 'EPSG:nothing' is not a projected CRS in metres, such as EPSG:2154"),
        ("EPSG:2154", "EPSG:4326", "crs 'EPSG:4326' is not a projected CRS in metres"),
        ('layer = "iris"', 'layer = "iriss"', "layers[1]: unknown layer 'iriss'; known: addresses"),
        ('layer = "iris"', "layer = 1", "layers[1]: layer is missing, or not text"),
        ('file = "iris.geojson"', "", "layers[1]: file is missing"),
    ],
)
def test_a_broken_description_is_refused_by_name(small_territory: Path, old: str, new: str, said: str) -> None:
    path = small_territory / "territory.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_territory(small_territory)
    assert str(refused.value).startswith(f"{path}: ")
    assert said in str(refused.value)


def test_layers_that_are_no_tables_are_refused(small_territory: Path) -> None:
    text = 'id="s"\nname="s"\ncrs="EPSG:2154"\nvintage="2024"\ncommunes=[]\nlayers=["iris"]'
    (small_territory / "territory.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"layers\[1\] should be a table, opened by \[\[layers\]\]"):
        load_territory(small_territory)


def test_a_description_in_another_encoding_is_refused(small_territory: Path) -> None:
    (small_territory / "territory.toml").write_bytes('name = "Étampes"'.encode("cp1252"))
    with pytest.raises(InputError, match="not valid TOML"):
        load_territory(small_territory)


def test_every_fault_of_a_description_is_told_at_once(small_territory: Path) -> None:
    (small_territory / "territory.toml").write_text("id = 1\ncommunes = []\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_territory(small_territory)
    for said in ("id should be", "name is missing", "crs is missing", "vintage is missing"):
        assert said in str(refused.value)


def test_a_file_that_is_declared_but_missing_is_a_fault_of_the_folder(small_territory: Path) -> None:
    (small_territory / "stations.csv").unlink()
    with pytest.raises(InputError, match=r"stations.csv: no such file"):
        read_layer(load_territory(small_territory), "stations")


def test_a_territory_carries_its_preposition(small_territory: Path) -> None:
    path = small_territory / "territory.toml"
    text = path.read_text(encoding="utf-8")
    assert load_territory(small_territory).place("fr") == "à Small"
    path.write_text('name_in = "dans le Petit"\n' + text, encoding="utf-8")
    here = load_territory(small_territory)
    assert (here.place("fr"), here.place("en")) == ("dans le Petit", "in Small")
    path.write_text("name_in = 3\n" + text, encoding="utf-8")
    with pytest.raises(InputError, match="name_in should be text between quotes"):
        load_territory(small_territory)


@pytest.mark.parametrize(
    ("name", "told"), [("Bondy", "à Bondy"), ("Les Lilas", "aux Lilas"), ("Le Raincy", "au Raincy"), ("Lens", "à Lens")]
)
def test_a_commune_joins_its_article_to_the_preposition(name: str, told: str) -> None:
    assert in_french(name) == told


def test_a_publisher_is_read_and_what_is_no_address_is_refused(tmp_path: Path) -> None:
    bare = 'id = "x"\nname = "X"\ncrs = "EPSG:2154"\nvintage = "2024"\ncommunes = ["93010"]\n[publisher]\n'
    path = tmp_path / "territory.toml"
    path.write_text(bare + 'name = "Ville"\ncontact = "ess@ville.fr"\naccessibility = "partial"\n', encoding="utf-8")
    assert load_territory(tmp_path).publisher == Publisher("Ville", "ess@ville.fr", accessibility="partial")
    for line, fault in {
        'name = "Ville"\nurl = "javascript:alert(1)"': "publisher.url",
        'name = "Ville"\ncontact = "a@b.fr?bcc=c@d.fr"': "publisher.contact",
        'name = "Ville"\naccessibility = "good"': "publisher.accessibility",
        'name = "Ville"\ncolour = "red"': "publisher.colour",
        "name = 3": "publisher.name",
        'contact = "a@b.fr"': "publisher should be a table",
    }.items():
        path.write_text(bare + line, encoding="utf-8")
        with pytest.raises(InputError, match=re.escape(fault)):
            load_territory(tmp_path)
