"""What is published: the built wheel, installed alone, studies from any folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_built_wheel_runs_the_study_from_another_folder(tmp_path: Path) -> None:
    """Pinned packages come from the registry, or from the folder of wheels that pip is told to look into."""

    def run(*words: str | Path) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        done = subprocess.run(words, cwd=elsewhere, env=environment, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    elsewhere, alone = tmp_path / "elsewhere", tmp_path / "alone"
    elsewhere.mkdir()
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", tmp_path], cwd=ROOT, check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    (source,) = tmp_path.glob("*.tar.gz")
    assert source.stat().st_size < 5_000_000
    run(sys.executable, "-m", "venv", alone)
    scripts = alone / ("Scripts" if os.name == "nt" else "bin")
    if found := shutil.which("uv"):
        install: tuple[str | Path, ...] = (found, "pip", "install", "--quiet", "--python", scripts / "python")
    else:
        install = (scripts / "python", "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check")
    run(*install, "--require-hashes", "-r", ROOT / "requirements" / "run.txt")
    run(*install, "--no-deps", wheel)
    assert str(alone) in run(scripts / "python", "-c", "import essgeo; print(essgeo.__file__)")
    assert "index.html" in run(scripts / "essgeo", "study", "est-ensemble", "--lang", "en")
    assert (elsewhere / "maps" / "index.html").is_file()
