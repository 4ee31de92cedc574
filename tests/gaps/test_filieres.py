"""Where sectors concentrate against sums made by hand, who lies near whom, who works with whom, on which lists."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from essgeo.files import read_structures
from essgeo.gaps import concentrations, cooperations, near_each_other
from essgeo.gaps.filieres import LEAST_LOCATED
from essgeo.register import counted_on
from essgeo.register.evidence import register_lists

ZONES = pd.DataFrame(
    {"level": ["commune", "commune", "qpv"], "zone_id": ["a", "b", "q"], "residents": [5e3, 1e4, 0]}
).assign(zone_name="Z", vintage="")


def register(sectors: list[str], **columns: object) -> gpd.GeoDataFrame:
    points = [Point(200.0 * place, 0) for place in range(len(sectors))]
    known = {"counted": True, "geo_status": "located", "challenges": "", "source": "s", "as_of": "2024"} | columns
    return gpd.GeoDataFrame({"sectors": sectors}, geometry=points, crs=2154).assign(**known)


def test_a_quotient_is_a_share_over_a_share_and_counts_by_chance_of_lying_there() -> None:
    shops = register(["mobilite"] * 12 + ["autre"] * 12)
    rows = pd.DataFrame(
        {"structure_id": [0, 1, 2, 12], "layer": "commune", "zone_id": "a", "probability": [1, 1, 0.5, 0.5]}
    )
    found = concentrations(shops, rows, ZONES).set_index(["zone_id", "sector"])
    own = found.loc[("a", "mobilite")]
    assert own["structures_expected"] == pytest.approx(2.5)
    assert own["density"] == pytest.approx(5)
    assert own["quotient"] == pytest.approx((2.5 / 3) / 0.5)
    assert own["quotient_low"] < 1 < own["quotient"] < own["quotient_high"] <= 2
    assert not own["stands_out"]
    assert np.isnan(found.loc[("b", "mobilite"), "quotient"])
    assert np.isnan(found.loc[("q", "mobilite"), "density"])


@pytest.mark.parametrize("count", [0, LEAST_LOCATED - 1, LEAST_LOCATED])
def test_nothing_is_said_of_a_sector_of_which_few_are_located(count: int) -> None:
    shops = pd.concat(
        [register(["mobilite"] * count), register(["mobilite"] * 9, counted=False), register(["autre"] * 30)]
    )
    rows = pd.DataFrame({"structure_id": [], "layer": [], "zone_id": [], "probability": []})
    found = concentrations(gpd.GeoDataFrame(shops.reset_index(drop=True), crs=2154), rows, ZONES)
    assert ("mobilite" in set(found["sector"])) == (count >= LEAST_LOCATED)


def test_neighbours_are_of_one_sector_and_near_and_none_is_its_own() -> None:
    found = near_each_other(register(["mobilite", "mobilite|autre", "autre", "", "mobilite"])).set_index(
        ["structure_id", "sector"]
    )
    assert found["neighbours"].to_dict() == {
        (0, "mobilite"): "1",
        (1, "mobilite"): "0",
        (1, "autre"): "2",
        (2, "autre"): "1",
    }
    assert near_each_other(register([])).empty


def test_a_cooperation_is_listed_with_and_without_places() -> None:
    shops = register(["", ""]).set_axis(["here", "nowhere"])
    shops.geometry = [Point(0, 0), None]
    relations = pd.DataFrame({"structure_id": ["here", "here", ""], "name": "A", "role": ["", "", "entreprise_alliee"],
                              "relation": "anime", "with_structure_id": ["here", "nowhere", ""], "with_name": "B",
                              "project": "P", "since": "2017-06", "source": "s"}, index=["r1", "r2", "r3"])  # fmt: skip
    found = cooperations(relations, shops)
    assert found["placed"].tolist() == ["both", "one", "none"]
    assert found["role"].tolist() == ["", "", "entreprise_alliee"]


def test_an_allied_company_is_of_no_family_and_counts_nowhere() -> None:
    roles = ["Entreprise alliée", "entreprise_alliee|operateur"]
    listed = pd.DataFrame({"nom": ["A", "B"], "adresse": "1 rue A", "famille": "Association", "rôle": roles})
    with pytest.warns(match="no family"):
        found = read_structures(listed)
    assert found["family"].tolist() == ["unknown", "unknown"]
    assert counted_on(found).tolist() == [False, True]


def test_each_theme_names_its_lists_and_their_years() -> None:
    shops = register(
        ["mobilite", "mobilite", "autre"], source=["https://a.fr/x", "a.fr/y (2019)", ""], as_of=["2019-04", "", "2024"]
    )
    found = register_lists(shops).set_index("theme")
    assert found.loc["mobilite", ["structures", "lists", "main_lists", "first_as_of", "undated"]].tolist() == [
        2,
        1,
        "a.fr",
        "2019",
        1,
    ]
    assert found.loc["all", ["first_as_of", "last_as_of"]].tolist() == ["2019", "2024"]
    assert "numerique" not in found.index
