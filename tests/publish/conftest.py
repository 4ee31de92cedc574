"""A small study made by hand, and 200 names that try to break a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from essgeo.publish import export
from tests.made.study import make_study

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.results import Study


@pytest.fixture(scope="session")
def study() -> Study:
    """200 structures with hostile names, three without a point, one of them masked by law; four of everything else."""
    return make_study()


@pytest.fixture(scope="session")
def written(study: Study, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the files of that study, which are not to be changed."""
    return export(study, tmp_path_factory.mktemp("export"))
