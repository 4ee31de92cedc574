"""Small random covering problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from essgeo.siting.covering import Covering

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def random_problem() -> Callable[..., Covering]:
    """Make a covering problem at random."""

    def make(seed: int, rows: int = 30, candidates: int = 8, levels: int = 1, density: float = 0.25) -> Covering:
        random = np.random.default_rng(seed)
        reach = sparse.csr_array((random.random((rows, candidates)) < density).astype(float))
        weights = np.sort(random.integers(0, 20, (rows, levels)).astype(float), axis=1)[:, ::-1]
        return Covering(reach, weights)

    return make
