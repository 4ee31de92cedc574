"""Templates and data blocks: everything that comes from data is escaped here."""

from __future__ import annotations

import json
import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from essgeo.maps import findings
from essgeo.maps.texts import texts
from essgeo.words import formats
from essgeo.words.vocabulary import CHALLENGES, FAMILIES, GEO_STATUSES, ROLES, SITE_STATES, STAGES, STATUSES, THEMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from essgeo.words.vocabulary import Lang

BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that change the direction of the text around them: they go before anything is shown."""

_UNSAFE = re.compile("[<>&\u2028\u2029]")
_VOCABULARIES = {
    "theme": THEMES,
    "family": FAMILIES,
    "role": ROLES,
    "stage": STAGES,
    "status": STATUSES,
    "geo_status": GEO_STATUSES,
    "site_state": SITE_STATES,
    "challenge": CHALLENGES,
}


def data_block(value: Any) -> Markup:  # noqa: ANN401 - anything JSON can say
    r"""Return JSON that may stand inside a ``<script>`` element, as data or as a literal.

    Raises
    ------
    ValueError
        A number is not finite.

    Examples
    --------
    >>> print(data_block({"name": "</script>"}))
    {"name":"\u003c/script\u003e"}
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    escaped = _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", BIDI_CONTROLS.sub("", text))
    return Markup(escaped)  # noqa: S704 - nothing left that could end the element


def data_script(name: str, value: Any) -> str:  # noqa: ANN401 - anything JSON can say
    r"""Return a script that holds a value for the pages, in a file that opens from the disk as from a server.

    Examples
    --------
    >>> data_script("register", {"count": 2})
    '(self.essgeoData=self.essgeoData||{}).register={"count":2};\n'
    """
    return f"(self.essgeoData=self.essgeoData||{{}}).{name}={data_block(value)};\n"


def web_address(text: str) -> str:
    """Return the text where it is an http or https address, and nothing where it is anything else.

    Examples
    --------
    >>> web_address("https://example.org/a"), web_address("javascript:alert(1)")
    ('https://example.org/a', '')
    """
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return ""
    return text.strip() if parts.scheme in {"http", "https"} and parts.netloc and " " not in text.strip() else ""


@cache
def environment(lang: Lang) -> Environment:
    """Return the templates of a language, with their filters; every value is escaped.

    Examples
    --------
    >>> environment("en").from_string("{{ name }}").render(name="<b>")
    '&lt;b&gt;'
    """
    made = Environment(
        loader=PackageLoader("essgeo.maps"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_plain,
    )
    made.globals.update(lang=lang, t=texts(lang))
    made.filters.update(
        number=partial(formats.number, lang=lang),
        percent=partial(formats.percent, lang=lang),
        walk=partial(findings.walk, lang=lang),
        day=partial(formats.day, lang=lang),
        placed=formats.placed,
        address=web_address,
        data_block=data_block,
        label=lambda code, vocabulary: _VOCABULARIES[vocabulary].get(code, {}).get(lang, code),
    )
    made.filters["interval"] = lambda low, high, share=False: findings.interval(low, high, lang, share=share)
    return made


def render(template: str, lang: Lang, context: Mapping[str, Any]) -> str:
    """Return a page."""
    return environment(lang).get_template(template).render(context)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a template prints
    return BIDI_CONTROLS.sub("", value) if type(value) is str else value
