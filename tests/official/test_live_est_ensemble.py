"""Est Ensemble studied with every layer from its official file."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from essgeo import load_territory, read_layer
from essgeo.official.catalogue import read_catalogue
from essgeo.study.facts import LISTS
from tests.made.command import essgeo
from tests.made.official import (
    STATIONS_PATH,
    ban_path,
    in_degrees,
    mesh,
    publish_dataset,
    publish_grid,
    publish_iris,
    publish_qpv,
    publish_qpv_2015,
    publish_sirene,
    publish_streets,
    table,
)
from tests.made.register import BONDY, SECRET, make_register
from tests.made.server import FileServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.made.register import MadeRegister

pytestmark = pytest.mark.slow
WITHOUT_OFFICIAL_FILE = {"neighbourhoods", "npnru", *LISTS}
"""Layers that nobody publishes as files: a choice of the user, the list that the user gives, figures of documents."""
COMPLETED_BY_TERRITORY = {"sites", "stations"}
"""Layers to which the files of the territory add what the official one does not say."""
NOT_ASKED = {
    "npnru", "rna", "siae", "data_inclusion", "communes", "naf_2025", "qpv_population", "qpv_estimates", "qpv_income",
    "qpv_correspondence", "gpe_stops", "gpe_lines", "ademe_circular", "third_places", "schools", "social_housing",
    "facilities", "annuaire_units",
}  # fmt: skip
"""Sources that a study does not show: NPNRU is given, communes are made of IRIS, no code is of the NAF 2025."""
PAGES = {"index", "territory", "compare", "method", "embed", "siting", "brief-1", "brief-2"}
DAY = "2026-11-01"


def streets_of_bondy_and_a_mesh(shared: Path, communes: gpd.GeoDataFrame) -> list[Any]:
    """The streets of OpenStreetMap in Bondy, a street every 250 m elsewhere, and ways between the two."""
    drawn = json.loads((shared / "osm" / "bondy_rue2023_overpass.geojson").read_text(encoding="utf-8"))["features"]
    real = [one["geometry"]["coordinates"] for one in drawn if one["geometry"]["type"] == "LineString"]
    corners = np.array([vertex for line in real for vertex in line])
    metric = gpd.GeoSeries.from_xy(*corners.T, crs=4326).to_crs(2154)
    bondy = communes.geometry[BONDY].buffer(60)
    elsewhere = mesh(communes.buffer(300).total_bounds, 250, without=bondy)
    ends = np.unique(np.array(elsewhere).reshape(-1, 2), axis=0)
    edge = ends[shapely.dwithin(bondy, shapely.points(ends), 250)]
    nearest = metric.sindex.nearest(shapely.points(edge), return_all=False)[1]
    joining = [np.array([end, (point.x, point.y)]) for end, point in zip(edge, metric.iloc[nearest], strict=True)]
    links = in_degrees(joining)
    ways = [[link[0], tuple(corners[vertex])] for link, vertex in zip(links, nearest, strict=True)]
    return [*real, *in_degrees(elsewhere), *ways]


def publish_est_ensemble(server: FileServer, shared: Path, folder: Path) -> MadeRegister:
    """Put every official file of Est Ensemble on a server; return the register that SIRENE holds there."""
    here = load_territory("est-ensemble")
    iris = read_layer(here, "iris")
    publish_iris(server, iris)
    bondy = gpd.read_file(shared / "population" / "bondy_carreaux200m_filosofi2019.gpkg").set_index("idcar_200m")
    publish_grid(server, iris, 3035, "carreaux_200m_met", folder, known=bondy)
    publish_qpv(server, read_layer(here, "qpv"))
    publish_qpv_2015(server, shared / "qpv-2015")
    friches = gpd.read_file(shared / "friches" / "cartofriches_est_ensemble_2024-03-10.geojson")
    sites = table(friches.drop(columns="geometry"))
    publish_dataset(server, "cartofriches", {"friches-standard.csv": ("csv", sites)})
    stations = shared / "stations" / "idfm_emplacement-des-gares-idf_2025-07.geojson"
    server.files[STATIONS_PATH] = stations.read_bytes()
    ban = shared / "ban" / "adresses-93010.csv.gz"
    server.files[ban_path("93")] = ban.read_bytes()
    streets = streets_of_bondy_and_a_mesh(shared, read_layer(here, "communes"))
    publish_streets(server, streets, folder / "streets.osm.pbf", DAY)
    houses = pd.read_csv(ban, sep=";", dtype=str).query("rep.isna() and numero != '99999'")
    register = make_register(iris, houses, sites=4000)
    publish_sirene(
        server,
        folder,
        sirene_establishments=register.sites,
        sirene_legal_units=register.units,
        sirene_geolocation=register.places,
    )
    listed = table(register.listed)
    publish_dataset(server, "ess_france", {"Liste des entreprises de l'ESS": ("csv", listed)})
    return register


@dataclass(frozen=True)
class Runs:
    """A run of the command on the files of the server: its folder, what it said, what was served."""

    live: Path
    said: str
    served: dict[str, bytes]
    made: MadeRegister

    @property
    def inputs(self) -> list[dict[str, str]]:
        package: dict[str, Any] = json.loads((self.live / "datapackage.json").read_text(encoding="utf-8"))
        return list(package["inputs"])

    @property
    def structures(self) -> pd.DataFrame:
        path = self.live / "tables" / "structures.csv"
        return pd.read_csv(path, dtype=str, keep_default_na=False).set_index("structure_id")


@pytest.fixture(scope="module")
def runs(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("est-ensemble")
    server = FileServer()
    made = publish_est_ensemble(server, shared, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESSGEO_MIRROR", server.url)
        patch.setenv("ESSGEO_CACHE", str(folder / "cache"))
        npnru = str(shared / "npnru" / "npnru_qpv2015_codes_fcu.csv")
        study = ("study", "est-ensemble", "--as-of", "2026-01", "--out", "live", "--live", "--npnru", npnru)
        said, _ = essgeo(*study, folder=folder)
    server.close()
    return Runs(folder / "live", said, server.files, made)


def everything_in(folder: Path) -> bytes:
    """Every byte of the files of a folder, those of archives and workbooks unpacked."""
    parts = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                parts += [archive.read(name) for name in archive.namelist()]
        elif path.is_file():
            parts.append(path.read_bytes())
    return b"\n".join(parts)


def test_every_page_is_there_and_nothing_stands_in(runs: Runs) -> None:
    targets = read_layer(load_territory("est-ensemble"), "neighbourhoods").index
    assert {*PAGES, *targets} <= {path.stem for path in runs.live.glob("*.html")}
    for page in runs.live.glob("*.html"):
        assert "tient lieu du fichier" not in page.read_text(encoding="utf-8"), page
        assert "échantillon" not in page.read_text(encoding="utf-8"), page
    assert "tient lieu" not in runs.said
    assert "pas de données" not in runs.said


def test_every_input_is_official_and_its_bytes_are_named(runs: Runs) -> None:
    fetched = {source["title"]: source for source in runs.inputs if source["url"]}
    assert set(fetched) == {source.title for name, source in read_catalogue().items() if name not in NOT_ASKED}
    others = {source["layer"] for source in runs.inputs if not source["url"]}
    assert others == WITHOUT_OFFICIAL_FILE | COMPLETED_BY_TERRITORY
    method = (runs.live / "method.html").read_text(encoding="utf-8")
    for source in fetched.values():
        content = runs.served[source["url"].removeprefix("https:/").partition("?")[0]]
        assert source["sha256"] == hashlib.sha256(content).hexdigest()
        assert source["sha256"] in method
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", source["fetched_at"])
        assert source["fetched_at"] in method
        assert not source["note"]
    (network,) = [source for source in runs.inputs if source["layer"] == "network"]
    assert network["vintage"] == DAY


def test_the_register_is_what_sirene_holds(runs: Runs) -> None:
    expected = runs.made.expected
    assert len(runs.structures) == len(expected)
    shown = expected[~expected["masked"]]
    found = runs.structures.reindex(shown.index)
    for name in ("family", "sectors", "citycode"):
        assert (found[name] == shown[name]).all(), name
    assert (found["source"].str.contains("ESS France") == shown["listed"]).all()
    assert set(found["city"]) == set(read_layer(load_territory("est-ensemble"), "communes")["name"])
    portrait = pd.read_csv(runs.live / "tables" / "portrait_areas.csv")
    whole = portrait[portrait["level"] == "territory"].set_index("family")["establishments"]
    assert whole["total"] == len(expected) > 2000
    families = expected["family"].value_counts()
    assert whole[families.index].to_dict() == families.to_dict()
    assert (families > 20).all()
    assert len(families) == 5


def test_places_are_those_of_sirene_and_of_the_addresses(runs: Runs) -> None:
    expected = runs.made.expected
    found = runs.structures.reindex(expected.index)
    for engine in ("sirene", "ban"):
        of_engine = expected["engine"] == engine
        assert of_engine.sum() > 50
        assert (found.loc[of_engine, "geo_engine"] == engine).all()
    shown = gpd.read_file(runs.live / "layers.gpkg", layer="structures").set_index("structure_id").to_crs(2154)
    at = shown.geometry.reindex(expected.index)
    assert at[expected["engine"] == ""].isna().all()
    houses = found.index[found["geo_precision"] == "housenumber"]
    assert len(houses) > 1500
    apart = at[houses].distance(expected.geometry[houses])
    assert np.quantile(apart[expected["engine"] == "sirene"], 0.999) < 1
    assert np.quantile(apart[expected["engine"] == "ban"], 0.95) < 15


def test_what_insee_hides_is_named_and_placed_nowhere(runs: Runs) -> None:
    expected = runs.made.expected
    hidden = expected.index[expected["masked"]]
    found = runs.structures[runs.structures.index.str.startswith("masked-")]
    assert len(found) == len(hidden) > 100
    assert not set(hidden) & set(runs.structures.index)
    assert (found["name"] == "[ND]").all()
    blank = ["aliases", "address", "postcode", "longitude", "latitude", "qpv", "geo_label", "geo_precision"]
    assert (found[blank] == "").all(axis=None)
    assert SECRET.encode() not in everything_in(runs.live)
