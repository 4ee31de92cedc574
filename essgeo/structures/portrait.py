"""The figures of the ESS portrait beside what the register holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from essgeo.errors import SchemaError
from essgeo.structures.activity import located_here
from essgeo.structures.enterprises import enterprise_of
from essgeo.words.vocabulary import FAMILIES

if TYPE_CHECKING:
    import geopandas as gpd

_SUFFIX = {
    "association": "associations",
    "cooperative": "cooperatives",
    "mutuelle": "mutuelles",
    "fondation": "fondations",
}
_MEASURES = {
    "seed_enterprises": "ess",
    "seed_employees": "ess_salaries",
    "seed_fte": "ess_etp",
    "seed_payroll_eur": "ess_masse_salariale_brute",
}
_TOTALS = {"seed_enterprises": "ess_entreprises"}
PORTRAIT_YEAR = "2018"
NOTE_SAMPLE = "register: a sample, not comparable"
NOTE_SIRENE = (
    "not comparable: the portrait counts enterprises of 2018 with their employees as INSEE published them; the "
    "register counts establishments of SIRENE active on a day, employers or not, several of one enterprise apart, "
    "with employees by band and in the perimeter that ess_rule tells"
)
NOTE_OTHER = "not a family of the portrait"


def portrait(structures: gpd.GeoDataFrame, seed_figures: pd.DataFrame, *, scope: str) -> pd.DataFrame:
    """Return, by family, the enterprises of the portrait of 2018 and the structures of the register.

    The two are not one measure: the portrait counts enterprises with their employees from INSEE sources, the register
    names places and allies found on public pages and lists. It is a sample; its share says how far it goes, not how the
    ESS changed. A register made from SIRENE (column ``ess_rule``) is no sample, but counts something else still: places
    rather than enterprises, also those without employees, on another day, in a perimeter of its own.

    Parameters
    ----------
    structures
        From :func:`essgeo.geocode`, with the flag ``counted``; ``geo_status`` is ``outside`` out of the territory.
    seed_figures
        The ``seed_figures`` layer.
    scope
        Name of the territory in ``seed_figures``.

    Returns
    -------
    DataFrame
        One row a family, then ``total``: ``seed_enterprises``, ``seed_employees``, ``seed_fte``, ``seed_payroll_eur``
        (NaN where the portrait says nothing), ``register_structures``, ``register_counted``, ``register_located``
        (counted, with a point, in the territory), ``register_enterprises`` (distinct SIREN of those counted, one
        without SIREN for itself), ``register_employees_low``, ``register_employees_high`` and
        ``register_employees_unknown`` (ends of the bands of those counted, and how many have none),
        ``register_share`` (``register_counted`` over ``seed_enterprises``), ``note``.

    Raises
    ------
    SchemaError
        A figure of the portrait is not a number.

    Examples
    --------
    >>> from essgeo import geocode, load_territory, read_layer
    >>> here = load_territory("est-ensemble")
    >>> structures = geocode(read_layer(here, "structures")).assign(counted=True)
    >>> table = portrait(structures, read_layer(here, "seed_figures"), scope=here.name).set_index("family")
    >>> int(table.loc["total", "seed_enterprises"]), int(table.loc["total", "register_structures"])
    (1274, 146)
    """
    figures = _figures(seed_figures, scope)
    located = located_here(structures)
    note = NOTE_SIRENE if "ess_rule" in structures else NOTE_SAMPLE
    facts, unit = structures.reindex(columns=["employees_low", "employees_high"]), enterprise_of(structures)
    least, most = (pd.to_numeric(facts[f"employees_{end}"], errors="coerce") for end in ("low", "high"))
    rows = []
    for family in [*FAMILIES, "total"]:
        of_family = structures["family"].isin(list(FAMILIES) if family == "total" else [family])
        row: dict[str, object] = {"family": family}
        for column, key in _MEASURES.items():
            name = _TOTALS.get(column, key) if family == "total" else f"{key}_{_SUFFIX.get(family)}"
            row[column] = figures.get(name, float("nan"))
        row["register_structures"] = int(of_family.sum())
        row["register_counted"] = int((of_family & structures["counted"]).sum())
        row["register_located"] = int((of_family & located).sum())
        counted = of_family & structures["counted"]
        row["register_enterprises"] = int(unit[counted].nunique())
        row["register_employees_low"] = least[counted].sum(min_count=1)
        row["register_employees_high"] = most[counted].sum(min_count=1)
        row["register_employees_unknown"] = int(most[counted].isna().sum())
        row["note"] = note if family in {*_SUFFIX, "total"} else NOTE_OTHER
        rows.append(row)
    table = pd.DataFrame(rows)
    alike = table["register_counted"].where(table["family"].isin(list(_SUFFIX)), 0)
    comparable = table["register_counted"].mask(table["family"] == "total", alike.sum())
    table.insert(len(table.columns) - 1, "register_share", comparable / table["seed_enterprises"])
    return table


def _figures(seed_figures: pd.DataFrame, scope: str) -> dict[str, float]:
    rows = seed_figures[(seed_figures["scope"] == scope) & (seed_figures["year"] == PORTRAIT_YEAR)]
    rows = rows[rows["key"].str.startswith("ess")]
    values = pd.to_numeric(rows["value"], errors="coerce")
    if values.isna().any():
        wrong = ", ".join(rows.loc[values.isna(), "key"])
        message = f"seed_figures: the value of {wrong} is not a number."
        raise SchemaError(message)
    return dict(zip(rows["key"], values.astype(float), strict=True))
