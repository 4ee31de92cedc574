"""The ESS counted by family, commune and QPV, beside the whole economy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.errors import SchemaError
from essgeo.files.layers import communes_of
from essgeo.messages import tell
from essgeo.official.live import Live
from essgeo.official.live_layers import live_iris, live_qpv, read_layer
from essgeo.official.sirene import count_establishments, read_zones_of_establishments
from essgeo.register.activity import OUTSIDE, counted_on, located_here
from essgeo.register.establishments import enterprise_of
from essgeo.register.perimeter import employees
from essgeo.schema.codes import with_arrondissements
from essgeo.schema.vocabulary import FAMILIES
from essgeo.text.languages import method_in_words
from essgeo.zoning import count_in, locate_in

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd

    from essgeo.register.assemble import RegisterFiles
    from essgeo.territory import Territory


_PLURALS = {
    "association": "associations",
    "cooperative": "cooperatives",
    "mutuelle": "mutuelles",
    "fondation": "fondations",
}
"""The families of the portrait, as the keys of its figures write them."""

_MEASURES = {
    "seed_enterprises": "ess",
    "seed_employees": "ess_salaries",
    "seed_fte": "ess_etp",
    "seed_payroll_eur": "ess_masse_salariale_brute",
}

_TOTALS = {"seed_enterprises": "ess_entreprises"}

SEED = "seed_figures"

TOTAL = "total"

KEYS = ["level", "zone_id", "family"]

_MEASURED = ("establishments", "employers", "employees_low", "employees_high")

_SEED = ("seed_enterprises", "seed_employees")

_COUNTS = ("enterprises", "establishments", "establishments_low", "establishments_high", "employees_unknown")

NOTE_COMMUNE = "area_commune"

NOTE_TERRITORY = "area_territory"

NOTE_QPV = "area_qpv"

COLUMNS = (
    *("level", "zone_id", "zone_name", "vintage", "family", "enterprises", "establishments", "establishments_low"),
    *("establishments_high", "employers", "employees_low", "employees_high", "employees_unknown"),
    *("economy_establishments", "economy_employers", "economy_employees_low", "economy_employees_high"),
    *("share_establishments", "share_employers", "share_employees_low", "share_employees_high"),
    *("seed_enterprises", "seed_employees", "note"),
)

PORTRAIT_YEAR = "2018"

NOTE_SAMPLE = "portrait_sample"

NOTE_SIRENE = "portrait_sirene"

NOTE_OTHER = "portrait_other"


@dataclass(frozen=True)
class Economy:
    """The active establishments of a territory, ESS or not.

    Attributes
    ----------
    by_commune
        From :func:`essgeo.official.sirene.count_establishments`.
    in_qpv
        From :func:`essgeo.official.sirene.read_zones_of_establishments`; None where INSEE's places are not
        at hand.
    """

    by_commune: pd.DataFrame
    in_qpv: pd.DataFrame | None = None


def portrait(structures: gpd.GeoDataFrame, seed_figures: pd.DataFrame, *, scope: str) -> pd.DataFrame:
    """Return, by family, the enterprises of the portrait of 2018 and the structures of the register.

    The two are not one measure: the portrait counts enterprises with their employees from INSEE sources, the register
    names places and allies found on public pages and lists. It is a sample; its share says how far it goes, not how the
    ESS changed. A register made from SIRENE (column ``ess_rule``) is no sample, but counts something else still: places
    rather than enterprises, also those without employees, on another day, in a perimeter of its own.

    Parameters
    ----------
    structures
        From :func:`essgeo.geocode`: ``family``, what :func:`counted_on` reads; ``geo_status`` is ``outside`` out of the
        territory.
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
    (1274, 150)
    """
    figures, structures = _figures(seed_figures, scope), _of_territory(structures)
    facts = structures.reindex(columns=["employees_low", "employees_high"]).apply(pd.to_numeric, errors="coerce")
    rows = pd.DataFrame(facts).assign(
        family=structures["family"],
        counted=counted_on(structures),
        located=located_here(structures),
        unit=enterprise_of(structures),
    )
    rows = _by_family(rows[rows["family"].isin(list(FAMILIES))])
    every, counted = rows.groupby("family"), rows[rows["counted"]].groupby("family")
    counts = {
        "register_structures": every.size(),
        "register_counted": counted.size(),
        "register_located": every["located"].sum(),
        "register_enterprises": counted["unit"].nunique(),
        "register_employees_low": counted["employees_low"].sum(min_count=1),
        "register_employees_high": counted["employees_high"].sum(min_count=1),
        "register_employees_unknown": counted.size() - counted["employees_high"].count(),
    }
    table = pd.DataFrame(counts, index=pd.Index([*FAMILIES, TOTAL], name="family"))
    whole = [name for name in counts if name not in {"register_employees_low", "register_employees_high"}]
    table[whole] = table[whole].fillna(0).astype("int64")
    # Before the counts, one column a measure of 2018: the figure of each family, then that of the whole.
    for place, (column, key) in enumerate(_MEASURES.items()):
        keys = [f"{key}_{_PLURALS.get(family)}" for family in FAMILIES]
        values = [figures.get(name, np.nan) for name in (*keys, _TOTALS.get(column, key))]
        table.insert(place, column, values)
    # The total that is compared leaves out the families that the portrait does not have.
    comparable = table["register_counted"].copy()
    comparable[TOTAL] = comparable[list(_PLURALS)].sum()
    table["register_share"] = comparable / table["seed_enterprises"]
    note = NOTE_SIRENE if "ess_rule" in structures else NOTE_SAMPLE
    table["note"] = [note if family in {*_PLURALS, TOTAL} else NOTE_OTHER for family in table.index]
    return table.reset_index()


def _figures(seed_figures: pd.DataFrame, scope: str) -> dict[str, float]:
    rows = seed_figures[(seed_figures["scope"] == scope) & (seed_figures["year"] == PORTRAIT_YEAR)]
    rows = rows[rows["key"].str.startswith("ess")]
    values = pd.to_numeric(rows["value"], errors="coerce")
    if values.isna().any():
        wrong = ", ".join(rows.loc[values.isna(), "key"])
        raise SchemaError(tell("seed_not_number", wrong=wrong))
    return dict(zip(rows["key"], values.astype(float), strict=True))


def portrait_by_area(
    structures: pd.DataFrame,
    membership: pd.DataFrame,
    *,
    territory: str,
    communes: pd.DataFrame,
    qpv: pd.DataFrame,
    economy: Economy | None = None,
    seed: pd.DataFrame | None = None,
    level: float = 0.9,
) -> pd.DataFrame:
    r"""Return enterprises, establishments and employees of the ESS by family, in each commune and QPV.

    In a QPV, an establishment counts with the probability :math:`p` that its place lies in it
    (:func:`essgeo.zoning.locate_in`): establishments are :math:`\sum p` with the interval of
    :func:`essgeo.zoning.count_in`, enterprises :math:`\sum (1 - \prod (1 - p))` over the establishments of each.

    Parameters
    ----------
    structures
        Index ``structure_id``: ``family``, ``siren``, ``citycode``, what :func:`counted_on` reads, and where known
        ``employer`` (``yes``), ``employees_low`` and ``employees_high``. One without SIREN is an enterprise of its own.
    membership
        Rows of :func:`essgeo.zoning.locate_in` on the QPV.
    territory
        Name of the territory.
    communes, qpv
        ``name`` by INSEE code; ``name`` and ``vintage`` by code of the QPV.
    economy
        From :func:`essgeo.register.count_economy`; without it there is no share. In a QPV the share is among the
        establishments that INSEE itself places there, the ESS and the others alike: an expected count over some, and a
        count over all, would not be one measure. The share of employees, by commune, is an interval: the ESS at the
        low ends of its bands among others at their high ends, and the reverse.
    seed
        From :func:`essgeo.register.portrait`: its enterprises and employees of 2018 stand in the rows of the
        territory.
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
    structures = _of_territory(structures)
    counted = structures.loc[counted_on(structures)].reindex(columns=wanted)
    ends = {name: pd.to_numeric(counted[name], errors="coerce") for name in ("employees_low", "employees_high")}
    employing = counted["employer"].map({"yes": 1.0, "no": 0.0}).astype("float64")
    rows = counted.assign(unit=enterprise_of(counted), employing=employing, **ends)
    rows = rows.rename_axis("structure_id").reset_index()
    # One row a structure and area, three levels: in a territory and a commune a structure is surely, in a QPV with a
    # probability.
    inside = membership.loc[membership["probability"] > 0, ["structure_id", "zone_id", "relation", "probability"]]
    found = pd.concat(
        [
            _exact(rows.assign(level="territory", zone_id=territory)),
            _exact(rows.assign(level="commune", zone_id=rows["citycode"])),
            _expected(inside.merge(rows, on="structure_id").assign(level="qpv"), level),
        ]
    )
    areas = pd.concat(
        [
            pd.DataFrame({"level": "territory", "zone_name": territory, "vintage": ""}, index=[territory]),
            communes[["name"]].rename(columns={"name": "zone_name"}).assign(level="commune", vintage=""),
            qpv[["name", "vintage"]].rename(columns={"name": "zone_name"}).assign(level="qpv"),
        ]
    )
    families = pd.DataFrame({"family": [*FAMILIES, TOTAL]})
    # Every area with every family, also where there is none: a count that is not there is 0, employees that nothing
    # tells of are NaN.
    table = areas.rename_axis("zone_id").reset_index().merge(families, how="cross").join(found, on=KEYS)
    table = table.astype(dict.fromkeys(_COUNTS, "float64")).fillna(dict.fromkeys(_COUNTS, 0.0))
    table["employees_unknown"] = table["employees_unknown"].astype("int64")
    table["note"] = table["level"].map({"territory": NOTE_TERRITORY, "commune": NOTE_COMMUNE, "qpv": NOTE_QPV})
    table = table.reindex(columns=list(COLUMNS))
    if seed is not None:
        figures = seed.set_index("family")[list(_SEED)].reindex(table["family"]).set_axis(table.index)
        table[list(_SEED)] = figures.where(table["level"] == "territory")
    if economy is None:
        return table
    shared = _with_shares(table, economy.by_commune, territory)
    return shared if economy.in_qpv is None else _with_shares_of_qpv(shared, economy.in_qpv, rows)


