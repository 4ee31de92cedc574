"""Whatever mixture of headers, sheets, encodings and orders a list comes in, the same structures are read."""

from __future__ import annotations

import csv
import io
import unicodedata
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import openpyxl
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from essgeo import read_structures
from tests.conftest import examples

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = ("name", "number", "street", "postcode", "city", "status", "active_to")

KNOWN = [
    ("Le Fournil", "12", "rue Jules Guesde", "93140", "Bondy", "active", ""),
    ("Café associatif d'à côté", "3 bis", "avenue de la Liberté", "93100", "Montreuil", "active", ""),
    ("Régie de quartier", "48", "allée des Érables", "93140", "Bondy", "closed", "2020-06-30"),
    ("La Forêt enchantée", "1", "place du Marché", "93260", "Les Lilas", "active", ""),
    ("Vélo pour tous", "150", "boulevard Henri-Barbusse", "93100", "Montreuil", "closed", "2019-01-02"),
]
"""Of each structure its fields; all have letters that every encoding of France has."""

HEADERS = {
    "name": ["Nom", "Nom de la structure", "Noms des structures", "Dénomination", "Raison sociale", "Structure",
             "Association", "Nom de l'association", "Name", "Organisme", "Intitulé", "Nom du lieu"],
    "address": ["Adresse", "Adresse postale", "Adresse complète", "Adresse (siège)", "Address", "Adresse du siège",
                "Numéro et voie", "Adresses"],
    "number": ["N°", "Numéro", "N° de voie", "Numéro de voie", "N° rue"],
    "street": ["Voie", "Rue", "Nom de la voie", "Libellé de voie", "Libellé voie"],
    "postcode": ["CP", "Code postal", "Codes postaux", "Code Postal (5 chiffres)", "C.P.", "Postal code", "Zip code"],
    "city": ["Ville", "Commune", "Villes", "Nom de la commune", "Commune d'implantation", "City", "Localité"],
    "postcode_city": ["CP Ville", "Code postal et ville", "CP / Commune", "Code postal - ville"],
    "status": ["Statut", "Situation", "État", "Status", "Situation actuelle"],
    "active_to": ["Date de fermeture", "Fermé le", "DATE FERMETURE", "Date de fin", "Closing date"],
}  # fmt: skip
"""Headers that people write."""

MORE = {
    "Téléphone": "01 48 00 00 01", "Courriel": "x@exemple.fr", "Site internet": "https://exemple.fr",
    "Remarques": "à voir", "Budget 2023": "12 000 euros", "Référent": "Jeanne Martin", "Nb salariés": "4",
    "Horaires": "lundi 9h-18h", "Quartier": "Nord", "Observations": "", "Année": "2024", "Superficie (m2)": "80",
}  # fmt: skip
"""Columns of such lists that hold nothing of the structures, or what must not be read."""

CODECS = ["utf-8", "utf-8-sig", "cp1252", "utf-16", "mac_roman", "cp850"]

DAYS = {
    "2020-06-30": ["30/06/2020", "2020-06-30", "30.06.2020", "30 juin 2020"],
    "2019-01-02": ["02/01/2019", "2019-01-02"],
}

STATUSES = {"active": ["Actif", "Ouvert", "En activité"], "closed": ["Fermé", "Fermée", "Closed"]}

TITLES = [["Structures de l'ESS"], ["Mise à jour : mars 2024"], ["Ville : Bondy", "", "Service ESS"], []]

FEET = [
    ["Total", "5"],
    ["TOTAL GÉNÉRAL"],
    ["Total : 5 structures"],
    ["Source : mairie de Bondy"],
    ["Sous-total", "", "5"],
]


@dataclass(frozen=True)
class Handed:
    """A list as somebody hands it in: sheets of rows, and how they are written."""

    sheets: dict[str, list[list[str]]]
    separator: str
    codec: str
    workbook: bool


