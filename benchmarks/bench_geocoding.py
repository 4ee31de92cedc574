"""Measure what the command line writes of addresses given without coordinates, beside addok in the same run.

Run from anywhere: ``ADDOK_PYTHON=/path/to/python python benchmarks/bench_geocoding.py`` (:mod:`addok_peer` says what it
needs); ``--no-peer`` without addok, ``--quick`` on a tenth of the made rows, ``--page FILE`` to write the figures of
``benchmarks/README.md``. Right is: ``located``, and within 100 m of the truth.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import addok_peer
import geopandas as gpd
import numpy as np
import pandas as pd
from bench_overlay import QPV, read_zones
from perturb import misspell, perturb

from essgeo.files.recognise import recognise
from essgeo.geocoding.ban import load_index
from essgeo.geocoding.index import distance_m
from essgeo.geocoding.match import match
from essgeo.geocoding.verdict import STREETS
from essgeo.zoning import locate_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from essgeo.geocoding.index import AddressIndex

DATA = Path(__file__).resolve().parents[2] / "shared" / "real-data"
BAN = [DATA / "ban" / "adresses-75.csv.gz", DATA / "ban" / "adresses-93010.csv.gz"]
SPOILT, MISSING, PEER_ROWS, SEED = 100_000, 10_000, 400, 20240101
TIMED_ROWS, TYPED, FRANCE = 20_000, 6_000, 26_000_000
NEAR_M, FAR_M, TOP_SCORE = 100.0, 1000.0, 0.95
ZONE_BANDS = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
MOVES, MOVED_M = 60, 4000.0
NUMBER = r"^\s*\d+\s*(?:bis|ter|quater|[A-Da-d]\b)?[\s,]*"
OF_BAN = "covid_test_site"
"""A kind of truth whose points are those of BAN, most of them to the metre: they say nothing of how far doors lie."""
PUBLIC = "mairie|biblioth|diath|école|centre|maison|espace|ccas|mission|france services|point"
"""Words of the names of public buildings."""
MARKS = ("<!-- figures -->", "<!-- end -->")
MEASURE_MEMORY = """
import sys, time
import pandas as pd
from pathlib import Path
from essgeo.geocoding.ban import load_index
from essgeo.geocoding.match import match
start = time.perf_counter()
index = load_index(sys.argv[2:], sys.argv[1])
index.communes, [index.department(position) for position in range(len(index.folders))]
seconds = time.perf_counter() - start
match(index, pd.DataFrame({"address": ["3 r de rivolli"], "postcode": "", "city": "Paris", "citycode": ""}))
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(seconds, int(peak.split()[1]) / 1024)
"""


FIGURES: list[tuple[str, str, str]] = []
"""The rows of the table, as they come."""


def line(figure: str, essgeo: str, peer: str = "") -> None:
    """Print a row of the table."""
    FIGURES.append((figure, essgeo, peer))
    print(f"{figure:<66} {essgeo:>22} {peer:>18}", flush=True)


def write_page(page: Path) -> None:
    """Write the table into a page, between its two marks."""
    rows = [f"| {figure.strip()} | {essgeo} | {peer} |" for figure, essgeo, peer in FIGURES if figure]
    table = "\n".join(["| figure | essgeo | addok |", "|---|---|---|", *rows])
    text = page.read_text(encoding="utf-8")
    head, tail = text.partition(MARKS[0])[0], text.partition(MARKS[1])[2]
    page.write_text(f"{head}{MARKS[0]}\n{table}\n{MARKS[1]}{tail}", encoding="utf-8")


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


def read_ban_files() -> pd.DataFrame:
    """Return the addresses of the files that have a number, as text."""
    files = [pd.read_csv(path, sep=";", dtype=str, keep_default_na=False) for path in BAN]
    return pd.concat(files, ignore_index=True).query("numero != '99999'")


def taken_out(ban: pd.DataFrame, folder: str, seed: int) -> tuple[AddressIndex, pd.DataFrame]:
    """Return an index that lacks a fifth of the streets, and the addresses on those.

    What BAN names by a number (28P1 Rue A) is a part of a street that is there, and is left.
    """
    street = ban["code_insee"] + "|" + ban["nom_voie"]
    gone = street.isin(street.drop_duplicates().sample(frac=0.2, random_state=seed)) & ~ban["nom_voie"].str.match(
        r"\d+\w+ "
    )
    path = Path(folder) / f"adresses-less-{seed}.csv"
    ban[~gone].to_csv(path, sep=";", index=False)
    return load_index([path], folder), ban[gone]


def real_addresses() -> pd.DataFrame:
    """Return the rows of the truth file in Paris and Bondy."""
    truth = pd.read_csv(DATA / "truth" / "dev_ile_de_france.csv", dtype=str, keep_default_na=False)
    return truth[truth["commune"].str.lower().str.contains(r"^paris\b|^bondy$")].reset_index(drop=True)


def truth_rows() -> pd.DataFrame:
    """Return the rows of both truth files in Paris and Bondy; ``fuel``: known to 100 m only, to calibrate nothing."""
    names = {"adresse": "address", "code_postal": "postcode", "commune": "city", "true_x": "lon", "true_y": "lat"}
    first = pd.read_csv(DATA / "truth" / "dev_paris_bondy.csv", dtype=str, keep_default_na=False)
    first, second = first.rename(columns=names), real_addresses().rename(columns=names)
    kept = ["address", "postcode", "city", "lon", "lat", "kind", "file"]
    rows = pd.concat(
        [
            first.assign(file="dev_paris_bondy")[kept],
            second.assign(kind=second["categorie"], file="dev_ile_de_france")[kept],
        ],
        ignore_index=True,
    )
    return rows.assign(fuel=rows["kind"] == "station-service")


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


def geocoded(table: pd.DataFrame, folder: str, ban: Sequence[Path] = BAN) -> pd.DataFrame:
    """Return what ``essgeo geocode`` writes of addresses: ``geo_status``, ``longitude`` ..., in the order of the table.

    Raises
    ------
    SystemExit
        A column would be taken as a position.
    """
    asked = table[["address", "postcode", "city"]].set_axis(["adresse", "code_postal", "commune"], axis=1)
    if {"lon", "lat", "point"} & {*recognise(asked, source="bench").fields}:
        sys.exit("The coordinates of a file would be taken: nothing would be measured.")
    given, written = Path(folder) / "asked.csv", Path(folder) / "found.csv"
    asked.to_csv(given, index=False)
    command = [sys.executable, "-m", "essgeo", "geocode", str(given), "-o", str(written), "--ignore-coordinates"]
    command += [word for path in ban for word in ("--ban", str(path))]
    subprocess.run(command, check=True, capture_output=True)
    found = pd.read_csv(written, sep=None, engine="python", dtype=str, keep_default_na=False)
    numbers = ["geo_score", "geo_radius_m", "longitude", "latitude"]
    return found.assign(**{name: pd.to_numeric(found[name].str.replace(",", ".")) for name in numbers if name in found})


def judged(found: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return ``located``, ``off_m`` and ``right`` of each row."""
    matches = found.rename(columns={"longitude": "lon", "latitude": "lat"})
    metres = off(matches, truth["lon"].reset_index(drop=True), truth["lat"].reset_index(drop=True))
    located = found["geo_status"] == "located"
    return found.assign(located=located, off_m=metres, right=located & (metres <= NEAR_M))


