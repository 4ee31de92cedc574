"""What every geocoding engine takes and gives, so that the chain need not know which one answers."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

QUERY_COLUMNS = ("address", "postcode", "city", "citycode")
MATCH_TEXT = ("precision", "label", "ban_id", "citycode", "reason")
MATCH_NUMBERS = ("score", "margin", "lon", "lat")
MATCH_COLUMNS = (*MATCH_TEXT, *MATCH_NUMBERS)
CANDIDATE_COLUMNS = ("query", "rank", "label", "score", "precision", "ban_id", "citycode", "lon", "lat")
MOST_CANDIDATES = 3


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
