"""The files of SIRENE: establishments, legal units, positions, zones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from essgeo.crs import GEOGRAPHIC
from essgeo.errors import InputError
from essgeo.messages import tell
from essgeo.official.catalogue import find_source
from essgeo.official.scan import MEMORY, Scan, database, list_texts, scan, sql_text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection
    from pathlib import Path

    from numpy.typing import NDArray


NATURAL_PERSON = "1000"
"""Legal category of a person in business: its own name is never read, only that of its shop."""

PUBLIC = "O"

_NAMES = ("sign_1", "sign_2", "sign_3", "usual_name")

_ADDRESS = ("number", "repetition", "street_type", "street", "postcode")

_PLAIN = (
    *("siret", "created_on", "employee_band", "naf", "naf_version", "naf_2025", "employer", "city", "citycode"),
    "head_office",
)

_UNIT = ("legal_category", "ess", "mission_company")

_UNIT_NAMES = ("name", "acronym", "usual_name")

QUALITIES = {
    "11": ("housenumber", "voie sûre, numéro trouvé"),
    "12": ("street", "voie sûre, position aléatoire dans la voie"),
    "21": ("street", "voie probable, numéro trouvé"),
    "22": ("street", "voie probable, position aléatoire dans la voie"),
}
"""Precision that each ``qualite_xy`` of INSEE stands for, and its words for it.

