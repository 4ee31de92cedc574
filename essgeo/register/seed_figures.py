"""The figures that the territory's documents give, each beside what is counted today, where anything counts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.schema.vocabulary import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Mapping

FAMILY_KEYS = {"ess_entreprises": "total"} | {f"ess_{family}s": family for family in FAMILIES if family != "unknown"}
"""The family that a figure of enterprises is of."""

EMPLOYEE_KEYS = {"ess_salaries": "total"} | {f"ess_salaries_{family}s": family for family in FAMILIES}

COLUMNS = ("figure_id", "key", "year", "value", "unit", "seed_file", "now_low", "now_high", "now_year", "now_note")


def beside_today(
    seed_figures: pd.DataFrame,
    now: Mapping[str, tuple[float, float, str, str]],
    portrait: pd.DataFrame,
    *,
    scope: str,
    year: str,
    sample: bool,
) -> pd.DataFrame:
    """Return the figures of the documents about a territory, each with that of today.

    Parameters
    ----------
    seed_figures
        The ``seed_figures`` layer.
    now
        By key, what is counted today: the least and the most, the year it is of, and a code of ``[methods]`` for what
        keeps the two apart (``""`` for none).
    portrait
        From :func:`essgeo.register.portrait`.
    scope
        Name of the territory in ``seed_figures``.
    year
        The year of the register.
    sample
        The register is a list of some, and not that of SIRENE.

    Returns
    -------
    DataFrame
        One row a figure: ``figure_id``, ``key``, ``year``, ``value`` and ``unit`` as the document writes them,
        ``seed_file``, ``now_low`` and ``now_high`` (NaN where nothing counts it today, the same where it is sure),
        ``now_year``, ``now_note``.

    Examples
    --------
    >>> then = pd.DataFrame({"key": ["population", "taux_chomage"], "value": ["418000", "18"], "unit": "",
    ...                      "scope": "T", "year": "2018", "seed_file": "d"}, index=["a", "b"])
    >>> nobody = pd.DataFrame({"family": []})
    >>> counted = {"population": (441045, 441045, "2022", "")}
    >>> table = beside_today(then, counted, nobody, scope="T", year="2026", sample=True)
    >>> table[["key", "now_low", "now_year"]].values.tolist()
    [['population', 441045.0, '2022'], ['taux_chomage', nan, '']]
    """
    own = portrait.set_index("family")
    counts = {name: column.astype(float).to_dict() for name, column in own.filter(like="register_").items()}
    known: dict[str, tuple[float, float, str, str]] = dict(now)
    for key, family in FAMILY_KEYS.items():
        if family in own.index:
            count = counts["register_enterprises"][family]
            known.setdefault(key, (count, count, year, "then_sample" if sample else "then_sirene"))
    for key, family in EMPLOYEE_KEYS.items():
        if family in own.index and not np.isnan(counts["register_employees_low"][family]):
            low, high = (counts[f"register_employees_{end}"][family] for end in ("low", "high"))
            known.setdefault(key, (low, high, year, "then_employees"))
    rows = seed_figures[seed_figures["scope"] == scope]
    found = [known.get(key, (np.nan, np.nan, "", "")) for key in rows["key"]]
    today = pd.DataFrame(found, columns=["now_low", "now_high", "now_year", "now_note"], index=rows.index)
    return rows.join(today).rename_axis("figure_id").reset_index().reindex(columns=[*COLUMNS])
