"""What a notebook shows of a result: short HTML, every text from data escaped, figures with their interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from markupsafe import Markup, escape

from essgeo.text.numbers import MISSING, interval, number, percent

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from essgeo.schema.vocabulary import Lang


Row: TypeAlias = "dict[Hashable, Any]"


_TABLE = Markup(
    '<table style="border-collapse:collapse;margin:.5em 0">'
    '<caption style="text-align:left;font-weight:bold">{}</caption>'
    "<thead><tr>{}</tr></thead><tbody>{}</tbody></table>"
)

_LEFT, _RIGHT = "text-align:left;padding:.2em .6em", "text-align:right;padding:.2em .6em"

_BAR = Markup(
    '<svg role="img" aria-label="{}" width="104" height="12" viewBox="-2 0 104 12">'
    '<rect x="0" y="4" width="100" height="4" fill="currentColor" opacity=".15"/>'
    '<rect x="{:.1f}" y="2" width="{:.1f}" height="8" fill="#2c7fb8" opacity=".45"/>'
    '<rect x="{:.1f}" y="0" width="2" height="12" fill="currentColor"/></svg>'
)


@dataclass(frozen=True)
class Html:
    """HTML that a notebook shows.

    Attributes
    ----------
    text
        The HTML.
    """

    text: str

    def _repr_html_(self) -> str:
        return self.text


def paragraphs(sentences: Iterable[str]) -> Markup:
    """Return sentences as paragraphs.

    Examples
    --------
    >>> paragraphs(["a < b"])
    Markup('<p>a &lt; b</p>')
    """
    return Markup("").join(Markup("<p>{}</p>").format(sentence) for sentence in sentences)


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """Return a table whose first column heads its rows; the others are set to the right.

    Parameters
    ----------
    caption
        What it holds.
    headings
        One a column.
    rows
        Cells: text, which is escaped, or Markup.

    Examples
    --------
    >>> "<td" in table("Habitants", ["commune", "nombre"], [["Bondy", "54 000"]])
    True
    """
    head = Markup("").join(
        Markup('<th scope="col" style="{}">{}</th>').format(_RIGHT if i else _LEFT, heading)
        for i, heading in enumerate(headings)
    )
    body = Markup("").join(Markup("<tr>{}</tr>").format(_row(row)) for row in rows)
    return _TABLE.format(caption, head, body)


def _row(cells: Sequence[str]) -> Markup:
    first, *others = cells
    head = Markup('<th scope="row" style="{};font-weight:normal">{}</th>').format(_LEFT, first)
    return head + Markup("").join(Markup('<td style="{}">{}</td>').format(_RIGHT, cell) for cell in others)


def with_interval(value: str, low: str, high: str, *, lang: Lang) -> Markup:
    """Return a figure with its interval on a second, smaller line.

    Examples
    --------
    >>> with_interval("12", "8", "20", lang="en")
    Markup('12<br/><small>8 to 20</small>')
    """
    return Markup("{}<br/><small>{}</small>").format(value, interval(low, high, lang))


def share_bar(share: float, low: float, high: float, lang: Lang) -> Markup:
    """Return a share from 0 to 1 as a bar with its interval, and in figures for who does not see it.

    Examples
    --------
    >>> "50%, 40% to 60%" in share_bar(0.5, 0.4, 0.6, "en")
    True
    """
    if share != share:  # noqa: PLR0124 (NaN is the only value unlike itself)
        return escape(MISSING)
    said = f"{percent(share, lang)}, {interval(percent(low, lang), percent(high, lang), lang)}"
    return _BAR.format(said, 100 * low, 100 * (high - low), 100 * share - 1)


def persons(row: Row, name: str, lang: Lang) -> Markup:
    """Return the number of persons in a column of a row, with the interval in its ``_low`` and ``_high`` columns.

    Examples
    --------
    >>> persons({"reached": 12.4, "reached_low": 10, "reached_high": 15}, "reached", "en")
    Markup('12<br/><small>10 to 15</small>')
    """
    return with_interval(*(number(row[column], lang) for column in (name, f"{name}_low", f"{name}_high")), lang=lang)
