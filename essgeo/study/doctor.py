"""What a figure of a territory would rest on: software, data, positions, and how people walk."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING, TypeAlias

import pandas as pd
import pyogrio
import pyproj
import shapely

from essgeo.access import compare_walking
from essgeo.errors import InputError
from essgeo.messages import language, tell
from essgeo.register import counted_on
from essgeo.text.languages import method_in_words, number, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from essgeo.results import Setting

    Check: TypeAlias = tuple[str, str, str]


MAX_AWAY = 0.01
"""Share of the residents that may live away from a network before it is worth a warning."""


def check_up(setting: Setting) -> pd.DataFrame:
    """Return what the figures of a setting rest on, and what to do where that is little.

    Parameters
    ----------
    setting
        From :func:`essgeo.study.set_up`. With a network, walks over it are compared with straight lines.

    Returns
    -------
    DataFrame
        One row a check: ``subject``, ``state`` (``ok`` or ``warning``), ``finding`` and ``advice`` (``""`` where there
        is none).

    Examples
    --------
    >>> found = check_up(study_est_ensemble())
    >>> found.loc[found["subject"] == "walking", "advice"].tolist()
    ['Give streets of OpenStreetMap (--network FILE) to measure it.']
    """
    checks = [*_data(setting), *_walking(setting)]
    table = pd.DataFrame(checks, columns=["subject", "finding", "advice"])
    table.insert(1, "state", ["warning" if advice else "ok" for advice in table["advice"]])
    return table


def _data(setting: Setting) -> Iterator[Check]:
    """Yield what software, residents, zones and positions are: subject, finding, and advice where there is any."""
    lang = language.get()
    versions = [f"{name} {metadata.version(name)}" for name in ("essgeo", "geopandas", "pandas", "numpy", "scipy")]
    gdal = ".".join(map(str, pyogrio.__gdal_version__))
    libraries = f"GEOS {shapely.geos_version_string}, GDAL {gdal}, PROJ {pyproj.proj_version_str}"
    python = platform.python_version()
    yield "software", tell("dr_software", python=python, versions=", ".join(versions), libraries=libraries), ""

    demand = setting.demand
    living = tell(
        "dr_residents",
        residents=number(demand["population"].sum(), lang),
        points=number(len(demand), lang),
        method=method_in_words(demand["method"].iloc[0], lang),
        masked=int(setting.iris["median_income"].isna().sum()),
        iris=len(setting.iris),
    )
    yield "residents", living, ""

    zones = tell("dr_zones", qpv=len(setting.qpv), vintage=setting.parameters.vintage, npnru=len(setting.npnru))
    repaired = setting.qpv.attrs.get("repaired", [])
    if repaired:
        yield "zones", tell("dr_repaired", zones=zones, repaired=", ".join(repaired)), tell("dr_look")
    else:
        yield "zones", zones, ""
    if not len(setting.neighbourhoods):
        yield "neighbourhoods", tell("dr_nowhere"), tell("dr_list_iris")

    counted = setting.structures[counted_on(setting.structures)]
    placed = int(counted.geometry.notna().sum())
    finding = tell("dr_placed", placed=placed, count=len(counted), day=setting.parameters.as_of)
    yield "positions", finding, "" if placed == len(counted) else tell("dr_geocode")


def _walking(setting: Setting) -> Iterator[Check]:
    """Yield how people walk: over streets, and how far straight lines are from that."""
    chosen, streets, structures = setting.parameters, setting.network, setting.structures
    lang = language.get()

    def decimal(value: float) -> str:
        return number(value, lang, 2)

    if streets is None:
        assumed = tell("dr_straight", speed=number(chosen.speed_kmh, lang, 1))
        yield "walking", assumed, tell("dr_give_streets")
        return
    placed = structures[counted_on(structures) & structures.geometry.notna()]
    asked = {"within_minutes": chosen.walk_minutes, "speed_kmh": chosen.speed_kmh}
    try:
        found = compare_walking(setting.demand, placed, streets, **asked)
    except InputError as error:
        yield "walking", str(error), tell("dr_cover")
        return
    far = found.residents_away > MAX_AWAY * (found.residents + found.residents_away)
    extent = tell(
        "dr_streets",
        day=found.network_date,
        edges=number(len(streets.edges), lang),
        residents=number(found.residents_away, lang),
        structures=found.structures_away,
    )
    yield "streets", extent, tell("dr_cover_whole") if far else ""
    shares = tell(
        "dr_shares",
        minutes=number(found.within_minutes, lang),
        network=percent(found.share_network, lang, 1),
        residents=number(found.residents, lang),
        straight=percent(found.share_straight, lang, 1),
    )
    yield "walking", shares, ""
    detour = found.detour
    if detour is None:
        return
    measured = tell(
        "dr_detour",
        factor=decimal(detour.factor),
        level=percent(detour.level, lang),
        low=decimal(detour.low),
        high=decimal(detour.high),
        trips=number(detour.trips, lang),
        trip_low=decimal(detour.trip_low),
        trip_high=decimal(detour.trip_high),
        assumed=decimal(detour.assumed),
    )
    misleads = not detour.low <= detour.assumed <= detour.high
    yield "detour", measured, tell("dr_mislead") if misleads else ""
