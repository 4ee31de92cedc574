"""The map of a register beside the plain folium page of the same points: bytes, time to build, time until it answers.

Folium gets one ``Marker`` and one ``Popup`` a point, which says what the popup of our page says. Its page asks ten
files of four other sites: for the time in the browser they are taken from the npm registry, by ``npm pack``, into a
temporary folder, and the addresses in its page are replaced by these; the two style sheets that are not on npm are
left empty. Both pages are then opened from the disk, every other request refused: neither waits for a network.

A map answers when it has moved by 100 pixels and painted: from the start of the navigation, on the clock of the page.
``ESSGEO_BENCH_SIZES`` ("1000,10000") chooses other sizes.
"""

from __future__ import annotations

import gzip
import html
import os
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
from playwright.sync_api import TimeoutError, sync_playwright  # noqa: A004 - the one of Playwright

import essgeo
from essgeo.crs import GEOGRAPHIC
from essgeo.maps import build_embed, build_maps
from essgeo.schema.vocabulary import CHALLENGES, FAMILIES, GEO_STATUSES, ROLES, SECTORS, STAGES, STATUSES, split_codes

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

    from essgeo.results import Study
    from essgeo.schema.vocabulary import Labels

SIZES = tuple(map(int, os.environ.get("ESSGEO_BENCH_SIZES", "1000,10000,50000").split(",")))
SEED = 0
REPEATS = 3
PACKAGES = (
    "leaflet@1.9.3",
    "jquery@3.7.1",
    "bootstrap@5.2.2",
    "@fortawesome/fontawesome-free@6.2.0",
    "leaflet.awesome-markers",
)
LOCAL = {
    "leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet.css": "leaflet/dist/leaflet.css",
    "jquery-3.7.1.min.js": "jquery/dist/jquery.min.js",
    "bootstrap.bundle.min.js": "bootstrap/dist/js/bootstrap.bundle.min.js",
    "bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
    "all.min.css": "fontawesome-free/css/all.min.css",
    "leaflet.awesome-markers.js": "leaflet.awesome-markers/dist/leaflet.awesome-markers.js",
    "leaflet.awesome-markers.css": "leaflet.awesome-markers/dist/leaflet.awesome-markers.css",
}
LIMIT_S = 200
WATCH = """(function () {
    function look() {
        const name = Object.keys(window).find((key) => /^map_[0-9a-f]{32}$/.test(key));
        const map = name
            ? document.readyState === "complete" && window[name]
            : document.documentElement.dataset.ready && window.essgeo.map;
        if (!map) {
            setTimeout(look, 2);
            return;
        }
        map.once("moveend", () =>
            requestAnimationFrame(() =>
                setTimeout(() => (document.documentElement.dataset.answered = performance.now()))
            )
        );
        map.panBy([100, 0], { animate: false });
    }
    document.addEventListener("DOMContentLoaded", () => setTimeout(look));
})();"""


class Weight(NamedTuple):
    """Bytes of the page with its data, the same gzipped, and both with scripts and styles."""

    bytes: int
    gzipped: int
    whole: int
    whole_gzipped: int


def register(study: Study, count: int) -> gpd.GeoDataFrame:
    """Return a register of that many located structures, with names and addresses made of those of the study."""
    chance = np.random.default_rng(SEED)
    rows = study.structures.iloc[chance.integers(0, len(study.structures), count)]
    west, south, east, north = study.communes.total_bounds
    points = gpd.points_from_xy(chance.uniform(west, east, count), chance.uniform(south, north, count))
    index = pd.Index([f"s{number}" for number in range(count)], name="structure_id")
    numbers = chance.integers(1, 200, count).astype(str)
    texts = {
        "name": [f"{name} {number}" for number, name in enumerate(rows["name"])],
        "address": [f"{number} {address}" for number, address in zip(numbers, rows["address"], strict=True)],
    }
    table = pd.DataFrame(rows).reset_index(drop=True).set_axis(index).assign(**texts, geo_status="located")
    table = table.assign(geo_radius_m=chance.choice([8.0, 15.0, 60.0, 400.0], count), aliases="", source="", note="")
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(points, index=index, crs=rows.crs), crs=rows.crs)


