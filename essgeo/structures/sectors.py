"""What an establishment does, in the words of the territory: from its activity code and from its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from essgeo.sources.aliases import simplify
from essgeo.structures.nomenclatures import nomenclature

if TYPE_CHECKING:
    from collections.abc import Iterable


def sectors(naf: pd.Series, name: pd.Series) -> pd.DataFrame:
    """Return the sectors and challenges of establishments, and the rules that gave them.

    The longest activity code of ``data/nomenclatures/naf_sectors.csv`` that begins the code of a row gives its sector;
    every row of ``name_sectors.csv`` whose words stand in the name adds its own. Both tables are judgements of this
    project. Where neither says anything, the sector is not known.

    Parameters
    ----------
    naf
        Activity codes of NAF rev. 2, such as ``88.91A``; ``""`` where not known.
    name
        Names, with the same index.

    Returns
    -------
    DataFrame
        The index of ``naf``; ``sectors``, ``challenges`` and ``sector_rule``, each ``|``-separated codes. A rule is
        ``naf:`` or ``name:`` and what it found.

    Examples
    --------
    >>> names = pd.Series(["Les Lutins", "Vélo Montreuil", "Ensemble"])
    >>> found = sectors(pd.Series(["88.91A", "94.99Z", "94.99Z"]), names)
    >>> found["sectors"].tolist(), found["sector_rule"].tolist()
    (['petite_enfance', 'mobilite', ''], ['naf:88.91A', 'name:velo', ''])
    """
    code_at, code = naf.factorize()
    by_code = [_of_code(str(value)) for value in code]
    words = pd.Series([simplify(str(value)).replace("_", " ") for value in name], index=name.index)
    found: list[list[tuple[str, str, str]]] = [[by_code[at]] if at >= 0 and by_code[at][2] else [] for at in code_at]
    for row in nomenclature("name_sectors").itertuples():
        hits = words.str.extract(rf"\b({row.words})\b", expand=False)
        for place in hits.notna().to_numpy().nonzero()[0].tolist():
            found[place].append((str(row.sector), str(row.challenges), f"name:{hits.iloc[place]}"))
    columns = list(zip(*(_joined(rules) for rules in found), strict=True)) or [(), (), ()]
    return pd.DataFrame(dict(zip(("sectors", "challenges", "sector_rule"), columns, strict=True)), index=naf.index)


def _of_code(code: str) -> tuple[str, str, str]:
    rows = nomenclature("naf_sectors").itertuples()
    known = [(len(str(row.naf)), str(row.sector), str(row.challenges)) for row in rows if code.startswith(str(row.naf))]
    _, sector, challenges = max(known, default=(0, "", ""))
    return sector, challenges, f"naf:{code}" if known else ""


def _joined(rules: Iterable[tuple[str, str, str]]) -> tuple[str, str, str]:
    parts = list(zip(*rules, strict=True)) or [(), (), ()]
    one, two, three = ("|".join(dict.fromkeys(filter(None, "|".join(part).split("|")))) for part in parts)
    return one, two, three
