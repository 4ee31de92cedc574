"""INSEE codes: departments and arrondissements."""

from __future__ import annotations

import pytest

from essgeo.schema.codes import ARRONDISSEMENTS, city_of, department_of, same_department, with_arrondissements

OVERSEAS = ("971", "972", "973", "974", "976")


def test_departments_of_communes() -> None:
    assert [department_of(code) for code in ("93010", "2B033", "97411", "01004")] == ["93", "2B", "974", "01"]


@pytest.mark.parametrize("department", OVERSEAS)
def test_departments_overseas_are_told_apart_by_three_characters(department: str) -> None:
    same = [other for other in OVERSEAS if same_department(f"{other}05", f"{department}00")]
    assert same == [department]


@pytest.mark.parametrize(("citycode", "postcode"), [("2A004", "20090"), ("2B033", "20200"), ("97801", "97150")])
def test_postcodes_that_do_not_begin_with_their_department(citycode: str, postcode: str) -> None:
    assert same_department(citycode, postcode)
    assert not same_department("97105", postcode)
    assert not same_department("93010", postcode)


def test_each_arrondissement_is_part_of_its_city_and_no_other_commune_is() -> None:
    for city, parts in ARRONDISSEMENTS.items():
        assert with_arrondissements([city]) == sorted([city, *parts])
        assert {city_of(part) for part in [city, *parts]} == {city}
    for commune in ("13200", "13217", "69266", "69380", "69390", "75100", "75121", "93010"):
        assert city_of(commune) == commune
