"""Tables of addresses: which columns hold these, what was found beside them, and such results handed in again."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.crs import GEOGRAPHIC, require_crs
from essgeo.errors import InputError
from essgeo.files.entries import footer_rows, take, take_positions, with_faults
from essgeo.files.recognise import recognise
from essgeo.files.redact import MASK, is_diffusion, redact, redact_identifiers, restricted_rows
from essgeo.messages import tell
from essgeo.schema.codes import commune_code
from essgeo.schema.columns import ADDED, SHOWN_PUBLISHED, in_names
from essgeo.schema.validate import ROW, warn_faults
from essgeo.schema.vocabulary import GEO_STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeGuard

    from essgeo.files.recognise import Reading

Frame = TypeVar("Frame", bound=pd.DataFrame)

OF_ZONES = ("qpv", "qpv_name", "qpv_relation", "qpv_probability", "qpv_distance_m", "qpv_vintage", "counted")
"""Columns that a study adds to its structures: they are found anew."""

_GIVEN = {
    "lon": "longitude", "lat": "latitude", "coord_precision": "geo_precision", "coord_radius_m": "geo_radius_m",
}  # fmt: skip
"""What a list gives, and the result that says it."""

_NUMBERS = ("geo_score", "geo_margin", "geo_radius_m")


def is_result(table: object) -> TypeGuard[pd.DataFrame]:
    """Return whether a table says of each row what essgeo found of its position.

    >>> is_result(pd.DataFrame({"nom": ["A"], "geo_status": ["located"], "geo_precision": ["place"]}))
    True
    >>> is_result(pd.DataFrame({"nom": ["A"], "geo_status": ["ok"], "geo_precision": ["place"]}))
    False
    """
    if not isinstance(table, pd.DataFrame) or not {"geo_status", "geo_precision"} <= set(table.columns):
        return False
    return bool(table["geo_status"].fillna("").isin(["", *GEO_STATUSES]).all())


def reread(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that essgeo wrote as a list that gives positions, each with its precision, radius and status.

    Parameters
    ----------
    table
        What ``geocode``, ``study`` or :func:`essgeo.geocode` made, as text or not. Any other table comes back as it is.

    Returns
    -------
    DataFrame
        The rows that hold more than results, under the same index; ``lon``, ``lat``, ``coord_precision`` and
        ``coord_radius_m`` are the position found. ``geo_status`` is that of the geocoding: whether a structure lies
        outside depends on the territory. Rows that are masked say so in ``diffusion``.

    Examples
    --------
    >>> table = pd.DataFrame({"nom": ["A", ""], "geo_status": ["located", "not_found"], "geo_precision": ["street", ""],
    ...                       "geo_radius_m": ["130,0", ""], "longitude": ["2,48", ""], "latitude": ["48,9", ""]})
    >>> reread(table)[["nom", "lon", "coord_precision", "coord_radius_m"]].values.tolist()
    [['A', '2,48', 'street', '130,0']]
    """
    table = in_code(table)
    if not is_result(table):
        return table
    found = pd.DataFrame(table.drop(columns=[name for name in OF_ZONES if name in table]))
    if isinstance(table, gpd.GeoDataFrame) and table.active_geometry_name:
        found = found.drop(columns=table.active_geometry_name)
        if "longitude" not in found:
            points = table.geometry.to_crs(GEOGRAPHIC).representative_point()
            found = found.assign(lon=points.x, lat=points.y)
    own = found.drop(columns=[name for name in (*ADDED, "structure_id") if name in found])
    found = found[(own.notna() & (own.astype(object) != "")).any(axis=1)].copy()
    ruled = found["geo_status"].astype(object).fillna("") != ""
    for name, result in _GIVEN.items():
        if result in found:
            # A row of another list beside it, or one that was added since, keeps what it gives itself.
            found[name] = found[result].where(ruled, found[name]) if name in found else found[result]
    found = found.drop(columns=["longitude", "latitude"], errors="ignore")
    for name in _NUMBERS:
        if name in found and not pd.api.types.is_numeric_dtype(found[name]):
            found[name] = pd.to_numeric(found[name].astype(str).str.replace(",", "."), errors="coerce")
    masked = found["geo_status"] == "masked"
    if masked.any():
        found["diffusion"] = found.get("diffusion", pd.Series("", found.index)).mask(masked, "P")
    return found.assign(geo_status=_of_geocoding(found))


