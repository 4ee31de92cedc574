"""How sure a match is: the chance that each candidate is what an address means, and what speaks against the best."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from essgeo.geocoding.communes import NAME_CLOSE, SILENT
from essgeo.geocoding.houses import HOUSENUMBER, INTERPOLATED, LOCALITY, STREET
from essgeo.geocoding.search import distinct_pairs, names_of
from essgeo.geocoding.spelling import JOINED, ROADS, StreetKey, codes_of, is_shortened, sound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from essgeo.geocoding.address import Readings
    from essgeo.geocoding.index import AddressIndex
    from essgeo.geocoding.search import Pairs


with Path(__file__).with_name("verdict.csv").open(encoding="utf-8", newline="") as _file:
    WEIGHTS = {row["evidence"]: float(row["weight"]) for row in csv.DictReader(_file)}
"""Weight of each piece of evidence, and ``constant``. ``benchmarks/fit_verdict.py`` fits and writes them."""

SHORT_M = 200.0
"""A street whose addresses all lie this close to its middle is a position, also without a number."""

MIN_AGREEMENT = 0.86
"""How well a commune must agree with what an address says of it."""

MIN_CHANCE, MIN_CHANCE_TWICE = 0.79, 0.9
"""Chance from which a match is a position: where one thing is in doubt, and where the name and another thing are (the
kind of way, the postcode, the number), for then the street may be one that the index lacks.

Misspellings and missing streets pull against each other (25,000 and 10,000 rows of seeds that the fit did not see):

