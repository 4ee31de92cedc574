"""A small study made by hand: eight squares of 500 m, two communes, four neighbourhoods, two of them in one QPV."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from essgeo.access import demand_points
from essgeo.files.provenance import Input
from essgeo.geocoding import Local
from essgeo.maps import build_maps
from essgeo.register import counted_on
from essgeo.results import Parameters, Study
from essgeo.schema.columns import LAYERS
from essgeo.schema.vocabulary import CHALLENGES, SECTORS, STAGES, SUPPORT_ROLES, THEMES
from essgeo.siting import gains_by_cell
from essgeo.territory import Colours, Publisher, Territory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page

    from essgeo.siting import Gains

CRS = "EPSG:2154"
WEST, SOUTH, SIDE = 655000.0, 6863000.0, 500.0
MINUTES = (5, 10, 15)
TILES = ("https://data.geopf.fr/", "https://tile.openstreetmap.org/")
QPV = {"QN1": "Amont - Aval", "QN2": "La Place", "QN3": "Les Quais"}
NAMES = {"le-haut": "Le Haut", "le-bas": "Le Bas", "la-place": "La Place", "les-quais": "Les Quais"}
PAYLOADS = (
    "<img src=x onerror=alert(canary=1)>",
    "</script><script>alert(canary=1)</script>",
    "javascript:alert(canary=1)",
    "\"'><svg onload=alert(canary=1)>",
    "{{ 7*7 }}${alert(canary=1)}`+alert(canary=1)+`",
    "\u202egnirts\u2066 \u200f",
    "<!--<script>",
    "\\u003cscript\\u003e \u2028 \u2029 &lt;b&gt;",
    "' onmouseover='alert(canary=1)",
    '=HYPERLINK("javascript:alert(canary=1)")',
)


def _square(column: int, row: int) -> Any:
    west, south = WEST + column * SIDE, SOUTH + row * SIDE
    return box(west, south, west + SIDE, south + SIDE)


def _layer(index: str, rows: dict[str, dict[str, Any]], geometry: list[Any]) -> gpd.GeoDataFrame:
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis(index)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(geometry, index=table.index, crs=CRS), crs=CRS)


def _iris() -> gpd.GeoDataFrame:
    cells = [(column, row) for row in range(2) for column in range(4)]
    rows = {
        f"9999{number:05d}": {
            "name": f"Iris {number}",
            "citycode": "99991" if column < 2 else "99992",
            "city": "Amont" if column < 2 else "Aval",
            "population": 0.0 if number == 7 else 1000.0 + number,
            "median_income": np.nan if number == 3 else 20000.0,
            "inhabited": number != 7,
        }
        for number, (column, _) in enumerate(cells)
    }
    return _layer("iris_code", rows, [_square(*cell) for cell in cells])


def _structures(count: int = 12) -> gpd.GeoDataFrame:
    sectors, rows = list(SECTORS), {}
    empty = {field.name: "" for field in LAYERS["structures"].fields if field.kind in {"text", "month"}}
    for number in range(count):
        located = number % 4 != 3
        rows[f"s{number}"] = empty | {
            "name": f"Café n° {number}",
            "address": f"{number} rue de l'Église",
            "postcode": "99100",
            "city": "Amont",
            "citycode": "99991",
            "family": ["association", "cooperative", "unknown"][number % 3],
            "sectors": "|".join({sectors[number % len(sectors)]: 0, "tiers_lieu": 0}),
            "challenges": ["jeunesse", ""][number % 2],
            "roles": "accompagnement",
            "support_stages": "emergence|lancement",
            "active_from": "2015",
            "status": "closed" if number == 5 else ["active", "unknown"][number % 2],
            "as_of": "2024",
            "source": "https://example.org/a" if number else "javascript:alert(canary=1)",
            "counted": number != 5,
            "geo_status": "located" if located else "not_found",
            "geo_precision": "housenumber" if located else "",
            "geo_radius_m": 30.0 if located else np.nan,
            "qpv": "QN1" if located else "",
            "qpv_name": "Amont - Aval" if located else "",
            "qpv_relation": ["in", "undetermined", "out"][number % 3] if located else "unknown",
            "qpv_probability": [1.0, 0.4, 0.0][number % 3] if located else np.nan,
            "qpv_distance_m": [-100.0, 5.0, 250.0][number % 3] if located else np.nan,
            "qpv_vintage": "2024" if located else "",
        }
    points = [
        Point(WEST + 60 + 150 * (number % 12), SOUTH + 80 + 70 * (number // 12)) if number % 4 != 3 else None
        for number in range(count)
    ]
    return _layer("structure_id", rows, points)


def _neighbourhoods() -> gpd.GeoDataFrame:
    rows = {
        code: {
            "name": name,
            "city": "Amont" if place < 2 else "Aval",
            "citycode": "99991" if place < 2 else "99992",
            "iris_codes": f"9999{place:05d}",
            "qpv_2015": "",
            "qpv_2024": "QN1" if place < 2 else f"QN{place}",
            "note": "A judgement.",
        }
        for place, (code, name) in enumerate(NAMES.items())
    }
    return _layer("neighbourhood_id", rows, [_square(place, 0) for place in range(4)])


def _zones() -> gpd.GeoDataFrame:
    rows = {
        code: {"name": name, "kind": "qpv", "vintage": "2024", "cities": "Amont", "interest": "none", "programme": ""}
        for code, name in QPV.items()
    }
    return _layer("zone_id", rows, [_square(0, 0).union(_square(1, 0)), _square(2, 0), _square(3, 0)])


def _coverage() -> pd.DataFrame:
    places = [("territory", "test", "Territoire d'essai", 8000.0), ("commune", "99991", "Amont", 4000.0)]
    qpv = [("qpv", code, name, 2000.0) for code, name in QPV.items()]
    places += qpv[:1]
    places += [("neighbourhood", code, name, 1000.0 + 100 * place) for place, (code, name) in enumerate(NAMES.items())]
    places += qpv[1:]
    rows = []
    for place, (level, zone, name, residents) in enumerate(places):
        for theme in THEMES:
            for minutes in MINUTES:
                share = round(min(1.0, 0.05 * place + minutes / 40), 4)
                rows.append(
                    {
                        "level": level,
                        "zone_id": zone,
                        "zone_name": name,
                        "vintage": "2024" if level == "qpv" else "",
                        "theme_kind": _kind(theme),
                        "theme": theme,
                        "minutes": minutes,
                        "residents": residents,
                        "residents_measured": residents,
                        "reached": residents * share,
                        "share": share,
                        "share_low": max(0.0, share - 0.1),
                        "share_high": min(1.0, share + 0.1),
                        "share_known_active": share / 2,
                        "structures": 8,
                        "structures_located": 6,
                        "minutes_median": np.nan if place == 3 else 7.3,
                        "method": "straight_line detour=1.3 speed_kmh=4.5",
                        "population_method": "IRIS population on a grid",
                    }
                )
    return pd.DataFrame(rows)


def _kind(theme: str) -> str:
    return "all" if theme == "all" else "challenge" if theme in CHALLENGES else "sector"


def _gaps() -> pd.DataFrame:
    rows = []
    for code, name in (NAMES | QPV).items():
        for rank, theme in enumerate(THEMES):
            out = 900.0 - 30 * rank
            rows.append(
                {
                    "level": "qpv" if code in QPV else "neighbourhood",
                    "neighbourhood_id": code,
                    "neighbourhood": name,
                    "vintage": "2024" if code in QPV else "",
                    "rank": rank,
                    "conclusion": "" if rank else "not_behind",
                    "rank_low": max(rank - 1, 0),
                    "rank_high": rank + 1,
                    "zone_rank": 1,
                    "zone_rank_low": 1,
                    "zone_rank_high": 2,
                    "not_distinguishable": "",
                    "held_up_by": "s0" if rank % 2 else "",
                    "lost_with_first": 12.0 * rank,
                    "low": out / 10 - 52,
                    "high": out / 10 - 47,
                    "theme_kind": _kind(theme),
                    "theme": theme,
                    "minutes": 15,
                    "residents": 1000.0,
                    "residents_measured": 1000.0,
                    "out_of_reach": out,
                    "out_of_reach_low": out - 10,
                    "out_of_reach_high": out + 10,
                    "share": 1 - out / 1000,
                    "territory_share": 0.5,
                    "gap_points": out / 10 - 50,
                    "gap_residents": out - 500,
                    "structures": 3,
                    "nearest_structure_id": "s0" if rank % 2 else "",
                    "nearest_name": "Café n° 0" if rank % 2 else "",
                    "nearest_city": "Amont" if rank % 2 else "",
                    "nearest_minutes": 22.4 if rank % 2 else np.nan,
                    "method": "straight_line detour=1.3 speed_kmh=4.5",
                }
            )
    return pd.DataFrame(rows)


def _support_chain() -> pd.DataFrame:
    rows = [
        {
            "level": "qpv" if code in QPV else "neighbourhood",
            "neighbourhood_id": code,
            "neighbourhood": name,
            "vintage": "2024" if code in QPV else "",
            "role": role,
            "stage": stage,
            "minutes": 15,
            "structures_in_register": 2,
            "structures_located": 1,
            "share": 0.6 if stage == "emergence" else 0.0,
            "within_reach": stage == "emergence",
            "nearest_structure_id": "s0" if role == "accompagnement" else "",
            "nearest_name": "Café n° 0" if role == "accompagnement" else "",
            "nearest_city": "Amont" if role == "accompagnement" else "",
            "nearest_minutes": 31.0 if role == "accompagnement" else np.nan,
            "station": "Gare" if role == "accompagnement" else "",
            "station_lines": "METRO 99|RER Z" if role == "accompagnement" else "",
            "station_m": 431.0 if role == "accompagnement" else np.nan,
        }
        for code, name in (NAMES | QPV).items()
        for role in SUPPORT_ROLES
        for stage in STAGES
    ]
    return pd.DataFrame(rows)


def _support_offers() -> pd.DataFrame:
    offer = {"name": "Café n° 0", "city": "Amont", "status": "active", "source": "https://example.org", "as_of": "2020"}
    stop = {"station": "Gare", "station_lines": "METRO 99|RER Z", "station_m": 1431.0}
    nowhere = {"station": "", "station_lines": "", "station_m": np.nan}
    return pd.DataFrame(
        [
            {"role": role, "stage": stage, "offer_id": code, "based": based} | offer | reached
            for role, stage, code, based, reached in (
                ("accompagnement", "emergence", "s0", "here", stop),
                ("financement", "lancement", "fund", "outside", nowhere),
                ("financement", "", "s1", "not_known", nowhere),
            )
        ]
    )


def _needs_supply() -> pd.DataFrame:
    need = {"indicator": "median_income_2021", "need_value": 15e3, "need_low": 14e3, "need_high": 16e3, "need": "more"}
    supply = {"territory_value": 20e3, "share": 0.2, "share_low": 0.1, "share_high": 0.3}
    rows = [
        {"level": level, "zone_id": code, "zone_name": name, "vintage": "", "theme": theme, "supply": found}
        | need
        | supply
        for level, code, name in (("neighbourhood", "le-haut", "Le Haut"), ("commune", "99991", "Amont"))
        for theme, found in zip(CHALLENGES, cycle(("not_behind", "not_known", "behind")), strict=False)
    ]
    return pd.DataFrame(rows)


def _challenge_reach() -> pd.DataFrame:
    rows = {"level": ["territory", "neighbourhood"], "zone_id": ["test", "le-haut"], "zone_name": ["Tout", "Le Haut"]}
    reached = {"people": 1000.0, "share": 0.4, "share_low": 0.3, "share_high": 0.5}
    whom = {"challenge": "jeunesse", "aim": "", "public": "population", "wanted": "aged_11_24", "stands_in": True}
    return pd.DataFrame(rows).assign(vintage="", **whom, **reached)


def _figures() -> pd.DataFrame:
    then = {"figure_id": ["f1", "f2"], "key": ["population", "taux_chomage"], "value": ["1000", "18"]}
    now = {"now_low": [1100.0, np.nan], "now_high": [1100.0, np.nan], "now_year": ["2022", ""], "now_note": ""}
    return pd.DataFrame(then | now).assign(year="2018", unit="habitants", seed_file="Document")


def _qpv_figures() -> pd.DataFrame:
    row = {"qpv_2015": "QP1", "qpv_2024": "", "qpv_name": "Un", "indicator": "population_municipale", "value": 2457.0}
    said = {"unit": "habitants", "year": "2013", "scope": "QPV entier", "confidence": "official", "source": "INSEE"}
    return pd.DataFrame([{"indicator_id": "i1"} | row | said])


def _cooperations() -> pd.DataFrame:
    with_whom = {"with_structure_id": "s1", "with_name": "Café n° 1", "project": "Atelier", "since": "2017-06"}
    row = {
        "relation_id": "r1",
        "party_id": "",
        "party": "Grande Entreprise",
        "role": "entreprise_alliee",
        "tie": "cofonde",
    }
    return pd.DataFrame([row | with_whom | {"placed": "one", "source": "https://example.org"}])


def _city_contract() -> pd.DataFrame:
    posts = {f"posts_{year}": 1 for year in range(2020, 2024)}
    row = {"siret": "30238808700074", "structure_id": "", "name": "RUES", "source": "ANCT"}
    return pd.DataFrame([row | posts])


def _concentrations() -> pd.DataFrame:
    zone = {"level": "commune", "zone_id": "99991", "zone_name": "Amont", "vintage": "", "sector": "mobilite"}
    found = {"structures_expected": 9.0, "density": 4.0, "quotient": 1.8, "quotient_low": 1.1, "quotient_high": 2.2}
    return pd.DataFrame([zone | found | {"stands_out": True}])


def _neighbours() -> pd.DataFrame:
    return pd.DataFrame([{"structure_id": "s0", "sector": "mobilite", "near": 1, "neighbours": "s1"}])


def _register_lists() -> pd.DataFrame:
    years = {"first_as_of": "2018", "last_as_of": "2024", "undated": 1}
    row = {"theme": "all", "structures": 12, "structures_located": 9, "lists": 2, "main_lists": "siae.csv|a.fr"}
    return pd.DataFrame([row | years])


def _challenge_aims() -> pd.DataFrame:
    row = {"challenge": "jeunesse", "label_fr": "Décrochage", "label_en": "Dropping out", "structures": 3}
    known = {"aim": "decrochage", "structures_located": 1, "aim_rules": "name mission locale"}
    none = {"aim": "not_known", "label_fr": "", "label_en": "", "structures_located": 0, "aim_rules": "not_known"}
    return pd.DataFrame([row | known, row | none])


def _zone_table(qpv: gpd.GeoDataFrame, neighbourhoods: gpd.GeoDataFrame) -> pd.DataFrame:
    rows = [
        {
            "layer": layer,
            "zone_id": code,
            "name": name,
            "vintage": "2024",
            "programme": "",
            "interest": "",
            "residents": 1000.0,
            "area_ha": 25.0,
            "structures_in": 1,
            "structures_undetermined": 1,
            "structures_expected": 1.4,
            "structures_low": 1.0,
            "structures_high": 2.0,
            "structures_within_300m": 3,
            "structures_within_500m": 5,
            "method": "expected_in_radius",
        }
        for layer, frame in (("qpv", qpv), ("neighbourhood", neighbourhoods))
        for code, name in frame["name"].items()
    ]
    return pd.DataFrame(rows)


def _sites() -> gpd.GeoDataFrame:
    rows = {
        code: {
            "name": name,
            "address": "1 quai du Canal",
            "city": "Amont",
            "citycode": "99991",
            "surface_m2": surface,
            "owner_type": "",
            "landlord": "",
            "available_from": "2024-06",
            "available_to": "",
            "state": "occupied",
            "former_use": "halle",
            "ground_floor": "unknown",
            "constraints": "",
            "source": "https://example.org/halle" if surface == 400 else "javascript:alert(canary=1)",
            "as_of": "2024",
            "note": "",
        }
        for code, name, surface in (("halle", "La Halle", 400.0), ("cour", "La Cour", np.nan))
    }
    return _layer("site_id", rows, [Point(WEST + 300, SOUTH + 300), None])


def _stations() -> gpd.GeoDataFrame:
    rows = {
        code: {"name": code.title(), "mode": "METRO", "line": "METRO 99", "status": status, "open_date": ""}
        for code, status in (("gare", "open"), ("port", "planned"))
    }
    return _layer("station_id", rows, [Point(WEST + 700, SOUTH + 200), Point(WEST + 1200, SOUTH + 700)])


def _portrait() -> pd.DataFrame:
    rows = [("association", 1100.0, 9), ("unknown", np.nan, 3), ("total", 1100.0, 12)]
    return pd.DataFrame(
        [
            {
                "family": family,
                "seed_enterprises": seed,
                "register_structures": held,
                "register_counted": held,
                "register_located": held,
                "register_share": held / seed,
                "note": "a sample",
            }
            for family, seed, held in rows
        ]
    )


def _study() -> Study:
    iris, qpv, neighbourhoods = _iris(), _zones(), _neighbourhoods()
    communes = iris.dissolve("citycode", aggfunc={"city": "first", "population": "sum"}).rename(
        columns={"city": "name"}
    )
    themes = [(theme, _kind(theme)) for theme in THEMES]
    iris_coverage = pd.DataFrame(
        [
            {
                "iris_code": code,
                "theme_kind": kind,
                "theme": theme,
                "minutes": 15,
                "residents": 1.0,
                "reached": 0.0,
                "share": share,
                "share_low": max(share - 0.1 * (1 + place % 3), 0.0),
                "share_high": min(share + 0.1, 1.0),
            }
            for place, code in enumerate(iris.index[iris["inhabited"]])
            for number, (theme, kind) in enumerate(themes)
            for share in [round((place + number) % 6 / 5, 2)]
        ]
    )
    structure_zones = pd.DataFrame(
        [
            {
                "structure_id": "s0",
                "layer": "neighbourhood",
                "zone_id": "le-haut",
                "vintage": "2024",
                "relation": "in",
                "probability": 1.0,
            },
            {
                "structure_id": "s1",
                "layer": "neighbourhood",
                "zone_id": "le-haut",
                "vintage": "2024",
                "relation": "undetermined",
                "probability": 0.4,
            },
        ]
    ).assign(distance_m=-10.0, within_300m=True, within_500m=True)
    return Study(
        territory=Territory("test", "Territoire d'essai", CRS, "2024", ("99991", "99992"), Path(), ()),
        parameters=Parameters("2024", as_of=dt.date(2026, 3, 1)),
        lang="fr",
        inputs=(Input("iris", "iris.geojson", "0" * 64, "IRIS outlines", "IGN", "Licence Ouverte 2.0", "2024"),),
        structures=_structures(),
        qpv=qpv,
        npnru=qpv.iloc[:1].assign(kind="npnru", interest="national", programme="Projet", confidence="sure"),
        neighbourhoods=neighbourhoods,
        communes=communes,
        iris=iris,
        stations=_stations(),
        sites=_sites(),
        demand=demand_points(iris, spacing_m=100, neighbourhoods=neighbourhoods),
        structure_zones=structure_zones,
        zones=_zone_table(qpv, neighbourhoods),
        coverage=_coverage(),
        borders=pd.DataFrame(
            {
                "neighbourhood_id": next(iter(NAMES)),
                "neighbourhood": next(iter(NAMES.values())),
                "iris_code": ["1", "2"],
                "iris_name": ["Un", "<b>Deux</b>"],
                "border": ["with", "without"],
                "theme": "all",
                "residents": 1000.0,
                "share": [0.7, 0.4],
            }
        ),
        if_listed=pd.DataFrame(
            {
                "level": "territory",
                "zone_id": "test",
                "zone_name": "T",
                "family": ["association", "total"],
                "minutes": 15,
                "seed_enterprises": 10.0,
                "register_located": 1,
                "share_listed": 0.2,
                "share_if_listed": 0.9,
            }
        ),
        iris_coverage=iris_coverage,
        gaps=_gaps(),
        support_chain=_support_chain(),
        support_offers=_support_offers(),
        challenge_aims=_challenge_aims(),
        cooperations=_cooperations(),
        city_contract=_city_contract(),
        concentrations=_concentrations(),
        neighbours=_neighbours(),
        register_lists=_register_lists(),
        challenge_reach=_challenge_reach(),
        needs=pd.DataFrame(),
        needs_supply=_needs_supply(),
        figures=_figures(),
        qpv_figures=_qpv_figures(),
        review=pd.DataFrame(),
        portrait=_portrait(),
        portrait_areas=pd.DataFrame(),
        engines=(Local.of(_addresses()),),
    )


def _addresses() -> pd.DataFrame:
    """Return three houses and a hamlet of the study, and a house beside it."""
    points = gpd.GeoSeries([Point(WEST + x, SOUTH + 210) for x in (110, 330, 550, 900, 9000)], crs=CRS).to_crs(4326)
    return pd.DataFrame(
        {
            "address": ["1 rue Jean Zay", "3 bis rue Jean Zay", "8 rue du 8 Mai 1945", "Le Moulin", "5 rue Jean Zay"],
            "postcode": "99100",
            "city": ["Amont", "Amont", "Aval", "Aval", "Ailleurs"],
            "citycode": ["99991", "99991", "99992", "99992", "99999"],
            "lon": points.x,
            "lat": points.y,
        }
    )


def _poison(frame: Any) -> Any:
    """Put a payload in every free text of a frame; codes, dates and identifiers stay."""
    kept = {
        "status",
        "family",
        "sectors",
        "challenges",
        "roles",
        "support_stages",
        "geo_status",
        "qpv_relation",
        "kind",
    }
    kept |= {
        "conclusion",
        "qpv_2015",
        "qpv_2024",
        "city",
        "citycode",
        "level",
        "zone_id",
        "theme",
        "theme_kind",
        "layer",
        "relation",
    }
    kept |= {
        "neighbourhood_id",
        "role",
        "stage",
        "iris_code",
        "structure_id",
        "nearest_structure_id",
        "based",
        "offer_id",
        "interest",
        "geometry",
    }
    texts = [name for name in frame.columns if name not in kept and isinstance(frame[name].iloc[0], str)]
    poisoned = frame.copy()
    for shift, name in enumerate(texts):
        poisoned[name] = [PAYLOADS[(row + shift) % len(PAYLOADS)] for row in range(len(frame))]
    return poisoned


@pytest.fixture(scope="session")
def study() -> Study:
    """Return the study, in French."""
    return _study()


@pytest.fixture(scope="session")
def hostile(study: Study) -> Study:
    """Return the study with 200 structures, and a payload in every free text of every layer and table."""
    layers = (
        "qpv",
        "npnru",
        "neighbourhoods",
        "communes",
        "iris",
        "stations",
        "sites",
        "gaps",
        "support_chain",
        "support_offers",
        "coverage",
        "zones",
    )
    return replace(
        study,
        inputs=(Input("iris", *PAYLOADS[:6]),),
        territory=replace(study.territory, name=PAYLOADS[0]),
        structures=_poison(_structures(200)),
        **{name: _poison(getattr(study, name)) for name in layers},
    )


@pytest.fixture(scope="session")
def large_structures() -> Callable[[int], gpd.GeoDataFrame]:
    """Return a maker of registers of any size."""
    return _structures


@pytest.fixture(scope="session")
def gains(study: Study) -> Gains:
    """Return what each cell of the study would bring, in 64 worlds."""
    few = replace(study.parameters, siting_draws=20)
    return gains_by_cell(study.demand, study.structures, study.iris, few)


@pytest.fixture(scope="session")
def folder(study: Study, gains: Gains, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a published folder in French."""
    return build_maps(study, tmp_path_factory.mktemp("fr"), gains=gains)[0].parent