def in_code(table: Frame) -> Frame:
    """Return a table that essgeo wrote with headers in words under the names of its columns."""
    words = in_names([str(name) for name in table.columns])
    return table.rename(columns=words) if "geo_status" in words.values() else table


def ask_again(register: pd.DataFrame) -> pd.DataFrame:
    """Return structures of which those without a position are to be looked up, whatever an earlier run says of them."""
    if not is_result(register):
        return register
    return register.assign(geo_status=register["geo_status"].where(register["lon"].notna(), ""))


def _of_geocoding(found: pd.DataFrame) -> pd.Series:
    """Return the status before the structures were laid over a territory."""
    texts = found.reindex(columns=["geo_engine", "geo_reason"]).astype(object).fillna("").astype(str)
    inside = pd.Series("located", found.index, dtype=object)
    inside = inside.mask(texts["geo_reason"] == "vague_coordinates", "imprecise")
    inside = inside.mask(texts["geo_engine"] == "correction", "corrected")
    status = found["geo_status"].astype(object).fillna("")
    return status.mask(status == "outside", inside)


def address_columns(table: pd.DataFrame, *, source: str, named: Mapping[str, Sequence[str]] | None = None) -> Reading:
    """Return which columns of any table hold the parts of an address, or the position: those named, then those known.

    Raises
    ------
    InputError
        A column that is named is not there, or no column looks like an address or a position.

    Examples
    --------
    >>> table = pd.DataFrame(columns=["Numero", "Type voie", "Libelle voie"])
    >>> address_columns(table, source="mine.csv").fields["address"]
    ('Numero', 'Type voie', 'Libelle voie')
    """
    reading = recognise(table, source=source, named=named)
    if not (isinstance(table, gpd.GeoDataFrame) and table.active_geometry_name is not None):
        require_address(table, reading, source=source)
    return reading


def require_address(table: pd.DataFrame, reading: Reading, *, source: str) -> None:
    """Refuse a table of which no column looks like an address or a position."""
    if {*reading.fields, *table.columns}.isdisjoint({"address", "address_more", "lon", "point"}):
        seen = ", ".join(map(str, table.columns))
        raise InputError(tell("no_address_column", source=source, seen=seen))


def addresses_of(table: pd.DataFrame, reading: Reading, *, source: str) -> pd.DataFrame:
    """Return the table that :func:`essgeo.geocode` takes, from any table and how its columns are read.

    Coordinates are those of the columns, or the points of a layer. The index is that of ``structure_id``, or of
    ``siret``, where its values are all different, else that of the table. A row that SIRENE diffuses in part only
    (:func:`essgeo.files.redact.restricted_rows`) is marked ``[ND]``.

    >>> table = pd.DataFrame({"n": ["12"], "voie": ["rue A"], "ville": ["Bondy"]})
    >>> reading = address_columns(table, source="mine.csv")
    >>> addresses_of(table, reading, source="mine.csv")[["address", "city"]].values.tolist()
    [['12 rue A', 'Bondy']]
    """
    rows = table.index if table.index.name == ROW else pd.RangeIndex(1, len(table) + 1)
    layer = isinstance(table, gpd.GeoDataFrame) and table.active_geometry_name is not None
    plain = pd.DataFrame(table.drop(columns=table.active_geometry_name)) if layer else pd.DataFrame(table)
    taken = take(plain, reading)
    found = taken.reindex(columns=["address", "postcode", "city", "citycode", "name"], fill_value="")
    for field in ("postcode", "citycode"):
        found[field] = found[field].map(commune_code)
    restricted = restricted_rows(table, marked=())
    found["name"] = found["name"].mask(restricted, MASK)
    if layer:
        require_crs(table, source)
        points = table.geometry.to_crs(GEOGRAPHIC).representative_point()
        found = found.assign(lon=points.x, lat=points.y)
    else:
        positions, faults = take_positions(taken, rows)
        hidden = {*rows[restricted.to_numpy()]}
        aside = footer_rows(plain.set_axis(rows), taken.set_axis(rows), name=source, hidden=restricted)
        found.loc[aside.to_numpy(), "address"] = ""  # a sum keeps its row, as a blank one does, and is not looked up
        warn_faults(source, [fault for fault in faults if fault[0] not in hidden])
        positions = with_faults(positions, faults, pd.Index(rows))
        found = found.assign(lon=positions["lon"], lat=positions["lat"])
    if "coord_precision" in taken:
        found["coord_precision"] = taken["coord_precision"]
    for field in ("structure_id", "siret"):
        if field in taken and taken[field].is_unique and (taken[field] != "").all():
            return found.set_index(pd.Index(taken[field], name="structure_id"))
    return found


