"""The limits of the computer and of its disk are told in a sentence, and are no bug."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyogrio.errors import DataSourceError, FeatureError
from xlsxwriter.exceptions import FileCreateError

from essgeo.cli.main import BUG, INPUT, PATHS, STOPPED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


SHORT = [
    MemoryError("Unable to allocate 6.77 MiB"),
    pa.ArrowMemoryError("malloc of size 1200000 failed"),
    RuntimeError("can't start new thread"),
    ImportError("libgdal.so: failed to map segment from shared object"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    pa.ArrowException("Unknown error: Failed to launch worker thread: Resource temporarily unavailable"),
    RuntimeError("std::bad_alloc"),
]


def raising(error: BaseException) -> Callable[..., None]:
    def fail(*_given: object, **_named: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("error", SHORT, ids=repr)
def test_a_short_memory_says_so(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("essgeo.territory.load_territory", raising(error))
    code, _, said = run("territory", "list")
    assert (code, said.count("\n")) == (INPUT, 1)
    assert "the memory of this computer is short" in said


@pytest.mark.parametrize("short", [True, False])
def test_an_interruption_by_a_library_that_lacks_memory_is_none_by_the_user(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, *, short: bool
) -> None:
    monkeypatch.setattr("essgeo.territory.load_territory", raising(KeyboardInterrupt()))
    if short:
        monkeypatch.setattr("threading.Thread", raising(RuntimeError("can't start new thread")))
    code, _, said = run("territory", "list")
    assert (code, "memory" in said) == ((INPUT, True) if short else (STOPPED, False))


@pytest.mark.parametrize("number", sorted(PATHS))
def test_a_path_that_leads_nowhere_is_no_bug(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr("essgeo.territory.load_territory", raising(OSError(number, os.strerror(number), "x" * 3600)))
    code, _, said = run("territory", "list")
    assert code == INPUT
    assert len(said) < 400
    assert os.strerror(number) in said


@pytest.mark.linux
@pytest.mark.parametrize(
    "words", ["geocode {loop} -o o.csv", "geocode {list} -o {loop}", "study {territory} --out {loop}"]
)
def test_a_link_that_leads_to_itself_is_no_bug(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, words: str
) -> None:
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    (tmp_path / "list.csv").write_text("nom,adresse,ville,lon,lat\nA,1 rue A,Bondy,2.48,48.9\n")
    named = {"loop": tmp_path / "loop.csv", "list": tmp_path / "list.csv", "territory": "est-ensemble"}
    code, _, said = run(*(word.format(**named) for word in words.split()))
    assert code == INPUT
    assert "bug" not in said
    assert "loop.csv" in said


FULL = [
    FileCreateError("[Errno 28] No space left on device"),
    FeatureError("Cannot write feature."),
    DataSourceError("x"),
]


@pytest.mark.parametrize("error", FULL, ids=repr)
def test_a_disk_that_is_full_is_no_bug_whichever_library_writes(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("sys.unraisablehook", sys.unraisablehook)
    monkeypatch.setattr("essgeo.territory.load_territory", raising(error))
    code, _, said = run("territory", "list")
    assert (code, "cannot be written" in said, str(error) in said) == (INPUT, True, True)


@pytest.mark.linux
def test_a_pipe_is_not_written_over(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "list.csv").write_text("nom,adresse,ville,lon,lat\nA,1 rue A,Bondy,2.48,48.9\n")
    code, _, said = run("geocode", tmp_path / "list.csv", "-o", tmp_path / "pipe.csv")
    assert (code, "cannot be written" in said) == (INPUT, True)
    assert (tmp_path / "pipe.csv").is_fifo()


def test_anything_else_is_a_bug(run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("essgeo.territory.load_territory", raising(KeyError("x")))
    assert run("territory", "list")[0] == BUG


@pytest.mark.parametrize(
    "words", ["territory check {}", "study {}", "gaps {}", "geocode {}.csv -o out.csv", "zones {}.csv -o out.csv"]
)
def test_a_name_of_thousands_of_letters_is_one_that_there_is_not(
    run: Callable[..., tuple[int, str, str]], words: str
) -> None:
    code, _, said = run(*words.format("x" * 3600).split())
    assert code == INPUT
    assert "bug" not in said


@pytest.mark.linux
@pytest.mark.slow
def test_zones_of_eight_thousand_rows_take_no_study_and_little_memory(tmp_path: Path) -> None:
    rows = "".join(f"{i},Lieu {i},{2.38 + i / 1e5:.5f},{48.85 + i / 1e5:.5f}\n" for i in range(8000))
    (tmp_path / "list.csv").write_text("structure_id,name,lon,lat\n" + rows, encoding="utf-8")
    code = (
        "import resource, subprocess, sys;"
        "done = subprocess.run([sys.executable, '-m', 'essgeo', 'zones', 'list.csv', '-o', 'out.csv',"
        " '--territory', 'est-ensemble'], capture_output=True);"
        "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    exit_code, kilobytes = map(int, found.stdout.split())
    assert exit_code == 0
    assert kilobytes < 600_000
