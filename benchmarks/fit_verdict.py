"""Fit the weights of :mod:`essgeo.geocoding.verdict` on spoilt BAN, and write them into ``verdict.csv``.

Run from anywhere: ``python benchmarks/fit_verdict.py`` (some minutes). It prints the table that stands beside the
thresholds: of streets that no row of the fit is on.
"""

from __future__ import annotations

import csv
import re
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from bench_geocoding import BAN, DATA, SEED, read_ban_files, taken_out
from perturb import misspell, perturb
from scipy.optimize import minimize

from essgeo.geocoding import verdict
from essgeo.geocoding.ban import load_index
from essgeo.geocoding.index import distance_m
from essgeo.geocoding.match import APART_M, _find

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.geocoding.index import AddressIndex

RIDGE = 1.0
ROWS = {
    "misspelt": 48_000,
    "as typed": 16_000,
    "number unknown": 6_000,
    "number left out": 8_000,
    "no number": 6_000,
    "next postcode": 6_000,
    "missing": 12_000,
    "missing, misspelt": 6_000,
}
"""The mix: how many rows of each kind the weights are fitted and tried on."""


def mixture(ban: pd.DataFrame, folder: str) -> list[tuple[str, AddressIndex, pd.DataFrame]]:
    """Return the rows of each kind with the index that they are asked of."""
    whole = load_index(BAN, folder)
    less, gone = taken_out(ban, folder, SEED + 1)
    typed = perturb(ban, ROWS["as typed"], SEED + 2).assign(street=lambda table: table["ban_id"].map(street_of_id(ban)))
    plain = perturb(
        ban, ROWS["number unknown"] + ROWS["no number"], SEED + 3, ("case", "accents", "abbreviation", "typo")
    )
    plain = plain.assign(street=plain["ban_id"].map(street_of_id(ban)), lon=np.nan, lat=np.nan)
    random = np.random.default_rng(SEED)
    numbers = random.integers(1, 400, len(plain)).astype(str)
    unknown, no_number = plain.iloc[: ROWS["number unknown"]], plain.iloc[ROWS["number unknown"] :]
    # Houses that BAN lacks, between others that it has.
    lone = ban.sample(ROWS["number left out"], random_state=SEED + 8)
    postcodes = np.where(random.random(len(lone)) < 1 / 3, "", lone["code_postal"])
    path = Path(folder) / "adresses-lacking.csv"
    ban.drop(lone.index).to_csv(path, sep=";", index=False)
    swap = [text.partition(" ")[2] for text in plain["address"]]
    # Streets that several postcodes share, each with some of its numbers: people write the one for the other.
    shared = ban[ban.groupby("nom_voie")["code_postal"].transform("nunique") > 1]
    beside = plainly(shared.sample(ROWS["next postcode"], random_state=SEED + 7))
    posts = shared.groupby("nom_voie")["code_postal"].unique()
    names = beside["street"].str.partition("|")[2]
    others = [
        random.choice([code for code in posts[name] if code != own])
        for name, own in zip(names, beside["postcode"], strict=True)
    ]
    asked = {
        "next postcode": (whole, beside.assign(postcode=others)),
        "misspelt": (whole, misspell(ban, ROWS["misspelt"], SEED + 4)),
        "as typed": (whole, typed),
        "number unknown": (
            whole,
            unknown.assign(address=[f"{n} {t}" for n, t in zip(numbers, swap[: len(unknown)], strict=False)]),
        ),
        "number left out": (load_index([path], folder), plainly(lone).assign(postcode=postcodes)),
        "no number": (whole, no_number.assign(address=swap[len(unknown) :])),
        "missing": (less, plainly(gone.sample(ROWS["missing"], random_state=SEED + 5))),
        "missing, misspelt": (less, misspell(gone, ROWS["missing, misspelt"], SEED + 6)),
    }
    return [(name, index, rows.reset_index(drop=True)) for name, (index, rows) in asked.items()]


def street_of_id(ban: pd.DataFrame) -> dict[str, str]:
    """Return the street of each address."""
    return dict(zip(ban["id"], ban["code_insee"] + "|" + ban["nom_voie"], strict=True))


