"""The command line: a thin shell over the public functions."""

from essgeo.cli.main import main

__all__ = ["main"]
