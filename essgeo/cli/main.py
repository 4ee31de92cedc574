"""The command ``essgeo`` and how it fails: one clear message, an exit code, no traceback."""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
import threading
import warnings
from importlib import metadata
from typing import TYPE_CHECKING, Any, NoReturn

import click

from essgeo.cli.lists import geocode_file, list_columns, structures, zones
from essgeo.cli.options import describe, let_choose, speak, spell_out
from essgeo.cli.sources import sources, territory
from essgeo.cli.studies import compare, doctor, gaps, site, study
from essgeo.cli.summary import harmless
from essgeo.errors import EssgeoError, GeocoderError, InfeasibleError, InputWarning, SourceError
from essgeo.messages import tell

if TYPE_CHECKING:
    from collections.abc import Callable


TOLD = logging.getLogger("essgeo.columns")

INPUT, BUG, STOPPED = 2, 70, 130

DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
"""A disk that is full, or where nothing may be written."""

PATHS = {errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EINVAL, errno.ENXIO}
"""A path that leads nowhere a file can be."""

LOOP = "Symlink loop from "
"""How Python before 3.13 says that a link leads to itself."""

WRITERS = ("pyogrio.", "xlsxwriter.")
"""Libraries whose errors reach the user from writing alone: what they cannot read is refused where it is read."""

SHORT = (
    "failed to launch worker thread",
    "failed to map segment",
    "cannot allocate memory",
    "can't start new thread",
    "unable to allocate",
    "bad_alloc",
)
"""How libraries say that memory is short where they raise no MemoryError."""

PROBE_BYTES, SHOWN = 1 << 26, 200

CODES = {SourceError: 3, GeocoderError: 3, InfeasibleError: 4}


class _Stoppable(click.Group):
    """A group that says ``stopped.`` where click would say ``Aborted!`` and exit with 1."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 (as in click)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            if _is_short():
                _fail(tell("memory", why="OpenBLAS"), INPUT)
            _fail(tell("stopped"), STOPPED)


@click.group(cls=_Stoppable, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(metadata.version("essgeo"), prog_name="essgeo")
def cli() -> None:
    """Hold every command."""


for command in (study, compare, structures, geocode_file, list_columns, gaps, site, zones, territory, doctor, sources):
    cli.add_command(command)
let_choose(cli)


def main() -> None:
    """Run the command line; its exit codes stand in its help.

    Set ``ESSGEO_DEBUG=1`` to see where an error comes from.
    """
    # Work is shared among processes, one a core: threads of linear algebra beside them only wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            spell_out(stream)
    with speak(sys.argv[1:]), warnings.catch_warnings():
        describe(cli)
        warnings.simplefilter("always", InputWarning)
        warnings.showwarning = _shown(warnings.showwarning)
        _tell_columns()
        _run()


def _run() -> None:
    if os.environ.get("ESSGEO_DEBUG"):
        cli()
    try:
        cli()
    except EssgeoError as error:
        _fail(str(error), next((code for kind, code in CODES.items() if isinstance(error, kind)), INPUT))
    except Exception as error:  # noqa: BLE001 (a user is never shown a traceback)
        _fail(*_why(error))


def _why(error: Exception) -> tuple[str, int]:
    """Return what is said of an error that is not ours, and its exit code: the computer's limits are no bug."""
    if isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in SHORT):
        return tell("memory", why=error), INPUT
    if type(error).__module__.startswith(WRITERS):
        sys.unraisablehook = lambda _told: None  # what they left open cannot be closed either
        return tell("disk", path=tell("this_disk"), why=error), INPUT
    if isinstance(error, OSError) and error.errno in DISK:
        return tell("disk", path=error.filename or tell("this_disk"), why=error.strerror), INPUT
    if isinstance(error, RuntimeError) and (link := str(error)).startswith(LOOP):
        return tell(
            "path_refused", path=link.removeprefix(LOOP)[:SHOWN].strip("'"), why=os.strerror(errno.ELOOP)
        ), INPUT
    if isinstance(error, OSError) and error.errno in PATHS:
        return tell("path_refused", path=str(error.filename)[:SHOWN], why=error.strerror), INPUT
    return tell("bug", kind=type(error).__name__, error=error), BUG


def _is_short() -> bool:
    """Return whether memory is short now: OpenBLAS interrupts its process then, as if the user did."""
    try:
        bytearray(PROBE_BYTES)
        thread = threading.Thread(target=bool)
        thread.start()
        thread.join()
    except (MemoryError, RuntimeError):
        return True
    return False


def _shown(otherwise: Callable[..., None]) -> Callable[..., None]:
    """Return what shows a warning: as a sentence where it is of the user's input; one of a library where asked for."""

    def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:  # noqa: ANN401
        if issubclass(category, InputWarning):
            _say(str(message))
        elif os.environ.get("ESSGEO_DEBUG"):
            otherwise(message, category, *rest, **more)

    return show


def _tell_columns() -> None:
    """Say on standard error how the columns of lists are read."""
    TOLD.setLevel(logging.INFO)
    if not TOLD.handlers:
        handler = logging.Handler()
        handler.emit = lambda record: _say(record.getMessage())  # type: ignore[method-assign]
        TOLD.addHandler(handler)


def _fail(message: str, code: int) -> NoReturn:
    _say(message)
    sys.exit(code)


def _say(message: str) -> None:
    lines = (harmless(line) for line in message.split("\n"))
    click.echo("essgeo: " + "\n".join(lines), err=True)
