"""What a planner has at hand in a notebook: frames under French names, with words for codes."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from essgeo import (
    accessibility,
    choose_sites,
    coverage,
    crosswalk,
    demand_points,
    find_gaps,
    gather_areas,
    geocode,
    locate_in,
    support_chain,
    travel_cost,
)
from essgeo.errors import InputError, InputWarning
from essgeo.siting import Assumptions

IRIS = gpd.GeoDataFrame(
    {"CODE_IRIS": ["930100101", "930100102"], "P22_POP": [900.0, 1500.0], "INSEE_COM": "93010"},
    geometry=[shapely.box(0, 0, 400, 400), shapely.box(400, 0, 2000, 400)],
    crs=2154,
)
LISTED = gpd.GeoDataFrame(
    {"nom": ["Café", "Garage", "Vieux garage"], "secteur": ["Alimentation", "Mobilité", "Mobilité"],
     "Statut": ["Ouvert", "Ouvert", "Fermé"], "Téléphone": "01 23 45 67 89"},
    index=["c", "g", "v"],
    geometry=gpd.points_from_xy([100, 1900, 150], [200, 200, 200]),
    crs=2154,
)  # fmt: skip
QPV = gpd.GeoDataFrame(
    {"code_qp": ["QN1"], "lib_qp": ["Nord"], "millésime": "2024"}, geometry=[shapely.box(0, 0, 200, 400)], crs=2154
)


@pytest.mark.parametrize("codes", ["930100101", ["930100101"]])
def test_every_function_takes_french_names_and_words(codes: Any) -> None:
    places = pd.DataFrame({"quartier": ["Le Nord"], "iris": [codes]}, index=["nord"])
    homes = demand_points(IRIS, neighbourhoods=places)
    assert homes.groupby("neighbourhood_id")["population"].sum().round().to_dict() == {"": 1500, "nord": 900}
    found = geocode(LISTED)
    assert found["geo_status"].eq("located").all()
    assert "Téléphone" not in found
    gaps = find_gaps(homes, found, places, qpv=QPV, draws=4, as_of="2026-01-01").set_index(
        ["neighbourhood_id", "theme"]
    )
    shares = gaps["share"].to_dict()
    assert shares["nord", "alimentation_agriculture"] == 1
    assert shares["nord", "mobilite"] == 0, "the closed garage counts"
    assert gaps.loc["QN1", "neighbourhood"].unique().tolist() == ["Nord"]
    assert gaps["as_of"].unique().tolist() == ["2026-01-01"]
    cost = travel_cost(homes, found)
    areas = gather_areas(homes, territory="t", communes=places.iloc[:0], neighbourhoods=places, qpv=QPV)
    table = coverage(homes, found, areas, cost, within_minutes=[5], draws=2).set_index(["zone_id", "theme"])
    assert table.loc[("QN1", "mobilite"), "share"] == 0
    offered = found.assign(rôle="Financement", étapes="Lancement")
    chain = support_chain(homes, offered, places, cost, register=offered, minutes=15)
    assert chain.loc[chain["within_reach"], ["role", "stage"]].to_numpy().tolist() == [["financement", "lancement"]]
    halls = gpd.GeoDataFrame({"Nom": ["Halle"]}, index=["h"], geometry=gpd.points_from_xy([300], [200]), crs=2154)
    chosen = choose_sites(homes, halls, count=1, sector="mobilite", within_minutes=5, structures=found,
                          assumptions=Assumptions(draws=0))  # fmt: skip
    assert chosen.sites.index.tolist() == ["h"]
    inside = locate_in(found, QPV).set_index("point_id")
    assert inside.loc["c", ["zone_id", "vintage"]].tolist() == ["QN1", "2024"]
    assert crosswalk(QPV, QPV, weights=homes)["population_share_of_old"].tolist() == [1]
    renamed = homes.rename(columns={"population": "habitants"})
    assert np.allclose(accessibility(renamed, found, cost), accessibility(homes, found, cost))


def test_what_a_column_of_a_list_counted_is_of_no_day_that_is_known() -> None:
    places = pd.DataFrame({"nom": ["Le Nord"], "iris": ["930100101"]}, index=["nord"])
    found = geocode(LISTED).assign(counted=[True, False, False])
    gaps = find_gaps(demand_points(IRIS, neighbourhoods=places), found, places, draws=2)
    assert set(gaps["as_of"]) == {""}
    assert gaps.loc[gaps["theme"] == "mobilite", "structures"].tolist() == [0]


def test_a_word_that_is_not_known_is_left_out_and_told() -> None:
    places = pd.DataFrame({"nom": ["Le Nord"], "iris": ["930100101"]}, index=["nord"])
    homes = demand_points(IRIS, neighbourhoods=places)
    odd = geocode(LISTED.assign(secteur=["Alimentation", "Magie", "Mobilité"]))
    with pytest.warns(InputWarning, match="row g, field sectors: unknown value 'Magie'; left out"):
        find_gaps(homes, odd, places, draws=2)


def test_iris_that_are_not_there_are_told() -> None:
    places = pd.DataFrame({"nom": ["Le Nord"], "iris": ["930100101|930109999"]}, index=["nord"])
    with pytest.warns(InputWarning, match="not counted: 930109999"):
        demand_points(IRIS, neighbourhoods=places)


@pytest.mark.parametrize(
    ("columns", "named", "address"),
    [
        ({"N°": [12.0], "Type voie": ["rue"], "Voie": ["A"], "CP Ville": ["93140 Bondy"]}, None, "12 rue A"),
        ({"Adresse 1": ["12 rue A"], "Adresse 2": ["Bât. B"], "ville": ["Bondy"]}, None, "12 rue A"),
        ({"où": ["12 rue A"], "ville": ["Bondy"]}, {"adresse": "où"}, "12 rue A"),
        ({"numéro": ["12"], "où": ["rue A"], "ville": ["Bondy"]}, "address=numéro+où", "12 rue A"),
    ],
)
def test_geocode_reads_the_columns_of_a_frame_as_those_of_a_file(
    columns: dict[str, Any], named: Any, address: str
) -> None:
    found = geocode(pd.DataFrame(columns, index=["x"]), columns=named)
    assert found[["address", "city"]].to_numpy().tolist() == [[address, "Bondy"]]
    assert found.index.tolist() == ["x"]


def test_geocode_exchanges_degrees_that_are_swapped_and_asks_for_a_place() -> None:
    with pytest.warns(InputWarning, match="were exchanged"):
        found = geocode(pd.DataFrame({"nom": ["A"], "Longitude": [48.9], "Latitude": [2.48]}))
    assert found[["longitude", "latitude"]].to_numpy().tolist() == [[2.48, 48.9]]
    with pytest.raises(InputError, match="no column was recognised as the address"):
        geocode(pd.DataFrame({"nom": ["A"]}))
    with pytest.raises(InputError, match="'Rue'"):
        geocode(pd.DataFrame({"nom": ["A"], "adresse": [""]}), columns={"address": "Rue"})
