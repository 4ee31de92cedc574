"""Studies that are run once a process, for examples and tests; and the order in which tests are run."""

from __future__ import annotations

import datetime as dt
import gc
import os
from dataclasses import replace
from functools import cache, partial
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
DAY = dt.date(2026, 1, 1)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin each part of the tests with what takes long, module by module.

    With ``--dist worksteal`` each process takes one part in its order, and who is done first takes over from the end of
    another's. The first begins with what asks for the study of Est Ensemble, which is run there alone; the others
    with slow modules, those that are given most time first, and then the browser.
    """
    modules: dict[Path, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.path, []).append(item)
    parts: list[list[pytest.Item]] = [[] for _ in range(int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))]
    slow, drawn, short = [], [], []
    for path, own in modules.items():
        asked = {name for item in own for name in getattr(item, "fixturenames", ())}
        if path.is_relative_to(ROOT / "essgeo") or "est_ensemble" in asked:
            parts[0] += own
        elif any(item.get_closest_marker("slow") for item in own):
            slow.append(own)
        elif "browser" in asked:
            drawn += own
        else:
            short += own
    slow.sort(key=lambda own: max((mark.args[0] for one in own for mark in one.iter_markers("timeout")), default=0))
    others = parts[1:] or parts
    for place, own in enumerate(reversed(slow)):
        others[place % len(others)] += own
    others[-1] += drawn
    left, items[:] = len(items), []
    for place, part in enumerate(parts):
        missing = max(left // (len(parts) - place) - len(part), 0)
        items += [*part, *short[:missing]]
        left -= len(part) + len(short[:missing])
        del short[:missing]


def pytest_collection_finish() -> None:
    """Keep what was imported out of the collector's sight: it would look through all of it again and again."""
    gc.collect()
    gc.freeze()


def few_worlds(patch: pytest.MonkeyPatch, draws: int = 64) -> None:
    """Draw few worlds in the studies of this process: they say the same, less precisely and in less than half the time.

    A test that looks at the worlds names their number; the commands that tests start draw all of them.
    """
    from essgeo.study import Options  # noqa: PLC0415 (the process that hands out the tests reads this file too)

    whole = Options.parameters

    def few(chosen: Options, here: Territory) -> Parameters:
        return replace(whole(chosen, here), draws=draws, siting_draws=10)

    patch.setattr(Options, "parameters", few)


@pytest.fixture(scope="session", autouse=True)
def _few_worlds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        few_worlds(patch)
        yield


@cache
def run_once(territory: str | Path, **options: object) -> Study:
    """Run a study once a process."""
    from essgeo.study import run_study  # noqa: PLC0415 (only doctests that ask for a study pay for it)

    return run_study(territory, **options)


def study_est_ensemble() -> Study:
    """Return the study of the embedded territory, which nothing has written."""
    return run_once("est-ensemble", out=None, as_of=DAY)


def unreachable(source: Source, **_: object) -> NoReturn:
    """Stand in for ``fetch`` where no server answers."""
    message = f"{source.id}: no answer."
    raise SourceUnavailableError(message)


@pytest.fixture(scope="session")
def est_ensemble() -> Study:
    """Return it; what is given is shared, and not to be changed."""
    return study_est_ensemble()


@pytest.fixture(scope="session")
def made_territory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the small territory, whose study takes a second; it is not to be changed."""
    from tests.made.territory import make_territory  # noqa: PLC0415 (the process that hands out the tests runs none)

    return make_territory(tmp_path_factory.mktemp("made"))


@pytest.fixture(autouse=True)
def _names(doctest_namespace: dict[str, object], made_territory: Path) -> None:
    doctest_namespace |= {
        "run_study": run_once,
        "small_study": partial(run_once, made_territory, out=None, as_of=DAY),
        "study_est_ensemble": study_est_ensemble,
        "unreachable": unreachable,
    }
