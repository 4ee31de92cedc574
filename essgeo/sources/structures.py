"""Read a list of structures: the register of a territory or somebody's spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from essgeo.crs import GEOGRAPHIC, require_crs
from essgeo.errors import SchemaError
from essgeo.layers import LAYERS
from essgeo.sources.aliases import STRUCTURES, guess_columns, simplify
from essgeo.sources.tables import read_table
from essgeo.validation import validate
from essgeo.vocabulary import CHALLENGES, FAMILIES, ROLES, SECTORS, STAGES, STATUSES

if TYPE_CHECKING:
    from essgeo.vocabulary import Labels

_VOCABULARIES: dict[str, Labels] = {
    "sectors": SECTORS,
    "challenges": CHALLENGES,
    "roles": ROLES,
    "support_stages": STAGES,
    "family": FAMILIES,
    "status": STATUSES,
}
_METROPOLE_LON, _METROPOLE_LAT = (-6, 10), (41, 52)
_MOST_LON, _MOST_LAT = 180, 90


def read_structures(path: Path | str) -> pd.DataFrame:
    """Return the structures that a file lists, in the columns of the register.

    Parameters
    ----------
    path
        Any file that :func:`essgeo.sources.read_table` takes. Columns are recognised by their usual French and English
        names; codes may be written as codes or as French or English labels. Points of a geographic file are used as
        coordinates.

    Returns
    -------
    DataFrame
        Index ``structure_id`` (made from the name where the file has none), the columns of the ``structures`` layer,
        ``""`` where the file says nothing, then the file's own other columns. ``status`` is ``unknown`` where not given.

    Raises
    ------
    SchemaError
        No column with a name, or neither an address nor coordinates; or a value that breaks the contract.
    InputError, SourceUnavailableError
        The file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "mine.csv"
    ...     _ = path.write_text("Nom;Adresse;Secteur\\nLe Fournil;1 rue A;Alimentation et agriculture\\n")
    ...     read_structures(path)[["name", "sectors", "status"]].reset_index().to_dict("records")
    [{'structure_id': 'le-fournil', 'name': 'Le Fournil', 'sectors': 'alimentation_agriculture', 'status': 'unknown'}]
    """
    path = Path(path)
    raw = read_table(path)
    table = _with_point_columns(raw, path.name)
    renamed = table.rename(columns=guess_columns(table.columns, STRUCTURES))
    if "name" not in renamed or not {"address", "lon"} & set(renamed.columns):
        message = (
            f"{path.name}: no column was recognised as {'the name' if 'name' not in renamed else 'the address or the longitude'} "
            f"of the structures. Columns seen: {', '.join(table.columns)}. Rename one to 'name' or 'nom', 'address' or 'adresse', "
            "or 'lon' and 'lat'."
        )
        raise SchemaError(message)
    for field in LAYERS["structures"].fields:
        if field.name not in renamed:
            renamed[field.name] = ""
    for name, labels in _VOCABULARIES.items():
        renamed[name] = [_codes(cell, labels) for cell in renamed[name]]
    renamed["status"] = renamed["status"].where(renamed["status"] != "", "unknown")
    renamed["family"] = renamed["family"].where(renamed["family"] != "", "unknown")
    if "structure_id" not in renamed:
        renamed.insert(0, "structure_id", _identifiers(renamed["name"]))
    structures = validate(renamed, "structures", source=path.name)
    _check_coordinates(structures, path.name)
    return structures


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


def _codes(cell: str, labels: Labels) -> str:
    known = {simplify(label): code for code, names in labels.items() for label in (code, *names.values())}
    parts = [part.strip() for part in cell.replace(";", "|").split("|") if part.strip()]
    return "|".join(known.get(simplify(part), part) for part in parts)


def _identifiers(names: pd.Series) -> pd.Series:
    slugs = names.map(lambda name: simplify(name).replace("_", "-") or "structure")
    repeat = slugs.groupby(slugs).cumcount()
    return slugs.where(repeat == 0, slugs + "-" + (repeat + 1).astype(str))


def _check_coordinates(structures: pd.DataFrame, source: str) -> None:
    lon, lat = structures["lon"], structures["lat"]
    half = lon.isna() != lat.isna()
    swapped = lon.between(*_METROPOLE_LAT) & lat.between(*_METROPOLE_LON)
    wild = (lon.abs() > _MOST_LON) | (lat.abs() > _MOST_LAT)
    faults = []
    for position in (half | swapped | wild).to_numpy().nonzero()[0]:
        values = f"lon {lon.iloc[position]:g}, lat {lat.iloc[position]:g}"
        if half.iloc[position]:
            what = "one coordinate without the other"
        elif swapped.iloc[position]:
            what = f"longitude and latitude look swapped ({values})"
        else:
            what = f"not degrees ({values}); give WGS 84 longitude and latitude"
        faults.append(f"  row {position + 2}, fields lon and lat: {what}")
    if faults:
        raise SchemaError("\n".join([f"{source}: {len(faults)} fault{'s' * (len(faults) > 1)}.", *faults[:20]]))
