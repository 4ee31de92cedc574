"""The command ``essgeo`` and how it fails: one clear message, an exit code, no traceback."""

from __future__ import annotations

import os
import sys
import warnings
from importlib import metadata
from typing import TYPE_CHECKING, Any

import click

from essgeo.cli.doctor import doctor
from essgeo.cli.gaps import gaps
from essgeo.cli.geocode import geocode_file
from essgeo.cli.site import site
from essgeo.cli.sources import sources
from essgeo.cli.structures import structures
from essgeo.cli.study import study
from essgeo.cli.territory import territory
from essgeo.cli.text import harmless
from essgeo.cli.zones import zones
from essgeo.errors import EssgeoError, GeocoderError, InfeasibleError, InputWarning, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

INPUT, BUG = 2, 70
CODES = {SourceError: 3, GeocoderError: 3, InfeasibleError: 4}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(metadata.version("essgeo"), prog_name="essgeo")
def cli() -> None:
    """Who is out of reach of the social and solidarity economy, and where the next place would do most good."""


for command in (study, structures, geocode_file, gaps, site, zones, territory, doctor, sources):
    cli.add_command(command)


def main() -> None:
    """Run the command line; exit with 2 for a fault of the input, 3 of a source, 4 where nothing is feasible.

    Set ``ESSGEO_DEBUG=1`` to see where an error comes from.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("always", InputWarning)
        warnings.showwarning = _shown(warnings.showwarning)
        _run()


def _run() -> None:
    if os.environ.get("ESSGEO_DEBUG"):
        cli()
    try:
        cli()
    except EssgeoError as error:
        _fail(str(error), next((code for kind, code in CODES.items() if isinstance(error, kind)), INPUT))
    except (KeyboardInterrupt, BrokenPipeError):
        _fail("stopped.", 130)
    except Exception as error:  # noqa: BLE001 (a user is never shown a traceback)
        _fail(f"unexpected {type(error).__name__}: {error}. This is a bug: ESSGEO_DEBUG=1 shows where.", BUG)


def _shown(otherwise: Callable[..., None]) -> Callable[..., None]:
    """Return what shows a warning: as a sentence where it is of the user's input, else as before."""

    def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:  # noqa: ANN401
        if issubclass(category, InputWarning):
            _say(str(message))
        else:
            otherwise(message, category, *rest, **more)

    return show


def _fail(message: str, code: int) -> None:
    _say(message)
    sys.exit(code)


def _say(message: str) -> None:
    lines = (harmless(line) for line in message.split("\n"))
    click.echo("essgeo: " + "\n".join(lines), err=True)
