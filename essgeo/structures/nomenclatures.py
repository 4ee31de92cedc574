"""The tables of ``data/nomenclatures``, which turn codes of SIRENE into words of the ESS; each row has its source."""

from __future__ import annotations

from functools import cache

import pandas as pd

from essgeo.territory import data_folder


@cache
def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(data_folder() / "nomenclatures" / f"{name}.csv", dtype=str, keep_default_na=False)


def nomenclature(name: str) -> pd.DataFrame:
    """Return a table of ``data/nomenclatures``, every cell as text.

    Parameters
    ----------
    name
        ``ess_legal_categories``, ``ess_excluded_activities``, ``sirene_employee_bands``, ``naf_sectors`` or
        ``name_sectors``.

    Examples
    --------
    >>> nomenclature("sirene_employee_bands").set_index("code").loc["11", "label"]
    '10 à 19 salariés'
    """
    return _read(name).copy()
