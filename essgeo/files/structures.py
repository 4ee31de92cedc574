"""Read a list of structures: the register of a territory or somebody's spreadsheet."""

from __future__ import annotations

import itertools
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from essgeo.crs import GEOGRAPHIC, require_crs
from essgeo.errors import InputWarning, SchemaError
from essgeo.files.redact import is_diffusion, redact, redact_identifiers, restricted_rows
from essgeo.files.reread import reread
from essgeo.files.tables import as_text, read_table
from essgeo.messages import tell
from essgeo.schema.columns import HEADERS, LAYERS, LISTS
from essgeo.schema.headers import guess_columns, simplify
from essgeo.schema.validate import MONTH, ROW, validate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from essgeo.schema.columns import Headers
    from essgeo.schema.vocabulary import Labels


_FRENCH_DATE = re.compile(r"(?:(\d{1,2})/)?(\d{1,2})/(\d{4})")

SIREN_DIGITS = 9


def iso_date(text: str) -> str:
    """Return ``31/12/2027`` or ``12/2027`` as ``2027-12-31`` or ``2027-12``, and anything else as it is.

    Examples
    --------
    >>> iso_date("1/09/2024"), iso_date("2024")
    ('2024-09-01', '2024')
    """
    found = _FRENCH_DATE.fullmatch(str(text).strip())
    if found is None:
        return str(text).strip()
    day, month, year = found.groups()
    return f"{year}-{int(month):02d}" + (f"-{int(day):02d}" if day else "")


def commune_code(text: str) -> str:
    """Return a postcode or an INSEE code with the zero in front that a spreadsheet took away; ``0`` is no code.

    Examples
    --------
    >>> commune_code("2820"), commune_code("93 100"), commune_code("2A004"), commune_code("0")
    ('02820', '93100', '2A004', '')
    """
    code = "".join(text.split())
    if not code.strip("0"):
        return ""
    return f"0{code}" if re.fullmatch(r"[0-9]{4}", code) else code


def siren_and_siret(text: str) -> tuple[str, str]:
    """Return the SIREN and the SIRET that a cell holds: a SIRET begins with its SIREN.

    Examples
    --------
    >>> siren_and_siret("828 213 371 00014"), siren_and_siret("828213371")
    (('828213371', '82821337100014'), ('828213371', ''))
    >>> siren_and_siret("1"), siren_and_siret("00000000000000")
    (('', ''), ('', ''))
    """
    digits = "".join(text.split())
    if not re.fullmatch(r"[0-9]{9}([0-9]{5})?", digits) or not digits.strip("0"):
        return "", ""
    return digits[:SIREN_DIGITS], digits if len(digits) > SIREN_DIGITS else ""


MIN_PREFIX = 4
"""Letters that the beginning of a label needs to stand for it."""


def codes_of(cells: Iterable[str], labels: Labels) -> list[str]:
    """Return cells of words as codes joined by ``|``; a word that is not known stays as it is.

    Parameters
    ----------
    cells
        Words separated by ``|`` or ``;``. Each is a code, a French or English label, or the beginning of the labels of
        one code only; case and accents do not count.
    labels
        The vocabulary.

    Examples
    --------
    >>> from essgeo.schema.vocabulary import SECTORS
    >>> codes_of(["Mobilité; Food and farming", "alimentation", "Édu", "magie"], SECTORS)
    ['mobilite|alimentation_agriculture', 'alimentation_agriculture', 'Édu', 'magie']
    """
    known = {simplify(label): code for code, names in labels.items() for label in (code, *names.values())}

    def code_of(word: str) -> str:
        plain = simplify(word)
        begun = {code for label, code in known.items() if label.startswith(plain) and len(plain) >= MIN_PREFIX}
        return known.get(plain) or (begun.pop() if len(begun) == 1 else word)

    cells = list(cells)
    found = {}
    for cell in dict.fromkeys(cells):
        words = [word.strip() for word in cell.replace(";", "|").split("|") if word.strip()]
        found[cell] = "|".join(dict.fromkeys(map(code_of, words)))
    return [found[cell] for cell in cells]


TITLES = {
    "rna": "Répertoire national des associations (RNA), fichier Waldec",
    "siae": "Structures d'insertion par l'activité économique (SIAE)",
}
"""What the column ``source`` says of the official lists that are known by their columns."""

ACTIVE = "A"
"""``position`` of an association that did not say it ended; ``D`` is dissolved, ``S`` deleted."""

SIAE_KINDS = ("EI", "AI", "ACI", "ETTI", "EITI", "GEIQ", "EA", "EATT", "OPCS")

_STREET = ["number", "repetition", "street_type", "street"]

_NO_DAY = "0001"


