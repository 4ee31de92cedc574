"""Read the perimeters of QPV and of renewal projects (NPNRU) that a publisher, a territory or a user gives."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.crs import require_crs
from essgeo.errors import InputWarning, SchemaError
from essgeo.files.geographic import is_nowhere
from essgeo.files.tables import read_outlines, read_table
from essgeo.messages import plural, tell
from essgeo.schema.cells import FLAGS
from essgeo.schema.columns import HEADERS, LAYERS
from essgeo.schema.names import guess_columns, simplify
from essgeo.schema.validate import raise_faults, row_label, validate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.schema.columns import Headers

MIN_INSIDE_M2 = 10_000.0

PREFIXES = {"2015": "QP", "2024": "QN"}
"""How the codes of the QPV of a vintage begin."""

GIVEN = "given"
"""What is said of how sure a project is, where the file of the user says nothing of it."""


def read_zones(
    path: Path | str, *, crs: str, vintage: str, within: shapely.Geometry | None = None, min_rows: int = 1
) -> gpd.GeoDataFrame:
    """Return the QPV of a file, for example of the official one of 2015.

    Parameters
    ----------
    path
        A GeoJSON, GeoPackage, GeoParquet or Shapefile with its CRS. Field names of the official releases are known
        (``CODE_QP``, ``code_qp``, ``NOM_QP``, ``lib_qp`` ...).
    crs
        CRS of the result.
    vintage
        The geography the file holds, written on every row.
    within
        A territory, in ``crs``. Zones with neither 1 ha nor half of their area in it are left out: the outlines of
        communes and of zones are drawn apart, so that neighbours overlap by slivers.
    min_rows
        Refuse a file with fewer rows; 0 where a territory may have no QPV.

    Returns
    -------
    GeoDataFrame
        Polygons indexed by ``zone_id``: name, kind, vintage, cities. Invalid outlines are repaired, empty ones left
        out; ``frame.attrs`` lists the identifiers of those that were: ``repaired``, ``empty`` and ``slivers``, which
        overlap the territory too little to be measured; ``listed`` describes these, see :func:`listed_zones`.

    Raises
    ------
    InputError
        The file is missing or unreadable, or has no CRS.
    SchemaError
        No column with the code or the name of the zones, a code that stands twice, codes of another vintage, or no zone
        in the territory.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> qpv = read_zones(load_territory("est-ensemble").file("qpv").path, crs="EPSG:2154", vintage="2024")
    >>> len(qpv), qpv.attrs["repaired"]
    (22, [])
    """
    path = Path(path)
    raw = read_outlines(path, min_rows=min_rows)
    if raw.empty:
        return empty_layer("qpv", crs)
    zones = raw.rename(columns=guess_columns(raw.columns, HEADERS["qpv"]))
    missing = [name for name in ("zone_id", "name") if name not in zones]
    if missing:
        seen = ", ".join(raw.columns)
        raise SchemaError(tell("column_missing", name=path.name, missing=" or ".join(missing), seen=seen))
    kept = clip_zones(zones, file=path.name, crs=crs, vintage=vintage, within=within)
    if kept.empty:
        raise SchemaError(tell("no_zone_inside", name=path.name, zones=len(zones)))
    return kept


def empty_layer(name: str, crs: str) -> gpd.GeoDataFrame:
    """Return a layer without rows."""
    return _without_rows(name, crs).copy()


@cache
def _without_rows(name: str, crs: str) -> gpd.GeoDataFrame:
    contract = LAYERS[name]
    fields = [field for field in contract.fields if field.name not in {"lon", "lat"}]
    kinds = {field.name: pd.Series(dtype=float if field.kind in {"number", "integer"} else object) for field in fields}
    return gpd.GeoDataFrame(kinds, geometry=[], crs=crs).rename_axis(contract.index)


def clip_zones(
    zones: gpd.GeoDataFrame, *, file: str, crs: str, vintage: str, within: shapely.Geometry | None = None
) -> gpd.GeoDataFrame:
    """Return the zones that lie in a territory as the ``qpv`` layer, as :func:`read_zones` does; there may be none.

    ``zones`` have ``zone_id``, ``name``, where known ``cities``, and outlines; ``file`` is named in messages.
    """
    codes = zones["zone_id"]
    for year, prefix in PREFIXES.items():
        # Figures of one vintage would be joined to the other.
        if year != vintage and vintage in PREFIXES and codes.str.startswith(prefix).all():
            raise SchemaError(tell("qpv_of_other_vintage", file=file, iloc=codes.iloc[0], year=year, vintage=vintage))
    absent = zones.geometry.isna() | zones.geometry.is_empty
    empty = sorted(zones.loc[absent, "zone_id"])
    near = zones[~absent]
    if within is not None:
        # By their bounds in the CRS of the file first: zones of another ocean have no place in that of the territory.
        box = shapely.box(*gpd.GeoSeries([within], crs=crs).to_crs(zones.crs).total_bounds)
        near = near[shapely.intersects(shapely.box(*near.bounds.to_numpy().T), box)]
    near = near.assign(cities=near.get("cities", ""), kind="qpv", vintage=vintage).to_crs(crs)
    nowhere = is_nowhere(near.geometry)
    empty, near = sorted([*empty, *near.loc[nowhere, "zone_id"]]), near[~nowhere]
    broken = ~near.geometry.is_valid
    near.loc[broken, "geometry"] = polygonal(near.geometry[broken].to_numpy())
    inside = near.area if within is None else near.intersection(within).area
    here = (inside > 0) & (inside >= np.minimum(MIN_INSIDE_M2, near.area / 2))
    kept = near.loc[here, ["zone_id", "name", "kind", "vintage", "cities", "geometry"]]
    checked = validate(cast("gpd.GeoDataFrame", kept), "qpv", source=file).sort_index()
    checked.attrs = {
        "repaired": sorted(near.loc[here & broken, "zone_id"]),
        "empty": empty,
        "slivers": sorted(near.loc[~here & (inside > 0), "zone_id"]),
        # Plain values, which survive whatever a frame and its attributes are written to.
        "listed": [
            {
                "zone_id": zone.zone_id,
                "name": zone.name,
                "vintage": vintage,
                "cities": zone.cities,
                "note": f"listed_only inside_ha={area / 10_000:.1f}",
                "outline": shapely.to_wkt(zone.geometry, rounding_precision=2),
            }
            for zone, area in zip(near.itertuples(index=False), np.asarray(inside), strict=True)
            if 0 < area < min(MIN_INSIDE_M2, zone.geometry.area / 2)
        ],
    }
    return checked


def listed_zones(qpv: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the zones that a layer lists and does not measure, in its columns, with why (a code of ``note``).

    They lie in the territory with less than 1 ha: no figure is theirs, and none of them is passed over in silence.

    Examples
    --------
    >>> from essgeo import load_territory, read_layer
    >>> listed = listed_zones(read_layer(load_territory("est-ensemble"), "qpv"))
    >>> listed["note"].to_dict()
    {'QN09305I': 'listed_only inside_ha=0.3'}
    """
    rows = sorted(qpv.attrs.get("listed", []), key=lambda row: str(row["zone_id"]))
    table = pd.DataFrame(rows, columns=["zone_id", "name", "vintage", "cities", "note", "outline"]).set_index("zone_id")
    texts = [name for name in qpv.columns if name not in {*table.columns, qpv.active_geometry_name}]
    plain = table.drop(columns="outline").assign(**{**dict.fromkeys(texts, ""), "kind": "qpv"})
    return gpd.GeoDataFrame(plain, geometry=shapely.from_wkt(table["outline"].to_numpy(dtype=str)), crs=qpv.crs)


