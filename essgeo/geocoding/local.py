"""The local engine: an index of addresses behind the contract of every engine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from essgeo.geocoding.building import build_department
from essgeo.geocoding.index import AddressIndex
from essgeo.geocoding.match import candidates, match

if TYPE_CHECKING:
    from typing import Self

_HOUSE = (
    r"^\s*(?P<numero>\d{1,5})\s*(?:(?P<rep>bis|ter|quater|[A-Za-z])\b)?(?:\s*[-/,]\s*\d+\w*)*[\s,]+(?P<nom_voie>\S.*)$"
)


@dataclass(frozen=True)
class Local:
    """An index as an engine. It opens no connection.

    Parameters
    ----------
    index
        From :func:`essgeo.geocoding.index.load_index`, or :meth:`of` a small table.
    version
        Identifies the content of the index.
    """

    index: AddressIndex
    version: str

    @classmethod
    def of(cls, addresses: pd.DataFrame) -> Self:
        """Return the engine of a small table of known addresses, which lacks most house numbers of its streets.

        Parameters
        ----------
        addresses
            ``address``, ``postcode``, ``city``, ``citycode``, ``lon``, ``lat`` (degrees).

        Examples
        --------
        >>> known = pd.DataFrame({"address": ["18 rue Saint-Antoine"], "postcode": ["93100"], "city": ["Montreuil"],
        ...                       "citycode": ["93048"], "lon": [2.45], "lat": [48.86]})
        >>> wanted = {"address": ["18, r. de Saint Antoine"], "postcode": "", "city": "Montreuil", "citycode": ""}
        >>> Local.of(known).match(pd.DataFrame(wanted))["precision"].tolist()
        ['housenumber']
        """
        parts = addresses["address"].str.extract(_HOUSE)
        named = parts["nom_voie"].where(parts["nom_voie"].notna(), addresses["address"])
        columns = {
            "id": [f"extract-{place}" for place in range(len(addresses))],
            "numero": pa.array(pd.to_numeric(parts["numero"]), type=pa.int32(), from_pandas=True),
            "rep": parts["rep"].fillna("").str.lower().tolist(),
            "nom_voie": named.tolist(),
            "code_postal": addresses["postcode"].tolist(),
            "code_insee": addresses["citycode"].tolist(),
            "nom_commune": addresses["city"].tolist(),
            "nom_ancienne_commune": [""] * len(addresses),
            "type_position": [""] * len(addresses),
            "lon": addresses["lon"].to_numpy(dtype=float),
            "lat": addresses["lat"].to_numpy(dtype=float),
        }
        department = build_department(pa.table(columns))
        content = pd.util.hash_pandas_object(addresses[["address", "city", "lon", "lat"]], index=False).to_numpy()
        index = AddressIndex((), (department,), department.communes.assign(department=0), complete=False)
        return cls(index, hashlib.sha256(np.ascontiguousarray(content).tobytes()).hexdigest()[:16])

    @classmethod
    def on_disk(cls, index: AddressIndex) -> Self:
        """Return the engine of an index on disk, whose folders are named by their content."""
        return cls(index, "+".join(folder.name for folder in index.folders))

    @property
    def name(self) -> str:
        """``ban``, or ``extract`` for a small table."""
        return "ban" if self.index.complete else "extract"

    def match(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return the best match of each query (:meth:`essgeo.geocoding.engine.Engine.match`).

        Between the few numbers that a small table knows of a street nothing is interpolated: the street is all that
        is known.
        """
        matches = match(self.index, queries)
        guessed = (matches["precision"] == "interpolated") & (not self.index.complete)
        return matches.assign(
            precision=matches["precision"].mask(guessed, "street"),
            reason=matches["reason"].mask(guessed, "number_unknown"),
        )

    def candidates(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return up to three candidates of each query (:meth:`essgeo.geocoding.engine.Engine.candidates`)."""
        return candidates(self.index, queries)
