"""What a run prints: tables, counts and the few sentences that it ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from essgeo.messages import language, plural, tell
from essgeo.schema.vocabulary import GEO_STATUSES, THEMES
from essgeo.text.languages import MISSING, method_in_words, number, register_bound

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from essgeo.results import Setting, Study


def neighbourhood_summary(study: Study) -> pd.DataFrame:
    """Return one row a target neighbourhood: residents, those out of reach of the whole ESS, and the widest gap.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> neighbourhood_summary(study)["neighbourhood"].tolist()[2]
    'Le Morillon'
    """
    import pandas as pd

    whole = study.gaps[study.gaps["theme_kind"] == "all"].set_index("neighbourhood_id")
    widest = study.gaps[study.gaps["rank"] == 1].set_index("neighbourhood_id")
    rows = []
    for zone in study.neighbourhoods.index:
        every, worst = whole.loc[zone], widest[widest.index == zone]  # several themes may share the first rank
        rows.append(
            {
                tell("neighbourhood"): every["neighbourhood"],
                tell("residents"): persons(every["residents"]),
                tell("out_of_any"): persons(every["out_of_reach"]),
                tell("interval_90"): interval(every["out_of_reach_low"], every["out_of_reach_high"]),
                tell("widest_gap"): ", ".join(THEMES[theme][language.get()] for theme in worst["theme"]) or MISSING,
                tell("out_of_it"): persons(worst["out_of_reach"].iloc[0]) if len(worst) else MISSING,
            }
        )
    return pd.DataFrame(rows)


def widest_gaps(gaps: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the widest gaps of each target neighbourhood, with how far their ranks may move.

    Where no gap is named, the row of the whole ESS stands instead, without a rank.

    Examples
    --------
    >>> widest_gaps(study_est_ensemble().gaps, 2)["neighbourhood"].tolist()[:3]
    ['La Noue Caillet', 'La Noue Caillet', 'Centre-ville de Bobigny']
    """
    import pandas as pd

    targets = gaps[gaps["level"] == "neighbourhood"]
    named = targets.groupby("neighbourhood_id")["rank"].transform("max") > 0
    top = targets[targets["rank"].between(1, count) | (~named & (targets["theme_kind"] == "all"))]
    return pd.DataFrame(
        {
            tell("neighbourhood"): top["neighbourhood"],
            tell("rank"): [
                tell("ranks", rank=r, low=low, high=high) if r else MISSING
                for r, low, high in zip(top["rank"], top["rank_low"], top["rank_high"], strict=True)
            ],
            tell("theme"): [THEMES[theme][language.get()] for theme in top["theme"]],
            tell("out_of_reach"): top["out_of_reach"].map(persons),
            tell("interval_90"): map(interval, top["out_of_reach_low"], top["out_of_reach_high"]),
            tell("excess_head"): top["gap_residents"].map(persons),
            tell("nearest"): top["nearest_name"].where(top["nearest_name"] != "", tell("none_located")),
        }
    )


def caveat(setting: Setting, method: str) -> str:
    """Return the sentence that every figure of coverage needs; ``method`` says how minutes were found.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> caveat(study, study.coverage["method"].iloc[0])[:53]
    "Within 15 minutes' walk (straight line lengthened as "
    """
    total = setting.portrait[setting.portrait["family"] == "total"]
    located, enterprises = setting.located, float(total["seed_enterprises"].sum())
    beyond = tell("caveat_outside", count=persons(setting.outside)) if setting.outside else ""
    chosen, lang = setting.parameters, language.get()
    last = tell("caveat_day", vintage=chosen.vintage, day=chosen.as_of)
    walk = tell("caveat_walk", minutes=chosen.walk_minutes, method=method_in_words(method, lang))
    if setting.from_sirene:
        return tell(
            "caveat_register", walk=walk, register=register_bound(located, len(setting.structures), lang), day=last
        )
    whole = tell("caveat_enterprises", count=persons(enterprises)) if enterprises else tell("caveat_unknown")
    return tell("caveat_sample", walk=walk, located=persons(located), outside=beyond, whole=whole, day=last)


