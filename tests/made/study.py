"""A small study made by hand, and 200 names that try to break a file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import MultiPolygon, Point, box

from essgeo.files.provenance import Input
from essgeo.results import Parameters, Study
from essgeo.schema.columns import TABLES
from essgeo.schema.vocabulary import FAMILIES, SECTORS
from essgeo.territory import Territory

WEST, SOUTH = 660_000.0, 6_862_000.0
MASKED = "Jeanne Secret"
_SEEDS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://a.example","x")',
    "+33 1 48 00 00 00",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "rue A;=1+1",
    "deux\nlignes",
    "deux\n=lignes",
    "trois\r\nlignes\rici",
    "NUL\x00dedans",
    "cloche\x07 et \x1b[31mrouge",
    "\u202eelbmert\u202c bidi \u2066x\u2069",
    'guillemets " et "" doubles',
    "l'apostrophe 'ouvrante",
    "'=déjà neutralisé",
    "virgule, point-virgule; barre|",
    "{{7*7}} ${7*7} {% raw %}",
    "{{{https://a.example}}} [[https://a.example|x]]",
    "javascript:alert(1)",
    "]]> <!-- --> &amp; &lt;",
    "_x000D_ _x0041_",
    "#N/A",
    "  espaces autour  ",
    "ligne\u2028séparée\u0085ici",
    "é\u0301 \U0001f468\u200d\U0001f469\u200d\U0001f467 \ufeff\u200b",
    "TRUE",
    "None",
    "nan",
    "0123",
    "1e5",
    "2024-01-01",
    "\uff1d1+1 pleine chasse",
    "\\ \\n \\u0000 %00 %s",
    "'; DROP TABLE structures; --",
    "`code` **gras** [lien](http://a.example)",
    "x" * 3000,
    "../../etc/passwd",
)
HOSTILE = tuple(f"{seed}{'' if i < len(_SEEDS) else f' {i}'}" for i, seed in enumerate(_SEEDS * 5))
assert len(HOSTILE) == 200


def make_study() -> Study:
    """Build it anew, so that a test may look whether the export changed it.

    200 structures with hostile names, three without a point, one of them masked by law; four of everything else.
    """
    structures = _structures()
    iris = _squares("iris", [f"93048010{i}" for i in range(4)], inhabited=[True, True, True, False])
    coverage = _coverage()
    return Study(
        territory=Territory("essai", "Essai <b>est</b>", "EPSG:2154", "2024", ("93048",), Path("essai"), ()),
        parameters=Parameters(vintage="2024", as_of=dt.date(2025, 3, 1)),
        lang="fr",
        inputs=_inputs(),
        structures=structures,
        qpv=_squares("qpv", ["QN1", "QN2"], kind="qpv", interest=["national", ""]),
        npnru=_squares("npnru", ["QN1"], kind="npnru", interest="national"),
        neighbourhoods=_squares("neighbourhoods", ["bel-air", "morillon"]),
        communes=_squares("communes", ["93048"]),
        iris=iris,
        stations=_points("stations", 3),
        sites=_points("sites", 4),
        demand=gpd.GeoDataFrame(geometry=[], crs=2154),
        structure_zones=_table(
            "structure_zones", 400, structure_id=np.repeat(structures.index, 2), zone_id=["QN1", "QN2"] * 200
        ),
        zones=_table("zones", 2, zone_id=["QN1", "QN2"]),
        coverage=coverage,
        borders=_table(
            "borders", 2, neighbourhood_id="bel-air", iris_code=["930480101", "930480102"], iris_name=HOSTILE[:2]
        ),
        if_listed=_table("if_listed", 2, level="territory", zone_id="essai", family=["association", "total"]),
        iris_coverage=_table(
            "iris_coverage",
            4,
            iris_code=list(iris.index),
            theme_kind="all",
            theme="all",
            minutes=15,
            share=[0.1, 0.5, 1.0, np.nan],
        ),
        gaps=_table(
            "gaps",
            2,
            neighbourhood_id=["bel-air", "morillon"],
            nearest_structure_id=["s-199", "s-000"],
            nearest_name=[MASKED, HOSTILE[0]],
            theme=list(SECTORS)[:2],
        ),
        support_chain=_table(
            "support_chain", 2, stage=["emergence", "lancement"], nearest_structure_id="", nearest_name=""
        ),
        support_offers=_table(
            "support_offers", 2, stage=["emergence", "lancement"], offer_id=["s-000", "outside"], name=list(HOSTILE[:2])
        ),
        challenge_aims=_table("challenge_aims", 2, aim=["dechets", "not_known"]),
        challenge_reach=_table("challenge_reach", 1),
        needs=_table("needs", 2, zone_id=["bel-air", "morillon"]),
        needs_supply=_table("needs_supply", 2, zone_id=["bel-air", "morillon"]),
        figures=_table("figures", 2, figure_id=["f1", "f2"], value=list(HOSTILE[:2])),
        qpv_figures=_table("qpv_figures", 1),
        cooperations=_table(
            "cooperations",
            3,
            relation_id=["r1", "r2", "r3"],
            placed=["both", "both", "one"],
            party_id=["s-000", "s-001", "s-001"],
            with_structure_id=["s-001", "s-001", ""],
        ),
        city_contract=_table("city_contract", 1, structure_id=""),
        concentrations=_table("concentrations", 1),
        neighbours=_table("neighbours", 1, structure_id=["s-000"]),
        register_lists=_table("register_lists", 1),
        review=_table("review", 3, structure_id=["s-197", "s-198", "s-199"], name=[*HOSTILE[197:199], MASKED]),
        portrait=_table(
            "portrait",
            len(FAMILIES) + 1,
            family=[*FAMILIES, "total"],
            seed_enterprises=[1161, 78, 25, 10, np.nan, np.nan, 1274],
        ),
        portrait_areas=_table("portrait_areas", 2, level="qpv", zone_id="QN1", family=["association", "total"]),
    )


def _structures() -> gpd.GeoDataFrame:
    count = len(HOSTILE)
    random = np.random.default_rng(0)
    points = [Point(WEST + x, SOUTH + y) for x, y in random.uniform(0, 2000, (count - 3, 2))]
    table = _table(
        "structures",
        count,
        structure_id=[f"s-{i:03}" for i in range(count)],
        name=[*HOSTILE[:-1], MASKED],
        aliases=[*HOSTILE[::-1][:-1], MASKED],
        address=[*HOSTILE[1:], f"3 rue {MASKED}"],
        note=[*HOSTILE[:-1], f"chez {MASKED}"],
        geo_label=[*HOSTILE[:-1], f"3 rue {MASKED}"],
        geo_status=["located"] * 197 + ["not_found", "imprecise", "masked"],
        status=["active", "unknown"] * 100,
        postcode="01000",
        geo_score=[*random.uniform(0, 1, 197), np.nan, 0.5, np.nan],
        qpv_distance_m=random.normal(0, 100, count),
        phone=MASKED,
    )
    return gpd.GeoDataFrame(table.set_index("structure_id"), geometry=[*points, None, None, None], crs=2154)


def _coverage() -> pd.DataFrame:
    themes = ["all", *SECTORS]
    zones = ["essai", *HOSTILE[:3]]
    index = pd.MultiIndex.from_product([zones, themes, [5, 10, 15]], names=["zone_id", "theme", "minutes"]).to_frame(
        index=False
    )
    index["level"] = np.where(index["zone_id"] == "essai", "territory", "qpv")
    index["theme_kind"] = np.where(index["theme"] == "all", "all", "sector")
    return _table("coverage", len(index), **{str(name): index[name].tolist() for name in index}, structures=77)


def _squares(name: str, keys: list[str], **columns: Any) -> gpd.GeoDataFrame:
    shapes = [MultiPolygon([box(WEST + 500 * i, SOUTH, WEST + 500 * (i + 1), SOUTH + 500)]) for i in range(len(keys))]
    table = _table(name, len(keys), **{TABLES[name].key[0]: keys, "name": list(HOSTILE[: len(keys)]), **columns})
    return gpd.GeoDataFrame(table.set_index(TABLES[name].key[0]), geometry=shapes, crs=2154)


def _points(name: str, count: int) -> gpd.GeoDataFrame:
    points = [Point(WEST + 100 * i, SOUTH) for i in range(count - 1)] + [None]
    key = TABLES[name].key[0]
    table = _table(name, count, **{key: [f"{name}-{i}" for i in range(count)], "name": list(HOSTILE[:count])})
    return gpd.GeoDataFrame(table.set_index(key), geometry=points, crs=2154)


def _table(table: str, count: int, **given: Any) -> pd.DataFrame:
    """Fill the columns nobody gave with values of their kind."""
    filled: dict[str, Any] = {}
    for column in TABLES[table].columns:
        if column.kind == "flag":
            filled[column.name] = [i % 2 == 0 for i in range(count)]
        elif column.kind == "month":
            filled[column.name] = ["2024-09", "2020", ""][count % 3]
        elif column.kind == "text":
            filled[column.name] = next(iter(column.allowed)) if column.allowed else f"{column.name} é"
        else:
            filled[column.name] = [-1.23456789 * i if column.kind == "number" else i for i in range(count)]
    return pd.DataFrame(filled | given, index=range(count))


def _inputs() -> tuple[Input, ...]:
    layers = {
        "iris": "IRIS",
        "qpv": "QPV",
        "npnru": "NPNRU",
        "neighbourhoods": "Quartiers",
        "structures": "<script>registre</script>",
    }
    free = [
        Input(layer, f"{layer}.csv", "0" * 64, title, "Producteur", "Licence Ouverte 2.0", "2024")
        for layer, title in layers.items()
    ]
    return (*free, Input("stations", "stations.csv", "1" * 64, "Stations", "IDFM", "ODbL 1.0", "2025"))
