"""Read a list of structures: the register of a territory, or a user's spreadsheet."""

from __future__ import annotations

import itertools
import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.crs import GEOGRAPHIC, require_crs
from essgeo.errors import InputError, InputWarning, SchemaError
from essgeo.files.addresses import reread
from essgeo.files.entries import NO_PLACE, footer_rows, take, take_positions, with_faults
from essgeo.files.recognise import parse_columns, recognise
from essgeo.files.redact import is_diffusion, redact, redact_identifiers, restricted_rows
from essgeo.files.tables import as_text, read_table
from essgeo.messages import tell
from essgeo.schema.cells import FLAGS, code_of, codes_of, number_of, status_of
from essgeo.schema.codes import commune_code, siren_and_siret
from essgeo.schema.columns import HEADERS, LAYERS, LISTS
from essgeo.schema.dates import iso_date
from essgeo.schema.names import guess_columns, simplify, words_of
from essgeo.schema.validate import MONTH, ROW, TEXT, meant, row_label, validate, warn_faults
from essgeo.schema.vocabulary import ALLY, split_codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from essgeo.files.recognise import Reading
    from essgeo.schema.columns import Column, Headers
    from essgeo.schema.validate import Fault


TITLES = {
    "rna": "Répertoire national des associations (RNA), fichier Waldec",
    "siae": "Structures d'insertion par l'activité économique (SIAE)",
}
"""What the column ``source`` says of the official lists that are known by their columns."""

ACTIVE = "A"
"""``position`` of an association that did not say it ended; ``D`` is dissolved, ``S`` deleted."""

SIAE_KINDS = ("EI", "AI", "ACI", "ETTI", "EITI", "GEIQ", "EA", "EATT", "OPCS")

POSITION = ("lon", "lat", "point", "coord_precision", "coord_radius_m")

_STREET = ["number", "repetition", "street_type", "street"]

_NO_DAY = "0001"


def as_official_list(table: pd.DataFrame, headers: Headers) -> pd.DataFrame:
    """Return a table under the names of the register where it is the RNA, the SIAE or data.inclusion; else as it is.

    Only the columns that ``schema/columns.csv`` names, and those of a position that somebody added, as others hold the
    name of an officer, whom mail goes to, a telephone or an e-mail. A SIAE is identified by its SIRET and kind, where
    that names each one; identifiers of data.inclusion begin with their source.
    """
    for name, title in {**TITLES, "data_inclusion": ""}.items():
        fields = LISTS[name].fields
        found = guess_columns(table.columns, headers[name])
        names = {*table.columns} - {*found} | {*found.values()}
        if not all(field.optional or field.name in names for field in fields):
            continue
        others = [column for column in table.columns if column not in found and column in found.values()]
        named = table.drop(columns=others).rename(columns=found)
        known = named.assign(**{field.name: "" for field in fields if field.name not in named})
        known = known.assign(source=title or known["source"])
        diffusion = [column for column in named if is_diffusion(column)]
        unread = known.columns.difference([field.name for field in fields], sort=False)
        added = guess_columns(unread, {column: headers["address_list"].get(column, ()) for column in POSITION})
        known = known.rename(columns=added)
        kept = [*(field.name for field in fields), "source", *diffusion, *POSITION]
        known = known[[column for column in dict.fromkeys(kept) if column in known]]
        if name == "rna":
            return _associations(known)
        if name == "data_inclusion":
            begins = zip(known["structure_id"], known["source"], strict=True)
            if all(source and identifier.startswith(f"{source}--") for identifier, source in begins):
                return known
            continue
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


_WANTED = {"word_the_name": ("name",), "word_the_place": ("address", "address_more", "lon", "point")}

_OF_NAMES = frozenset({"nom", "prenom", "prenom1", "first", "last", "surname"})


