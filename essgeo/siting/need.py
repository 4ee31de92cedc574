"""How much a resident weighs in the choice of sites: after income, or by where they live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

NEED_LIMITS = (0.5, 2.0)


def weights_of(demand: pd.DataFrame, objective: str) -> NDArray[np.float64]:
    """Return what the residents of each row weigh: by need, none outside target neighbourhoods, or one each.

    Examples
    --------
    >>> import pandas as pd
    >>> demand = pd.DataFrame({"population": [3.0, 5.0], "income": [1.0, 1.0], "neighbourhood_id": ["noue", ""]})
    >>> weights_of(demand, "targets").tolist(), weights_of(demand, "coverage").tolist()
    ([3.0, 0.0], [3.0, 5.0])
    """
    residents: NDArray[np.float64] = demand["population"].to_numpy(dtype=float)
    if objective == "need":
        return residents * need_of(demand)
    if objective == "targets":
        return residents * (demand["neighbourhood_id"] != "").to_numpy()
    return residents


def need_of(demand: pd.DataFrame) -> NDArray[np.float64]:
    """Return the median income of the residents over that of each row, between 0.5 and 2; 1 where it is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> need_of(pd.DataFrame({"population": [1.0, 1.0, 1.0, 1.0], "income": [5.0, 20.0, 80.0, np.nan]})).tolist()
    [2.0, 1.0, 0.5, 1.0]
    """
    known = demand[demand["income"] > 0].sort_values("income")
    if known.empty:
        return np.ones(len(demand))
    people = known["population"].cumsum().to_numpy()
    median = known["income"].to_numpy()[np.searchsorted(people, people[-1] / 2)]
    ratio = (median / demand["income"].where(demand["income"] > 0)).fillna(1.0)
    need: NDArray[np.float64] = np.clip(ratio.to_numpy(dtype=float), *NEED_LIMITS)
    return need
