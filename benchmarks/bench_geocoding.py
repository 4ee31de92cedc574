"""Measure the local BAN engine, beside addok in the same run where it is installed (:mod:`addok_peer` says how).

Run from anywhere: ``ADDOK_PYTHON=/path/to/python python benchmarks/bench_geocoding.py``.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import addok_peer
import numpy as np
import pandas as pd
from perturb import perturb

from essgeo.geocoding.index import distance_m, load_index, street_of
from essgeo.geocoding.match import match
from essgeo.geocoding.verdict import RADIUS_M, statuses

if TYPE_CHECKING:
    from essgeo.geocoding.index import AddressIndex

DATA = Path(__file__).resolve().parents[2] / "shared" / "real-data"
BAN = [DATA / "ban" / "adresses-75.csv.gz", DATA / "ban" / "adresses-93010.csv.gz"]
SPOILT, MISSING, PEER_ROWS, SEED = 100_000, 10_000, 400, 20240101
RENUMBERED, MOST_NUMBER, TIMED_ROWS, FRANCE = 100_000, 200, 20_000, 26_000_000
NEAR_M, FAR_M = 100.0, 1000.0
MEASURE_MEMORY = """
import sys, time
import pandas as pd
from pathlib import Path
from essgeo.geocoding.index import load_index
from essgeo.geocoding.match import match
start = time.perf_counter()
index = load_index(sys.argv[2:], sys.argv[1])
index.communes, [index.department(position) for position in range(len(index.folders))]
seconds = time.perf_counter() - start
match(index, pd.DataFrame({"address": ["3 r de rivolli"], "postcode": "", "city": "Paris", "citycode": ""}))
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(seconds, int(peak.split()[1]) / 1024)
"""


def line(figure: str, essgeo: str, peer: str = "") -> None:
    """Print a row of the table."""
    print(f"{figure:<62} {essgeo:>22} {peer:>18}", flush=True)


def queries(address: pd.Series, postcode: pd.Series, city: pd.Series) -> pd.DataFrame:
    """Return queries of an engine."""
    return pd.DataFrame({"address": address, "postcode": postcode, "city": city, "citycode": ""})


def texts(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return queries as questions to addok."""
    return [{"q": re.sub(" +", " ", f"{row.address} {row.postcode} {row.city}").strip()} for row in table.itertuples()]


def off(matches: pd.DataFrame, lon: pd.Series, lat: pd.Series) -> pd.Series:
    """Return how far matches lie from the truth, in metres."""
    metres = distance_m(*(column.to_numpy(dtype=float) for column in (matches["lon"], matches["lat"], lon, lat)))
    return pd.Series(metres, index=matches.index)


