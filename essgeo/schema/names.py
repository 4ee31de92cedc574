"""Names: of columns, as files of the state and of towns have them, and those that may name a file or a page."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


WORDS: Final[dict[str, Any]] = tomllib.loads((files("essgeo.schema") / "words.toml").read_text(encoding="utf-8"))
"""The words of lists that ``words.toml`` gathers."""

_SMALL, _NEUTRAL, _SAME = frozenset(WORDS["small"]), frozenset(WORDS["neutral"]), WORDS["same"]


@lru_cache(maxsize=1 << 14)
def simplify(name: str) -> str:
    """Return a column name in lower case, without accents, words joined by ``_``.

    Examples
    --------
    >>> simplify("Code Postal (N°)")
    'code_postal_n'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def words_of(name: str) -> list[str]:
    """Return the words of a name that say what it names, without articles and plurals.

    Examples
    --------
    >>> words_of("Date d'ouverture"), words_of("numeroVoieEtablissement"), words_of("Les secteurs d'activité")
    (['date', 'ouverture'], ['numero', 'voie', 'etablissement'], ['secteur', 'activite'])
    """
    words = [_SAME.get(word, word) for word in simplify(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)).split("_")]
    kept = [word for word in words if word not in _SMALL] or words
    singular = [re.sub("aux$", "al", word) if len(word) > 4 else word for word in kept]  # noqa: PLR2004 (as "eaux")
    return [word[:-1] if len(word) > 3 and word[-1] in "sx" else word for word in singular]  # noqa: PLR2004 (as "bus")


@cache
def _spoken(name: str) -> str:
    return "".join(words_of(name))


@lru_cache(maxsize=1 << 14)
def _forms(name: str) -> list[str]:
    """Return a name as aliases are compared with it, the surest first: as written, its words, those that tell.

    Of the last two, the words in any order: ``commune_nom`` is ``nom_commune``.
    """
    bare = words_of(re.sub(r"[(\[].*?[)\]]", " ", name))
    telling = [word for word in bare if word not in _NEUTRAL and not word.isdigit()]
    forms = ["".join(words) for words in (words_of(name), bare, sorted(bare), telling, sorted(telling))]
    return [simplify(name), *forms]


_ORDERED, _LOOSE = (3, 5), 4
"""Stages of forms whose words are in any order, and the first without the neutral words."""


@cache
def _ordered(name: str) -> str:
    return "".join(sorted(words_of(name)))


@lru_cache(maxsize=1 << 8)
def _ranked(aliases: tuple[tuple[str, tuple[str, ...]], ...]) -> list[dict[str, dict[str, int]]]:
    """Return by a name as written, its words, and these in order, the fields known so and the rank of that name."""
    ranked: list[dict[str, dict[str, int]]] = [{}, {}, {}]
    for field, names in aliases:
        for rank, name in enumerate(names):
            for fields, form in zip(ranked, (name, _spoken(name), _ordered(name)), strict=True):
                fields.setdefault(form, {}).setdefault(field, rank)
    return ranked


def guess_columns(
    columns: Iterable[str],
    aliases: Mapping[str, tuple[str, ...]],
    fits: Callable[[str, str], bool] = lambda _field, _column: True,
    *,
    loose: bool = False,
) -> dict[str, str]:
    """Return which column holds which field, by the names that fields are known under.

    A name counts by its words: case, accents, plurals, articles and brackets do not matter. A column that is named
    exactly so wins over one that is like it.

    Parameters
    ----------
    columns
        Column names as they stand in the file.
    aliases
        For each field, the names it is known under, best first: of :data:`essgeo.schema.columns.HEADERS`.
    fits
        Whether a column may hold a field, by what stands in it.
    loose
        Leave out words such as "de la structure" too, where the name is not known as it is.

    Returns
    -------
    dict
        From a column of the file to the field; a column serves one field at most.

    Examples
    --------
    >>> from essgeo.schema.columns import HEADERS
    >>> guess_columns(["Nom", "Code Postal", "CODE_QP"], HEADERS["structures"])
    {'Nom': 'name', 'Code Postal': 'postcode'}
    >>> guess_columns(["Noms des structures", "Date de fermeture"], HEADERS["structures"])
    {'Noms des structures': 'name', 'Date de fermeture': 'active_to'}
    """
    written, spoken, ordered = _ranked(tuple(aliases.items()))
    # For each field the columns that may hold it: how unlike, which of its names, whether otherwise written, where.
    held: dict[str, list[tuple[bool, int, int, bool, int, str]]] = {field: [] for field in aliases}
    for place, column in enumerate(columns):
        for stage, form in enumerate(_forms(column)[: None if loose else _LOOSE]):
            names = written if stage == 0 else ordered if stage in _ORDERED else spoken
            ranks = names.get(form, {}) if form else {}
            fields = [field for field in ranks if fits(field, column)]
            for field in fields:
                held[field].append((stage >= _LOOSE, ranks[field], stage, column != simplify(column), place, column))
            if fields:
                break
    found: dict[str, str] = {}
    for field, candidates in held.items():
        free = next((column for *_, column in sorted(candidates) if column not in found), None)
        if free is not None:
            found[free] = field
    return found


OWN_PAGES: Final = frozenset(
    ["change", *(file.name.removesuffix(".html") for file in files("essgeo").joinpath("maps", "templates").iterdir())]
)
"""Pages of a study bear the names of their templates, that of a comparison alone does not; ``brief-1`` and so on are
those of its scenarios."""

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""What Windows takes for a device, whatever its suffix."""

_FILE = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|]+")

_MAX_LENGTH = 120


def is_slug(text: str) -> bool:
    """Return whether a text is small letters and digits, with single hyphens between them.

    >>> is_slug("bel-air"), is_slug("Bel Air"), is_slug("../bel-air"), is_slug("nul")
    (True, False, False, False)
    """
    return len(text) <= _MAX_LENGTH and _SLUG.fullmatch(text) is not None and _DEVICE.fullmatch(text) is None


def is_page_name(text: str) -> bool:
    """Return whether a text may name a page of its own.

    >>> is_page_name("bel-air"), is_page_name("index"), is_page_name("brief-1")
    (True, False, False)
    """
    return is_slug(text) and text not in OWN_PAGES and not text.startswith("brief-")


def is_file_name(text: str) -> bool:
    """Return whether a text names a file of a folder on any system: it has no folder of its own and is not hidden.

    >>> is_file_name("Qp 2024.csv"), is_file_name("../x.csv"), is_file_name("/x.csv"), is_file_name("..")
    (True, False, False, False)
    """
    plain = _FILE.fullmatch(text) is not None and not text.startswith((".", "-", " ")) and not text.endswith((".", " "))
    return plain and len(text.encode(errors="replace")) <= _MAX_LENGTH and _DEVICE.fullmatch(text) is None
