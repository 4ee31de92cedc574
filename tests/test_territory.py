"""A territory is a folder and a TOML file; what is wrong with the file is told at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from essgeo import load_territory
from essgeo.errors import InputError, UnknownTerritoryError
from essgeo.files import read_table
from essgeo.maps.render import asset_texts
from essgeo.official.live_layers import read_layer
from essgeo.territory import DEFAULT, LEGIBLE, QUIET, Colours, Publisher, contrast, in_french, territory_names
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
    limits = (ROOT / "docs" / "look_up" / "limits.md").read_text(encoding="utf-8")
    assert f"| {years[0]} to {years[-1]}, `as_of` |" in limits


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


BARE = 'id = "x"\nname = "X"\ncrs = "EPSG:2154"\nvintage = "2024"\ncommunes = ["93010"]\n[publisher]\n'
TOWN = BARE + 'name = "Ville"\n'


def test_a_publisher_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg/>", encoding="utf-8")
    more = 'contact = "ess@ville.fr"\naccessibility = "partial"\nlogo = "logo.svg"\ncolours = { accent = "#004d40" }\n'
    (tmp_path / "territory.toml").write_text(TOWN + more, encoding="utf-8")
    publisher = load_territory(tmp_path).publisher
    assert publisher == Publisher(
        "Ville", "ess@ville.fr", "", "", "partial", "", tmp_path / "logo.svg", Colours("#004d40")
    )


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('url = "javascript:alert(1)"', "line 8: publisher.url"),
        ('url = "https://ville.fr/?page=1"', "line 8: publisher.url"),
        ('url = "https://"', "line 8: publisher.url"),
        ('legal = "/mentions"', "line 8: publisher.legal"),
        ('statement = "data:text/html,x"', "line 8: publisher.statement"),
        ('contact = "a@b.fr?bcc=c@d.fr"', "line 8: publisher.contact"),
        ('contact = "a@b.fr,c@d.fr"', "line 8: publisher.contact"),
        ('contact = "a%0Abcc:c@d.fr"', "line 8: publisher.contact"),
        ('accessibility = "good"', "line 8: publisher.accessibility"),
        ('contact = "a@b.fr"\ncolour = "red"', "line 9: publisher.colour"),
        ("legal = 3", "line 8: publisher.legal"),
        ('colours = "red"', "line 8: publisher.colours"),
        ('colours = { accent = "red" }', "publisher.colours.accent"),
        ('colours = { accent = "#000; } body { display: none" }', "publisher.colours.accent"),
        ('colours = { accent = "#ffcc00" }', "at least 4.5:1"),
        ('colours = { tint = "#777777" }', "at least 4.5:1"),
        ('logo = "../../secret.png"', "line 8: publisher.logo"),
        ('logo = "none.png"', "line 8: publisher.logo: no file"),
        ('logo = "page.png"', "line 8: publisher.logo"),
        ('logo = "page.html"', "line 8: publisher.logo"),
        ('logo = "big.png"', "less than 50 kB"),
    ],
)
def test_what_a_publisher_cannot_be_is_refused_with_its_line(tmp_path: Path, line: str, fault: str) -> None:
    for name in ("page.png", "page.html"):
        (tmp_path / name).write_text("<!doctype html><script>alert(1)</script>", encoding="utf-8")
    (tmp_path / "big.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(60_000))
    (tmp_path / "territory.toml").write_text(TOWN + line, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(fault)):
        load_territory(tmp_path)


@pytest.mark.parametrize("name", ["", 'name = " "', "name = 3", "name = []"])
def test_a_publisher_has_a_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "territory.toml").write_text(BARE + name, encoding="utf-8")
    with pytest.raises(InputError, match=r"line 6: publisher should be a table|line 7: publisher.name"):
        load_territory(tmp_path)


def test_colours_of_the_house_are_legible_and_not_those_of_the_state() -> None:
    assert contrast(DEFAULT.accent, DEFAULT.tint) >= LEGIBLE
    assert contrast(QUIET, DEFAULT.tint) >= LEGIBLE
    css = "".join(asset_texts().values()).lower()
    assert not [
        colour for colour in ("#000091", "#e1000f", "#6a6af4", "#f5f5fe", "#0a76f6", "marianne") if colour in css
    ]