def polygonal(shapes: NDArray[np.object_]) -> list[shapely.Geometry]:
    """Return the shapes made valid, without the lines and points that this may leave.

    Examples
    --------
    >>> bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    >>> polygonal(np.array([bow]))[0].area
    2.0
    """
    parts = (shapely.get_parts(shape) for shape in shapely.make_valid(shapes))
    return [shapely.union_all([part for part in some if part.geom_type.endswith("Polygon")]) for some in parts]


def read_renewal(path: Path, *, headers: Headers = HEADERS) -> pd.DataFrame:
    r"""Return the renewal projects of a file under the names of the ``npnru`` table.

    Parameters
    ----------
    path
        Perimeters of projects, with where known a name, an ``interest`` (national or regional) and whether they are in
        the programme (``B_NPNRU``): a GeoJSON, GeoPackage, GeoParquet or Shapefile. Those that nothing names are called
        by their identifier, with a warning. Or a table of QPV, by their codes of 2015, of 2024 or of both
        (``qpv_2015``, ``qpv_2024``, ``code_qp`` ...).
    headers
        The names that columns carry in files; :func:`essgeo.official.catalogue.known_headers` adds those of the user.

    Returns
    -------
    GeoDataFrame or DataFrame
        Perimeters, in the CRS of the file, or a table; indexed by ``project_id``, with ``qpv_name``, ``project_name``,
        ``interest``, ``confidence`` and the codes that stand there.

    Raises
    ------
    SourceUnavailableError, InputError
        The file is missing or unreadable.
    SchemaError
        A row of a table without code, or no column for it.
    MissingCRSError
        Perimeters without CRS.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "npnru.csv"
    ...     _ = path.write_text("Code QP;Nom projet;Intérêt\nQN09301M;Les Rives;Régional\n")
    ...     read_renewal(path)[["qpv_2024", "project_name", "interest"]].values.tolist()
    [['QN09301M', 'Les Rives', 'regional']]
    """
    return renewal_projects(read_table(path), source=path.name, headers=headers)