def shares(seen: pd.DataFrame) -> str:
    """Return right of all; over 1 km of all; beyond 100 m of located."""
    beyond = (seen.loc[seen["located"], "off_m"] > NEAR_M).mean()
    far = (seen["located"] & (seen["off_m"] > FAR_M)).mean()
    return f"{100 * seen['right'].mean():.1f}; {100 * far:.1f}; {100 * beyond:.1f} %"


def peers(peer: Path | None, table: pd.DataFrame) -> str:
    """Return the same of addok, which answers every row."""
    if not peer:
        return ""
    found = pd.DataFrame(addok_peer.ask(peer, texts(table))[1], columns=["lon", "lat"]).astype(float)
    metres = off(found, table["lon"].reset_index(drop=True), table["lat"].reset_index(drop=True))
    located = found["lon"].notna()
    return shares(pd.DataFrame({"located": located, "off_m": metres, "right": located & (metres <= NEAR_M)}))


def bench_truth(folder: str, peer: Path | None) -> None:
    """Measure positions and radii on the real addresses whose position is known."""
    truth = truth_rows()
    seen = judged(geocoded(truth, folder), truth).join(truth[["kind", "file", "fuel"]])
    line("real addresses: right; over 1 km; beyond 100 m of located", "", "")
    for name, rows in {
        "dev_paris_bondy": seen["file"] == "dev_paris_bondy",
        "dev_ile_de_france, health and colleges": (seen["file"] == "dev_ile_de_france") & ~seen["fuel"],
        "fuel stations, known to 100 m": seen["fuel"],
    }.items():
        line(f"  {name}, {rows.sum()} rows", shares(seen[rows]), peers(peer, truth[rows]))
        houses = seen[rows & seen["located"] & (seen["geo_precision"] == "housenumber")]
        held = (houses["off_m"] <= houses["geo_radius_m"]).mean()
        line("    radius of houses: held; median", f"{100 * held:.1f} %; {houses['geo_radius_m'].median():.0f} m")
    streets = seen[seen["located"] & seen["geo_precision"].isin(STREETS) & ~seen["fuel"]]
    held = (streets["off_m"] <= streets["geo_radius_m"]).sum()
    line("  streets without number: held", f"{held} of {len(streets)}")
    in_zones(seen[seen["located"] & ~seen["fuel"]], truth, "")
    bare = truth.assign(address=truth["address"].str.replace(NUMBER, "", regex=True))
    streets = judged(geocoded(bare, folder), bare)
    streets = streets[streets["located"] & (streets["geo_precision"] == "street") & ~truth["fuel"]]
    in_zones(streets, truth, "number left out, ")
    top = seen[seen["located"] & ~seen["fuel"] & (seen["geo_score"] >= TOP_SCORE)]
    said, right = top["geo_score"].mean(), (top["off_m"] <= NEAR_M).mean()
    line(f"  geo_score from {TOP_SCORE}, {len(top)} rows: said; seen", f"{100 * said:.1f}; {100 * right:.1f} %")


