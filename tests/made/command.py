"""The command as a user types it, run in this process."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING

import pytest

from essgeo.cli import main

if TYPE_CHECKING:
    from pathlib import Path


def essgeo(*arguments: str, folder: Path) -> tuple[str, str]:
    """Run the command from a folder; it must end well. Return what it prints and what it tells of errors."""
    printed, told = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(told):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["essgeo", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code, told.getvalue()
    return printed.getvalue(), told.getvalue()
