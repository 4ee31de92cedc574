"""The one table of columns: each column once, in both languages, and all that is read from it holds together."""

from __future__ import annotations

import csv
import re
from importlib.resources import files

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.files.redact import MASK, redact, restricted_rows
from essgeo.schema import vocabulary
from essgeo.schema.columns import COLUMNS, HEADERS, LAYERS, LISTS, SHOWN, SHOWN_PUBLISHED, TABLES
from essgeo.schema.names import guess_columns, simplify
from tests.conftest import examples

ROWS = list(csv.DictReader((files("essgeo.schema") / "columns.csv").read_text(encoding="utf-8").splitlines()))
READ = {**LAYERS, **LISTS}
PRIVATE = {"name", "aliases", "address", "postcode", "lon", "lat", "note", "website", "siret_as_given", "source_2"}
"""Columns that may say who or where somebody is."""


def cells(column: str) -> list[tuple[str, str]]:
    """Each part of a cell of each row: the layer it is for, or nothing, and what it says."""
    parts = [part.rpartition(":") for row in ROWS for part in row[column].split(";") if part]
    return [(layer.strip(), said.strip()) for layer, _, said in parts]


def test_every_column_stands_once_with_both_languages() -> None:
    names = [row["name"] for row in ROWS]
    assert len(names) == len(set(names)) == len(COLUMNS)
    for row in ROWS:
        assert row["fr"], row["name"]
        assert row["en"], row["name"]
        assert set(row) == set(ROWS[0]), row["name"]
        assert bool(row["unit_en"]) <= bool(row["unit"]), row["name"]


@pytest.mark.parametrize("name", READ)
def test_every_column_of_a_layer_or_list_is_in_the_table(name: str) -> None:
    layer = READ[name]
    fields = [field.name for field in layer.fields]
    assert len(fields) == len(set(fields))
    assert {layer.index, *fields} - {""} <= set(COLUMNS)
    assert set(HEADERS[name]) <= {layer.index, *fields}


@pytest.mark.parametrize("name", TABLES)
def test_every_column_of_a_published_table_is_in_the_table(name: str) -> None:
    table = TABLES[name]
    columns = [column.name for column in table.columns]
    assert all(table.title[lang] for lang in ("fr", "en"))
    assert set(table.key) <= set(columns)
    assert table.key[0] == columns[0]
    assert all(column == COLUMNS[column.name] for column in table.columns)
    assert len(table.key) == 1 or not table.geographic


def test_cells_say_only_what_is_known() -> None:
    published, read = (
        {word.rstrip("#!?") for row in ROWS for word in row[name].split()} for name in ("published", "read")
    )
    assert (published, read) == (set(TABLES), set(READ))
    assert {kind for _, kind in cells("type")} == {"text", "integer", "number", "flag", "month", "polygons"}
    assert {row["several"] for row in ROWS} <= {"", "yes"}
    assert {row["masked"] for row in ROWS} <= {"", "yes", "read", "published"}
    for layer, allowed in cells("allowed"):
        assert layer in {"", *READ}
        if layer and not allowed:  # a layer whose column says something else than the tables' column of that name
            continue
        named = [word for word in allowed.split("|") if word.endswith("s") and hasattr(vocabulary, word.upper())]
        assert all(re.fullmatch("[a-z0-9_]+", word) for word in allowed.split("|"))
        assert named or "|" in allowed, f"{allowed} is neither a vocabulary nor a list of codes"
    assert all(layer in READ for layer, _ in cells("headers"))


@pytest.mark.parametrize("name", HEADERS)
def test_headers_are_known_to_one_column_and_written_simply(name: str) -> None:
    # What stands in these columns tells which of two fields they hold.
    told = {"statut", "activite"}
    aliases = [alias for names in HEADERS[name].values() for alias in names if alias not in told]
    if name not in LISTS:
        assert len(aliases) == len(set(aliases))
        assert all(simplify(alias) == alias for alias in aliases)
        assert all(names[0] == column for column, names in HEADERS[name].items())
    assert all(guess_columns([names[-1]], {column: names}) for column, names in HEADERS[name].items())


def test_a_masked_row_shows_what_the_table_says_and_nothing_that_tells_who_or_where() -> None:
    said = {mark: {row["name"] for row in ROWS if row["masked"] == mark} for mark in ("yes", "read", "published")}
    assert said["yes"] | said["read"] == SHOWN
    assert said["yes"] | said["published"] == SHOWN_PUBLISHED
    assert not SHOWN_PUBLISHED & {"source", "siren", "siret", "sectors", "challenges", "status", "active_from", "as_of"}
    places = {name for name in COLUMNS if name.startswith(("geo_l", "geo_radius", "lon", "lat", "candidate_", "qpv"))}
    assert not SHOWN_PUBLISHED & (PRIVATE | places)


@examples(10)
@given(own=st.sets(st.text("abcdefgh_", min_size=1), max_size=4), only=st.sampled_from(sorted(COLUMNS)))
def test_a_redacted_row_keeps_no_other_column(own: set[str], only: str) -> None:
    columns = {*own, *COLUMNS, only} - {"geometry"}
    table = pd.DataFrame({name: ["secret", "open"] for name in columns}).assign(name=[MASK, "A"], diffusion=["P", "O"])
    clear = redact(table, restricted_rows(table))
    kept = {name for name in columns if clear[name].iloc[0] == "secret"}
    assert kept == SHOWN - {"diffusion", "name"}
    assert clear.iloc[1].equals(table.iloc[1])


def test_numbers_and_flags_of_a_redacted_row_are_missing_and_keep_their_type() -> None:
    table = pd.DataFrame({"a": [1, 2], "b": [True, False], "c": [0.5, 1.5]})
    whole = table.assign(d=pd.array([1, 2], dtype="Int64"), e=pd.array([True, False], dtype="boolean"))
    clear = redact(whole, pd.Series([True, False]))
    assert clear.iloc[0].isna().all()
    assert clear.iloc[1].tolist() == whole.iloc[1].tolist()
    assert [str(clear[name].dtype) for name in "cde"] == ["float64", "Int64", "boolean"]


def test_a_table_without_rows_has_none_that_is_restricted() -> None:
    assert restricted_rows(pd.DataFrame(columns=["name", "diffusion"])).tolist() == []
