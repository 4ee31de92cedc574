"""The renewal projects (NPNRU) that a user or a territory gives: perimeters of projects, or a list of QPV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from essgeo.crs import require_crs
from essgeo.errors import SchemaError
from essgeo.files.outlines import PREFIXES, clip_zones
from essgeo.files.tables import read_table
from essgeo.schema.columns import HEADERS
from essgeo.schema.headers import guess_columns, simplify
from essgeo.schema.validate import raise_faults

if TYPE_CHECKING:
    from pathlib import Path

    import shapely


CODES = ("qpv_2015", "qpv_2024")

GIVEN = "given"
"""What is said of how sure a project is, where the file of the user says nothing of it."""

_TEXT = ("qpv_name", "project_name")


def read_renewal(path: Path) -> pd.DataFrame:
    r"""Return the renewal projects of a file under the names of the ``npnru`` table.

    Parameters
    ----------
    path
        Perimeters of projects, with a name and where known an ``interest`` (national or regional): a GeoJSON,
        GeoPackage, GeoParquet or Shapefile. Or a table of QPV, by their codes of 2015, of 2024 or of both
        (``qpv_2015``, ``qpv_2024``, ``code_qp`` ...).

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
        A perimeter without name, a row of a table without code, or no column for them.
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
    raw = read_table(path)
    shapes = isinstance(raw, gpd.GeoDataFrame) and raw.active_geometry_name is not None
    table = raw.rename(columns=guess_columns(raw.columns, HEADERS["anru"]))
    codes = table.get("qpv_2015", pd.Series(dtype=str))
    if "qpv_2024" not in table and codes[codes != ""].str.startswith(PREFIXES["2024"]).all():
        table = table.rename(columns={"qpv_2015": "qpv_2024"})
    wanted = ("project_name", "qpv_name") if shapes else CODES
    known = [name for name in wanted if name in table]
    if not known:
        aliases = ", ".join(alias for name in wanted for alias in HEADERS["anru"][name])
        message = (
            f"{path.name}: no column with {'the name of each project' if shapes else 'codes of QPV'} (known as "
            f"{aliases}). Columns seen: {', '.join(map(str, raw.columns))}."
        )
        raise SchemaError(message)
    blank = (table[known] == "").all(axis=1)
    raise_faults(path.name, [(int(row), known[0], "is empty") for row in table.index[blank]])
    empty = {name: "" for name in _TEXT if name not in table}
    described = table.assign(
        **empty,
        interest=table["interest"].map(interest_of) if "interest" in table else "unknown",
        confidence=table.get("confidence", GIVEN),
        project_id=[f"npnru-{number}" for number in range(1, len(table) + 1)],
    )
    return described.set_index("project_id")


def interest_of(text: str) -> str:
    """Return ``national``, ``regional``, ``none`` (not in the programme) or ``unknown`` for what a list says.

    Examples
    --------
    >>> [interest_of(text) for text in ("Intérêt régional", "NATIONAL", "none", "")]
    ['regional', 'national', 'none', 'unknown']
    """
    plain = simplify(text)
    return next((interest for interest in ("national", "regional", "none") if interest in plain), "unknown")


def perimeters_in(
    projects: gpd.GeoDataFrame, *, file: str, crs: str, within: shapely.Geometry | None = None
) -> gpd.GeoDataFrame:
    """Return the perimeters of renewal projects that lie in a territory, as the ``npnru`` layer.

    Parameters
    ----------
    projects
        Perimeters from :func:`read_renewal`.
    file
        Its name, for messages.
    crs
        CRS of the result.
    within
        The territory, in ``crs``; what counts as in it is said at :func:`essgeo.files.outlines.read_zones`.

    Returns
    -------
    GeoDataFrame
        As :func:`essgeo.files.layers.renewal_zones`, indexed by ``zone_id``, which is no code of a QPV. ``vintage``
        is that of the file, ``""`` where it says none: a perimeter has not the vintage of the QPV.

    Raises
    ------
    SchemaError
        None of them has some ground in the territory.
    MissingCRSError
        No CRS.

    Examples
    --------
    >>> import shapely
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
        message = f"{file}: none of its {len(named)} perimeters lies in the territory; is it the right file and CRS?"
        raise SchemaError(message)
    return kept.assign(
        kind="npnru",
        vintage=named.get("vintage", ""),
        programme=kept["name"],
        interest=named["interest"],
        confidence=named["confidence"],
    )
