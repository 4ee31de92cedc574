"""Engines asked in turn, with a cache."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from tqdm.auto import tqdm

from essgeo.crs import GEOGRAPHIC
from essgeo.errors import InputError
from essgeo.files.redact import redact, restricted_rows
from essgeo.geocoding.corrections import corrected_points
from essgeo.geocoding.engines import MATCH_COLUMNS, MATCH_NUMBERS, distinct, no_matches, queries_of
from essgeo.geocoding.match import Local
from essgeo.geocoding.verdict import RADIUS_M, statuses
from essgeo.official.store import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from essgeo.geocoding.engines import Engine


FORMAT = 1
"""Written in the file; a file of another format is refused."""

FRESH_DAYS = 30.0
"""BAN changes every week: an older answer is asked again, unless it is all that a resumed run wants."""

_BUSY_S = 60.0

_DAY_S = 86_400.0

_TABLE = f"""
CREATE TABLE IF NOT EXISTS answers (
    engine TEXT NOT NULL, key TEXT NOT NULL, kept_at REAL NOT NULL,
    {", ".join(f"{name} {'REAL' if name in MATCH_NUMBERS else 'TEXT'}" for name in MATCH_COLUMNS)},
    PRIMARY KEY (engine, key)
) WITHOUT ROWID
"""


@dataclass(frozen=True)
class Cache:
    """A file of answers, keyed by normalised address and by name and version of the engine.

    Nothing touches the disk before the first answer is looked up or kept. Each batch is one transaction: after a kill,
    every batch that was kept is there.

    Parameters
    ----------
    path
        The SQLite file, made with its folder when first needed.
    fresh_days
        Answers older than this are not given back.
    clock
        Seconds since 1970; replaced in tests.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from essgeo.geocoding.service import Service
    >>> from essgeo.geocoding.engines import no_matches
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache = Cache(Path(folder) / "answers.sqlite")
    ...     cache.put(Service(), no_matches(pd.Index(["1 rue a||bondy|"])))
    ...     cache.get(Service(), pd.Index(["1 rue a||bondy|", "2 rue a||bondy|"])).index.tolist()
    ['1 rue a||bondy|']
    """

    path: Path
    fresh_days: float = FRESH_DAYS
    clock: Callable[[], float] = time.time

    def get(self, engine: Engine, keys: pd.Index) -> pd.DataFrame:
        """Return the answers that are kept for some of the keys.

        Raises
        ------
        InputError
            The file is no cache of essgeo, or is damaged.
        """
        oldest = self.clock() - self.fresh_days * _DAY_S
        columns = ", ".join(f"answers.{name}" for name in MATCH_COLUMNS)
        query = (
            f"SELECT wanted.key, {columns} FROM wanted JOIN answers "  # noqa: S608 (only our own column names)
            "ON answers.engine = ? AND answers.key = wanted.key WHERE answers.kept_at >= ?"
        )
        with self._open() as file:
            file.execute("CREATE TEMP TABLE wanted (key TEXT PRIMARY KEY)")
            file.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", ((key,) for key in keys))
            rows = file.execute(query, (_identity(engine), oldest)).fetchall()
        found = pd.DataFrame(rows, columns=["key", *MATCH_COLUMNS]).set_index("key")
        return found.astype(dict.fromkeys(MATCH_NUMBERS, float))

    def put(self, engine: Engine, matches: pd.DataFrame) -> None:
        """Keep answers, indexed by key; those the engine did not give (``no_answer``) are left out.

        Raises
        ------
        InputError
            As :meth:`get`.
        """
        kept = matches.loc[matches["reason"] != "no_answer", list(MATCH_COLUMNS)].astype("object")
        kept = kept.where(kept.notna(), None)
        marks = ", ".join("?" * (3 + len(MATCH_COLUMNS)))
        head = (_identity(engine), self.clock())
        rows = [(head[0], key, head[1], *values) for key, *values in kept.itertuples(name=None)]
        with self._open() as file:
            file.executemany(f"INSERT OR REPLACE INTO answers VALUES ({marks})", rows)  # noqa: S608 (question marks only)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = sqlite3.connect(self.path, timeout=_BUSY_S)
        except (OSError, sqlite3.Error) as error:
            message = f"{self.path}: the cache cannot be opened ({error}); give another file."
            raise InputError(message) from error
        try:
            self._prepare(file)
            with file:
                yield file
        except sqlite3.OperationalError as error:
            message = f"{self.path}: the cache cannot be used now ({error}). Close what holds it, or give another file."
            raise InputError(message) from error
        except sqlite3.DatabaseError as error:
            message = f"{self.path}: the cache is damaged ({error}). Delete the file: it is made again when needed."
            raise InputError(message) from error
        finally:
            file.close()

    def _prepare(self, file: sqlite3.Connection) -> None:
        """Make the table in a new file; refuse a file that is something else."""
        (made,) = file.execute("PRAGMA user_version").fetchone()
        if made != FORMAT:
            (tables,) = file.execute("SELECT count(*) FROM sqlite_master WHERE name <> 'answers'").fetchone()
            if made or tables:
                message = f"{self.path}: not a cache of this version of essgeo. Delete the file, or give another one."
                raise InputError(message)
            file.execute("PRAGMA journal_mode = WAL")
            file.execute(_TABLE)
            file.execute(f"PRAGMA user_version = {FORMAT}")
        file.execute("PRAGMA synchronous = NORMAL")


def default_cache() -> Path:
    """Return where the cache is kept unless the user says otherwise; nothing is made.

    Examples
    --------
    >>> default_cache().name
    'geocoding.sqlite'
    """
    return cache_folder() / "geocoding.sqlite"


def _identity(engine: Engine) -> str:
    return f"{engine.name} {engine.version}"


SURE = ("housenumber", "interpolated", "place")

SIRENE = "sirene"
"""``coord_source`` of a position that INSEE gives, and then the ``geo_engine``."""

BATCH_ROWS = 20_000
"""Queries that an engine is given at once, unless it says otherwise (``batch_rows``)."""

_SETTLED = ("located", "ambiguous")

_RANK = {"located": 0, "ambiguous": 1, "imprecise": 2, "not_found": 3}

_TEXTS = ("geo_status", "geo_precision", "geo_label", "geo_ban_id", "geo_citycode", "geo_engine", "geo_reason")

_NUMBERS = (
    "geo_score", "geo_margin", "geo_radius_m", "longitude", "latitude", "candidate_longitude", "candidate_latitude",
)  # fmt: skip

_FROM_MATCH = {
    "geo_precision": "precision", "geo_score": "score", "geo_margin": "margin", "geo_label": "label",
    "geo_ban_id": "ban_id", "geo_citycode": "citycode", "geo_reason": "reason", "geo_status": "status",
    "geo_engine": "engine",
}  # fmt: skip

_ORDER = (
    "geo_status", "geo_precision", "geo_score", "geo_margin", "geo_radius_m", "geo_label", "geo_ban_id", "geo_citycode",
    "geo_engine", "geo_reason", "longitude", "latitude", "candidate_longitude", "candidate_latitude",
)  # fmt: skip


def geocode(
    table: pd.DataFrame,
    *,
    using: pd.DataFrame | Engine | Sequence[Engine] | None = None,
    corrections: pd.DataFrame | None = None,
    crs: str = "EPSG:2154",
    progress: bool = False,
    cache: Cache | None = None,
) -> gpd.GeoDataFrame:
    """Return the structures with a position, or with the reason why they have none.

    Each distinct address is asked once. A correction wins over coordinates that the table has, these over the cache,
    and the cache over the engines. What an engine has not located, nor found ambiguous, goes to the next one.

    Parameters
    ----------
    table
        Structures: ``address`` and, where known, ``postcode``, ``city``, ``citycode``, ``lon``, ``lat`` (degrees),
        ``coord_precision``, ``coord_radius_m`` (metres, in place of the radius of that precision) and ``coord_source``
        (``sirene`` for the positions of :mod:`essgeo.official.sirene`).
    using
        Engines in order (an index of BAN, a service), or a small table of known addresses (the ``addresses`` layer).
        Without a service no connection is opened.
    corrections
        From :func:`essgeo.geocoding.read_corrections`.
    crs
        Metric CRS of the result.
    progress
        Show the pace and the time that remains, where standard error is a terminal.
    cache
        Where answers are looked up and kept. Masked rows never come near it.

    Returns
    -------
    GeoDataFrame
        The same index and columns without ``lon`` and ``lat``, points in ``crs`` (none where not located) and:

        - ``geo_status``: ``located``, ``corrected``, ``ambiguous``, ``imprecise``, ``not_found`` or ``masked``;
        - ``geo_precision``: ``housenumber``, ``interpolated``, ``street``, ``locality``, ``place``, ``municipality``
          or ``""``;
        - ``geo_score`` and ``geo_margin``: 0 to 1, of the match or best candidate, NaN for given coordinates;
        - ``geo_radius_m``: metres meant to hold 90 % of true positions, NaN where not located;
        - ``geo_label``, ``geo_ban_id``, ``geo_citycode``, ``geo_engine``, ``geo_reason``: address found or best
          candidate, its
          identifier in BAN and commune, who found it, why it is not located;
        - ``longitude``, ``latitude``, ``candidate_longitude``, ``candidate_latitude``: degrees.

        Rows that the law restricts (:func:`essgeo.files.redact.restricted_rows`) are emptied.

    Raises
    ------
    GeocoderError, RateLimitedError
        A service refuses, or does not answer; what it answered before is in the cache.
    InputError
        The cache cannot be used.

    Examples
    --------
    >>> table = pd.DataFrame({"address": ["1 rue A", ""], "city": "Bondy", "lon": [2.48, None], "lat": [48.9, None],
    ...                       "coord_precision": ["housenumber", ""]}, index=["a", "b"])
    >>> geocode(table)["geo_status"].to_dict()
    {'a': 'located', 'b': 'not_found'}
    """
    rows = table.reset_index(drop=True)
    masked = restricted_rows(rows)
    queries = queries_of(rows[~masked])
    found = pd.DataFrame({name: pd.Series("" if name in _TEXTS else float("nan"), index=rows.index) for name in _ORDER})
    found.loc[masked, ["geo_status", "geo_reason"]] = "masked"
    if corrections is not None:
        points = corrected_points(table.index[~masked], queries, corrections)
        _place(found, points, "corrected", "correction")
        queries = queries.drop(points.index)
    known = _known_points(rows.loc[queries.index])
    _place(found, known, "located", known["engine"])
    vague = known.index[~known["precision"].isin(SURE)]
    found.loc[vague, ["geo_status", "geo_reason"]] = ["imprecise", "vague_coordinates"]
    queries = queries.drop(known.index)
    _search(found, queries, _engines(using), cache, progress=progress)
    located = found["longitude"].notna()
    found["geo_radius_m"] = found["geo_precision"].map(RADIUS_M).where(located)
    found.loc[known.index, "geo_radius_m"] = known["radius_m"].fillna(found["geo_radius_m"])
    placed = points_of(found).to_crs(crs)
    kept = redact(rows.drop(columns=["lon", "lat", *_ORDER], errors="ignore"), masked)
    frame = gpd.GeoDataFrame(pd.concat([kept, found], axis=1), geometry=placed)
    return frame.set_axis(table.index)


def points_of(found: pd.DataFrame) -> gpd.GeoSeries:
    """Return the points of ``longitude`` and ``latitude`` in degrees, none where they are not known.

    Examples
    --------
    >>> points_of(pd.DataFrame({"longitude": [2.5, None], "latitude": [48.9, None]})).tolist()
    [<POINT (2.5 48.9)>, None]
    """
    shapes = np.full(len(found), None, dtype=object)
    known = found["longitude"].notna().to_numpy()
    shapes[known] = shapely.points(found.loc[known, ["longitude", "latitude"]].to_numpy(dtype=float))
    return gpd.GeoSeries(shapes, index=found.index, crs=GEOGRAPHIC)


def _known_points(table: pd.DataFrame) -> pd.DataFrame:
    given = table.reindex(columns=["lon", "lat", "coord_precision", "coord_radius_m", "coord_source"])
    known = given[given["lon"].notna() & given["lat"].notna()]
    return pd.DataFrame(
        {
            "lon": known["lon"],
            "lat": known["lat"],
            "precision": known["coord_precision"].astype("object").replace("", None).fillna("place"),
            "radius_m": pd.to_numeric(known["coord_radius_m"]),
            "engine": known["coord_source"].where(known["coord_source"] == SIRENE, "register"),
        }
    )


def _place(found: pd.DataFrame, points: pd.DataFrame, status: str, engine: str | pd.Series) -> None:
    rows = points.index
    found.loc[rows, ["longitude", "latitude"]] = points[["lon", "lat"]].to_numpy(dtype=float)
    found.loc[rows, "geo_precision"] = points["precision"]
    found.loc[rows, "geo_status"] = status
    found.loc[rows, "geo_engine"] = engine


def _engines(using: pd.DataFrame | Engine | Sequence[Engine] | None) -> list[Engine]:
    if using is None:
        return []
    if isinstance(using, pd.DataFrame):
        return [Local.of(using)]
    return list(using) if isinstance(using, Sequence) else [using]


def _search(
    found: pd.DataFrame, queries: pd.DataFrame, engines: list[Engine], cache: Cache | None, *, progress: bool
) -> None:
    """Ask the engines in order for each distinct address, and write the best that is known of it on its rows."""
    empty = queries.index[queries["address"] == ""]
    found.loc[empty, ["geo_status", "geo_reason"]] = ["not_found", "no_address"]
    asked, keys = distinct(queries.drop(empty))
    best = no_matches(asked.index, "no_index").assign(status="not_found", engine="")
    for engine in engines:
        waiting = asked[~best["status"].isin(_SETTLED)]
        matches = _answers(engine, waiting, cache, progress=progress)
        matches = matches.assign(status=statuses(matches), engine=engine.name)
        before = best.loc[matches.index]
        better = matches["status"].map(_RANK) < before["status"].map(_RANK)
        better |= before["engine"] == ""
        best.loc[matches.index[better]] = matches.loc[better, best.columns]
    best.loc[best["lon"].isna(), ["score", "margin"]] = float("nan")
    rows = best.loc[keys].set_axis(keys.index)
    for name, source in _FROM_MATCH.items():
        found.loc[rows.index, name] = rows[source]
    located = rows["status"] == "located"
    for place, which in (("", located), ("candidate_", ~located)):
        found.loc[rows.index[which], [f"{place}longitude", f"{place}latitude"]] = rows.loc[
            which, ["lon", "lat"]
        ].to_numpy()


def _answers(engine: Engine, queries: pd.DataFrame, cache: Cache | None, *, progress: bool) -> pd.DataFrame:
    """Return the matches of an engine: from the cache, then batch by batch, each kept as soon as it is there."""
    known = cache.get(engine, queries.index) if cache else no_matches(queries.index[:0])
    waiting = queries[~queries.index.isin(known.index)]
    size = getattr(engine, "batch_rows", BATCH_ROWS)
    parts = [known] if len(known) else []
    with tqdm(
        total=len(queries), initial=len(known), desc=engine.name, unit=" addresses", disable=None if progress else True
    ) as bar:
        for start in range(0, len(waiting), size):
            batch = waiting.iloc[start : start + size]
            answered = engine.match(batch)[list(MATCH_COLUMNS)]
            if cache:
                cache.put(engine, answered)
            parts.append(answered)
            bar.update(len(batch))
    return pd.concat(parts) if parts else known
