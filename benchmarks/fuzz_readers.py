"""Feed the readers what a coverage-guided fuzzer makes up, and keep what raises, hangs or fills the memory.

    python -m venv --system-site-packages fuzz && fuzz/bin/pip install atheris
    PYTHONPATH=. fuzz/bin/python benchmarks/fuzz_readers.py csv found -max_total_time=300

Anything but an error of essgeo, ten seconds, or 500 MB more is a fault: its input stays in ``found``, one for each
place in the code. Targets are the keys of ``TARGETS``.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

with atheris.instrument_imports(include=["essgeo"]):
    import geopandas as gpd
    import pandas as pd
    import shapely

    from essgeo.access.network import read_ways
    from essgeo.errors import EssgeoError
    from essgeo.files.addresses import address_columns, addresses_of, with_results
    from essgeo.files.perimeters import read_renewal, read_zones
    from essgeo.files.premises import read_premises
    from essgeo.files.structures import read_structures
    from essgeo.files.tables import read_table
    from essgeo.files.write import write_file
    from essgeo.geocoding import Local, geocode, read_corrections
    from essgeo.geocoding.ban import COLUMNS, build_department, read_ban
    from essgeo.official.catalogue import _read as read_sources
    from essgeo.territory import load_territory

if TYPE_CHECKING:
    from collections.abc import Callable

SLOW_S, LARGE_KB = 10, 500_000

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))

LIST = (
    "Nom;Adresse;CP Ville;Secteur;SIRET;Date d'ouverture;Lon;Lat;geo_point_2d;Statut;Diffusion\n"
    "Le Fournil;12 bis rue A;93140 Bondy;Alimentation;12345678900011;01/02/2024;2,48;48.9;48.9, 2.48;Ouvert;P\n"
    "Café;;93100;;;2024-13;650000;6860000;;fermé;O\n"
)  # fmt: skip

PLACES = gpd.GeoDataFrame(
    {"nom": ["A", "é"], "adresse": ["1 rue A", ""], "code_qp": ["QN09301M", "QN09302M"], "lib_qp": ["a", "b"]},
    geometry=[shapely.box(2.4, 48.8, 2.5, 48.9), shapely.Point(2.4, 48.9)],
    crs=4326,
)

TERRITORY = b"""id = "x"
name = "X"
name_in = "a X"
crs = "EPSG:2154"
vintage = "2024"
communes = ["93010"]
[[layers]]
layer = "sites"
vintage = "2024"
file = "sites.csv"
title = "t"
publisher = "p"
licence = "l"
"""

SOURCES = b"""[iris]
vintage = "2025"
locate.url = "https://a.fr/2025.csv"
locate.name = "a.csv"
max_megabytes = 3
[ess_france.columns]
name = ["Nom"]
"""

WAYS = {
    "osm3s": {"timestamp_osm_base": "2024-01-01T00:00:00Z"},
    "elements": [
        {"type": "node", "id": 1, "lon": 2.4, "lat": 48.9},
        {"type": "way", "id": 2, "nodes": [1, 1], "tags": {"highway": "footway"}},
        {"type": "way", "id": 3, "tags": {"highway": "steps"}, "geometry": [{"lon": 2.4, "lat": 48.9}] * 2},
    ],
}  # fmt: skip

SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:B9"/><sheetData>'
    '<row r="1"><c r="A1" t="inlineStr"><is><t>Nom</t></is></c><c r="B1" t="s"><v>0</v></c></row>'
    '<row r="2"><c r="A2" t="str"><f>A1</f><v>A</v></c><c r="B2" s="1"><v>45000.5</v></c></row>'
    '<row r="4"><c r="B4" t="b"><v>1</v></c><c r="C4" t="e"><v>#N/A</v></c></row></sheetData>'
    '<mergeCells count="1"><mergeCell ref="A2:A4"/></mergeCells></worksheet>'
)


def written(suffix: str) -> bytes:
    """Return the places as a file."""
    path = FOLDER / f"seed{suffix}"
    points = PLACES.set_geometry(PLACES.centroid) if suffix != ".geojson" else PLACES
    if suffix == ".shp":
        points.to_file(path)
    else:
        write_file(points, path)
    return path.read_bytes()


def of_file(suffix: str, *readers: Callable[[Path], object]) -> Callable[[bytes], None]:
    """Return what writes bytes to a file and reads it in each way."""

    def run(data: bytes) -> None:
        path = FOLDER / f"mine{suffix}"
        path.write_bytes(data)
        for read in readers:
            with contextlib.suppress(EssgeoError):
                read(path)

    return run


def in_book(data: bytes) -> None:
    """Read bytes as the only sheet of a workbook."""
    path = FOLDER / "mine.xlsx"
    with zipfile.ZipFile(io.BytesIO(BOOK)) as seed, zipfile.ZipFile(path, "w") as out:
        for name in seed.namelist():
            out.writestr(name, data if name.endswith("sheet1.xml") else seed.read(name))
    with contextlib.suppress(EssgeoError):
        read_structures(path)


def in_shapefile(data: bytes) -> None:
    """Read bytes as the three files of a Shapefile, one after the other behind their lengths."""
    path = FOLDER / "mine.shp"
    for suffix in (".shp", ".shx", ".dbf"):
        size = int.from_bytes(data[:2], "little")
        path.with_suffix(suffix).write_bytes(data[2 : 2 + size])
        data = data[2 + size :]
    with contextlib.suppress(EssgeoError):
        read_structures(path)


def shapefile() -> bytes:
    """Return the three files of a Shapefile, one after the other behind their lengths."""
    written(".shp")
    parts = [(FOLDER / f"seed{suffix}").read_bytes() for suffix in (".shp", ".shx", ".dbf")]
    return b"".join(len(part).to_bytes(2, "little") + part for part in parts)


def as_territory(path: Path) -> object:
    """Read a territory and ask it what a study asks."""
    (path.parent / "territory.toml").write_bytes(path.read_bytes())
    found = load_territory(path.parent)
    return found.place("fr"), [found.file(one.layer, one.vintage) for one in found.files]


def geocoded(path: Path) -> object:
    """Do what the command ``geocode`` does, and write it."""
    table = read_table(path, as_is=True)
    found = geocode(addresses_of(table, address_columns(table, source="x"), source="x"), using=ENGINE)
    results = with_results(table, found)
    for suffix in (".csv", ".gpkg"):
        write_file(results, FOLDER / f"out{suffix}")
    return results


def addresses(data: bytes) -> None:
    """Look up a line as an address."""
    parts = (data.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode() + "\n\n").split("\n")
    geocode(pd.DataFrame({"address": [parts[0]], "postcode": [parts[1]], "city": [parts[2]]}), using=ENGINE)


BOOK = written(".xlsx")

ENGINE = Local.of(
    pd.DataFrame({"address": ["12 Rue de la République", "3 Place Carnot"], "postcode": "93140", "city": "Bondy",
                  "citycode": "93010", "lon": [2.48, 2.49], "lat": [48.9, 48.91]})
)  # fmt: skip

BAN = f"""{";".join(COLUMNS)}
93010_1_1;1;bis;Rue A;93140;93010;Bondy;;2.48;48.9;entrée
93010_1_2;2;;Rue A;93140;93010;Bondy;;2.48;48.9;
"""

CORRECTIONS = b"structure_id,address,city,lon,lat,choice,candidate_longitude\na,1 rue A,Bondy,2.4,48.9,1,2.4\n"

RECORDS = b'{"results": [{"nom": "A", "adresse": "1 rue A", "x": [1]}]}'


def zones(path: Path) -> object:
    """Read perimeters as QPV."""
    return read_zones(path, crs="EPSG:2154", vintage="2024")


def premises(path: Path) -> object:
    """Read a list as premises."""
    return read_premises(path, crs="EPSG:2154")


TARGETS: dict[str, tuple[Callable[[bytes], None], bytes]] = {
    "csv": (of_file(".csv", read_structures), LIST.encode()),
    "geocode": (of_file(".csv", geocoded), LIST.encode()),
    "json": (of_file(".json", read_structures, geocoded), RECORDS),
    "geojson": (of_file(".geojson", read_structures, geocoded), written(".geojson")),
    "zones": (of_file(".geojson", zones, read_renewal), written(".geojson")),
    "sheet": (in_book, SHEET.encode()),
    "xlsx": (of_file(".xlsx", read_structures), BOOK),
    "parquet": (of_file(".parquet", read_structures, geocoded), written(".parquet")),
    "gpkg": (of_file(".gpkg", read_structures), written(".gpkg")),
    "shp": (in_shapefile, shapefile()),
    "ban": (of_file(".csv", lambda path: build_department(read_ban(path))), BAN.encode()),
    "corrections": (of_file(".csv", read_corrections), CORRECTIONS),
    "premises": (of_file(".csv", premises), LIST.replace("Nom", "Local;Surface").encode()),
    "territory": (of_file(".toml", as_territory), TERRITORY),
    "sources": (of_file(".toml", lambda path: read_sources(path, time.time_ns())), SOURCES),
    "addresses": (addresses, "12 bis, rue de la République\n93140\nBondy".encode()),
    "network": (of_file(".json", read_ways), json.dumps(WAYS).encode()),
}


def watch(run: Callable[[bytes], None], found: Path) -> Callable[[bytes], None]:
    """Return what runs an input and keeps it where it is a fault, one for each place in the code."""
    seen: set[str] = set()

    def keep(data: bytes, what: str, told: str) -> None:
        if what not in seen:
            seen.add(what)
            name = f"{sys.argv[1]}-{hashlib.sha256(what.encode()).hexdigest()[:8]}"
            (found / name).write_bytes(data)
            (found / f"{name}.txt").write_text(f"{what}\n{told}", encoding="utf-8", errors="replace")
            print(f"found {name}: {what}", flush=True)

    def one(data: bytes) -> None:
        before, peak = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            run(data)
        except Exception as error:  # noqa: BLE001 (whatever it is)
            places = traceback.extract_tb(error.__traceback__)
            own = [place for place in places if "/essgeo/" in place.filename] or places
            keep(
                data,
                f"{type(error).__name__} at {Path(own[-1].filename).name}:{own[-1].lineno}",
                traceback.format_exc(),
            )
        if time.monotonic() - before > SLOW_S:
            keep(data, f"{int(time.monotonic() - before)} s", "")
        if (more := resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) > LARGE_KB:
            keep(data, f"{more // 1000} MB", "")

    return one


def main() -> None:
    """Fuzz one target from its seed."""
    run, seed = TARGETS[sys.argv[1]]
    found = Path(sys.argv[2])
    corpus = found / f"corpus-{sys.argv[1]}"
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "seed").write_bytes(seed)
    warnings.simplefilter("ignore")
    os.environ["ESSGEO_LANG"] = "en"
    atheris.Setup([sys.argv[0], str(corpus), *sys.argv[3:]], watch(run, found))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
