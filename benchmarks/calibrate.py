"""Print the tables of :mod:`essgeo.geocoding.precision` and :mod:`essgeo.uncertainty.positions`.

They say how far true positions lie from the points given. Run from anywhere: ``python benchmarks/calibrate.py`` (a
minute). Fuel stations, known to 100 m only, are left out.
"""

from __future__ import annotations

import dataclasses
import tempfile
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from bench_geocoding import BAN, DATA, OF_BAN, off, queries, truth_rows
from scipy.optimize import linprog

from essgeo.geocoding.ban import load_index
from essgeo.geocoding.houses import INTERPOLATED, find_houses
from essgeo.geocoding.index import REPETITION_BITS, distance_m, number_of, street_of
from essgeo.geocoding.match import match
from essgeo.geocoding.precision import HOUSE_M, ROOM_M, STREET_M, STREET_SHARE, WIDEST_ROOM_M
from essgeo.geocoding.verdict import SHORT_M, statuses

if TYPE_CHECKING:
    from essgeo.geocoding.index import AddressIndex, Department

SHARES = (0.5, 0.8, 0.9)
PARTS = [0.25, 0.5, 0.8, 0.9, 0.95]
NEIGHBOURS = 600
NEAR_M = 100.0
FOLDS, QUANTILE = 10, 0.905


def without_number(department: Department, row: int) -> tuple[Department, int, int]:
    """Return a department that lacks a house number of a street, with that street and number; its neighbours stay."""
    near = slice(max(0, row - NEIGHBOURS), row + NEIGHBOURS)
    slots = department.slots[near]
    keep = slots >> REPETITION_BITS != department.slots[row] >> REPETITION_BITS
    number, street = int(number_of(department.slots[row])), int(street_of(department.slots[row]))
    lon, lat = department.lon[near][keep], department.lat[near][keep]
    return dataclasses.replace(department, slots=slots[keep], lon=lon, lat=lat), street, number


def left_out(index: AddressIndex, houses: pd.DataFrame) -> pd.DataFrame:
    """Return how far houses lie from their point once their number, and then all numbers, are unknown.

    Columns ``kind`` and ``off_m``, with what a radius is made of: ``room_m`` of houses, ``reach_m`` of streets.
    """
    found: list[tuple[str, float, float]] = []
    for position in range(len(index.folders)):
        department = index.department(position)
        rows = {text: row for row, text in enumerate(department.ban_ids.to_pylist())}
        for house in houses[houses["ban_id"].isin(rows)].to_dict("records"):
            row = rows[house["ban_id"]]
            true = np.array([float(house["true_lon"])]), np.array([float(house["true_lat"])])
            lacking, street, number = without_number(department, row)
            numbers, texts = np.array([[number, -1]], dtype=np.int32), np.full((1, 2), "", dtype=object)
            between = find_houses(lacking, np.array([street]), numbers, texts)
            middle, reach = department.lon_lat[:, street], float(department.reach_m[street])
            found.append(("housenumber", house["off_m"], float(department.room_m[row])))
            if between.precision[0] == INTERPOLATED:
                found.append(("interpolated", float(distance_m(between.lon, between.lat, *true)[0]), 0.0))
            metres = float(distance_m(middle[:1], middle[1:], *true)[0])
            found.append(("street" if reach > SHORT_M else "short street", metres, reach))
    return pd.DataFrame(found, columns=["kind", "off_m", "about_m"])


def across(houses: pd.DataFrame) -> pd.Series:
    """Return which houses lie within a radius fitted on other postcodes, a tenth of them left out in turn."""
    room = np.minimum(houses["room_m"].to_numpy(), WIDEST_ROOM_M) ** 2
    seen, metres = np.column_stack([np.ones(len(room)), room]), houses["off_m"].to_numpy(dtype=float)
    fold, radius = pd.factorize(houses["postcode"])[0] % FOLDS, np.zeros(len(room))
    for left in range(FOLDS):
        rows = fold != left
        # Quantile regression as a linear programme (Koenker and Bassett 1978): what lies above and below each row.
        size = int(rows.sum())
        cost = np.concatenate([[0, 0], np.full(size, QUANTILE), np.full(size, 1 - QUANTILE)])
        equal = np.column_stack([seen[rows], np.eye(size), -np.eye(size)])
        radius[~rows] = seen[~rows] @ np.asarray(linprog(cost, A_eq=equal, b_eq=metres[rows]).x)[:2]
    return pd.Series(metres <= radius, index=houses.index)


def main() -> None:
    """Print the tables."""
    if not all(path.exists() for path in BAN):
        print(f"No {DATA}: nothing to measure.")
        return
    truth = truth_rows().query("not fuel").reset_index(drop=True)
    with tempfile.TemporaryDirectory() as folder:
        index = load_index(BAN, folder)
        matches = match(index, queries(truth["address"], truth["postcode"], truth["city"]))
        metres = off(matches, truth["lon"], truth["lat"])
        exact = (statuses(matches) == "located") & (matches["precision"] == "housenumber")
        houses = matches[exact].assign(true_lon=truth["lon"], true_lat=truth["lat"], off_m=metres)
        parts = left_out(index, houses)
        rooms = {
            text: float(room)
            for place in range(len(index.folders))
            for text, room in zip(
                index.department(place).ban_ids.to_pylist(), index.department(place).room_m, strict=True
            )
        }
    print(f"{'kind':<14}{'rows':>5}{'median':>9}{'80 %':>9}{'90 %':>9}{'in 100 m':>10}{'held':>8}{'radius':>8}")
    for kind, part in parts.groupby("kind"):
        about = part["about_m"].to_numpy()
        house = HOUSE_M + np.minimum(about, WIDEST_ROOM_M) ** 2 / ROOM_M
        radius = house if kind == "housenumber" else STREET_M + STREET_SHARE * about
        shares = "".join(f"{part['off_m'].quantile(share):>7.0f} m" for share in SHARES)
        held = f"{100 * (part['off_m'] <= radius).mean():>6.1f} %{np.median(radius):>6.0f} m"
        near = f"{100 * (part['off_m'] <= NEAR_M).mean():>8.1f} %"
        print(f"{kind:<14}{len(part):>5}{shares}{near}{held if kind != 'interpolated' else ''}")
    streets = parts[parts["kind"].str.endswith("street")]
    aside = {
        "houses": (houses["off_m"] / houses["radius_m"])[truth["kind"].loc[houses.index] != OF_BAN],
        "streets": streets["off_m"] / (STREET_M + STREET_SHARE * streets["about_m"]),
    }
    print("shares of the radius that hold so many (essgeo.uncertainty.positions)")
    print(pd.DataFrame({name: share.quantile(PARTS) for name, share in aside.items()}).T.round(2).to_string())
    houses = houses.assign(room_m=houses["ban_id"].map(rooms), postcode=truth["postcode"], file=truth["file"])
    found = pd.DataFrame({"within": houses["off_m"] <= houses["radius_m"], "left out": across(houses)})
    print("held, %: as fitted, and by radii fitted on other postcodes")
    print(
        (100 * pd.concat([found.groupby(houses["file"]).mean(), found.mean().to_frame("all").T])).round(1).to_string()
    )


if __name__ == "__main__":
    main()
