"""Employees of an establishment, as the interval of its band."""

from __future__ import annotations

import pandas as pd

from essgeo.structures.nomenclatures import nomenclature


def employees(bands: pd.Series) -> pd.DataFrame:
    """Return the least and the most employees that a band of SIRENE stands for.

    Parameters
    ----------
    bands
        Codes of ``trancheEffectifsEtablissement``: ``NN``, ``00``, ``01`` (1 or 2) ... ``53`` (10,000 or more).

    Returns
    -------
    DataFrame
        The index of ``bands``; ``employees_low`` and ``employees_high``, NaN where the band is not known; the highest
        band has no upper end (NaN).

    Examples
    --------
    >>> employees(pd.Series(["02", "NN", "", "53"])).values.tolist()
    [[3.0, 5.0], [0.0, 0.0], [nan, nan], [10000.0, nan]]
    """
    table = nomenclature("sirene_employee_bands").set_index("code")[["low", "high"]].apply(pd.to_numeric)
    return pd.DataFrame({f"employees_{end}": bands.map(table[end]).astype("float64") for end in ("low", "high")})