def _of_territory(structures: pd.DataFrame) -> pd.DataFrame:
    """Return a register without what was read of SIRENE around the territory, for residents at its limit alone."""
    if "ess_rule" not in structures or "geo_status" not in structures:
        return structures
    return structures[structures["geo_status"] != OUTSIDE]


def _by_family(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows, rows.assign(family=TOTAL)], ignore_index=True)


def _exact(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of areas that every structure is surely in or out of."""
    groups = _by_family(rows).groupby(KEYS)
    size = groups.size()
    sums = groups[["employing", "employees_low", "employees_high"]].sum(min_count=1)
    return sums.rename(columns={"employing": "employers"}).assign(
        enterprises=groups["unit"].nunique(),
        **dict.fromkeys(("establishments", "establishments_low", "establishments_high"), size),
        employees_unknown=size - groups["employees_high"].count(),
    )


def _expected(inside: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return the expected counts of areas that a structure is in with a probability, one row a structure and area."""
    # The interval of establishments counts each once, those of employees weigh it by the ends of its band. In a group
    # where no band is known employees are NaN, not 0.
    rows = _by_family(inside)
    groups = rows.assign(employing=rows["probability"] * rows["employing"]).groupby(KEYS)
    banded = groups["employees_low"].count() > 0
    members = rows[["structure_id", *KEYS, "relation", "probability"]]
    ends = inside.drop_duplicates("structure_id").set_index("structure_id")[["employees_low", "employees_high"]]
    count, least, most = (
        count_in(members, weights=weights, by=KEYS, level=level)
        for weights in (None, *(ends[name].fillna(0).astype("int64") for name in ends.columns))
    )
    # An enterprise is there unless all of its establishments are elsewhere: 1 - prod(1 - p), through logarithms, which
    # group sums can add up; p just below 1 stands for 1, whose logarithm would be infinite.
    absent = np.log1p(-rows["probability"].clip(upper=1 - 1e-15)).groupby([rows[name] for name in (*KEYS, "unit")])
    return pd.DataFrame(
        {
            "enterprises": (1 - np.exp(absent.sum())).groupby(KEYS).sum().round(6),
            "establishments": count["expected"],
            "establishments_low": count["low"],
            "establishments_high": count["high"],
            "employers": groups["employing"].sum(min_count=1),
            "employees_low": least["low"].where(banded),
            "employees_high": most["high"].where(banded),
            "employees_unknown": groups.size() - groups["employees_high"].count(),
        }
    )


def _with_shares(table: pd.DataFrame, economy: pd.DataFrame, territory: str) -> pd.DataFrame:
    """Return the table with the shares of its communes and of the territory, of all of their establishments."""
    # One row a commune, band of employees and kind of employer: so many establishments, hence at least and at most so
    # many employees.
    count = economy["establishments"]
    ends = employees(economy["employee_band"]).mul(count, axis=0)
    known = economy.assign(employers=count.where(economy["employer"] == "O", 0), **ends)
    sums = known.groupby("citycode")[list(_MEASURED)].sum()
    sums.loc[territory] = sums.sum()
    # whole: for each row of the table, what all of its area has.
    whole = sums.reindex(table["zone_id"]).set_axis(table.index).where(table["level"] != "qpv")
    shares = {f"share_{name}": table[name] / whole[name] for name in ("establishments", "employers")}
    # Employees are known by band: least where the ESS is at its low ends and the others at their high ones.
    for end, other in (("low", "high"), ("high", "low")):
        some, rest = table[f"employees_{end}"], whole[f"employees_{other}"] - table[f"employees_{other}"]
        shares[f"share_employees_{end}"] = some / (some + rest).where(lambda total: total > 0)
    return table.assign(**whole.add_prefix("economy_"), **shares)


def _with_shares_of_qpv(table: pd.DataFrame, placed: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the shares of its QPV, of the establishments that INSEE places in each."""
    # Both counts come from INSEE's own places: whole, by QPV all establishments; some, by QPV and family those of the
    # ESS, which are known by their SIRET.
    known = placed.assign(employers=placed["employer"] == "O", establishments=1)
    whole = known.groupby("zone_id")[["establishments", "employers"]].sum()
    ess = known.merge(rows[["structure_id", "family"]], left_on="siret", right_on="structure_id")
    by_family = _by_family(ess).groupby(["zone_id", "family"])
    some = by_family[["establishments", "employers"]].sum()
    # By row of the table: which area and family it is, and whether INSEE places any establishment in that QPV.
    areas = pd.MultiIndex.from_frame(table[["zone_id", "family"]])
    there = (table["level"] == "qpv") & table["zone_id"].isin(whole.index)
    filled = table.copy()
    for name in ("establishments", "employers"):
        all_of = table["zone_id"].map(whole[name])
        ess_of = some[name].reindex(areas, fill_value=0).set_axis(table.index)
        filled.loc[there, f"economy_{name}"] = all_of[there]
        filled.loc[there, f"share_{name}"] = (ess_of / all_of.where(all_of > 0))[there]
    return filled


def count_economy(files: RegisterFiles, territory: Territory, qpv: pd.DataFrame, *, as_of: dt.date) -> Economy:
    """Return the active establishments of the communes and QPV of a territory, from the files of its register.

    Parameters
    ----------
    files
        The establishments, and where INSEE places them.
    territory
        Its communes count.
    qpv
        ``vintage`` by code of the QPV, of one vintage.
    as_of
        The day.

    Raises
    ------
    SourceUnavailableError, SourceChangedError, InputError
        A file cannot be read.
    """
    communes = with_arrondissements(territory.communes)
    in_qpv = None
    if files.geolocation is not None and len(qpv):
        in_qpv = read_zones_of_establishments(
            files.establishments,
            files.geolocation,
            qpv.index.tolist(),
            vintage=str(qpv["vintage"].iloc[0]),
            as_of=as_of,
            citycodes=communes,
        )
    return Economy(count_establishments(files.establishments, as_of=as_of, citycodes=communes), in_qpv)


def register_portrait(
    register: gpd.GeoDataFrame, territory: Territory, files: RegisterFiles, *, as_of: dt.date, live: bool = False
) -> pd.DataFrame:
    """Return the portrait of a register by commune and QPV, with its share of their economy and the figures of 2018.

    Parameters
    ----------
    register
        From :func:`essgeo.register.assemble_register`.
    territory
        Its communes and QPV are the areas: its own files, or where it declares none the official ones.
    files
        The establishments are counted, ESS or not.
    as_of
        The day of the register.
    live
        Take the official communes and QPV of today, and fetch them where they are not current.

    Returns
    -------
    DataFrame
        As :func:`essgeo.register.portrait_by_area`, the note in words.

    Raises
    ------
    SourceUnavailableError, SourceChangedError, InputError
        A file or layer cannot be read.
    """
    counted = register.assign(counted=counted_on(register, as_of))
    communes, qpv = _portrait_areas(territory, live=live)
    table = portrait_by_area(
        counted,
        locate_in(counted, qpv),
        territory=territory.name,
        communes=communes,
        qpv=qpv,
        economy=count_economy(files, territory, qpv, as_of=as_of),
        seed=portrait(counted, read_layer(territory, SEED), scope=territory.name) if territory.declares(SEED) else None,
    )
    return table.assign(note=[method_in_words(note, "en") for note in table["note"]])


def _portrait_areas(territory: Territory, *, live: bool) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    if not live and territory.declares("iris") and territory.declares("qpv"):
        return read_layer(territory, "communes"), read_layer(territory, "qpv")
    asked = Live(territory, offline=not live)
    communes = communes_of(live_iris(asked).value)
    return communes, live_qpv(asked, vintage=territory.vintage, within=communes.union_all()).value