def read_structures(
    path: Path | str | pd.DataFrame,
    *,
    headers: Headers = HEADERS,
    columns: Mapping[str, str | Sequence[str]] | str | Iterable[str] | None = None,
    recode: Mapping[str, Mapping[str, str] | Path | str] | None = None,
    sheet: str | None = None,
    layer: str | None = None,
) -> pd.DataFrame:
    r"""Return the structures that a file lists, in the columns of the register.

    Parameters
    ----------
    path
        Any file that :func:`essgeo.files.tables.read_table` takes, or a table or GeoDataFrame of a
        notebook. Columns are recognised by what their French or
        English names say and by what stands in them; codes may be written as codes, as French or English labels, or as
        the beginning of one. Points of a geographic file are used as coordinates. The files of data.inclusion, of the
        SIAE and of the RNA are known as `essgeo sources fetch` brings them.
    headers
        The names that columns carry in files; :func:`essgeo.official.catalogue.known_headers` adds those of the user.
    columns
        Which column holds what, where it is not recognised: ``{"name": "Intitulé", "city": "Ville"}``, or
        ``"name=Intitulé,city=Ville"``.
    recode
        What words of a town stand for: ``{"sectors": {"Fripes": "economie_circulaire_reemploi"}}``, or a file of two
        columns.

    sheet, layer
        The one sheet of a workbook or layer of a GeoPackage to read, see :func:`essgeo.files.tables.read_table`.

    Returns
    -------
    DataFrame
        Index ``structure_id`` (made from the name where the file has none, of namesakes with commune and address), the
        columns of the ``structures`` layer,
        ``""`` where the file says nothing, then the file's own other columns. ``status`` and ``family`` are ``unknown``
        where not given. Zeros that a spreadsheet took from postcodes are back, dates are as in ISO 8601, SIRET and
        SIREN are digits only; what is no SIRET stands in ``siret_as_given``. Sums, notes below the list and headers
        that come again are left out, with a warning (:func:`essgeo.files.entries.footer_rows`). A cell that is no date,
        number, place or word of the vocabulary is left out, with a warning that names row and field. Columns about
        persons (names, telephones, e-mails) are left out. Rows that the law restricts
        (:func:`essgeo.files.redact.restricted_rows`) are emptied at once, so that neither a message nor a result can
        show what they hid. Coordinates that are no place leave ``coord_precision`` ``none``: the row then says so where
        it has no address either.

    Raises
    ------
    SchemaError
        Neither an address nor coordinates, or no name in a list of persons.
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
    source = "table" if isinstance(path, pd.DataFrame) else Path(path).name
    found, reading = structures_of(  # the table is not named here, so that it is freed once it is read
        as_list(path) if isinstance(path, pd.DataFrame) else read_table(path, sheet=sheet, layer=layer),
        source=source,
        headers=headers,
        columns=columns,
        recode=recode,
    )
    reading.tell(source)
    return found


def structures_of(
    table: pd.DataFrame,
    *,
    source: str,
    headers: Headers = HEADERS,
    columns: Mapping[str, str | Sequence[str]] | str | Iterable[str] | None = None,
    recode: Mapping[str, Mapping[str, str] | Path | str] | None = None,
) -> tuple[pd.DataFrame, Reading]:
    """Return the structures of a text table as :func:`read_structures` does, and how its columns were read."""
    table = as_official_list(reread(_points_as_columns(table, source)), headers)
    words = read_recode(recode)
    reading = recognise(table, source=source, headers=headers, named=parse_columns(columns), recode=words)
    wanted = [name for name, fields in _WANTED.items() if not {*fields} & {*reading.fields}]
    # A list of persons is none of structures; any other may call these by what else it says of them.
    persons = any(_OF_NAMES & {*words_of(column)} for column in reading.persons)
    by = reading.fields.get("structure_id") or reading.fields.get("address") or ()
    nameless = wanted == ["word_the_name"] and bool(by) and not persons
    if wanted and not nameless:
        message = tell(
            "no_structure_columns",
            name=source,
            wanted=tell("word_or_as").join(map(tell, wanted)),
            columns=", ".join(map(str, table.columns)),
        )
        raise SchemaError(message)
    for sentence in reading.doubts():
        warnings.warn(f"{source}: {sentence}", InputWarning, stacklevel=3)
    taken = take(table, reading)
    rows = table.index if table.index.name == ROW else pd.RangeIndex(1, len(table) + 1)
    taken.index = rows.rename(ROW)
    # Redacted before anything else is read, so that no message, sum or identifier tells what the row hid.
    restricted = restricted_rows(taken)
    aside = footer_rows(table.set_axis(taken.index), taken, name=source, hidden=restricted)
    structures, restricted = redact(taken, restricted)[~aside], restricted[~aside]
    del table, taken  # a list of a million rows is held once
    structures, faults, notes = _read_cells(structures, words)
    structures = _clean_company_numbers(structures, restricted)
    unnamed = _name_all(structures, restricted)
    if nameless:
        warnings.warn(tell("named_otherwise", name=source, columns=" + ".join(by)), InputWarning, stacklevel=3)
    faults += [fault for fault in unnamed if fault[1] != "name" or not nameless]
    warn_faults(source, faults, notes)
    return validate(_name_sources(structures), "structures", source=source), reading


def read_recode(recode: Mapping[str, Mapping[str, str] | Path | str] | None) -> dict[str, dict[str, str]]:
    """Return what words of a town stand for, by field: given as a dict, or as a file of two columns.

    Raises
    ------
    InputError
        A field has no vocabulary, or a word stands for what is no code or label of it.
    """
    found: dict[str, dict[str, str]] = {}
    fields = {
        field.name: field.allowed
        for field in LAYERS["structures"].fields
        if isinstance(field.allowed, dict) and field.name != "status"
    }
    for name, given in (recode or {}).items():
        if name not in fields:
            raise InputError(tell("recode_no_field", name=name, fields=", ".join(fields)))
        if isinstance(given, str | Path):
            table = read_table(given)
            cells = table.iloc[:, :2].to_numpy().tolist() if table.shape[1] > 1 else []
            # The first row is a header, unless it maps a word itself.
            head = [str(column) for column in table.columns[:2]]
            pairs = [*([head] if code_of(head[-1], fields[name]) else []), *cells]
            if not pairs:
                raise InputError(tell("recode_two_columns", given=given, name=name))
        else:
            pairs = [list(pair) for pair in given.items()]
        found[name] = {}
        for word, meaning in pairs:
            codes, unknown = codes_of([meaning], fields[name])
            if any(unknown):
                message = tell("recode_no_code", name=name, word=word, meaning=meaning, known=", ".join(fields[name]))
                raise InputError(message)
            found[name][word] = codes[0]
    return found


def _read_cells(
    structures: pd.DataFrame, recode: Mapping[str, Mapping[str, str]]
) -> tuple[pd.DataFrame, list[Fault], list[str]]:
    """Return structures whose cells hold to the contract, what was left out by row, and what would have been known."""
    faults: list[Fault] = []
    notes: list[str] = []
    rows = structures.index
    positions, wrong = take_positions(structures, rows)
    positions = with_faults(positions, wrong, rows)
    faults += wrong
    columns: dict[Any, Any] = dict(structures.items())
    closed, _ = columns.pop("closed", None), columns.pop("point", None)
    for name in ("lon", "lat"):
        degrees = [repr(value) if math.isfinite(value) else "" for value in positions[name]]
        columns[name] = pd.array(degrees, dtype=TEXT)
    precisions = columns.get("coord_precision", pd.Series("", index=rows))
    columns["coord_precision"] = precisions.mask(np.isinf(positions["lon"]), NO_PLACE)
    blank = pd.array([""] * len(rows), dtype=TEXT)
    for field in LAYERS["structures"].fields:
        if field.name in {"lon", "lat"} or columns.setdefault(field.name, blank) is blank:
            continue
        given = columns[field.name].tolist()
        meanings = _meanings(field, list(dict.fromkeys(given)), recode.get(field.name, {}))
        # As Arrow holds it: a list of a million texts takes more.
        columns[field.name] = pd.array([meanings[text][0] for text in given], dtype=TEXT)
        wrong = [
            (row_label(row), field.name, tell("cell_left_out", what=what))
            for row, text in zip(rows, given, strict=True)
            for what in meanings[text][1]
        ]
        faults += wrong
        if wrong and isinstance(field.allowed, dict) and field.name != "status":
            notes.append(tell("known_of_field", name=field.name, known=", ".join(sorted(field.allowed))))
            notes.append(tell("how_to_recode", name=field.name))
    structures = pd.DataFrame(columns, index=rows)
    if closed is not None:
        said = {True: "closed", False: "active", None: ""}
        ended = pd.Series([said[FLAGS.get(simplify(text))] for text in closed], index=rows)
        structures["status"] = structures["status"].where(structures["status"] != "", ended)
    for name in ("status", "family"):
        structures[name] = structures[name].replace("", "unknown")
    # A company that is an ally is of no family of the ESS, whatever the list says.
    pairs = zip(structures["roles"], structures["family"], strict=True)
    allied = np.array([family != "unknown" and ALLY in split_codes(roles) for roles, family in pairs], dtype=bool)
    faults += [(row_label(row), "family", tell("ally_of_family")) for row in rows[allied]]
    structures["family"] = structures["family"].mask(allied, "unknown")
    return structures, faults, notes


def _meanings(field: Column, texts: list[str], recode: Mapping[str, str]) -> dict[str, tuple[str, list[str]]]:
    """Return for each text what it says as the contract has it, and what of it is left out."""

    def one(text: str, value: str | None, fault: str) -> tuple[str, list[str]]:
        return value or "", [tell(fault, value=text, meant="")] if text and value is None else []

    if field.name == "status":
        return {text: one(text, status_of(text), "is_no_status") for text in texts}
    if isinstance(field.allowed, dict):
        codes, unknown = codes_of(texts, field.allowed, recode)
        return {
            text: (
                code if field.many else code.partition("|")[0],
                [tell("unknown_word", value=word, meant=meant(word, field.allowed)) for word in words],
            )
            for text, code, words in zip(texts, codes, unknown, strict=True)
        }
    if field.allowed is not None:
        return {text: one(text, text if text in field.allowed else None, "unknown_word") for text in texts}
    if field.kind == "month":
        return {text: one(text, iso_date(text), "is_no_date") for text in texts}
    if field.kind in {"number", "integer"}:
        numbers = {text: number_of(text) for text in texts}
        right = {
            text: number is not None and number >= (field.minimum or -math.inf) for text, number in numbers.items()
        }
        return {text: one(text, repr(numbers[text]) if right[text] else None, "is_no_such_number") for text in texts}
    return {text: (commune_code(text) if field.name in {"postcode", "citycode"} else text, []) for text in texts}


def _name_all(structures: pd.DataFrame, restricted: pd.Series) -> list[Fault]:
    """Give each structure, in place, an identifier that no other has and a name; return where it had none."""
    rows = structures.index
    own = structures["structure_id"] if "structure_id" in structures else pd.Series("", index=rows)
    nameless = (structures["name"] == "") & ~restricted
    what = tell("is_nameless")
    faults = [(row_label(row), "name", what) for row in rows[nameless]]
    if faults:
        place = structures["address"].where(structures["address"] != "", structures["city"])
        structures["name"] = structures["name"].mask(nameless, own.where(own != "", place.where(place != "", "?")))
    if "structure_id" not in structures:
        structures.insert(0, "structure_id", _identifiers(structures))
        return faults
    identifiers = redact_identifiers(own, restricted)
    both = structures["source"].map(simplify) + "-" + identifiers
    empty = identifiers == ""
    if empty.any():
        identifiers = identifiers.mask(empty, pd.Series(_identifiers(structures), index=rows))
    if both[~empty].duplicated().any() or (empty.any() and identifiers.duplicated().any()):
        number = identifiers.groupby(identifiers).cumcount()
        faults += [
            (row_label(row), "structure_id", tell("is_numbered", value=identifiers[row])) for row in rows[number > 0]
        ]
        identifiers = identifiers.where(number == 0, identifiers + "-" + (number + 1).astype(str))
    structures["structure_id"] = identifiers
    return faults


def as_list(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of a notebook as a file would hold it: text, rows numbered, an index that has a name a column."""
    named = frame.index.name is not None and frame.index.name not in frame
    rows = frame.reset_index() if named else frame.reset_index(drop=True)
    rows.index = pd.RangeIndex(1, len(rows) + 1, name=ROW)
    rows.columns = pd.Index([str(column) for column in rows.columns])
    return as_text(rows)


