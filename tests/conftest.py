"""Fixtures every test may use, and the rule that turns a skipped test into a failed one."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from playwright.sync_api import Browser

    Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "real-data"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
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

settings.register_profile("local", deadline=None, max_examples=50)
settings.register_profile("ci", settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


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
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test as soon as it looks a host up or connects to one, even where the code catches exceptions."""

    def refuse(*args: object, **_: object) -> NoReturn:
        pytest.fail(f"opened a connection: {args[-1]!r}")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)


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


def pytest_configure(config: pytest.Config) -> None:
    """Forbid skips where ESSGEO_NO_SKIP is set; a plugin, so that the examples in essgeo/ count too."""
    if os.environ.get("ESSGEO_NO_SKIP"):
        config.pluginmanager.register(NoSkip())
