"""Brownfield sites in the CNIG Friches standard, as Cartofriches publishes them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = frozenset({"", "inconnu", "None", "nan"})
CONSTRAINTS = (
    "site_statut", "site_occupation", "site_securite", "bati_etat", "bati_pollution", "bati_patrimoine",
    "sol_pollution_existe", "urba_zone_lib",
)  # fmt: skip
"""Fields of the standard that bind whoever occupies the site; they are carried over under their own names."""

PLACEHOLDER_M2 = 0.5 * 32 * 10**2 * math.sin(2 * math.pi / 32)
"""Area of the 32-gon of radius 10 m that Cartofriches draws around a site known by a point only: not a surface."""


def is_cnig(table: pd.DataFrame) -> bool:
    """Return whether a table follows the CNIG Friches standard.

    Examples
    --------
    >>> is_cnig(pd.DataFrame(columns=["site_id", "site_nom", "site_statut"]))
    True
    """
    return {"site_id", "site_nom", "site_statut"} <= set(table.columns)


def as_candidates(table: pd.DataFrame) -> pd.DataFrame:
    """Return brownfield sites with the columns of candidates.

    The surface is that of the buildings (``bati_surface``) where it is known, else that of the land, and
    ``constraints`` says which. The standard has no date of availability and no floor: both stay unknown.

    Parameters
    ----------
    table
        Text columns of the standard.

    Returns
    -------
    DataFrame
        ``candidate_id``, ``name``, ``city``, ``surface_m2``, ``state`` and ``constraints``, RangeIndex.

    Examples
    --------
    >>> site = {"site_id": "1", "site_nom": "Halle", "comm_nom": "BONDY", "site_surface": "312.14", "bati_surface": "",
    ...         "site_statut": "friche sans projet", "bati_pollution": "amiante"}
    >>> as_candidates(pd.DataFrame([site]))[["surface_m2", "constraints"]].values.tolist()
    [['', 'site_statut: friche sans projet ; bati_pollution: amiante ; site_surface: unknown']]
    """
    rows = [_row(record) for record in pd.DataFrame(table).drop(columns="geometry", errors="ignore").to_dict("records")]
    return pd.DataFrame(rows, columns=["candidate_id", "name", "city", "surface_m2", "state", "constraints"])


def _row(record: Mapping[object, object]) -> dict[str, str]:
    def known(name: str) -> str:
        text = str(record.get(name, "")).strip()
        return "" if text in UNKNOWN else text

    built, land = known("bati_surface"), known("site_surface")
    if land and abs(float(land) - PLACEHOLDER_M2) < 1:
        land = ""
    constraints = [f"{name}: {known(name)}" for name in CONSTRAINTS if known(name)]
    if not built:
        constraints.append(f"site_surface: {'land only' if land else 'unknown'}")
    return {
        "candidate_id": known("site_id"),
        "name": known("site_nom"),
        "city": known("comm_nom"),
        "surface_m2": built or land,
        "state": known("site_statut"),
        "constraints": " ; ".join(constraints),
    }