def in_zones(found: pd.DataFrame, truth: pd.DataFrame, what: str) -> None:
    """Measure how often a structure is in a zone where it is said to be with some probability.

    Few structures are near the limit of a QPV: those of 2015 are moved at random over all of them.
    """
    zones = read_zones(QPV)
    points, true = (
        gpd.GeoSeries(gpd.points_from_xy(table[lon], table[lat]), index=found.index, crs="EPSG:4326").to_crs(zones.crs)
        for table, lon, lat in (
            (found, "longitude", "latitude"),
            (truth.loc[found.index].astype({"lon": float, "lat": float}), "lon", "lat"),
        )
    )
    near = gpd.GeoDataFrame(found[["geo_radius_m", "geo_precision"]], geometry=points).rename_axis("row")
    west, south, east, north = points.total_bounds
    zones = zones.cx[west - MOVED_M : east + MOVED_M, south - MOVED_M : north + MOVED_M]
    random, parts = np.random.default_rng(SEED), []
    for move in random.uniform(-MOVED_M, MOVED_M, (MOVES, 2)).tolist():
        moved = zones.set_geometry(zones.translate(*move))
        pairs = locate_in(near, moved).query("probability > 0")
        there = moved.geometry.loc[pairs["zone_id"]].set_axis(pairs.index)
        parts.append(pairs.assign(is_in=there.contains(true.loc[pairs["row"]].set_axis(pairs.index))))
    pairs = pd.concat(parts)
    for band, part in pairs.groupby(pd.cut(pairs["probability"], ZONE_BANDS), observed=True):
        said, seen = 100 * part["probability"].mean(), 100 * part["is_in"].mean()
        line(
            f"  p in a QPV, {what}moved at random, {band.left:.1f} to {band.right:.1f}, {len(part)} rows: said; seen",
            f"{said:.0f}; {seen:.0f} %",
        )