@pytest.fixture(scope="session")
def english(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a published folder in English."""
    return build_maps(replace(study, lang="en"), tmp_path_factory.mktemp("en"))[0].parent


@pytest.fixture(scope="session")
def town(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a study that a town with a hostile name publishes."""
    logo = tmp_path_factory.mktemp("logo") / "logo.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    publisher = Publisher(
        'Ville "X" <b>', "ess@ville.fr", "https://ess.ville.fr/carte/", "https://ville.fr/legal", "partial",
        "https://ville.fr/rgaa", logo, Colours("#004d40"),
    )  # fmt: skip
    published = replace(study, territory=replace(study.territory, publisher=publisher))
    return build_maps(published, tmp_path_factory.mktemp("town"))[0].parent


@pytest.fixture(scope="session")
def poisoned(hostile: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a published folder full of payloads."""
    return build_maps(hostile, tmp_path_factory.mktemp("poisoned"))[0].parent


@pytest.fixture(scope="session")
def crowded(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a register of 3,200 structures, three at a place, whose texts come in two parts."""
    structures = _structures(3200)
    located = structures.geometry.notna()
    places = np.arange(located.sum()) // 3
    points = gpd.points_from_xy(WEST + places * 37 % 1900, SOUTH + places * 53 % 900)
    structures.loc[located, "geometry"] = gpd.GeoSeries(points, index=structures.index[located], crs=CRS)
    return build_maps(replace(study, structures=structures), tmp_path_factory.mktemp("crowded"))[0].parent


@pytest.fixture(scope="session")
def dated(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of six located structures whose activity has dates."""
    structures = (
        study.structures[study.structures.geometry.notna()]
        .iloc[:6]
        .assign(
            active_from=["", "2012", "2010", "", "", "2018"],
            active_to=["", "", "2011", "2019", "", "2019-12"],
            status=["active", "active", "unknown", "closed", "closed", "active"],
        )
    )
    structures["counted"] = counted_on(structures, study.parameters.as_of)
    study = replace(study, structures=structures)
    return build_maps(study, tmp_path_factory.mktemp("dated"))[0].parent


@pytest.fixture(scope="session")
def single(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a study in one file."""
    return build_maps(study, tmp_path_factory.mktemp("single"), single_file=True)[0].parent


def until(page: Page, met: Callable[[], bool]) -> None:
    """Wait until a condition is met, however slow the machine.

    ``page.wait_for_function`` compiles its text in the page, which the policy of our pages forbids.
    """
    for _ in range(600):
        if met():
            return
        page.wait_for_timeout(50)
    pytest.fail("the condition was not met within 30 s")


def _fresh(browser: Browser, **options: Any) -> tuple[Page, list[str]]:
    """Return an empty page with every host refused, and what will go wrong on it."""
    faults: list[str] = []
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(30_000)

    def heard(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.location["url"].startswith(TILES):
            faults.append(message.text)

    def asked(route: Any) -> None:
        if not route.request.url.startswith(TILES):
            faults.append(f"asked for {route.request.url}")
        route.abort()

    def surprised(dialog: Dialog) -> None:
        faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("console", heard)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", surprised)
    page.route(re.compile("^https?:"), asked)
    return page, faults


@pytest.fixture(scope="session")
def opened(browser: Browser) -> Callable[..., Any]:
    """Return a context manager that opens a page with every host refused.

    It fails on a script error, a message of the console, a dialog, or a request other than for a tile. A page that is
    left well is emptied and taken for the next, which opens in two thirds of the time; one with options is its own.
    """
    spare: list[tuple[Page, list[str]]] = []

    @contextmanager
    def _opened(path: Path, size: tuple[int, int] = (1280, 900), fragment: str = "", **options: Any) -> Iterator[Page]:
        viewport: Any = {"width": size[0], "height": size[1]}
        page, faults = spare.pop() if spare and not options else _fresh(browser, viewport=viewport, **options)
        page.set_viewport_size(viewport)
        page.goto(path.as_uri() + fragment)
        if page.locator("#map").count():
            page.wait_for_selector("html[data-ready=names]")
        page.locator("#filters, .panel details").evaluate_all("parts => parts.forEach((part) => (part.open = true))")
        yield page
        if options or spare:
            page.context.close()
        else:
            page.goto("about:blank")
            page.emulate_media(media="null")
            page.mouse.move(0, 0)
        assert faults == []
        if not (options or spare):
            spare.append((page, faults))

    return _opened
