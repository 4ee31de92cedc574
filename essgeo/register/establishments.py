"""Establishments of SIRENE as structures, and a register as the file that a study reads back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.crs import GEOGRAPHIC
from essgeo.files.redact import MASK
from essgeo.geocoding.chain import SIRENE, SURE
from essgeo.official.sirene import NATURAL_PERSON
from essgeo.register.perimeter import IN_ESS, activities, employees, nomenclature, perimeter, sectors

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import geopandas as gpd


SOURCE = "INSEE, Sirene"

SOURCE_LIST = "ESS France, liste des entreprises de l'ESS"

_SOLE_TRADER = "Entreprise individuelle sans enseigne"

_STREET = ["number", "repetition", "street_type", "street"]

_ALIASES = ["sign_1", "sign_2", "sign_3", "usual_name", "unit_name", "unit_usual_name", "unit_acronym"]

_TEXTS = [
    *(
        "siret",
        "siren",
        "created_on",
        "employee_band",
        "naf",
        "naf_version",
        "naf_2025",
        "employer",
        "city",
        "citycode",
    ),
    *("head_office", "diffusion", *_STREET, "postcode", "legal_category", "ess", *_ALIASES),
]

_DROPPED = ("candidate_longitude", "candidate_latitude", "longitude", "latitude")

_FIRST = (
    *("structure_id", "name", "aliases", "address", "postcode", "city", "citycode", "lon", "lat", "coord_precision"),
    *("coord_radius_m", "coord_source"),
)

DEGREE_DECIMALS = 6


def enterprise_of(structures: pd.DataFrame) -> pd.Series:
    """Return the enterprise of each structure: its SIREN, or the structure itself where that is not known."""
    siren = structures.reindex(columns=["siren"])["siren"].astype("object").fillna("")
    return siren.where(siren != "", structures.index.to_series().map("={}".format))


def as_structures(
    establishments: pd.DataFrame,
    *,
    as_of: dt.date,
    listed: pd.Series | None = None,
    only_ess: bool = True,
    naf_2025: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return the establishments as structures, with the rule that makes each one ESS.

    Parameters
    ----------
    establishments
        From :func:`essgeo.official.sirene.read_establishments`.
    as_of
        The day they are active on.
    listed
        From :func:`essgeo.official.readers.read_ess_list`.
    only_ess
        Leave out those that no rule makes ESS, and those whose activity is out of the field.
    naf_2025
        As for :func:`essgeo.register.perimeter.activities`.

    Returns
    -------
    DataFrame
        Index ``structure_id`` (the SIRET) and the text columns of the ``structures`` layer; then ``legal_category``,
        ``naf``, ``naf_version``, ``naf_rev2``, ``sector_rule``, ``ess_rule``, ``ess_certainty``, ``seat``
        (``seat`` or ``branch``), ``employer`` (``yes``, ``no`` or ``unknown``), ``diffusion``
        (``O`` or ``P``) and the numbers ``employees_low`` and ``employees_high``. The name is
        that of the unit, else of the place; a person in business has that of the shop only. Rows that
        INSEE diffuses in part are ``[ND]`` without an address.

    Examples
    --------
    >>> import datetime as dt
    >>> row = {"siret": "00558011300011", "siren": "005580113", "diffusion": "O", "unit_name": "LE FOURNIL",
    ...        "legal_category": "5458", "naf": "10.71C", "naf_version": "NAFRev2", "number": "12",
    ...        "street_type": "RUE", "street": "DES LILAS", "employee_band": "02", "head_office": "true"}
    >>> table = as_structures(pd.DataFrame([row]), as_of=dt.date(2026, 1, 1))
    >>> table[["name", "address", "family", "sectors", "ess_rule", "seat", "employees_high"]].values.tolist()
    [['LE FOURNIL', '12 RUE DES LILAS', 'cooperative', 'alimentation_agriculture', 'legal_category', 'seat', 5.0]]
    """
    rows = _complete(establishments)
    activity = activities(rows, naf_2025)
    found = perimeter(rows.assign(naf=activity["naf_rev2"]), listed=listed)
    if only_ess:
        wanted = found["ess_certainty"].isin(IN_ESS)
        rows, found, activity = rows[wanted], found[wanted], activity[wanted]
    masked = rows["diffusion"] != "O"
    names = _names(rows, masked)
    labels = nomenclature("ess_legal_categories").set_index("code")["label"]
    listed_only = found["ess_rule"] == "list"
    table = pd.DataFrame(
        {
            "structure_id": rows["siret"],
            "name": names,
            "aliases": _aliases(rows, names),
            "address": [" ".join(filter(None, parts)) for parts in rows[_STREET].itertuples(index=False, name=None)],
            **{name: rows[name] for name in ("postcode", "city", "citycode", "siren", "siret")},
            "family": found["family"],
            "legal_form": rows["legal_category"].map(labels).fillna(""),
            **sectors(activity["naf_rev2"], names),
            "roles": "",
            "support_stages": "",
            "active_from": rows["created_on"].str.slice(0, 10),
            "active_to": "",
            "status": "active",
            "as_of": as_of.isoformat(),
            "source": np.where(listed_only, f"{SOURCE} ; {SOURCE_LIST}", SOURCE),
            "legal_category": rows["legal_category"],
            **activity,
            "ess_rule": found["ess_rule"],
            "ess_certainty": found["ess_certainty"],
            "seat": rows["head_office"].map({"true": "seat", "false": "branch"}).fillna("unknown"),
            "employer": rows["employer"].map({"O": "yes", "N": "no"}).fillna("unknown"),
            "diffusion": rows["diffusion"],
            **employees(rows["employee_band"]),
        }
    )
    return table.set_index("structure_id")


