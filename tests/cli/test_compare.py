"""Before and after on the command line: places added, and two folders side by side."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from essgeo import export, run_study
from tests.made.study import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]

SCRIPT = "<script>alert(1)</script>"
DAY = ("--as-of", "2026-01", "--background", "none")


@pytest.mark.slow
def test_a_place_that_is_added_changes_the_same_in_one_run_and_between_two_folders(
    run: Run, small_territory: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.csv"
    plan.write_text(f'nom,secteur,longitude,latitude\n"{SCRIPT}",tiers_lieu,2.4700,48.9064\n', encoding="utf-8")
    before, after, out = (tmp_path / name for name in ("before", "after", "out"))
    before.mkdir()
    export(run_study(small_territory, out=None, as_of="2026-01-31"), before)
    code, said, _ = run("study", small_territory, *DAY, "--out", after, "--add", plan, "--lang", "fr")
    assert code == 0
    assert f"Ce que changent les lieux ajoutés : {after / 'change.html'}" in said
    code, said, errors = run("compare", before, after, "--out", out)
    assert (code, errors) == (0, "")
    assert "places new in the list (1)" in said or "nouveaux dans la liste (1)" in said

    changes = [pd.read_csv(folder / "tables" / "changes.csv") for folder in (after, out)]
    pd.testing.assert_frame_equal(*changes, atol=2e-3)
    mine = changes[1].query("theme == 'tiers_lieu' and minutes == 15").set_index("zone_id")
    assert mine.loc["93010", "change"] == "more"
    assert mine.loc["93010", "change_residents_low"] > 0
    assert set(changes[1].query("theme == 'jeunesse'")["change"]) == {"none"}
    published = pd.read_csv(after / "tables" / "coverage.csv")
    both = published.merge(changes[0], on=["level", "zone_id", "theme", "minutes"])
    assert both["share"].equals(both["share_after"])
    (place,) = pd.read_csv(out / "tables" / "changed_places.csv").to_dict("records")
    assert (place["name"], place["place_change"], place["longitude"]) == (SCRIPT, "listed", 2.47)
    for page in (after / "change.html", out / "index.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script>" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "Cette étude suppose ouverts des lieux ajoutés au registre (1)" in (after / "index.html").read_text(
        encoding="utf-8"
    )
    assert 'href="change.html"' in (after / "index.html").read_text(encoding="utf-8")
    assert (out / "changes.xlsx").exists()
    described = json.loads((after / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    assert {"tables/structures.csv", "tables/changes.csv", "changes.xlsx"} <= {one["path"] for one in described}
    assert "plan.csv" in (out / "ATTRIBUTIONS.md").read_text(encoding="utf-8")

    code, _, errors = run("compare", before, after, "--out", before)
    assert (code, "out would overwrite BEFORE" in errors) == (2, True)
    (after / "geoparquet" / "residents.parquet").unlink()
    code, _, errors = run("compare", before, after, "--out", out)
    assert (code, "residents.parquet is missing" in errors) == (2, True)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "datapackage.json is missing"),
        ("{", "datapackage.json cannot be read"),
        ("[]", "datapackage.json cannot be read"),
        (json.dumps({"territory": {}, "parameters": {"as_of": "x"}}), "datapackage.json cannot be read"),
    ],
)
def test_what_is_no_folder_of_a_study_is_one_clear_error(
    text: str | None, fault: str, run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / HOSTILE[0].replace("/", "")
    folder.mkdir()
    if text is not None:
        (folder / "datapackage.json").write_text(text)
    code, said, errors = run("compare", folder, folder, "--out", tmp_path / "out")
    assert (code, said) == (2, "")
    assert fault in errors
    assert len(errors.splitlines()) == 1
    assert not (tmp_path / "out").exists()
    shutil.rmtree(folder)
