"""Fixtures every test may use, and the rule that turns a skipped test into a failed one."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from hypothesis import settings
    from playwright.sync_api import Browser

    Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "real-data"
# The headless shell draws a page with the same engine, in less than half of the time: it opens no window of its own.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def examples(count: int, **more: Any) -> settings:
    """Draw so many examples where all are the same each time (``.ci/run``), else a third: each run draws new ones."""
    from hypothesis import settings  # noqa: PLC0415 (the process that hands out the tests reads this file and runs none)

    return settings(max_examples=count if os.environ.get("CI") else max(count // 3, 3), deadline=None, **more)


class Sleeps(list[float]):
    """The pauses that were asked for, none of which was slept."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the real data, which lie beside the repository and are not published with it."""
    if not SHARED.is_dir():
        pytest.skip(f"no real data: {SHARED} is missing")
    return SHARED


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the system's Chromium."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        pytest.skip(f"no browser: install one of {', '.join(CHROMIUM_NAMES)}")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Open one headless Chromium for all tests of the process."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow to import, few tests need it

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def small_territory(made_territory: Path, tmp_path: Path) -> Path:
    """Return a folder of the test's own, of the small territory of ``tests/made/territory.py``."""
    return Path(shutil.copytree(made_territory, tmp_path / "small"))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test as soon as it looks a host up or connects to one, even where the code catches exceptions."""
    refuse_connections(monkeypatch)


def refuse_connections(patch: pytest.MonkeyPatch) -> None:
    """Let nothing look a host up or connect to one."""

    def refuse(*args: object, **_: object) -> NoReturn:
        pytest.fail(f"opened a connection: {args[-1]!r}")

    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "gethostbyname"):
        patch.setattr(socket, name, refuse)


def _fail_if_skipped(report: Report) -> Report:
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, and ESSGEO_NO_SKIP forbids it: {reason}"
    return report


class NoSkip:
    """Fails every skipped test, module and example: what is not run is not proven."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        return _fail_if_skipped((yield))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        return _fail_if_skipped((yield))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip on other systems what only Linux does."""
    if sys.platform != "linux" and item.get_closest_marker("linux"):
        pytest.skip("only Linux does this")


def pytest_configure(config: pytest.Config) -> None:
    """Set hypothesis up where tests run, and forbid skips where ESSGEO_NO_SKIP is set.

    NoSkip is a plugin, so that the examples in essgeo/ count too. The process that hands the tests out to others runs
    none: they start a second earlier if it does not import what tests need.
    """
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        from hypothesis import settings  # noqa: PLC0415

        settings.register_profile("local", deadline=None, max_examples=10)
        settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True)
        settings.load_profile("ci" if os.environ.get("CI") else "local")
    if os.environ.get("ESSGEO_NO_SKIP"):
        config.pluginmanager.register(NoSkip())
