"""The page of a comparison: what opened, closed and moved, and what that changes for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from essgeo.maps.base import base_context, base_pictures, drawn_base
from essgeo.maps.drawing import plan_of
from essgeo.maps.findings import records
from essgeo.maps.render import (
    SHARE_SCRIPT,
    SITING_STYLE,
    STYLE,
    TABLES_SCRIPT,
    asset_texts,
    linked_assets,
    policy,
    render,
    write_assets,
)
from essgeo.maps.share import address_of, colours_of, identity
from essgeo.register.turnover import CHANGED
from essgeo.text.languages import texts

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from essgeo.maps.drawing import Plan
    from essgeo.results import Comparison

CHANGE = "change.html"
"""The page of a study that says what added places change."""

MOST_ROWS = 100
"""So many rows of a table are shown; the others are counted, and stand in the tables."""

MOST_PLOTTED, LEAST_POINTS = 15, 0.05
"""So many areas are drawn, where a difference may be as large as this; the tables name the others."""

_LEVELS = ("territory", "neighbourhood", "commune", "qpv")


def build_before_after(found: Comparison, out: Path) -> list[Path]:
    """Write the page of a comparison alone, ``index.html``, and its styles, and return their paths.

    Parameters
    ----------
    found
        From :func:`essgeo.compare_studies`; the language is that of the later study.
    out
        Folder to write to; it is made where missing.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from essgeo import compare_studies
    >>> study = small_study()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     build_before_after(compare_studies(study, study), pathlib.Path(folder))[0].name
    'index.html'
    """
    out.mkdir(parents=True, exist_ok=True)
    path, after = out / "index.html", found.after
    base = drawn_base(after)
    alone = {
        "layout": "alone.html",
        "single": False,
        "at": "",
        **identity(after.territory),
        "address": address_of(after.territory.publisher, path.name),
        "picture": "",
        "territory": after.territory.name,
        "territory_in": after.territory.place(after.lang),
        "parameters": after.parameters,
        "minutes": after.parameters.walk_minutes,
        "notes": after.shortfalls,
        "has_map": False,
        "scripts": linked_assets(TABLES_SCRIPT, SHARE_SCRIPT),
        **base_context(base, after.lang),
        "styles": linked_assets(STYLE, SITING_STYLE),
        "policy": policy(),
    }
    page = render("before_after.html", after.lang, alone | change_page(found) | {"page": path.name})
    path.write_text(page, encoding="utf-8", newline="\n")
    texts = asset_texts(colours_of(after.territory.publisher))
    used = {name: texts[name] for name in (STYLE, SITING_STYLE, TABLES_SCRIPT, SHARE_SCRIPT)}
    return [path, *write_assets(out, used | base_pictures(base, plan_of(after)))]


def change_page(found: Comparison) -> dict[str, Any]:
    """Return what the page of a comparison shows: sentences, a plan, places, and differences that are sure or not."""
    after, plan = found.after, plan_of(found.after)
    changes = found.changes[found.changes["minutes"] == after.parameters.walk_minutes]
    places = found.changed_places
    shown = places[places["geo_status"] != "masked"]
    said, words = found.findings, texts(after.lang)["difference"]
    of_all = changes[changes["theme"] == "all"]
    whole = of_all.loc[of_all["level"] == "territory", "change"].tolist()
    title = words.get(f"title_{whole[0]}", "") if whole else ""  # then the second sentence is its figures
    title = title.format(place=after.territory.place(after.lang), minutes=after.parameters.walk_minutes)
    return {
        "page": CHANGE,
        "inputs": list(dict.fromkeys([*found.before.inputs, *found.after.credited])),
        "heading": title[:1].upper() + title[1:],
        "figures": said[1] if title else "",
        "sentences": [said[0], *said[2:]] if title else said,
        "plotted": _plotted(of_all[of_all["change"].isin(["more", "less", "unsure"])]),
        "places": records(shown.drop(columns="was")),
        "restricted": len(places) - len(shown),
        "plan": plan,
        "drawn": _drawn(shown, plan),
        "sure": _widest(changes[changes["change"].isin(["more", "less"])]),
        "unsure": _widest(changes[changes["change"] == "unsure"]),
        "most_rows": MOST_ROWS,
    }


def _widest(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows of a difference, the territory first, within a level the most residents first."""
    level = rows["level"].map(_LEVELS.index)
    return records(rows.iloc[np.lexsort((-rows["change_residents"].abs(), level))])


def _plotted(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows of a difference with the place of each figure on an axis, in percent: no difference is its middle."""
    told = [row for row in _widest(rows) if max(abs(row["change_low"]), abs(row["change_high"])) >= LEAST_POINTS]
    shown = told[:MOST_PLOTTED]
    names = {"at": "change_points", "from": "change_low", "to": "change_high"}
    most = max((abs(row[name]) for row in shown for name in names.values()), default=0.0) or 1.0
    return [row | {key: round(50 + 50 * row[name] / most, 1) for key, name in names.items()} for row in shown]


def _drawn(places: gpd.GeoDataFrame, plan: Plan) -> list[dict[str, Any]]:
    """Return each place that changed as it is drawn: its name, whether it is there now, and its one or two points."""
    marks = []
    changed = places[places["place_change"].isin(CHANGED)]
    for name, was, now in zip(changed["name"], changed["was"], changed.geometry, strict=True):
        ends = [
            None if point is None else plan.drawn(np.array([[point.x, point.y]]))[0].round(1).tolist()
            for point in (was, now)
        ]
        if any(ends):
            marks.append({"name": name, "was": ends[0], "now": ends[1]})
    return marks