def _complete(establishments: pd.DataFrame) -> pd.DataFrame:
    """Return every column that is read here as text, ``""`` where it says nothing."""
    return establishments.reindex(columns=_TEXTS).astype("object").fillna("").reset_index(drop=True)


def _names(rows: pd.DataFrame, masked: pd.Series) -> pd.Series:
    """Return the name of the unit, else of the place; of a person in business only that of the shop."""
    person = rows["legal_category"] == NATURAL_PERSON
    place = rows["sign_1"].where(rows["sign_1"] != "", rows["usual_name"])
    unit = rows["unit_name"].where(rows["unit_name"] != "", rows["unit_usual_name"])
    shown = place.where(person | (unit == ""), unit)
    return shown.mask(shown == "", _SOLE_TRADER).mask(masked, MASK)


def _aliases(rows: pd.DataFrame, names: pd.Series) -> list[str]:
    """Return the other names, each once; of a person in business none of the unit, which are the person's own."""
    person = rows["legal_category"] == NATURAL_PERSON
    # Columns of the unit are emptied where the unit is a person; those of the shop stay.
    own = rows[_ALIASES].assign(**{name: rows[name].mask(person, "") for name in _ALIASES if "unit" in name})
    lists = zip(own.itertuples(index=False, name=None), names, strict=True)
    return ["|".join(text for text in dict.fromkeys(texts) if text not in ("", name)) for texts, name in lists]


def as_table(register: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a register as it is written: positions in degrees, in columns that :func:`read_structures` takes back.

    Parameters
    ----------
    register
        From :func:`essgeo.register.build_register`, or any result of :func:`essgeo.geocode`.

    Returns
    -------
    GeoDataFrame
        RangeIndex; the columns of the register with ``lon``, ``lat``, ``coord_precision``, ``coord_radius_m`` and
        ``coord_source`` in place of the working columns, and points in degrees. A position that was found counts as
        found when it is read again: a street so short that it is a position is then ``place``.

    Examples
    --------
    >>> import pandas as pd
    >>> from essgeo import geocode
    >>> found = geocode(pd.DataFrame({"name": "A", "address": "", "lon": [2.48], "lat": [48.9]}, index=["a"]))
    >>> as_table(found)[["lon", "lat", "coord_precision", "coord_radius_m"]].values.tolist()
    [[2.48, 48.9, 'place', 200.0]]
    """
    placed = register.geometry.notna()
    # A street that was short enough to be a position would be read again as a vague one: `place` says that it is none.
    sure = register["geo_status"].isin(["located", "corrected"])
    precision = register["geo_precision"].where(~sure | register["geo_precision"].isin(SURE), "place")
    table = register.drop(columns=list(_DROPPED)).assign(
        lon=register["longitude"].round(DEGREE_DECIMALS),
        lat=register["latitude"].round(DEGREE_DECIMALS),
        coord_precision=precision.where(placed, ""),
        coord_radius_m=register["geo_radius_m"],
        coord_source=np.where(register["geo_engine"] == SIRENE, SIRENE, ""),
    )
    table = table.rename_axis("structure_id").reset_index().to_crs(GEOGRAPHIC)
    first = [name for name in _FIRST if name in table]
    return table[[*first, *(name for name in table.columns if name not in first)]]
