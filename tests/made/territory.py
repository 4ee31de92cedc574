"""A territory of two communes in a row of four square IRIS, 1 km wide, as a folder that a test may change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import shapely

if TYPE_CHECKING:
    from pathlib import Path

TABLES = {
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


def make_territory(folder: Path) -> Path:
    """Write it into a folder.

    IRIS 1 and 2 are Bondy, 3 and 4 Montreuil; the neighbourhoods ``left`` and ``right`` are IRIS 1 and 4, and the QPV
    ``QN1`` is IRIS 1. The lower left corner lies at (660000, 6867000) in Lambert-93.
    """
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
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    files = {"iris": "iris.geojson", "qpv": "qpv.geojson"} | {name: f"{name}.csv" for name in TABLES}
    described = [
        f'[[layers]]\nlayer = "{layer}"\nfile = "{file}"\nvintage = "2024"\ntitle = "t"\npublisher = "p"\nlicence = "l"'
        for layer, file in files.items()
    ]
    head = 'id = "small"\nname = "Small"\ncrs = "EPSG:2154"\nvintage = "2024"\ncommunes = ["93010", "93048"]'
    (folder / "territory.toml").write_text("\n\n".join([head, *described]), encoding="utf-8")
    return folder
