"""The addresses that a page knows, in small files by letter: streets with their houses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from essgeo.geocoding import Local
from essgeo.geocoding.index import number_of, street_of
from essgeo.geocoding.spelling import fold_all
from essgeo.maps.drawing import OUTLINE_DIGITS
from essgeo.official.catalogue import find_source
from essgeo.text.languages import texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from essgeo.geocoding.index import Department
    from essgeo.results import Setting

KINDS = (
    "rue", "avenue", "av", "boulevard", "bd", "place", "pl", "allee", "allees", "impasse", "passage", "chemin", "quai",
    "square", "cours", "sentier", "villa", "cite", "voie", "route", "rond", "point", "residence", "d", "de", "du",
    "des", "l", "la", "le", "les", "et", "a", "au", "aux", "en",
)  # fmt: skip
"""Words that tell no street from another: a street is not listed under them."""


def address_files(setting: Setting) -> dict[str, Any]:
    """Return the streets of the communes of a setting, by name: one file a letter or digit.

    A street stands under each word of its name but :data:`KINDS`. It is its name, its commune, its middle (degrees
    times 100,000), its house numbers as one text, and the steps of latitude and longitude from house to house, the
    first from the middle.
    """
    files: dict[str, list[Any]] = {}
    for name, city, middle, numbers, points in _streets(setting):
        steps = np.diff(np.vstack([middle, points]), axis=0).ravel().tolist()
        folded = [word for word in re.split(r"[^a-z0-9]+", fold_all([name])[0]) if word]
        for letter in sorted({word[0] for word in folded if word not in KINDS} or {folded[-1][0]} if folded else set()):
            files.setdefault(f"streets_{letter}", []).append([name, city, *middle, " ".join(numbers), steps])
    return {letter: files[letter] for letter in sorted(files)}


def address_credit(setting: Setting) -> str:
    """Return whose addresses these are, or that the study has few or none."""
    words, ban = texts(setting.lang)["map"], find_source("ban")
    whole = [engine.index.table for engine in setting.engines if isinstance(engine, Local) and engine.index.complete]
    if not whole:
        return words["address_few" if any(True for _ in _streets(setting)) else "address_none"]
    said = words["address_credit"].format(title=ban.title, publisher=ban.publisher, licence=ban.licence)
    known = {code for table in whole for code in table["citycode"]}
    lacking = [name for code, name in setting.communes["name"].items() if code not in known]
    return f"{said} {words['address_lacking'].format(communes=', '.join(lacking))}" if lacking else said


def _streets(setting: Setting) -> Iterator[tuple[str, str, tuple[int, int], list[str], NDArray[np.int64]]]:
    """Yield the streets that lie in the communes of a setting; of two files that know one, that of the first."""
    communes, seen = set(setting.communes.index.astype(str)), set[tuple[str, str]]()
    for engine in setting.engines:
        if not isinstance(engine, Local):
            continue
        for place in range(len(engine.index.loaded) or len(engine.index.folders)):
            department = engine.index.department(place)
            codes = department.communes["citycode"].to_numpy()[department.commune]
            names = department.streets["name"].to_pylist()
            here = np.isin(codes, list(communes)) & (department.of == np.arange(len(names)))
            for row in np.flatnonzero(here).tolist():
                key = names[row].casefold(), codes[row]
                if key not in seen:
                    seen.add(key)
                    city = str(department.communes["name"].iloc[department.commune[row]])
                    yield names[row], city, *_houses(department, row)


def _houses(department: Department, row: int) -> tuple[tuple[int, int], list[str], NDArray[np.int64]]:
    """Return the middle of a street, its numbers and where they are: latitude and longitude times 100,000."""
    first, last = np.searchsorted(street_of(department.slots), [row, row + 1])
    slots = department.slots[first:last]
    rows = first + np.flatnonzero(number_of(slots) > 0)
    lon, lat = department.lon_lat[:, row]
    points = np.rint(department.points(rows)[::-1].T * 10**OUTLINE_DIGITS).astype(np.int64)
    numbers = [
        f"{number}{department.writings[written]}"
        for number, written in zip(number_of(department.slots[rows]).tolist(), department.written[rows], strict=True)
    ]
    return (round(lat * 10**OUTLINE_DIGITS), round(lon * 10**OUTLINE_DIGITS)), numbers, points