def renewal_projects(raw: pd.DataFrame, *, source: str, headers: Headers = HEADERS) -> pd.DataFrame:
    """Return the renewal projects of a table or layer as :func:`read_renewal` does; ``source`` is named in messages."""
    shapes = isinstance(raw, gpd.GeoDataFrame) and raw.active_geometry_name is not None
    table = raw.rename(columns=guess_columns(raw.columns, headers["anru"]))
    codes = table.get("qpv_2015", pd.Series(dtype=str))
    if "qpv_2024" not in table and codes[codes != ""].str.startswith(PREFIXES["2024"]).all():
        table = table.rename(columns={"qpv_2015": "qpv_2024"})
    if shapes:
        table = _called(table, source)
    known = [name for name in ("qpv_2015", "qpv_2024") if name in table]
    if not known and not shapes:
        aliases = ", ".join(alias for name in ("qpv_2015", "qpv_2024") for alias in headers["anru"][name])
        seen = ", ".join(map(str, raw.columns))
        raise SchemaError(tell("npnru_column_missing", source=source, aliases=aliases, seen=seen))
    # Without an outline a project is known by its QPV alone, of either vintage: one of the codes must be there.
    blank = (table[known] == "").all(axis=1) & (not shapes)
    raise_faults(source, [(row_label(row), known[0], tell("is_empty")) for row in table.index[blank]])
    described = table.assign(
        **{name: "" for name in ("qpv_name", "project_name") if name not in table},
        interest=_interests(table),
        confidence=table.get("confidence", GIVEN),
        project_id=[f"npnru-{number}" for number in range(1, len(table) + 1)],
    )
    return described.set_index("project_id")


_IN_PROGRAMME = {"in_programme": ("b_npnru", "npnru", "en_npnru", "b_pru", "dans_le_npnru")}
"""Columns that say whether a perimeter is in the programme, as a flag."""


