"""A name leads nowhere else: neither to another folder nor to a page that is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.errors import InputError
from essgeo.maps.comparisons import CHANGE
from essgeo.maps.pages import PAGES
from essgeo.official.catalogue import apply_overrides, read_catalogue
from essgeo.schema.names import OWN_PAGES, is_file_name, is_page_name
from essgeo.schema.validate import validate
from essgeo.territory import load_territory

if TYPE_CHECKING:
    from pathlib import Path

ELSEWHERE = [
    "/etc/passwd", "../x.csv", "..", ".", "", "a/b.csv", "a\\b.csv", "C:x.csv", "~/x.csv", ".hidden", "-o", "x\x00.csv",
    "a\nb.csv", "nul", "CON.csv", "x.csv ", "x.", "x" * 200, "a?b", "\u202ex.csv/",
]  # fmt: skip


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_leads_elsewhere_names_no_file_nor_page(name: str, tmp_path: Path, small_territory: Path) -> None:
    assert not is_file_name(name)
    assert not is_page_name(name)
    quoted = "".join(f"\\u{ord(letter):04x}" for letter in name)
    sources = tmp_path / "sources.toml"
    sources.write_text(f'[iris]\nlocate.name = "{quoted}"\n', encoding="utf-8")
    known: dict[str, Any] = {"iris": {"locate": {"kind": "address", "url": "https://a.fr/x.csv"}}}
    with pytest.raises(InputError, match=r"iris\.locate\.name: .* plain name"):
        apply_overrides(known, sources)
    if name in {"a/b.csv", "~/x.csv"}:  # a territory may have folders of its own
        return
    described = small_territory / "territory.toml"
    described.write_text(described.read_text(encoding="utf-8").replace("iris.geojson", quoted, 1), encoding="utf-8")
    with pytest.raises(InputError, match=r"layers\[1\]\.file: .* plain name"):
        load_territory(small_territory)


@given(st.text(max_size=20))
def test_a_plain_name_stays_in_its_folder(name: str) -> None:
    if is_file_name(name):
        assert not {"/", "\\", ":", "\x00"} & {*name}
        assert name not in {".", ".."}
    if is_page_name(name):
        assert is_file_name(f"{name}.html")


def test_the_names_of_all_files_of_the_catalogue_are_plain() -> None:
    names = [source.locate.get("name", "x") for source in read_catalogue().values()]
    assert [name for name in names if not is_file_name(name.replace("{area}", "93"))] == []


def test_the_pages_of_a_study_are_known_by_name() -> None:
    pages = {"index", "territory", "embed", "siting", CHANGE.removesuffix(".html"), *PAGES}
    assert pages <= OWN_PAGES
    assert not any(is_page_name(page) for page in pages)


@pytest.mark.parametrize(
    "identifier", ["../../evil", "..", "brief-1", "index", "Bel Air", "é", "nul", "a" * 200, "a--b"]
)
def test_a_neighbourhood_that_cannot_name_a_page_is_told_with_file_and_row(identifier: str) -> None:
    table = pd.DataFrame(
        {
            "neighbourhood_id": ["bel-air", identifier],
            "name": "A",
            "city": "Bondy",
            "citycode": "93010",
            "iris_codes": "1",
        }
    )
    table = table.assign(qpv_2015="", qpv_2024="", note="").set_axis(pd.Index([2, 3], name="row"))
    with pytest.raises(
        InputError, match=r"mine.csv: 1 fault[\s\S]*row 3, field neighbourhood_id: .* cannot name a page"
    ):
        validate(table, "neighbourhoods", source="mine.csv")


def test_a_pattern_of_the_user_is_one(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text('[iris]\nlocate.title = "(a"\n', encoding="utf-8")
    known: dict[str, Any] = {"iris": {"locate": {"kind": "address", "url": "https://a.fr/x.csv"}}}
    with pytest.raises(InputError, match="no regular expression"):
        apply_overrides(known, tmp_path / "sources.toml")