========== ======= ================= ================== ======
thresholds  right  missing: located  missing: over 1 km what
========== ======= ================= ================== ======
0.75; 0.90 85.8 %             3.5 %              1.0 %
0.77; 0.90 85.5 %             3.2 %              1.0 %
0.79; 0.90 85.1 %             2.9 %              0.9 % chosen
0.80; 0.90 84.9 %             2.8 %              0.9 %
0.80; 0.88 85.4 %             3.0 %              1.0 %
========== ======= ================= ================== ======
"""

SHORT_NAME, LONG_NAME, SLIPS, MOST_EDITS = 5, 20, 2, 6
"""Letters of a name that has no room for a mistake, and from which length no longer tells; edits that are slips, and
from which no more tell."""

EXPLAINED = (
    "edits", "edits_many", "edits_share", "length", "short", "letters", "words", "sound", "words_lost", "words_added",
)  # fmt: skip
"""What says no more of a name that is another without a part of it."""

WAY_ALIKE = 75.0
"""Ratio (0 to 100) from which two kinds of way are one, misspelt."""


def evidence(index: AddressIndex, readings: Readings, pairs: Pairs) -> dict[str, NDArray[np.float64]]:
    """Return what speaks for or against each candidate: an array for each piece, 0 where it is as in the address."""
    # Each piece is one array over the candidates. Names are compared once for each pair of names, and only where they
    # are not the same.
    found = {name: np.zeros(len(pairs.query)) for name in WEIGHTS if name != "constant"}
    inexact = pairs.likeness < 1
    for position in np.unique(pairs.department[inexact]).tolist():
        department = index.department(position)
        rows = np.flatnonzero(inexact & (pairs.department == position))
        asked, known, pair = distinct_pairs(readings.street[pairs.reading[rows]], pairs.street[rows])
        seen = _names(
            [readings.streets[row] for row in asked.tolist()],
            [department.keys[row] for row in known.tolist()],
            names_of(department).vocabulary,
        )
        for name, values in seen.items():
            found[name][rows] = values[pair]
        found["homonym"][rows] = ~names_of(department).alone[pairs.street[rows]]
        only_way = found["only_way_missing"] + found["only_way_road"] + found["only_way_other"]
        found["only_way_homonym"][rows] = (found["homonym"] * only_way)[rows]
    numbered, place = readings.numbers[pairs.reading, 0] >= 0, np.isin(pairs.precision, (STREET, LOCALITY))
    lacking = {
        "interpolated": pairs.precision == INTERPOLATED,
        "number_unknown": numbered & place,
        "postcode_wrong": pairs.agreement < NAME_CLOSE,
    }
    # The same lack weighs otherwise beside a name that is not the very one: two pieces of evidence each.
    for name, values in lacking.items():
        found[name][:], found[f"{name}_too"][:] = values & ~inexact, values & inexact
    # A number that the street has speaks for it, the more the higher it is: few streets have a 180.
    high = np.log1p(np.maximum(readings.numbers[pairs.reading, pairs.column], 0))
    found["number_found"][:] = np.where((pairs.precision == HOUSENUMBER) & inexact, high, 0)
    found["number_missing"][:] = ~numbered & place
    found["commune_close"][:] = (pairs.agreement < 1) & (pairs.agreement >= NAME_CLOSE)
    unlike = np.where(found["shortened"] > 0, 0, 1 - pairs.likeness)
    found["other_name"][:], found["unlike"][:], found["unlike_squared"][:] = inexact, unlike, unlike**2
    found["number_found_unlike"][:] = found["number_found"] * unlike
    return found


def _names(
    asked: Sequence[StreetKey], known: Sequence[StreetKey], vocabulary: frozenset[str]
) -> dict[str, NDArray[np.float64]]:
    """Return how street names differ, pair by pair, in everything that can be said of two names.

    ``vocabulary`` holds the words that streets are named with.
    """

    def apart(
        scorer: Callable[..., float] | Callable[..., int], one: Sequence[str], two: Sequence[str]
    ) -> NDArray[np.float64]:
        return np.asarray(process.cpdist(one, two, scorer=scorer, dtype=np.float32), dtype=np.float64)

    # With a kind of way before a whole name (Place du Parvis A), that name is asked.
    asked = [
        StreetKey(two.bare, two.compact, two.bare, "") if two.way and one.bare == two.words else one
        for one, two in zip(asked, known, strict=True)
    ]
    # Two texts of each side: the words, and these without the kind of way; then the same without spaces.
    (words, bare), (words_of, bare_of) = (
        ([key.words for key in side], [key.bare for key in side]) for side in (asked, known)
    )
    (whole, name), (whole_of, name_of) = (
        tuple([text.replace(" ", "") for text in texts] for texts in side)
        for side in ((words, bare), (words_of, bare_of))
    )
    letters = np.array([max(len(one), len(two), 1) for one, two in zip(name, name_of, strict=True)])
    edits = apart(OSA.distance, name, name_of)
    same_name = edits == 0
    # A kind of way that is misspelt is read as a word of the name: then the whole is nearer than the name.
    without, without_of = (np.array([key.way == "" for key in side], dtype=bool) for side in (asked, known))
    with_way = apart(OSA.distance, whole, whole_of)
    misspelt = without & ~without_of & (with_way < edits)
    edits = np.where(misspelt, with_way, edits)
    same = np.array([one.way == two.way for one, two in zip(asked, known, strict=True)], dtype=bool)
    alike = apart(fuzz.ratio, [key.way for key in asked], [key.way for key in known]) >= WAY_ALIKE
    other = ~(same | without | without_of | alike)
    road = other & np.array([ROADS.issuperset((one.way, two.way)) for one, two in zip(asked, known, strict=True)])
    sounds = [sound(text) for text in name], [sound(text) for text in name_of]
    # How many words more the address has than the street, negative where it has fewer.
    more = np.array([one.count(" ") - two.count(" ") for one, two in zip(bare, bare_of, strict=True)])
    found = {
        "edits": np.minimum(edits, MOST_EDITS),
        "edits_many": edits > SLIPS,
        "edits_share": edits / letters,
        "length": np.where(edits > 0, np.minimum(letters, LONG_NAME), 0),
        "short": (edits > 0) & (letters <= SHORT_NAME),
        "letters": 1 - apart(fuzz.ratio, bare, bare_of) / 100,
        "words": 1 - apart(fuzz.token_sort_ratio, bare, bare_of) / 100,
        "sound": apart(OSA.distance, *sounds)
        / np.array([max(map(len, two)) or 1 for two in zip(*sounds, strict=True)]),
        "way_missing": without & ~without_of & ~misspelt,
        "way_added": without_of & ~without,
        "way_misspelt": misspelt,
        "way_road": road,
        "way_other": other & ~road,
        "only_way_missing": without & ~without_of & same_name,
        "only_way_road": road & same_name,
        "only_way_other": other & ~road & same_name,
        "words_lost": np.clip(-more, 0, 3),
        "words_added": np.clip(more, 0, 3),
        "words_known": [
            len(vocabulary.intersection(one.split()).difference(two.split()))
            for one, two in zip(bare, bare_of, strict=True)
        ],
        "shortened": np.array([is_shortened(*keys) for keys in zip(asked, known, strict=True)], dtype=bool),
        "digits": np.array([codes_of(one) != codes_of(two) for one, two in zip(words, words_of, strict=True)]),
    }
    # A part left out explains all letters that lack: "P. Bert" is Paul as well as Pierre.
    table = {piece: np.asarray(values, dtype=np.float64) for piece, values in found.items()}
    return table | {piece: np.where(found["shortened"], 0, table[piece]) for piece in EXPLAINED}


def chances(seen: Mapping[str, NDArray[np.float64]], query: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the chance that each candidate of a query is what it means; what they lack to 1 is that none is.

    A multinomial logit with "none of them" as one more choice (McFadden 1974): exp(z) / (1 + sum of exp(z)), where z is
    the weighed evidence of a candidate and the sum is over the candidates of its query.

    >>> chances({"edits": np.zeros(3)}, np.array([0, 0, 1])).round(2).tolist()
    [0.5, 0.5, 1.0]
    """
    odds = np.exp(
        np.full(len(query), WEIGHTS["constant"]) + sum(WEIGHTS[name] * values for name, values in seen.items())
    )
    chance: NDArray[np.float64] = odds / (1 + np.bincount(query, odds))[query]
    return chance


