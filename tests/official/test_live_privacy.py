"""A live study on rows that INSEE diffuses in part, with a secret in every text: none is written or said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from tests.cli.test_structures import HIDDEN, MARK, assert_secret_kept, contents, everywhere, secret_rows
from tests.made.command import essgeo
from tests.made.official import SIRENE_TITLES, publish_sirene
from tests.made.sirene import siret

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.mark.slow
def test_masked_rows_of_sirene_leave_no_trace_in_a_live_study(
    official: Any, small_territory: Path, tmp_path: Path
) -> None:
    rows = ((first, *map(everywhere, masked)) for first, *masked in secret_rows())
    publish_sirene(official, tmp_path, **dict(zip(SIRENE_TITLES, map(list, rows), strict=True)))
    own = f"id,nom,address,city,citycode,siret,roles\nz,ZZSecret,1 rue ZZSecret,Bondy,93010,{siret(101)},tiers_lieu\n"
    (small_territory / "structures.csv").write_text(own, encoding="utf-8")
    out = tmp_path / "maps"
    said = essgeo("study", str(small_territory), "--live", "--as-of", "2026-01", "--out", str(out), folder=tmp_path)
    table = pd.read_csv(out / "tables" / "structures.csv", dtype=str, keep_default_na=False)
    assert (len(table), (table["geo_status"] == "masked").sum()) == (HIDDEN + 1, HIDDEN)
    assert_secret_kept(out, *said)
    cached = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    fetched = {path for path in cached if any(source in str(path) for source in SIRENE_TITLES)}
    assert any(MARK.encode() in data.lower() for path in fetched for data in contents(path))
    assert set(cached) - fetched
    for path in set(cached) - fetched:
        assert not any(MARK.encode() in data.lower() for data in contents(path)), path
