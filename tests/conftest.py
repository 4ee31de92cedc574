"""Fixtures every test may use, and the rule that turns a skipped test into a failed one."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from playwright.sync_api import Browser

    Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "real-data"
SMALL_TABLES = {
    "neighbourhoods": """neighbourhood_id,name,city,citycode,iris_codes,qpv_2015,qpv_2024,note
left,La Gauche,Bondy,93010,930100101,QP1,QN1,
right,La Droite,Montreuil,93048,930480102,,,
""",
    "npnru": """qpv_2015,qpv_2024,qpv_name,project_name,cities,interest,convention_year,confidence,source,note
QP1,QN1,Le Premier,Projet,Bondy,national,2020,sure,s,
""",
    "structures": """id,nom,address,city,citycode,lon,lat,family,sectors,challenges,roles,etapes,status
fournil,Le Fournil,1 rue A,Bondy,93010,2.4604,48.9064,cooperative,alimentation_agriculture,,,,active
velo,Vélo,3 bis rue B,Montreuil,93048,,,association,mobilite|tiers_lieu,transition_ecologique,,,unknown
fonds,Fonds,,Montreuil,93048,,,fondation,financement,,financement,lancement,active
""",
    "addresses": """address,postcode,city,citycode,lon,lat
3bis Rue B,93100,Montreuil,93048,2.4911,48.9064
""",
    "sites": """\
site_id,name,address,city,citycode,lon,lat,surface_m2,available_from,available_to,state,source,ground_floor
halle,Halle,,Bondy,93010,,,400,2026-01,2027-01,empty,s,unknown
""",
    "stations": """name,mode,line,lon,lat,status,open_date
Gare,RER,RER E,2.4604,48.9064,open,
""",
    "seed_figures": """key,value,unit,scope,year,seed_file
ess_entreprises,100,entreprises,Small,2018,d
""",
}
# The headless shell draws a page with the same engine, in less than half of the time: it opens no window of its own.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Sleeps(list[float]):
    """The pauses that were asked for, none of which was slept."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the real data, which lie beside the repository and are not published with it."""
    if not SHARED.is_dir():
        pytest.skip(f"no real data: {SHARED} is missing")
    return SHARED


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the system's Chromium."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        pytest.skip(f"no browser: install one of {', '.join(CHROMIUM_NAMES)}")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Open one headless Chromium for all tests of the process."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow to import, few tests need it

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def small_territory(made_territory: Path, tmp_path: Path) -> Path:
    """Return a folder of the test's own, of a territory of two communes in a row of four square IRIS, 1 km wide.

    IRIS 1 and 2 are Bondy, 3 and 4 Montreuil; the neighbourhoods ``left`` and ``right`` are IRIS 1 and 4, and the QPV
    ``QN1`` is IRIS 1. The lower left corner lies at (660000, 6867000) in Lambert-93.
    """
    return Path(shutil.copytree(made_territory, tmp_path / "small"))


@pytest.fixture(scope="session")
def made_territory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder that ``small_territory`` copies."""
    import geopandas as gpd  # noqa: PLC0415 (the process that hands out the tests reads this file and runs none)
    import shapely  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("made")
    left, bottom = 660_000, 6_867_000
    squares = [shapely.box(left + 1000 * i, bottom, left + 1000 * (i + 1), bottom + 1000) for i in range(4)]
    iris = {
        "iris_code": ["930100101", "930100102", "930480101", "930480102"],
        "name": ["Un", "Deux", "Trois", "Quatre"],
        "citycode": ["93010", "93010", "93048", "93048"],
        "city": ["Bondy", "Bondy", "Montreuil", "Montreuil"],
        "population": [1001, 2000, 3000, 4003],
        "median_income": [18000, 20000, None, 24000],
        "inhabited": [True, True, True, True],
    }
    layer = gpd.GeoDataFrame(iris, geometry=squares, crs=2154).to_crs(4326)
    (folder / "iris.geojson").write_text(layer.to_json(), encoding="utf-8")
    qpv = gpd.GeoDataFrame({"code_qp": ["QN1"], "lib_qp": ["Le Premier"]}, geometry=squares[:1], crs=2154).to_crs(4326)
    (folder / "qpv.geojson").write_text(qpv.to_json(), encoding="utf-8")
    for name, text in SMALL_TABLES.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    files = {"iris": "iris.geojson", "qpv": "qpv.geojson"} | {name: f"{name}.csv" for name in SMALL_TABLES}
    described = [
        f'[[layers]]\nlayer = "{layer}"\nfile = "{file}"\nvintage = "2024"\ntitle = "t"\npublisher = "p"\nlicence = "l"'
        for layer, file in files.items()
    ]
    head = 'id = "small"\nname = "Small"\ncrs = "EPSG:2154"\nvintage = "2024"\ncommunes = ["93010", "93048"]'
    (folder / "territory.toml").write_text("\n\n".join([head, *described]), encoding="utf-8")
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test as soon as it looks a host up or connects to one, even where the code catches exceptions."""
    refuse_connections(monkeypatch)


def refuse_connections(patch: pytest.MonkeyPatch) -> None:
    """Let nothing look a host up or connect to one."""

    def refuse(*args: object, **_: object) -> NoReturn:
        pytest.fail(f"opened a connection: {args[-1]!r}")

    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "gethostbyname"):
        patch.setattr(socket, name, refuse)


def _fail_if_skipped(report: Report) -> Report:
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, and ESSGEO_NO_SKIP forbids it: {reason}"
    return report


class NoSkip:
    """Fails every skipped test, module and example: what is not run is not proven."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        return _fail_if_skipped((yield))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        return _fail_if_skipped((yield))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip on other systems what only Linux does."""
    if sys.platform != "linux" and item.get_closest_marker("linux"):
        pytest.skip("only Linux does this")


def pytest_configure(config: pytest.Config) -> None:
    """Set hypothesis up where tests run, and forbid skips where ESSGEO_NO_SKIP is set.

    NoSkip is a plugin, so that the examples in essgeo/ count too. The process that hands the tests out to others runs
    none: they start a second earlier if it does not import what tests need.
    """
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        from hypothesis import settings  # noqa: PLC0415

        settings.register_profile("local", deadline=None, max_examples=25)
        settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True)
        settings.load_profile("ci" if os.environ.get("CI") else "local")
    if os.environ.get("ESSGEO_NO_SKIP"):
        config.pluginmanager.register(NoSkip())
