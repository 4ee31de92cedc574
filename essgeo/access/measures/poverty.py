"""Access poverty: how many have too little access, and how far they fall short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def access_poverty(
    values: NDArray[np.floating], population: NDArray[np.floating], line: float, *, alpha: int = 0
) -> float:
    r"""Return the Foster-Greer-Thorbecke index of access poverty (Foster, Greer & Thorbecke 1984).

    .. math:: FGT_\alpha = \frac{1}{\sum_i P_i} \sum_{i : y_i < z} P_i \left(\frac{z - y_i}{z}\right)^\alpha

    0 is the share of people below the line, 1 also says how far below they are, 2 gives more weight to the farthest.
    Karner, Pereira & Farber (2024) use it for access.

    Parameters
    ----------
    values
        Access, 0 or more, the more the better; :func:`proximity` turns minutes into it.
    population
        Persons.
    line
        Access under which people are poor, such as the median of the territory.
    alpha
        0, 1 or 2.

    Returns
    -------
    float
        Between 0 and 1, never more for a larger ``alpha``; NaN where nobody lives or the line is 0 (half of the
        territory has no access at all: nobody can be below).

    Examples
    --------
    >>> [access_poverty(np.array([0.0, 5.0, 20.0]), np.ones(3), 10.0, alpha=alpha) for alpha in (0, 1, 2)]
    [0.6666666666666666, 0.5, 0.4166666666666667]
    """
    people = np.asarray(population, dtype=float)
    if not people.sum() or not line > 0:
        return float("nan")
    short = np.clip((line - np.asarray(values, dtype=float)) / line, 0, 1)
    return float(people @ np.where(short > 0, short**alpha, 0.0) / people.sum())


def proximity(minutes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return access as the inverse of minutes, 0 where nothing is reachable.

    A trip of less than a minute counts as one minute.
    Against a line of *T* minutes, the shortfall of :func:`access_poverty` is then :math:`1 - T / t`.

    Examples
    --------
    >>> proximity(np.array([0.0, 10.0, np.nan])).tolist()
    [1.0, 0.1, 0.0]
    """
    near: NDArray[np.float64] = np.nan_to_num(1 / np.maximum(np.asarray(minutes, dtype=float), 1.0), nan=0.0)
    return near


def weighted_median(values: NDArray[np.floating], population: NDArray[np.floating]) -> float:
    """Return the value that half of the people do not exceed; NaN where nobody lives.

    Parameters
    ----------
    values
        One a demand point, no NaN.
    population
        Persons.

    Examples
    --------
    >>> weighted_median(np.array([3.0, 1.0, 2.0]), np.array([5.0, 1.0, 1.0]))
    3.0
    """
    order = np.argsort(values, kind="stable")
    people = np.cumsum(np.asarray(population, dtype=float)[order])
    if not len(people) or not people[-1]:
        return float("nan")
    return float(np.asarray(values)[order][np.searchsorted(people, people[-1] / 2)])
