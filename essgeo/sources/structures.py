"""Read a list of structures: the register of a territory or somebody's spreadsheet."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from essgeo.crs import GEOGRAPHIC, require_crs
from essgeo.errors import InputWarning, SchemaError
from essgeo.layers import LAYERS
from essgeo.sources.aliases import STRUCTURES, guess_columns, simplify
from essgeo.sources.cells import commune_code, iso_date, siren_and_siret
from essgeo.sources.diffusion import emptied, hidden, unnamed
from essgeo.sources.lookup import codes_of
from essgeo.sources.official_lists import as_known_list
from essgeo.sources.tables import read_table
from essgeo.validation import validate
from essgeo.words.vocabulary import CHALLENGES, FAMILIES, ROLES, SECTORS, STAGES, STATUSES

if TYPE_CHECKING:
    from essgeo.words.vocabulary import Labels

_VOCABULARIES: dict[str, Labels] = {
    "sectors": SECTORS,
    "challenges": CHALLENGES,
    "roles": ROLES,
    "support_stages": STAGES,
    "family": FAMILIES,
    "status": STATUSES,
}
_PLACE = ("address", "postcode", "city", "citycode", "lon", "lat")
_SUM = r"(sous_|grand_)?tota(l|ux)(_.*)?"
_LEAST = {"the name": ("name",), "the address, or the longitude and latitude,": ("address", "lon")}


def read_structures(path: Path | str) -> pd.DataFrame:
    r"""Return the structures that a file lists, in the columns of the register.

    Parameters
    ----------
    path
        Any file that :func:`essgeo.sources.read_table` takes. Columns are recognised by their usual French and English
        names; codes may be written as codes, as French or English labels, or as the beginning of one. Points of a
        geographic file are used as coordinates. The files of data.inclusion, of the SIAE and of the RNA are known as
        `essgeo sources fetch` brings them, see :func:`essgeo.sources.official_lists.as_known_list`.

    Returns
    -------
    DataFrame
        Index ``structure_id`` (made from the name where the file has none), the columns of the ``structures`` layer,
        ``""`` where the file says nothing, then the file's own other columns. ``status`` and ``family`` are ``unknown``
        where not given. Zeros that a spreadsheet took from postcodes are back, dates are as in ISO 8601, SIRET and
        SIREN are digits only; what is no SIRET stands in ``siret_as_given``. Sums below the list are left out, with a
        warning. Rows that the law restricts (:func:`essgeo.sources.diffusion.hidden`) are emptied at once, so that
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
    path = Path(path)
    table = as_known_list(_with_point_columns(read_table(path), path.name))
    structures = table.rename(columns=_columns(table))
    wanted = [name for name, columns in _LEAST.items() if not set(columns) & set(structures.columns)]
    if wanted:
        message = (
            f"{path.name}: no column was recognised as {' or as '.join(wanted)} of the structures. "
            f"Columns seen: {', '.join(table.columns)}. Rename one to 'name' or 'nom', 'address' or 'adresse', "
            "or 'lon' and 'lat'; if these are no names of columns, delete the rows above the names."
        )
        raise SchemaError(message)
    restricted = hidden(structures)
    structures = _without_sums(emptied(structures, restricted), path.name)
    restricted = restricted.loc[structures.index]
    for field in LAYERS["structures"].fields:
        if field.name not in structures:
            structures[field.name] = ""
    for name, labels in _VOCABULARIES.items():
        structures[name] = codes_of(structures[name], labels)
    for name in ("status", "family"):
        structures[name] = structures[name].replace("", "unknown")
    for name in ("postcode", "citycode"):
        structures[name] = structures[name].map(commune_code)
    for name in ("active_from", "active_to", "as_of"):
        structures[name] = structures[name].map(iso_date)
    structures = _with_company_numbers(structures, restricted)
    if "structure_id" not in structures:
        structures.insert(0, "structure_id", _identifiers(structures["name"]))
    else:
        structures["structure_id"] = unnamed(structures["structure_id"], restricted)
    return validate(_told_apart(structures), "structures", source=path.name)


def _without_sums(structures: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the structures without the sums below them: rows that begin with "Total" and have no place."""
    cells = structures.reindex(columns=_PLACE, fill_value="")
    first = structures.replace("", None).bfill(axis=1).iloc[:, 0].fillna("")
    sums = first.map(simplify).str.fullmatch(_SUM) & (cells == "").all(axis=1)
    below = sums[::-1].cummin()[::-1]
    if not below.any() or below.all():
        return structures
    rows = ", ".join(f"{row} ({text})" for row, text in first[below].items())
    message = f"{name}: a sum is no structure, left out: row {rows}."
    warnings.warn(message, InputWarning, stacklevel=3)
    return structures[~below]


def _columns(table: pd.DataFrame) -> dict[str, str]:
    """Return which column holds which field; a precision that is a number is the score of some geocoder, not ours."""
    found = guess_columns(table.columns, STRUCTURES)
    scores = [
        column
        for column, field in found.items()
        if field == "coord_precision" and pd.to_numeric(table[column].replace("", None), errors="coerce").notna().any()
    ]
    return {column: field for column, field in found.items() if column not in scores}


def _with_company_numbers(structures: pd.DataFrame, restricted: pd.Series) -> pd.DataFrame:
    """Return SIRET and SIREN as digits; a cell that holds neither is kept aside where the row is not restricted."""
    given = structures["siret"]
    numbers = given.map(siren_and_siret)
    siren = structures["siren"].map(lambda text: "".join(text.split()))
    clean = structures.assign(siren=siren.where(siren != "", numbers.str[0]), siret=numbers.str[1])
    lost = given.str.strip("0 ").ne("") & (clean["siren"] == "") & ~restricted
    return clean.assign(siret_as_given=clean["siret_as_given"].where(~lost, given))


def _told_apart(structures: pd.DataFrame) -> pd.DataFrame:
    """Return the structures with ``source`` before ``structure_id``, where only both together name a row.

    A list gathered from several publishers keeps the identifiers of each.
    """
    both = structures["source"].map(simplify) + "-" + structures["structure_id"]
    if not structures["structure_id"].duplicated().any() or both.duplicated().any():
        return structures
    return structures.assign(structure_id=both)


def _with_point_columns(table: pd.DataFrame, name: str) -> pd.DataFrame:
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


def _identifiers(names: pd.Series) -> list[str]:
    """Return a slug of each name, with a number that is free where it stands already."""
    slugs = [simplify(name).replace("_", "-") or "structure" for name in names]
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
