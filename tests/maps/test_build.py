"""The files: which, how heavy, always the same, and nothing from data that is more than text."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from essgeo.errors import InputError
from essgeo.maps import build_maps
from essgeo.maps.comparisons import MOST_QPV, compare_page
from essgeo.maps.findings import area_headline, qpv_pages, records, where
from essgeo.maps.neighbourhood import neighbourhood_page, sheet_of
from essgeo.maps.pages import AROUND_M
from essgeo.maps.render import BACKGROUNDS, BIDI_CONTROLS, data_block, environment, policy, web_address
from essgeo.maps.script_data import ALPHABET, SHAPES, register
from essgeo.maps.share import PICTURE_SIZE
from essgeo.schema.vocabulary import SECTOR_SYMBOLS, SECTORS, THEMES
from tests.maps.conftest import NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.messages import Lang
    from essgeo.results import Study
    from essgeo.siting import Gains

PAGES = [
    "index.html",
    "territory.html",
    "le-haut.html",
    "le-bas.html",
    "la-place.html",
    "les-quais.html",
    "qn1.html",
    "qn2.html",
    "qn3.html",
    "needs.html",
    "actors.html",
    "compare.html",
    "data.html",
    "method.html",
    "embed.html",
]
MAPS = {*PAGES[:9], "embed.html"}


class _Elements(HTMLParser):
    """Every element of a page, with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _elements(path: Path) -> list[tuple[str, dict[str, str | None]]]:
    return _Elements(path.read_text(encoding="utf-8")).found


@pytest.fixture
def pages(folder: Path) -> list[Path]:
    return [folder / name for name in PAGES]


def test_it_writes_every_page_and_says_so(study: Study, gains: Gains, folder: Path, tmp_path: Path) -> None:
    """The same study gives the same files and the same bytes."""
    written = build_maps(study, tmp_path, gains=gains)
    assert [path.name for path in written[: len(PAGES)]] == PAGES
    assert {path.parent for path in written[len(PAGES) :]} == {tmp_path / "assets"}
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(written)
    for path in written:
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes(), path.name


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_pages_say_their_language_title_and_policy(folder: Path, english: Path, lang: Lang) -> None:
    for path in ((folder if lang == "fr" else english) / name for name in PAGES):
        elements = _elements(path)
        attributes = dict(reversed(elements))
        assert attributes["html"]["lang"] == lang
        assert re.search("<title>.+</title>", path.read_text(encoding="utf-8"))
        metas = [found for tag, found in elements if tag == "meta"]
        policy = next(found["content"] for found in metas if found.get("http-equiv") == "Content-Security-Policy")
        assert policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        viewport = next(found["content"] for found in metas if found.get("name") == "viewport")
        assert viewport
        assert "user-scalable" not in viewport
        assert "maximum-scale" not in viewport


def test_pages_ask_no_other_host(pages: list[Path]) -> None:
    for path in pages:
        for tag, attributes in _elements(path):
            if tag in {"script", "link", "img", "iframe", "use"}:
                for name in ("src", "href"):
                    assert not re.match("https?:|//", attributes.get(name) or ""), path.name


def test_every_link_within_the_folder_leads_somewhere(pages: list[Path]) -> None:
    for path in pages:
        for _, attributes in _elements(path):
            for target in filter(None, (attributes.get("href"), attributes.get("src"))):
                if not re.match("https?:|data:|#", target):
                    assert (path.parent / target).is_file(), f"{path.name}: {target}"


def test_pages_are_light(folder: Path, crowded: Path) -> None:
    """A page weighs what it loads by itself; names of a large register are loaded when they are asked for."""
    for at in (folder, crowded):
        for name in PAGES:
            loaded = [at / name, *_loaded(at / name)]
            assert sum(len(gzip.compress(path.read_bytes())) for path in loaded) < 150_000, name
            assert not [path for path in loaded if path.name.startswith("texts")]