def _clean_company_numbers(structures: pd.DataFrame, restricted: pd.Series) -> pd.DataFrame:
    """Return SIRET and SIREN as digits; a cell that holds neither is kept aside where the row is not restricted."""
    given, before = structures["siret"].tolist(), structures["siret_as_given"]
    pairs = [siren_and_siret(text) for text in given]
    sirens = [siren_and_siret(own)[0] or pair[0] for own, pair in zip(structures["siren"], pairs, strict=True)]
    cells = zip(given, sirens, restricted, strict=True)
    lost = np.array([text.strip("0 ") != "" and not (siren or hidden) for text, siren, hidden in cells], dtype=bool)
    aside = {"siret_as_given": before.mask(lost, structures["siret"])} if lost.any() else {}
    return structures.assign(siren=sirens, siret=[siret for _, siret in pairs], **aside)


def _name_sources(structures: pd.DataFrame) -> pd.DataFrame:
    """Return the structures with ``source`` before ``structure_id``, where only both together name a row.

    A list gathered from several publishers keeps the identifiers of each.
    """
    if not structures["structure_id"].duplicated().any():
        return structures
    both = structures["source"].map(simplify) + "-" + structures["structure_id"]
    return structures if both.duplicated().any() else structures.assign(structure_id=both)


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


def _slug(text: str) -> str:
    return simplify(text).replace("_", "-")


def _identifiers(structures: pd.DataFrame) -> list[str]:
    """Return a slug of each name; of namesakes with their commune, then their address, so that no order counts.

    Only rows that are alike in all of it get numbers.
    """
    # Texts made from none have no type of text: they are given one.
    slugs = structures["name"].map(_slug).astype(str).replace("", "structure")
    for name in ("city", "address"):
        shared = slugs[slugs.duplicated(keep=False)]
        parts = structures.loc[shared.index, name].map(_slug).astype(str)
        if len(shared):
            slugs = slugs.mask(slugs.index.isin(parts.index[parts != ""]), shared + "-" + parts)
    if slugs.is_unique:
        return slugs.tolist()
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
