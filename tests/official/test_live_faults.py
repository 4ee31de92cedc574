"""What a study makes of official files that are gone, changed or wrong inside: what stands in, and what pages say."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest
from markupsafe import escape

import essgeo.official
from essgeo import load_territory, read_layer
from essgeo.errors import ChecksumError, InputWarning, SourceChangedError, SourceUnavailableError
from essgeo.official.catalogue import REFRESH_DAYS
from essgeo.official.http import GoneError
from essgeo.official.live import Found, Live, find, gather
from essgeo.official.live_layers import live_iris, live_stations
from essgeo.official.store import OfficialFile
from essgeo.study import Options, run_study, set_up
from essgeo.text.languages import typeset, words
from tests.made.official import (
    INCOME_PATH,
    IRIS_PATH,
    OSM_PATH,
    POPULATION_PATH,
    SIRENE_TITLES,
    STATIONS_PATH,
    UNCOVERED,
    geojson,
    publish_dataset,
    publish_grid,
    publish_sirene,
    table,
    zipped,
)
from tests.made.sirene import place, site, unit, write
from tests.official.conftest import official_web

if TYPE_CHECKING:
    from essgeo.official.catalogue import Source
    from essgeo.results import Study


@pytest.fixture(scope="module")
def spoiled(made_territory: Path, official_files: dict[str, bytes], tmp_path_factory: Any) -> tuple[Study, Path]:
    """A French study and its folder, on files each wrong in a way of its own; there is a copy of those of the IRIS."""
    folder, here = tmp_path_factory.mktemp("spoiled"), load_territory(made_territory)
    with official_web(official_files, folder) as official, pytest.MonkeyPatch.context() as patch:
        for rhythm in REFRESH_DAYS:
            patch.setitem(REFRESH_DAYS, rhythm, 0.0)
        read_layer(here, "iris", offline=False)
        del official.files[STATIONS_PATH]
        official.files[IRIS_PATH] = official.files[IRIS_PATH].replace(b"code_iris", b"identifiant")
        official.files[POPULATION_PATH] = wrong_census(official)
        official.files[INCOME_PATH] = b"<html>maintenance</html>"
        official.files[OSM_PATH] = b"not an extract"
        publish_grid(official, read_layer(here, "iris").iloc[:1], 3035, "carreaux_200m_met", folder)
        return run_study(here, live=True, out=folder / "maps", lang="fr"), folder / "maps"


def test_a_source_that_is_down_is_said(spoiled: tuple[Study, Path]) -> None:
    study, _ = spoiled
    assert study.stations["name"].tolist() == ["Gare"]
    (note,) = (source.note for source in study.inputs if source.layer == "stations")
    said = "Emplacement des gares d'Île-de-France : stations.csv (millésime 2024) tient lieu du fichier officiel"
    assert note.startswith(said)
    assert note in study.shortfalls


def test_the_last_good_copy_stands_in_for_a_file_that_changed(spoiled: tuple[Study, Path]) -> None:
    study, _ = spoiled
    (note,) = (source.note for source in study.inputs if source.title == "Contours IRIS")
    assert "Contours IRIS : la copie du" in note
    assert "le fichier a changé : il n'a plus code_iris" in note
    assert any("no column for iris_code (known as code_iris" in fault for fault in study.faults)
    assert len(study.iris) == 4


def test_a_file_that_changed_and_has_no_copy_gives_way_to_the_territory(official: Any, small_territory: Path) -> None:
    official.files[IRIS_PATH] = official.files[IRIS_PATH].replace(b"code_iris", b"identifiant")
    found = live_iris(Live(load_territory(small_territory), lang="en"))
    (source,) = found.inputs
    assert (source.layer, source.file, source.url) == ("iris", "iris.geojson", "")
    assert "iris.geojson (vintage 2024) stands in for the official file" in source.note
    assert "it lacks code_iris" in source.note


def test_streets_that_are_damaged_leave_straight_lines_and_say_so(spoiled: tuple[Study, Path]) -> None:
    study, _ = spoiled
    assert study.network is None
    assert any(note.startswith("OpenStreetMap, extrait régional : pas de données") for note in study.notes)


def test_a_grid_of_somewhere_else_is_not_used(spoiled: tuple[Study, Path]) -> None:
    study, _ = spoiled
    assert study.demand["method"].eq("iris_even").all()
    assert any("ses habitants sont trop loin de ceux du recensement" in note for note in study.notes)
    assert any("hold 1,001 residents where the census counts 10,004" in fault for fault in study.faults)


def empty_shapes(server: Any) -> bytes:
    shapes = gpd.read_file(server.files[STATIONS_PATH].decode())
    return geojson(shapes.set_geometry(gpd.GeoSeries([None] * len(shapes), crs=4326)))


def unknown_outlines(server: Any) -> bytes:
    return re.sub(rb'"geometry": \{.*?\}\s*\}', b'"geometry": null}', server.files[IRIS_PATH])


def wrong_census(_: Any) -> bytes:
    census = table({"IRIS": ["930100101"], "COM": ["93010"], "TYP_IRIS": ["H"], "P22_POP": ["beaucoup"]})
    return zipped(**{"base-ic-evol-struct-pop-2022.CSV": census})


def census_of_elsewhere(_: Any) -> bytes:
    census = table({"IRIS": ["010010000"], "COM": ["01001"], "TYP_IRIS": ["H"], "P22_POP": ["771"]})
    return zipped(**{"base-ic-evol-struct-pop-2022.CSV": census})


def wrong_income(_: Any) -> bytes:
    filosofi = table({"IRIS": ["930100101"], "DISP_TP6021": ["nd"], "DISP_MED21": ["riche"]})
    return zipped(**{"BASE_TD_FILO_IRIS_2021_DISP.csv": filosofi})


WRONG_INSIDE = {
    "stations without a place": ("stations", STATIONS_PATH, empty_shapes),
    "IRIS without an outline": ("iris", IRIS_PATH, unknown_outlines),
    "a population that is no number": ("iris", POPULATION_PATH, wrong_census),
    "a census of elsewhere": ("iris", POPULATION_PATH, census_of_elsewhere),
    "an income that is no number": ("iris", INCOME_PATH, wrong_income),
}


@pytest.fixture
def always_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for rhythm in REFRESH_DAYS:
        monkeypatch.setitem(REFRESH_DAYS, rhythm, 0.0)


@pytest.mark.usefixtures("always_asked")
@pytest.mark.parametrize("fault", WRONG_INSIDE)
def test_a_file_that_is_wrong_inside_gives_way_to_the_copy_before(
    official: Any, small_territory: Path, fault: str
) -> None:
    layer, path, spoil = WRONG_INSIDE[fault]
    here = load_territory(small_territory)
    good = read_layer(here, layer, offline=False)
    assert good.attrs["notes"] == []
    official.files[path], right = spoil(official), official.files[path]
    kept = read_layer(here, layer, offline=False)
    (note,) = kept.attrs["notes"]
    assert re.search(r": la copie du \d{4}-\d\d-\d\d tient lieu du fichier actuel \(.+\)$", note)
    assert "the content of the current file cannot be used" in kept.attrs["faults"][0]
    assert kept.drop(columns="geometry").equals(good.drop(columns="geometry"))
    assert kept.geom_equals(good).all()
    official.files[path] = right + b" "
    assert read_layer(here, layer, offline=False).attrs["notes"] == []


@pytest.mark.parametrize("fault", WRONG_INSIDE)
def test_without_a_copy_before_the_territory_stands_in(official: Any, small_territory: Path, fault: str) -> None:
    layer, path, spoil = WRONG_INSIDE[fault]
    official.files[path] = spoil(official)
    found = read_layer(load_territory(small_territory), layer, offline=False)
    (note,) = found.attrs["notes"]
    assert f"{layer}." in note
    assert "tient lieu du fichier officiel" in note
    assert len(found) > 0


def test_a_refused_file_is_asked_for_again_and_the_mended_one_is_taken(
    official: Any, small_territory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any
) -> None:
    manifest = tmp_path / "cache" / "sources" / "stations" / "france" / "manifest.json"
    right = official.files[STATIONS_PATH]
    here = load_territory(small_territory)
    outlines = read_layer(here, "iris").union_all()
    read_layer(here, "stations", offline=False)
    first = json.loads(manifest.read_text(encoding="utf-8"))
    official.files[STATIONS_PATH] = empty_shapes(official)
    with monkeypatch.context() as patch:
        patch.setitem(REFRESH_DAYS, "yearly", 0.0)
        found = live_stations(Live(here), within=outlines)
    (used,) = [source for source in found.inputs if source.url]
    assert used.sha256 == first["sha256"]
    assert f"la copie du {used.fetched_at[:10]} tient lieu du fichier actuel (il ne contient rien de" in used.note
    second = json.loads(manifest.read_text(encoding="utf-8"))
    assert second == first | {"refused": second["refused"]}
    assert second["refused"] != first["sha256"]
    assert (manifest.parent / first["sha256"][:16]).is_dir()

    asked = len(official.asked(STATIONS_PATH))
    offline = Live(here, offline=True)
    stations = find(offline, "stations", ["stations"], lambda files: files["stations"])
    (path,) = stations.value
    assert path.parent.name == first["sha256"][:16]
    assert "(hors ligne, rien de plus récent n'a été cherché)" in stations.inputs[0].note
    assert len(official.asked(STATIONS_PATH)) == asked
    official.files[STATIONS_PATH] = right + b"\n"
    assert read_layer(here, "stations", offline=False).attrs["notes"] == []
    assert len(official.asked(STATIONS_PATH)) == asked + 1
    third = json.loads(manifest.read_text(encoding="utf-8"))
    assert (third["refused"], third["previous"]["sha256"]) == ("", first["sha256"])
    request.getfixturevalue("no_network")
    found = live_stations(Live(here, offline=True), within=outlines)
    assert [source.sha256 for source in found.inputs if source.url] == [third["sha256"]]


@pytest.mark.usefixtures("always_asked")
def test_the_copy_before_is_not_put_back_for_the_fault_of_another_file(official: Any, small_territory: Path) -> None:
    here = load_territory(small_territory)
    read_layer(here, "iris", offline=False)
    official.files[IRIS_PATH] += b"\n"
    official.files[POPULATION_PATH] = wrong_census(official)
    find(Live(here, lang="en"), "iris", ["iris"], lambda files: files)
    iris = read_layer(here, "iris", offline=False)
    (note,) = iris.attrs["notes"]
    assert note.startswith("Population par IRIS")


@pytest.mark.usefixtures("always_asked")
def test_sirene_without_a_row_of_the_territory_is_not_believed(
    official: Any, small_territory: Path, tmp_path: Path
) -> None:
    units = [unit(1, denominationUniteLegale="ASSO")]
    publish_sirene(official, tmp_path, sirene_establishments=[site(1)], sirene_legal_units=units)
    find(Live(load_territory(small_territory)), "structures", list(SIRENE_TITLES)[:2], lambda files: files)
    away = [site(1, codeCommuneEtablissement="01001")]
    publish_sirene(official, tmp_path, sirene_establishments=away, sirene_legal_units=units)
    with pytest.warns(InputWarning, match=UNCOVERED):
        study = set_up(small_territory, Options(live=True))
    assert study.structures["name"].tolist() == ["ASSO"]
    assert any("StockEtablissement : la copie du" in note for note in study.shortfalls)


def damaged(parquet: bytes) -> bytes:
    """A Parquet file whose columns are right and whose rows are noise."""
    footer = int.from_bytes(parquet[-8:-4], "little") + 8
    noise = bytes(at * 37 % 251 for at in range(len(parquet) - footer - 4))
    return parquet[:4] + noise + parquet[-footer:]


def test_a_list_or_places_that_cannot_be_read_do_not_cost_the_register(
    official: Any, small_territory: Path, tmp_path: Path
) -> None:
    units = [unit(1, denominationUniteLegale="ASSO")]
    publish_sirene(official, tmp_path, sirene_establishments=[site(1)], sirene_legal_units=units)
    places = damaged(write(tmp_path / "places.parquet", [place(1)]).read_bytes())
    publish_dataset(official, "sirene_geolocation", {SIRENE_TITLES["sirene_geolocation"]: ("parquet", places)})
    broken = b"SIREN;FAMILLE\n" + b"\xff\xfe\x81;A\n" * 3
    publish_dataset(official, "ess_france", {"Liste des entreprises de l'ESS": ("csv", broken)})
    with pytest.warns(InputWarning, match=UNCOVERED):
        study = set_up(small_territory, Options(live=True, lang="en"))
    assert study.structures["name"].tolist() == ["ASSO"]
    assert "Liste des entreprises de l'ESS: no data for this territory (its content cannot be read)" in study.notes
    assert sum("Géolocalisation des établissements" in note for note in study.notes) == 1


def test_every_page_says_what_stands_in_and_a_french_one_in_french(spoiled: tuple[Study, Path]) -> None:
    study, maps = spoiled
    assert len(study.faults) >= 6
    for name in ("ATTRIBUTIONS.md", "datapackage.json"):
        text = (maps / name).read_text(encoding="utf-8").replace("\\", "")
        assert all(source.note in text for source in study.inputs), name
    pages = list(maps.glob("*.html"))
    assert len(pages) >= 5
    reasons = [text.partition("{")[0] for text in words("en")["causes"].values()]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for note in study.shortfalls:
            assert str(escape(typeset(note))) in text, page
        for english in (*study.faults, *reasons, "copy of", "no column", "server answered", "Look at"):
            assert str(escape(english)) not in text, page


@pytest.mark.parametrize("cause", words("en")["causes"])
def test_each_cause_is_told_in_both_languages(small_territory: Path, cause: str) -> None:
    def down(*_: object, **__: object) -> Any:
        message = "https://a.fr/x: what went wrong, in full."
        raise SourceUnavailableError(message, cause=cause, detail="DETAIL")

    told = {}
    for lang in ("fr", "en"):
        live = Live(load_territory(small_territory), lang=lang, fetch=down)  # type: ignore[arg-type]
        stations = find(live, "stations", ["stations"], lambda files: files, dict)
        (source,) = stations.inputs
        if cause == "given":
            assert {"fr": "aucun fichier n'est publié", "en": "no file is published"}[lang] in source.note
            assert not re.search("tient lieu|stands in", source.note)
        communes = find(live, "communes", ["communes"], lambda files: files, nothing=dict)
        told[lang] = communes.notes[0].rpartition("(")[2].rstrip(")")
        assert stations.faults == communes.faults == ("https://a.fr/x: what went wrong, in full.",)
    assert told["fr"] != told["en"]
    assert told == {lang: words(lang)["causes"][cause].format(detail="DETAIL") for lang in told}


def test_every_cause_of_an_error_has_its_words_and_is_used() -> None:
    texts = [path.read_text(encoding="utf-8") for path in Path(essgeo.official.__path__[0]).rglob("*.py")]
    named = set(re.findall(r'cause="(\w+)"', "\n".join(texts)))
    usual = {error.usual_cause for error in (SourceUnavailableError, SourceChangedError, ChecksumError, GoneError)}
    assert named | usual | {"unreadable"} == set(words("en")["causes"])


def test_a_reading_that_fails_leaves_nothing_of_what_it_found(small_territory: Path, tmp_path: Path) -> None:
    def fetch(source: Source, **_: object) -> OfficialFile:
        if source.id == "communes":
            message = "communes: no answer."
            raise SourceUnavailableError(message)
        came = OfficialFile(source.id, "", "x", "https://a.fr/x", fetched_at="2026-11-01T00:00:00+00:00")
        return dataclasses.replace(came, path=tmp_path / "copies" / "version" / "x")

    live = Live(load_territory(small_territory), lang="en", fetch=fetch)

    def read(files: object, *, wrong: bool) -> Found[str]:
        communes = find(live, "communes", ["communes"], lambda _: "", nothing=lambda: "")
        if wrong:
            message = f"stations: {files} cannot be read."
            raise SourceChangedError(message)
        return gather("official", communes)

    right = find(live, "stations", ["stations"], lambda files: read(files, wrong=False), lambda: "own")
    assert (right.value, len(right.notes), right.faults) == ("official", 1, ("communes: no answer.",))
    assert [source.url for source in right.inputs] == ["https://a.fr/x"]
    failed = find(live, "stations", ["stations"], lambda files: read(files, wrong=True), lambda: "own")
    assert (failed.value, failed.notes, len(failed.faults)) == ("own", (), 1)
    assert [source.url for source in failed.inputs] == [""]


def test_incomes_are_those_of_the_file_that_gave_the_outlines(small_territory: Path) -> None:
    asked = []

    def down(source: Source, **_: object) -> OfficialFile:
        asked.append(source.id)
        message = f"{source.id}: no answer."
        raise SourceUnavailableError(message)

    found = live_iris(Live(load_territory(small_territory), fetch=down))
    assert asked == ["iris"]
    assert [source.file for source in found.inputs] == ["iris.geojson"]
    assert found.value["median_income"].equals(read_layer(load_territory(small_territory), "iris")["median_income"])
