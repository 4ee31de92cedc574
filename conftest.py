"""The study of the embedded territory, run once a process: doctests call it, tests take it as a fixture."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from essgeo import Study


@cache
def study_est_ensemble() -> Study:
    """Run the study of the embedded territory once a process, without writing."""
    from essgeo import run_study  # noqa: PLC0415 (only doctests that ask for a study pay for it)

    return run_study("est-ensemble", out=None, as_of=dt.date(2026, 1, 1))


@pytest.fixture(scope="session")
def est_ensemble() -> Study:
    """Return it; what is given is shared, and not to be changed."""
    return study_est_ensemble()


@pytest.fixture(autouse=True)
def _study(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace["study_est_ensemble"] = study_est_ensemble