def points_alone(study: Study, structures: gpd.GeoDataFrame) -> Study:
    """Return a study of these structures and no other layer, no base either, so that both pages show the same."""
    layers = ("iris", "qpv", "npnru", "neighbourhoods", "stations", "sites", "iris_coverage")
    named = ("cooperations", "support_offers", "city_contract")
    none = {name: getattr(study, name).iloc[:0] for name in (*layers, *named)}
    structures = structures.assign(qpv="", qpv_name="", qpv_vintage="")
    return replace(study, structures=structures, communes=study.communes.iloc[:1], base=(), **none)


def plain_folium(structures: gpd.GeoDataFrame, out: Path) -> Path:
    """Write the plain folium page: one marker a point, and one popup that says what ours says."""
    places = structures.geometry.to_crs(GEOGRAPHIC)
    page = folium.Map(location=[places.y.mean(), places.x.mean()], zoom_start=13)
    for row, x, y in zip(structures.drop(columns="geometry").to_dict("records"), places.x, places.y, strict=True):
        facts = {
            "Adresse": f"{row['address']}, {row['postcode']} {row['city']}",
            "Secteur": _labels(row["sectors"], SECTORS),
            "Défi": _labels(row["challenges"], CHALLENGES),
            "Famille": FAMILIES[row["family"]]["fr"],
            "Rôle": _labels(row["roles"], ROLES),
            "Étape": _labels(row["support_stages"], STAGES),
            "Activité": " ".join([STATUSES[row["status"]]["fr"], row["active_from"], row["active_to"], row["as_of"]]),
            "Position": f"{GEO_STATUSES[row['geo_status']]['fr']}, à {row['geo_radius_m']:.0f} m près",
        }
        lines = [f"{label} : {html.escape(value)}" for label, value in facts.items() if value]
        text = "<br>".join([f"<b>{html.escape(row['name'])}</b>", *lines])
        folium.Marker([y, x], popup=folium.Popup(text, max_width=300)).add_to(page)
    page.save(str(out))
    return out


def _labels(codes: str, vocabulary: Labels) -> str:
    return ", ".join(vocabulary[code]["fr"] for code in split_codes(codes))


def timed(build: Callable[[], object]) -> float:
    """Return the seconds of CPU that a call takes: what else the machine does is left out."""
    start = time.process_time()
    build()
    return time.process_time() - start


def weigh(pages: list[Path], libraries: list[Path]) -> Weight:
    """Return the bytes of a page and of what it needs."""
    raw, packed = ([sum(map(size, files)) for files in (pages, libraries)] for size in (_size, _gzipped))
    return Weight(raw[0], packed[0], sum(raw), sum(packed))


def local_copy(page: Path, libraries: Path) -> Path:
    """Write a folium page beside itself whose files are taken from a folder, and return it."""
    text = page.read_text(encoding="utf-8")
    for address in re.findall(r'(?:src|href)="(https?://[^"]+\.(?:js|css))"', text):
        found = LOCAL.get(address.rsplit("/", 1)[1])
        text = text.replace(address, (libraries / found).as_uri() if found else "data:,")
    copy = page.with_name("local.html")
    copy.write_text(text, encoding="utf-8")
    return copy


def fetch_libraries(folder: Path) -> Path:
    """Take the packages that a folium page needs from the npm registry, and return the folder they lie in."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed: the files a folium page asks of other sites are taken from its registry.")
    subprocess.run([npm, "pack", "--silent", *PACKAGES], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    for archive in folder.glob("*.tgz"):
        name = re.sub(r"^fortawesome-|-\d[\d.]*\.tgz$", "", archive.name)
        with tarfile.open(archive) as opened:
            opened.extractall(folder / "unpacked", filter="data")
        (folder / "unpacked" / "package").rename(folder / name)
    return folder


def answers(browser: Browser, page: Path) -> float:
    """Return the seconds until a map has moved and painted, or the limit where it has not by then."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.add_init_script(WATCH)
    opened.route(re.compile("^https?:"), lambda route: route.abort())
    try:
        opened.goto(page.as_uri(), timeout=1000 * LIMIT_S)
        answered = opened.wait_for_selector("html[data-answered]", state="attached", timeout=1000 * LIMIT_S)
        milliseconds = answered.get_attribute("data-answered") if answered else None
    except TimeoutError:
        milliseconds = None
    context.close()
    return float(milliseconds) / 1000 if milliseconds else LIMIT_S


def _size(path: Path) -> int:
    return path.stat().st_size


