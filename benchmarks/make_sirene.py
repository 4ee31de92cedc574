"""Write a SIRENE of any size in the official schema: 40 million establishments, their places, 28 million legal units.

    python benchmarks/make_sirene.py /tmp/sirene [--units 28000000] [--seed 0]

Every value comes from a hash of its row and the seed, so that a part can be written without the others. Shares are set
to be like those of the register (natural persons half of the units, associations 1 in 18, two establishments in five
active, a 150th of them in Est Ensemble), not measured on it. Rows are in the order of the SIRET, as in the official
file: communes are strewn over the whole of it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

UNITS = 28_000_000
PART_UNITS = 700_000
ROW_GROUP = 125_000
EST_ENSEMBLE = ("93006", "93008", "93010", "93045", "93048", "93053", "93055", "93061", "93063")
"""Every seven units have ten establishments: 28 million units have 40 million."""

_HELPERS = """
CREATE MACRO draw(row, salt) AS (hash(row * 131 + salt + {seed} * 1000003) % 1000000) / 1000000.0;
CREATE MACRO pick(row, salt, texts) AS texts[1 + CAST(floor(draw(row, salt) * len(texts)) AS BIGINT)];
CREATE MACRO siren(unit) AS printf('%09d', 5000000 + unit * 34);
CREATE MACRO day(row, salt) AS CAST('1975-01-01' AS DATE) + CAST(floor(18600 * draw(row, salt)) AS INTEGER);
CREATE MACRO category(unit) AS CASE
    WHEN draw(unit, 1) < 0.55 THEN '1000' WHEN draw(unit, 1) < 0.73 THEN '5499' WHEN draw(unit, 1) < 0.83 THEN '5710'
    WHEN draw(unit, 1) < 0.94 THEN '6540' WHEN draw(unit, 1) < 0.995 THEN '9220'
    ELSE pick(unit, 2, ['5458', '5460', '5710', '6317', '6540', '8210', '9221', '9222', '9230', '9300', '5499']) END;
CREATE MACRO naf(row) AS pick(row, 3, ['94.99Z', '94.99Z', '93.12Z', '90.01Z', '88.99B', '85.59A', '68.20B', '47.91B',
    '62.01Z', '56.10A', '43.21A', '86.90E', '96.02A', '70.22Z', '01.11Z', '94.92Z', '88.91A', '95.29Z']);
CREATE MACRO band(row) AS CASE WHEN draw(row, 4) < 0.6 THEN NULL WHEN draw(row, 4) < 0.85 THEN 'NN'
    ELSE pick(row, 5, ['00', '01', '01', '01', '02', '02', '03', '11', '12', '21', '31', '41']) END;
CREATE MACRO diffusion(row) AS CASE WHEN draw(row, 6) < 0.13 THEN 'P' ELSE 'O' END;
CREATE MACRO commune(row) AS CASE WHEN draw(row, 7) < 0.0065 THEN pick(row, 8, {codes})
    ELSE printf('%02d%03d', 1 + CAST(floor(94 * draw(row, 9)) AS INTEGER),
                            1 + CAST(floor(360 * pow(draw(row, 10), 3)) AS INTEGER)) END;
CREATE MACRO street(row) AS pick(row, 11, ['JEAN JAURES', 'DE LA REPUBLIQUE', 'DES LILAS', 'VICTOR HUGO', 'DU MOULIN',
    'PASTEUR', 'DE PARIS', 'DE LA LIBERTE', 'ANATOLE FRANCE', 'DU CHATEAU', 'DES ECOLES']) || ' ' || (row % 4001);
