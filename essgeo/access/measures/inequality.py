"""How unevenly access is shared out, and whether it follows income."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def lorenz(
    values: NDArray[np.floating], population: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Lorenz curve of access (Lorenz 1905): the share of it that the least served hold.

    Parameters
    ----------
    values
        Access of a person, 0 or more.
    population
        Persons.

    Returns
    -------
    tuple of ndarray
        Cumulated shares of people and of access, from (0, 0) to (1, 1), from the least served to the best.

    Examples
    --------
    >>> people, access = lorenz(np.array([3.0, 1.0]), np.array([1.0, 1.0]))
    >>> people.tolist(), access.tolist()
    ([0.0, 0.5, 1.0], [0.0, 0.25, 1.0])
    """
    order = np.argsort(values, kind="stable")
    people = np.asarray(population, dtype=float)[order]
    access = people * np.asarray(values, dtype=float)[order]
    return _shares(people), _shares(access)


def gini(values: NDArray[np.floating], population: NDArray[np.floating]) -> float:
    r"""Return the Gini index of access: 0 where all have the same, towards 1 where few have all of it.

    .. math:: G = 1 - 2 \int_0^1 L(p) \, dp

    Parameters
    ----------
    values, population
        As for :func:`lorenz`.

    Returns
    -------
    float
        NaN where nobody has any access.

    Examples
    --------
    >>> gini(np.array([3.0, 1.0]), np.array([1.0, 1.0]))
    0.25
    """
    people, access = lorenz(values, population)
    return float(1 - 2 * np.trapezoid(access, people))


def concentration_index(
    values: NDArray[np.floating], population: NDArray[np.floating], income: NDArray[np.floating]
) -> float:
    r"""Return the concentration index of access against income (Wagstaff, Paci & van Doorslaer 1991).

    .. math:: C = \frac{2}{\mu} \operatorname{cov}(y_i, r_i)

    with :math:`r_i` the fractional rank by income (the middle of its group where incomes are equal) and :math:`\mu` the
    mean of access, all weighted by people. Below 0, access is in the hands of the poor; above 0, of the rich.

    Parameters
    ----------
    values, population
        As for :func:`lorenz`.
    income
        Of each person; those where it is NaN are left out.

    Returns
    -------
    float
        Between -1 and 1; NaN where no income is known or nobody has any access.

    Examples
    --------
    >>> concentration_index(np.array([3.0, 1.0]), np.array([1.0, 1.0]), np.array([15000.0, 30000.0]))
    -0.25
    """
    known = ~np.isnan(np.asarray(income, dtype=float))
    people, access = (np.asarray(array, dtype=float)[known] for array in (population, values))
    _, group = np.unique(np.asarray(income)[known], return_inverse=True)
    size = np.bincount(group, weights=people)
    total = size.sum()
    if not total or not people @ access:
        return float("nan")
    rank = ((np.cumsum(size) - size / 2) / total)[group]
    mean = people @ access / total
    return float(2 * (people @ ((access / mean - 1) * (rank - 1 / 2))) / total)


def _shares(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    total = parts.sum()
    if not total:
        return np.full(len(parts) + 1, np.nan)
    return np.concatenate([[0.0], np.cumsum(parts) / total])
