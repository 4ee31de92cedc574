"""The web of a test is its own server, which has small files in the official schemas."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
import shapely

from essgeo import load_territory, read_layer
from essgeo.geocoding.ban import COLUMNS as BAN_COLUMNS
from essgeo.official.http import Patience, Web
from tests.made.official import (
    STATIONS_PATH,
    ban_path,
    geojson,
    publish_ban,
    publish_dataset,
    publish_grid,
    publish_iris,
    publish_qpv,
    publish_qpv_2015,
)
from tests.made.server import BAN_HEADER, FileServer, make_ban

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Sleeps


@pytest.fixture
def server() -> Iterator[FileServer]:
    started = FileServer()
    started.files[ban_path("93")] = make_ban()
    yield started
    started.close()


@pytest.fixture
def ban_header() -> str:
    return BAN_HEADER


@pytest.fixture
def ban_file() -> Callable[..., bytes]:
    return make_ban


@pytest.fixture
def web(server: FileServer, sleeps: Sleeps) -> Web:
    """The web, all of which is the server of the test."""
    patience = Patience(attempts=3, connect_s=2, silence_s=2, grace_s=0.5, min_bytes_per_s=2000)
    return Web(server.url, patience, sleep=sleeps, jitter=lambda: 0.5)


@pytest.fixture
def redirected(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileServer:
    """Send the whole web to the server, and keep what is fetched in the folder of the test."""
    monkeypatch.setenv("ESSGEO_MIRROR", server.url)
    monkeypatch.setenv("ESSGEO_CACHE", str(tmp_path / "cache"))
    return server


@pytest.fixture(scope="session")
def official_files(made_territory: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Make every official file of the small territory, by its path; it is not to be changed."""
    server, here, folder = SimpleNamespace(files={}), load_territory(made_territory), tmp_path_factory.mktemp("files")
    iris, qpv = read_layer(here, "iris"), read_layer(here, "qpv")
    publish_iris(server, iris)
    publish_grid(server, iris, 3035, "carreaux_200m_met", folder)
    publish_qpv(server, qpv)
    named = {"CODE_QP": ["QP1"], "NOM_QP": list(qpv["name"]), "COMMUNE_QP": "x"}
    gpd.GeoDataFrame(named, geometry=list(qpv.geometry), crs=2154).to_file(folder / "QP_METROPOLE_LB93.shp")
    publish_qpv_2015(server, folder)
    sites = (
        "site_id;site_nom;site_type;site_adresse;site_statut;site_occupation;site_actu_date;comm_nom;comm_insee;"
        "unite_fonciere_surface;bati_surface;activite_libelle;proprio_personne;proprio_type;longitude;latitude;geompoint\n"
        "93010_1;Friche A;;;friche;;;BONDY;93010;;;;;;2.456;48.906;\n"
    )
    publish_dataset(server, "cartofriches", {"friches-standard.csv": ("csv", sites.encode())})
    stop = {"id_gares": [7], "nom_gares": ["Arrêt"], "mode": ["RER"], "res_com": ["RER E"]}
    stop |= {"nom_iv": ["Arrêt"], "indice_lig": ["E"], "exploitant": ["SNCF"]}
    server.files[STATIONS_PATH] = geojson(gpd.GeoDataFrame(stop, geometry=[shapely.Point(2.46, 48.906)], crs=4326))
    street = dict.fromkeys(BAN_COLUMNS, "") | {
        "code_postal": "93100",
        "code_insee": "93048",
        "nom_commune": "Montreuil",
    }
    houses = [
        street | {"id": f"93048_1_{n}", "numero": n, "nom_voie": "Rue B", "lon": 2.49 + n / 1e4, "lat": 48.9064}
        for n in range(1, 9)
    ]
    publish_ban(server, "93", houses)
    return server.files


@contextmanager
def official_web(files: dict[str, bytes], folder: Path) -> Iterator[FileServer]:
    """Send the whole web to a server of some files for what several tests read; copies are kept in ``cache``."""
    server = FileServer()
    server.files |= files
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESSGEO_MIRROR", server.url)
        patch.setenv("ESSGEO_CACHE", str(folder / "cache"))
        yield server
    server.close()


@pytest.fixture
def official(redirected: FileServer, official_files: dict[str, bytes]) -> FileServer:
    """Give a server of every official file of the small territory, to which the web is redirected."""
    redirected.files |= official_files
    return redirected
