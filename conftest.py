"""The study of the embedded territory, run once a process: doctests call it, tests take it as a fixture."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NoReturn

import pytest

from essgeo.errors import SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from essgeo import Study, Territory
    from essgeo.official.catalogue import Source
    from essgeo.results import Parameters
    from essgeo.study import Options


@pytest.fixture(scope="session", autouse=True)
def _few_worlds() -> Iterator[None]:
    """Draw few worlds in the studies of this process: they say the same, a fifth as precisely and in half the time.

    A test that looks at the worlds names their number; the commands and notebooks that tests start draw all of them.
    """
    from essgeo.study import Options  # noqa: PLC0415 (the process that hands out the tests reads this file too)

    whole = Options.parameters

    def few(chosen: Options, here: Territory) -> Parameters:
        return replace(whole(chosen, here), draws=128, siting_draws=10)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Options, "parameters", few)
        yield


@cache
def run_once(territory: str, **options: object) -> Study:
    """Run a study once a process."""
    from essgeo import run_study  # noqa: PLC0415 (only doctests that ask for a study pay for it)

    return run_study(territory, **options)


def study_est_ensemble() -> Study:
    """Return the study of the embedded territory, which nothing has written."""
    return run_once("est-ensemble", out=None, as_of=dt.date(2026, 1, 1))


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
        "unreachable": unreachable,
    }
