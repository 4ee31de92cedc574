"""The options that commands share, and the language that these and their help are told in."""

from __future__ import annotations

import calendar
import codecs
import datetime as dt
import functools
import re
import unicodedata
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from essgeo.messages import choose_language, language, speaking, tell, words
from essgeo.schema.vocabulary import SPEEDS_KMH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from io import TextIOWrapper


_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def _day(_context: click.Context, _option: click.Parameter, value: str | None) -> dt.date | None:
    """Return the last day of a year or month, or the day itself."""
    if value is None:
        return None
    message = tell("bad_day", value=value)
    found = _DAY.fullmatch(value)
    if found is None:
        raise click.BadParameter(message)
    year, month = int(found[1]), int(found[2] or 12)
    try:
        return dt.date(year, month, int(found[3] or calendar.monthrange(year, month)[1]))
    except (ValueError, calendar.IllegalMonthError) as error:
        raise click.BadParameter(message) from error


as_of = click.option("--as-of", callback=_day, metavar="YYYY-MM")

corrections = click.option("--corrections", type=click.Path())

ban = click.option("--ban", multiple=True, type=click.Path(path_type=Path))
columns = click.option("--columns", multiple=True, metavar="FIELD=COLUMN,...")

excel = click.option("--excel", is_flag=True)

sheet = click.option("--sheet", metavar="NAME")

layer = click.option("--layer", metavar="NAME")


def _pairs(_context: click.Context, _option: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    """Return what stands before and behind the ``=`` of each text."""
    parts = [text.partition("=") for text in given]
    if wrong := [name for name, sign, path in parts if not sign or not path]:
        raise click.BadParameter(tell("recode_form", given=", ".join(wrong)))
    return {name.strip(): path.strip() for name, _, path in parts}


recode = click.option("--recode", multiple=True, metavar="FIELD=FILE", callback=_pairs)

as_json = click.option("--json", "as_json", is_flag=True)

_OF_A_STUDY = {
    "structures": click.option("--structures", multiple=True, type=click.Path()),
    "sheet": sheet,
    "layer": layer,
    "decisions": click.option("--decisions", type=click.Path()),
    "suggestions": click.option("--suggestions", type=click.Path()),
    "columns": columns,
    "recode": recode,
    "corrections": corrections,
    "ban": ban,
    "excel": excel,
    "qpv": click.option("--qpv", type=click.Path()),
    "npnru": click.option("--npnru", type=click.Path()),
    "network": click.option("--network", type=click.Path()),
    "needs": click.option("--needs", type=click.Path()),
    "premises": click.option("--premises", type=click.Path()),
    "vintage": click.option("--vintage", metavar="YEAR"),
    "walk_minutes": click.option("--walk-minutes", type=click.IntRange(1, 120), default=15, show_default=True),
    "profile": click.option("--profile", type=click.Choice(list(SPEEDS_KMH)), default="adult", show_default=True),
    "speed_kmh": click.option("--speed-kmh", type=click.FloatRange(0.5, 15)),
    "as_of": as_of,
    "live": click.option("--live", is_flag=True),
    "offline": click.option("--offline", is_flag=True),
    "lang": click.option(
        "--lang", type=click.Choice(["fr", "en"]), default=lambda: click.get_current_context().obj or "fr"
    ),
}


def of_study(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command these options of a study; it takes them as one :class:`essgeo.study.Options`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**given: object) -> None:
            from essgeo.study import Options

            chosen: dict[str, Any] = {name: given.pop(name) for name in names}
            chosen.setdefault("lang", language.get())
            command(**given, options=Options(**chosen))

        for name in reversed(names):
            run = _OF_A_STUDY[name](run)
        return run

    return decorate


def check_outputs(outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | str | None]) -> None:
    """Refuse, by their options, files that cannot be written, are two outputs in one, or are read by the command.

    Only that of ``-o`` has positions.
    """
    from essgeo.files.guard import refuse_overwrite
    from essgeo.files.write import check_writable

    for option, path in outputs.items():
        if path is not None:
            check_writable(path, points=option == "-o")
    refuse_overwrite(outputs, inputs)


_LANGUAGES = click.Choice(["fr", "en"])


@contextmanager
def speak(arguments: Sequence[str]) -> Iterator[None]:
    """Speak the language that the arguments or the system name: it must be known before click reads them."""
    asked = [
        after if word == "--lang" else word.removeprefix("--lang=")
        for word, after in zip(arguments, [*arguments[1:], ""], strict=True)
        if word == "--lang" or word.startswith("--lang=")
    ]
    with speaking(choose_language(asked[-1] if asked else None)):
        yield


def spell_out(stream: TextIOWrapper) -> None:
    """Let a stream write what its encoding lacks in plain letters: Windows pipes in cp1252, without narrow spaces.

    >>> import io
    >>> written = io.BytesIO()
    >>> stream = io.TextIOWrapper(written, encoding="cp1252")
    >>> spell_out(stream)
    >>> _ = stream.write("7\u202f492 é → ﬁn"), stream.flush()
    >>> written.getvalue().decode("cp1252")
    '7 492 é ? fin'
    """
    codecs.register_error("essgeo", _plain_letters)
    stream.reconfigure(errors="essgeo")


def _plain_letters(fault: UnicodeError) -> tuple[str, int]:
    if not isinstance(fault, UnicodeEncodeError):
        raise fault
    plain = unicodedata.normalize("NFKC", fault.object[fault.start : fault.end])
    return plain.encode(fault.encoding, errors="replace").decode(fault.encoding), fault.end


def let_choose(command: click.Command) -> None:
    """Give ``--lang`` to a command and to all below it; what stands before a command is told to it."""
    if all(option.name != "lang" for option in command.params):
        command.params.append(
            click.Option(["--lang"], type=_LANGUAGES, expose_value=False, is_eager=True, callback=_keep)
        )
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        let_choose(below)


def _keep(context: click.Context, _option: click.Parameter, value: str | None) -> None:
    context.obj = value or context.obj


def describe(command: click.Command, name: str = "") -> None:
    """Give a command, its options and all below it their help in the language of this run."""
    own = words(language.get())
    command.help = own["commands"].get(name or "essgeo", command.help)
    for option in command.params:
        if isinstance(option, click.Option):
            known = own["options"]
            option.help = known.get(f"{name}_{option.name}") or known.get(str(option.name)) or option.help
    for below, inner in command.commands.items() if isinstance(command, click.Group) else ():
        describe(inner, f"{name}_{below}".lstrip("_"))


def _say(text: str) -> str:
    return words(language.get()).get("click", {}).get(text, text)


def _say_number(one: str, many: str, number: int) -> str:
    return _say(one if number == 1 else many)


# click asks gettext, whose words are compiled files of each system: its modules are told to ask ours.
for _module in (click.core, click.decorators, click.exceptions, click.formatting, click.parser, click.types):
    for _name, _own in (("_", _say), ("ngettext", _say_number)):
        if _name in vars(_module):
            vars(_module)[_name] = _own
