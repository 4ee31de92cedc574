"""Premises and brownfield sites as people hand them in."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from essgeo.crs import GEOGRAPHIC, require_crs
from essgeo.errors import SchemaError
from essgeo.files.structures import iso_date
from essgeo.files.tables import read_table
from essgeo.schema.headers import guess_columns
from essgeo.schema.months import month_number
from essgeo.schema.validate import ROW, validate

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


PREMISES, SEARCH_AREA = "premises", "search_area"


ALIASES = {
    "candidate_id": ("candidate_id", "site_id", "id", "identifiant", "reference"),
    "name": (
        "name",
        "nom",
        "nom_du_local",
        "nom_du_site",
        "local",
        "site",
        "libelle",
        "designation",
        "adresse",
        "address",
    ),
    "city": ("city", "ville", "commune", "nom_commune", "localite"),
    "surface_m2": ("surface_m2", "surface", "superficie", "surface_utile", "m2", "surface_en_m2"),
    "available_from": ("available_from", "disponible_des", "disponible_a_partir_de", "date_debut", "debut", "du"),
    "available_to": ("available_to", "disponible_jusqu_a", "disponible_jusqu_au", "date_fin", "fin", "au"),
    "ground_floor": ("ground_floor", "rdc", "rez_de_chaussee"),
    "state": ("state", "etat", "statut"),
    "constraints": ("constraints", "contraintes", "contrainte", "remarques"),
    "lon": ("lon", "longitude", "lng", "long"),
    "lat": ("lat", "latitude"),
}

_YES_NO = {"oui": "yes", "yes": "yes", "true": "yes", "vrai": "yes", "1": "yes", "x": "yes"} | {
    "non": "no", "no": "no", "false": "no", "faux": "no", "0": "no",
}  # fmt: skip

_COLUMNS = (
    "name",
    "kind",
    "city",
    "surface_m2",
    "available_from",
    "available_to",
    "ground_floor",
    "state",
    "constraints",
)


def read_candidates(path: Path | str, *, crs: str = "EPSG:2154") -> gpd.GeoDataFrame:
    r"""Return the premises a file lists: any table with guessed columns, or the CNIG Friches format of Cartofriches.

    Parameters
    ----------
    path
        CSV, XLSX, Parquet, GeoJSON or GeoPackage. Positions are a geometry, or columns of longitude and latitude.
    crs
        Metric CRS of the result.

    Returns
    -------
    GeoDataFrame
        Index ``candidate_id``: ``name``, ``kind`` (``premises``), ``city``, ``surface_m2`` (NaN where not known),
        ``available_from``, ``available_to``, ``ground_floor`` (``yes``, ``no``, ``unknown``), ``state``,
        ``constraints``; a point, or none.

    Raises
    ------
    InputError
        The file is missing or cannot be read, or has no CRS.
    SchemaError
        No column names the premises, or rows break the contract; one that ends before it starts, for example.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "locaux.csv"
    ...     _ = path.write_text("Nom;Surface;RDC;Disponible dès;Lon;Lat\nHalle;400;oui;01/2027;2.48;48.90\n")
    ...     read_candidates(path)[["name", "surface_m2", "ground_floor", "available_from"]].values.tolist()
    [['Halle', 400.0, 'yes', '2027-01']]
    """
    path = Path(path)
    table = read_table(path)
    if is_cnig(table):
        named = as_candidates(table)
    else:
        named = table.rename(columns=guess_columns(table.columns, ALIASES))
        if "name" not in named:
            message = (
                f"{path.name}: no column was recognised as name. Columns seen: {', '.join(map(str, table.columns))}."
            )
            raise SchemaError(message)
    return _checked(named, _shapes(table, path.name), path.name, crs)


def _shapes(table: pd.DataFrame, source: str) -> gpd.GeoSeries | None:
    if not isinstance(table, gpd.GeoDataFrame):
        return None
    require_crs(table, source)
    return table.geometry.reset_index(drop=True)


def _checked(named: pd.DataFrame, shapes: gpd.GeoSeries | None, source: str, crs: str) -> gpd.GeoDataFrame:
    """Return candidates that hold to the contract; all faults of the file are in one message."""
    plain = pd.DataFrame(named if named.index.name == ROW else named.reset_index(drop=True))
    plain["kind"] = PREMISES
    for name in (*_COLUMNS, "lon", "lat"):
        if name not in plain:
            plain[name] = ""
    if "candidate_id" not in plain:
        plain["candidate_id"] = [f"candidate-{number}" for number in range(1, len(plain) + 1)]
    for name in ("available_from", "available_to"):
        plain[name] = plain[name].map(iso_date)
    floor = plain["ground_floor"].astype(str).str.strip().str.lower()
    plain["ground_floor"] = floor.map(_YES_NO).fillna("unknown")
    table = validate(plain, "candidates", source=source)
    _check_order(table, plain.index, source)
    table["surface_m2"] = table["surface_m2"].astype(float)
    if shapes is None:
        known = table["lon"].between(-180, 180) & table["lat"].between(-90, 90)
        points = gpd.GeoSeries(gpd.points_from_xy(table["lon"], table["lat"]), crs=GEOGRAPHIC)
        shapes = points.where(known.to_numpy(), None)
    inside = shapes.where(shapes.geom_type == "Point", shapes.representative_point()).to_crs(crs)
    extra = [name for name in ("geo_radius_m",) if name in table]
    return gpd.GeoDataFrame(table[[*_COLUMNS, *extra]], geometry=inside.to_numpy(), crs=crs)


def _check_order(table: pd.DataFrame, rows: pd.Index, source: str) -> None:
    backwards = [
        f"  row {row}, field available_to: {end!r} is before available_from {start!r}"
        for row, start, end in zip(rows, table["available_from"], table["available_to"], strict=True)
        if month_number(end, last=True) < month_number(start, last=False)
    ]
    if backwards:
        message = f"{source}: {len(backwards)} fault{'s' * (len(backwards) > 1)}.\n" + "\n".join(backwards)
        raise SchemaError(message)
