"""When a match may be shown as a position: the only place where that is decided."""

from __future__ import annotations

import numpy as np
import pandas as pd

LEAST_SCORE = 0.8
LEAST_MARGIN = 0.06
HOUSES = ("housenumber", "interpolated")
NAMED = ("street", "locality")
NEAR_MISS = ("number_missing", "number_unknown")
_WRONG = ("street_unknown", "other_city", "city_unknown", "no_address")


def statuses(matches: pd.DataFrame) -> pd.Series:
    """Return ``located``, ``ambiguous``, ``imprecise`` or ``not_found`` for each match.

    - ``not_found``: no position, a score below 0.8, another commune, or a street that is not the one asked for;
    - ``ambiguous``: good, but the best candidate elsewhere is less than 0.06 behind;
    - ``imprecise``: the right street or commune, but no house number;
    - ``located``: the house, a point between its neighbours, or a street so short that it is a position
      (the engine gives no ``reason`` against it).

    Examples
    --------
    >>> match = {"score": 0.9, "margin": 0.5, "precision": "housenumber", "reason": "", "lon": 2.4}
    >>> others = [{"margin": 0.01}, {"precision": "street", "reason": "number_missing"}, {"reason": "other_city"}]
    >>> statuses(pd.DataFrame([match] + [match | other for other in others])).tolist()
    ['located', 'ambiguous', 'imprecise', 'not_found']
    """
    reason = matches["reason"]
    near = reason.isin(NEAR_MISS)
    found = matches["lon"].notna() & ((matches["score"] >= LEAST_SCORE) | near) & ~reason.isin(_WRONG)
    clear = matches["margin"] >= LEAST_MARGIN
    sure = matches["precision"].isin([*HOUSES, *NAMED]) & (reason == "")
    chosen = np.select([~found, ~sure, ~clear], ["not_found", "imprecise", "ambiguous"], "located")
    return pd.Series(chosen, index=matches.index)
