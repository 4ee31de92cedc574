"""The four names of an engine, and the queries it is asked."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Protocol

import pandas as pd
from rapidfuzz import fuzz

from essgeo.geocoding.communes import city_key
from essgeo.geocoding.spelling import fold_all

if TYPE_CHECKING:
    from collections.abc import Iterable


QUERY_COLUMNS = ("address", "postcode", "city", "citycode")

MATCH_TEXT = ("precision", "label", "ban_id", "citycode", "reason")

MATCH_NUMBERS = ("score", "margin", "lon", "lat")

MATCH_COLUMNS = (*MATCH_TEXT, *MATCH_NUMBERS)

CANDIDATE_COLUMNS = ("query", "rank", "label", "score", "precision", "ban_id", "citycode", "lon", "lat")

MAX_CANDIDATES = 3


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
            ``ban_id``, ``citycode``, ``lon``, ``lat`` (degrees, NaN where there is none), ``reason``.
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
    """Return matches that found nothing.

    Examples
    --------
    >>> no_matches(pd.Index(["a"]), "no_answer")[["score", "label", "reason"]].to_dict("records")
    [{'score': 0.0, 'label': '', 'reason': 'no_answer'}]
    """
    frame = pd.DataFrame("", index=index, columns=list(MATCH_TEXT), dtype="object")
    frame["reason"] = reason
    return frame.assign(score=0.0, margin=0.0, lon=float("nan"), lat=float("nan"))


_POSTCODE = r"^(?P<address>.*?)[\s,;-]*\b(?P<postcode>\d{5})\s+(?P<city>[^\W\d].*)$"

_DISTRICT = re.compile(r"\b(?:cedex|\d{1,2} ?(?:er|e|eme)?)\b.*$")


def plain_text(text: str) -> str:
    r"""Return a text without control, format and unpaired characters, spaces single.

    Examples
    --------
    >>> plain_text("12\x00 rue\u202e  des\tLilas\n")
    '12 rue des Lilas'
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = "".join(" " if character.isspace() else character for character in text)
    visible = "".join(c for c in kept if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    return " ".join(visible.split())


def queries_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return the query that each row of a table asks, in clean text.

    A row with nothing but an address that ends in a postcode and a commune is split into the three.

    Parameters
    ----------
    table
        ``address`` and, where known, ``postcode``, ``city``, ``citycode``; missing values are empty.

    Returns
    -------
    DataFrame
        The index of ``table``; the four columns as text.

    Examples
    --------
    >>> queries_of(pd.DataFrame({"address": ["12 rue des Lilas, 93140 Bondy", None]})).to_numpy().tolist()
    [['12 rue des Lilas', '93140', 'Bondy', ''], ['', '', '', '']]
    """
    queries = pd.DataFrame({name: _cleaned(table, name) for name in QUERY_COLUMNS}, index=table.index)
    alone = (queries["postcode"] == "") & (queries["city"] == "") & (queries["address"] != "")
    parts = queries.loc[alone, "address"].str.extract(_POSTCODE).dropna()
    queries.loc[parts.index, ["address", "postcode", "city"]] = parts
    return queries


def distinct(queries: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return one query for each distinct address, and the key of every row.

    Two writings of an address that differ in case, accents, apostrophes or points only are one. A text
    without a Latin letter stands for itself.

    Returns
    -------
    tuple
        The distinct queries, indexed by key, and the key of each row of ``queries``.

    Examples
    --------
    >>> table = {"address": ["1 rue d'Été", "1 RUE D ETE"], "postcode": "", "city": "Bondy", "citycode": ""}
    >>> one, keys = distinct(pd.DataFrame(table))
    >>> one.index.tolist(), keys.tolist()
    (['1 rue d ete||bondy|'], ['1 rue d ete||bondy|', '1 rue d ete||bondy|'])
    """
    unique = queries.drop_duplicates()
    folded = [fold_all(unique[name].tolist()) for name in QUERY_COLUMNS]
    folded[0] = [short or text for short, text in zip(folded[0], unique["address"], strict=True)]
    keyed = unique.assign(key=["|".join(parts) for parts in zip(*folded, strict=True)])
    keys = queries.merge(keyed, on=list(QUERY_COLUMNS), how="left")["key"].set_axis(queries.index)
    return keyed.drop_duplicates("key").set_index("key"), keys


def same_city(city: str, others: Iterable[str], *, likeness: float) -> bool:
    """Return whether a commune is one of several names, arrondissements and CEDEX apart.

    Examples
    --------
    >>> same_city("PARIS 12 CEDEX", ["Paris"], likeness=85), same_city("Bondy", ["Pantin"], likeness=85)
    (True, False)
    """
    wanted = _city(city)
    return any(fuzz.ratio(wanted, _city(other)) >= likeness for other in others if other)


def _city(name: str) -> str:
    return _DISTRICT.sub("", city_key(name)).strip()


def _cleaned(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        return pd.Series("", index=table.index, dtype="object")
    column = table[name].astype("object")
    codes, values = pd.factorize(column, use_na_sentinel=True)
    texts = pd.Index([*(plain_text(str(value)) for value in values), ""], dtype="object")
    return pd.Series(texts.take(codes), index=table.index)
