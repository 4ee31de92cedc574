"""What a figure of a territory would rest on: software, data, positions, and how people walk."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING

import pandas as pd
import pyogrio
import pyproj
import shapely

from essgeo.access import compare_walking
from essgeo.errors import InputError
from essgeo.text.phrases import method_in_words

if TYPE_CHECKING:
    from essgeo.access import Detour, WalkingComparison
    from essgeo.results import Setting


OK, WARNING = "ok", "warning"

COLUMNS = ("subject", "state", "finding", "advice")

MOST_AWAY = 0.01
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
    rows = [*_software(), *_layers(setting), _positions(setting), *_walking(setting)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _software() -> list[tuple[str, str, str, str]]:
    versions = {name: metadata.version(name) for name in ("essgeo", "geopandas", "pandas", "numpy", "scipy")}
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    gdal = ".".join(map(str, pyogrio.__gdal_version__))
    libraries = f"GEOS {shapely.geos_version_string}, GDAL {gdal}, PROJ {pyproj.proj_version_str}"
    return [("software", OK, f"Python {platform.python_version()}, {listed}; {libraries}", "")]


def _layers(setting: Setting) -> list[tuple[str, str, str, str]]:
    people = setting.demand["population"].sum()
    masked = int(setting.iris["median_income"].isna().sum())
    qpv, repaired = setting.qpv, setting.qpv.attrs.get("repaired", [])
    rows = [
        (
            "residents",
            OK,
            (
                f"{people:,.0f} on {len(setting.demand):,} points; "
                f"{method_in_words(setting.demand['method'].iloc[0], 'en')}; "
                f"income not known for {masked} of {len(setting.iris)} IRIS"
            ),
            "",
        ),
        (
            "zones",
            WARNING if repaired else OK,
            f"{len(qpv)} QPV of {setting.parameters.vintage}, {len(setting.npnru)} of them in NPNRU"
            + (f"; outline repaired: {', '.join(repaired)}" if repaired else ""),
            "Look at the repaired outlines on the map." if repaired else "",
        ),
    ]
    if not len(setting.neighbourhoods):
        rows.append(("neighbourhoods", WARNING, "no target neighbourhood", "List their IRIS in neighbourhoods.csv."))
    return rows


def _positions(setting: Setting) -> tuple[str, str, str, str]:
    counted = setting.structures[setting.structures["counted"].astype(bool)]
    placed = int(counted.geometry.notna().sum())
    finding = f"{placed} of {len(counted)} structures that count on {setting.parameters.as_of} have a position"
    if placed == len(counted):
        return ("positions", OK, finding, "")
    advice = "Geocode the others with the Base Adresse Nationale (essgeo geocode), or settle them in corrections.csv."
    return ("positions", WARNING, finding, advice)


def _walking(setting: Setting) -> list[tuple[str, str, str, str]]:
    chosen = setting.parameters
    if setting.network is None:
        assumed = f"straight lines x {chosen.detour:g} at {chosen.speed_kmh:g} km/h: the detour is an assumption"
        return [("walking", WARNING, assumed, "Give streets of OpenStreetMap (--network FILE) to measure it.")]
    counted = setting.structures["counted"].astype(bool) & setting.structures.geometry.notna()
    try:
        found = compare_walking(
            setting.demand,
            setting.structures[counted],
            setting.network,
            within_minutes=chosen.walk_minutes,
            speed_kmh=chosen.speed_kmh,
            detour=chosen.detour,
        )
    except InputError as error:
        return [("walking", WARNING, str(error), "Give streets that cover the territory.")]
    return [_extent(setting, found), _shares(found), *([_detour(found.detour)] if found.detour else [])]


def _extent(setting: Setting, found: WalkingComparison) -> tuple[str, str, str, str]:
    streets = setting.network
    far = found.residents_away > MOST_AWAY * (found.residents + found.residents_away)
    finding = (
        f"streets of {found.network_date}, {len(streets.edges) if streets else 0:,} edges; "
        f"{found.residents_away:,.0f} residents and {found.structures_away} structures are away from them"
    )
    return ("streets", WARNING if far else OK, finding, "Give streets that cover the whole territory." if far else "")


def _shares(found: WalkingComparison) -> tuple[str, str, str, str]:
    return (
        "walking",
        OK,
        (
            f"within {found.within_minutes:g} min of a structure, near the streets: {found.share_network:.1%} of "
            f"{found.residents:,.0f} residents on foot, {found.share_straight:.1%} in straight lines"
        ),
        "",
    )


def _detour(found: Detour) -> tuple[str, str, str, str]:
    agrees = found.low <= found.assumed <= found.high
    measured = (
        f"x {found.factor:.2f} ({found.level:.0%} interval {found.low:.2f} to {found.high:.2f}) over "
        f"{found.trips:,} trips; single trips x {found.trip_low:.2f} to {found.trip_high:.2f}; "
        f"straight lines assume x {found.assumed:g}"
    )
    return (
        "detour",
        OK if agrees else WARNING,
        measured,
        "" if agrees else "Straight lines would mislead here: study the territory with --network.",
    )