def _called(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return perimeters that all have a name: their own, else an identifier, else their number; the latter is told."""
    names = [table[name].astype(str) for name in ("project_name", "qpv_name") if name in table]
    given = names[0].where(names[0] != "", names[-1]) if names else pd.Series("", index=table.index, dtype=object)
    if (given != "").all():
        return table
    texts = [name for name in table.columns if name not in {table.active_geometry_name, "project_name", "qpv_name"}]
    told = [name for name in texts if table[name].is_unique and (table[name].astype(str) != "").all()]
    numbers = pd.Series([str(number) for number in range(1, len(table) + 1)], index=table.index)
    called = table[told[0]].astype(str) if told else numbers
    count = int((given == "").sum())
    message = plural("npnru_called", count, source=source, count=count, column=told[0] if told else tell("word_number"))
    warnings.warn(message, InputWarning, stacklevel=4)
    return table.assign(project_name=given.where(given != "", called))


def _interests(table: pd.DataFrame) -> pd.Series:
    """Return the interest of each project; what a flag says is out of the programme has none."""
    said = table["interest"].map(interest_of) if "interest" in table else pd.Series("unknown", index=table.index)
    flagged = guess_columns(map(str, table.columns), _IN_PROGRAMME)
    flags = [table[name].astype(str).map(simplify).map(FLAGS.get) for name in flagged]
    return said.mask(flags[0].eq(other=False), "none") if flags else said


def interest_of(text: str) -> str:
    """Return ``national``, ``regional``, ``none`` (not in the programme) or ``unknown`` for what a list says.

    Examples
    --------
    >>> [interest_of(text) for text in ("Intérêt régional", "NATIONAL", "PRIR", "none", "")]
    ['regional', 'national', 'regional', 'none', 'unknown']
    """
    plain = simplify(text)
    if plain in {"pin", "prin", "prir", "pir"}:  # projet (de renouvellement) d'intérêt national, régional
        return "national" if plain.endswith("in") else "regional"
    return next((interest for interest in ("national", "regional", "none") if interest in plain), "unknown")


def perimeters_in(
    projects: gpd.GeoDataFrame, *, file: str, crs: str, within: shapely.Geometry | None = None
) -> gpd.GeoDataFrame:
    """Return the perimeters of :func:`read_renewal` that lie in a territory, as the ``npnru`` layer; refuse none.

    ``zone_id`` is no code of a QPV, and ``vintage`` is that of the file, ``""`` where it says none: a perimeter has not
    the vintage of the QPV. What counts as in the territory is said at :func:`read_zones`.

    Examples
    --------
    >>> named = {"project_name": ["Les Rives"], "qpv_name": "", "interest": "regional", "confidence": "given"}
    >>> project = gpd.GeoDataFrame(named, geometry=[shapely.box(0, 0, 200, 200)], index=["npnru-1"], crs=2154)
    >>> perimeters_in(project, file="npnru.gpkg", crs="EPSG:2154")[["name", "kind", "interest"]].values.tolist()
    [['Les Rives', 'npnru', 'regional']]
    """
    require_crs(projects, file)
    listed = projects[projects["interest"] != "none"]
    named = listed.rename_geometry("geometry") if listed.geometry.name != "geometry" else listed
    names = named["project_name"].where(named["project_name"] != "", named["qpv_name"])
    outlines = named.reset_index(names="zone_id").assign(name=names.to_numpy())
    kept = clip_zones(outlines, file=file, crs=crs, vintage=GIVEN, within=within)
    if kept.empty:
        raise SchemaError(tell("no_perimeter_inside", file=file, named=len(named)))
    return kept.assign(
        kind="npnru",
        vintage=named.get("vintage", ""),
        programme=kept["name"],
        interest=named["interest"],
        confidence=named["confidence"],
    )


def renewal_zones(projects: pd.DataFrame, qpv: gpd.GeoDataFrame, *, vintage: str) -> gpd.GeoDataFrame:
    """Return the QPV in the urban renewal programme, each outline standing in for the perimeter of its project.

    No project perimeter is published for the whole country; the QPV outline is not it, and pages say so. Perimeters of
    projects that somebody gives win over it: :func:`perimeters_in`.

    Parameters
    ----------
    projects
        The ``npnru`` table.
    qpv
        The QPV of the territory, of one vintage.
    vintage
        That vintage: projects are joined by their code of that vintage, never by that of another.

    Returns
    -------
    GeoDataFrame
        The QPV with a project: ``programme`` joins the names of the projects by ``;``, ``interest`` is ``national`` if
        one of them is, and ``unknown`` only if all are; ``confidence``.

    Raises
    ------
    SchemaError
        There are projects, without codes of that vintage.

    Examples
    --------
    >>> zones = gpd.GeoDataFrame({"name": ["Nord"]}, geometry=[shapely.box(0, 0, 1, 1)], index=["QN1"], crs=2154)
    >>> project = {"qpv_2024": ["QN1"], "project_name": ["Projet"], "interest": ["regional"], "confidence": ["sure"]}
    >>> renewal_zones(pd.DataFrame(project), zones, vintage="2024")["programme"].to_dict()
    {'QN1': 'Projet'}
    """
    code = f"qpv_{vintage}"
    if projects.empty:
        projects = projects.assign(**{code: ""})  # no project is none of any vintage
    if code not in projects:
        known = ", ".join(column.removeprefix("qpv_") for column in projects if column in {"qpv_2015", "qpv_2024"})
        raise SchemaError(tell("npnru_of_other_vintage", code=code, known=known))
    named = projects[(projects["interest"] != "none") & (projects[code] != "")]
    by_zone = named.groupby(code).agg(
        programme=("project_name", lambda names: " ; ".join(filter(None, dict.fromkeys(names)))),
        interest=("interest", widest_interest),
        confidence=("confidence", lambda values: " ; ".join(dict.fromkeys(values))),
    )
    joined = qpv.join(by_zone, how="inner").assign(kind="npnru").rename_axis("zone_id")
    return cast("gpd.GeoDataFrame", joined)


def widest_interest(interests: pd.Series) -> str:
    """Return the interest of several projects together: ``national`` if one of them is, ``unknown`` only if all are."""
    return next(interest for interest in ("national", "regional", "unknown") if interest in set(interests))
