"""The command as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def essgeo(*arguments: str, folder: Path) -> str:
    """Run the command as a user does, and return what it prints."""
    return ran(*arguments, folder=folder).stdout


def ran(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does; it must end well."""
    command = [sys.executable, "-W", "error", "-m", "essgeo", *arguments]
    path = os.pathsep.join([str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run
