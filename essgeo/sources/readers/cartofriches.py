"""Brownfield sites of Cartofriches as the sites of a territory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.crs import GEOGRAPHIC
from essgeo.errors import SourceChangedError
from essgeo.sources.catalogue import official_columns
from essgeo.sources.readers import friches
from essgeo.sources.tables import read_table
from essgeo.validation import MONTH, validate

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from essgeo.sources.catalogue import Source

_MOST_DEGREES = 180


def read_cartofriches(path: Path, source: Source, *, communes: Collection[str], crs: str) -> gpd.GeoDataFrame:
    r"""Return the brownfield sites of some communes in the columns of the ``sites`` layer.

    Parameters
    ----------
    path
        CSV or GeoJSON in the CNIG Friches standard.
    source
        ``cartofriches`` of the catalogue.
    communes
        INSEE codes.
    crs
        CRS of the result.

    Returns
    -------
    GeoDataFrame
        Index ``site_id``; surface, state and constraints as :func:`essgeo.sources.readers.friches.as_candidates` reads
        them. The standard has no date of availability and no floor.

    Raises
    ------
    SourceChangedError
        A column stands under none of its names, or positions are not in degrees.
    InputError
        The file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from essgeo.sources.catalogue import find_source
    >>> text = "site_id;site_nom;site_statut;comm_nom;comm_insee;lon;lat\n1;Halle;friche;BONDY;93010;2.48;48.9\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "friches.csv"
    ...     _ = path.write_text(text)
    ...     read_cartofriches(path, find_source("cartofriches"), communes=["93010"], crs="EPSG:2154")["name"].tolist()
    ['Halle']
    """
    raw = read_table(path)
    columns = official_columns([name for name in raw.columns if name != "geometry"], source, file=path.name)
    known = raw.rename(columns=columns)
    here = known["citycode"].isin(list(communes))
    points = _points(known[here], path.name)
    standard = friches.as_candidates(raw[here])
    text = known.loc[here, [name for name in columns.values() if name != "geometry"]]
    text = text.mask(text.isin(list(friches.UNKNOWN)), "").reindex(columns=list(source.columns), fill_value="")
    described = text[["site_id", "name", "address", "city", "citycode", "state", "owner_type", "former_use"]].assign(
        lon=points.x,
        lat=points.y,
        surface_m2=standard["surface_m2"].to_numpy(),
        constraints=standard["constraints"].to_numpy(),
        available_from="",
        available_to="",
        ground_floor="unknown",
        as_of=text["as_of"].where(text["as_of"].str.fullmatch(MONTH), ""),
        source=source.page,
    )
    table = validate(described, "sites", source=path.name).drop(columns=["lon", "lat"])
    return gpd.GeoDataFrame(table, geometry=points.to_crs(crs).to_numpy(), crs=crs)


def _points(table: pd.DataFrame, file: str) -> gpd.GeoSeries:
    """Return where sites are, in degrees: their outline, or their longitude and latitude, or a text of their point."""
    if isinstance(table, gpd.GeoDataFrame):
        return table.geometry.to_crs(GEOGRAPHIC).representative_point()
    if {"lon", "lat"} <= set(table.columns):
        lon, lat = (pd.to_numeric(table[name].str.replace(",", "."), errors="coerce") for name in ("lon", "lat"))
        points = gpd.GeoSeries(gpd.points_from_xy(lon, lat), index=table.index, crs=GEOGRAPHIC)
        return points.where(lon.notna() & lat.notna(), None)
    texts = table.get("geometry", pd.Series("", index=table.index))
    shapes = shapely.from_wkt(texts.where(texts != "", None).to_numpy(dtype=object), on_invalid="ignore")
    points = gpd.GeoSeries(shapely.point_on_surface(shapes), index=table.index, crs=GEOGRAPHIC)
    if (np.abs(points.get_coordinates().to_numpy()) > _MOST_DEGREES).any():
        message = f"{file}: the positions of sites are not degrees, and the file does not say in which CRS they are."
        raise SourceChangedError(message)
    return points
