"""Which column of a user's table holds what, told by its name and by what stands in it."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from essgeo.errors import InputError
from essgeo.files.redact import is_diffusion
from essgeo.messages import tell
from essgeo.schema import cells
from essgeo.schema.columns import COLUMNS, HEADERS, LAYERS
from essgeo.schema.dates import iso_date
from essgeo.schema.names import WORDS, guess_columns, simplify, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd

    from essgeo.schema.columns import Headers

TOLD = logging.getLogger("essgeo.columns")
"""Where it is said which column was read as what; the command line prints it."""

PARTS: Final = ("number", "repetition", "street_type", "street")
"""Columns that make an address together, in this order."""

LINES: Final = ("address_1", "address_2", "address_3")

_MADE: Final = (*PARTS, *LINES, "address_more", "postcode_city", "point", "closed")
"""Fields that other fields are made of."""

ID: Final = "structure_id"

SAMPLE = 2_000
"""Different cells of a column that are looked at."""

SHOWN_WORDS = 8
"""Cells of a column that is not used that are shown."""

_DOUBTED = frozenset({"status", "family", "as_of", "active_from", "active_to", "available_from", "available_to"})
"""Fields, beside those of words, whose column is told where its cells say something else: it would move figures."""

_RECODED = frozenset(column.name for column in LAYERS["structures"].fields if isinstance(column.allowed, dict)) - {
    "status"
}

_NAMING = frozenset(word for words in (*WORDS["naming"], *WORDS["neutral"]) for word in words_of(words))

MAX_NAME = 120
"""Characters of a cell that may name a structure."""

_SHARE = 0.3
"""From this share of e-mail addresses or telephone numbers on, a column is about persons, whatever it is called."""


@dataclass(frozen=True)
class Reading:
    """How the columns of a table are read.

    Attributes
    ----------
    fields
        For each field of essgeo, the columns that make it, in their order.
    persons
        Columns about persons, never kept.
    unused
        Columns that are not read as anything.
    refused
        Of these, the columns whose name is known but whose cells are something else, with the field that they are not.
    words
        Some of the cells of these.
    meanings
        The field that each column says by itself, before several make an address.
    """

    fields: Mapping[str, tuple[str, ...]]
    persons: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)

    def doubts(self) -> list[str]:
        """Return a sentence for each column whose name says what its cells do not hold, with some of them."""
        return [
            tell("column_doubted", column=column, field=name, words=", ".join(self.words[column]))
            + (tell("column_recode", field=name) if name in _RECODED else "")
            for column, name in self.refused.items()
            if name in _DOUBTED | _RECODED
        ]

    def sentences(self, source: str) -> list[str]:
        """Return in a few lines which column was read as what, which were not used, and how to name one."""
        read = ", ".join(f"{name} = {' + '.join(columns)}" for name, columns in self.fields.items())
        lines = [tell("columns_read", source=source, read=read or "-")]
        if unused := [name for name in self.unused if name not in COLUMNS]:
            more = {name: tell("column_refused", column=name, field=self.refused[name]) for name in self.refused}
            lines.append(tell("columns_unused", names=", ".join(more.get(name, name) for name in unused)))
        if self.persons:
            lines.append(tell("columns_persons", names=", ".join(self.persons)))
        lines.append(tell("columns_how"))
        return lines

    def tell(self, source: str) -> None:
        """Say how the columns are read, where someone listens."""
        TOLD.info("%s", "\n".join(self.sentences(source)))


def parse_columns(given: Mapping[str, str | Sequence[str]] | str | Iterable[str] | None) -> dict[str, tuple[str, ...]]:
    """Return columns that a user names: ``name=Intitulé,city=Ville``, or the same as a dict.

    The field may be named as in a file (``nom=Intitulé``); several columns of one are joined by ``+`` or given again.

    Examples
    --------
    >>> parse_columns("name=Intitulé,adresse=N°+Voie"), parse_columns({"city": "Ville"})
    ({'name': ('Intitulé',), 'address': ('N°', 'Voie')}, {'city': ('Ville',)})
    """
    if not given:
        return {}
    if isinstance(given, str):
        given = [given]
    if not hasattr(given, "items"):
        pairs = [part.partition("=") for text in given for part in re.split(r",(?=\s*[\w ]+=)", text)]
        if wrong := [name for name, sign, column in pairs if not sign or not column]:
            raise InputError(tell("columns_form", given=", ".join(wrong)))
        items = [(name, [word.strip() for word in column.split("+")]) for name, _, column in pairs]
    else:
        items = [(name, [one] if isinstance(one, str) else list(one)) for name, one in given.items()]
    found: dict[str, tuple[str, ...]] = {}
    for name, columns in items:
        canonical = _field_named(name.strip())
        found[canonical] = (*found.get(canonical, ()), *columns)
    return found


def _field_named(name: str) -> str:
    layers = ("structures", "candidates")
    fields = {f for layer in layers for f in (LAYERS[layer].index, *(column.name for column in LAYERS[layer].fields))}
    if name in fields | {*_MADE}:
        return name
    for layer in (*layers, "address_list"):
        if found := guess_columns([name], HEADERS[layer], loose=True):
            return next(iter(found.values()))
    raise InputError(tell("columns_no_field", name=name, fields=", ".join(sorted(fields | {*_MADE}))))


def recognise(
    table: pd.DataFrame,
    *,
    source: str,
    layer: str = "structures",
    headers: Headers = HEADERS,
    named: Mapping[str, Sequence[str]] | None = None,
    recode: Mapping[str, Mapping[str, str]] | None = None,
) -> Reading:
    """Return which columns of a table hold what.

    Parameters
    ----------
    table
        Any table.
    source
        Its name, for messages.
    layer
        ``structures`` or ``candidates``.
    headers
        The names that columns carry in files.
    named
        Columns that the user names, from :func:`parse_columns`.
    recode
        Words of a town by the field that they are in; they count as known.

    Raises
    ------
    InputError
        A column that is named is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"Association": ["Le Fournil"], "Nom": ["X"], "Prénom": ["Y"], "Statut": ["Fermé"]})
    >>> reading = recognise(table, source="mine.csv")
    >>> dict(reading.fields), reading.persons
    ({'name': ('Association',), 'status': ('Statut',)}, ('Nom', 'Prénom'))
    """
    geometry = getattr(table, "active_geometry_name", None)
    names = [str(name) for name in table.columns if name != geometry]
    chosen: dict[str, tuple[str, ...]] = {name: tuple(columns) for name, columns in (named or {}).items()}
    given = [column for columns in chosen.values() for column in columns]
    if lacking := [column for column in given if column not in names]:
        message = tell("columns_absent", source=source, lacking=", ".join(map(repr, lacking)), seen=", ".join(names))
        raise InputError(message)
    seen = {name: _sample(table[name]) for name in names}
    aliases = {
        name: headers[layer].get(name, ()) + (headers["address_list"].get(name, ()) if name != ID else ())
        for name in dict.fromkeys([*headers[layer], *headers["address_list"]])
        if name not in chosen
    }
    refused: dict[str, str] = {}

    def fits(name: str, column: str) -> bool:
        right = _fits(name, seen[column], layer, (recode or {}).get(name, {})) or _says_degrees(name, column)
        if not right:
            refused.setdefault(column, name)
        return right

    persons = [name for name in names if name not in given and _about_persons(name, seen[name])]
    free = [name for name in names if name not in given and name not in persons]
    if any({"prenom", "prenom1"} & {*words_of(name)} for name in persons):
        bare = [name for name in free if words_of(name) == ["nom"]]
        persons, free = [*persons, *bare], [name for name in free if name not in bare]
    guessed = {name: (column,) for column, name in guess_columns(free, aliases, fits, loose=True).items()}
    # A bare "nom" beside a column that is surely that of the structure may be of a person.
    if simplify(guessed.get("name", chosen.get("name", ("nom",)))[0]) != "nom":
        bare = [name for name in free if simplify(name) == "nom" and (name,) not in guessed.values()]
        persons, free = [*persons, *bare], [name for name in free if name not in bare]
    own: dict[str, tuple[str, ...]] = {**guessed, **chosen}
    if layer == "structures" and "name" not in own and "aliases" in guessed:
        own["name"] = own.pop("aliases")
    own |= _numbered(own, [name for name in free if (name,) not in own.values()], fits)
    if layer == "structures" and "name" not in own:
        left = [name for name in free if (name,) not in own.values() and name not in refused]
        naming = [name for name in left if _may_name(name, table[name], seen[name])]
        own |= {"name": (naming[0],)} if naming else {}
    fields = _with_address(own, chosen, names, seen)
    used = {column for columns in fields.values() for column in columns}
    order = [name for name in (*aliases, *chosen) if name in fields]
    return Reading(
        fields={name: fields[name] for name in dict.fromkeys(order)},
        persons=tuple(name for name in names if name in persons),
        unused=tuple(name for name in names if name not in used and name not in persons),
        refused={column: name for column, name in refused.items() if column not in used and column not in persons},
        words={column: tuple(seen[column][:SHOWN_WORDS]) for column in refused},
        meanings={column: name for name, columns in own.items() for column in columns},
    )


def _numbered(
    fields: Mapping[str, tuple[str, ...]], free: Sequence[str], fits: Callable[[str, str], bool]
) -> dict[str, tuple[str, ...]]:
    """Return the fields of several values with the other columns of the same name: ``Secteur 1``, ``Secteur 2``."""

    def bare(column: str) -> list[str]:
        return [word for word in words_of(column) if not word.isdigit() and word not in {*WORDS["neutral"], "autre"}]

    found = {}
    for name, columns in fields.items():
        if COLUMNS[name].many and len(columns) == 1:
            alike = [column for column in free if bare(column) == bare(columns[0]) and fits(name, column)]
            found[name] = (*columns, *alike)
    return found


def _sample(column: pd.Series) -> list[str]:
    """Return different cells of a column, as text, without those that say nothing."""
    # A dict keeps the order of the column, and a cell once; float columns hold whole numbers, such as postcodes.
    found: dict[str, None] = {}
    for value in column:
        if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124 (not a number)
            continue
        text = cells.known(str(int(value)) if isinstance(value, float) and value.is_integer() else str(value))
        if text:
            found[text] = None
            if len(found) >= SAMPLE:
                break
    return list(found)


def _share(texts: list[str], test: Callable[[str], object]) -> float:
    return sum(bool(test(text)) for text in texts) / len(texts) if texts else 0


def _is_flag(text: str) -> bool:
    return simplify(text) in cells.FLAGS and (len(text) > 1 or text.isdigit())  # a letter may be an initial


def _about_persons(name: str, seen: list[str]) -> bool:
    """Return whether a column is about persons, or how to reach them."""
    words = words_of(name)
    if is_diffusion(name):
        return False
    if {*words} & {*WORDS["person"]} or "".join(words) in WORDS["of_person"]:
        counts = bool(seen) and all(_is_flag(text) or re.fullmatch(r"0|[1-9]\d{0,4}", text) for text in seen)
        return not {*words} & {*WORDS["count"]} and not counts
    reached = _share(seen, lambda text: cells.EMAIL.search(text) or cells.PHONE.search(text))
    return reached >= _SHARE and not {*words} & {"adresse", "address", "siret", "siren"}


def _says_degrees(name: str, column: str) -> bool:
    """Return whether a column is surely a longitude or latitude, whatever stands in it; ``x`` may be anything."""
    return name in {"lon", "lat"} and simplify(column) not in {"x", "y"}


def _fits(name: str, seen: list[str], layer: str, recode: Mapping[str, str]) -> bool:
    """Return whether a column may hold a field, by what stands in it; one that is empty may hold anything."""
    contract = next((column for column in LAYERS[layer].fields if column.name == name), COLUMNS[name])
    if not seen:
        return True
    if name in _TESTS:
        return _TESTS[name](seen)
    if isinstance(contract.allowed, dict):
        codes, _ = cells.codes_of(seen, contract.allowed, recode)
        return any(codes) or bool({*seen} & {*recode})
    if contract.kind == "month":
        return any(map(iso_date, seen))
    if contract.kind in {"number", "integer"}:
        return any(cells.number_of(text) is not None for text in seen)
    return True


def _is_more(text: str) -> bool:
    """Return whether a cell is more than a number, as that of a house, or yes and no."""
    return not (text.replace(".", "").isdigit() or cells.HOUSE_NUMBER.fullmatch(text) or _is_flag(text))


def _is_way(seen: list[str]) -> bool:
    return _share(seen, _is_more) >= 1 / 2  # a note below the list may stand in the column of house numbers


def _is_degrees(seen: list[str]) -> bool:
    return any(cells.degrees_of(text) is not None for text in seen)


def _is_name(seen: list[str]) -> bool:
    return any(map(_is_more, seen)) and not (len(seen) > 1 and all(simplify(text) in WORDS["legal"] for text in seen))


def _may_name(name: str, column: pd.Series, seen: list[str]) -> bool:
    """Return whether a column may be what a list without any name calls its rows, by its own name and its cells."""
    different = len(seen) >= min(SAMPLE, len(column) / 2)
    short = all(len(text) <= MAX_NAME for text in seen)
    return bool({*words_of(name)} & _NAMING) and _is_name(seen) and different and short and bool(seen)


_TESTS: Final[Mapping[str, Callable[[list[str]], bool]]] = {
    "name": _is_name,
    "address": _is_way,
    "street": _is_way,
    "number": lambda seen: any(text[0].isdigit() for text in seen),
    "status": lambda seen: _share(seen, cells.status_of) >= 1 / 2,
    "legal_form": lambda seen: _share(seen, cells.status_of) < 1 / 2,
    "closed": lambda seen: all(simplify(text) in cells.FLAGS for text in seen),
    "lon": _is_degrees,
    "lat": _is_degrees,
    "point": lambda seen: any(map(cells.point_of, seen)),
    "postcode_city": lambda seen: any(cells.postcode_and_city(text)[0] for text in seen),
    # A precision that is a number is the score of some geocoder, not ours.
    "coord_precision": lambda seen: not all(cells.number_of(text) is not None for text in seen),
}


def _with_address(
    fields: Mapping[str, tuple[str, ...]],
    named: Mapping[str, tuple[str, ...]],
    names: Sequence[str],
    seen: Mapping[str, list[str]],
) -> dict[str, tuple[str, ...]]:
    """Return the fields with the most complete address that columns make: a whole one, lines, parts of one.

    Parts beside a whole one stay as ``street``, for the rows that it leaves empty.
    """
    rest = {name: columns for name, columns in fields.items() if name not in {*PARTS, *LINES, "address"}}
    if "address" in named:
        return rest | {"address": fields["address"]}
    parts = tuple(column for name in PARTS for column in fields.get(name, ())) if "street" in fields else ()
    whole = fields.get("address", ())
    lines = (*whole, *(column for name in LINES for column in fields.get(name, ())))
    number = fields.get("number", ())
    if number and lines and not parts and abs(names.index(number[0]) - names.index(lines[0])) == 1:
        # A number beside addresses that have none is theirs; elsewhere it may count the rows.
        lines = lines if any(text[0].isdigit() for text in seen[lines[0]]) else (*number, *lines)
    if address := lines or parts:
        rest["address"] = address
    return rest | ({"street": parts} if lines and parts else {})
