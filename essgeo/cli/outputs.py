"""The files that a command writes, refused before any work is done where they cannot be written without a loss."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from essgeo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


def check_outputs(outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | str | None]) -> None:
    """Refuse files that cannot be written, that are two outputs in one, or that the command reads.

    Parameters
    ----------
    outputs, inputs
        Files by the option that names them; None where it is not given.

    Raises
    ------
    InputError
        Names both options.

    Examples
    --------
    >>> check_outputs({"-o": Path("list.csv")}, {"FILE": Path("./list.csv")})
    Traceback (most recent call last):
    ...
    essgeo.errors.InputError: list.csv: -o would overwrite FILE; name another file.
    """
    from essgeo.exports.any_format import check_writable

    taken = {Path(path).resolve(): option for option, path in inputs.items() if path is not None}
    for option, path in outputs.items():
        if path is None:
            continue
        check_writable(path)
        if path.resolve() in taken:
            message = f"{path}: {option} would overwrite {taken[path.resolve()]}; name another file."
            raise InputError(message)
        taken[path.resolve()] = option