def reasons(
    index: AddressIndex, readings: Readings, best: Pairs, chance: NDArray[np.float64], elsewhere: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Return why the best candidates are no positions, ``""`` where they are.

    ``chance`` is that of each, ``elsewhere`` that of the others of its query together.
    """
    # Flags of each best candidate; only those whose name is not the very one are looked at in turn.
    short, called, other_way, other_code, goes_on = np.zeros((5, len(best.query)), dtype=bool)
    silent = np.array([not any(place) for place in readings.places], dtype=bool)[readings.place[best.reading]]
    for position in np.unique(best.department).tolist():
        department = index.department(position)
        rows = np.flatnonzero(best.department == position)
        street = best.street[rows]
        short[rows] = index.complete & (department.reach_m[street] <= SHORT_M)
        rows = rows[best.likeness[rows] < 1]
        for row, known in zip(
            rows.tolist(), [department.keys[place] for place in best.street[rows].tolist()], strict=True
        ):
            asked = readings.streets[readings.street[best.reading[row]]]
            called[row] = readings.named[best.reading[row]] and known.way != "" and known.words != asked.words
            # A street or square of the very name is often written for its passage or quay, less often the reverse.
            same_road = known.way in ROADS and asked.bare == known.bare
            other_way[row] = "" not in (asked.way, known.way) and asked.way != known.way and not same_road
            other_code[row] = codes_of(asked.words) != codes_of(known.words)
            # What stands behind the street of a line that names no commune may be a commune that the index lacks.
            goes_on[row] = silent[row] and asked.bare.startswith(f"{known.bare} ")
    # Again flags of each best candidate, these for all at once.
    numbered = readings.numbers[best.reading, 0] >= 0
    place = np.isin(best.precision, (STREET, LOCALITY))
    other_name = best.likeness < (1 if index.complete else JOINED)
    postcode_wrong = best.agreement < NAME_CLOSE
    twice = (best.likeness < JOINED) & (other_way | postcode_wrong | (best.precision == INTERPOLATED))
    enough = np.where(twice, MIN_CHANCE_TWICE, MIN_CHANCE)
    # A name and another thing in doubt, and no number that speaks for it.
    doubtful = (chance < enough) | (twice & place)
    covered = best.agreement >= MIN_AGREEMENT
    housed = best.precision == HOUSENUMBER
    # Why not, and where that holds: the first that holds is the reason.
    against = {
        "no_city": (best.agreement == SILENT) | goes_on,
        "place_name": called & covered,
        "street_unknown": other_name & (other_code | (not index.complete)),
        "several_places": doubtful & (chance + elsewhere >= enough) & ~place & covered,
        "other_name": doubtful & other_name,
        "number_unknown": (doubtful | place) & numbered & ~housed & covered,
        "other_city": ~covered | (doubtful & ~place),
        "number_missing": place & (doubtful | ~short),
    }
    reason = np.select(list(against.values()), list(against), "").astype(object)
    reason[reason == "other_name"] = "street_unknown"
    return reason


MIN_SCORE, MIN_MARGIN = 0.8, 0.06
"""Of an answer of a service, whose score is a likeness."""

HOUSES = ("housenumber", "interpolated")

STREETS = ("street", "locality")


_SURE = frozenset({*HOUSES, *STREETS, "intersection", "place"})

_WRONG = frozenset({"street_unknown", "other_city", "no_city", "city_unknown", "commune_not_covered", "no_address"})


def statuses(matches: pd.DataFrame) -> pd.Series:
    """Return ``located``, ``ambiguous``, ``imprecise`` or ``not_found`` for each match of an engine.

    - ``not_found``: no position, another commune, or a street that is not the one asked for;
    - ``ambiguous``: good, but it may as well be elsewhere;
    - ``imprecise``: the right street or commune, but no house number, or the name of a place;
    - ``located``: the house, a point between its neighbours, or a street so short that it is a position
      (the engine gives no ``reason`` against it).

    >>> match = {"score": 0.9, "margin": 0.5, "precision": "housenumber", "reason": "", "lon": 2.4}
    >>> others = [{"margin": 0.01}, {"precision": "street", "reason": "number_missing"}, {"reason": "other_city"}]
    >>> statuses(pd.DataFrame([match] + [match | other for other in others])).tolist()
    ['located', 'ambiguous', 'imprecise', 'not_found']
    """
    statuses = []
    columns = (matches[name].tolist() for name in ("reason", "precision", "margin", "lon"))
    for reason, precision, margin, lon in zip(*columns, strict=True):
        sure = precision in _SURE and reason == ""
        if math.isnan(lon) or reason in _WRONG:
            statuses.append("not_found")
        elif reason == "several_places" or (sure and margin < MIN_MARGIN):
            statuses.append("ambiguous")
        else:
            statuses.append("located" if sure else "imprecise")
    return pd.Series(statuses, index=matches.index)
