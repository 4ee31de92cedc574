"""What notebooks show: escaped, short, in the language asked, with the figures of the tables; and layers explore."""

from __future__ import annotations

import dataclasses
import html
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from essgeo import show_gaps
from essgeo.schema.columns import TABLES
from essgeo.text.languages import interval, number, percent
from essgeo.text.notebook import share_bar, table
from tests.made.study import HOSTILE, make_study

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.results import Study


def text_of(shown: str) -> str:
    """What a reader reads of HTML that an XML parser takes."""
    return " ".join("".join(ET.fromstring(f"<body>{shown}</body>").itertext()).split())  # noqa: S314 - our own


@pytest.mark.parametrize("name", HOSTILE[:40])
def test_no_text_from_data_becomes_markup(name: str) -> None:
    visible = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", name)
    shown = table(visible, [visible], [[visible, visible]])
    assert {element.tag for element in ET.fromstring(shown).iter()} == {  # noqa: S314 - our own
        *("table", "caption", "thead", "tbody", "tr", "th", "td"),
    }
    assert html.escape(visible, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in shown


def test_a_hostile_study_and_its_gaps_are_escaped() -> None:
    study = make_study()
    gaps = study.gaps.assign(rank=1, neighbourhood=list(HOSTILE[:2]), finding_fr=HOSTILE[1])
    for shown in (dataclasses.replace(study, gaps=gaps)._repr_html_(), show_gaps(gaps).text):
        assert "<script" not in shown
        assert "<img" not in shown


def test_a_study_shows_its_figures_in_its_language(est_ensemble: Study) -> None:
    french, english = (dataclasses.replace(est_ensemble, lang=lang)._repr_html_() for lang in ("fr", "en"))
    assert len(french.encode()) < 10_000
    everything = est_ensemble.coverage.query("theme == 'all' and minutes == 15")
    targets = everything[everything["level"] == "neighbourhood"]
    assert len(targets) == 4
    for row in targets.itertuples():
        assert str(row.zone_name) in text_of(french)
        assert number(row.residents, "fr") in french
        for shown, lang in ((french, "fr"), (english, "en")):
            assert html.escape(interval(percent(row.share_low, lang), percent(row.share_high, lang), lang)) in shown
    assert "un lieu qui a fermé" in french or "ont fermé" in french
    assert "closed" in english


def test_gaps_are_shown_widest_first_with_their_interval(est_ensemble: Study) -> None:
    gaps = est_ensemble.gaps[est_ensemble.gaps["level"] == "neighbourhood"]
    shown = show_gaps(gaps, top=2, lang="en").text
    widest = gaps[gaps["rank"] == 1].iloc[0]
    assert number(widest["out_of_reach"], "en") in shown
    low, high = (number(widest[name], "en") for name in ("out_of_reach_low", "out_of_reach_high"))
    assert interval(low, high, "en") in shown
    assert text_of(shown).count("residents out of reach") == gaps["neighbourhood_id"].nunique()
    rows = ET.fromstring(f"<body>{shown}</body>").findall(".//tbody/tr")  # noqa: S314 - our own
    assert len(rows) == gaps["rank"].between(1, 2).sum()


def test_target_neighbourhoods_come_before_communes(est_ensemble: Study) -> None:
    targets = est_ensemble.gaps[est_ensemble.gaps["level"] == "neighbourhood"]
    communes = targets.assign(
        level="commune",
        neighbourhood_id=targets["neighbourhood_id"] + "-",
        neighbourhood="X",
        finding_fr=[text.replace("Le Morillon", "X") for text in targets["finding_fr"]],
    )
    shown = show_gaps(pd.concat([communes, targets], ignore_index=True)).text
    assert 0 <= shown.index("Le Morillon") < shown.rindex("X, ")


def test_many_areas_are_cut_and_what_is_missing_is_a_dash() -> None:
    one = make_study().gaps.iloc[[0]].assign(rank=1, nearest_name="", gap_points=float("nan"))
    many = pd.concat([one.assign(neighbourhood_id=str(i)) for i in range(15)], ignore_index=True)
    shown = show_gaps(many, lang="en").text
    assert shown.count("<table") == 12
    assert "3 more areas" in shown
    assert "\N{EN DASH}</td>" in shown
    assert share_bar(float("nan"), 0, 0, "fr") == "\N{EN DASH}"


@pytest.mark.parametrize("name", [*(name for name, layer in TABLES.items() if layer.geographic), "demand"])
@pytest.mark.filterwarnings("ignore")
def test_every_layer_explores(name: str, est_ensemble: Study, tmp_path: Path) -> None:
    layer = getattr(est_ensemble, name).head(300)
    page = layer[layer.geometry.notna()].explore()
    page.save(tmp_path / "map.html")
    assert "L.map(" in (tmp_path / "map.html").read_text(encoding="utf-8")
    assert layer.explore(column=layer.columns.drop("geometry")[0]) is not None
