"""Whether a structure still exists, from its status and the age of its last evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv, ndtri

from essgeo.uncertainty.latin import ALIVE, even, stratified

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.uncertainty.latin import Orders


YEARLY_RATE, YEARLY_SPREAD = 0.053, 0.35
"""How fast structures go: the median of a lognormal rate a year, and the deviation of its logarithm.

INSEE Première 2070 (2025): of the enterprises of 2018 that lived three years, 90 % live two years later, 5.3 % a year.
INSEE Première 1852 (2021): of those of 2014, 61 % after five years from their start, 9.9 % a year: the upper end here
(95 %). Nobody counts the associations that end; the lower end (5 %), 3 % a year, is an assumption.
"""


def draw_alive(
    verified: NDArray[np.bool_],
    years: NDArray[np.float64],
    odds: tuple[float, float],
    orders: Orders,
    random: np.random.Generator,
    *,
    yearly_rate: float = YEARLY_RATE,
) -> NDArray[np.bool_]:
    r"""Return whether each structure exists in each world: structures x worlds.

    .. math:: P(\text{alive}) = e^{-\lambda a} \, p, \qquad \ln \lambda \sim N(\ln \lambda_0, \sigma^2)

    with *a* the ``years`` since its last evidence, :math:`\lambda` drawn once a world, and *p* 1 where its activity is
    ``verified``, else drawn once a world from the Beta distribution of ``odds``.

    Examples
    --------
    >>> from essgeo.uncertainty.latin import draw_orders
    >>> random = np.random.default_rng(0)
    >>> orders = draw_orders(3, 4096, random)
    >>> alive = draw_alive(np.array([True, True, False]), np.array([0.0, 5.0, 0.0]), (9.0, 1.0), orders, random)
    >>> alive.mean(axis=1).round(2).tolist()
    [1.0, 0.76, 0.9]
    """
    rate = yearly_rate * np.exp(YEARLY_SPREAD * ndtri(stratified(random, orders.shape[1])))
    active = betaincinv(*odds, stratified(random, orders.shape[1]))
    alive = np.empty(orders.shape, dtype=bool)
    shifts = random.random(len(years))
    for one, (sure, age) in enumerate(zip(verified, years, strict=True)):
        alive[one] = even(orders[one], ALIVE, shifts[one]) < np.exp(-rate * age) * (1.0 if sure else active)
    return alive
