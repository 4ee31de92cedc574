"""Addresses found in a table of any columns, and results written back to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.crs import GEOGRAPHIC, require_crs
from essgeo.errors import InputError
from essgeo.files.redact import MASK, is_diffusion, redact, redact_identifiers, restricted_rows
from essgeo.geocoding.chain import points_of
from essgeo.schema.columns import HEADERS, SHOWN
from essgeo.schema.headers import guess_columns, simplify

if TYPE_CHECKING:
    from collections.abc import Sequence


_FIELDS = ("structure_id", "name", "address", "postcode", "city", "citycode", "lon", "lat", "coord_precision")

_MORE = {
    "address": (
        "adresse_structure", "adresse_de_la_structure", "adresse_1_siege", "adresse_du_siege", "adresse_ligne1",
        "adresse1", "geo_adresse",
        "adresse_etablissement", "libelle_adresse", "adr", "adresse_siege", "full_address", "localisation",
        "voie_complete", "nom_voie",
    ),
    "postcode": ("codepostaletablissement", "code_postal_etablissement", "codpos", "zip", "code_postal_siege"),
    "city": (
        "libellecommuneetablissement", "libelle_commune_etablissement", "nom_de_la_commune", "com_name", "libcom",
        "ville_siege",
    ),
    "citycode": (
        "codecommuneetablissement", "code_commune_etablissement", "com_insee", "com_code", "codgeo", "insee_com",
        "insee_commune",
    ),
    "structure_id": ("siret", "id_structure"),
}  # fmt: skip

_PARTS = (
    ("numero", "numero_voie", "numerovoieetablissement", "numero_de_voie", "num_voie", "numvoie", "no_voie"),
    ("rep", "repetition", "indicerepetitionetablissement", "indice_repetition", "indice_de_repetition"),
    ("type_voie", "typevoieetablissement", "type_de_voie", "typvoie", "typevoie"),
    (
        "libelle_voie",
        "libellevoieetablissement",
        "libelle_de_voie",
        "nom_voie",
        "nom_de_voie",
        "voie",
        "libvoie",
        "rue",
    ),
)

_MOST_LON, _MOST_LAT = 180, 90


@dataclass(frozen=True)
class AddressColumns:
    """The columns of a file by what they hold; ``""`` or nothing where there is none.

    Attributes
    ----------
    address
        Columns that make the address, joined by a space in this order.
    postcode, city, citycode, structure_id, name, lon, lat, coord_precision
        One column each.
    """

    address: tuple[str, ...]
    postcode: str = ""
    city: str = ""
    citycode: str = ""
    structure_id: str = ""
    name: str = ""
    lon: str = ""
    lat: str = ""
    coord_precision: str = ""


def address_columns(
    columns: Sequence[str],
    *,
    source: str,
    address: Sequence[str] = (),
    postcode: str | None = None,
    city: str | None = None,
    citycode: str | None = None,
) -> AddressColumns:
    """Return which columns hold the parts of an address: those that are named, and for the rest the usual French names.

    Parameters
    ----------
    columns
        Columns of the file.
    source
        Its name, for messages.
    address, postcode, city, citycode
        Columns named by the user; several make one address.

    Raises
    ------
    InputError
        A column that is named is not there, or no column looks like an address.

    Examples
    --------
    >>> address_columns(["Nom", "Adresse postale", "CP", "Ville"], source="mine.csv").address
    ('Adresse postale',)
    >>> address_columns(["Numero", "Type voie", "Libelle voie"], source="mine.csv").address
    ('Numero', 'Type voie', 'Libelle voie')
    """
    named = {"postcode": postcode, "city": city, "citycode": citycode}
    unknown = [name for name in (*address, *filter(None, named.values())) if name not in columns]
    seen = ", ".join(columns)
    if unknown:
        message = f"{source}: no column {' or '.join(map(repr, unknown))}. Columns seen: {seen}."
        raise InputError(message)
    free = [name for name in columns if name not in address and name not in named.values()]
    aliases = {field: (*HEADERS["structures"][field], *_MORE.get(field, ())) for field in _FIELDS}
    guessed = {field: column for column, field in guess_columns(free, aliases).items()}
    parts = _parts(free)
    whole = (guessed["address"],) if "address" in guessed else ()
    street = tuple(address) or (parts if len(parts) > 1 and (not whole or whole[0] in parts) else whole) or parts
    if not street:
        message = (
            f"{source}: no column was recognised as the address. Columns seen: {seen}. "
            "Name it with --address (several times where the number and the street are apart)."
        )
        raise InputError(message)
    given = {field: column or guessed.get(field, "") for field, column in named.items()}
    rest = {field: guessed.get(field, "") for field in ("structure_id", "name", "lon", "lat", "coord_precision")}
    return AddressColumns(address=street, **given, **rest)


def addresses_of(table: pd.DataFrame, columns: AddressColumns, *, source: str = "the layer") -> pd.DataFrame:
    """Return the table that :func:`essgeo.geocode` takes.

    Coordinates are those of ``lon`` and ``lat`` where they are degrees, and the points of a layer. The index is that of
    ``structure_id`` where its values are all different, else that of the table. A row that SIRENE diffuses in part only
    (:func:`essgeo.files.redact.restricted_rows`) is marked ``[ND]``.

    Examples
    --------
    >>> table = pd.DataFrame({"n": ["12"], "voie": ["rue A"], "ville": ["Bondy"]})
    >>> addresses_of(table, AddressColumns(("n", "voie"), city="ville"))[["address", "city"]].values.tolist()
    [['12 rue A', 'Bondy']]
    """
    taken = pd.DataFrame(index=table.index)
    lines = [_text(table[name]) for name in columns.address]
    taken["address"] = (
        lines[0] if len(lines) == 1 else pd.concat(lines, axis=1).agg(" ".join, axis=1).str.split().str.join(" ")
    )
    for field in ("postcode", "city", "citycode", "name"):
        column = getattr(columns, field)
        taken[field] = _text(table[column]) if column else ""
    for field, length in (("postcode", 5), ("citycode", 5)):
        short = taken[field].str.fullmatch(r"\d{4}")
        taken[field] = taken[field].where(~short, taken[field].str.zfill(length))
    taken = taken.assign(**_coordinates(table, columns, source))
    if columns.coord_precision:
        taken["coord_precision"] = _text(table[columns.coord_precision])
    taken["name"] = taken["name"].mask(restricted_rows(table, marked=()), MASK)
    if columns.structure_id:
        identifiers = _text(table[columns.structure_id])
        if identifiers.is_unique and (identifiers != "").all():
            taken.index = pd.Index(identifiers, name="structure_id")
    return taken


def _parts(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a number, its repetition, a kind of way and its name; nothing without the name."""
    found = [next((name for alias in aliases for name in columns if simplify(name) == alias), "") for aliases in _PARTS]
    return tuple(filter(None, found)) if found[-1] else ()


