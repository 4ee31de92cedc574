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
from essgeo.register import counted_on
from essgeo.text.phrases import method_in_words

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
    versions = [f"{name} {metadata.version(name)}" for name in ("essgeo", "geopandas", "pandas", "numpy", "scipy")]
    gdal = ".".join(map(str, pyogrio.__gdal_version__))
    libraries = f"GEOS {shapely.geos_version_string}, GDAL {gdal}, PROJ {pyproj.proj_version_str}"
    yield "software", f"Python {platform.python_version()}, {', '.join(versions)}; {libraries}", ""

    demand, method = setting.demand, method_in_words(setting.demand["method"].iloc[0], "en")
    masked = int(setting.iris["median_income"].isna().sum())
    living = f"{demand['population'].sum():,.0f} on {len(demand):,} points; {method}"
    yield "residents", f"{living}; income not known for {masked} of {len(setting.iris)} IRIS", ""

    zones = f"{len(setting.qpv)} QPV of {setting.parameters.vintage}, {len(setting.npnru)} of them in NPNRU"
    repaired = setting.qpv.attrs.get("repaired", [])
    if repaired:
        yield "zones", f"{zones}; outline repaired: {', '.join(repaired)}", "Look at the repaired outlines on the map."
    else:
        yield "zones", zones, ""
    if not len(setting.neighbourhoods):
        yield "neighbourhoods", "no target neighbourhood", "List their IRIS in neighbourhoods.csv."

    counted = setting.structures[counted_on(setting.structures)]
    placed = int(counted.geometry.notna().sum())
    finding = f"{placed} of {len(counted)} structures that count on {setting.parameters.as_of} have a position"
    advice = "Geocode the others with the Base Adresse Nationale (essgeo geocode), or settle them in corrections.csv."
    yield "positions", finding, "" if placed == len(counted) else advice


def _walking(setting: Setting) -> Iterator[Check]:
    """Yield how people walk: over streets, and how far straight lines are from that."""
    chosen, streets, structures = setting.parameters, setting.network, setting.structures
    if streets is None:
        assumed = f"straight lines x {chosen.detour:g} at {chosen.speed_kmh:g} km/h: the detour is an assumption"
        yield "walking", assumed, "Give streets of OpenStreetMap (--network FILE) to measure it."
        return
    placed = structures[counted_on(structures) & structures.geometry.notna()]
    asked = {"within_minutes": chosen.walk_minutes, "speed_kmh": chosen.speed_kmh, "detour": chosen.detour}
    try:
        found = compare_walking(setting.demand, placed, streets, **asked)
    except InputError as error:
        yield "walking", str(error), "Give streets that cover the territory."
        return
    far = found.residents_away > MAX_AWAY * (found.residents + found.residents_away)
    extent = (
        f"streets of {found.network_date}, {len(streets.edges):,} edges; "
        f"{found.residents_away:,.0f} residents and {found.structures_away} structures are away from them"
    )
    yield "streets", extent, "Give streets that cover the whole territory." if far else ""
    shares = (
        f"within {found.within_minutes:g} min of a structure, near the streets: {found.share_network:.1%} of "
        f"{found.residents:,.0f} residents on foot, {found.share_straight:.1%} in straight lines"
    )
    yield "walking", shares, ""
    detour = found.detour
    if detour is None:
        return
    measured = (
        f"x {detour.factor:.2f} ({detour.level:.0%} interval {detour.low:.2f} to {detour.high:.2f}) over "
        f"{detour.trips:,} trips; single trips x {detour.trip_low:.2f} to {detour.trip_high:.2f}; "
        f"straight lines assume x {detour.assumed:g}"
    )
    misleads = not detour.low <= detour.assumed <= detour.high
    advice = "Straight lines would mislead here: study the territory with --network."
    yield "detour", measured, advice if misleads else ""
