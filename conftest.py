"""The study of the embedded territory, run once a process: doctests call it, tests take it as a fixture."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, NoReturn

import pytest

from essgeo.errors import SourceUnavailableError

if TYPE_CHECKING:
    from essgeo import Study
    from essgeo.official.catalogue import Source


@cache
def study_est_ensemble() -> Study:
    """Run the study of the embedded territory once a process, without writing."""
    from essgeo import run_study  # noqa: PLC0415 (only doctests that ask for a study pay for it)

    return run_study("est-ensemble", out=None, as_of=dt.date(2026, 1, 1))


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
    doctest_namespace |= {"study_est_ensemble": study_est_ensemble, "unreachable": unreachable}