``33`` (unknown street, a random place in the commune) is no position and is never used. ``21`` finds the number in a
street that is only probable: no surer than a street. A house thus gets the radius that was calibrated on BAN, and the
others the radius of a street, which is a choice and not a measure (:data:`essgeo.geocoding.precision.RADIUS_M`); none
of the two was calibrated on this file. Where ``distance_precision`` says more than that radius, it wins.
"""

_MARGIN_DEGREES = 1

_COLUMNS = ("siret", "x", "y", "quality", "epsg", "citycode", "precision_m")

_COLUMN_OF_VINTAGE = {"2024": "qpv_2024", "2015": "qpv_2015"}


def read_establishments(
    establishments: Path,
    legal_units: Path,
    *,
    as_of: dt.date,
    citycodes: Collection[str] | None = None,
    categories: Collection[str] | None = None,
    listed: Collection[str] = (),
    memory: str = MEMORY,
) -> pd.DataFrame:
    """Return the establishments active on a day, of some communes or of France, with the facts of their legal unit.

    The files are never held in memory: only the columns and rows that are wanted leave them. Rows that INSEE diffuses
    in part, or whose unit is so, lose their name and address before anything else reads them. Names of persons and the
    complement of the address, which often holds one, are not read at all.

    Parameters
    ----------
    establishments, legal_units
        ``StockEtablissement`` and ``StockUniteLegale``, in Parquet or CSV.
    as_of
        The day. The files tell the present state and since when: active is what was created by then and is open, or
        closed only since. What closed and opened again before the day of the files is taken as open.
    citycodes
        INSEE codes of communes; ``None``: all of France.
    categories
        Keep the units that carry the ESS flag of SIRENE, or one of these legal categories, or stand in ``listed``;
        ``None``: all.
    listed
        SIREN of the ESS France list.
    memory
        The most memory the query may take.

    Returns
    -------
    DataFrame
        One row an establishment, by ``siret``, RangeIndex, every column text (``""`` where nothing is known):
        ``siret``, ``siren``, ``created_on``, ``employee_band``, ``naf``, ``naf_version``, ``naf_2025``, ``employer``
        (``O``, ``N``), ``city``, ``citycode``, ``head_office`` (``true``, ``false``), ``diffusion`` (``O`` or ``P``),
        ``sign_1`` to ``sign_3``, ``usual_name``, ``number``, ``repetition``, ``street_type``, ``street``, ``postcode``,
        then of the unit ``unit_name``, ``unit_acronym``, ``unit_usual_name``, ``legal_category``, ``ess``,
        ``mission_company``. An establishment whose unit is not in its file is kept without them where ``categories`` is
        ``None``.

    Raises
    ------
    SourceChangedError
        A file lacks a column.
    InputError
        A code of a commune is none, or a file is missing or cannot be read.

    Examples
    --------
    See :func:`essgeo.register.establishments.as_structures`.
    """
    with database(memory=memory) as base:
        site = scan(base, establishments, find_source("sirene_establishments"))
        unit = scan(base, legal_units, find_source("sirene_legal_units"))
        list_texts(base, "listed", "siren", listed)
        read = _selected(site, _PLAIN, (*_NAMES, *_ADDRESS), of="site")
        where = f"{active_on(site, as_of)} AND {within_communes(site, citycodes)}"
        sites = f"SELECT {read}, {_siren(site)} AS siren FROM {site.table} WHERE {where}"
        read = _selected(unit, ("siren", *_UNIT), _UNIT_NAMES, of="unit")
        units = f"SELECT {read} FROM {unit.table} WHERE {_in_ess(unit, categories)}"
        # The smaller side first: of all of France the units of the ESS, of some communes the sites. Of the other file
        # only what joins it is kept, so that neither is held whole.
        if citycodes is None:
            base.execute(f"CREATE TEMP TABLE units AS {units}")
            known = "true" if categories is None else f"{_siren(site)} IN (SELECT siren FROM units)"
            base.execute(f"CREATE TEMP TABLE sites AS {sites} AND {known}")
        else:
            base.execute(f"CREATE TEMP TABLE sites AS {sites}")
            base.execute(f"CREATE TEMP TABLE units AS {units} AND {unit.raw['siren']} IN (SELECT siren FROM sites)")
        return base.execute(_joined("LEFT" if categories is None else "INNER")).df()


def count_establishments(establishments: Path, *, as_of: dt.date, citycodes: Collection[str]) -> pd.DataFrame:
    """Return how many establishments are active on a day in each commune, ESS or not, by band of employees.

    Columns ``citycode``, ``employer`` (``O``, ``N`` or ``""``), ``employee_band`` and ``establishments``.
    """
    with database() as base:
        site = scan(base, establishments, find_source("sirene_establishments"))
        keys = ("citycode", "employer", "employee_band")
        wanted = ", ".join(f"{site.text[name]} AS {name}" for name in keys)
        where = f"{active_on(site, as_of)} AND {within_communes(site, citycodes)}"
        query = f"SELECT {wanted}, count(*) AS establishments FROM {site.table} WHERE {where} GROUP BY ALL ORDER BY ALL"
        return base.execute(query).df()


def active_on(site: Scan, day: dt.date) -> str:
    """Return the condition that an establishment is active on a day, in SQL."""
    # A row tells its present state ('A' or 'F') and since when: on an earlier day it was open if it was made by then
    # and closed only since. A date that is not known does not exclude it.
    date = sql_text(day.isoformat())
    created, state, since = (site.raw[name] for name in ("created_on", "state", "period_from"))
    return f"({created} IS NULL OR {created} <= {date}) AND ({state} = 'A' OR ({state} = 'F' AND {since} > {date}))"


def within_communes(site: Scan, citycodes: Collection[str] | None) -> str:
    """Return the condition that an establishment is in some communes, or anywhere, in SQL."""
    if citycodes is None:
        return "true"
    wrong = sorted(code for code in citycodes if not re.fullmatch(r"\d[\dAB]\d{3}", code))
    if wrong or not citycodes:
        raise InputError(tell("sirene_communes", wrong=", ".join(wrong) or tell("word_none")))
    return f"{site.raw['citycode']} IN ({', '.join(map(sql_text, sorted(citycodes)))})"


def _selected(file: Scan, plain: Collection[str], personal: Collection[str], *, of: str) -> str:
    """Return what is read of a file, in SQL: what may name a person only of rows that INSEE diffuses whole."""
    public = f"coalesce({file.raw['diffusion']} = {sql_text(PUBLIC)}, false)"
    prefix = "unit_" if of == "unit" else ""
    wanted = [f"{file.text[name]} AS {name}" for name in plain]
    wanted += [f"CASE WHEN {public} THEN {file.text[name]} ELSE '' END AS {prefix}{name}" for name in personal]
    return f"{', '.join(wanted)}, {public} AS {of}_public"


def _siren(site: Scan) -> str:
    """Return the SIREN as the start of the SIRET: a column less to read of the whole file."""
    return f"substr({site.raw['siret']}, 1, 9)"


def _in_ess(unit: Scan, categories: Collection[str] | None) -> str:
    if categories is None:
        return "true"
    codes = ", ".join(map(sql_text, sorted(categories))) or "NULL"
    in_list = f"{unit.raw['siren']} IN (SELECT siren FROM listed)"
    return f"({unit.raw['ess']} = 'O' OR {unit.text['legal_category']} IN ({codes}) OR {in_list})"


def _joined(kind: str) -> str:
    # A row is public where its establishment and its unit are; one without a unit in the file has that of its own.
    public = "(site_public AND coalesce(unit_public, true))"
    shown = ", ".join(f"sites.{name}" for name in (*_PLAIN, "siren"))
    hidden = (*_NAMES, *_ADDRESS, *(f"unit_{name}" for name in _UNIT_NAMES))
    texts = ", ".join(f"CASE WHEN {public} THEN coalesce({name}, '') ELSE '' END AS {name}" for name in hidden)
    facts = ", ".join(f"coalesce({name}, '') AS {name}" for name in _UNIT)
    return (
        f"SELECT {shown}, CASE WHEN {public} THEN 'O' ELSE 'P' END AS diffusion, {texts}, {facts} "
        f"FROM sites {kind} JOIN units ON sites.siren = units.siren ORDER BY siret"
    )


def read_sirene_geolocation(path: Path, sirets: Collection[str]) -> gpd.GeoDataFrame:
    r"""Return the positions of establishments that are fit for use, each from the CRS that its own row names.

    Parameters
    ----------
    path
        The geolocation file of SIRENE, in Parquet or CSV.
    sirets
        The establishments that are wanted. Those that INSEE diffuses in part must not be among them.

    Returns
    -------
    GeoDataFrame
        Index ``siret``; ``quality`` (a key of :data:`QUALITIES`), ``precision`` (``housenumber`` or ``street``),
        ``precision_m`` (metres, NaN where not told), ``citycode``, and points in degrees (EPSG:4326). Rows of quality
        33, of no known quality or CRS, without coordinates, or that are outside what their CRS can hold are left out.

    Raises
    ------
    SourceChangedError, InputError
        The file is missing, lacks a column, or cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "geolocation.csv"
    ...     _ = path.write_text("siret;x;y;qualite_xy;epsg;plg_code_commune\n"
    ...                         "00558011300011;338000;7690000;11;2975;97411\n00558011300029;1;1;33;2154;93010\n")
    ...     places = read_sirene_geolocation(path, ["00558011300011", "00558011300029"])
    >>> places[["precision", "citycode"]].values.tolist(), places.total_bounds[:2].round(1).tolist()
    ([['housenumber', '97411']], [55.4, -20.9])
    """
    with database() as base:
        file = scan(base, path, find_source("sirene_geolocation"))
        list_texts(base, "wanted", "siret", sirets)
        chosen = ", ".join(f"{file.text[name]} AS {name}" for name in _COLUMNS)
        known = f"{file.raw['siret']} IN (SELECT siret FROM wanted)"
        rows = base.execute(f"SELECT {chosen} FROM {file.table} WHERE {known} ORDER BY siret").df()
    rows = rows[rows["quality"].isin(list(QUALITIES))].drop_duplicates("siret").set_index("siret")
    points = _points(rows)
    usable = points.notna()
    return gpd.GeoDataFrame(
        {
            "quality": rows["quality"],
            "precision": rows["quality"].map({code: precision for code, (precision, _) in QUALITIES.items()}),
            "precision_m": pd.to_numeric(rows["precision_m"], errors="coerce"),
            "citycode": rows["citycode"],
        },
        geometry=points,
    )[usable]


def communes_around(path: Path, bounds: NDArray[np.float64], crs: CRS) -> list[str]:
    """Return the communes of which INSEE places an establishment within bounds: west, south, east and north in a CRS.

    ``path`` is the geolocation file of SIRENE.
    """
    west, south, east, north = (repr(float(bound)) for bound in bounds)
    with database() as base:
        file = scan(base, path, find_source("sirene_geolocation"))
        # Numbers are cast as they are compared, and what is none is NULL, which no interval holds: no row of text is
        # kept.
        x, y = (f"try_cast(replace({file.text[name]}, ',', '.') AS DOUBLE)" for name in ("x", "y"))
        where = f"{file.text['epsg']} = {sql_text(str(crs.to_epsg()))}"
        where += f" AND {x} BETWEEN {west} AND {east} AND {y} BETWEEN {south} AND {north}"
        commune = file.text["citycode"]
        found = base.execute(f"SELECT DISTINCT {commune} AS citycode FROM {file.table} WHERE {where}").df()
    return sorted(code for code in found["citycode"] if re.fullmatch(r"\d[\dAB]\d{3}", code))


def _points(rows: pd.DataFrame) -> gpd.GeoSeries:
    """Return the points of the rows in degrees, none where they cannot be one."""
    # Rows of the metropolis, Réunion, Guadeloupe ... have coordinates of different CRS: one projection for each.
    x, y = (pd.to_numeric(rows[name].str.replace(",", "."), errors="coerce") for name in ("x", "y"))
    shapes = np.full(len(rows), None, dtype=object)
    for code in rows["epsg"].unique():
        crs = _projected(code)
        there = np.flatnonzero((rows["epsg"] == code) & x.notna() & y.notna())
        if crs is None or crs.area_of_use is None:
            continue
        moved = gpd.GeoSeries(shapely.points(x.iloc[there], y.iloc[there]), crs=crs).to_crs(GEOGRAPHIC)
        # Coordinates of another CRS than the row names land far outside where that one is used, or nowhere.
        west, south, east, north = crs.area_of_use.bounds
        inside = moved.x.between(west - _MARGIN_DEGREES, east + _MARGIN_DEGREES) & moved.y.between(
            south - _MARGIN_DEGREES, north + _MARGIN_DEGREES
        )
        shapes[there[inside]] = moved[inside].to_numpy()
    return gpd.GeoSeries(shapes, index=rows.index, crs=GEOGRAPHIC)


def _projected(code: str) -> CRS | None:
    try:
        crs = CRS.from_epsg(int(float(code)))
    except (CRSError, ValueError):
        return None
    return crs if crs.is_projected else None


def read_zones_of_establishments(
    establishments: Path,
    geolocation: Path,
    zones: Collection[str],
    *,
    vintage: str,
    as_of: dt.date,
    citycodes: Collection[str],
) -> pd.DataFrame:
    r"""Return the establishments of some communes that INSEE places in one of the QPV ``zones``, each with its QPV.

    Columns ``siret``, ``zone_id``, ``employer`` (``O``, ``N`` or ``""``), by ``siret``. What INSEE diffuses in part is
    left out, and what it places at random in the commune (``qualite_xy`` 33). A code of one vintage is not looked for
    in the column of another: there is no row where the file does not tell the QPV of that vintage.

    Examples
    --------
    >>> import datetime as dt, pathlib, tempfile
    >>> heads = ("siret;siren;statutDiffusionEtablissement;dateCreationEtablissement;trancheEffectifsEtablissement;"
    ...          "etablissementSiege;etatAdministratifEtablissement;enseigne1Etablissement;"
    ...          "denominationUsuelleEtablissement;activitePrincipaleEtablissement;caractereEmployeurEtablissement;"
    ...          "numeroVoieEtablissement;indiceRepetitionEtablissement;typeVoieEtablissement;libelleVoieEtablissement;"
    ...          "codePostalEtablissement;libelleCommuneEtablissement;codeCommuneEtablissement")
    >>> row = "00558011300011;005580113;O;2010-01-01;01;true;A;;;94.99Z;O;1;;RUE;A;93140;BONDY;93010"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sites, places = pathlib.Path(folder) / "sites.csv", pathlib.Path(folder) / "places.csv"
    ...     _ = sites.write_text(f"{heads}\n{row}\n")
    ...     _ = places.write_text("siret;x;y;qualite_xy;epsg;plg_code_commune;plg_qp24\n"
    ...                           "00558011300011;660000;6867000;11;2154;93010;QN09301M\n")
    ...     found = read_zones_of_establishments(
    ...         sites, places, ["QN09301M"], vintage="2024", as_of=dt.date(2026, 1, 1), citycodes=["93010"])
    >>> found.values.tolist()
    [['00558011300011', 'QN09301M', 'O']]
    """
    with database() as base:
        site = scan(base, establishments, find_source("sirene_establishments"))
        place = scan(base, geolocation, find_source("sirene_geolocation"))
        column = _COLUMN_OF_VINTAGE.get(vintage)
        zone = place.text[column] if column else "''"
        list_texts(base, "zones", "code", zones)
        surely = f"{place.text['quality']} IN ({', '.join(map(sql_text, QUALITIES))})"
        placed = f"SELECT {place.raw['siret']} AS siret, {zone} AS zone_id FROM {place.table} WHERE {surely}"
        open_rows = f"{site.raw['diffusion']} = {sql_text(PUBLIC)} AND {active_on(site, as_of)}"
        active = (
            f"SELECT {site.raw['siret']} AS siret, {site.text['employer']} AS employer FROM {site.table} "
            f"WHERE {open_rows} AND {within_communes(site, citycodes)}"
        )
        query = (
            f"SELECT siret, zone_id, employer FROM ({placed}) JOIN ({active}) USING (siret) "
            "WHERE zone_id IN (SELECT code FROM zones) ORDER BY siret"
        )
        return base.execute(query).df()
