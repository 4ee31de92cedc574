"""Positions that a human has settled: they win over everything else, at every run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from essgeo.errors import SchemaError
from essgeo.geocoding.address import address_key, city_key
from essgeo.sources import read_table

if TYPE_CHECKING:
    from essgeo.geocoding.address import AddressKey

_KEYS = ("structure_id", "address")


def read_corrections(path: Path | str) -> pd.DataFrame:
    """Return the corrections that a file holds.

    Parameters
    ----------
    path
        A table with ``lon`` and ``lat`` (degrees) and ``structure_id``, or ``address`` and ``city``; other columns, such as
        ``note``, are free.

    Returns
    -------
    DataFrame
        ``structure_id``, ``address``, ``city`` (text, ``""`` where not given), ``lon``, ``lat`` (degrees).

    Raises
    ------
    SchemaError
        A column is missing, or a row lacks its key or a coordinate.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "corrections.csv"
    ...     _ = path.write_text("structure_id,lon,lat\\nsimplon,2.43,48.85\\n")
    ...     read_corrections(path)[["structure_id", "lon"]].values.tolist()
    [['simplon', 2.43]]
    """
    path = Path(path)
    table = read_table(path)
    if not {"lon", "lat"} <= set(table.columns) or not set(_KEYS) & set(table.columns):
        message = (
            f"{path.name}: a corrections file has the columns lon, lat and structure_id (or address and city). "
            f"Columns seen: {', '.join(table.columns)}."
        )
        raise SchemaError(message)
    for name in ("structure_id", "address", "city"):
        table[name] = table[name] if name in table else ""
    lon, lat = (pd.to_numeric(table[name].str.replace(",", "."), errors="coerce") for name in ("lon", "lat"))
    keyed = (table["structure_id"] != "") | ((table["address"] != "") & (table["city"] != ""))
    wrong = (~keyed | ~lon.between(-180, 180) | ~lat.between(-90, 90)).to_numpy().nonzero()[0]
    if len(wrong):
        rows = ", ".join(str(position + 2) for position in wrong[:20])
        message = (
            f"{path.name}: rows {rows} lack a key (structure_id, or address and city) or have no lon and lat in degrees."
        )
        raise SchemaError(message)
    return table[["structure_id", "address", "city"]].assign(lon=lon, lat=lat)


def place_key(address: str, city: str) -> tuple[AddressKey, str]:
    """Return the key under which two writings of one address are the same.

    Examples
    --------
    >>> place_key("3, bd Chanzy", "Montreuil") == place_key("3 Boulevard de Chanzy", "MONTREUIL")
    True
    """
    return address_key(address), city_key(city)