def zone_counts(rows: pd.DataFrame) -> list[str]:
    """Return, for each layer of zones, how many structures are in, out, undetermined and without a position.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"structure_id": ["a", "a", "b"], "layer": "qpv", "relation": ["out", "in", "unknown"]})
    >>> zone_counts(rows)
    ['QPV: 1 in, 0 out, 0 undetermined, 1 without position.']
    """
    order = ("in", "undetermined", "out", "unknown")
    ranked = rows.assign(rank=rows["relation"].map(order.index))
    best = ranked.groupby(["layer", "structure_id"], sort=False)["rank"].min().reset_index()
    sentences = []
    for layer, ranks in best.groupby("layer", sort=False)["rank"]:
        counts = {name: persons(int((ranks == place).sum())) for place, name in enumerate(order)}
        sentences.append(tell("zone_counts", layer=tell(f"layer_{layer}"), **counts))
    return sentences


def applied(structures: gpd.GeoDataFrame) -> list[str]:
    """Return how many structures stand where a correction puts them, where there are any.

    >>> import pandas as pd
    >>> applied(pd.DataFrame({"geo_engine": ["ban", "correction"]}))
    ['1 correction applied.']
    """
    count = int((structures["geo_engine"] == "correction").sum())
    return [plural("corrected", count, count=persons(count))] if count else []


def repairs(qpv: gpd.GeoDataFrame) -> list[str]:
    """Return a sentence for each thing that was changed in the QPV outlines to read them.

    Examples
    --------
    >>> import geopandas as gpd
    >>> layer = gpd.GeoDataFrame(geometry=[])
    >>> layer.attrs = {"repaired": ["QP093009"], "empty": []}
    >>> repairs(layer)
    ['QPV whose outline was not valid and was repaired: QP093009.']
    """
    found = {key: qpv.attrs.get(key, []) for key in ("repaired", "empty", "slivers")}
    return [tell(f"qpv_{key}", zones=", ".join(zones)) for key, zones in found.items() if zones]


def echo_table(table: pd.DataFrame) -> None:
    """Print a table with aligned columns, numbers to the right.

    Examples
    --------
    >>> import pandas as pd
    >>> echo_table(pd.DataFrame({"place": ["A", "Bondy"], "residents": ["9", "7,688"]}))
    place  residents
    A              9
    Bondy      7,688
    """
    cells = [[harmless(str(value)) for value in row] for row in [list(table.columns), *table.to_numpy().tolist()]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(table.columns))]
    right = [
        all(not value or value[0] in "0123456789-[" for value in column) for column in zip(*cells[1:], strict=True)
    ]
    for row in cells:
        padded = [
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ]
        click.echo("  ".join(padded).rstrip())


def harmless(text: str) -> str:
    r"""Return a text without the characters that steer a terminal or turn the direction of a line.

    Examples
    --------
    >>> harmless("Café \x1b[31mrouge\u202e!")
    'Café  [31mrouge !'
    """
    return "".join(character if character.isprintable() else " " for character in text)


def persons(value: float) -> str:
    """Return a number of persons.

    Examples
    --------
    >>> persons(12345.6)
    '12,346'
    """
    return number(value, language.get())


def counted(count: int, noun: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> counted(1, "row"), counted(20_004, "row")
    ('1 row', '20,004 rows')
    """
    return plural(noun, count, count=persons(count))


def by_status(rows: pd.DataFrame) -> str:
    """Return how many rows have each ``geo_status``, the most first.

    Examples
    --------
    >>> import pandas as pd
    >>> by_status(pd.DataFrame({"geo_status": ["located", "outside", "located"]}))
    '2 located, 1 outside'
    """
    counts = rows["geo_status"].value_counts().items()
    return ", ".join(f"{persons(count)} {_status(str(status))}" for status, count in counts)


def _status(code: str) -> str:
    """Return a status in words: in English its code is the word."""
    return GEO_STATUSES[code]["fr"].lower() if language.get() == "fr" and code in GEO_STATUSES else code


def interval(low: float, high: float) -> str:
    """Return an interval of persons.

    Examples
    --------
    >>> interval(10, 1200)
    '[10 to 1,200]'
    """
    ends = persons(low), persons(high)
    if MISSING in ends:
        return MISSING
    return tell("both_ends" if ends[0] == ends[1] else "interval", low=ends[0], high=ends[1])
