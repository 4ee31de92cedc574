"""How much a destination counts as it lies farther."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from essgeo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Decay: TypeAlias = "str | Callable[[NDArray[np.float64]], NDArray[np.float64]]"

STEPS = (1.0, 0.68, 0.22)
"""Weights of the first, second and last third of the catchment (Luo & Qi 2009)."""


def decay_weights(minutes: NDArray[np.floating], decay: Decay, *, within_minutes: float) -> NDArray[np.float64]:
    r"""Return the weight of each trip, 0 beyond the catchment.

    - ``binary``: 1 everywhere in the catchment (2SFCA, cumulative opportunities);
    - ``step``: 1, 0.68 and 0.22 in its thirds (Luo & Qi 2009);
    - ``gaussian``: :math:`e^{-t^2 / 2\sigma^2}` with :math:`\sigma` half of the catchment, 0.14 at its edge;
    - ``exponential``: :math:`e^{-2t / T}` with *T* the catchment, 0.14 at its edge too;
    - a function of minutes.

    Parameters
    ----------
    minutes
        Of each trip.
    decay
        One of the names above, or a function from an array to an array.
    within_minutes
        Size of the catchment.

    Returns
    -------
    ndarray of float64
        One weight a trip.

    Raises
    ------
    InputError
        The decay is not known.

    Examples
    --------
    >>> decay_weights(np.array([0.0, 12.0, 29.0, 31.0]), "step", within_minutes=30).tolist()
    [1.0, 0.68, 0.22, 0.0]
    """
    trips = np.asarray(minutes, dtype=np.float64)
    if callable(decay):
        weights = decay(trips)
    elif decay == "binary":
        weights = np.ones(len(trips))
    elif decay == "step":
        thirds = within_minutes * np.arange(1, len(STEPS)) / len(STEPS)
        weights = np.asarray(STEPS)[np.searchsorted(thirds, trips)]
    elif decay == "gaussian":
        weights = np.exp(trips**2 * (-2 / within_minutes**2))
    elif decay == "exponential":
        weights = np.exp(trips * (-2 / within_minutes))
    else:
        message = f"decay {decay!r} is not known; take binary, step, gaussian, exponential, or a function of minutes."
        raise InputError(message)
    return (
        weights if not len(trips) or trips.max() <= within_minutes else np.where(trips <= within_minutes, weights, 0.0)
    )