def _text(column: pd.Series) -> pd.Series:
    codes, values = pd.factorize(column)
    texts = [str(int(value)) if isinstance(value, float) and value.is_integer() else str(value) for value in values]
    return pd.Series(np.array([*texts, ""], dtype=object)[codes], index=column.index)


def _coordinates(table: pd.DataFrame, columns: AddressColumns, source: str) -> dict[str, pd.Series]:
    if isinstance(table, gpd.GeoDataFrame) and table.active_geometry_name:
        require_crs(table, source)
        points = table.geometry.to_crs(GEOGRAPHIC).representative_point()
        return {"lon": points.x, "lat": points.y}
    if not (columns.lon and columns.lat):
        return {}
    lon, lat = (
        pd.to_numeric(_text(table[name]).str.replace(",", "."), errors="coerce") for name in (columns.lon, columns.lat)
    )
    degrees = lon.abs().le(_MOST_LON) & lat.abs().le(_MOST_LAT) & ~((lon == 0) & (lat == 0))
    return {"lon": lon.where(degrees), "lat": lat.where(degrees)}


ADDED = (
    "geo_status", "geo_precision", "geo_score", "geo_margin", "geo_radius_m", "geo_label", "geo_ban_id", "geo_citycode",
    "geo_engine", "geo_reason", "longitude", "latitude",
)  # fmt: skip
"""Columns that a geocoded file has more than the file it was made from."""


def without_results(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without the columns and points of an earlier run, if it comes from one.

    Examples
    --------
    >>> without_results(pd.DataFrame({"adresse": [""], "geo_status": [""], "longitude": [""]})).columns.tolist()
    ['adresse']
    """
    if "geo_status" not in table:
        return table
    own = table.drop(columns=[name for name in ADDED if name in table])
    if isinstance(own, gpd.GeoDataFrame) and own.active_geometry_name and "geo_engine" in table:
        own.geometry = own.geometry.where(table["geo_engine"] == "register", None)
    return own


def with_results(table: pd.DataFrame, geocoded: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a table with the results beside its own columns, and points in degrees.

    A column of the table that has the name of a result (``longitude``) is kept as ``input_longitude``. Of a masked row
    nothing is kept but what :data:`essgeo.schema.columns.SHOWN` lists, whatever else the file says of it.

    Parameters
    ----------
    table
        The file.
    geocoded
        From :func:`essgeo.geocode`, row for row.

    Examples
    --------
    >>> from essgeo import geocode
    >>> from essgeo.geocoding.table import AddressColumns, addresses_of
    >>> table = pd.DataFrame({"rue": ["1 rue A"], "n": [7]})
    >>> found = geocode(addresses_of(table, AddressColumns(("rue",))))
    >>> with_results(table, found)[["rue", "n", "geo_status"]].values.tolist()
    [['1 rue A', 7, 'not_found']]
    """
    own = pd.DataFrame(table.drop(columns=table.geometry.name)) if isinstance(table, gpd.GeoDataFrame) else table
    results = geocoded[list(ADDED)].set_axis(own.index)
    masked = pd.Series(results["geo_status"] == "masked", index=own.index)
    names = [str(name) for name in own.columns]
    fields = guess_columns(names, HEADERS["structures"])
    identifiers = [name for name, field in fields.items() if field == "structure_id"]
    own = own.assign(**{name: redact_identifiers(own[name], masked) for name in identifiers}) if masked.any() else own
    shown = {name for name, field in fields.items() if field in SHOWN}
    own = redact(own, masked, shown=shown.union(filter(is_diffusion, names)))
    kept = own.rename(columns={name: f"input_{name}" for name in ADDED if name in own})
    return gpd.GeoDataFrame(pd.concat([kept, results], axis=1), geometry=points_of(results))
