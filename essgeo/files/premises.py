"""Premises and brownfield sites as people hand them in."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from essgeo.crs import GEOGRAPHIC, require_crs
from essgeo.errors import SchemaError
from essgeo.files.addresses import reread
from essgeo.files.entries import footer_rows, take, take_positions
from essgeo.files.recognise import parse_columns, recognise
from essgeo.files.tables import as_text, read_table
from essgeo.messages import tell
from essgeo.schema.cells import FLAGS, number_of
from essgeo.schema.columns import LAYERS
from essgeo.schema.dates import iso_date, month_number
from essgeo.schema.names import WORDS, simplify
from essgeo.schema.validate import ROW, raise_faults, row_label, validate, warn_faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from essgeo.schema.validate import Fault

PREMISES, SEARCH_AREA = "premises", "search_area"

UNKNOWN = frozenset({"", "inconnu", "unknown", "None", "nan"})

CONSTRAINTS = (
    "site_statut", "site_occupation", "site_securite", "bati_etat", "bati_pollution", "bati_patrimoine",
    "sol_pollution_existe", "urba_zone_lib",
)  # fmt: skip
"""Fields of the CNIG Friches standard that bind whoever occupies the site; carried over under their own names."""

PLACEHOLDER_M2 = 0.5 * 32 * 10**2 * math.sin(2 * math.pi / 32)
"""Area of the 32-gon of radius 10 m that Cartofriches draws around a site known by a point only: not a surface."""

_CNIG = {"site_id", "site_nom", "site_statut"}

OWNERS = ("owner_type", "landlord")
"""The columns of premises and sites that say whom to call."""

NOT_NAMED = "[ND]"
"""What stands for an owner who may be a natural person, as INSEE writes what it does not show."""

_BUILDERS = frozenset({"promoteur", "amenageur", "investisseur"})
"""Kinds of owner after which a company stands by its name alone, in brackets."""


def read_premises(
    path: Path | str | pd.DataFrame,
    *,
    crs: str = "EPSG:2154",
    columns: Mapping[str, str | Sequence[str]] | str | Iterable[str] | None = None,
    sheet: str | None = None,
    layer: str | None = None,
) -> gpd.GeoDataFrame:
    r"""Return the premises a file lists: any table with guessed columns, or the CNIG Friches format of Cartofriches.

    Parameters
    ----------
    path
        CSV, XLSX, Parquet, GeoJSON or GeoPackage, or a table or GeoDataFrame of a notebook. Positions are a geometry,
        or columns of longitude and latitude.
    crs
        Metric CRS of the result.
    columns
        Which column holds what, where it is not recognised: ``{"surface_m2": "Taille"}`` or ``"surface_m2=Taille"``.
    sheet, layer
        The one sheet of a workbook or layer of a GeoPackage to read, see :func:`essgeo.files.tables.read_table`.

    Returns
    -------
    GeoDataFrame
        Index ``candidate_id`` (numbers where there is none, or the index of a table that has one): ``name``, ``kind``
        (``premises``), ``city``, ``surface_m2`` (NaN where not known), ``cost`` (rent, as the list gives it),
        ``capacity`` (residents), ``available_from``, ``available_to``, ``ground_floor`` (``yes``, ``no``,
        ``unknown``), ``state``, ``constraints``, ``address``, ``postcode``, ``citycode``, ``owner_type`` and
        ``landlord`` (see :func:`shown_owner`); a point, or none.

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
    ...     read_premises(path)[["name", "surface_m2", "ground_floor", "available_from"]].values.tolist()
    [['Halle', 400.0, 'yes', '2027-01']]
    """
    if isinstance(path, pd.DataFrame):
        source, table = "table", reread(as_text(path))
        if not isinstance(table.index, pd.RangeIndex) and LAYERS["candidates"].index not in table:
            table = table.assign(**{LAYERS["candidates"].index: table.index.astype(str)})
    else:
        source, table = Path(path).name, reread(read_table(path, sheet=sheet, layer=layer))
    if set(table.columns) >= _CNIG:
        named = as_candidates(table)
    else:
        geometry = table.geometry.name if isinstance(table, gpd.GeoDataFrame) else "geometry"
        plain = pd.DataFrame(table.drop(columns=geometry, errors="ignore"))
        reading = recognise(plain, source=source, layer="candidates", named=parse_columns(columns))
        if not {"name", "address"} & {*reading.fields}:
            seen = ", ".join(map(str, table.columns))
            raise SchemaError(tell("no_name_column", name=source, seen=seen))
        named = take(plain, reading)
        if "name" not in reading.fields:  # premises go by their address
            named["name"] = named["address"]
        reading.tell(source)
        if not isinstance(table, gpd.GeoDataFrame):
            named = named[~footer_rows(plain, named, name=source)]
    shapes = None
    if isinstance(table, gpd.GeoDataFrame):
        require_crs(table, source)
        shapes = table.geometry.reset_index(drop=True)
    return checked_premises(named, shapes, source=source, crs=crs)


def as_candidates(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the CNIG Friches standard with the columns of candidates, all text.

    The surface is that of the buildings (``bati_surface``) where it is known, else that of the land, and
    ``constraints`` says which. The standard has no date of availability and no floor: both stay unknown.

    Examples
    --------
    >>> site = {"site_id": "1", "site_nom": "Halle", "comm_nom": "BONDY", "site_surface": "312.14", "bati_surface": "",
    ...         "site_statut": "friche sans projet", "bati_pollution": "amiante"}
    >>> as_candidates(pd.DataFrame([site]))[["surface_m2", "constraints"]].values.tolist()
    [['', 'site_statut: friche sans projet ; bati_pollution: amiante ; site_surface: unknown']]
    """

    def candidate(record: Mapping[object, object]) -> dict[str, str]:
        texts = {str(name): str(value).strip() for name, value in record.items()}
        known = {name: text for name, text in texts.items() if text not in UNKNOWN}
        built, land = known.get("bati_surface", ""), known.get("site_surface", "")
        if land and abs(float(land) - PLACEHOLDER_M2) < 1:
            land = ""
        constraints = [f"{name}: {known[name]}" for name in CONSTRAINTS if name in known]
        if not built:
            constraints.append(f"site_surface: {'land only' if land else 'unknown'}")
        return {
            "candidate_id": known.get("site_id", ""),
            "name": known.get("site_nom", ""),
            "city": known.get("comm_nom", ""),
            "surface_m2": built or land,
            "state": known.get("site_statut", ""),
            "constraints": " ; ".join(constraints),
        }

    plain = pd.DataFrame(table).drop(columns="geometry", errors="ignore")
    columns = ["candidate_id", "name", "city", "surface_m2", "state", "constraints"]
    return pd.DataFrame(map(candidate, plain.to_dict("records")), columns=columns)