@st.composite
def lists(draw: st.DrawFn) -> Handed:
    """Draw a list of the known structures."""
    parts = draw(st.booleans())
    place = draw(st.booleans())
    fields = [
        "name",
        *(["number", "street"] if parts else ["address"]),
        *(["postcode_city"] if place else ["postcode", "city"]),
    ]
    fields += draw(st.lists(st.sampled_from(["status", "active_to"]), unique=True))
    more = draw(st.lists(st.sampled_from(sorted(MORE)), unique=True, max_size=4))
    names = {field: _written(draw, draw(st.sampled_from(HEADERS[field]))) for field in fields}
    order = draw(st.permutations([*fields, *more]))
    if parts:  # the number of a house stands before its street
        at = sorted(order.index(field) for field in ("number", "street"))
        order[at[0]], order[at[1]] = "number", "street"
    workbook = draw(st.booleans())
    rows = [_row(draw, known, order) for known in draw(st.permutations(KNOWN))]
    header = [names.get(field, field) for field in order]
    cut = draw(st.integers(1, len(rows))) if workbook else len(rows)
    sheets = {}
    for title, some in (("Liste", rows[:cut]), ("Suite", rows[cut:])):
        if some:
            above = draw(st.lists(st.sampled_from(TITLES), max_size=2))
            blank = draw(st.integers(0, len(some)))
            below = draw(st.lists(st.sampled_from(FEET), max_size=2))
            sheets[title] = [*above, header, *some[:blank], *[[]] * draw(st.integers(0, 2)), *some[blank:], *below]
    return Handed(sheets, draw(st.sampled_from(",;\t|")), draw(st.sampled_from(CODECS)), workbook)


def _written(draw: st.DrawFn, name: str) -> str:
    """Draw how somebody writes a header."""
    plain = unicodedata.normalize("NFKD", name.replace("°", "o")).encode("ascii", "ignore").decode()
    return draw(
        st.sampled_from([name, name.upper(), name.lower(), plain, f" {name} ", plain.replace(" ", "_").lower()])
    )


def _row(draw: st.DrawFn, known: tuple[str, ...], order: list[str]) -> list[str]:
    """Draw how a list says what is known of a structure."""
    own = dict(zip(FIELDS, known, strict=True))
    own["address"] = f"{own['number']} {own['street']}"
    own["postcode_city"] = draw(
        st.sampled_from([f"{own['postcode']} {own['city']}", f"{own['city']} ({own['postcode']})"])
    )
    own["status"] = draw(st.sampled_from(STATUSES[own["status"]]))
    own["active_to"] = draw(st.sampled_from(DAYS.get(own["active_to"], [""])))
    return [own[field] if field in own else MORE[field] for field in order]


def write(handed: Handed, folder: Path) -> Path:
    """Write a list into a folder."""
    if handed.workbook:
        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        for title, rows in handed.sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        book.save(path := folder / "list.xlsx")
        return path
    text = io.StringIO()
    csv.writer(text, delimiter=handed.separator).writerows(handed.sheets["Liste"])
    (path := folder / "list.csv").write_bytes(text.getvalue().encode(handed.codec))
    return path


def check(handed: Handed, folder: Path) -> None:
    """Demand the known structures of a list, whatever it looks like, and no person."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = read_structures(write(handed, folder))
    said = {field for field in ("status", "active_to") if any(row_says(handed, field))}
    expected = [
        (
            name,
            f"{number} {street}",
            postcode,
            city,
            status if "status" in said else "unknown",
            end * ("active_to" in said),
        )
        for name, number, street, postcode, city, status, end in KNOWN
    ]
    read = found[["name", "address", "postcode", "city", "status", "active_to"]].to_numpy().tolist()
    assert sorted(map(tuple, read)) == sorted(expected)
    assert not any(word in found.to_string() for word in ("Jeanne", "x@exemple", "01 48"))


def row_says(handed: Handed, field: str) -> list[bool]:
    """Return whether cells of a list are those that say a field."""
    words = {word for of in (STATUSES if field == "status" else DAYS).values() for word in of}
    return [cell in words for rows in handed.sheets.values() for row in rows for cell in row]


@examples(10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(handed=lists())
def test_the_same_structures_are_read_of_any_mixture(tmp_path: Path, handed: Handed) -> None:
    check(handed, tmp_path)
