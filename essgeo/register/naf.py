"""Which activity an establishment has, in the nomenclature that the tables of the ESS speak: the NAF rév. 2.

INSEE's reference is the NAF 2025 from 1 January 2027; since December 2025 SIRENE carries codes of both.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from essgeo.territory import data_folder
from essgeo.text.languages import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from essgeo.messages import Lang


NAF_REV2, NAF_2025 = "NAFRev2", "NAF2025"
"""The nomenclature of a code, as ``naf_version`` tells it."""

NOT_KNOWN = "not known"
"""What a code of the NAF 2025 is in the NAF rév. 2 where nothing tells it."""

SEVERAL = "+"
"""Between codes of the NAF rév. 2 that a code of the NAF 2025 holds a part of each."""

_BARE = re.compile(r"(\d\d)(\d\d[A-Z])")


@cache
def nomenclature(name: str) -> pd.DataFrame:
    """Return a table of ``data/nomenclatures``, every cell as text; it is shared: nobody may change it."""
    return pd.read_csv(data_folder() / "nomenclatures" / f"{name}.csv", dtype=str, keep_default_na=False)


def activities(establishments: pd.DataFrame, naf_2025: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return the activity of establishments: the code that SIRENE gives, its nomenclature, and what it is in the other.

    Whichever code is there is read: that of the NAF rév. 2, else that of the NAF 2025, in whichever of the two columns.

    Parameters
    ----------
    establishments
        Text columns ``naf``, ``naf_version`` and ``naf_2025``.
    naf_2025
        Codes of the NAF rév. 2 by code of the NAF 2025, from :func:`essgeo.official.readers.read_naf_2025`. Without it,
        and for a code that is not in it, the divisions that are the same in both nomenclatures count
        (``data/nomenclatures/naf_2025_divisions.csv``).

    Returns
    -------
    DataFrame
        The index of ``establishments``. ``naf``, the code as SIRENE gives it; ``naf_version``: ``NAFRev2``,
        ``NAF2025``, or what SIRENE says; ``naf_rev2``: its code or division in the NAF rév. 2, several joined by ``+``,
        ``not known`` where nothing tells it, ``""`` where there is no code of either nomenclature.

    Examples
    --------
    >>> rows = pd.DataFrame({"naf": ["94.99Z", "", "9020Y", ""], "naf_version": ["NAFRev2", "", "NAF2025", ""],
    ...                      "naf_2025": ["94.99Y", "88.91G", "", "94.92Y"]})
    >>> activities(rows, {"88.91G": "88.91A"})["naf_rev2"].tolist()
    ['94.99Z', '88.91A', '90', 'not known']
    """
    given, version, other = (establishments[name].str.strip() for name in ("naf", "naf_version", "naf_2025"))
    given, other = (codes.str.upper().replace(_BARE, r"\1.\2", regex=True) for codes in (given, other))
    old = given.where(version == NAF_REV2, "")
    new = given.where(version.str.contains("25"), other)
    code = old.where(old != "", new.where(new != "", given))
    told = version.mask((old == "") & (new != ""), NAF_2025)
    by_code = {each: in_rev2(each, naf_2025 or {}) for each in new.unique()}
    return pd.DataFrame({"naf": code, "naf_version": told, "naf_rev2": old.where(old != "", new.map(by_code))})


def unknown_activities(register: pd.DataFrame, lang: Lang) -> str:
    """Return that structures of a register have no activity that is known, and what to do; ``""`` if each has one.

    Examples
    --------
    >>> rows = pd.DataFrame({"naf_version": ["NAFRev2", "NAF2025", ""], "naf_rev2": ["94.99Z", "not known", ""]})
    >>> print(unknown_activities(rows, "en"))
    2 of the 3 structures of the register have no activity that is known: ... 1 of them have a code of the NAF 2025 ...
    """
    untold = register["naf_rev2"].isin(["", NOT_KNOWN])
    new = int((untold & (register["naf_version"] == NAF_2025)).sum())
    said = words(lang)["notes"]
    counts = {"count": int(untold.sum()), "total": len(register), "new": new}
    told = [said["activities_unknown"]] * bool(counts["count"]) + [said["activities_of_2025"]] * bool(new)
    return " ".join(sentence.format(**counts) for sentence in told)


def in_rev2(code: str, naf_2025: Mapping[str, str]) -> str:
    """Return what a code of the NAF 2025 is in the NAF rév. 2, as INSEE tells it, else by a division that both share.

    >>> in_rev2("86.97Y", {}), in_rev2("86.10Y", {}), in_rev2("", {})
    ('not known', '86', '')
    """
    if not code:
        return ""
    if code in naf_2025:
        return naf_2025[code]
    shared = nomenclature("naf_2025_divisions")
    fitting = [row for row in zip(shared["naf_2025"], shared["naf"], strict=True) if code.startswith(row[0])]
    _, division = max(fitting, key=lambda row: len(row[0]), default=("", ""))
    return division or NOT_KNOWN