def shown_owner(text: str) -> str:
    """Return an owner as it may be shown: a legal person or a kind of owner, never the name of a natural person.

    A part in brackets, or after a comma or semicolon, that may name one is left out; of an owner of whom nothing else
    remains, ``[ND]`` is told.

    Examples
    --------
    >>> owners = ("Ville de Bondy (contact : Mme Martin)", "Jean Martin", "promoteur privé (SOPIC)")
    >>> [shown_owner(owner) for owner in owners]
    ['Ville de Bondy', '[ND]', 'promoteur privé (SOPIC)']
    """
    parts = [part.strip() for part in re.split("[(),;/\n]|\\s[-\N{EN DASH}:]\\s", text) if part.strip()]
    words = [{*simplify(part).split("_")} for part in parts]
    told = [_names_nobody(part, own) for part, own in zip(parts, words, strict=True)]
    if all(told) or (told == [True, False] and words[0] & _BUILDERS and len(words[1]) == 1):
        return text
    return " ; ".join(part for part, shown in zip(parts, told, strict=True) if shown) or NOT_NAMED


def _names_nobody(text: str, words: set[str]) -> bool:
    """Return whether a text is surely of a legal person or a kind of owner, without a telephone or an address."""
    reached = "@" in text or re.search(r"(\d[ .-]?){9}", text)
    return bool(words & {*WORDS["legal_person"]}) and not words & {*WORDS["natural_person"]} and not reached


