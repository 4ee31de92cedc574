"""The language of the command line: which one, and its words for commands, options and what click says itself."""

from __future__ import annotations

import codecs
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from essgeo.messages import choose_language, language, speaking, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import TextIOWrapper

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
