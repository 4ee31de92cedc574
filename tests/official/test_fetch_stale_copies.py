"""Files whose header is right and whose content is wrong, one after the other: the good copy stays."""

from __future__ import annotations

import dataclasses
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from essgeo import load_territory
from essgeo.errors import SourceChangedError
from essgeo.official.catalogue import find_source
from essgeo.official.fetch import fetch
from essgeo.official.live import Found, Live, find
from essgeo.official.store import earlier_copies, lineage, read_copy
from tests.made.official import STATIONS_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from essgeo.official.http import Web
    from essgeo.official.store import OfficialFile

Server = Any
BAN_PATH = "/adresse.data.gouv.fr/data/ban/adresses/latest/csv/adresses-93.csv.gz"
INCOME = "/www.insee.fr/fr/statistiques/fichier/8229323/BASE_TD_FILO_IRIS_2021_DISP_CSV.zip"


def stations(*names: str, **more: object) -> bytes:
    there = [
        {
            "type": "Feature",
            "properties": {"id_gares": number, "nom_gares": name, "mode": "RER", "res_com": "RER E"},
            "geometry": {"type": "Point", "coordinates": [2.4, 48.9]},
        }
        for number, name in enumerate(names)
    ]
    return json.dumps({"type": "FeatureCollection", **more, "features": there}).encode()


def incomes(value: str) -> bytes:
    return f"IRIS;DISP_MED21\n930100101;{value}\n".encode()


def read_incomes(files: Mapping[str, list[Path]]) -> int:
    """Return the first income, as a reader that knows good content from bad."""
    value = files["iris_income"][0].read_text(encoding="utf-8").split(";")[-1].strip()
    if not value.isdigit():
        message = f"no income: {value}"
        raise SourceChangedError(message)
    return int(value)


@pytest.fixture
def renew(server: Server, web: Web, tmp_path: Path) -> Callable[[str], OfficialFile]:
    def once(value: str) -> OfficialFile:
        server.files[INCOME] = incomes(value)
        return fetch("iris_income", folder=tmp_path, web=web, refresh=True)

    return once


def study(folder: Path) -> Found[int]:
    """Read the incomes as a study that is offline does."""
    live = Live(load_territory("est-ensemble"), lang="en")
    offline = {"folder": folder, "offline": True}
    asked = dataclasses.replace(live, fetch=lambda source, **given: fetch(source, **given | offline))
    return find(asked, "iris", ["iris_income"], read_incomes)


@pytest.mark.parametrize("was_read", [False, True])
def test_wrong_files_in_a_row_leave_the_good_copy(
    renew: Callable[[str], OfficialFile], tmp_path: Path, *, was_read: bool
) -> None:
    good = renew("18000")
    if was_read:
        assert study(tmp_path).value == 18000
    wrong = [renew(word) for word in ("un", "deux", "trois")]
    assert [file.path.is_file() for file in (good, *wrong)] == [True, False, True, True]
    assert [(file.sha256, file.vintage) for file in earlier_copies(wrong[2])] == [
        (wrong[1].sha256, "2021"),
        (good.sha256, "2021"),
    ]
    found = study(tmp_path)
    assert found.value == 18000
    assert found.inputs[0].sha256 == good.sha256
    assert "stands in for the current file" in found.inputs[0].note
    copy = read_copy(tmp_path / "iris_income" / "france")
    assert copy is not None
    assert (copy.sha256, copy.refused, copy.was_read) == (good.sha256, wrong[2].sha256, True)


def test_a_copy_that_was_read_takes_the_place_of_all_before_it(
    renew: Callable[[str], OfficialFile], tmp_path: Path
) -> None:
    renew("1")
    renew("2")
    read = renew("3")
    assert study(tmp_path).value == 3
    last = renew("quatre")
    copy = read_copy(tmp_path / "iris_income" / "france")
    assert [kept.sha256 for kept in lineage(copy)] == [last.sha256, read.sha256]
    assert len(list((tmp_path / "iris_income" / "france").glob("*/*.csv"))) == 2


def test_the_newest_copy_that_can_be_read_is_the_one_that_is(
    renew: Callable[[str], OfficialFile], tmp_path: Path
) -> None:
    renew("1")
    assert study(tmp_path).value == 1
    for word in ("2", "trois"):
        renew(word)
    assert study(tmp_path).value == 2


