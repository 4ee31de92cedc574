"""No command, and no function that writes, replaces a file that it reads, by whatever name it is called."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from essgeo import build_maps, build_siting, export, load_territory, publish_study, run_study
from essgeo.cli.main import cli
from essgeo.errors import InputError
from essgeo.files.guard import refuse_overwrite
from essgeo.publish.folder import check_folder
from essgeo.study import Options, set_up

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = dt.date(2026, 1, 1)
LIST = "nom,lon,lat\nA,2.4604,48.9064\n"
SETTLED = "structure_id,lon,lat\nfonds,2.47,48.906\n"
BAN = "id;numero;nom_voie;code_postal;code_insee;nom_commune;lon;lat\n"

WORDS = {
    "study": ["study", "{small}", "--out", "{out}", "--{option}", "{file}"],
    "site": ["site", "{small}", "--sector", "all", "--out", "{out}", "--{option}", "{file}"],
    "compare": ["compare", "{small}", "{small}", "--out", "{out}", "--{option}", "{file}"],
    "zones": ["zones", "{list}", "-o", "{out}", "--territory", "{small}", "--{option}", "{file}"],
    "geocode": ["geocode", "{list}", "-o", "{out}", "--{option}", "{file}"],
    "structures": ["structures", "{small}", "-o", "{out}", "--{option}", "{file}"],
}
SUGGESTING = ("gaps", "doctor")
FOLDERS = [
    *(("study", option) for option in ("structures", "corrections", "qpv", "npnru", "network", "add")),
    ("compare", "network"),
    *(("site", option) for option in ("structures", "corrections", "network", "candidates")),
]
FILES = [
    *(("zones", option) for option in ("corrections", "qpv", "npnru")),
    *(("geocode", option) for option in ("corrections", "ban", "cache")),
    *(
        ("structures", option)
        for option in ("establishments", "legal-units", "geolocation", "ess-list", "ban", "corrections", "others")
    ),
]


def same(path: Path) -> Path:
    return path


def relative(path: Path) -> Path:
    return Path(os.path.relpath(path))


def symbolic(path: Path) -> Path:
    link = path.with_name(f"symbolic-{path.name}")
    link.symlink_to(path)
    return link


def hard(path: Path) -> Path:
    link = path.with_name(f"hard-{path.name}")
    os.link(path, link)
    return link


def capitals(path: Path) -> Path:
    """As a system that does not tell cases apart lets a user write it; here, a file of its own."""
    other = path.with_name(path.name.upper())
    shutil.copy(path, other)
    return other


NAMES = [same, relative, symbolic, hard, capitals]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Make a folder with a list, and one that an earlier study wrote."""
    (tmp_path / "list.csv").write_text(LIST)
    (tmp_path / "maps" / "tables").mkdir(parents=True)
    (tmp_path / "maps" / "tables" / "review.csv").write_text(SETTLED)
    return tmp_path


def refused(run: Any, place: Path, words: list[str]) -> str:
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    code, printed, error = run(*words)
    assert (code, printed) == (2, ""), error
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before
    return str(error)


@pytest.mark.parametrize(("command", "option"), FOLDERS)
def test_no_file_of_a_folder_is_written_over_where_it_is_read(
    run: Any, small_territory: Path, place: Path, command: str, option: str
) -> None:
    out = place / "maps"
    for name in NAMES:
        file = name(out / "tables" / "review.csv")
        words = [word.format(small=small_territory, out=out, option=option, file=file) for word in WORDS[command]]
        assert "out would overwrite" in refused(run, place, words)


@pytest.mark.parametrize(("command", "option"), FILES)
def test_no_file_is_written_over_where_it_is_read(
    run: Any, small_territory: Path, place: Path, command: str, option: str
) -> None:
    out = place / "given.csv"
    out.write_text(SETTLED)
    for name in NAMES:
        found = {"small": small_territory, "list": place / "list.csv", "out": out, "option": option, "file": name(out)}
        error = refused(run, place, [word.format(**found) for word in WORDS[command]])
        assert f"-o would overwrite {option}" in error.replace("--", "")


@pytest.mark.parametrize("command", SUGGESTING)
@pytest.mark.parametrize(("option", "text"), [("structures", LIST), ("corrections", SETTLED)])
def test_suggestions_are_not_written_over_what_is_read(  # noqa: PLR0917 (given by name)
    run: Any, small_territory: Path, place: Path, command: str, option: str, text: str
) -> None:
    out = place / "given.csv"
    out.write_text(text)
    lists = ["--structures", str(place / "list.csv"), "--structures", str(small_territory / "structures.csv")]
    for name in NAMES:
        words = [command, str(small_territory), *lists, "--suggestions", str(out), f"--{option}", str(name(out))]
        assert f"--suggestions would overwrite {option}" in refused(run, place, words)
    assert out.read_text() == text


@pytest.mark.parametrize("command", ["zones", "geocode"])
def test_a_list_is_not_written_over(run: Any, small_territory: Path, place: Path, command: str) -> None:
    more = ["--territory", str(small_territory)] if command == "zones" else []
    for name in NAMES:
        words = [command, str(name(place / "list.csv")), "-o", str(place / "list.csv"), *more]
        assert "-o would overwrite FILE" in refused(run, place, words)


def test_the_files_of_a_territory_are_not_written_over(run: Any, small_territory: Path, place: Path) -> None:
    (small_territory / "corrections.csv").write_text(SETTLED)
    for own in ("structures.csv", "addresses.csv", "npnru.csv", "corrections.csv"):
        words = [
            "zones",
            str(place / "list.csv"),
            "-o",
            str(small_territory / own),
            "--territory",
            str(small_territory),
        ]
        assert "-o would overwrite" in refused(run, place, words)
    tables = small_territory / "tables"
    tables.mkdir()
    (small_territory / "structures.csv").rename(tables / "structures.csv")
    described = small_territory / "territory.toml"
    described.write_text(described.read_text().replace('"structures.csv"', '"tables/structures.csv"'))
    for words in (["study"], ["site", "--sector", "all"]):
        told = refused(run, place, [words[0], str(small_territory), *words[1:], "--out", str(small_territory)])
        assert "tables/structures.csv: " in told


def test_every_command_that_writes_where_it_is_told_is_tried() -> None:
    told = {"output", "out", "portrait", "review", "suggestions"}
    write = {name for name, command in cli.commands.items() if told & {option.name for option in command.params}}
    assert write == {*WORDS, *SUGGESTING}


def test_functions_refuse_too(small_territory: Path, place: Path) -> None:
    out, mine = place / "maps", place / "maps" / "tables" / "structures.csv"
    mine.write_text(LIST)
    with pytest.raises(InputError, match=r"structures\.csv: out would overwrite structures; name another folder"):
        run_study(small_territory, structures=mine, out=out, as_of=DAY)
    found = set_up(small_territory, Options(structures=mine, as_of=DAY))
    writers: list[Callable[[], object]] = [
        lambda: publish_study(found, out),
        lambda: export(found, out),
        lambda: build_maps(found, out),
        lambda: build_siting(found, [], out),
    ]
    for write in writers:
        with pytest.raises(InputError, match="out would overwrite structures"):
            write()
    assert mine.read_text() == LIST


def test_a_file_of_the_user_beside_what_is_written_is_no_hindrance(small_territory: Path, place: Path) -> None:
    mine = place / "maps" / "mine.csv"
    mine.write_text(LIST)
    refuse_overwrite({"out": mine.parent}, {"structures": mine})
    check_folder(mine.parent, Options(structures=mine).inputs(load_territory(small_territory)))
