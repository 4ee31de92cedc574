"""The aims of challenges: which rule gives one, and that none is given without."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

from essgeo.register.aims import NOT_KNOWN, count_aims, tag_aims

AIMS = pd.DataFrame(
    {
        "challenge": ["transition_ecologique", "transition_ecologique", "jeunesse"],
        "activities": ["economie_circulaire_reemploi-alimentation_agriculture", "habitat_urbanisme+reseau", ""],
        "words": ["", "éco-construction", "mission locale"],
        "label_fr": "",
        "label_en": "",
    },
    index=["usage", "ecoconstruction", "decrochage"],
)


@pytest.mark.parametrize(
    ("row", "aims", "rules"),
    [
        ({"sectors": "economie_circulaire_reemploi"}, "usage", f"activity {AIMS['activities'].iloc[0]}"),
        ({"sectors": "economie_circulaire_reemploi|alimentation_agriculture"}, NOT_KNOWN, NOT_KNOWN),
        ({"sectors": "habitat_urbanisme"}, NOT_KNOWN, NOT_KNOWN),
        ({"sectors": "habitat_urbanisme", "roles": "reseau"}, "ecoconstruction", "activity habitat_urbanisme+reseau"),
        ({"name": "Éco construction 93"}, "ecoconstruction", "name éco-construction"),
        ({"aliases": "L'ÉCO-CONSTRUCTION"}, "ecoconstruction", "name éco-construction"),
        ({"note": "chantiers d'éco-construction"}, "ecoconstruction", "list éco-construction"),
        ({"name": "Décoconstruction"}, NOT_KNOWN, NOT_KNOWN),
        ({"name": "Mission locale"}, NOT_KNOWN, NOT_KNOWN),
        ({"challenges": "jeunesse|transition_ecologique", "name": "Mission locale"}, f"decrochage|{NOT_KNOWN}",
         f"name mission locale|{NOT_KNOWN}"),
        ({"challenges": "", "sectors": "economie_circulaire_reemploi"}, "", ""),
    ],
)  # fmt: skip
def test_an_aim_has_its_rule_or_is_not_known(row: dict[str, str], aims: str, rules: str) -> None:
    whole = {"name": "A", "challenges": "transition_ecologique", "sectors": "", "roles": "", "family": "unknown"} | row
    assert tag_aims(pd.DataFrame([whole]), AIMS).to_numpy().tolist() == [[aims, rules]]


def test_a_territory_without_aims_tags_nothing_and_counts_nothing() -> None:
    rows = {"name": "A", "challenges": "jeunesse", "sectors": "", "roles": "", "family": ""}
    assert tag_aims(pd.DataFrame([rows]), AIMS.iloc[:0]).to_numpy().tolist() == [["", ""]]


def test_each_aim_counts_who_counts_and_who_is_located_and_each_challenge_those_without() -> None:
    rows = {"name": ["Mission locale", "Mission locale", "Club", "Fermé"], "counted": [True, True, True, False]}
    layer = gpd.GeoDataFrame(rows, geometry=[Point(0, 0), None, Point(1, 1), Point(2, 2)], crs=2154).assign(
        challenges="jeunesse", sectors="", roles="", family="association", geo_status="located"
    )
    table = count_aims(layer.join(tag_aims(layer, AIMS)), AIMS).set_index(["challenge", "aim"])
    assert table.loc[("jeunesse", "decrochage"), ["structures", "structures_located"]].tolist() == [2, 1]
    assert table.loc[("jeunesse", NOT_KNOWN), "structures"] == 1
    assert table.loc[("transition_ecologique", "usage"), "structures"] == 0
