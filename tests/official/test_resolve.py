"""Which file of a dataset is the current one, and where it is when its address is gone."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from essgeo.official.catalogue import find_source, read_catalogue
from essgeo.official.check import check_source
from essgeo.official.fetch import choose_resource, fetch
from essgeo.official.store import OfficialFile, is_current
from tests.made.official import ban_path
from tests.made.server import BAN_HEADER, make_ban

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.official.http import Web

WITH_IDS = "/adresse.data.gouv.fr/data/ban/adresses/latest/csv-with-ids/adresses-with-ids-93.csv.gz"


def resource(title: str, **more: str) -> dict[str, str]:
    url = f"https://static.data.gouv.fr/{title.replace(' ', '_')}"
    return {"id": title, "title": title, "format": title.rpartition(".")[2], "url": url, "type": "main"} | more


@pytest.mark.parametrize("written", ["{:%Y%m%d}", "{:%Y-%m-%d}", "{:%Y_%m_%d}"])
def test_the_newest_of_dated_files_is_told_by_its_date_and_not_by_when_it_was_touched(written: str) -> None:
    days = [dt.date(2014 + number // 12, 1 + number % 12, 1) for number in range(148)]
    resources = [
        resource(f"rna_waldec_{written.format(day)}.zip", last_modified=f"{2026 - place:04}-01-01")
        for place, day in enumerate(days)
    ]
    shuffled = [resources[place * 61 % len(resources)] for place in range(len(resources))]
    chosen = choose_resource(find_source("rna"), {"resources": shuffled})
    assert chosen["title"] == f"rna_waldec_{written.format(days[-1])}.zip"


def test_the_twin_with_outlines_is_taken_only_where_there_is_no_plain_file() -> None:
    plain, twin = (resource(f"friches-standard-{name}.csv") for name in ("2026-07-01", "2026-08-01-geom"))
    source = find_source("cartofriches")
    for resources in ([plain, twin], [twin, plain]):
        assert choose_resource(source, {"resources": resources}) == plain
    assert choose_resource(source, {"resources": [twin]}) == twin


@pytest.mark.parametrize("name", [source.id for source in read_catalogue().values() if "resource" in source.locate])
def test_a_resource_that_is_pinned_wins_over_a_newer_one_that_is_called_so(name: str) -> None:
    source = find_source(name)
    pinned = resource("old", id=source.locate["resource"], last_modified="2020-01-01")
    titles = ["Fichier StockEtablissement du 1er", "Fichier StockUniteLegale du 1er", "geolocalisation", "QPV 2024"]
    others = [resource(f"{title}.{form}") for title in titles for form in source.locate["format"].split()]
    assert choose_resource(source, {"resources": [*others, pinned]}) == pinned


def test_addresses_that_are_gone_are_those_with_identifiers(server: Any, web: Web, tmp_path: Path) -> None:
    server.files[WITH_IDS] = make_ban(header=f"{BAN_HEADER};id_ban_adresse;id_ban_toponyme;id_ban_district")
    assert fetch("ban", area="93", folder=tmp_path, web=web).name == "adresses-93.csv.gz"
    del server.files[ban_path("93")]
    found = fetch("ban", area="93", folder=tmp_path, web=web, refresh=True)
    assert (found.name, found.stale) == ("adresses-with-ids-93.csv.gz", "")
    looked = check_source(find_source("ban"), area="93", web=web)
    assert (looked.state, looked.url.rpartition("/")[2]) == ("ok", "adresses-with-ids-93.csv.gz")
    del server.files[WITH_IDS]
    assert "/csv/adresses-93.csv.gz" in fetch("ban", area="93", folder=tmp_path, web=web, refresh=True).stale
    assert check_source(find_source("ban"), area="93", web=web).state == "gone"


@pytest.mark.parametrize("name", [source.id for source in read_catalogue().values() if source.refresh == "never"])
def test_a_file_that_is_never_renewed_stays_current(name: str) -> None:
    source = find_source(name)
    copy = OfficialFile(name, "", "f", "", checked_at="2020-01-01T00:00:00+00:00", vintage=source.vintage)
    kept = OfficialFile(**(vars(copy) | {"locate": dict(source.locate)}))
    assert is_current(kept, source, dt.datetime(2050, 1, 1, tzinfo=dt.UTC))
