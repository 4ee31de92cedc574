"""The few lines a run ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from essgeo.cli.options import interval, persons
from essgeo.schema.vocabulary import THEMES
from essgeo.text.phrases import method_in_words, register_bound

if TYPE_CHECKING:
    import geopandas as gpd

    from essgeo.results import Setting, Study


def neighbourhood_summary(study: Study) -> pd.DataFrame:
    """Return one row a target neighbourhood: residents, those out of reach of the whole ESS, and the widest gap.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> neighbourhood_summary(study)["neighbourhood"].tolist()[2]
    'Le Morillon'
    """
    whole = study.gaps[study.gaps["theme_kind"] == "all"].set_index("neighbourhood_id")
    widest = study.gaps[study.gaps["rank"] == 1].set_index("neighbourhood_id")
    rows = []
    for zone in study.neighbourhoods.index:
        every, worst = whole.loc[zone], widest.loc[zone]
        rows.append(
            {
                "neighbourhood": every["neighbourhood"],
                "residents": persons(every["residents"]),
                "out of reach of any ESS": persons(every["out_of_reach"]),
                "90 % interval": interval(every["out_of_reach_low"], every["out_of_reach_high"]),
                "widest gap": THEMES[str(worst["theme"])]["en"],
                "out of its reach": persons(worst["out_of_reach"]),
            }
        )
    return pd.DataFrame(rows)


def widest_gaps(gaps: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the widest gaps of each target neighbourhood, with how far their ranks may move.

    Examples
    --------
    >>> widest_gaps(study_est_ensemble().gaps, 2)["neighbourhood"].tolist()[:3]
    ['La Noue Caillet', 'La Noue Caillet', 'Centre-ville de Bobigny']
    """
    top = gaps[(gaps["level"] == "neighbourhood") & gaps["rank"].between(1, count)]
    return pd.DataFrame(
        {
            "neighbourhood": top["neighbourhood"],
            "rank": [
                f"{r} ({low} to {high})"
                for r, low, high in zip(top["rank"], top["rank_low"], top["rank_high"], strict=True)
            ],
            "theme": [THEMES[theme]["en"] for theme in top["theme"]],
            "out of reach": top["out_of_reach"].map(persons),
            "90 % interval": map(interval, top["out_of_reach_low"], top["out_of_reach_high"]),
            "excess": top["gap_residents"].map(persons),
            "nearest": top["nearest_name"].where(top["nearest_name"] != "", "none located"),
        }
    )


def caveat(setting: Setting, method: str) -> str:
    """Return the sentence that every figure of coverage needs; ``method`` says how minutes were found.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> caveat(study, study.coverage["method"].iloc[0])[:53]
    "Within 15 minutes' walk (straight line x 1.3 at 4.5 k"
    """
    total = setting.portrait[setting.portrait["family"] == "total"]
    located, enterprises = setting.located, float(total["seed_enterprises"].sum())
    beyond = f" ({persons(setting.outside)} more lie outside)" if setting.outside else ""
    last = f"QPV of {setting.parameters.vintage}, structures active on {setting.parameters.as_of}."
    walk = f"Within {setting.parameters.walk_minutes} minutes' walk ({method_in_words(method, 'en')})"
    if setting.from_sirene:
        return f"{walk}. {register_bound(located, len(setting.structures), 'en')} {last}"
    whole = f"about {persons(enterprises)} enterprises" if enterprises else "an unknown number"
    return (
        f"{walk} of {persons(located)} structures located in the territory{beyond}, a sample of {whole}: the number "
        f"out of reach is an upper bound, gaps with the territory and ranks are not. {last}"
    )


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
    told = {
        "repaired": "QPV whose outline was not valid and was repaired",
        "empty": "QPV without an outline, left out",
        "slivers": "QPV with less than 1 ha in the territory, left out",
    }
    found = {what: qpv.attrs.get(key, []) for key, what in told.items()}
    return [f"{what}: {', '.join(zones)}." for what, zones in found.items() if zones]
