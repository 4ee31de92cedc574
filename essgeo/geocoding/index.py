"""Addresses on disk by department, loaded by memory map."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from essgeo.geocoding.ban import read_ban
from essgeo.geocoding.building import build_department
from essgeo.geocoding.communes import Communes
from essgeo.geocoding.department import Department
from essgeo.sources.tables import require_file

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT = "6"
"""Changes with the layout of the files or the normalisation, so that an old index is built again."""


@dataclass(frozen=True)
class AddressIndex:
    """An index of addresses, department by department.

    Attributes
    ----------
    folders
        Where the departments are on disk.
    loaded
        Departments kept in memory instead.
    table
        The communes of all departments; ``department`` is the position of theirs.
    complete
        False where only some numbers of a street are known, as in an extract.
    """

    folders: tuple[Path, ...]
    loaded: tuple[Department, ...]
    table: pd.DataFrame
    complete: bool = True

    def department(self, position: int) -> Department:
        """Return a department, by memory map where it is on disk."""
        return self.loaded[position] if self.loaded else open_department(self.folders[position])

    @cached_property
    def bounds(self) -> list[int]:
        """First commune of each department, and the number of communes."""
        departments = self.table["department"].to_numpy()
        return np.searchsorted(departments, np.arange(departments.max() + 2)).tolist()  # type: ignore[no-any-return]

    @cached_property
    def communes(self) -> Communes:
        """The communes, by code, name and postcode."""
        return Communes(self.table)


def save_department(department: Department, folder: Path) -> None:
    """Write a department as Arrow files that load by memory map."""
    folder.mkdir(parents=True, exist_ok=True)
    addresses = pa.table(
        {
            "slot": department.slots,
            "lon": department.lon,
            "lat": department.lat,
            "ban_id": department.ban_ids,
            "written": department.written,
        }
    ).replace_schema_metadata({"repetitions": json.dumps([department.repetitions, department.writings])})
    tables = {
        "streets": department.streets,
        "addresses": addresses,
        "communes": pa.Table.from_pandas(department.communes, preserve_index=False),
    }
    for name, table in tables.items():
        with pa.OSFile(str(folder / f"{name}.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table.combine_chunks(), max_chunksize=1 << 30)


@lru_cache(maxsize=4)
def open_department(folder: Path) -> Department:
    """Return a department written by :func:`save_department`, its arrays read from the disk as they are needed."""
    tables = {
        name: pa.ipc.open_file(pa.memory_map(str(folder / f"{name}.arrow"))).read_all()
        for name in ("streets", "addresses", "communes")
    }
    addresses = tables["addresses"]
    repetitions, writings = json.loads(addresses.schema.metadata[b"repetitions"])
    return Department(
        tables["streets"], addresses["slot"].to_numpy(), addresses["lon"].to_numpy(), addresses["lat"].to_numpy(),
        addresses["ban_id"], addresses["written"].to_numpy(),
        repetitions, writings, tables["communes"].to_pandas(),
    )  # fmt: skip


def _build(path: Path, target: Path) -> None:
    """Make the index of a file, whole or not at all, also where another process makes it at the same time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as folder:
        part = Path(folder) / target.name
        save_department(build_department(read_ban(path)), part)
        try:
            part.rename(target)
        except OSError:
            if not target.exists():
                raise


def load_index(files: Sequence[Path | str], folder: Path | str) -> AddressIndex:
    """Return the index of BAN department files, built once for each content of a file."""
    folders = []
    for path in map(Path, files):
        require_file(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        target = Path(folder) / f"{digest}-{FORMAT}"
        if not target.exists():
            _build(path, target)
        folders.append(target)
    communes = [
        pa.ipc.open_file(pa.memory_map(str(target / "communes.arrow")))
        .read_all()
        .to_pandas()
        .assign(department=position)
        for position, target in enumerate(folders)
    ]
    return AddressIndex(tuple(folders), (), pd.concat(communes, ignore_index=True))
