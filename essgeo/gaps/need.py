"""Who needs a place most: weights of residents, by number and by income."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from essgeo.access.measures import weighted_median

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from essgeo.gaps.areas import Areas


def need_weights(demand: pd.DataFrame) -> NDArray[np.float64]:
    r"""Return how much the need of each resident weighs.

    .. math:: w_i = \frac{\tilde{y}}{y_i}

    with *y* the income at the demand point and :math:`\tilde{y}` the median over residents whose income is known: half
    the median income weighs 2, twice the median 1/2. Where income is not known the weight is 1.

    Parameters
    ----------
    demand
        ``population``, ``income`` (EUR a year, NaN where not known).

    Returns
    -------
    ndarray of float64
        One weight a demand point.

    Examples
    --------
    >>> import pandas as pd
    >>> need_weights(pd.DataFrame({"population": [1.0, 2.0, 1.0], "income": [10e3, 20e3, np.nan]})).tolist()
    [2.0, 1.0, 1.0]
    """
    income = demand["income"].to_numpy(dtype=float)
    known = income > 0
    median = weighted_median(income[known], demand["population"].to_numpy(dtype=float)[known])
    weights: NDArray[np.float64] = np.divide(median, income, out=np.ones(len(income)), where=known)
    return weights


def area_weights(demand: pd.DataFrame, areas: Areas) -> sparse.csr_array:
    """Return what each demand point weighs in each area: by residents, then by their need.

    Parameters
    ----------
    demand
        As for :func:`need_weights`.
    areas
        From :func:`essgeo.gaps.gather_areas`.

    Returns
    -------
    csr_array of float64
        Twice as many rows as areas, one column a demand point; a row sums to 1, or is empty where nobody lives.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import pandas as pd
    >>> demand = pd.DataFrame({"population": [1.0, 3.0], "income": [20e3, 20e3]})
    >>> area_weights(demand, SimpleNamespace(residents=sparse.csr_matrix([[1.0, 3.0]]))).toarray().tolist()
    [[0.25, 0.75], [0.25, 0.75]]
    """
    people = sparse.csr_array(areas.residents)
    return _shares(sparse.vstack([people, people @ sparse.diags_array(need_weights(demand))], format="csr"))


def resident_weights(areas: Areas) -> sparse.csr_array:
    """Return the first half of :func:`area_weights`, for which no income is needed.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> resident_weights(SimpleNamespace(residents=sparse.csr_matrix([[1.0, 3.0]]))).toarray().tolist()
    [[0.25, 0.75]]
    """
    return _shares(sparse.csr_array(areas.residents))


def _shares(people: sparse.csr_array) -> sparse.csr_array:
    total = np.asarray(people.sum(axis=1)).ravel()
    return sparse.csr_array(sparse.diags_array(np.divide(1, total, out=np.zeros(len(total)), where=total > 0)) @ people)
