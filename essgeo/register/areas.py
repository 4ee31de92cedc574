"""The portrait of the ESS by commune and by QPV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.structures.enterprises import enterprise_of
from essgeo.words.vocabulary import FAMILIES
from essgeo.zoning import count_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from essgeo.register.economy import Economy

TOTAL = "total"
NOTE_COMMUNE = (
    "establishments by the commune they are registered in; share: of the active establishments of SIRENE, "
    "all legal forms and activities, administrations among them"
)
NOTE_QPV = (
    "expected counts over the positional radius; establishments without a position are in no QPV; share: of the "
    "establishments that INSEE places in this QPV, the ESS among them placed the same way"
)
COLUMNS = (
    *("level", "zone_id", "zone_name", "vintage", "family", "enterprises", "establishments", "establishments_low"),
    *("establishments_high", "employers", "employees_low", "employees_high", "employees_unknown"),
    *("economy_establishments", "economy_employers", "share_establishments", "share_employers", "note"),
)


def portrait_by_area(
    structures: pd.DataFrame,
    membership: pd.DataFrame,
    *,
    territory: str,
    communes: pd.DataFrame,
    qpv: pd.DataFrame,
    economy: Economy | None = None,
    level: float = 0.9,
) -> pd.DataFrame:
    r"""Return enterprises, establishments and employees of the ESS by family, in each commune and QPV.

    In a QPV, an establishment counts with the probability :math:`p` that its place lies in it
    (:func:`essgeo.zoning.locate_in`): establishments are :math:`\sum p` with the interval of
    :func:`essgeo.zoning.count_in`, enterprises :math:`\sum (1 - \prod (1 - p))` over the establishments of each.

    Parameters
    ----------
    structures
        Index ``structure_id``: ``family``, ``siren``, ``citycode``, ``counted``, and where it is known ``employer``
        (``yes``), ``employees_low`` and ``employees_high``. One without SIREN is an enterprise of its own.
    membership
        Rows of :func:`essgeo.zoning.locate_in` on the QPV.
    territory
        Name of the territory.
    communes, qpv
        ``name`` by INSEE code; ``name`` and ``vintage`` by code of the QPV.
    economy
        From :func:`essgeo.register.count_economy`; without it there is no share. In a QPV the share is among the
        establishments that INSEE itself places there, the ESS and the others alike: an expected count over some, and a
        count over all, would not be one measure.
    level
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row an area and family, then ``total``, also where there is none; :data:`COLUMNS`. ``level`` is
        ``territory``, ``commune`` or ``qpv``. ``employers`` and employees are NaN where nothing tells of them.
        ``employees_low`` and ``employees_high`` add up the ends of the bands (in a QPV the ends of the interval too);
        ``employees_unknown`` is the number of establishments without a band, which they leave out.

    Examples
    --------
    >>> structures = pd.DataFrame({"family": "association", "siren": ["1", "1"], "citycode": "93010", "counted": True,
    ...                            "employees_low": [1, 3], "employees_high": [2, 5]}, ["a", "b"])
    >>> membership = pd.DataFrame({"structure_id": ["a", "b"], "zone_id": "QN1", "vintage": "2024",
    ...                            "relation": "undetermined", "probability": [1.0, 0.5]})
    >>> table = portrait_by_area(structures, membership, territory="T", communes=pd.DataFrame({"name": {"93010": "B"}}),
    ...                          qpv=pd.DataFrame({"name": {"QN1": "Q"}, "vintage": "2024"}))
    >>> total = table[table["family"] == "total"].set_index("level")
    >>> total[["enterprises", "establishments", "employees_low", "employees_high"]].values.tolist()
    [[1.0, 2.0, 4.0, 7.0], [1.0, 2.0, 4.0, 7.0], [1.0, 1.5, 1.0, 7.0]]
    """
    wanted = ["family", "siren", "citycode", "employer", "employees_low", "employees_high"]
    counted = structures.loc[structures["counted"].to_numpy(dtype=bool)].reindex(columns=wanted)
    ends = {name: pd.to_numeric(counted[name], errors="coerce") for name in ("employees_low", "employees_high")}
    employing = counted["employer"].map({"yes": 1.0, "no": 0.0}).astype("float64")
    rows = counted.assign(unit=enterprise_of(counted), employing=employing, **ends)
    rows = rows.rename_axis("structure_id").reset_index()
    inside = membership[membership["probability"] > 0].merge(rows, on="structure_id")
    table = [
        *_exact(rows, _area("territory", territory, territory, "")),
        *(
            row
            for code, name, _ in _listed(communes.assign(vintage=""))
            for row in _exact(rows[rows["citycode"] == code], _area("commune", code, name, ""))
        ),
        *(
            row
            for code, name, vintage in _listed(qpv)
            for row in _expected(inside[inside["zone_id"] == code], _area("qpv", code, name, vintage), level)
        ),
    ]
    found = pd.DataFrame(table, columns=list(COLUMNS))
    if economy is None:
        return found
    shared = _with_shares(found, economy.by_commune, territory)
    return shared if economy.in_qpv is None else _with_shares_of_qpv(shared, economy.in_qpv, rows)


def _listed(zones: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    for code, name, vintage in zip(zones.index, zones["name"], zones["vintage"], strict=True):
        yield str(code), str(name), str(vintage)


def _area(level: str, code: str, name: str, vintage: str) -> dict[str, object]:
    return {"level": level, "zone_id": code, "zone_name": name, "vintage": vintage}


def _families(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for family in FAMILIES:
        yield family, rows[rows["family"] == family]
    yield TOTAL, rows


def _exact(rows: pd.DataFrame, area: dict[str, object]) -> Iterator[dict[str, object]]:
    for family, some in _families(rows):
        count = len(some)
        yield area | {
            "family": family,
            "enterprises": some["unit"].nunique(),
            "establishments": count,
            "establishments_low": count,
            "establishments_high": count,
            "employers": some["employing"].sum(min_count=1),
            "employees_low": some["employees_low"].sum(min_count=1),
            "employees_high": some["employees_high"].sum(min_count=1),
            "employees_unknown": int(some["employees_high"].isna().sum()),
            "note": NOTE_COMMUNE,
        }


def _expected(rows: pd.DataFrame, area: dict[str, object], level: float) -> Iterator[dict[str, object]]:
    for family, some in _families(rows):
        count = _interval(some, pd.Series(1, index=some["structure_id"]), level)
        least, most = (
            _interval(some, some.set_index("structure_id")[name].fillna(0).astype("int64"), level)
            for name in ("employees_low", "employees_high")
        )
        absent = np.log1p(-some["probability"].clip(upper=1 - 1e-15)).groupby(some["unit"]).sum()
        banded = bool(some["employees_low"].notna().any())
        yield area | {
            "family": family,
            "enterprises": round(float((1 - np.exp(absent)).sum()), 6),
            "establishments": some["probability"].sum(),
            "establishments_low": count[0],
            "establishments_high": count[1],
            "employers": (some["probability"] * some["employing"]).sum(min_count=1),
            "employees_low": least[0] if banded else np.nan,
            "employees_high": most[1] if banded else np.nan,
            "employees_unknown": int(some["employees_high"].isna().sum()),
            "note": NOTE_QPV,
        }


def _interval(rows: pd.DataFrame, weights: pd.Series, level: float) -> tuple[float, float]:
    if rows.empty:
        return 0.0, 0.0
    membership = rows[["structure_id", "zone_id", "relation", "probability"]]
    counts = count_in(membership, weights=weights, by=["zone_id"], level=level)
    return float(counts["low"].iloc[0]), float(counts["high"].iloc[0])


def _with_shares(table: pd.DataFrame, economy: pd.DataFrame, territory: str) -> pd.DataFrame:
    known = economy.assign(employing=economy["establishments"].where(economy["employer"] == "O", 0))
    sums = known.groupby("citycode")[["establishments", "employing"]].sum()
    sums.loc[territory] = sums.sum()
    whole = sums.reindex(table["zone_id"]).set_axis(table.index).where(table["level"] != "qpv")
    return table.assign(
        economy_establishments=whole["establishments"],
        economy_employers=whole["employing"],
        share_establishments=table["establishments"] / whole["establishments"],
        share_employers=table["employers"] / whole["employing"],
    )


def _with_shares_of_qpv(table: pd.DataFrame, placed: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the shares of its QPV, of the establishments that INSEE places in each."""
    known = placed.assign(employers=placed["employer"] == "O", establishments=1)
    whole = known.groupby("zone_id")[["establishments", "employers"]].sum()
    ess = known.merge(rows[["structure_id", "family"]], left_on="siret", right_on="structure_id")
    by_family = pd.concat([ess, ess.assign(family=TOTAL)]).groupby(["zone_id", "family"])
    some = by_family[["establishments", "employers"]].sum()
    areas = pd.MultiIndex.from_frame(table[["zone_id", "family"]])
    there = (table["level"] == "qpv") & table["zone_id"].isin(whole.index)
    filled = table.copy()
    for name in ("establishments", "employers"):
        all_of = table["zone_id"].map(whole[name])
        ess_of = some[name].reindex(areas, fill_value=0).set_axis(table.index)
        filled.loc[there, f"economy_{name}"] = all_of[there]
        filled.loc[there, f"share_{name}"] = (ess_of / all_of.where(all_of > 0))[there]
    return filled
