"""A new vintage or address in the catalogue: the copy of the earlier one is never passed off as the new one."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from essgeo import load_territory
from essgeo.official.catalogue import find_source
from essgeo.official.fetch import fetch
from essgeo.official.live import Live, find

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.official.catalogue import Source
    from essgeo.official.http import Web

Server = Any
INCOME = "/www.insee.fr/fr/statistiques/fichier/8229323/BASE_TD_FILO_IRIS_2021_DISP_CSV.zip"
NEXT_INCOME = "/www.insee.fr/fr/statistiques/fichier/9999999/BASE_TD_FILO_IRIS_2022_DISP_CSV.zip"
OLD, NEW = b"IRIS;DISP_MED21\n930100101;18000\n", b"IRIS;DISP_MED22\n930100101;19000\n"


@pytest.fixture
def income(server: Server) -> Source:
    server.files |= {INCOME: OLD, NEXT_INCOME: NEW}
    return find_source("iris_income")


def renamed(source: Source, vintage: str, path: str = "") -> Source:
    """Change an entry of the catalogue as a new package or a sources.toml does."""
    locate = {**source.locate, **({"url": path.replace("/", "https://", 1)} if path else {})}
    return dataclasses.replace(source, vintage=vintage, locate=locate)


def vintage_named(folder: Path, source: Source, **asked: Any) -> tuple[str, str]:
    """Return the vintage and the note that a live study gives to a file."""

    def get(_: Source, **options: Any) -> Any:
        return fetch(source, **options | asked, folder=folder)

    live = Live(load_territory("est-ensemble"), lang="en", fetch=get)  # type: ignore[arg-type]
    found = find(live, "iris", [source.id], lambda files: files)
    return found.inputs[0].vintage, found.inputs[0].note


def test_a_new_vintage_is_asked_for_though_the_copy_is_young(
    server: Server, web: Web, tmp_path: Path, income: Source
) -> None:
    assert fetch(income, folder=tmp_path, web=web).vintage == "2021"
    new = fetch(renamed(income, "2022", NEXT_INCOME), folder=tmp_path, web=web)
    assert (new.path.read_bytes(), new.vintage, new.stale) == (NEW, "2022", "")
    fetch(renamed(income, "2022", NEXT_INCOME), folder=tmp_path, web=web)
    assert [len(server.asked(path)) for path in (INCOME, NEXT_INCOME)] == [1, 1]


def test_a_new_address_alone_is_asked_too(web: Web, tmp_path: Path, income: Source) -> None:
    fetch(income, folder=tmp_path, web=web)
    assert fetch(renamed(income, "2021", NEXT_INCOME), folder=tmp_path, web=web).path.read_bytes() == NEW


def test_the_same_bytes_at_a_new_address_are_known_there(
    server: Server, web: Web, tmp_path: Path, income: Source
) -> None:
    first = fetch(income, folder=tmp_path, web=web)
    server.files[NEXT_INCOME] = OLD
    moved = renamed(income, "2021", NEXT_INCOME)
    second = fetch(moved, folder=tmp_path, web=web)
    assert (second.path, second.url) == (first.path, moved.locate["url"])
    fetch(moved, folder=tmp_path, web=web, refresh=True)
    assert server.asked(NEXT_INCOME)[-1]["If-None-Match"] == second.etag


def test_old_figures_are_not_labelled_with_the_new_year(
    server: Server, web: Web, tmp_path: Path, income: Source
) -> None:
    fetch(income, folder=tmp_path, web=web)
    del server.files[NEXT_INCOME]
    asked = renamed(income, "2022", NEXT_INCOME)
    vintage, note = vintage_named(tmp_path, asked, web=web)
    assert vintage == "2021"
    assert "stands in for the current file" in note
    kept = fetch(asked, folder=tmp_path, web=web)
    assert kept.path.read_bytes() == OLD
    assert ", vintage 2021 where 2022 is wanted, because the current file could not be had" in kept.stale
    assert vintage_named(tmp_path, asked, offline=True)[0] == "2021"
    assert "not looked for (offline); copy of" in fetch(asked, folder=tmp_path, offline=True).stale


def test_a_vintage_that_is_corrected_is_that_of_the_same_file(
    server: Server, web: Web, tmp_path: Path, income: Source
) -> None:
    fetch(income, folder=tmp_path, web=web)
    sent = server.sent
    assert fetch(renamed(income, "2021 (rev.)"), folder=tmp_path, web=web).vintage == "2021 (rev.)"
    assert server.sent == sent


def test_a_manifest_that_names_no_vintage_is_not_current(
    server: Server, web: Web, tmp_path: Path, income: Source
) -> None:
    fetch(income, folder=tmp_path, web=web)
    (manifest,) = tmp_path.rglob("manifest.json")
    said = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({key: said[key] for key in said if key not in {"vintage", "locate"}}))
    assert vintage_named(tmp_path, income, offline=True)[0] == "unknown"
    assert ", vintage ? where 2021 is wanted" in fetch(income, folder=tmp_path, offline=True).stale
    assert fetch(income, folder=tmp_path, web=web).vintage == "2021"
    assert len(server.asked(INCOME)) == 2


def test_a_file_renewed_in_place_is_of_its_day(web: Web, tmp_path: Path) -> None:
    ban = find_source("ban")
    day = fetch(ban, area="93", folder=tmp_path, web=web).day
    assert vintage_named(tmp_path, ban, offline=True) == (day, "")
