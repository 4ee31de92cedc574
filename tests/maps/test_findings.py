"""A sentence says what its rows say."""

from __future__ import annotations

import math
from typing import Any

import pytest

from essgeo.maps import findings
from essgeo.schema.vocabulary import STAGES
from essgeo.text.languages import MISSING


def _coverage(share: float = 0.5) -> dict[str, Any]:
    return {
        "share": share,
        "share_low": 0.0,
        "share_high": 0.9,
        "residents": 2465.0,
        "residents_measured": 2465.0,
        "minutes": 15,
        "share_known_active": 0.3,
    }


def _gap(theme: str, out: float, more: float, first: int = 1, name: str = "Le Relais") -> dict[str, Any]:
    return {
        "level": "neighbourhood",
        "theme": theme,
        "conclusion": "",
        "out_of_reach": out,
        "out_of_reach_low": out - 10,
        "out_of_reach_high": out + 10,
        "rank": first if more > 0 else 0,
        "rank_low": first,
        "zone_rank": 2,
        "zone_rank_low": 1,
        "zone_rank_high": 3,
        "not_distinguishable": "noue",
        "gap_residents": more,
        "nearest_name": name,
        "nearest_city": "Bobigny" if name else "",
        "nearest_minutes": 20.2 if name else math.nan,
    }


def _chain(role: str, reached: set[str], nearest: dict[str, float]) -> list[dict[str, Any]]:
    return [
        {
            "role": role,
            "stage": stage,
            "minutes": 15,
            "structures_in_register": 1,
            "within_reach": stage in reached,
            "nearest_name": f"Offre {stage}" if stage in nearest else "",
            "nearest_city": "Pantin",
            "nearest_minutes": nearest.get(stage, math.nan),
        }
        for stage in STAGES
    ]


def test_reach_gives_share_interval_residents_and_territory() -> None:
    assert findings.reach(_coverage(), _coverage(0.86), "fr") == (
        "50\u202f% des 2\u202f465 habitants (de 0\u202f% à 90\u202f%) vivent à 15 min à pied ou moins d’au moins un "
        "lieu de l’ESS connu du registre, contre 86\u202f% dans l’ensemble du territoire."
    )


def test_shares_are_said_to_be_those_of_the_residents_measured() -> None:
    some = _coverage() | {"residents_measured": 2300.0}
    assert findings.reach(some, _coverage(), "en").startswith("50% of the 2,300 residents")
    assert "of the 2,300 residents whose walks are measured, of 2,465" in findings.reach(some, _coverage(), "en")
    none = _coverage(math.nan) | {"residents_measured": 600.0}
    assert findings.reach(none, _coverage(), "en") == (
        "Not measured: the streets given come near 24% of the 2,465 residents only; 90% are needed."
    )
    assert "against a share that is not measured" in findings.reach(_coverage(), none, "en")


@pytest.mark.parametrize(("share", "start"), [(0.0, "None of the 2,465"), (1.0, "All 2,465"), (0.999, ">99% of")])
def test_none_and_all_are_said_only_where_true(share: float, start: str) -> None:
    assert findings.reach(_coverage(share), _coverage(), "en").startswith(start)


def test_the_largest_gap_is_named_with_its_nearest_offer() -> None:
    rows = [_gap("insertion_emploi", 900, 600), _gap("jeunesse", 500, 100, 2)]
    sentence, standing = findings.largest_gap(rows, {"noue": "La Noue"}, "en")
    assert sentence == (
        "The largest gap with the territory: integration through work. 900 residents (890 to 910) are out of reach, "
        "600 more than if the neighbourhood were served as the whole territory is. "
        "The nearest structure, Le Relais (Bobigny), is 21 min away on foot."
    )
    assert standing == (
        "Among the target neighbourhoods, for this theme: rank 2 (1 to 3); the gap cannot be told from that of La Noue."
    )


def test_themes_that_may_be_first_too_are_named() -> None:
    rows = [_gap("jeunesse", 900, 600), _gap("mobilite", 800, 590), _gap("numerique", 700, 100, 2)]
    *_, tied = findings.largest_gap(rows, {"noue": "La Noue"}, "en")
    assert "mobility" in tied
    assert "digital" not in tied


def test_no_gap_and_no_known_offer() -> None:
    assert findings.largest_gap([_gap("jeunesse", 5, -20)], {}, "fr") == [
        "Aucun thème ne place à coup sûr le quartier en retrait du territoire, avec les positions connues."
    ]
    assert findings.largest_gap([_gap("jeunesse", 5, 4, name="")], {"noue": "N"}, "en")[0].endswith(
        "that was computed."
    )


def test_the_chain_names_what_is_missing_and_the_nearest_of_it() -> None:
    rows = _chain("accompagnement", {"emergence"}, {"emergence": 3.0, "lancement": 40.0, "developpement": 22.5})
    (sentence,) = findings.support_chain(rows, "en")
    assert sentence == (
        "Support: no located offer within a 15 min walk for these stages: launch, development and change of scale. "
        "The nearest (development) is Offre developpement (Pantin), 23 min away on foot."
    )


def test_no_walk_of_over_an_hour_is_told_in_minutes() -> None:
    rows = _chain("accompagnement", set(), {"emergence": math.nan})
    (sentence,) = findings.support_chain(rows, "fr")
    assert sentence.endswith("est Offre emergence (Pantin), à plus d’une heure à pied.")


def test_each_role_has_its_sentence() -> None:
    rows = _chain("accompagnement", set(STAGES), {}) + _chain("financement", set(), {})
    assert len(findings.support_chain(rows, "fr")) == 2


def test_a_register_that_knows_of_no_support_does_not_say_that_there_is_none() -> None:
    rows = [row | {"structures_in_register": 0} for row in _chain("financement", set(), {})]
    (sentence,) = findings.support_chain(rows, "en")
    assert sentence.endswith("There may be some.")


def test_two_neighbourhoods_of_one_qpv_name_each_other() -> None:
    rows = [
        {"name": name, "qpv_2024": code} for name, code in (("A", "Q1"), ("B", "Q1"), ("C", "Q2"), ("D", ""), ("E", ""))
    ]
    said = [findings.shared_qpv(row, rows, "2024", "en") for row in rows]
    assert "A and B lie in the same QPV (Q1, outlines of 2024)" in said[0]
    assert said[2:] == ["", "", ""]


def test_a_vintage_without_a_column_says_nothing() -> None:
    assert findings.shared_qpv({"name": "A"}, [], "1996", "fr") == ""


def test_the_bound_is_said_with_and_without_a_portrait() -> None:
    assert "environ 1\u202f274" in findings.bound(72, 0, 1274, "fr")
    assert "3 autres, hors du territoire" in findings.bound(72, 3, 1274, "fr")
    for text in (findings.bound(72, 0, math.nan, "fr"), findings.bound(72, 0, 1274, "fr")):
        assert "un lieu qui a fermé, moins" in text
        assert "échantillon" in text


def test_a_walk_is_never_said_shorter_than_it_is() -> None:
    assert findings.walk(15.0000000001, "en") == "15 min"
    assert findings.walk(15.01, "en") == "16 min"
    assert findings.walk(math.nan, "en") == MISSING
