"""The arrays of a department, from its table of addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from essgeo.geocoding.communes import CITIES
from essgeo.geocoding.department import Department, pack
from essgeo.geocoding.flat import distance_m
from essgeo.geocoding.words import REPETITIONS, StreetKey, fold_all, street_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

PREFERRED = (
    "entrée",
    "délivrance postale",
    "bâtiment",
    "cage d'escalier",
    "logement",
    "parcelle",
    "service technique",
    "",
    "segment",
)
"""Kinds of position (BAN ``type_position``), the nearest to a front door first."""
_PART = ["code_insee", "nom_ancienne_commune"]
NO_NUMBER = 99_999
"""What a file writes for a place without house number."""


def build_department(table: pa.Table) -> Department:
    """Return the index of a table from :func:`essgeo.geocoding.ban.read_ban`."""
    frame = table.to_pandas()
    text = [
        "id",
        "rep",
        "nom_voie",
        "code_postal",
        "code_insee",
        "nom_commune",
        "nom_ancienne_commune",
        "type_position",
    ]
    frame[text] = frame[text].fillna("")
    number = frame["numero"].fillna(-1).astype("int64")
    frame["number"] = number.where((number >= 0) & (number < NO_NUMBER), -1)
    parts = ["code_insee", "nom_ancienne_commune", "code_postal", "nom_voie"]
    group = frame.groupby(parts, sort=True, observed=True)
    frame["street"] = group.ngroup()
    streets = frame.drop_duplicates("street").sort_values("street")[[*parts, "nom_commune"]].reset_index(drop=True)
    keys = [street_key(_only_words(name)) for name in fold_all(streets["nom_voie"].tolist())]
    communes = _communes(streets)
    known = pd.MultiIndex.from_frame(communes[["citycode", "old_name"]])
    streets["commune"] = known.get_indexer(pd.MultiIndex.from_frame(streets[_PART])).astype("int32")
    streets["city"] = communes["city"].to_numpy()[streets["commune"]]
    streets[list(StreetKey._fields)] = keys
    order = np.lexsort((streets["nom_voie"], streets["words"], streets["commune"], streets["city"]))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    streets = streets.iloc[order].reset_index(drop=True)
    written, writings = pd.factorize(frame["rep"].str.strip().str.lower(), sort=True)
    short = [REPETITIONS.get(text, text) for text in fold_all(writings.tolist())]
    repetition = np.array(short, dtype=object)[written]
    repetitions = ["", *sorted(set(repetition) - {""})]
    coded = pd.Series(repetition).map({text: code for code, text in enumerate(repetitions)}).to_numpy(dtype=np.int64)
    street = rank[frame["street"].to_numpy()]
    lon, lat = (np.round(frame[name].to_numpy() * 1e6).astype(np.int32) for name in ("lon", "lat"))
    middle = _middles(street, lon, lat)
    numbered = (frame["number"] >= 0).to_numpy()
    best = (
        frame["type_position"]
        .map({kind: place for place, kind in enumerate(PREFERRED)})
        .fillna(len(PREFERRED))
        .to_numpy()
    )
    slots = pack(street, np.maximum(frame["number"].to_numpy(), 0), coded)
    order = np.lexsort((frame["id"].to_numpy(), best, slots))
    order = order[numbered[order]]
    order = order[np.unique(slots[order], return_index=True)[1]]
    place = communes.assign(lon=0.0, lat=0.0)
    centre = (
        pd.DataFrame({"commune": streets["commune"].to_numpy()[street], "lon": lon, "lat": lat})
        .groupby("commune")
        .median()
    )
    place["lon"], place["lat"] = centre["lon"] / 1e6, centre["lat"] / 1e6
    columns = {
        "name": pa.array(streets["nom_voie"].tolist()), "words": pa.array(streets["words"].tolist()),
        "compact": pa.array(streets["compact"].tolist()), "bare": pa.array(streets["bare"].tolist()),
        "way": pa.array(streets["way"].tolist()),
        "postcode": pa.array(streets["code_postal"].tolist()), "commune": pa.array(streets["commune"].to_numpy()),
        "city": pa.array(streets["city"].to_numpy(dtype=np.int32)),
        "lon": pa.array(middle["lon"].to_numpy()), "lat": pa.array(middle["lat"].to_numpy()),
        "reach_m": pa.array(middle["reach_m"].to_numpy()),
    }  # fmt: skip
    ids = pa.chunked_array([pa.array(frame["id"].to_numpy()[order].tolist(), type=pa.string())])
    return Department(
        pa.table(columns),
        slots[order],
        lon[order],
        lat[order],
        ids,
        written[order].astype(np.uint16),
        repetitions,
        writings.tolist(),
        place,
    )


def _middles(street: NDArray[np.int64], lon: NDArray[np.int32], lat: NDArray[np.int32]) -> pd.DataFrame:
    """Return the address nearest to the mean of each street, and how near 90 % of the others lie to it."""
    frame = pd.DataFrame({"street": street, "lon": lon / 1e6, "lat": lat / 1e6})
    mean = frame.groupby("street")[["lon", "lat"]].transform("mean")
    frame["off"] = distance_m(
        frame["lon"].to_numpy(), frame["lat"].to_numpy(), mean["lon"].to_numpy(), mean["lat"].to_numpy()
    )
    middle = (
        frame.sort_values(["street", "off", "lon", "lat"]).drop_duplicates("street").set_index("street")[["lon", "lat"]]
    )
    at = middle.loc[street]
    frame["reach_m"] = distance_m(
        frame["lon"].to_numpy(), frame["lat"].to_numpy(), at["lon"].to_numpy(), at["lat"].to_numpy()
    )
    return middle.assign(reach_m=frame.groupby("street")["reach_m"].quantile(0.9))


def _only_words(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name).strip()


def _communes(streets: pd.DataFrame) -> pd.DataFrame:
    """Return the communes; those made of former communes in as many rows, for streets there have homonyms."""
    group = streets.groupby(_PART, sort=True)
    table = pd.DataFrame(
        {
            "name": group["nom_commune"].first(),
            "postcodes": group["code_postal"].agg(lambda codes: "|".join(sorted(set(codes) - {""}))),
        }
    )
    table = table.rename_axis(["citycode", "old_name"]).reset_index()
    order = (table["citycode"].map(_owner) + table["citycode"]).argsort(kind="stable")
    table = table.iloc[order].reset_index(drop=True)
    owner = [_owner(code) for code in table["citycode"]]
    return table.assign(city=pd.factorize(np.array(owner, dtype=object))[0].astype("int32"))


def _owner(code: str) -> str:
    """Return the commune that an arrondissement is part of, or the commune itself."""
    return next((city for city, (start, _) in CITIES.items() if code.startswith(start)), code)