def _loaded(path: Path) -> list[Path]:
    links = [
        attributes.get("src") or attributes.get("href")
        for tag, attributes in _elements(path)
        if tag in {"script", "link"}
    ]
    return [path.parent / link for link in links if link and not link.startswith("data:")]


def test_a_map_page_says_which_rows_it_shows(study: Study, folder: Path) -> None:
    page = (folder / "les-quais.html").read_text(encoding="utf-8")
    block = re.search(r'<script type="application/json" id="map-data">(.*?)</script>', page, re.DOTALL)
    assert block
    content = json.loads(block[1])
    order = register(study.structures).order[np.cumsum(content["rows"])]
    near = study.structures.distance(study.neighbourhoods.geometry["les-quais"]) <= AROUND_M
    named = {"s0"}  # the tables name it
    assert set(order) == set(study.structures.index[near]) | named
    assert content["focus"] == "les-quais"


def test_nothing_hostile_becomes_markup(poisoned: Path, folder: Path) -> None:
    for name in PAGES:
        tame = {tag for tag, _ in _elements(folder / name)}
        for tag, attributes in _elements(poisoned / name):
            assert tag in tame, f"{name}: {tag}"
            assert not [key for key in attributes if key.startswith("on") or key == "style"], name
            assert not (attributes.get("href") or "").strip().lower().startswith(("javascript:", "vbscript:"))


def test_no_file_carries_a_control_of_direction(poisoned: Path) -> None:
    for path in poisoned.rglob("*.*"):
        assert not BIDI_CONTROLS.search(path.read_text(encoding="utf-8")), path.name


def test_hostile_data_can_be_read_back_whole(poisoned: Path, hostile: Study) -> None:
    text = (poisoned / "assets" / "texts-0.js").read_text(encoding="utf-8")
    assert not re.search("[<>&\u2028\u2029]", text)
    columns = json.loads(text.split(".texts0=")[1].removesuffix(";\n"))
    names = columns["name"]
    read = [names["values"][ALPHABET.index(place)] for place in names["places"]]
    order = register(hostile.structures).order
    assert read == [BIDI_CONTROLS.sub("", name) for name in hostile.structures["name"].loc[order]]


def test_hostile_names_are_shown_as_text(poisoned: Path) -> None:
    page = (poisoned / "le-haut.html").read_text(encoding="utf-8")
    assert "&lt;img src=x onerror=alert(canary=1)&gt;" in page


