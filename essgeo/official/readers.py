"""Read official files: lists of zones, projects, places and names, and any table that the catalogue describes."""

from __future__ import annotations

import contextlib
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.crs import GEOGRAPHIC
from essgeo.errors import InputError, SourceChangedError, SourceUnavailableError
from essgeo.files import premises
from essgeo.files.geographic import describe_features, read_features
from essgeo.files.guard import refuse_size
from essgeo.files.perimeters import clip_zones, interest_of
from essgeo.files.tables import BOOKS, checked_suffix, read_table
from essgeo.messages import tell
from essgeo.official.catalogue import find_source, official_columns, to_give
from essgeo.official.census import MASKED, official_outlines, official_table
from essgeo.official.formats import absent_in
from essgeo.official.scan import database, list_texts, scan
from essgeo.schema.codes import SIREN_DIGITS
from essgeo.schema.columns import COLUMNS, Layer
from essgeo.schema.names import simplify
from essgeo.schema.validate import MONTH, ROW, validate
from essgeo.schema.vocabulary import OWNER_KINDS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from essgeo.official.catalogue import Source


AROUND_M = 500.0
"""Stations as far as this from a territory serve it."""

_MAX_DEGREES = 180

_MAX_SEEN = 40
"""Columns of a workbook that are looked at, and names that a message tells."""

_NAF_CODE = r"\d\d\.\d\d[A-Z]"

_FAMILIES = {
    "association": "association",
    "cooperative": "cooperative",
    "mutuel": "mutuelle",
    "fond": "fondation",
    "societe": "entreprise_commerciale_ess",
    "entreprise": "entreprise_commerciale_ess",
}
"""How the name of a family begins, and its code."""


def read_qpv(path: Path, source: Source, *, crs: str, within: shapely.Geometry) -> gpd.GeoDataFrame:
    """Return the QPV of the official file that lie in a territory, with the vintage of the source; maybe none."""
    zones = official_outlines(path, source)
    return clip_zones(zones, file=path.name, crs=crs, vintage=source.vintage, within=within)


def read_npnru(path: Path, source: Source, *, qpv_2015: gpd.GeoDataFrame) -> pd.DataFrame:
    r"""Return the projects of the list of the ANRU in a territory, by their QPV of 2015, as the ``npnru`` table.

    ``interest`` is ``unknown`` where the list does not say it; ``qpv_2024`` is empty: codes of one vintage are not
    those of another.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from essgeo.official.catalogue import find_source
    >>> zones = pd.DataFrame({"name": ["Nord"]}, index=["QP093001"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "npnru.csv"
    ...     _ = path.write_text("code_qp2015\nQP093001\nQP001001\n")
    ...     read_npnru(path, find_source("npnru"), qpv_2015=zones)[["qpv_2015", "interest"]].values.tolist()
    [['QP093001', 'unknown']]
    """
    table = official_table(path, source)
    here = table[table["qpv_2015"].isin(qpv_2015.index)]
    named = here["qpv_2015"].map(qpv_2015["name"])
    described = here.assign(
        project_id=[f"npnru-{number}" for number in range(1, len(here) + 1)],
        qpv_2024="",
        qpv_name=named,
        interest=here["interest"].map(interest_of),
        confidence=source.publisher,
        source=source.page,
    )
    return validate(described, "npnru", source=path.name)


def read_stations(path: Path, source: Source, *, crs: str, within: shapely.Geometry) -> gpd.GeoDataFrame:
    """Return the stations in a territory or within 500 m of it; all are open, and the file has no opening date.

    One row a station and line: ``station_id`` is that of the publisher with the line.

    Examples
    --------
    >>> import pathlib, shapely, tempfile
    >>> import geopandas as gpd
    >>> from essgeo.official.catalogue import find_source
    >>> given = {"id_gares": [7], "nom_gares": ["Bondy"], "mode": ["RER"], "res_com": ["RER E"]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "gares.geojson"
    ...     gpd.GeoDataFrame(given, geometry=[shapely.Point(2.48, 48.89)], crs=4326).to_file(path)
    ...     here = shapely.box(650_000, 6_860_000, 670_000, 6_870_000)
    ...     read_stations(path, find_source("stations"), crs="EPSG:2154", within=here).index.tolist()
    ['7-rer-e']
    """
    frame = official_outlines(path, source)
    placed = frame[frame.geometry.notna() & ~frame.geometry.is_empty].to_crs(crs)
    near = placed[placed.distance(within) <= AROUND_M]
    degrees = near.geometry.to_crs(GEOGRAPHIC)
    lines = near["line"].map(simplify).str.replace("_", "-")
    described = near.assign(
        station_id=near["station_id"] + "-" + lines, status="open", open_date="", lon=degrees.x, lat=degrees.y
    )
    kept = described[["station_id", "name", "mode", "line", "status", "open_date", "lon", "lat", "geometry"]]
    layer = validate(kept, "stations", source=path.name)
    return cast("gpd.GeoDataFrame", layer.drop(columns=["lon", "lat"]).sort_index())