def test_a_server_that_goes_back_to_a_file_does_not_lose_it(
    renew: Callable[[str], OfficialFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = renew("1")
    assert study(tmp_path).value == 1
    wrong = renew("deux")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("essgeo.official.store.write_copy", full)
        assert "No space left" in renew("1").stale
    assert (good.path.is_file(), wrong.path.is_file()) == (True, True)
    again = renew("1")
    assert (again.path, again.stale) == (good.path, "")
    copy = read_copy(tmp_path / "iris_income" / "france")
    assert copy is not None
    assert copy.was_read
    assert [kept.sha256 for kept in lineage(copy)] == [good.sha256, wrong.sha256]


EMPTY_OR_CUT = {
    "no feature": (stations(), "it holds no row"),
    "no feature, and a remark": (stations(name="gares"), "it holds no row"),
    "a collection that was cut": (stations("A", "B", "C")[:-40], "it was cut"),
}


@pytest.mark.parametrize("fault", EMPTY_OR_CUT)
def test_empty_or_cut_shapes_are_refused_as_they_come(server: Server, web: Web, tmp_path: Path, fault: str) -> None:
    content, said = EMPTY_OR_CUT[fault]
    server.files[STATIONS_PATH] = content
    with pytest.raises(SourceChangedError, match=said):
        fetch("stations", area="93", folder=tmp_path / "new", web=web)
    server.files[STATIONS_PATH] = stations("A")
    good = fetch("stations", area="93", folder=tmp_path, web=web)
    for _ in range(2):
        server.files[STATIONS_PATH] = content
        kept = fetch("stations", area="93", folder=tmp_path, web=web, refresh=True)
        assert (kept.path, kept.path.is_file()) == (good.path, True)
        assert f"stations changed: {said}" in kept.stale


def test_a_list_within_the_first_shape_is_not_that_of_the_shapes(server: Server, web: Web, tmp_path: Path) -> None:
    server.files[STATIONS_PATH] = stations("A").replace(b'"RER E"', b'"RER E", "features": []')
    assert fetch("stations", area="93", folder=tmp_path, web=web).stale == ""


@pytest.mark.parametrize("share", [0.3, 0.9, 0.9999])
def test_a_compressed_table_that_was_cut_is_refused(
    server: Server, web: Web, tmp_path: Path, share: float, ban_file: Callable[..., bytes]
) -> None:
    good = fetch("ban", area="93", folder=tmp_path, web=web)
    whole = ban_file(5000)
    server.files[BAN_PATH] = whole[: int(len(whole) * share)]
    kept = fetch("ban", area="93", folder=tmp_path, web=web, refresh=True)
    assert kept.path == good.path
    assert "it was cut or is damaged" in kept.stale


def test_a_sum_that_is_wrong_no_row_and_several_parts(
    server: Server, web: Web, tmp_path: Path, ban_file: Callable[..., bytes]
) -> None:
    whole = ban_file(500)
    for content, said in (
        (whole[:-8] + bytes(4) + whole[-4:], "incorrect data check"),
        (ban_file(0), "it holds no row"),
        (whole + gzip.compress(b"93010_x;;1\n"), ""),
    ):
        server.files[BAN_PATH] = content
        if said:
            with pytest.raises(SourceChangedError, match=said):
                fetch("ban", area="93", folder=tmp_path, web=web)
        else:
            assert fetch("ban", area="93", folder=tmp_path, web=web).path.read_bytes() == content


def test_a_compressed_table_that_swells_like_a_bomb_is_refused(
    server: Server, web: Web, tmp_path: Path, ban_file: Callable[..., bytes]
) -> None:
    server.files[BAN_PATH] = ban_file(3) + gzip.compress(bytes(30_000_000))
    with pytest.raises(SourceChangedError, match="more comes out of it than a table gives"):
        fetch("ban", area="93", folder=tmp_path, web=web)


def test_a_table_that_is_only_a_header_is_refused(server: Server, web: Web, tmp_path: Path) -> None:
    server.files[INCOME] = b"IRIS;DISP_MED21\n\n"
    with pytest.raises(SourceChangedError, match="iris_income changed: it holds no row"):
        fetch(find_source("iris_income"), folder=tmp_path, web=web)
