"""Answers kept on the disk, so that no address is asked twice: one SQLite file that several processes may share."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from essgeo.errors import InputError
from essgeo.geocoding.engine import MATCH_COLUMNS, MATCH_NUMBERS
from essgeo.sources.download.folders import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from essgeo.geocoding.engine import Engine

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
    >>> from essgeo.geocoding.engine import no_matches
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
