"""Candidate places, from the sites of a territory, from a user's file, or as search areas over all of it."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.crs import GEOGRAPHIC, require_crs, require_metric
from essgeo.errors import InputError, SchemaError
from essgeo.siting.months import month_number
from essgeo.sources.aliases import guess_columns
from essgeo.sources.cells import iso_date
from essgeo.sources.readers import friches
from essgeo.sources.tables import read_table
from essgeo.validation import ROW, validate

PREMISES, SEARCH_AREA = "premises", "search_area"
CELL_M = 200.0
ENOUGH_PREMISES = 10

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
    if friches.is_cnig(table):
        named = friches.as_candidates(table)
    else:
        named = table.rename(columns=guess_columns(table.columns, ALIASES))
        if "name" not in named:
            message = (
                f"{path.name}: no column was recognised as name. Columns seen: {', '.join(map(str, table.columns))}."
            )
            raise SchemaError(message)
    return _checked(named, _shapes(table, path.name), path.name, crs)


def site_candidates(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the sites of a territory as candidates; those without coordinates keep no point, and say so when filtered.

    Parameters
    ----------
    sites
        The ``sites`` layer.

    Returns
    -------
    GeoDataFrame
        As :func:`read_candidates`, in the CRS of ``sites``.

    Examples
    --------
    >>> from essgeo import load_territory, read_layer
    >>> sites = site_candidates(read_layer(load_territory("est-ensemble"), "sites"))
    >>> len(sites), int(sites.geometry.notna().sum())
    (22, 6)
    """
    named = (
        pd.DataFrame(sites.drop(columns=sites.geometry.name)).reset_index().rename(columns={"site_id": "candidate_id"})
    )
    return _checked(named, sites.geometry.reset_index(drop=True), "sites", require_metric(sites, "sites").to_string())


def search_areas(areas: gpd.GeoDataFrame, *, cell_m: float = CELL_M) -> gpd.GeoDataFrame:
    """Return every cell of a grid whose centre lies in some areas: where to look, not where a place is to let.

    Parameters
    ----------
    areas
        The ``iris`` layer, or any polygons with ``name`` and ``city``; metric CRS.
    cell_m
        Side of a cell; the grid is aligned on multiples of it.

    Returns
    -------
    GeoDataFrame
        As :func:`read_candidates`, ``kind`` ``search_area``; the point is the centre of the cell.

    Raises
    ------
    InputError
        The side is not positive.

    Examples
    --------
    >>> named = {"name": ["Nord"], "city": ["Bondy"]}
    >>> square = gpd.GeoDataFrame(named, geometry=[shapely.box(0, 0, 400, 200)], crs=2154)
    >>> search_areas(square)["name"].tolist()
    ['Bondy, Nord', 'Bondy, Nord']
    """
    require_metric(areas, "areas")
    if not cell_m > 0:
        message = f"cell_m must be positive, not {cell_m}."
        raise InputError(message)
    left, bottom, right, top = areas.total_bounds
    xs = (np.arange(np.floor(left / cell_m), np.ceil(right / cell_m)) + 0.5) * cell_m
    ys = (np.arange(np.floor(bottom / cell_m), np.ceil(top / cell_m)) + 0.5) * cell_m
    centres = shapely.points(*(axis.ravel() for axis in np.meshgrid(xs, ys)))
    cell, area = shapely.STRtree(areas.geometry.to_numpy()).query(centres, predicate="intersects")
    _, first = np.unique(cell, return_index=True)
    points, owner = np.asarray(centres)[cell[first]], areas.iloc[area[first]]
    identifiers = [f"cell-{x:.0f}-{y:.0f}" for x, y in zip(shapely.get_x(points), shapely.get_y(points), strict=True)]
    frame = gpd.GeoDataFrame(
        {
            "name": [f"{city}, {name}" for city, name in zip(owner["city"], owner["name"], strict=True)],
            "kind": SEARCH_AREA,
            "city": owner["city"].to_numpy(),
            "surface_m2": np.nan,
            "available_from": "",
            "available_to": "",
            "ground_floor": "unknown",
            "state": "",
            "constraints": "",
        },
        geometry=points,
        crs=areas.crs,
        index=pd.Index(identifiers, name="candidate_id"),
    )
    return cast("gpd.GeoDataFrame", frame)


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
