"""Addresses of the Base Adresse Nationale as people type them: a seeded generator of spoilt copies."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

ABBREVIATED = {
    "Allée": "ALL", "Avenue": "AV.", "Boulevard": "Bd", "Chemin": "che", "Cours": "crs", "Docteur": "Dr",
    "Faubourg": "fg",
    "Général": "Gal", "Impasse": "imp.", "Maréchal": "mal", "Passage": "pass", "Place": "pl", "Porte": "pte",
    "Président": "Pdt",
    "Professeur": "Pr", "Quai": "qu", "Route": "rte", "Rue": "r.", "Saint": "St", "Sainte": "Ste",
    "Square": "sq", "Villa": "vla",
}  # fmt: skip
BEFORE = (
    "Bât. B, ",
    "Résidence les Acacias ",
    "c/o M. Martin, ",
    "Appt 12 esc 3 ",
    "BP 40123 - ",
    "Immeuble Le Sextant, ",
    "2e étage, ",
    "hall 4 ",
)
AFTER = (
    " - Bâtiment C",
    ", escalier 2",
    " appt 34",
    ", 3ème étage droite",
    " (RDC)",
    " BP 123",
    " - Hall A",
    ", porte 12",
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
KINDS = ("case", "accents", "abbreviation", "typo", "postcode", "noise", "city")


def perturb(ban: pd.DataFrame, count: int, seed: int = 0, kinds: tuple[str, ...] = KINDS) -> pd.DataFrame:
    """Return spoilt copies of addresses drawn without replacement.

    Parameters
    ----------
    ban
        Columns of the official files, as text.
    count
        Rows to draw.
    seed
        The same seed gives the same file.
    kinds
        What may be done to a row; each is done to about a third of them.

    Returns
    -------
    DataFrame
        ``address``, ``postcode``, ``city``, ``citycode`` as typed; ``done`` (what was done, ``|``
        between); ``ban_id``, ``lon``, ``lat``.
    """
    random = np.random.default_rng(seed)
    rows = ban.iloc[random.choice(len(ban), size=count, replace=False)]
    draws = {kind: random.random(count) < 1 / 3 for kind in KINDS}
    seeds = random.integers(1 << 30, size=count)
    spoilt = []
    for position, row in enumerate(rows.to_dict("records")):
        dice = np.random.Generator(np.random.PCG64(int(seeds[position])))
        done = [kind for kind in kinds if draws[kind][position]]
        spoilt.append((*_spoil({str(name): str(text) for name, text in row.items()}, done, dice), "|".join(done)))
    table = pd.DataFrame(spoilt, columns=["address", "postcode", "city", "done"])
    return table.assign(
        citycode="",
        ban_id=rows["id"].to_numpy(),
        lon=rows["lon"].astype(float).to_numpy(),
        lat=rows["lat"].astype(float).to_numpy(),
    )


def _spoil(row: dict[str, str], done: list[str], dice: np.random.Generator) -> tuple[str, str, str]:
    number, repetition, street = row["numero"], row["rep"], row["nom_voie"]
    postcode, commune = row["code_postal"], row["nom_commune"]
    city = re.sub(r" \d+er? Arrondissement$", "", commune)
    if "abbreviation" in done:
        street = " ".join(ABBREVIATED.get(word, word) for word in street.split(" "))
    if "typo" in done:
        street = _typo(street, dice)
    spelt = {"b": "bis", "t": "ter", "q": "quater"}.get(repetition, repetition)
    house = (
        dice.choice([f"{number}{repetition}", f"{number} {spelt}", f"{number}{spelt}", f"{number} {spelt},"])
        if repetition
        else number
    )
    address = f"{house} {street}"
    if "noise" in done:
        address = str(dice.choice(BEFORE)) + address if dice.random() < 0.5 else address + str(dice.choice(AFTER))  # noqa: PLR2004
    if "city" in done:
        address, city, postcode = f"{address}, {postcode} {city}", "", ""
    elif "postcode" in done:
        postcode = ""
    if "accents" in done:
        address, city = (
            unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode() for text in (address, city)
        )
    if "case" in done:
        change: Callable[[str], str] = (str.upper, str.lower, str.title)[int(dice.integers(3))]
        address, city = change(address), change(city)
    return address, postcode, city


def _typo(street: str, dice: np.random.Generator) -> str:
    """Return a street name with a letter missing, doubled, swapped with the next or replaced, in a long word."""
    words = street.split(" ")
    long = [place for place, word in enumerate(words) if len(word) > 3 and (place or len(words) == 1)]  # noqa: PLR2004
    if not long:
        return street
    place = int(dice.choice(long))
    word = words[place]
    at = int(dice.integers(1, len(word) - 1))
    kind = int(dice.integers(4))
    if kind == 0:
        word = word[:at] + word[at + 1 :]
    elif kind == 1:
        word = word[:at] + word[at] + word[at:]
    elif kind == 2:  # noqa: PLR2004
        word = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    else:
        word = word[:at] + LETTERS[int(dice.integers(26))] + word[at + 1 :]
    words[place] = word
    return " ".join(words)


WAYS = {
    "Rue": ("", "r", "Av", "Bd", "rues"), "Avenue": ("", "Av", "ave", "Rue", "Avneue"),
    "Boulevard": ("", "Bd", "bvd", "Av", "Boulvard", "Rue"), "Place": ("", "pl", "Pace", "Rue", "Square"),
    "Passage": ("", "pass", "psg", "Rue", "Impasse"), "Impasse": ("", "imp", "Rue", "Passage"),
    "Allée": ("", "all", "Alle", "Rue", "Allées"), "Square": ("", "sq", "Rue", "Place"), "Villa": ("", "vla", "Rue"),
    "Quai": ("", "qu", "q"), "Cité": ("", "cte", "Rue"), "Cour": ("", "Cours"), "Chemin": ("", "che", "Rue"),
}  # fmt: skip
"""What people write in the place of a kind of way: nothing, a short form, another one, or a misspelt one."""

HEARD = (
    ("ph", "f"), ("eau", "o"), ("au", "o"), ("ai", "é"), ("é", "er"), ("qu", "k"), ("c", "ss"), ("y", "i"), ("th", "t"),
    ("ll", "l"), ("nn", "n"), ("tt", "t"), ("ss", "s"), ("mm", "m"), ("rr", "r"), ("h", ""),
    ("en", "an"), ("in", "ain"),
    ("s", "z"), ("e", ""), ("oi", "oua"), ("g", "j"),
)  # fmt: skip
"""Letters and what else they are spelt by ear."""

MIX = {
    "slips": "one or two letters of the name missing, doubled, swapped, replaced, added, or spelt by ear: all but the "
    "next three",
    "way alone": "only the kind of way is missing or another: 6 %",
    "initials": "the first word of a name of several as its initial: 5 %",
    "first word": "left out of a name of several: 3 %",
    "way": "the kind of way missing, short, another or misspelt too: 30 %",
    "words": "two words joined or swapped, or the first left out, too: 13 %; a word cut in two: 4 %",
    "commune": "no postcode 20 %, a slip in the city 10 %, another digit in the postcode 7 %, another postcode of "
    "the city 3 %",
}
"""What :func:`misspell` does, and how often."""


def misspell(ban: pd.DataFrame, count: int, seed: int = 0) -> pd.DataFrame:
    """Return hard misspellings (:data:`MIX`) of addresses drawn without replacement, as :func:`perturb` does.

    What is then the very name of another street is no misspelling of the first, nor is a part of a street that BAN
    names by a number (28P1 Rue A): those rows are left out.
    """
    random = np.random.default_rng(seed)
    rows = ban.iloc[random.choice(len(ban), size=count, replace=False)]
    typed = [_misspelt({str(name): str(text) for name, text in row.items()}, random) for row in rows.to_dict("records")]
    known = set(ban["nom_voie"].str.lower())
    streets = [street.lower() for *_, street in typed]
    good = np.array([street not in known for street in streets]) & ~rows["nom_voie"].str.match(r"\d+\w+ ").to_numpy()
    rows = rows[good]
    table = pd.DataFrame(typed, columns=["address", "postcode", "city", "typed"])[good].drop(columns="typed")
    return table.reset_index(drop=True).assign(
        citycode="",
        ban_id=rows["id"].to_numpy(),
        street=(rows["code_insee"] + "|" + rows["nom_voie"]).to_numpy(),
        lon=rows["lon"].astype(float).to_numpy(),
        lat=rows["lat"].astype(float).to_numpy(),
    )


def _misspelt(row: dict[str, str], dice: np.random.Generator) -> tuple[str, str, str, str]:
    way, *name = row["nom_voie"].split(" ")
    way, name = _name(way, name, dice)
    postcode, city = _commune(row, dice)
    repetition = {"b": "bis", "t": "ter", "q": "quater"}.get(row["rep"], row["rep"])
    house = f"{row['numero']} {repetition}".strip() + ("" if dice.random() < 0.03 else " ")  # noqa: PLR2004
    street = " ".join(filter(None, [way, *name]))
    address = house + street
    if dice.random() < 0.5:  # noqa: PLR2004
        address = address.upper() if dice.random() < 0.7 else address.lower()  # noqa: PLR2004
    return address, postcode, city, street


def _name(way: str, name: list[str], dice: np.random.Generator) -> tuple[str, list[str]]:  # noqa: C901 (a branch a kind)
    """Return a kind of way and the words of a name, misspelt."""
    if way not in WAYS or not name:
        way, name = "", [way, *name]
    long = [place for place, word in enumerate(name) if len(word) > 3] or [*range(len(name))]  # noqa: PLR2004
    kind = dice.random()
    if kind < 0.06 and way:  # noqa: PLR2004
        others = ("Rue", "Avenue", "Boulevard") if dice.random() < 0.7 else ("Place", "Passage", "Impasse", "Allée")  # noqa: PLR2004
        way = "" if dice.random() < 0.5 else str(dice.choice([other for other in others if other != way]))  # noqa: PLR2004
    elif kind < 0.11 and way and len(name) > 1:  # noqa: PLR2004
        name[0] = f"{name[0][0]}."
    elif kind < 0.14 and way and len(name) > 1:  # noqa: PLR2004
        del name[0]
    else:
        for place in dice.choice(long, size=int(dice.integers(1, 3))).tolist():
            name[place] = _slip(name[place], dice)
        if way and dice.random() < 0.3:  # noqa: PLR2004
            way = str(dice.choice(WAYS[way]))
        words, at = dice.random(), int(dice.integers(max(len(name) - 1, 1)))
        if words < 0.05 and len(name) > 1:  # noqa: PLR2004
            name[at : at + 2] = ["".join(name[at : at + 2])]
        elif words < 0.09 and len(name) > 1:  # noqa: PLR2004
            del name[0]
        elif words < 0.13 and len(name) > 1:  # noqa: PLR2004
            name[at : at + 2] = name[at : at + 2][::-1]
        elif words < 0.17:  # noqa: PLR2004
            middle = len(name[at]) // 2
            name[at] = f"{name[at][:middle]} {name[at][middle:]}"
    return way, name


def _commune(row: dict[str, str], dice: np.random.Generator) -> tuple[str, str]:
    """Return a postcode and a city, one of them misspelt or left out."""
    postcode, city = row["code_postal"], re.sub(r" \d+er? Arrondissement$", "", row["nom_commune"])
    place, digit = dice.random(), int(dice.integers(2, 5))
    if place < 0.2:  # noqa: PLR2004
        postcode = ""
    elif place < 0.3:  # noqa: PLR2004
        city = _slip(city, dice)
    elif place < 0.37:  # noqa: PLR2004
        postcode = f"{postcode[:digit]}{dice.integers(10)}{postcode[digit + 1 :]}"
    elif place < 0.4:  # noqa: PLR2004
        postcode = f"750{dice.integers(1, 21):02}" if city == "Paris" else postcode
    return postcode, city


def _slip(word: str, dice: np.random.Generator) -> str:
    """Return a word with a slip of the hand or of the ear."""
    kind, at, letter = int(dice.integers(6)), int(dice.integers(len(word))), LETTERS[int(dice.integers(26))]
    if kind == 0 and len(word) > 2:  # noqa: PLR2004
        return word[:at] + word[at + 1 :]
    if kind == 1 and len(word) > 2:  # noqa: PLR2004
        at = min(at, len(word) - 2)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind in {2, 3}:
        return word[:at] + letter + word[at + (kind == 2) :]  # noqa: PLR2004
    if kind == 4:  # noqa: PLR2004
        for place in dice.permutation(len(HEARD)).tolist():
            letters, heard = HEARD[place]
            found = word.lower().find(letters, 1)
            if found > 0:
                return word[:found] + heard + word[found + len(letters) :]
    return word[:at] + word[at] + word[at:]