def plainly(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of BAN as addresses written in full."""
    table = pd.DataFrame(
        {"address": rows["numero"] + rows["rep"] + " " + rows["nom_voie"], "postcode": rows["code_postal"]}
    )
    city = rows["nom_commune"].str.replace(r" \d+er? Arrondissement$", "", regex=True)
    street = rows["code_insee"] + "|" + rows["nom_voie"]
    return table.assign(
        city=city, citycode="", street=street, lon=rows["lon"].astype(float), lat=rows["lat"].astype(float)
    )


def gathered(ban: pd.DataFrame, folder: str) -> pd.DataFrame:
    """Return a row a candidate: its evidence, its query, whether it is right, how far it lies from the truth."""
    parts, before = [], 0
    for name, index, rows in mixture(ban, folder):
        readings, pairs, _ = _find(index, rows[["address", "postcode", "city", "citycode"]])
        if pairs is None:
            continue
        frame = pd.DataFrame(verdict.evidence(index, readings, pairs))
        streets = np.full(len(pairs.query), "", dtype=object)
        for position in range(len(index.folders)):
            department = index.department(position)
            here = pairs.department == position
            codes = department.communes["citycode"].to_numpy()[department.commune]
            known = np.array(
                [
                    f"{code}|{street}"
                    for code, street in zip(codes, department.streets["name"].to_pylist(), strict=True)
                ],
                dtype=object,
            )
            streets[here] = known[pairs.street[here]]
        truth = rows["street"].to_numpy()[pairs.query]
        metres = distance_m(
            pairs.lon, pairs.lat, rows["lon"].to_numpy()[pairs.query], rows["lat"].to_numpy()[pairs.query]
        )
        if name == "number unknown":
            # No number tells which arrondissement's part of a street is meant: any of that name.
            streets, truth = (
                np.array([re.sub(r"^75\d+", "75", street) for street in column], dtype=object)
                for column in (streets, truth)
            )
        right = (streets == truth) | (metres <= APART_M)
        place = {
            "query": pairs.query + before,
            "kind": name,
            "truth": truth,
            "right": right,
            "off_m": metres,
            "lon": pairs.lon,
            "lat": pairs.lat,
        }
        parts.append(frame.assign(**place))
        before += len(rows)
    return pd.concat(parts, ignore_index=True)


def fitted(evidence: NDArray[np.float64], query: NDArray[np.int64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return constant and weights by maximum likelihood of the multinomial logit, with a small ridge."""
    scale = evidence.std(axis=0) + 1e-9
    table = np.column_stack([np.ones(len(evidence)), evidence / scale])
    _, group = np.unique(query, return_inverse=True)
    count = int(group.max()) + 1
    known = np.bincount(group, right, count) > 0

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = np.exp(np.clip(table @ weights, -40, 40))
        every, good = 1 + np.bincount(group, odds, count), np.bincount(group, odds * right, count)
        value = -(np.log(np.where(known, good, 1.0)) - np.log(every)).sum() + RIDGE * (weights[1:] ** 2).sum() / 2
        share = np.where(known[group], odds * right / np.maximum(good[group], 1e-300), 0) - odds / every[group]
        slope = -(table.T @ share)
        slope[1:] += RIDGE * weights[1:]
        return float(value), slope

    best = minimize(loss, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 600}).x
    return np.concatenate([best[:1], best[1:] / scale])


def main() -> None:
    """Fit, write, and print what each half of the streets says of the weights of the other."""
    if not all(path.exists() for path in BAN):
        print(f"No {DATA}: nothing to fit.")
        return
    ban = read_ban_files()
    with tempfile.TemporaryDirectory() as folder:
        table = gathered(ban, folder)
    names = [name for name in verdict.WEIGHTS if name != "constant"]
    half = table["truth"].map(lambda street: zlib.crc32(street.encode()) % 2 == 0).to_numpy()
    seen, query, right = table[names].to_numpy(), table["query"].to_numpy(), table["right"].to_numpy()
    # Each half is scored by the weights of the other; those that are written rest on both.
    chance = np.zeros(len(table))
    for part in (half, ~half):
        constant, *parts = fitted(seen[part], query[part], right[part])
        odds = np.exp(constant + seen[~part] @ parts)
        chance[~part] = odds / (1 + np.bincount(query[~part], odds))[query[~part]]
    weights = fitted(seen, query, right)
    path = Path(verdict.__file__).with_name("verdict.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    values = dict(zip(["constant", *names], weights, strict=True))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["evidence", "weight", "meaning"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"weight": f"{values[row['evidence']]:.3f}"} for row in rows)
    said = table.assign(chance=chance)
    best = said.sort_values("chance", ascending=False).drop_duplicates("query")
    # As in the search, the chances of candidates at one place add up.
    there = best.set_index("query").loc[said["query"], ["lon", "lat"]]
    near = (
        distance_m(*(column.to_numpy() for column in (said["lon"], said["lat"], there["lon"], there["lat"]))) <= APART_M
    )
    best = best.assign(chance=best["query"].map(said["chance"].where(near, 0).groupby(said["query"]).sum()))
    bands = best.groupby(pd.cut(best["chance"], np.linspace(0, 1, 11).tolist()), observed=True)
    print("best candidates, by the chance that the weights of the other half of the streets give")
    print(bands.agg(rows=("right", "size"), said=("chance", "mean"), seen=("right", "mean")).round(3).to_string())
    print(pd.Series(values).round(2).to_string())


if __name__ == "__main__":
    main()
