"""Positions that a human has settled: they win over everything else, at every run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from essgeo.errors import SchemaError
from essgeo.geocoding.address import address_key, city_key
from essgeo.sources import read_table
from essgeo.validation import raise_faults, validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from essgeo.geocoding.address import AddressKey
    from essgeo.validation import Fault

_KEYS = ("structure_id", "address")


def read_corrections(path: Path | str) -> pd.DataFrame:
    r"""Return the corrections that a file holds.

    Parameters
    ----------
    path
        A table with ``lon`` and ``lat`` (degrees) and ``structure_id``, or ``address`` and ``city``; other columns are
        free, ``note`` for example. Rows with neither ``lon`` nor ``lat`` are not settled yet and left out, so that
        ``tables/review.csv`` can be filled in little by little.

    Returns
    -------
    DataFrame
        ``structure_id``, ``address``, ``city`` (text, ``""`` where not given), ``lon``,
        ``lat`` (degrees).

    Raises
    ------
    SchemaError
        A column is missing, a row lacks its key or a coordinate, or two rows settle the same place.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "corrections.csv"
    ...     _ = path.write_text("structure_id,lon,lat\nsimplon,2.43,48.85\n")
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
    table = table[(table["lon"] != "") | (table["lat"] != "")]
    texts = {name: table.get(name, "") for name in ("structure_id", "address", "city")}
    numbered = table.assign(**texts, correction_id=table.index.astype(str))
    checked = validate(numbered, "corrections", source=path.name)
    raise_faults(path.name, list(_key_faults(checked)))
    return checked.reset_index()[["structure_id", "address", "city", "lon", "lat"]]


def correction_keys(corrections: pd.DataFrame) -> list[object]:
    """Return the key of each correction: the identifier of a structure, else the key of an address.

    Examples
    --------
    >>> import pandas as pd
    >>> correction_keys(pd.DataFrame({"structure_id": ["simplon"], "address": [""], "city": [""]}))
    ['simplon']
    """
    rows = zip(corrections["structure_id"], corrections["address"], corrections["city"], strict=True)
    return [identifier or place_key(address, city) for identifier, address, city in rows]


def _key_faults(corrections: pd.DataFrame) -> Iterator[Fault]:
    first: dict[object, str] = {}
    for row, key in zip(corrections.index, correction_keys(corrections), strict=True):
        if isinstance(key, tuple) and not (key[0].street and key[1]):
            yield int(row), "structure_id", "is empty, and there is no address with its city; give one or the other"
        elif key in first:
            yield int(row), "structure_id or address", f"is settled in row {first[key]} already; keep one of them"
        else:
            first[key] = row


def place_key(address: str, city: str) -> tuple[AddressKey, str]:
    """Return the key under which two writings of one address are the same.

    Examples
    --------
    >>> place_key("3, bd Chanzy", "Montreuil") == place_key("3 Boulevard de Chanzy", "MONTREUIL")
    True
    """
    return address_key(address), city_key(city)
