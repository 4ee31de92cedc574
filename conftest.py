"""The study of the embedded territory, run once a process: doctests call it, tests take it as a fixture."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from essgeo.errors import SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from essgeo import Study, Territory
    from essgeo.official.catalogue import Source
    from essgeo.results import Parameters
    from essgeo.study import Options

ROOT = Path(__file__).parent


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin both halves of the tests with what takes long, module by module.

    With ``--dist worksteal`` each of two processes takes one half in its order, and who is done first takes over from
    the end of the other's. One half begins with what asks for the study of Est Ensemble, which is run there alone; the
    other with slow tests and the browser.
    """
    modules: dict[Path, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.path, []).append(item)
    first, second, short = [], [], []
    for path, own in modules.items():
        asked = {name for item in own for name in getattr(item, "fixturenames", ())}
        if path.is_relative_to(ROOT / "essgeo") or "est_ensemble" in asked:
            first += own
        elif asked & {"browser", "on_streets"} or any(item.get_closest_marker("slow") for item in own):
            second += own
        else:
            short += own
    second.sort(key=lambda item: not any(one.get_closest_marker("slow") for one in modules[item.path]))
    half = max(len(items) // 2 - len(first), 0)
    items[:] = [*first, *short[:half], *second, *short[half:]]


def few_worlds(patch: pytest.MonkeyPatch) -> None:
    """Draw few worlds in the studies of this process: they say the same, a sixth as precisely and in half the time.

    A test that looks at the worlds names their number; the commands that tests start draw all of them.
    """
    from essgeo.study import Options  # noqa: PLC0415 (the process that hands out the tests reads this file too)

    whole = Options.parameters

    def few(chosen: Options, here: Territory) -> Parameters:
        return replace(whole(chosen, here), draws=128, siting_draws=10)

    patch.setattr(Options, "parameters", few)


@pytest.fixture(scope="session", autouse=True)
def _few_worlds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        few_worlds(patch)
        yield


@cache
def run_once(territory: str, **options: object) -> Study:
    """Run a study once a process."""
    from essgeo.study import run_study  # noqa: PLC0415 (only doctests that ask for a study pay for it)

    return run_study(territory, **options)


def study_est_ensemble() -> Study:
    """Return the study of the embedded territory, which nothing has written."""
    return run_once("est-ensemble", out=None, as_of=dt.date(2026, 1, 1))


def study_in_few_worlds() -> Study:
    """Return that study with few worlds: what is measured of it anew takes a second or two."""
    study = study_est_ensemble()
    return replace(study, parameters=replace(study.parameters, draws=64))


def unreachable(source: Source, **_: object) -> NoReturn:
    """Stand in for ``fetch`` where no server answers."""
    message = f"{source.id}: no answer."
    raise SourceUnavailableError(message)


@pytest.fixture(scope="session")
def est_ensemble() -> Study:
    """Return it; what is given is shared, and not to be changed."""
    return study_est_ensemble()


@pytest.fixture(autouse=True)
def _names(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace |= {
        "run_study": run_once,
        "study_est_ensemble": study_est_ensemble,
        "study_in_few_worlds": study_in_few_worlds,
        "unreachable": unreachable,
    }