def as_official_list(table: pd.DataFrame, headers: Headers) -> pd.DataFrame:
    """Return a table under the names of the register where it is the RNA or the list of SIAE; else as it is.

    Of the RNA only the columns that ``schema/columns.csv`` names, as others hold the name of an officer or whom mail
    goes to. A SIAE is identified by its SIRET and kind, where that names each one.
    """
    for name, title in TITLES.items():
        fields = LISTS[name].fields
        found = guess_columns(table.columns, headers[name])
        others = [column for column in table.columns if column not in found and column in found.values()]
        named = table.drop(columns=others).rename(columns=found)
        if not all(field.optional or field.name in named for field in fields):
            continue
        known = named.assign(**{field.name: "" for field in fields if field.name not in named}, source=title)
        if name == "rna":
            diffusion = [column for column in named if is_diffusion(column)]
            return _associations(known[[*(field.name for field in fields), "source", *diffusion]])
        if known["siae_kind"].isin(SIAE_KINDS).all():
            identifiers = known["siret"] + "-" + known["siae_kind"].str.lower()
            if (known["siret"] != "").all() and identifiers.is_unique:
                known["structure_id"] = identifiers
            return known.assign(sectors="insertion_emploi")
    return table


def _associations(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the RNA as structures: closed where dissolved or deleted, else not known: few say that they ended."""
    names = rows["name"].where(rows["name"] != "", rows["aliases"])
    ended = _days(rows["active_to"])
    still_open = (ended == "") & (rows["position"].str.upper() == ACTIVE)
    parts = rows[_STREET].itertuples(index=False, name=None)
    return rows.drop(columns=_STREET).assign(
        name=names.where(names != "", rows["structure_id"]),
        aliases=rows["aliases"].where(rows["aliases"] != names, ""),
        address=[" ".join(filter(None, words)) for words in parts],
        active_from=_days(rows["active_from"]),
        active_to=ended,
        status=still_open.map({True: "unknown", False: "closed"}),
        family="association",
    )


def _days(dates: pd.Series) -> pd.Series:
    days = dates.str.slice(0, 10)
    return days.where(days.str.fullmatch(MONTH) & ~days.str.startswith(_NO_DAY), "")


_PLACE = ("address", "postcode", "city", "citycode", "lon", "lat")

_SUM = r"(sous_|grand_)?tota(l|ux)(_.*)?"

_WANTED = {"the name": ("name",), "the address, or the longitude and latitude,": ("address", "lon")}


def read_structures(path: Path | str | pd.DataFrame, *, headers: Headers = HEADERS) -> pd.DataFrame:
    r"""Return the structures that a file lists, in the columns of the register.

    Parameters
    ----------
    path
        Any file that :func:`essgeo.files.tables.read_table` takes, or a table or GeoDataFrame of a notebook. Columns
        are recognised by their usual French and English names; codes may be written as codes, as French or English
        labels, or as the beginning of one. Points of a geographic file are used as coordinates. The files of
        data.inclusion, of the SIAE and of the RNA are known as
        `essgeo sources fetch` brings them.
    headers
        The names that columns carry in files; :func:`essgeo.official.catalogue.known_headers` adds those of the user.

    Returns
    -------
    DataFrame
        Index ``structure_id`` (made from the name where the file has none, of namesakes with commune and address), the
        columns of the ``structures`` layer,
        ``""`` where the file says nothing, then the file's own other columns. ``status`` and ``family`` are ``unknown``
        where not given. Zeros that a spreadsheet took from postcodes are back, dates are as in ISO 8601, SIRET and
        SIREN are digits only; what is no SIRET stands in ``siret_as_given``. Sums below the list are left out, with a
        warning. Rows that the law restricts (:func:`essgeo.files.redact.restricted_rows`) are emptied at once, so that
        neither a message nor a result can show what they hid.

    Raises
    ------
    SchemaError
        No column with a name, or neither an address nor coordinates; or a value that breaks the contract.
    InputError
        The file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "mine.csv"
    ...     _ = path.write_text("Nom;Adresse;Secteur\nLe Fournil;1 rue A;Alimentation et agriculture\n")
    ...     read_structures(path)[["name", "sectors", "status"]].reset_index().to_dict("records")
    [{'structure_id': 'le-fournil', 'name': 'Le Fournil', 'sectors': 'alimentation_agriculture', 'status': 'unknown'}]
    """
    raw = as_list(path) if isinstance(path, pd.DataFrame) else read_table(path)
    path = Path("table" if isinstance(path, pd.DataFrame) else path)
    table = as_official_list(reread(_points_as_columns(raw, path.name)), headers)
    structures = table.rename(columns=_columns(table, headers))
    wanted = [name for name, columns in _WANTED.items() if not set(columns) & set(structures.columns)]
    if wanted:
        message = tell(
            "no_structure_columns", name=path.name, wanted=" or as ".join(wanted), columns=", ".join(table.columns)
        )
        raise SchemaError(message)
    # Redacted before anything else is read, so that no message, sum or identifier tells what the row hid.
    restricted = restricted_rows(structures)
    structures = _drop_sums(redact(structures, restricted), path.name)
    restricted = restricted.loc[structures.index]
    for field in LAYERS["structures"].fields:
        if field.name not in structures:
            structures[field.name] = ""
        if isinstance(field.allowed, dict):
            structures[field.name] = codes_of(structures[field.name], field.allowed)
        elif field.kind == "month":
            structures[field.name] = structures[field.name].map(iso_date)
    for name in ("status", "family"):
        structures[name] = structures[name].replace("", "unknown")
    for name in ("postcode", "citycode"):
        structures[name] = structures[name].map(commune_code)
    structures = _clean_company_numbers(structures, restricted)
    if "structure_id" not in structures:
        structures.insert(0, "structure_id", _identifiers(structures))
    else:
        structures["structure_id"] = redact_identifiers(structures["structure_id"], restricted)
    return validate(_name_sources(structures), "structures", source=path.name)


def as_list(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of a notebook as a file would hold it: text, rows numbered, an index that has a name a column."""
    named = frame.index.name is not None and frame.index.name not in frame
    rows = frame.reset_index() if named else frame.reset_index(drop=True)
    rows.index = pd.RangeIndex(1, len(rows) + 1, name=ROW)
    rows.columns = pd.Index([str(column) for column in rows.columns])
    return as_text(rows)


def _drop_sums(structures: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the structures without the sums below them: rows that begin with "Total" and have no place."""
    # The first cell of each row that says something; a sum stays where a structure stands below it.
    cells = structures.reindex(columns=_PLACE, fill_value="")
    first = structures.replace("", None).bfill(axis=1).iloc[:, 0].fillna("")
    sums = first.map(simplify).str.fullmatch(_SUM) & (cells == "").all(axis=1)
    below = sums[::-1].cummin()[::-1]
    if not below.any() or below.all():
        return structures
    rows = ", ".join(f"{row} ({text})" for row, text in first[below].items())
    message = tell("sums_left_out", name=name, rows=rows)
    warnings.warn(message, InputWarning, stacklevel=3)
    return structures[~below]


def _columns(table: pd.DataFrame, headers: Headers) -> dict[str, str]:
    """Return which column holds which field; a precision that is a number is the score of some geocoder, not ours."""
    found = guess_columns(table.columns, headers["structures"])
    scores = [
        column
        for column, field in found.items()
        if field == "coord_precision" and pd.to_numeric(table[column].replace("", None), errors="coerce").notna().any()
    ]
    return {column: field for column, field in found.items() if column not in scores}


def _clean_company_numbers(structures: pd.DataFrame, restricted: pd.Series) -> pd.DataFrame:
    """Return SIRET and SIREN as digits; a cell that holds neither is kept aside where the row is not restricted."""
    given = structures["siret"]
    numbers = given.map(siren_and_siret)
    siren = structures["siren"].map(lambda text: "".join(text.split()))
    clean = structures.assign(siren=siren.where(siren != "", numbers.str[0]), siret=numbers.str[1])
    lost = given.str.strip("0 ").ne("") & (clean["siren"] == "") & ~restricted
    return clean.assign(siret_as_given=clean["siret_as_given"].where(~lost, given))


def _name_sources(structures: pd.DataFrame) -> pd.DataFrame:
    """Return the structures with ``source`` before ``structure_id``, where only both together name a row.

    A list gathered from several publishers keeps the identifiers of each.
    """
    both = structures["source"].map(simplify) + "-" + structures["structure_id"]
    if not structures["structure_id"].duplicated().any() or both.duplicated().any():
        return structures
    return structures.assign(structure_id=both)


def _points_as_columns(table: pd.DataFrame, name: str) -> pd.DataFrame:
    if not isinstance(table, gpd.GeoDataFrame):
        return table
    require_crs(table, name)
    points = table.geometry.to_crs(GEOGRAPHIC).representative_point()
    plain = pd.DataFrame(table.drop(columns=table.geometry.name))
    known = points.notna() & ~points.is_empty
    return plain.drop(columns=["lon", "lat"], errors="ignore").assign(
        lon=points.x.where(known).map(lambda x: "" if pd.isna(x) else repr(x)),
        lat=points.y.where(known).map(lambda y: "" if pd.isna(y) else repr(y)),
    )


def _identifiers(structures: pd.DataFrame) -> list[str]:
    """Return a slug of each name; of namesakes with their commune, then their address, so that no order counts.

    Only rows that are alike in all of it get numbers.
    """
    parts = [structures[name].map(simplify).str.replace("_", "-") for name in ("name", "city", "address")]
    slugs = parts[0].where(parts[0] != "", "structure")
    for part in parts[1:]:
        shared = slugs.duplicated(keep=False) & (part != "")
        slugs = slugs.mask(shared, slugs + "-" + part)
    taken = set(slugs)
    identifiers: list[str] = []
    seen: set[str] = set()
    for slug in slugs:
        free = (f"{slug}-{number}" for number in itertools.count(2))
        identifier = slug if slug not in seen else next(name for name in free if name not in taken)
        seen.add(slug)
        taken.add(identifier)
        identifiers.append(identifier)
    return identifiers