def bench_names(folder: str) -> None:
    """Measure public buildings of the lists of structures by their name and commune alone."""
    parts = [
        pd.read_csv(DATA / "structures" / f"{name}.csv", dtype=str, keep_default_na=False)
        for name in ("data_inclusion_mednum_2023-02", "lieux_cnfs_2022-12")
    ]
    rows = pd.concat(parts)[["nom", "code_postal", "commune", "longitude", "latitude"]].drop_duplicates("nom")
    here = rows["code_postal"].str.startswith("75") | (rows["code_postal"] == "93140")
    rows = rows[here & rows["nom"].str.contains(PUBLIC, case=False) & (rows["longitude"] != "")].reset_index(drop=True)
    rows = rows.rename(columns={"nom": "address", "code_postal": "postcode", "commune": "city"})
    rows = rows.astype({"longitude": float, "latitude": float}).rename(columns={"longitude": "lon", "latitude": "lat"})
    seen = judged(geocoded(rows, folder), rows)
    elsewhere = seen["located"] & (seen["off_m"] > NEAR_M)
    line(
        f"{len(rows)} public buildings by their name: located; elsewhere",
        f"{100 * seen['located'].mean():.1f}; {100 * elsewhere.mean():.1f} %",
    )


def bench_elsewhere(folder: str) -> None:
    """Measure what is said of communes that the index does not cover, and of names of places."""
    table = pd.read_csv(DATA / "truth" / "departements_sans_ban.csv", dtype=str, keep_default_na=False)
    table = table[table["city"].str.lower() != "bondy"]
    line(
        f"{len(table)} rows of other departments: located",
        f"{(geocoded(table, folder)['geo_status'] == 'located').sum()}",
    )
    places = place_names()
    line(
        f"{len(places)} names of places as addresses: located",
        f"{(geocoded(places, folder)['geo_status'] == 'located').sum()}",
    )


def place_names() -> pd.DataFrame:
    """Return names of places that streets of Paris are called after, typed as addresses."""
    names = read_ban_files().query("code_insee != '93010'")["nom_voie"].drop_duplicates()
    parts = names.str.extract(
        r"^(?:Rue|Place|Avenue|Boulevard|Passage|Square) (du|de la|des|de l')\s?([A-Z][a-zé]+s?)$"
    ).dropna()
    drawn = parts.drop_duplicates(1).sample(100, random_state=SEED)
    article = drawn[0].map({"du": "Le ", "de la": "La ", "des": "Les ", "de l'": "L'"}) + drawn[1]
    kinds = np.resize(["", "Parc ", "Gare ", "Hôpital ", "Marché "], len(drawn))
    typed = [f"{kind}{name}" for kind, name in zip(kinds, article, strict=True)]
    return pd.DataFrame({"address": typed, "postcode": "", "city": "Paris"})


def bench_tester(folder: str, peer: Path | None) -> None:
    """Measure the public geocoder tests about Paris: located, with the label that they expect."""
    table = pd.read_csv(DATA / "geocoder-tester" / "test_addresses.csv", dtype=str, keep_default_na=False)
    table = table[table["expected_postcode"].str.startswith("75") | (table["expected_city"] == "Paris")]
    table = table.reset_index(drop=True)
    theirs = ""
    if peer:
        found = pd.DataFrame(addok_peer.ask(peer, [{"q": text} for text in table["query"]])[1])
        theirs = f"{100 * _passes(table, found.rename(columns={'name': 'street'}).fillna('')).mean():.1f} %"
    for name, city in (("query only, BAN of Paris alone", ""), ("Paris in a column", "Paris")):
        asked = pd.DataFrame({"address": table["query"], "postcode": "", "city": city})
        found = geocoded(asked, folder, BAN[:1])
        parts = found["geo_label"].str.extract(
            r"^(?P<housenumber>\d\w*) (?P<street>.*) (?P<postcode>\d{5}) (?P<city>.*)$"
        )
        passed = _passes(table, parts) & (found["geo_status"] == "located")
        line(f"{len(table)} tests of geocoder-tester, {name}: right", f"{100 * passed.mean():.1f} %", theirs)


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