def read_cartofriches(path: Path, source: Source, *, communes: Collection[str], crs: str) -> gpd.GeoDataFrame:
    r"""Return the brownfield sites of some communes (CNIG Friches standard) in the columns of the ``sites`` layer.

    The standard has no date of availability and no floor.

    Raises
    ------
    SourceChangedError
        A column stands under none of its names, or positions are not in degrees.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from essgeo.official.catalogue import find_source
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
    standard = premises.as_candidates(raw[here])
    text = known.loc[here, [name for name in columns.values() if name != "geometry"]]
    text = text.mask(text.isin(list(premises.UNKNOWN)), "").reindex(columns=list(source.columns), fill_value="")
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
        # Whether persons or bodies own a site, and which kinds of them; nobody is named.
        owner_type=list(map(_owner, text["owner_type"], text["owner_category"])),
    )
    table = validate(described, "sites", source=path.name).drop(columns=["lon", "lat"])
    return gpd.GeoDataFrame(table, geometry=points.to_crs(crs).to_numpy(), crs=crs)


def _owner(owner: str, codes: str) -> str:
    """Return what a site says of its owner, and the kinds that its codes (``{01,02}``) name."""
    kinds = ", ".join(OWNER_KINDS.get(code, {"fr": code})["fr"] for code in codes.strip("{}").split(","))
    return " ; ".join(filter(None, (owner, kinds)))


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
    if (np.abs(points.get_coordinates().to_numpy()) > _MAX_DEGREES).any():
        raise SourceChangedError(tell("sites_not_degrees", file=file))
    return points


def read_commune_names(path: Path) -> dict[str, str]:
    """Return the name of each commune by its INSEE code, without reading its outline."""
    checked_suffix(path)
    found = official_columns(describe_features(path)["fields"], find_source("communes"), file=path.name)
    table = read_features(path, columns=list(found), ignore_geometry=True).rename(columns=found)
    return dict(zip(table["citycode"].astype(str), table["name"].astype(str), strict=True))


def read_ess_list(path: Path) -> pd.Series:
    r"""Return the family that the list of ESS France gives to each SIREN: nine digits, each once, sorted.

    Rows without a SIREN are left out; the family is ``""`` where it is none of
    :data:`essgeo.schema.vocabulary.FAMILIES`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "ess.csv"
    ...     _ = path.write_text("SIREN,Famille\n5580113,Coopératives\n,Associations\n")
    ...     read_ess_list(path).to_dict()
    {'005580113': 'cooperative'}
    """
    with database() as base:
        file = scan(base, path, find_source("ess_france"))
        query = f"SELECT {file.text['siren']} AS siren, {file.text['family']} AS family FROM {file.table} ORDER BY ALL"
        rows = base.execute(query).df()
    digits = rows["siren"].str.replace(r"\D", "", regex=True)
    rows = rows.assign(siren=digits.str.zfill(SIREN_DIGITS))[(digits != "") & (digits.str.len() <= SIREN_DIGITS)]
    codes = {text: _family(text) for text in rows["family"].unique()}
    families = rows.set_index("siren")["family"].map(codes)
    return families[~families.index.duplicated(keep="last")].sort_index()


def read_naf_2025(path: Path) -> dict[str, str]:
    r"""Return what each code of the NAF 2025 holds of the NAF rév. 2, several codes joined by ``+``, as INSEE tells it.

    INSEE's workbook of January 2026 and that before it are read, under any sheet and below any title, and a CSV of the
    two columns.

    Raises
    ------
    SourceChangedError
        No sheet has the two columns, or none of their rows has two codes.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "naf.csv"
    ...     _ = path.write_text("NAFold-code;NAFnew-code\n88.91A;85.10Y\n85.10Z;85.10Y\n88.91A;88.91G\n")
    ...     read_naf_2025(path)
    {'85.10Y': '85.10Z+88.91A', '88.91G': '88.91A'}
    """
    source = find_source("naf_2025")
    rows = _naf_rows(path, source)
    codes = rows.apply(lambda column: column.str.strip().str.upper())
    codes = codes[codes.apply(lambda column: column.str.fullmatch(_NAF_CODE)).all(axis=1)]
    if codes.empty:
        raise SourceChangedError(tell("naf_no_codes", file=path.name, page=source.page))
    return {new: "+".join(sorted(set(old))) for new, old in codes.groupby("naf_2025")["naf"]}


def read_qpv_pairs(path: Path) -> list[tuple[str, str]]:
    r"""Return the pairs of a QPV of 2015 and one of 2024 that the correspondence of the ANCT names, sorted.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "qp.csv"
    ...     _ = path.write_text("QP2024;Label_QP2024;Statut;QP2015_1;QP2015_2;QP2015_3\nQN1;A;x;QP1;QP2;\nQN2;B;x;;;\n")
    ...     read_qpv_pairs(path)
    [('QP1', 'QN1'), ('QP2', 'QN1')]
    """
    table = official_table(path, find_source("qpv_correspondence"))
    old = ("qpv_2015", "qpv_2015_second", "qpv_2015_third")
    pairs = {pair for name in old for pair in zip(table[name].str.strip(), table["qpv_2024"].str.strip(), strict=True)}
    return sorted(pair for pair in pairs if all(pair))


def _naf_rows(path: Path, source: Source) -> pd.DataFrame:
    """Return the two columns of codes, of the first sheet with both; a header may go on behind the words known."""
    wanted = {name: tuple(map(simplify, titles)) for name, titles in source.columns.items()}
    seen: list[str] = []
    for sheet in _sheets_of(path):
        rows = iter(sheet)
        for row in rows:
            header = [simplify(str(cell or "")) for cell in row]
            seen += [str(cell) for cell in row if cell]
            found = {
                name: next((place for place, cell in enumerate(header) if cell.startswith(titles)), None)
                for name, titles in wanted.items()
            }
            if None not in found.values():
                cells = [[str(row[place] or "") for place in found.values() if place is not None] for row in rows]
                return pd.DataFrame(cells, columns=list(found), dtype=str)
    official_columns(seen[:_MAX_SEEN], source, file=path.name)
    raise AssertionError(path)  # pragma: no cover (columns that stand exactly so were found above)


def _sheets_of(path: Path) -> list[list[tuple[object, ...]]]:
    """Return the rows of each sheet of a workbook, or of a CSV, its header first."""
    if checked_suffix(path) not in BOOKS:
        table = read_table(path, min_rows=0)
        return [[tuple(table.columns), *table.itertuples(index=False, name=None)]]
    import openpyxl  # noqa: PLC0415 (slow to import, and only workbooks need it)

    try:
        with zipfile.ZipFile(path) as packed:
            refuse_size(path, sum(member.file_size for member in packed.infolist()))
        with contextlib.closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
            for sheet in book.worksheets:
                sheet.reset_dimensions()
            return [
                [row for row in sheet.iter_rows(values_only=True, max_col=_MAX_SEEN) if any(row)]
                for sheet in book.worksheets
            ]
    except (InputError, SourceChangedError):
        raise
    except Exception as error:
        raise InputError(tell("workbook_unreadable", path=path, error=error)) from error


def _family(text: str) -> str:
    plain = simplify(text)
    return next((code for start, code in _FAMILIES.items() if plain.startswith(start)), "")


_NUMBERS = ("number", "integer")

_SAID = ("title", "publisher", "licence", "vintage", "unverified")

_SPACES = "[\\s\u00a0\u202f]"


def read_official(
    name: str, path: Path, *, only: Mapping[str, Collection[str]] | None = None, crs: str = GEOGRAPHIC
) -> pd.DataFrame:
    r"""Return an official file as its entry in the catalogue describes it, its known columns alone.

    No column that the catalogue does not name is read: neither persons nor telephones leave the file. A file of Parquet
    or CSV is never held in memory whole.

    Parameters
    ----------
    name
        A source of the catalogue with columns: ``schools``, ``facilities``, ``social_housing`` ...
    path
        Its file, as :func:`essgeo.official.fetch.fetch` returns it.
    only
        By column, the values to keep: ``{"citycode": ["93010"]}``.
    crs
        The CRS of the points or lines.

    Returns
    -------
    DataFrame or GeoDataFrame
        A column a name of the catalogue, with the type and bounds that ``essgeo/schema/columns.csv`` gives it; an
        optional one that the file has not is empty, and what INSEE masks is missing. The index is the column of the
        entry that no two rows share, else the row. A file with a geometry, or longitudes and latitudes, has it.
        ``attrs``: ``source``, ``title``, ``publisher``, ``licence``, ``vintage``, ``unverified``, ``units`` (by column
        and language), ``absent`` (optional columns that the file should have and has not).

    Raises
    ------
    SourceUnavailableError
        Nobody has read the columns of that source, and the file has not those that are likely: name them in a
        ``sources.toml``.
    SourceChangedError
        A column is not there under any of its names.
    SchemaError
        A value is not what its column holds.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "rpls.csv"
    ...     _ = path.write_text("CodGeo;nbLsPls;other\n930100101;120;x\n930100102;s;x\n")
    ...     homes = read_official("social_housing", path)
    >>> homes["social_dwellings"].tolist(), homes.attrs["units"]["social_dwellings"]["en"]
    ([120.0, nan], 'dwellings')
    """
    source = find_source(name)
    wanted = {column: list(values) for column, values in (only or {}).items()}
    if unknown := sorted(wanted.keys() - source.columns.keys()):
        raise InputError(tell("source_no_column", id=name, unknown=", ".join(unknown), known=", ".join(source.columns)))
    try:
        table = _rows(path, source, wanted)
    except SourceChangedError as error:
        if "columns" in source.unverified:  # they have not changed: nobody has read them
            raise SourceUnavailableError(to_give(source), cause="page") from error
        raise
    numbers = [column for column in source.columns if COLUMNS[column].kind in _NUMBERS]
    for column in numbers:
        texts = table[column].str.replace(_SPACES, "", regex=True)
        table[column] = texts.mask(texts.str.lower().isin(MASKED), "")
    checked = validate(table, _contract(source), source=path.name)
    if not isinstance(checked, gpd.GeoDataFrame) and {"lon", "lat"} <= set(checked):
        points = gpd.points_from_xy(checked["lon"], checked["lat"])
        shown = gpd.GeoSeries(points, index=checked.index, crs=GEOGRAPHIC).where(checked["lon"].notna(), None)
        checked = gpd.GeoDataFrame(checked, geometry=shown)
    if isinstance(checked, gpd.GeoDataFrame):
        checked = checked.to_crs(crs)
    checked.attrs = {"source": source.id} | {said: getattr(source, said) for said in _SAID}
    checked.attrs["units"] = {column: dict(COLUMNS[column].unit) for column in numbers if COLUMNS[column].unit}
    checked.attrs["absent"] = absent_in(path, source)
    return checked


def _rows(path: Path, source: Source, wanted: Mapping[str, list[str]]) -> pd.DataFrame:
    """Return the wanted rows of a file as text, numbered from 1."""
    if source.format in {"csv", "csv.gz", "parquet"}:
        with database() as base:
            file = scan(base, path, source)
            columns = ", ".join(f"trim({text}) AS {column}" for column, text in file.text.items())
            kept = []
            for place, (column, values) in enumerate(wanted.items()):
                list_texts(base, f"wanted_{place}", "value", values)
                kept.append(f"trim({file.text[column]}) IN (SELECT value FROM wanted_{place})")
            where = f" WHERE {' AND '.join(kept)}" if kept else ""
            table = base.execute(f"SELECT {columns} FROM {file.table}{where} ORDER BY ALL").df()
    else:
        table = (official_outlines if source.format == "geojson" else official_table)(path, source)
        for column, values in wanted.items():
            table = table[table[column].isin(values)]
    return table.set_axis(pd.RangeIndex(1, len(table) + 1, name=ROW))


def _contract(source: Source) -> Layer:
    """Return what the table of a source must hold: the columns of the catalogue, as the schema types them."""
    fields = tuple(
        replace(COLUMNS[column], optional=column in source.optional, allowed=None)
        for column in source.columns
        if column != source.index
    )
    return Layer(source.id, source.index or ROW, fields)
