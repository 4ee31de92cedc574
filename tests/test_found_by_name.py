"""Whoever the facts of Est Ensemble name is found by that name: in the register of the pages, or beside it."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from essgeo.files import read_table
from essgeo.gaps import cooperations, support_offers
from essgeo.maps.actors import elsewhere
from essgeo.maps.script_data import register
from essgeo.register.evidence import beside_register
from essgeo.schema.names import simplify
from essgeo.schema.vocabulary import split_codes
from essgeo.study import Options, set_up

NAMED = {
    "structures": ("name", "aliases"),
    "sites": ("name",),
    "relations": ("name", "with_name"),
    "outside_support": ("name",),
    "associations_contrat_de_ville": ("name",),
}
"""The files of facts that name structures, places and actors, and where."""


@pytest.mark.slow
def test_every_name_of_the_facts_is_found_with_its_state_and_source() -> None:
    known = set_up("est-ensemble", Options(as_of=dt.date(2026, 11, 1)))
    lists, structures = known.lists, known.structures
    study: Any = SimpleNamespace(
        lang="fr",
        structures=structures,
        sites=known.sites,
        support_offers=support_offers(structures, known.stations, lists["outside_support"], communes=known.communes),
        cooperations=cooperations(lists["relations"], structures),
        city_contract=beside_register(lists["associations_contrat_de_ville"], structures),
    )
    assert sum(len(part["id"]) for part in register(structures).texts) == len(structures)
    assert structures["source"].ne("").all()
    beside = pd.DataFrame(elsewhere(study))
    assert beside[["state", "source", "kind"]].ne("").all(axis=None)
    assert not beside["name"].duplicated().any()
    found = {simplify(name) for name in [*structures["name"], *beside["name"]]}
    found |= {simplify(name) for cell in structures["aliases"] for name in split_codes(cell)}
    for layer, columns in NAMED.items():
        table = read_table(known.territory.file(layer).path)
        names = [name for column in columns for cell in table[column] for name in split_codes(cell) if name]
        assert [name for name in names if simplify(name) not in found] == [], layer
