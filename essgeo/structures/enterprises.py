"""Which structures are one enterprise."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def enterprise_of(structures: pd.DataFrame) -> pd.Series:
    """Return the enterprise of each structure: its SIREN, or the structure itself where that is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> enterprise_of(pd.DataFrame({"siren": ["005580113", "005580113", ""]}, index=["a", "b", "c"])).nunique()
    2
    """
    siren = structures.reindex(columns=["siren"])["siren"].astype("object").fillna("")
    return siren.where(siren != "", structures.index.to_series().map("={}".format))
