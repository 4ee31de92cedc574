"""The portrait equals the seed figures, and counts the register beside them."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

from essgeo import load_territory
from essgeo.errors import SchemaError
from essgeo.official.live_layers import read_layer
from essgeo.register import portrait

REGISTER = gpd.GeoDataFrame(
    {
        "family": ["association", "association", "mutuelle", "unknown", "cooperative"],
        "counted": [True, False, True, True, True],
        "geo_status": ["located", "located", "not_found", "located", "not_found"],
    },
    geometry=[shapely.Point(0, 0), shapely.Point(0, 0), None, shapely.Point(0, 0), None],
    crs=2154,
)


def test_seed_figures_by_family_add_up_to_the_total() -> None:
    here = load_territory("est-ensemble")
    table = portrait(REGISTER, read_layer(here, "seed_figures"), scope=here.name).set_index("family")
    families = ["association", "cooperative", "mutuelle", "fondation"]
    assert table.loc[families, "seed_enterprises"].tolist() == [1161, 78, 25, 10]
    seed = ["seed_enterprises", "seed_employees", "seed_fte", "seed_payroll_eur"]
    assert list(table.loc["total", seed]) == [1274, 12_851, 11_594, 374_616_936]
    assert table.loc[families, seed].sum().tolist() == pytest.approx([1274, 12_851, 11_594, 374_616_936], abs=1)
    assert table.loc[["entreprise_commerciale_ess", "unknown"], seed].isna().all(axis=None)


def test_the_register_is_counted_by_family() -> None:
    here = load_territory("est-ensemble")
    table = portrait(REGISTER, read_layer(here, "seed_figures"), scope=here.name).set_index("family")
    register = table[["register_structures", "register_counted", "register_located"]]
    assert list(register.loc["association"]) == [2, 1, 1]
    assert list(register.loc["mutuelle"]) == [1, 1, 0]
    assert list(register.loc["fondation"]) == [0, 0, 0]
    assert list(register.loc["total"]) == [5, 4, 2]
    assert register.drop("total").sum().tolist() == [5, 4, 2]
    alike = table.loc[["association", "cooperative", "mutuelle", "fondation"], "register_counted"].sum()
    assert 0 < alike < 4
    assert table.loc["total", "register_share"] == alike / 1274
    assert table["note"].isin(["portrait_sample", "portrait_other"]).all()


def test_a_structure_outside_the_territory_is_counted_but_not_located_there() -> None:
    here = load_territory("est-ensemble")
    away = REGISTER.assign(geo_status=["outside", *REGISTER["geo_status"].iloc[1:]])
    table = portrait(away, read_layer(here, "seed_figures"), scope=here.name).set_index("family")
    assert table.loc["association", ["register_counted", "register_located"]].tolist() == [1, 0]
    assert table.loc["total", ["register_counted", "register_located"]].tolist() == [4, 1]
    # Of SIRENE what lies around the territory is read for the residents at its limit alone.
    of_sirene = portrait(away.assign(ess_rule="flag"), read_layer(here, "seed_figures"), scope=here.name)
    assert of_sirene.set_index("family").loc["total", ["register_counted", "register_located"]].tolist() == [3, 1]


def test_a_territory_without_a_portrait_has_none() -> None:
    figures = read_layer(load_territory("est-ensemble"), "seed_figures")
    assert portrait(REGISTER, figures, scope="Elsewhere")["seed_enterprises"].isna().all()


def test_a_figure_that_is_no_number_is_refused() -> None:
    figures = read_layer(load_territory("est-ensemble"), "seed_figures").copy()
    figures.loc[figures["key"] == "ess_entreprises", "value"] = "about 1300"
    with pytest.raises(SchemaError, match="the value of ess_entreprises is not a number"):
        portrait(REGISTER, figures, scope="Est Ensemble")


def test_a_register_from_sirene_is_told_from_a_sample() -> None:
    here = load_territory("est-ensemble")
    figures = read_layer(here, "seed_figures")
    facts = {
        "siren": ["1", "9", "1", "2", ""],
        "employees_low": [1, 9, 3, None, 0],
        "employees_high": [2, 9, 5, None, 0],
    }
    sirene = REGISTER.assign(ess_rule="flag", **facts)
    total = portrait(sirene, figures, scope=here.name).set_index("family").loc["total"]
    columns = [
        "register_enterprises",
        "register_employees_low",
        "register_employees_high",
        "register_employees_unknown",
    ]
    assert total[columns].tolist() == [3, 4, 7, 1]
    assert total["note"] == "portrait_sirene"
    sample = portrait(sirene.drop(columns="ess_rule"), figures, scope=here.name)
    assert sample["note"].iloc[-1] == "portrait_sample"
