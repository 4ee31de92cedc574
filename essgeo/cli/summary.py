"""The few lines a run ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from essgeo.cli.text import interval, persons
from essgeo.vocabulary import THEMES

if TYPE_CHECKING:
    from essgeo.results import Study


def neighbourhood_summary(study: Study) -> pd.DataFrame:
    """Return one row a target neighbourhood: residents, those out of reach of the whole ESS, and the widest gap.

    Examples
    --------
    >>> import datetime as dt
    >>> from essgeo import run_study
    >>> study = run_study("est-ensemble", out=None, as_of=dt.date(2026, 1, 1))
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


def caveat(study: Study) -> str:
    """Return the sentence that every figure of coverage needs.

    Examples
    --------
    >>> import datetime as dt
    >>> from essgeo import run_study
    >>> caveat(run_study("est-ensemble", out=None, as_of=dt.date(2026, 1, 1))).startswith("Within 15 minutes")
    True
    """
    total = study.portrait.set_index("family").loc["total"]
    return (
        f"Within {study.parameters.walk_minutes} minutes' walk ({study.coverage['method'].iloc[0]}) of {total['register_located']:.0f} "
        f"located structures, a sample of about {persons(total['seed_enterprises'])} enterprises: the gap is an upper bound. "
        f"QPV of {study.parameters.vintage}, structures active on {study.parameters.as_of}."
    )