def checked_premises(named: pd.DataFrame, shapes: gpd.GeoSeries | None, *, source: str, crs: str) -> gpd.GeoDataFrame:
    """Return premises that hold to the contract, as :func:`read_premises` does.

    ``shapes`` are their positions, row for row, in the place of ``lon`` and ``lat``; ``source`` is named in messages.
    """
    contract = LAYERS["candidates"]
    plain = pd.DataFrame(named if named.index.name == ROW else named.reset_index(drop=True)).assign(kind=PREMISES)
    for field in contract.fields:
        if field.name not in plain:
            plain[field.name] = ""
    if contract.index not in plain:
        plain[contract.index] = [f"candidate-{number}" for number in range(1, len(plain) + 1)]
    given = [field.name for field in contract.fields]
    plain[given] = as_text(plain[given])
    plain, faults = _read_cells(plain)
    warn_faults(source, faults)
    table = validate(plain, contract.name, source=source)
    dates = zip(plain.index, table["available_from"], table["available_to"], strict=True)
    backwards = [
        (row_label(row), "available_to", tell("ends_before", end=end, start=start))
        for row, start, end in dates
        if month_number(end, last=True) < month_number(start, last=False)
    ]
    raise_faults(source, backwards)
    table = table.assign(
        **{name: [shown_owner(text) for text in table[name]] for name in OWNERS},
        surface_m2=table["surface_m2"].astype(float),
        cost=table["cost"].astype(float),
        capacity=table["capacity"].astype(float),
    )
    if shapes is None:
        known = table["lon"].between(-180, 180) & table["lat"].between(-90, 90)
        points = gpd.GeoSeries(gpd.points_from_xy(table["lon"], table["lat"]), crs=GEOGRAPHIC)
        shapes = points.where(known.to_numpy(), None)
    inside = shapes.where(shapes.geom_type == "Point", shapes.representative_point()).to_crs(crs)
    kept = [field.name for field in contract.fields if field.name not in {"lon", "lat"}]
    extra = [name for name in ("geo_radius_m",) if name in table]
    return gpd.GeoDataFrame(table[[*kept, *extra]], geometry=inside.to_numpy(), crs=crs)


def _read_cells(plain: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """Return premises with dates, numbers and positions in one form, and what was left out by row."""
    rows = plain.index if plain.index.name == ROW else pd.RangeIndex(1, len(plain) + 1)
    positions, faults = take_positions(plain, rows)
    plain = plain.assign(lon=positions["lon"], lat=positions["lat"])
    for name in ("available_from", "available_to"):
        days = [iso_date(text) for text in plain[name]]
        faults += [
            (row_label(row), name, tell("cell_left_out", what=tell("is_no_date", value=text)))
            for row, text, day in zip(rows, plain[name], days, strict=True)
            if day is None
        ]
        plain[name] = [day or "" for day in days]
    for name, wrong in (("surface_m2", "is_no_surface"), ("cost", "is_no_cost"), ("capacity", "is_no_capacity")):
        numbers = [number_of(text) if text else None for text in plain[name]]
        faults += [
            (row_label(row), name, tell("cell_left_out", what=tell(wrong, value=text)))
            for row, text, number in zip(rows, plain[name], numbers, strict=True)
            if text and (number is None or number < 0)
        ]
        plain[name] = [number if number is not None and number >= 0 else None for number in numbers]
    flags = {True: "yes", False: "no", None: "unknown"}
    plain["ground_floor"] = [flags[FLAGS.get(simplify(text))] for text in plain["ground_floor"]]
    return plain, faults