"""
_UNITS = """
SELECT siren(u) AS siren, diffusion(u) AS statutDiffusionUniteLegale, CAST(NULL AS VARCHAR) AS unitePurgeeUniteLegale,
 day(u, 20) AS dateCreationUniteLegale, CAST(NULL AS VARCHAR) AS sigleUniteLegale,
 CASE WHEN category(u) = '1000' THEN pick(u, 21, ['F', 'M']) END AS sexeUniteLegale,
 CASE WHEN category(u) = '1000' THEN 'PRENOM' || (u % 5003) END AS prenom1UniteLegale,
 CAST(NULL AS VARCHAR) AS prenom2UniteLegale, CAST(NULL AS VARCHAR) AS prenom3UniteLegale,
 CAST(NULL AS VARCHAR) AS prenom4UniteLegale, CAST(NULL AS VARCHAR) AS prenomUsuelUniteLegale,
 CAST(NULL AS VARCHAR) AS pseudonymeUniteLegale,
 CASE WHEN category(u) = '9220' AND draw(u, 22) < 0.6 THEN printf('W%09d', u)
 END AS identifiantAssociationUniteLegale,
 coalesce(band(u), 'NN') AS trancheEffectifsUniteLegale, CAST(2023 AS INTEGER) AS anneeEffectifsUniteLegale,
 CAST('2026-10-01' AS TIMESTAMP) AS dateDernierTraitementUniteLegale, CAST(2 AS BIGINT) AS nombrePeriodesUniteLegale,
 pick(u, 23, ['PME', 'PME', 'PME', 'ETI']) AS categorieEntreprise, CAST(2023 AS INTEGER) AS anneeCategorieEntreprise,
 day(u, 24) AS dateDebut, CASE WHEN draw(u, 25) < 0.5 THEN 'A' ELSE 'C' END AS etatAdministratifUniteLegale,
 CASE WHEN category(u) = '1000' THEN 'NOM' || (u % 90001) END AS nomUniteLegale,
 CAST(NULL AS VARCHAR) AS nomUsageUniteLegale,
 CASE WHEN category(u) <> '1000' THEN pick(u, 26, ['ASSOCIATION ', 'SOCIETE ', 'AMIS DE ', 'ATELIER ', 'CLUB ']) || u
 END AS denominationUniteLegale, CAST(NULL AS VARCHAR) AS denominationUsuelle1UniteLegale,
 CAST(NULL AS VARCHAR) AS denominationUsuelle2UniteLegale, CAST(NULL AS VARCHAR) AS denominationUsuelle3UniteLegale,
 category(u) AS categorieJuridiqueUniteLegale, naf(u) AS activitePrincipaleUniteLegale,
 'NAFRev2' AS nomenclatureActivitePrincipaleUniteLegale, '00011' AS nicSiegeUniteLegale,
 CASE WHEN category(u) < '5711' AND draw(u, 27) < 0.0004 THEN 'O' WHEN draw(u, 27) < 0.4 THEN 'N'
 END AS economieSocialeSolidaireUniteLegale,
 CASE WHEN draw(u, 28) < 0.4 THEN 'N' END AS societeMissionUniteLegale,
 pick(u, 29, ['N', 'N', 'O']) AS caractereEmployeurUniteLegale,
 CAST(NULL AS VARCHAR) AS activitePrincipaleNAF25UniteLegale
FROM (SELECT range AS u FROM range({first}, {last}))
"""
_NULLS = (
    "complementAdresse2 numeroVoie2 indiceRepetition2 typeVoie2 libelleVoie2 codePostal2 libelleCommune2 "
    "libelleCommuneEtranger2 distributionSpeciale2 codeCommune2 codeCedex2 libelleCedex2 codePaysEtranger2 "
    "libellePaysEtranger2"
)
_SITES = """
SELECT siren(u) AS siren, printf('%05d', 11 + n) AS nic, siren(u) || printf('%05d', 11 + n) AS siret,
 diffusion(u) AS statutDiffusionEtablissement, day(e, 30) AS dateCreationEtablissement,
 band(e) AS trancheEffectifsEtablissement, CAST(2023 AS INTEGER) AS anneeEffectifsEtablissement,
 CAST(NULL AS VARCHAR) AS activitePrincipaleRegistreMetiersEtablissement,
 CAST('2026-10-01' AS TIMESTAMP) AS dateDernierTraitementEtablissement, n = 0 AS etablissementSiege,
 CAST(2 AS BIGINT) AS nombrePeriodesEtablissement,
 CASE WHEN draw(e, 31) < 0.15 THEN 'CHEZ NOM' || (e % 90001) END AS complementAdresseEtablissement,
 CASE WHEN diffusion(u) = 'P' THEN '[ND]' ELSE CAST(1 + e % 180 AS VARCHAR) END AS numeroVoieEtablissement,
 CASE WHEN draw(e, 32) < 0.05 THEN 'B' END AS indiceRepetitionEtablissement,
 CAST(NULL AS VARCHAR) AS dernierNumeroVoieEtablissement,
 CAST(NULL AS VARCHAR) AS indiceRepetitionDernierNumeroVoieEtablissement,
 CASE WHEN diffusion(u) = 'P' THEN '[ND]' ELSE pick(e, 33, ['RUE', 'AVENUE', 'BOULEVARD', 'PLACE', 'ALLEE', 'CHEMIN'])
 END AS typeVoieEtablissement,
 CASE WHEN diffusion(u) = 'P' THEN '[ND]' ELSE street(e) END AS libelleVoieEtablissement,
 commune(e)[1:2] || '000' AS codePostalEtablissement, 'COMMUNE ' || commune(e) AS libelleCommuneEtablissement,
 CAST(NULL AS VARCHAR) AS libelleCommuneEtrangerEtablissement,
 CAST(NULL AS VARCHAR) AS distributionSpecialeEtablissement,
 commune(e) AS codeCommuneEtablissement, CAST(NULL AS VARCHAR) AS codeCedexEtablissement,
 CAST(NULL AS VARCHAR) AS libelleCedexEtablissement, CAST(NULL AS VARCHAR) AS codePaysEtrangerEtablissement,
 CAST(NULL AS VARCHAR) AS libellePaysEtrangerEtablissement, printf('%010d_B', e) AS identifiantAdresseEtablissement,
 CAST(600000 + 90000 * draw(e, 34) AS VARCHAR) AS coordonneeLambertAbscisseEtablissement,
 CAST(6800000 + 90000 * draw(e, 35) AS VARCHAR) AS coordonneeLambertOrdonneeEtablissement, {nulls},
 day(e, 36) AS dateDebut, CASE WHEN draw(e, 37) < 0.38 THEN 'A' ELSE 'F' END AS etatAdministratifEtablissement,
 CASE WHEN draw(e, 38) < 0.25 THEN 'ENSEIGNE ' || (e % 700001) END AS enseigne1Etablissement,
 CAST(NULL AS VARCHAR) AS enseigne2Etablissement, CAST(NULL AS VARCHAR) AS enseigne3Etablissement,
 CAST(NULL AS VARCHAR) AS denominationUsuelleEtablissement, naf(e) AS activitePrincipaleEtablissement,
 'NAFRev2' AS nomenclatureActivitePrincipaleEtablissement,
 CASE WHEN band(e) > '00' AND band(e) < '99' THEN 'O' ELSE 'N' END AS caractereEmployeurEtablissement,
 CAST(NULL AS VARCHAR) AS activitePrincipaleNAF25Etablissement
