"""The page of a comparison: names that try to break it stay text, and every place and figure is where it belongs."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from essgeo.gaps.difference import COLUMNS
from essgeo.maps import build_maps
from essgeo.maps.comparisons import MOST_PLOTTED, MOST_ROWS, build_before_after, change_page
from essgeo.publish.export import export_comparison
from essgeo.register.turnover import COLUMNS as PLACE_COLUMNS
from essgeo.results import Comparison
from essgeo.schema.vocabulary import PLACE_CHANGES
from tests.made.study import HOSTILE, SOUTH, WEST, make_study

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.results import Study

KINDS = [list(PLACE_CHANGES)[i % len(PLACE_CHANGES)] for i in range(len(HOSTILE))]


def comparison() -> Comparison:
    """Hostile names in every text of a place and a zone; the last place is masked by law."""
    count = len(HOSTILE)
    study = make_study()
    texts = {name: HOSTILE for name in PLACE_COLUMNS if name not in {"place_change", "moved_m"}}
    was = [Point(WEST + i, SOUTH) if kind in {"moved", "closed", "delisted"} else None for i, kind in enumerate(KINDS)]
    now = [None if kind in {"closed", "delisted"} else Point(WEST, SOUTH + i) for i, kind in enumerate(KINDS)]
    places = gpd.GeoDataFrame(
        {**texts, "place_change": KINDS, "moved_m": 3.0, "geo_status": ["located"] * (count - 1) + ["masked"]},
        geometry=now,
        crs=2154,
    ).assign(was=gpd.GeoSeries(was, crs=2154))
    figures = dict.fromkeys(COLUMNS, 1.0)
    codes = ["more", "less", "unsure", "none", "nobody"]
    changes = pd.DataFrame(
        figures
        | {"level": "qpv", "zone_id": HOSTILE, "zone_name": HOSTILE, "vintage": "2024", "theme_kind": "all",
           "theme": "all", "minutes": 15, "change": [codes[i % 5] for i in range(count)]}
    )  # fmt: skip
    after = dataclasses.replace(study, territory=dataclasses.replace(study.territory, name=HOSTILE[0]))
    return Comparison(before=study, after=after, changed_places=places, changes=changes)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") for name, _ in attrs)


def test_hostile_names_stay_text_and_tables_hold_all(tmp_path: Path) -> None:
    found = comparison()
    page, *_ = build_before_after(found, tmp_path)
    text = page.read_text(encoding="utf-8")
    parser = _Tags()
    parser.feed(text)
    assert not {"img", "iframe"} & {*parser.tags}
    assert re.findall(r'<script src="assets/(\w+).js">', text) == ["tables", "share"]
    assert text.count("<script") == 2
    assert "\u202e" not in text
    assert text.count('<circle class="opened"') == sum(kind in {"opened", "listed"} for kind in KINDS[:-1])
    assert text.count('<path class="closed"') == sum(kind in {"closed", "delisted"} for kind in KINDS[:-1])
    assert text.count('<path class="moved"') == KINDS[:-1].count("moved")
    rows = re.findall(r"<tbody>\n(.*?)</tbody>", text, re.DOTALL)
    assert [part.count("<tr>") for part in rows] == [MOST_ROWS, 80, 40]
    assert "Lieux à diffusion restreinte par la loi, comptés et non listés\xa0: 1" in text
    assert text.count('class="reference"') == MOST_PLOTTED, "the areas of the widest differences, drawn beside none"
    files = export_comparison(found, tmp_path)
    places, changes = (pd.read_csv(path, dtype=str, keep_default_na=False) for path in files[:2])
    assert len(places) == len(HOSTILE) - 1
    assert len(changes) == len(HOSTILE)
    package = json.loads(files[-1].read_text(encoding="utf-8"))
    described = {resource["path"]: resource["bytes"] for resource in package["resources"]}
    assert described == {path.relative_to(tmp_path).as_posix(): path.stat().st_size for path in files[:3]}
    assert not any("foreignKeys" in resource.get("schema", {}) for resource in package["resources"])
    assert np.all(places["name"].str.match(r"[=+\-@\t]") == False)  # noqa: E712 (cells that a spreadsheet would run)


def test_what_changes_is_a_page_of_the_study_in_a_folder_and_in_one_file(study: Study, tmp_path: Path) -> None:
    """It is in the menu of both, and every link of the one file leads to a part of it."""
    after = dataclasses.replace(comparison().after, territory=study.territory)
    found = dataclasses.replace(comparison(), after=after)
    folder, alone = tmp_path / "folder", tmp_path / "alone"
    build_maps(study, folder, change=found)
    assert 'href="change.html"' in (folder / "index.html").read_text(encoding="utf-8")
    assert 'aria-current="page">Avant et après' in (folder / "change.html").read_text(encoding="utf-8")
    (page,) = build_maps(study, alone, change=found, single_file=True)
    text = re.sub(r"<script.*?</script>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert 'href="#page-change"' in text
    anchors = {*re.findall(r'href="#([^"]+)"', text)} - {"main"}
    assert anchors <= {*re.findall(r'id="([^"]+)"', text)}
    assert not re.findall(r'href="[^"#:]+\.html', text)
    assert len(re.findall(r'id="([^"]+)"', text)) == len({*re.findall(r'id="([^"]+)"', text)})


@pytest.mark.parametrize(("change", "sign"), [("more", "plus"), ("less", "moins"), ("unsure", None), ("none", None)])
def test_the_title_of_a_comparison_is_what_it_found_and_no_more(change: str, sign: str | None) -> None:
    """It says more or fewer only where that is sure; a difference that is drawn stands where its figures say."""
    found = comparison()
    row = found.changes.iloc[[0]].assign(
        level="territory", change=change, change_points=2.0, change_low=-1.0, change_high=4.0
    )
    told = change_page(dataclasses.replace(found, changes=row))
    assert (f"{sign} d’habitants qu’avant" in told["heading"]) == bool(sign)
    assert told["figures"] not in told["sentences"]
    assert len(told["sentences"]) + 1 == len(dataclasses.replace(found, changes=row).findings)
    places = [(one["at"], one["from"], one["to"]) for one in told["plotted"]]
    assert places == ([] if change == "none" else [(75.0, 37.5, 100.0)])