def timed(index: AddressIndex, table: pd.DataFrame) -> tuple[float, float, pd.DataFrame]:
    """Return addresses a second and a CPU second, the best of three runs (more on few rows), and the matches."""
    best, best_cpu, matches = 0.0, 0.0, pd.DataFrame()
    for _ in range(max(3, TIMED_ROWS // len(table))):
        start, cpu = time.perf_counter(), time.process_time()
        matches = match(index, table)
        best = max(best, len(table) / (time.perf_counter() - start))
        best_cpu = max(best_cpu, len(table) / (time.process_time() - cpu))
    return best, best_cpu, matches


def nearest_street(index: AddressIndex, lon: float, lat: float, title: str = "") -> tuple[float, str]:
    """Return how far the nearest known address lies from a point, and its street; of the streets in a title, if any."""
    found = []
    for position in range(len(index.folders)):
        department = index.department(position)
        street = street_of(department.slots)
        metres = distance_m(department.lon / 1e6, department.lat / 1e6, np.array([lon]), np.array([lat]))
        named = np.array([title.endswith(name) for name in department.titles]) | (title == "")
        metres = np.where(named[street], metres, np.inf)
        found.append((float(metres.min()), str(department.titles[street[metres.argmin()]])))
    return min(found)


def renumbered(real: pd.DataFrame) -> pd.DataFrame:
    """Return real addresses again and again, with other house numbers: as people write them, each once."""
    random = np.random.default_rng(SEED)
    rows = real.iloc[random.integers(len(real), size=2 * RENUMBERED)].reset_index(drop=True)
    numbers = iter(random.integers(1, MOST_NUMBER, size=len(rows)).tolist())
    rows["address"] = rows["address"].str.replace(r"\d+", lambda _: str(next(numbers)), n=1, regex=True)
    return rows.drop_duplicates(ignore_index=True).head(RENUMBERED)


def real_addresses() -> pd.DataFrame:
    """Return the rows of the truth file in Paris and Bondy."""
    truth = pd.read_csv(DATA / "truth" / "dev_ile_de_france.csv", dtype=str, keep_default_na=False)
    return truth[truth["commune"].str.lower().str.contains(r"^paris\b|^bondy$")].reset_index(drop=True)


def lists() -> pd.DataFrame:
    """Return the addresses in Paris and Bondy of the lists of structures, to time real addresses by the thousand."""
    columns = {
        "data_inclusion_mednum_2023-02": ("adresse", "code_postal", "commune"),
        "lieux_cnfs_2022-12": ("adresse", "code_postal", "commune"),
        "siae_france_2019_2021": ("adresse", "code_postal", "commune"),
        "tiers_lieux_cget_2019": ("ADRESSE", "CP", "NOMCOM"),
        "aidants_connect_2023-01_sans_coordonnees": ("Adresse", "Code postal", "commune"),
    }  # fmt: skip
    parts = [
        pd.read_csv(DATA / "structures" / f"{name}.csv", dtype=str, keep_default_na=False)[list(names)].set_axis(
            ["address", "postcode", "city"], axis=1
        )
        for name, names in columns.items()
    ]
    rows = pd.concat(
        [*parts, real_addresses()[["adresse", "code_postal", "commune"]].set_axis(parts[0].columns, axis=1)]
    )
    here = rows["postcode"].str.startswith("75") | (rows["postcode"] == "93140")
    return rows[here].assign(citycode="").drop_duplicates(ignore_index=True)


def bench_index(folder: str) -> AddressIndex:
    """Time the index: build, load, memory; and what France would cost, by the slope between the two files."""
    costs = []
    start = time.perf_counter()
    for path in BAN:
        cpu = time.process_time()
        part = load_index([path], folder)
        cpu = time.process_time() - cpu
        size = sum(file.stat().st_size for file in part.folders[0].iterdir())
        costs.append(np.array([len(part.department(0).slots), cpu, size]))
    index = load_index(BAN, folder)
    line("index of 165,717 addresses: build, s", f"{time.perf_counter() - start:.1f}")
    rows, cpu, size = costs[0] - costs[1]
    line(
        "  France, 26 million addresses: CPU s, GB on disk, by the slope",
        f"{FRANCE * cpu / rows:.0f}; {FRANCE * size / rows / 1e9:.1f}",
    )
    command = [sys.executable, "-c", MEASURE_MEMORY, folder, *map(str, BAN)]
    seconds, memory = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    size = sum(path.stat().st_size for path in Path(folder).rglob("*.arrow"))
    line(
        "  load, s; memory of a process with it, MB; on disk, MB",
        f"{float(seconds):.2f}; {float(memory):.0f}; {size / 1e6:.0f}",
    )
    return index


def bench_truth(index: AddressIndex, peer: Path | None) -> None:
    """Measure positions and radii on the real addresses whose position is known."""
    truth = real_addresses()
    asked = queries(truth["adresse"], truth["code_postal"], truth["commune"])
    matches = match(index, asked)
    metres, located = off(matches, truth["lon"], truth["lat"]), statuses(matches) == "located"
    near, far = (
        f"{100 * (metres[located] <= NEAR_M).sum() / len(truth):.1f} %",
        f"{100 * (metres[located] > FAR_M).mean():.1f} %",
    )
    peer_near = peer_far = ""
    if peer:
        found = pd.DataFrame(addok_peer.ask(peer, texts(asked))[1], columns=["lon", "lat"], index=truth.index)
        theirs = off(found.astype(float), truth["lon"], truth["lat"])
        peer_near, peer_far = f"{100 * (theirs <= NEAR_M).mean():.1f} %", f"{100 * (theirs > FAR_M).mean():.1f} %"
    line(f"{len(truth)} real addresses: located and within 100 m of the truth", near, peer_near)
    line("  candidates of the others counted too", f"{100 * (metres <= NEAR_M).mean():.1f} %")
    line("  more than 1 km off, among located", far, peer_far)
    for row in metres.index[located & (metres > FAR_M)]:
        point = float(truth["lon"][row]), float(truth["lat"][row])
        label = matches["label"][row]
        print(f"    {metres[row]:5.0f} m: {truth['adresse'][row]}, {truth['code_postal'][row]} -> {label}")
        print("             the point of the truth file lies {:.0f} m from {}".format(*nearest_street(index, *point)))
        print("             and {:.0f} m from the nearest house of {}".format(*nearest_street(index, *point, label)))
        again = metres.index[(matches["label"] == label) & (metres <= FAR_M)]
        if len(again):
            print(f"             another row of the file puts {label} {metres[again].min():.0f} m from the answer")
    radius = matches["precision"].map(RADIUS_M)
    line("  true position within geo_radius_m, among located", f"{100 * (metres <= radius)[located].mean():.1f} %")
    random, held = np.random.default_rng(SEED), []
    for _ in range(200):
        half = random.permutation(metres[located].to_numpy())
        held.append((half[len(half) // 2 :] <= np.quantile(half[: len(half) // 2], 0.9)).mean())
    line(
        "  the same with radii fitted on the other half, 200 draws",
        f"{100 * np.mean(held):.1f} ± {100 * np.std(held):.1f} %",
    )


def bench_tester(index: AddressIndex, peer: Path | None) -> None:
    """Measure the public geocoder tests about Paris."""
    table = pd.read_csv(DATA / "geocoder-tester" / "test_addresses.csv", dtype=str, keep_default_na=False)
    table = table[table["expected_postcode"].str.startswith("75") | (table["expected_city"] == "Paris")].reset_index(
        drop=True
    )
    asked = pd.DataFrame({"address": table["query"], "postcode": "", "city": "", "citycode": ""})
    asked["near_lon"], asked["near_lat"] = pd.to_numeric(table["lon"]), pd.to_numeric(table["lat"])
    parts = match(index, asked)["label"].str.extract(
        r"^(?P<housenumber>\d\w*) (?P<street>.*) (?P<postcode>\d{5}) (?P<city>.*)$"
    )
    passed = f"{100 * _passes(table, parts).mean():.1f} %"
    theirs = ""
    if peer:
        near = [
            {"lon": float(x), "lat": float(y)} if x else {} for x, y in zip(table["lon"], table["lat"], strict=True)
        ]
        questions = [{"q": text, **place} for text, place in zip(table["query"], near, strict=True)]
        found = pd.DataFrame(addok_peer.ask(peer, questions)[1]).rename(columns={"name": "street"}).fillna("")
        theirs = f"{100 * _passes(table, found).mean():.1f} %"
    line(f"{len(table)} tests of geocoder-tester about Paris", passed, theirs)


def _passes(table: pd.DataFrame, found: pd.DataFrame) -> pd.Series:
    passed = pd.Series(data=True, index=table.index)
    for name in ("housenumber", "street", "postcode", "city"):
        wanted = table[f"expected_{name}"]
        passed &= (wanted == "") | (
            wanted.str.lower() == found[name].fillna("").str.lower().str.replace(" ", "")
            if name == "housenumber"
            else (wanted == "") | (wanted == found[name])
        )
    return passed


def bench_speed(index: AddressIndex, ban: pd.DataFrame, peer: Path | None) -> None:
    """Time real and misspelt addresses, and measure what is found of spoilt ones."""
    real = lists()
    typos = perturb(ban, 20_000, SEED + 1, ("typo",))
    spoilt = perturb(ban, SPOILT, SEED)
    others = renumbered(real)
    sets = {
        f"{len(real):,} real addresses of Paris and Bondy a second": real,
        f"{len(others):,} with other house numbers a second": others,
        "misspelt BAN addresses a second": typos[typos["done"] == "typo"],
        f"{len(spoilt):,} spoilt BAN addresses a second": spoilt,
    }
    for name, table in sets.items():
        rate, cpu, matches = timed(index, table.reset_index(drop=True))
        theirs = ""
        if peer:
            sample = table.sample(PEER_ROWS, random_state=SEED)
            seconds, _, peer_cpu = addok_peer.ask(peer, texts(sample))
            theirs = f"{PEER_ROWS / seconds:.0f} ({PEER_ROWS / peer_cpu:.0f})"
        line(f"{name} (a CPU second)", f"{rate:,.0f} ({cpu:,.0f})", theirs)
    metres = off(matches, spoilt["lon"], spoilt["lat"])
    located = statuses(matches) == "located"
    right = matches["ban_id"].to_numpy() == spoilt["ban_id"].to_numpy()
    line("  the very house found", f"{100 * right.mean():.2f} %")
    line(
        "  located; wrong by more than 100 m among located",
        f"{100 * located.mean():.2f}; {100 * (metres[located] > NEAR_M).mean():.2f} %",
    )


def bench_missing_streets(ban: pd.DataFrame, folder: Path) -> None:
    """Measure what is said of addresses on streets that the index lacks: a fifth of them taken out."""
    street = ban["code_insee"] + "|" + ban["nom_voie"]
    gone = street.isin(street.drop_duplicates().sample(frac=0.2, random_state=SEED))
    ban[~gone].to_csv(folder / "adresses-less.csv", sep=";", index=False)
    index = load_index([folder / "adresses-less.csv"], folder)
    sample = ban[gone].sample(MISSING, random_state=SEED).reset_index(drop=True)
    house = sample["numero"] + sample["rep"] + " " + sample["nom_voie"]
    matches = match(index, queries(house, sample["code_postal"], sample["nom_commune"]))
    located = statuses(matches) == "located"
    wrong = off(matches, sample["lon"], sample["lat"])[located] > NEAR_M
    line(
        f"{MISSING:,} addresses on streets not in the index: located; wrong",
        f"{100 * located.mean():.2f}; {100 * wrong.sum() / MISSING:.2f} %",
    )


def main() -> None:
    """Print the table."""
    if not all(path.exists() for path in BAN):
        print(f"No {DATA}: nothing to measure.")
        return
    ban = pd.concat([pd.read_csv(path, sep=";", dtype=str, keep_default_na=False) for path in BAN], ignore_index=True)
    line("", "essgeo", "addok")
    with tempfile.TemporaryDirectory() as folder:
        index = bench_index(folder)
        lacking = addok_peer.missing()
        if lacking:
            print(f"addok is not measured: it needs {lacking}.")
            for bench in (bench_truth, bench_tester):
                bench(index, None)
            bench_speed(index, ban, None)
        else:
            with addok_peer.running(ban) as (peer, seconds):
                line("addok and Redis filled, s", "", f"{seconds:.1f}")
                for bench in (bench_truth, bench_tester):
                    bench(index, peer)
                bench_speed(index, ban, peer)
        bench_missing_streets(ban, Path(folder))
    line("peak memory of this process, MB", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


if __name__ == "__main__":
    main()
