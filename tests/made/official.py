"""Official files in the schemas of their publishers, put on the server of the tests."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from essgeo.geocoding.ban import COLUMNS as BAN_COLUMNS
from essgeo.official.catalogue import find_source
from essgeo.official.fetch import dataset_address
from tests.made.sirene import write

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

INSEE = "/www.insee.fr/fr/statistiques/fichier"
IRIS_PATH = "/data.geopf.fr/wfs/ows"
ACTIVITY_PATH = f"{INSEE}/8647006/base-ic-activite-residents-2022_csv.zip"
CENSUS = {
    f"{INSEE}/8647010/base-ic-diplomes-formation-2022_csv.zip": ("P22_NSCOL15P", "P22_NSCOL15P_DIPLMIN"),
    f"{INSEE}/8647008/base-ic-couples-familles-menages-2022_csv.zip": ("C22_FAM", "C22_FAMMONO"),
    f"{INSEE}/8647012/base-ic-logement-2022_csv.zip": ("P22_RP", "C22_RP_SUROCC_MOD", "C22_RP_SUROCC_ACC"),
}
"""Other files of the census by IRIS, and the columns that are read of each: a whole, then parts of it."""
AGES = ("0002", "0305", "0610", "1117", "1824", "2539", "4054", "5564", "6579", "80P")
"""Ages of the census, as its columns name them."""
POPULATION_PATH = f"{INSEE}/8647014/base-ic-evol-struct-pop-2022_csv.zip"
INCOME_PATH = f"{INSEE}/8229323/BASE_TD_FILO_IRIS_2021_DISP_CSV.zip"
GRID_PATH = f"{INSEE}/8735162/Filosofi2021_carreaux_200m_gpkg.zip"
STATIONS_PATH = (
    "/data.iledefrance-mobilites.fr/api/explore/v2.1/catalog/datasets/emplacement-des-gares-idf/exports/geojson"
)
OSM_PATH = "/download.geofabrik.de/europe/france/ile-de-france-latest.osm.pbf"
UNCOVERED = r"do not cover: Bondy \(1\)\. Fetch them with `essgeo sources fetch ban --area 93`"
"""What is told of a structure in Bondy where the BAN of the server knows no address there."""

QPV_FILE = "QP2024_France_Hexagonale_Outre_Mer_WGS84.geojson"
SIRENE_TITLES = {
    "sirene_establishments": "Fichier StockEtablissement du 1er novembre.parquet",
    "sirene_legal_units": "Fichier StockUniteLegale du 1er novembre.parquet",
    "sirene_geolocation": "Geolocalisation du mois.parquet",
}


def zipped(**members: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return archive.getvalue()


def geojson(frame: gpd.GeoDataFrame) -> bytes:
    return frame.to_crs(4326).to_json(drop_id=True).encode()


def table(columns: Mapping[str, Any], separator: str = ";") -> bytes:
    return pd.DataFrame(columns).to_csv(sep=separator, index=False).encode()


def ban_path(department: str) -> str:
    return f"/adresse.data.gouv.fr/data/ban/adresses/latest/csv/adresses-{department}.csv.gz"


def publish_dataset(server: Any, source: str, files: Mapping[str, tuple[str, bytes]]) -> None:
    """Serve files (title: format, content) of a dataset of data.gouv.fr beside those of other titles that it has."""
    path = dataset_address(find_source(source)).removeprefix("https:/")
    known = json.loads(server.files.get(path, b'{"resources": []}'))["resources"]
    for title, (form, content) in files.items():
        place = f"static.data.gouv.fr/{source}/{title.replace(' ', '_')}"
        server.files[f"/{place}"] = content
        resource = {"title": title, "format": form, "type": "main", "url": f"https://{place}"}
        known = [*(other for other in known if other["title"] != title), resource]
    server.files[path] = json.dumps({"resources": known}).encode()


def publish_iris(server: Any, iris: gpd.GeoDataFrame) -> None:
    """Serve IRIS in the schemas of the IGN and of INSEE; a masked income is ``ns``."""
    codes = list(iris.index)
    outlines = {
        "code_iris": codes,
        "nom_iris": iris["name"],
        "code_insee": iris["citycode"],
        "nom_commune": iris["city"],
    }
    shapes = gpd.GeoDataFrame({name: list(cells) for name, cells in outlines.items()}, geometry=list(iris.geometry))
    server.files[IRIS_PATH] = geojson(shapes.assign(type_iris="H").set_crs(iris.crs))
    population = {"IRIS": [*codes, "010010000"], "COM": [*iris["citycode"], "01001"], "TYP_IRIS": "H", "LAB_IRIS": "1"}
    people = [str(value).replace(".", ",") for value in iris["population"]]
    ages = {f"P22_POP{age}": "0" for age in AGES}
    census = table(population | {"P22_POP": [*people, "771"]} | ages)
    worked = {f"P22_{name}1564": "0" for name in ("ACT", "ACTOCC", "CHOM", "INACT")}
    activity = table({name: population[name] for name in ("IRIS", "COM")} | worked)
    server.files[ACTIVITY_PATH] = zipped(**{"base-ic-activite-residents-2022.CSV": activity})
    server.files[POPULATION_PATH] = zipped(**{"base-ic-evol-struct-pop-2022.CSV": census, "meta.CSV": b"COD_VAR;LIB\n"})
    for path, counts in CENSUS.items():
        member = path.rpartition("/")[2].replace("_csv.zip", ".CSV")
        server.files[path] = zipped(
            **{member: table({name: population[name] for name in ("IRIS", "COM")} | dict.fromkeys(counts, "0"))}
        )
    income = ["ns" if pd.isna(value) else str(int(value)) for value in iris["median_income"]]
    filosofi = table({"IRIS": codes, "DISP_TP6021": "nd", "DISP_MED21": income})
    server.files[INCOME_PATH] = zipped(**{"BASE_TD_FILO_IRIS_2021_DISP.csv": filosofi})


def publish_grid(
    server: Any, iris: gpd.GeoDataFrame, crs: int, member: str, folder: Path, *, known: pd.DataFrame | None = None
) -> None:
    """Serve the 200 m grid of INSEE over some IRIS.

    A cell has the figures of ``known``, by its identifier; the people of an IRIS are spread over the other cells whose
    centre it holds.
    """
    projected = iris.to_crs(crs)
    left, bottom, right, top = (np.array(projected.total_bounds) // 200 * 200).astype(int)
    easts, norths = (axis.ravel() for axis in np.meshgrid(range(left, right + 200, 200), range(bottom, top + 200, 200)))
    cells = gpd.GeoDataFrame(
        {"idcar_200m": [f"CRS{crs}RES200mN{n}E{e}" for n, e in zip(norths, easts, strict=True)]},
        geometry=shapely.box(easts, norths, easts + 200, norths + 200),
        crs=crs,
    )
    owner = projected.sindex.query(cells.centroid, predicate="intersects")
    held = cells.iloc[owner[0]].assign(iris=owner[1]).drop_duplicates("idcar_200m")
    people = projected["population"].to_numpy()[held["iris"]] / held.groupby("iris")["iris"].transform("size")
    figures = pd.DataFrame({"ind": people, "ind_snv": people * 20_000, "i_est_200": 0}).set_axis(held["idcar_200m"])
    if known is not None:
        figures.update(known[figures.columns])
    path = folder / f"{member}.gpkg"
    named = {"lcog_geo": "93010", "men": 1.0, "men_pauv": 0.0} | {name: figures[name].to_numpy() for name in figures}
    held.drop(columns="iris").assign(**named).to_file(path)
    server.files[GRID_PATH] = zipped(**{f"Filosofi2021_{member}.gpkg": path.read_bytes()})


def publish_qpv(server: Any, qpv: gpd.GeoDataFrame) -> None:
    """Serve the QPV of 2024 in the schema of the ANCT, with one in another ocean."""
    far = gpd.GeoSeries([shapely.box(-61.6, 16.2, -61.5, 16.3)], crs=4326)
    shapes = [*qpv.to_crs(4326).geometry, *far]
    named = {"code_qp": [*qpv.index, "QN97101M"], "lib_qp": [*qpv["name"], "Ailleurs"], "insee_com": "", "lib_com": ""}
    content = geojson(gpd.GeoDataFrame(named, geometry=shapes, crs=4326))
    publish_dataset(server, "qpv_2024", {"qp-2024.zip": ("zip", zipped(**{QPV_FILE: content}))})


def publish_qpv_2015(server: Any, folder: Path) -> None:
    """Serve the Shapefile of the QPV of 2015 that lies in a folder."""
    name = "QP_METROPOLEOUTREMER_WGS84_EPSG4326"
    parts = {f"{name}{path.suffix}": path.read_bytes() for path in folder.glob("QP_METROPOLE_LB93.*")}
    publish_dataset(server, "qpv_2015", {"qp-politiquedelaville-shp.zip": ("shp", zipped(**parts))})


def publish_ban(server: Any, department: str, rows: Iterable[Mapping[str, object]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, [*BAN_COLUMNS, "code_insee_ancienne_commune", "nom_ld"], delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    server.files[ban_path(department)] = gzip.compress(text.getvalue().encode(), mtime=0)


def publish_sirene(server: Any, folder: Path, **rows: Sequence[dict[str, Any]]) -> None:
    """Serve rows of SIRENE as Parquet, by source: ``sirene_establishments``, ``sirene_legal_units``, ..."""
    for source, found in rows.items():
        content = write(folder / f"{source}.parquet", found).read_bytes()
        publish_dataset(server, source, {SIRENE_TITLES[source]: ("parquet", content)})


def publish_streets(server: Any, lines: Iterable[Sequence[tuple[float, float]]], path: Path, day: str) -> bytes:
    """Serve an extract of OpenStreetMap of some streets (vertices in degrees) and its sum; the same vertex joins."""
    drawn = [[(round(x, 7), round(y, 7)) for x, y in line] for line in lines]
    corners = {corner: number for number, corner in enumerate(sorted({corner for line in drawn for corner in line}), 1)}
    header = osmium.io.Header()
    header.set("osmosis_replication_timestamp", f"{day}T00:00:00Z")
    with osmium.SimpleWriter(path, header=header) as writer:
        for place, number in corners.items():
            writer.add_node(osmium.osm.mutable.Node(id=number, location=place))
        for number, line in enumerate(drawn, 1):
            nodes = [corners[corner] for corner in line]
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=nodes, tags={"highway": "residential"}))
    content = path.read_bytes()
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    server.files[OSM_PATH] = content
    server.files[f"{OSM_PATH}.md5"] = f"{digest}  ile-de-france-latest.osm.pbf\n".encode()
    return content


def mesh(
    bounds: Sequence[float], spacing_m: float, *, without: shapely.Geometry | None = None
) -> list[NDArray[np.float64]]:
    """Return streets every so many metres within bounds, from corner to corner, none with an end in ``without``."""
    left, bottom, right, top = bounds
    x, y = np.meshgrid(np.arange(left, right + 1, spacing_m), np.arange(bottom, top + 1, spacing_m), indexing="ij")
    corners = np.stack([x, y], axis=-1)
    pairs = [np.stack([corners[:-1], corners[1:]], axis=2), np.stack([corners[:, :-1], corners[:, 1:]], axis=2)]
    streets = np.concatenate([pair.reshape(-1, 2, 2) for pair in pairs])
    return list(streets if without is None else streets[~shapely.intersects_xy(without, streets).any(axis=1)])


def in_degrees(lines: Sequence[NDArray[np.float64]]) -> list[list[tuple[float, float]]]:
    """Return streets in Lambert-93 with their vertices in degrees."""
    drawn = gpd.GeoSeries(shapely.linestrings(np.array(lines)), crs=2154).to_crs(4326)
    return [list(line.coords) for line in drawn]