FROM (SELECT u, n, u * 2 + n AS e FROM range({first}, {last}) units(u), range(0, 2) sites(n)
      WHERE n = 0 OR u % 7 < 3 ORDER BY u, n)
"""
_PLACES = """
SELECT siren(u) || printf('%05d', 11 + n) AS siret,
 600000 + 90000 * draw(e, 34) AS x, 6800000 + 90000 * draw(e, 35) AS y,
 pick(e, 40, ['11', '11', '11', '11', '11', '11', '12', '21', '22', '33']) AS qualite_xy, '2154' AS epsg,
 CASE WHEN draw(e, 41) < 0.06 THEN printf('QN%02d%03dM', 1 + CAST(floor(94 * draw(e, 9)) AS INTEGER), 1 + e % 20)
 ELSE 'CSZ' END AS plg_qp24, CAST(NULL AS VARCHAR) AS plg_iris, 'CSZ' AS plg_qp15, commune(e) AS plg_code_commune,
 CAST(0 AS DOUBLE) AS distance_precision, 2.4 + draw(e, 34) AS x_longitude, 48.9 + draw(e, 35) AS y_latitude
FROM (SELECT u, n, u * 2 + n AS e FROM range({first}, {last}) units(u), range(0, 2) sites(n)
      WHERE n = 0 OR u % 7 < 3 ORDER BY u, n)
"""
"""Where INSEE places establishments: one in ten at random in its commune, one in seventeen in a QPV."""


def make(folder: Path, *, units: int = UNITS, seed: int = 0) -> dict[str, int]:
    """Write the three files into a folder and return the number of rows of each.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     list(make(Path(folder), units=700).values())
    [700, 1000, 1000]
    """
    nulls = ", ".join(f"CAST(NULL AS VARCHAR) AS {name}Etablissement" for name in _NULLS.split())
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, int] = {}
    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as base:
        base.execute(_HELPERS.format(seed=seed, codes=list(EST_ENSEMBLE)))
        queries = {"StockUniteLegale": _UNITS, "StockEtablissement": _SITES, "Geolocalisation": _PLACES}
        for name, query in queries.items():
            path = folder / f"{name}_utf8.parquet"
            writer = None
            for first in range(0, units, PART_UNITS):
                part = base.sql(query.format(first=first, last=min(first + PART_UNITS, units), nulls=nulls))
                table = part.to_arrow_table()
                writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
                writer.write_table(table, row_group_size=ROW_GROUP)
                rows[path.name] = rows.get(path.name, 0) + table.num_rows
            if writer is not None:
                writer.close()
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--units", type=int, default=UNITS)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for name, count in make(given.folder, units=given.units, seed=given.seed).items():
        print(f"{name}: {count:,} rows, {(given.folder / name).stat().st_size / 1e9:.2f} GB")