def without_results(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without the columns and points of an earlier run, if it comes from one.

    >>> without_results(pd.DataFrame({"adresse": [""], "geo_status": [""], "longitude": [""]})).columns.tolist()
    ['adresse']
    """
    table = in_code(table)
    if "geo_status" not in table:
        return table
    own = table.drop(columns=[name for name in ADDED if name in table])
    if isinstance(own, gpd.GeoDataFrame) and own.active_geometry_name and "geo_engine" in table:
        own.geometry = own.geometry.where(table["geo_engine"] == "register", None)
    return own


def with_results(table: pd.DataFrame, geocoded: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a table with the results of :func:`essgeo.geocode` beside its own columns, row for row, points in degrees.

    A column of the table that has the name of a result (``longitude``) is kept as ``input_longitude``. Of a masked row
    nothing is kept but what :data:`essgeo.schema.columns.SHOWN_PUBLISHED` lists, whatever else the file says of it.

    >>> from essgeo import geocode
    >>> table = pd.DataFrame({"rue": ["1 rue A"], "n": [7]})
    >>> reading = address_columns(table, source="mine.csv")
    >>> found = geocode(addresses_of(table, reading, source="mine.csv"))
    >>> with_results(table, found)[["rue", "n", "geo_status"]].values.tolist()
    [['1 rue A', 7, 'not_found']]
    """
    own = pd.DataFrame(table.drop(columns=table.geometry.name)) if isinstance(table, gpd.GeoDataFrame) else table
    results = geocoded[list(ADDED)].set_axis(own.index)
    masked = pd.Series(results["geo_status"] == "masked", index=own.index)
    names = [str(name) for name in own.columns]
    fields = recognise(own, source="").meanings
    identifiers = [name for name, field in fields.items() if field == "structure_id"]
    own = own.assign(**{name: redact_identifiers(own[name], masked) for name in identifiers}) if masked.any() else own
    shown = {name for name, field in fields.items() if field in SHOWN_PUBLISHED}
    own = redact(own, masked, shown=shown.union(filter(is_diffusion, names)))
    kept = own.rename(columns={name: f"input_{name}" for name in (*ADDED, "geometry") if name in own})
    return gpd.GeoDataFrame(pd.concat([kept, results], axis=1), geometry=points_of(results))


def points_of(found: pd.DataFrame) -> gpd.GeoSeries:
    """Return the points of ``longitude`` and ``latitude`` in degrees, none where they are not known."""
    shapes = np.full(len(found), None, dtype=object)
    known = found["longitude"].notna().to_numpy()
    shapes[known] = shapely.points(found.loc[known, ["longitude", "latitude"]].to_numpy(dtype=float))
    return gpd.GeoSeries(shapes, index=found.index, crs=GEOGRAPHIC)
