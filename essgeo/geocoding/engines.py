"""Engines: the four names that each has, the queries it is asked, and a cache of what it answered."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pandas as pd
from rapidfuzz import fuzz

from essgeo.errors import InputError
from essgeo.geocoding.communes import city_key
from essgeo.geocoding.spelling import fold_all
from essgeo.messages import tell
from essgeo.official.store import cache_folder
from essgeo.schema.cells import without_contacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


QUERY_COLUMNS = ("address", "postcode", "city", "citycode")

MATCH_NUMBERS = ("score", "margin", "lon", "lat", "radius_m")

MATCH_COLUMNS = ("precision", "label", "ban_id", "citycode", "reason", *MATCH_NUMBERS)

CANDIDATE_COLUMNS = ("query", "rank", "label", "score", "precision", "ban_id", "citycode", "lon", "lat")

MAX_CANDIDATES = 3

UNANSWERED = ("no_answer", "service_error")
"""Reasons why another run may have an answer."""


class Engine(Protocol):
    """A geocoder that answers in batches; ``name`` and ``version`` are the key of what a cache keeps."""

    @property
    def name(self) -> str:
        """Written in ``geo_engine``."""
        ...

    @property
    def version(self) -> str:
        """What changes whenever the same query may get another answer."""
        ...

    def match(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return the best match of each query.

        Parameters
        ----------
        queries
            Text columns ``address``, ``postcode``, ``city``, ``citycode``, ``""`` where not known.

        Returns
        -------
        DataFrame
            The index of ``queries``: ``score`` and ``margin`` (0 to 1, the margin 1 where there is no other place),
            ``precision`` (``housenumber``, ``interpolated``, ``street``, ``locality``, ``municipality`` or ``""``),
            ``label``,
            ``ban_id``, ``citycode``, ``lon``, ``lat`` (degrees, NaN where there is none), ``radius_m`` (NaN: that of
            the precision), ``reason``.
        """
        ...

    def candidates(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return up to three candidates of each query.

        Returns
        -------
        DataFrame
            RangeIndex; ``query`` (index of the query), ``rank`` (from 1), ``label``, ``score``, ``precision``,
            ``ban_id``, ``citycode``, ``lon``, ``lat``.
        """
        ...


def no_matches(index: pd.Index, reason: str = "") -> pd.DataFrame:
    """Return matches that found nothing."""
    frame = pd.DataFrame("", index=index, columns=list(MATCH_COLUMNS), dtype="object")
    return frame.assign(reason=reason, score=0.0, margin=0.0, lon=float("nan"), lat=float("nan"), radius_m=float("nan"))


_POSTCODE = re.compile(r"^(?P<address>.*?)[\s,;-]*\b(?P<postcode>\d{5})\s+(?P<city>[^\W\d].*)$")

_DISTRICT = re.compile(r"\b(?:cedex|\d{1,2} ?(?:er|e|eme)?)\b.*$")


def plain_text(text: str) -> str:
    r"""Return a text without control, format and unpaired characters, spaces single.

    >>> plain_text("12\x00 rue\u202e  des\tLilas\n")
    '12 rue des Lilas'
    """
    if not (text.isascii() and text.isprintable()):
        spaced = "".join(" " if character.isspace() else character for character in text)
        text = "".join(c for c in spaced if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    return " ".join(text.split())


def queries_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return the query that each row of a table asks (columns :data:`QUERY_COLUMNS`), in clean text, ``""`` for none.

    A row with nothing but an address that ends in a postcode and a commune is split into the three. Telephones and
    e-mail addresses are left out.

    >>> queries_of(pd.DataFrame({"address": ["12 rue des Lilas, 93140 Bondy", None]})).to_numpy().tolist()
    [['12 rue des Lilas', '93140', 'Bondy', ''], ['', '', '', '']]
    """
    found: dict[str, list[str]] = {}
    for name in QUERY_COLUMNS:
        cells = table[name].astype("object").where(table[name].notna(), "").tolist() if name in table else []
        texts = {cell: plain_text(str(cell)) for cell in dict.fromkeys(cells)}
        if name == "address":
            texts = {cell: without_contacts(text) for cell, text in texts.items()}
        found[name] = [texts[cell] for cell in cells] or [""] * len(table)
    places = zip(found["postcode"], found["city"], strict=True)
    for row, (address, place) in enumerate(zip(found["address"], places, strict=True)):
        if address and not any(place) and (parts := _POSTCODE.match(address)):
            for name, text in parts.groupdict().items():
                found[name][row] = text
    return pd.DataFrame(found, index=table.index, dtype="object")


def distinct(queries: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return one query for each distinct address, indexed by key, and the key of each row of ``queries``.

    Two writings of an address that differ in case, accents, apostrophes or points only are one. A text
    without a Latin letter stands for itself.

    >>> table = {"address": ["1 rue d'Été", "1 RUE D ETE"], "postcode": "", "city": "Bondy", "citycode": ""}
    >>> one, keys = distinct(pd.DataFrame(table))
    >>> one.index.tolist(), keys.tolist()
    (['1 rue d ete||bondy|'], ['1 rue d ete||bondy|', '1 rue d ete||bondy|'])
    """
    rows = list(zip(*(queries[name].tolist() for name in QUERY_COLUMNS), strict=True))
    unique = list(dict.fromkeys(rows))
    columns = [[row[place] for row in unique] for place in range(len(QUERY_COLUMNS))]
    folded = [fold_all(column) for column in columns]
    folded[0] = [short or text for short, text in zip(folded[0], columns[0], strict=True)]
    keys = dict(zip(unique, map("|".join, zip(*folded, strict=True)), strict=True))
    first: dict[str, tuple[str, ...]] = {}
    for row, key in keys.items():
        first.setdefault(key, row)
    one = pd.DataFrame(list(first.values()), columns=list(QUERY_COLUMNS), dtype="object")
    one = one.set_axis(pd.Index(list(first), dtype="str", name="key"))
    return one, pd.Series([keys[row] for row in rows], queries.index, dtype="str", name="key")


def same_city(city: str, others: Iterable[str], *, likeness: float) -> bool:
    """Return whether a commune is one of several names, arrondissements and CEDEX apart.

    >>> same_city("PARIS 12 CEDEX", ["Paris"], likeness=85), same_city("Bondy", ["Pantin"], likeness=85)
    (True, False)
    """
    wanted, *names = (_DISTRICT.sub("", city_key(name)).strip() for name in (city, *filter(None, others)))
    return any(fuzz.ratio(wanted, name) >= likeness for name in names)


FORMAT = 2
"""Written in the file; the first had no radius, and any other is refused."""

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
        columns = ", ".join(f"answers.{name}" for name in MATCH_COLUMNS)
        query = (
            f"SELECT wanted.key, {columns} FROM wanted JOIN answers "  # noqa: S608 (only our own column names)
            "ON answers.engine = ? AND answers.key = wanted.key WHERE answers.kept_at >= ?"
        )
        with self._open() as file:
            file.execute("CREATE TEMP TABLE wanted (key TEXT PRIMARY KEY)")
            file.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", ((key,) for key in keys))
            oldest = self.clock() - self.fresh_days * _DAY_S
            rows = file.execute(query, (f"{engine.name} {engine.version}", oldest)).fetchall()
        found = pd.DataFrame(rows, columns=["key", *MATCH_COLUMNS]).set_index("key")
        return found.astype(dict.fromkeys(MATCH_NUMBERS, float))

    def put(self, engine: Engine, matches: pd.DataFrame) -> None:
        """Keep answers, indexed by key; those the engine did not give (:data:`UNANSWERED`) are left out.

        Raises
        ------
        InputError
            As :meth:`get`.
        """
        kept = matches.loc[~matches["reason"].isin(UNANSWERED), list(MATCH_COLUMNS)].astype("object")
        kept = kept.where(kept.notna(), None)
        name, now = f"{engine.name} {engine.version}", self.clock()
        rows = [(name, key, now, *values) for key, *values in kept.itertuples(name=None)]
        marks = ", ".join("?" * (3 + len(MATCH_COLUMNS)))
        with self._open() as file:
            file.executemany(f"INSERT OR REPLACE INTO answers VALUES ({marks})", rows)  # noqa: S608 (question marks only)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = sqlite3.connect(self.path, timeout=_BUSY_S)
        except (OSError, sqlite3.Error) as error:
            raise InputError(tell("cache_unopened", path=self.path, error=error)) from error
        try:
            self._prepare(file)
            with file:
                yield file
        except sqlite3.OperationalError as error:
            raise InputError(tell("cache_busy", path=self.path, error=error)) from error
        except sqlite3.DatabaseError as error:
            raise InputError(tell("cache_damaged", path=self.path, error=error)) from error
        finally:
            file.close()

    def _prepare(self, file: sqlite3.Connection) -> None:
        """Make the table in a new file; refuse a file that is something else."""
        (made,) = file.execute("PRAGMA user_version").fetchone()
        if made == 1:
            file.execute("ALTER TABLE answers ADD COLUMN radius_m REAL")
            file.execute(f"PRAGMA user_version = {FORMAT}")
        elif made != FORMAT:
            (tables,) = file.execute("SELECT count(*) FROM sqlite_master WHERE name <> 'answers'").fetchone()
            if made or tables:
                raise InputError(tell("cache_of_other_version", path=self.path))
            file.execute("PRAGMA journal_mode = WAL")
            file.execute(_TABLE)
            file.execute(f"PRAGMA user_version = {FORMAT}")
        file.execute("PRAGMA synchronous = NORMAL")


def default_cache() -> Path:
    """Return where the cache is kept unless the user says otherwise (``geocoding.sqlite``); nothing is made."""
    return cache_folder() / "geocoding.sqlite"
