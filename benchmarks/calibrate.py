"""Print the table that stands in :mod:`essgeo.geocoding.verdict`: how far true positions lie from the points given.

Run from anywhere: ``python benchmarks/calibrate.py``. Its last line is what the table says of the other half of rows.
"""

from __future__ import annotations

import dataclasses
import tempfile
from typing import TYPE_CHECKING

import numpy as np
from bench_geocoding import BAN, DATA, SEED, off, queries, real_addresses

from essgeo.geocoding.index import REPETITION_BITS, distance_m, load_index, number_of, street_of
from essgeo.geocoding.match import match
from essgeo.geocoding.search import INTERPOLATED, find_houses
from essgeo.geocoding.verdict import SHORT_M, STREETS, statuses

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from essgeo.geocoding.index import AddressIndex, Department

SHARES = (0.5, 0.8, 0.9)
DRAWS = 200
NEIGHBOURS = 600


def without_number(department: Department, row: int) -> tuple[Department, int, int]:
    """Return a department that lacks a house number of a street, with that street and number; its neighbours stay."""
    near = slice(max(0, row - NEIGHBOURS), row + NEIGHBOURS)
    slots = department.slots[near]
    keep = slots >> REPETITION_BITS != department.slots[row] >> REPETITION_BITS
    number, street = int(number_of(department.slots[row])), int(street_of(department.slots[row]))
    lon, lat = department.lon[near][keep], department.lat[near][keep]
    return dataclasses.replace(department, slots=slots[keep], lon=lon, lat=lat), street, number


def left_out(index: AddressIndex, houses: pd.DataFrame) -> tuple[list[float], list[float]]:
    """Return how far houses lie from their point once their number, and then all numbers, are unknown."""
    between, streets = [], []
    for position in range(len(index.folders)):
        department = index.department(position)
        rows = {text: row for row, text in enumerate(department.ban_ids.to_pylist())}
        for house in houses[houses["ban_id"].isin(rows)].itertuples():
            true = np.array([float(str(house.true_lon))]), np.array([float(str(house.true_lat))])
            lacking, street, number = without_number(department, rows[str(house.ban_id)])
            numbers, texts = np.full((1, 1), number, dtype=np.int32), np.full((1, 1), "", dtype=object)
            found = find_houses(lacking, np.array([street]), numbers, texts)
            if found.precision[0] == INTERPOLATED:
                between.append(float(distance_m(found.lon, found.lat, *true)[0]))
            if department.reach_m[street] <= SHORT_M:
                middle = department.lon_lat[:, street]
                streets.append(float(distance_m(middle[:1], middle[1:], *true)[0]))
    return between, streets


def held(metres: NDArray[np.float64]) -> tuple[float, float]:
    """Return the share of a half within the radius of the other half, mean and deviation over draws."""
    random, half = np.random.default_rng(SEED), len(metres) // 2
    shares = []
    for _ in range(DRAWS):
        mixed = random.permutation(metres)
        shares.append(float((mixed[half:] <= np.quantile(mixed[:half], SHARES[-1])).mean()))
    return float(np.mean(shares)), float(np.std(shares))


def main() -> None:
    """Print the table."""
    if not all(path.exists() for path in BAN):
        print(f"No {DATA}: nothing to measure.")
        return
    truth = real_addresses()
    with tempfile.TemporaryDirectory() as folder:
        index = load_index(BAN, folder)
        matches = match(index, queries(truth["adresse"], truth["code_postal"], truth["commune"]))
        metres = off(matches, truth["lon"], truth["lat"])
        located = statuses(matches) == "located"
        exact = located & (matches["precision"] == "housenumber")
        vague = metres[located & matches["precision"].isin(STREETS)].tolist()
        houses = matches[exact].assign(true_lon=truth["lon"], true_lat=truth["lat"])
        between, streets = left_out(index, houses)
    parts = {
        "housenumber": metres[exact].to_numpy(),
        "interpolated": np.array(between),
        "street": np.array(streets + vague),
        "  number lost": np.array(streets),
        "  no number": np.array(vague),
    }
    print(f"{'precision':<14}{'rows':>5}" + "".join(f"{f'{100 * share:.0f} %':>9}" for share in SHARES))
    for name, values in parts.items():
        print(f"{name:<14}{len(values):>5}" + "".join(f"{np.quantile(values, share):>7.0f} m" for share in SHARES))
    for name in ("housenumber", "interpolated", "street"):
        mean, deviation = held(parts[name])
        print(
            f"{name}, held by the radius of the other half: {100 * mean:.1f} ± {100 * deviation:.1f} %, {DRAWS} draws"
        )


if __name__ == "__main__":
    main()
