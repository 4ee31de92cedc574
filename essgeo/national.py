"""All of France by department: the same functions in one process or on a Dask cluster, taken up after a failure.

Split the register by department once, then run each stage; without a ``client`` it runs in this process::

    from distributed import Client

    departments = split_by_department(register, "work/structures")
    located = run_partitions(
        partial(geocode_department, structures=Path("work/structures"), ban=Path("ban"), index=Path("work/index")),
        departments,
        "work/located",
        inputs=[Path("work/structures"), Path("ban")],
        client=Client("scheduler:8786"),
    )
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import shapely
from tqdm.auto import tqdm

from essgeo.access import travel_cost
from essgeo.access.walking import reach_m
from essgeo.crs import GEOGRAPHIC, legal_crs
from essgeo.errors import PartitionError
from essgeo.files.provenance import sha256_of
from essgeo.gaps import area_coverage, iris_areas
from essgeo.gaps.reach import THEME_ROWS
from essgeo.geocoding import Local, geocode
from essgeo.messages import tell
from essgeo.register import counted_on
from essgeo.results import Parameters
from essgeo.schema.codes import department_of
from essgeo.uncertainty import WIDEST
from essgeo.zoning import locate_in

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dask_geopandas import GeoDataFrame as LazyFrame
    from distributed import Client


MANIFEST = "manifest.json"

RETRIES = 1


@dataclass(frozen=True)
class Part:
    """A finished partition: its rows, and the hash of its file."""

    rows: int
    sha256: str


def run_partitions(
    work: Callable[[str], pd.DataFrame],
    keys: Iterable[str],
    folder: Path | str,
    *,
    inputs: Sequence[Path] = (),
    client: Client | None = None,
    progress: bool = False,
) -> list[Path]:
    """Run a function for each key and keep each result as a Parquet file of its own.

    A result takes its place whole or not at all, and the manifest of the folder says with which function, options and
    inputs it was made. Run again after a failure, only what is not finished is done; where the function, an option or
    an input has changed since, everything is.

    Parameters
    ----------
    work
        Takes a key and returns a DataFrame or GeoDataFrame. A function of a module, or a :func:`functools.partial` of
        one, so that it reaches the workers of a cluster. It must give the same rows whenever it is given the same key.
    keys
        Partitions, such as departments.
    folder
        Where ``<key>.parquet`` and ``manifest.json`` go; on a cluster, a folder that every worker sees.
    inputs
        Files and folders that the results rest on, known by their content.
    client
        A Dask cluster; by default the keys are worked one after the other in this process. A partition whose worker
        dies goes to another one.
    progress
        Show how many partitions remain, where standard error is a terminal or in a notebook.

    Returns
    -------
    list of Path
        The files, in the order of ``keys``.

    Raises
    ------
    PartitionError
        Partitions failed; the message names each with its reason, and the others are kept.

    Examples
    --------
    >>> import tempfile
    >>> def rows(key: str) -> pd.DataFrame:
    ...     return pd.DataFrame({"key": [key], "length": [len(key)]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = run_partitions(rows, ["93", "2A"], folder)
    ...     read_partitions(files).values.tolist()
    [['93', 2], ['2A', 2]]
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    keys = list(dict.fromkeys(keys))
    identity = _identity(work, inputs)
    kept = _kept(folder, identity)
    waiting = [key for key in keys if key not in kept]
    failed: dict[str, BaseException] = {}
    results = _one_by_one(work, waiting, folder) if client is None else _on_cluster(client, work, waiting, folder)
    bar = tqdm(results, total=len(keys), initial=len(keys) - len(waiting), disable=None if progress else True)
    for key, done in bar:
        if isinstance(done, Part):
            kept[key] = done
            _write_manifest(folder, identity, kept)
        else:
            failed[key] = done
    if failed:
        reasons = "; ".join(f"{key} ({type(why).__name__}: {why})" for key, why in sorted(failed.items()))
        message = tell("partitions_failed", failed=len(failed), keys=len(keys), reasons=reasons, folder=folder)
        raise PartitionError(message) from next(iter(failed.values()))
    return [_file(folder, key) for key in keys]


def read_partitions(files: Sequence[Path]) -> pd.DataFrame:
    """Return the rows of partitions one after the other, with their index.

    Parameters
    ----------
    files
        From :func:`run_partitions`; at least one.

    Returns
    -------
    DataFrame or GeoDataFrame
        Layers in different CRS (overseas departments have their own) come in WGS 84.
    """
    frames: list[pd.DataFrame] = [
        gpd.read_parquet(path) if b"geo" in (pq.read_schema(path).metadata or {}) else pd.read_parquet(path)
        for path in files
    ]
    systems = {frame.crs for frame in frames if isinstance(frame, gpd.GeoDataFrame)}
    if len(systems) > 1:
        frames = [frame.to_crs(GEOGRAPHIC) for frame in frames if isinstance(frame, gpd.GeoDataFrame)]
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled) if filled else frames[0]


def open_partitions(files: Sequence[Path]) -> LazyFrame:
    """Return the layers of partitions as one lazy frame of dask-geopandas, for what does not fit in memory.

    Parameters
    ----------
    files
        From :func:`run_partitions`, all in one CRS.
    """
    from dask_geopandas import read_parquet  # noqa: PLC0415 (an optional dependency)

    return read_parquet([str(path) for path in files])


def _keep(work: Callable[[str], pd.DataFrame], key: str, folder: Path) -> Part:
    """Do one partition and put its file in its place; two workers may do so at once, the last one wins."""
    frame = work(key)
    path = _file(folder, key)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if isinstance(frame, gpd.GeoDataFrame):
            frame.to_parquet(draft, schema_version="1.1.0", write_covering_bbox=True)
        else:
            frame.to_parquet(draft)
        part = Part(len(frame), sha256_of(draft))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return part


def _one_by_one(
    work: Callable[[str], pd.DataFrame], keys: Sequence[str], folder: Path
) -> Iterator[tuple[str, Part | BaseException]]:
    for key in keys:
        try:
            done: Part | BaseException = _keep(work, key, folder)
        except Exception as error:  # noqa: BLE001 (whatever stops one department, the others go on)
            done = error
        yield key, done


def _on_cluster(
    client: Client, work: Callable[[str], pd.DataFrame], keys: Sequence[str], folder: Path
) -> Iterator[tuple[str, Part | BaseException]]:
    from distributed import as_completed  # noqa: PLC0415 (an optional dependency)

    futures = {client.submit(_keep, work, key, folder, pure=False, retries=RETRIES): key for key in keys}
    for future in as_completed(futures):  # type: ignore[no-untyped-call]
        yield futures[future], future.exception() or future.result()


def _identity(work: Callable[[str], pd.DataFrame], inputs: Sequence[Path]) -> str:
    """Return a hash of what the results depend on: the function, its options, its files."""
    function, given = (
        (work.func, (*work.args, *sorted(work.keywords.items()))) if isinstance(work, partial) else (work, ())
    )
    files = [file for path in inputs for file in ([path] if path.is_file() else sorted(path.rglob("*.*")))]
    made_by = [function.__module__, function.__qualname__, [str(value) for value in given]]
    return hashlib.sha256(json.dumps([made_by, [(str(file), sha256_of(file)) for file in files]]).encode()).hexdigest()


def _kept(folder: Path, identity: str) -> dict[str, Part]:
    """Return the finished partitions of the same run whose files are as they were written."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if manifest.get("identity") != identity:
        return {}
    return {
        key: Part(**part)
        for key, part in manifest["parts"].items()
        if _file(folder, key).is_file() and sha256_of(_file(folder, key)) == part["sha256"]
    }


def _write_manifest(folder: Path, identity: str, parts: dict[str, Part]) -> None:
    draft = folder / f".{MANIFEST}"
    content = {"identity": identity, "parts": {key: asdict(part) for key, part in sorted(parts.items())}}
    draft.write_text(json.dumps(content, indent=1), encoding="utf-8")
    draft.replace(folder / MANIFEST)


def _file(folder: Path, key: str) -> Path:
    return folder / f"{key}.parquet"


TILE_M = 5_000.0
"""Side of the tiles by which the zones of France are cut for a department: any side gives the same rows."""

NOWHERE = "00"
"""The partition of rows that name no department."""

_OF_STRUCTURES = ["sectors", "challenges", "status", "active_from", "active_to", "geometry"]


def split_by_department(table: pd.DataFrame, folder: Path | str) -> list[str]:
    """Write a table as one Parquet file a department, and return the departments.

    Parameters
    ----------
    table
        A DataFrame or GeoDataFrame with ``citycode``; where that is empty, ``postcode`` tells the department if it can.
    folder
        Where ``<department>.parquet`` go, rows in their order; ``00.parquet`` holds those of no known department.

    Examples
    --------
    >>> import tempfile
    >>> table = pd.DataFrame({"citycode": ["93010", "2A004", "", "97411"], "postcode": ["", "", "75011", ""]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     split_by_department(table, folder)
    ['2A', '75', '93', '974']
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    departments = _department(table["citycode"])
    if "postcode" in table:
        # 20 is both of Corsica, where the postcode alone does not tell.
        departments = departments.mask(departments == NOWHERE, _department(table["postcode"]).replace("20", NOWHERE))
    for department, rows in table.groupby(departments.to_numpy(), sort=True):
        rows.to_parquet(folder / f"{department}.parquet")
    return sorted(departments.unique())


def _department(code: pd.Series) -> pd.Series:
    """Return the department that codes of five characters begin with, three characters overseas."""
    text = code.fillna("").astype(str)
    return text.map(department_of).where(text.str.fullmatch(r"(?:\d\d|2[AB])\d{3}"), NOWHERE)


def geocode_department(department: str, *, structures: Path, ban: Path, index: Path) -> gpd.GeoDataFrame:
    """Return the structures of a department with their position, from its file of the Base Adresse Nationale.

    Parameters
    ----------
    department
        Code, such as ``93`` or ``974``.
    structures
        Folder of :func:`split_by_department`.
    ban
        Folder of ``adresses-<department>.csv.gz``; without one, only rows with coordinates are located.
    index
        Folder to build the index of addresses in, once.

    Returns
    -------
    GeoDataFrame
        As :func:`essgeo.geocode` returns it, in the legal metric CRS of the department (:func:`essgeo.crs.legal_crs`).
    """
    table = pd.read_parquet(structures / f"{department}.parquet")
    files = sorted(ban.glob(f"adresses-{department}*.csv*"))
    engine = Local.read(files, index) if files else None
    return geocode(table, using=engine, crs=legal_crs(department))


def overlay_department(
    department: str, *, structures: Path, zones: Path, near_m: Sequence[float] = Parameters.near_m
) -> pd.DataFrame:
    """Return the zones of all France that each located structure of a department lies in or near.

    Parameters
    ----------
    department
        Code.
    structures
        Folder of what :func:`geocode_department` returned, by department.
    zones
        GeoParquet file of the zones of all departments: the nearest may lie in the next one.
    near_m
        As for :func:`essgeo.locate_in`.

    Returns
    -------
    DataFrame
        As :func:`essgeo.locate_in` returns it.
    """
    points = gpd.read_parquet(structures / f"{department}.parquet")
    reach_m = max([*near_m, WIDEST * points["geo_radius_m"].max() if points["geo_radius_m"].notna().any() else 0.0])
    return locate_in(points, _zones_near(points, gpd.read_parquet(zones).to_crs(points.crs), reach_m), near_m=near_m)


def _zones_near(points: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, reach_m: float) -> gpd.GeoDataFrame:
    """Return the zones that any point may lie within reach of, or have as its nearest: no other can be in its rows."""
    # By tiles, as a department has many points and few tiles: tiles x zones is small, and bounds on boxes are enough.
    xy = shapely.get_coordinates(points.geometry[points.geometry.notna()].array)
    cell = np.unique(np.floor(xy / TILE_M), axis=0)  # tiles with a point, x 2
    low, high = cell[:, None] * TILE_M, (cell[:, None] + 1) * TILE_M  # tiles x 1 x 2
    bounds = shapely.bounds(np.asarray(zones.geometry.array))  # zones x 4
    # Tiles x zones: no point of the tile is nearer to the zone than ``least``, nor farther from it than ``most``.
    gap = np.maximum(np.maximum(bounds[:, :2] - high, low - bounds[:, 2:]), 0.0)
    span = np.maximum(bounds[:, 2:] - low, high - bounds[:, :2])
    least, most = np.hypot(*gap.transpose(2, 0, 1)), np.hypot(*span.transpose(2, 0, 1))
    # The nearest zone of a point is no farther than the least of ``most``, whatever lies between.
    needed = least <= np.maximum(most.min(axis=1, initial=np.inf), reach_m)[:, None]
    return zones[needed.any(axis=0)]


def coverage_department(
    department: str,
    *,
    demand: Path,
    structures: Sequence[Path],
    as_of: dt.date,
    within_minutes: int = Parameters.walk_minutes,
    speed_kmh: float = Parameters.speed_kmh,
    detour: float | None = None,
) -> pd.DataFrame:
    """Return the share of the residents of each IRIS of a department within a walk of a structure, by theme.

    Structures of the departments around count where the walk reaches them.

    Parameters
    ----------
    department
        Code.
    demand
        Folder of demand points by department, from :func:`split_by_department`.
    structures
        Files of what :func:`geocode_department` returned, of all departments.
    as_of
        Day on which a structure must be active to count.
    within_minutes, speed_kmh, detour
        The walk, in a straight line.

    Returns
    -------
    DataFrame
        As :func:`essgeo.gaps.area_coverage` returns it: shares without intervals.
    """
    points = gpd.read_parquet(demand / f"{department}.parquet")
    counted = _structures_near(points, structures, reach_m(within_minutes, speed_kmh, detour))
    counted = counted[counted_on(counted, as_of)]
    cost = travel_cost(points, counted, max_minutes=within_minutes, speed_kmh=speed_kmh, detour=detour)
    everything = np.ones(len(THEME_ROWS), dtype=bool)  # what is not read here may be known elsewhere
    return area_coverage(counted, iris_areas(points), cost, within_minutes=within_minutes, offered=everything)


def _structures_near(points: gpd.GeoDataFrame, structures: Sequence[Path], reach_m: float) -> gpd.GeoDataFrame:
    """Return the located structures of any department in the box of these points, widened by the walk."""
    west, south, east, north = points.total_bounds
    box = (west - reach_m, south - reach_m, east + reach_m, north + reach_m)
    touching = [path for path in structures if _touches(path, box)] or structures[:1]
    # Only the rows inside the box come. A department in another CRS lies overseas, out of any walk; where nothing is
    # near, an empty frame of the same columns stands in.
    parts = [gpd.read_parquet(path, columns=_OF_STRUCTURES, bbox=box) for path in touching]
    near = [part for part in parts if part.crs == points.crs and len(part)]
    return pd.concat(near) if near else parts[0].iloc[:0].set_crs(points.crs, allow_override=True)


def _touches(path: Path, box: tuple[float, float, float, float]) -> bool:
    """Tell by the footer of a GeoParquet file whether its points may lie in a box of the same CRS."""
    bounds = _bounds(path, path.stat().st_mtime_ns)
    return not bounds or shapely.box(*box).intersects(shapely.box(*bounds))


@cache
def _bounds(path: Path, _changed_at: int) -> tuple[float, float, float, float] | None:
    """Return the bounds in the footer of a GeoParquet file, read once a process; none where it has none."""
    bounds = json.loads(pq.read_schema(path).metadata[b"geo"])["columns"]["geometry"].get("bbox")
    return (bounds[0], bounds[1], bounds[2], bounds[3]) if bounds else None