def bench_misspelt(ban: pd.DataFrame, folder: str, peer: Path | None, size: int) -> None:
    """Measure hard misspellings."""
    table = misspell(ban, size, SEED + 100)
    seen = judged(geocoded(table, folder), table)
    sample = table.sample(PEER_ROWS, random_state=SEED)
    line(f"{len(table):,} hard misspellings: right; over 1 km; beyond 100 m", shares(seen), peers(peer, sample))


def bench_speed(ban: pd.DataFrame, index: AddressIndex, peer: Path | None) -> None:
    """Time real addresses, those alone that are in the index to the letter, and more than there are real ones."""
    real = lists()
    exact = real[(match(index, real)["score"] > TOP_SCORE).to_numpy()]
    typed = perturb(ban, TYPED, SEED, ("case", "accents", "abbreviation"))[list(real.columns)]
    for name, table in (
        (f"{len(real):,} real addresses a CPU second", real),
        ("500 of them", real.sample(500, random_state=SEED)),
        (f"{len(exact):,} exact ones", exact),
        (f"{len(typed):,} of BAN, their case, accents and abbreviations changed", typed),
    ):
        cpu = timed(index, table.reset_index(drop=True))[1]
        if peer:
            sample = table.sample(min(PEER_ROWS, len(table)), random_state=SEED)
            theirs = len(sample) / addok_peer.ask(peer, texts(sample))[2]
            line(name, f"{cpu:,.0f}, {cpu / theirs:.0f} times", f"{theirs:.0f}")
        else:
            line(name, f"{cpu:,.0f}")


def bench_missing_streets(ban: pd.DataFrame, folder: str, size: int) -> None:
    """Measure what is said of addresses on streets that the index lacks: a fifth of them taken out."""
    _, gone = taken_out(ban, folder, SEED)
    rows = gone.sample(size, random_state=SEED)
    table = queries(rows["numero"] + rows["rep"] + " " + rows["nom_voie"], rows["code_postal"], rows["nom_commune"])
    seen = judged(geocoded(table, folder, [Path(folder) / f"adresses-less-{SEED}.csv"]), rows)
    far = (seen["located"] & (seen["off_m"] > FAR_M)).mean()
    line(
        f"{size:,} addresses on missing streets: located; over 1 km",
        f"{100 * seen['located'].mean():.1f}; {100 * far:.1f} %",
    )


def main() -> None:
    """Print the table."""
    if not all(path.exists() for path in BAN):
        print(f"No {DATA}: nothing to measure.")
        return
    parser = argparse.ArgumentParser()
    for word in ("--no-peer", "--quick"):
        parser.add_argument(word, action="store_true")
    parser.add_argument("--page", type=Path)
    given = parser.parse_args()
    ban, share = read_ban_files(), 10 if given.quick else 1
    line("", "essgeo", "addok")
    lacking = "" if given.no_peer else addok_peer.missing()
    if lacking:
        print(f"addok is not measured: it needs {lacking}.")
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        peer = stack.enter_context(addok_peer.running(ban))[0] if not given.no_peer and not lacking else None
        bench_truth(folder, peer)
        bench_tester(folder, peer)
        bench_elsewhere(folder)
        bench_names(folder)
        bench_misspelt(ban, folder, peer, SPOILT // share)
        bench_missing_streets(ban, folder, MISSING // share)
        bench_speed(ban, bench_index(folder), peer)
    line("peak memory of this process, MB", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")
    if given.page:
        write_page(given.page)


if __name__ == "__main__":
    main()
