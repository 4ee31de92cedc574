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
