"""Find addresses in a small table of known ones: exact house numbers locate, anything less is only a candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from rapidfuzz import fuzz, process

from essgeo.geocoding.address import address_key, city_key

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST_STREET_SCORE = 75.0


def match_addresses(wanted: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return what a table of known addresses says of each wanted one.

    Parameters
    ----------
    wanted
        Columns ``address``, ``city`` and, where known, ``citycode``; any index.
    known
        The ``addresses`` layer: ``address``, ``postcode``, ``city``, ``citycode``, ``lon``, ``lat``.

    Returns
    -------
    DataFrame
        The index of ``wanted``. ``exact``: same commune, street and house number. ``reason``: why not. ``label``,
        ``score`` (0 to 1, likeness of the street), ``lon``, ``lat``: the match, or else the best candidate in the
        commune.

    Examples
    --------
    >>> known = pd.DataFrame({"address": ["18 rue Saint-Antoine"], "postcode": ["93100"], "city": ["Montreuil"],
    ...                       "citycode": ["93048"], "lon": [2.45], "lat": [48.86]})
    >>> wanted = pd.DataFrame({"address": ["18, r. de Saint Antoine", "30 rue de Saint-Antoine"],
    ...                        "city": ["Montreuil"] * 2})
    >>> match_addresses(wanted, known)[["exact", "reason"]].values.tolist()
    [[True, ''], [False, 'number_unknown']]
    """
    index = known.assign(
        key=pd.Series([address_key(text) for text in known["address"]], index=known.index, dtype="object"),
        commune=[city_key(city) for city in known["city"]],
    )
    by_commune = dict(list(index.groupby("commune")))
    by_code = dict(list(index.groupby("citycode")))
    codes: Iterable[str] = wanted["citycode"] if "citycode" in wanted else [""] * len(wanted)
    rows = []
    for address, city, code in zip(wanted["address"], wanted["city"], codes, strict=True):
        pool = by_code.get(code) if code else by_commune.get(city_key(city))
        rows.append(_best(address, pool))
    return pd.DataFrame(rows, index=wanted.index, columns=["exact", "reason", "label", "score", "lon", "lat"])


def _best(address: str, pool: pd.DataFrame | None) -> tuple[bool, str, str, float, float, float]:
    nothing = ("", 0.0, float("nan"), float("nan"))
    if not address:
        return (False, "no_address", *nothing)
    if pool is None:
        return (False, "city_unknown", *nothing)
    key = address_key(address)
    streets = [known.street for known in pool["key"]]
    found = process.extractOne(key.street, streets, scorer=fuzz.ratio, score_cutoff=LEAST_STREET_SCORE)
    if found is None:
        return (False, "street_unknown", *nothing)
    street, score, _ = found
    same = pool[[known.street == street for known in pool["key"]]]
    distance = [
        (
            known.number != key.number,
            known.repetition != key.repetition,
            abs(int(known.number or 0) - int(key.number or 0)),
        )
        for known in same["key"]
    ]
    best = same.iloc[distance.index(min(distance))]
    label = f"{best['address']}, {best['postcode']} {best['city']}"
    same_place = best["key"][:2] == key[:2]
    if street != key.street:
        reason = "street_unknown"
    elif not key.number and best["key"].number:
        reason = "number_missing"
    else:
        reason = "" if same_place else "number_unknown"
    return (reason == "", reason, label, score / 100, float(best["lon"]), float(best["lat"]))