def _gzipped(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


def _line(what: str, plain: float, ours: float, asked: float, unit: str) -> str:
    ratio = ours / plain
    return f"  {what:<34} {plain:>9.2f} {ours:>9.2f} {unit:<3} {ratio:>7.1%}  {'yes' if ratio <= asked else 'NO'}"


def compare(study: Study, count: int, libraries: Path, browser: Browser, folder: Path) -> None:
    """Print what both pages of that many points weigh and take."""
    structures = register(study, count)
    alone = points_alone(study, structures)
    plain, ours = folder / f"folium-{count}.html", folder / f"essgeo-{count}"
    seconds = timed(lambda: plain_folium(structures, plain)), timed(lambda: build_embed(alone, ours))
    data = [ours / "embed.html", *(path for path in ours.glob("assets/*.js") if _is_data(path))]
    code = [path for path in ours.glob("assets/*") if path.suffix == ".css" or not _is_data(path)]
    code = [path for path in code if path.name not in {"compare.js", "share.js", "siting.css"}]
    weights = weigh([plain], [libraries / name for name in LOCAL.values()]), weigh(data, code)
    copy, runs = local_copy(plain, libraries), REPEATS if count == SIZES[0] else 1
    reply = (
        statistics.median(answers(browser, copy) for _ in range(runs)),
        statistics.median(answers(browser, ours / "embed.html") for _ in range(REPEATS)),
    )
    everything = timed(lambda: build_maps(replace(study, structures=structures), folder / f"all-{count}"))
    alone_in_one = single_file(study, structures, folder / f"one-{count}")
    first = [path for path in (ours / "embed.html", *code, *data) if not path.name.startswith("texts")]
    print(f"{count:,} points                         folium    essgeo      ratio  asked")
    print(_line("page and data, a tenth", weights[0].bytes / 1e6, weights[1].bytes / 1e6, 0.1, "MB"))
    print(_line("the same gzipped, a fifth", weights[0].gzipped / 1e6, weights[1].gzipped / 1e6, 0.2, "MB"))
    print(_line("with scripts and styles", weights[0].whole / 1e6, weights[1].whole / 1e6, 0.1, "MB"))
    print(_line("the same gzipped", weights[0].whole_gzipped / 1e6, weights[1].whole_gzipped / 1e6, 0.2, "MB"))
    print(_line("CPU to build, a tenth", seconds[0], seconds[1], 0.1, "s"))
    print(_line("until the map answers, a tenth", reply[0], reply[1], 0.1, "s"))
    if reply[0] >= LIMIT_S:
        print(f"  folium had not answered after {LIMIT_S} s: the ratio is at most that")
    print(f"  before a name is asked for, this map weighs {sum(map(_gzipped, set(first))) / 1e3:.0f} kB gzipped in all")
    print(f"  every page of Est Ensemble in one file: {alone_in_one}")
    print(f"  every page of Est Ensemble with this register: {everything:.2f} s; {_heaviest(folder / f'all-{count}')}")


def single_file(study: Study, structures: gpd.GeoDataFrame, folder: Path) -> str:
    """Return what all pages of a study weigh in one file, with a register."""
    (page,) = build_maps(replace(study, structures=structures), folder, single_file=True)
    return f"{_size(page) / 1e6:.2f} MB, {_gzipped(page) / 1e6:.2f} gzipped"


def _is_data(path: Path) -> bool:
    return path.name in {"layers.js", "register.js"} or path.name.startswith("texts-")


def _heaviest(folder: Path) -> str:
    names = (
        "layers.js",
        "register.js",
        "ground.js",
        "essgeo.js",
        "tables.js",
        "share.js",
        "leaflet.js",
        "leaflet.css",
        "essgeo.css",
    )
    shared = sum(_gzipped(folder / "assets" / name) for name in names)
    pages = {path.name: _gzipped(path) + shared * ("map-data" in path.read_text()) for path in folder.glob("*.html")}
    name = max(pages, key=lambda page: pages[page])
    return f"heaviest page {name}, {pages[name] / 1e3:.0f} kB gzipped with all it loads by itself"


def main() -> None:
    """Print the comparison for each size."""
    study = essgeo.run_study("est-ensemble", out=None)
    study = replace(study, cooperations=study.cooperations.iloc[:0])  # between structures of another register
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        libraries = folder / "npm"
        libraries.mkdir()
        fetch_libraries(libraries)
        warm = register(study, 10)
        plain_folium(warm, folder / "warm.html")
        build_embed(points_alone(study, warm), folder / "warm")
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for count in SIZES:
            compare(study, count, libraries, browser, folder)
        browser.close()


if __name__ == "__main__":
    main()