def test_a_data_block_refuses_what_json_cannot_say() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        data_block({"share": float("nan")})


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "http:",
        "https://a b",
        "http://[",
        "frenchweb.fr/?p=1",
    ],
)
def test_only_web_addresses_become_links(text: str) -> None:
    assert web_address(text) == ""
    macros = environment("en").get_template("macros.html").make_module({"shapes": {}, "t": {}})
    assert "href" not in str(macros.source(text))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "code", ["../up", "Bel Air", "index", "territory", "compare", "embed", "method", "", "a--b", "a/b"]
)
def test_an_identifier_that_cannot_name_a_page_is_refused(study: Study, tmp_path: Path, code: str) -> None:
    renamed = study.neighbourhoods.rename(index={"le-haut": code})
    with pytest.raises(InputError, match="neighbourhood_id"):
        build_maps(replace(study, neighbourhoods=renamed), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_neighbourhood_without_coverage_is_refused(study: Study, tmp_path: Path) -> None:
    coverage = study.coverage[study.coverage["zone_id"] != "le-bas"]
    with pytest.raises(InputError, match="le-bas"):
        build_maps(replace(study, coverage=coverage), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_page_of_data_lists_the_exports_beside_it(study: Study, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    for name in ("study.xlsx", "tables/gaps.csv", "tables/secret.txt"):
        (tmp_path / name).touch()
    build_maps(study, tmp_path)
    links = [attributes["href"] for _, attributes in _elements(tmp_path / "data.html") if "download" in attributes]
    assert links == ["study.xlsx", "tables/gaps.csv"]
    page = (tmp_path / "data.html").read_text(encoding="utf-8")
    for holds in ("Toutes les tables, en un classeur", "Manques de couverture par quartier cible"):
        assert holds in page


def test_pages_of_neighbourhoods_differ_and_name_their_shared_qpv(pages: list[Path]) -> None:
    text = {path.stem: path.read_text(encoding="utf-8") for path in pages}
    assert "Le Haut et Le Bas se trouvent dans le même QPV" in text["le-haut"]
    assert "Le Bas et Le Haut se trouvent dans le même QPV" in text["le-bas"]
    assert "même QPV" not in text["la-place"]
    assert "1\u202f000 habitants" in text["le-haut"]
    assert "1\u202f100 habitants" in text["le-bas"]


def test_a_qpv_has_a_page_with_all_that_a_target_neighbourhood_has(study: Study, folder: Path) -> None:
    """The same sections, its own map, and a link from the portal, the overview and the targets that lie in it."""
    target, qpv = ((folder / f"{name}.html").read_text(encoding="utf-8") for name in ("le-haut", "qn1"))
    sections = re.findall(r'<section aria-labelledby="([a-z-]+)"', target)
    assert re.findall(r'<section aria-labelledby="([a-z-]+)"', qpv) == sections
    assert {"themes", "small", "chain", "sites", "inside", "tables"} <= set(sections)
    assert qpv.count("<details") == target.count("<details")
    assert 'id="map-data">{"bounds"' in qpv
    assert "QPV QN1, contours de 2024" in qpv
    assert "Quartiers cibles dans ce QPV" in qpv
    for target_in_it in ("le-haut.html", "le-bas.html"):
        assert target_in_it in qpv
    for page in ("index", "territory", "le-haut", "compare"):
        assert 'href="qn1.html"' in (folder / f"{page}.html").read_text(encoding="utf-8"), page
    for table in (study.coverage, study.gaps, study.support_chain):
        assert set(table.loc[table["level"] == "qpv", table.columns[1]]) == set(study.qpv.index)


def test_a_qpv_of_a_vintage_that_neighbourhoods_do_not_name_has_a_page(study: Study) -> None:
    unnamed = replace(study, neighbourhoods=study.neighbourhoods.drop(columns="qpv_2024"))
    made = register(study.structures)
    told = [neighbourhood_page(one, "QN1", "qpv", made, sheet_of(one)) for one in (study, unnamed)]
    assert [[page for page, _ in page["kin"]] for page in told] == [["le-haut.html", "le-bas.html"], []]


@pytest.mark.parametrize(
    ("codes", "names"),
    [
        (["QN1", "qn1", "../x"], ["qn1", "qpv-1", "x"]),
        (["index", "LE HAUT", "nul"], ["qpv-0", None, "qpv-2"]),
    ],
)
def test_a_qpv_names_a_page_of_its_own_whatever_its_code(study: Study, codes: list[str], names: list[Any]) -> None:
    """Never one of the study, nor that of a target neighbourhood: that one is its page already."""
    pages = qpv_pages(replace(study, qpv=study.qpv.assign(name=["A", "B", "C"]).set_axis(codes)))
    assert pages == {code: name for code, name in zip(codes, names, strict=True) if name}


def test_where_nothing_may_be_concluded_the_page_of_an_area_says_so(study: Study) -> None:
    """A title names no share that an interval leaves open, that is not measured, or that nobody stands behind."""
    reached = where(study.coverage, level="qpv", zone_id="QN2", theme="all", minutes=15)
    rows = where(study.gaps, level="qpv", neighbourhood_id="QN2").assign(conclusion="not_behind")
    told = {}
    for name, of_area, of_gaps in (
        ("open", reached.assign(share_low=0.1, share_high=0.9), rows),
        ("unmeasured", reached.assign(share=np.nan), rows),
        ("silent", reached, rows.assign(conclusion="few_located", structures_located=1)),
        ("nobody", reached.assign(residents=0.0), rows),
    ):
        told[name] = area_headline(study, records(of_area)[0], records(of_gaps))
        assert not re.search(r"\d+ habitants? sur 10|tous les|aucun habitant", told[name].title), name
    assert len({one.title for one in told.values()}) == 4
    surely = area_headline(study, records(reached)[0], records(rows.assign(conclusion="")))
    assert re.search(r"\d+ habitants? sur 10", surely.title)


def test_every_page_gives_date_vintage_sources_and_what_is_not_located(pages: list[Path]) -> None:
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert "1er mars 2026" in text
        assert "contours de 2024" in text
        assert "IRIS outlines, 2024. IGN. Licence Ouverte 2.0." in text
        assert "3 structures du registre sur 12 (25\u202f%)" in text
        assert 'href="method.html"' in text


def test_coverage_never_stands_without_its_bound(pages: list[Path]) -> None:
    for path in (path for path in pages if path.name != "method.html"):
        text = path.read_text(encoding="utf-8")
        assert "8 structures localisées dans le territoire et comptées, pour environ 1\u202f100 entreprises" in text
        assert "un lieu qui a fermé, moins" in text or "ni un minimum ni un maximum" in text


def test_the_method_page_gives_every_parameter_and_hash(study: Study, pages: list[Path]) -> None:
    text = (pages[0].parent / "method.html").read_text(encoding="utf-8")
    assert study.inputs[0].sha256 in text
    for value in ("5, 10, 15", "4,5", "1024", "90\u202f%", "300, 500"):
        assert f">{value}<" in text, value


def test_a_comparison_gives_shares_with_intervals_and_the_same_figures(study: Study, folder: Path) -> None:
    found = compare_page(study)
    for _, lines in found["groups"]:
        assert all(len(line.cells) == len(found["areas"]) for line in lines)
    gaps = study.gaps.set_index(["neighbourhood_id", "theme"])
    line = found["groups"][1][1][0]
    for code, cell in zip(study.neighbourhoods.index, line.cells, strict=False):
        row = gaps.loc[(code, next(theme for theme, label in THEMES.items() if label["fr"] == line.label))]
        assert cell.low == pytest.approx(row["out_of_reach_low"] / row["residents"])
        assert cell.high == pytest.approx(row["out_of_reach_high"] / row["residents"])
        assert cell.note in (folder / "compare.html").read_text(encoding="utf-8")


def test_a_comparison_sets_nothing_side_by_side_of_which_nothing_may_be_concluded(study: Study) -> None:
    rows = study.gaps["theme"].isin(["jeunesse"]) & (study.gaps["level"] == "neighbourhood")
    gaps = study.gaps.assign(conclusion=study.gaps["conclusion"].mask(rows, "few_located"))
    (line,) = [one for one in compare_page(replace(study, gaps=gaps))["groups"][1][1] if one.label == "Jeunesse"]
    assert {(cell.low, cell.share, cell.note) for cell in line.cells[:4]} == {(None, None, "trop peu de positions")}
    assert None not in {cell.share for cell in line.cells[4:]}


def test_a_comparison_holds_qpv_where_they_are_not_the_neighbourhoods_and_are_few(study: Study) -> None:
    names = [area["name"] for area in compare_page(study)["areas"].values()]
    assert names == [*study.neighbourhoods["name"], *study.qpv["name"]]
    assert compare_page(study)["groups"][0][1][0].cells[-1].text == "2\u202f000"
    standing_in = replace(study, qpv=study.qpv.set_axis([code.upper() for code in study.neighbourhoods.index[:3]]))
    assert list(compare_page(standing_in)["areas"]) == list(study.neighbourhoods.index)
    many = study.qpv.iloc[[0] * (MOST_QPV + 1)].set_axis([f"QP{place}" for place in range(MOST_QPV + 1)])
    assert list(compare_page(replace(study, qpv=many))["areas"]) == list(study.neighbourhoods.index)


def test_tables_have_a_caption_and_scopes(pages: list[Path]) -> None:
    for path in pages:
        elements = _elements(path)
        tags = [tag for tag, _ in elements]
        assert tags.count("table") == tags.count("caption")
        assert all("scope" in attributes for tag, attributes in elements if tag == "th")


def test_scripts_write_no_markup(pages: list[Path]) -> None:
    for path in (pages[0].parent / "assets").glob("*.js"):
        if path.name != "leaflet.js":
            assert "innerHTML" not in path.read_text(encoding="utf-8"), path.name


@pytest.mark.parametrize("choice", [*BACKGROUNDS, "none"])
def test_the_policy_lets_pictures_in_from_the_chosen_host_only(choice: Any) -> None:
    (pictures,) = [rule for rule in policy(choice).split("; ") if rule.startswith("img-src")]
    hosts = [source for source in pictures.split() if source.startswith("http")]
    assert hosts == [background.host for name, background in BACKGROUNDS.items() if name == choice]


def test_only_pages_with_a_map_may_ask_for_tiles(pages: list[Path]) -> None:
    for path in pages:
        assert ("https://data.geopf.fr" in path.read_text(encoding="utf-8").split("</head>")[0]) == (path.name in MAPS)


def test_an_unknown_background_is_refused(study: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"background.*ign, osm, none"):
        build_maps(study, tmp_path, background="bing")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_every_sector_has_a_symbol() -> None:
    assert set(SECTOR_SYMBOLS) == set(SECTORS)
    assert {symbol.shape for symbol in SECTOR_SYMBOLS.values()} <= set(SHAPES)


def test_a_sector_without_a_symbol_is_refused(study: Study, tmp_path: Path) -> None:
    structures = study.structures.assign(sectors=["plomberie", *study.structures["sectors"].iloc[1:]])
    with pytest.raises(InputError, match=r"structures: sectors plomberie"):
        build_maps(replace(study, structures=structures), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_every_page_says_who_publishes_it_and_where_to_report_an_error(town: Path) -> None:
    for name in PAGES:
        page = (town / name).read_text(encoding="utf-8")
        assert "Publié par Ville &#34;X&#34; &lt;b&gt;" in page
        assert 'href="mailto:ess@ville.fr?subject=' in page
        assert 'href="https://ville.fr/legal"' in page
        assert '<a href="https://ville.fr/rgaa">Accessibilité : partiellement conforme</a>' in page.replace("\xa0", " ")
        assert f'<link rel="canonical" href="https://ess.ville.fr/carte/{name}">' in page
    assert "--accent: #004d40" in (town / "assets/essgeo.css").read_text(encoding="utf-8")


def _metas(path: Path) -> dict[str, str]:
    metas = [found for tag, found in _elements(path) if tag == "meta"]
    return {
        found.get("name") or found.get("property") or "": found["content"] or ""
        for found in metas
        if "content" in found
    }


def test_each_page_has_a_title_a_description_and_an_icon_of_its_own(pages: list[Path]) -> None:
    told = [_metas(path) for path in pages if path.name != "embed.html"]
    for name in ("og:title", "description"):
        assert len({one[name] for one in told}) == len(told)
    for path in pages:
        assert '<link rel="icon" href="data:image/svg+xml,' in path.read_text(encoding="utf-8")


def test_pictures_are_drawn_where_the_address_is_known_and_only_there(town: Path, folder: Path) -> None:
    for name in PAGES:
        picture = _metas(town / name)["og:image"].removeprefix("https://ess.ville.fr/carte/")
        with Image.open(town / picture) as drawn:
            assert drawn.format == "PNG"
            assert drawn.size == PICTURE_SIZE
        assert not {"og:image", "og:url"} & set(_metas(folder / name))
    assert {path.stem for path in (town / "pictures").iterdir()} == {"index", *NAMES}
    assert not (folder / "pictures").exists()
