"""A register of SIRENE of Est Ensemble that nobody lives in: drawn from a seed, its answers known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from tests.made.sirene import place, siret, site, unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

BONDY = "93010"
NEIGHBOURS = (("93001", "AUBERVILLIERS"), ("75120", "PARIS 20"), ("93031", "EPINAY-SUR-SEINE"))
SECRET = "NOM TENU SECRET"  # noqa: S105 (the name of somebody, not a password)
ESS_FAMILY, ESS_NAME = "Famille juridique de l'entreprise", "Nom ou raison sociale de l'entreprise"
"""Headers of the list of ESS France."""
KINDS = (
    # share, category, activity, flag, listed as -> family (none: not of the ESS), sector, rule
    (0.24, "9220", "94.99Z", None, None, "association", "", "legal_category"),
    (0.10, "9220", "93.12Z", None, None, "association", "culture_sport", "legal_category"),
    (0.08, "9220", "90.01Z", "N", None, "association", "culture_sport", "legal_category"),
    (0.07, "9220", "88.91A", None, None, "association", "petite_enfance", "legal_category"),
    (0.06, "9220", "87.90B", None, None, "association", "sante_social", "legal_category"),
    (0.05, "9260", "38.32Z", None, None, "association", "economie_circulaire_reemploi", "legal_category"),
    (0.03, "9220", "10.71C", None, "Associations", "association", "alimentation_agriculture", "list"),
    (0.05, "5458", "43.21A", None, None, "cooperative", "artisanat_fabrication", "legal_category"),
    (0.03, "5460", "62.01Z", "O", None, "cooperative", "numerique", "flag"),
    (0.03, "5710", "62.01Z", "O", None, "entreprise_commerciale_ess", "numerique", "flag"),
    (0.02, "5710", "96.02A", None, "Sociétés commerciales", "entreprise_commerciale_ess", "", "list"),
    (0.02, "8210", "65.12Z", None, None, "mutuelle", "financement", "legal_category"),
    (0.01, "9300", "94.99Z", None, None, "fondation", "", "legal_category"),
    (0.02, "9220", "94.92Z", None, None, None, "", "excluded_activity"),
    (0.11, "5710", "62.01Z", "N", None, None, "", "none"),
    (0.08, "1000", "96.02A", None, None, None, "", "none"),
)
"""What establishments are drawn from; each eighth is a branch of the one before."""
BANDS = (None, "NN", "NN", "01", "02", "11")
SITE_STATES = ("active", "closed", "closed_since", "not_begun")
QUALITIES = ("11", "12", "33", None)


@dataclass(frozen=True)
class MadeRegister:
    """Rows of SIRENE, of its geolocation and of the ESS France list, and what a register must make of them.

    Attributes
    ----------
    sites, units, places, listed
        Rows in the official schemas.
    expected
        The structures that must be found, by SIRET: ``family``, ``sectors``, ``listed``, ``citycode``, ``masked``,
        ``engine`` (``sirene``, ``ban`` or ``""``: no position) and the place.
    """

    sites: list[dict[str, Any]]
    units: list[dict[str, Any]]
    places: list[dict[str, Any]]
    listed: pd.DataFrame
    expected: gpd.GeoDataFrame


def make_register(iris: gpd.GeoDataFrame, houses: pd.DataFrame, *, sites: int, seed: int = 0) -> MadeRegister:
    """Draw a register.

    Parameters
    ----------
    iris
        Places are drawn in them, by their population.
    houses
        Rows of the Base Adresse Nationale of Bondy: establishments of Bondy stand at one of them.
    sites
        Establishments, of the ESS or not, open or not, a tenth of them in neighbouring communes.
    seed
        Of the draws.
    """
    rng = np.random.default_rng(seed)
    spots = _spots(iris, houses, sites, rng)
    drawn = {
        "kind": rng.choice(len(KINDS), size=sites, p=[kind[0] for kind in KINDS]),
        "state": rng.choice(SITE_STATES, size=sites, p=[0.8, 0.12, 0.04, 0.04]),
        "quality": rng.choice(np.array(QUALITIES, dtype=object), size=sites, p=[0.72, 0.1, 0.1, 0.08]),
        "hidden": rng.choice(["", "site", "unit"], size=sites, p=[0.93, 0.04, 0.03]),
        "band": rng.choice(np.array(BANDS, dtype=object), size=sites),
    }
    rows = list(_rows(spots.assign(**drawn)))
    units = [row["unit"] for row in rows if row["unit"]]
    listed = [(row["site"]["siren"], row["listed"]) for row in rows if row["listed"]]
    expected = gpd.GeoDataFrame([row["expected"] for row in rows if row["expected"]], crs=iris.crs).set_index("siret")
    return MadeRegister(
        sites=[row["site"] for row in rows],
        units=units,
        places=[row["place"] for row in rows if row["place"]],
        listed=pd.DataFrame(listed, columns=["SIREN", ESS_FAMILY]).drop_duplicates("SIREN").assign(**{ESS_NAME: ""}),
        expected=expected,
    )


def _spots(iris: gpd.GeoDataFrame, houses: pd.DataFrame, count: int, rng: Generator) -> gpd.GeoDataFrame:
    """Return an address and a place for each establishment, in the IRIS layer's CRS."""
    share = iris["population"] / iris["population"].sum()
    owner = rng.choice(len(iris), size=count, p=share)
    drawn = iris.sample_points(np.bincount(owner, minlength=len(iris)), rng=rng).explode(index_parts=False)
    drawn = drawn[drawn.notna() & ~drawn.is_empty]
    spots = gpd.GeoDataFrame(iris[["citycode", "city"]].reindex(drawn.index), geometry=drawn).reset_index(drop=True)
    spots = spots.iloc[rng.permutation(count)].reset_index(drop=True)
    spots = spots.assign(number=[str(1 + n % 90) for n in range(count)], street_type="RUE", street="SANS BAN")
    there = spots.index[spots["citycode"] == BONDY]
    chosen = houses.iloc[rng.choice(len(houses), size=len(there), replace=False)]
    words = chosen["nom_voie"].str.normalize("NFKD").str.encode("ascii", "ignore").str.decode("ascii").str.upper()
    spots.loc[there, ["street_type", "street"]] = words.str.split(" ", n=1, expand=True).to_numpy()
    spots.loc[there, "number"] = chosen["numero"].to_numpy()
    points = gpd.GeoSeries.from_xy(chosen["x"].astype(float), chosen["y"].astype(float), crs=2154).to_crs(iris.crs)
    spots.loc[there, "geometry"] = points.to_numpy()
    away = rng.choice(count, size=count // 10, replace=False)
    spots.loc[away, ["citycode", "city"]] = [NEIGHBOURS[n % len(NEIGHBOURS)] for n in range(len(away))]
    return spots.assign(away=spots.index.isin(away))


def _rows(spots: gpd.GeoDataFrame) -> Iterator[dict[str, Any]]:
    """Give, for each establishment, its rows and what is expected of it; each eighth is a branch of the one before."""
    drawn = list(spots.itertuples())
    for at, spot in enumerate(drawn):
        head = at - (at % 8 == 7)
        unit_row = drawn[head]
        number, nic = 100_000_000 + head * 17, 11 + at - head
        _, category, naf, flag, listed, family, sector, rule = KINDS[unit_row.kind]
        masked = spot.hidden == "site" or unit_row.hidden == "unit"
        told = "[ND]" if at % 2 else SECRET
        state, quality, band = spot.state, spot.quality, spot.band
        columns = {
            "statutDiffusionEtablissement": "P" if spot.hidden == "site" else "O",
            "dateCreationEtablissement": "2026-03-01" if state == "not_begun" else "2012-09-01",
            "etatAdministratifEtablissement": "F" if state.startswith("closed") else "A",
            "dateDebut": "2026-06-01" if state == "closed_since" else "2020-01-01",
            "trancheEffectifsEtablissement": band,
            "caractereEmployeurEtablissement": "O" if band in {"01", "02", "11"} else "N",
            "etablissementSiege": "true" if at == head else "false",
            "complementAdresseEtablissement": f"CHEZ {SECRET}",
            "numeroVoieEtablissement": told if masked else spot.number,
            "typeVoieEtablissement": told if masked else spot.street_type,
            "libelleVoieEtablissement": told if masked else spot.street,
            "enseigne1Etablissement": told if masked else None,
            "codePostalEtablissement": "93000",
            "libelleCommuneEtablissement": spot.city.upper(),
            "codeCommuneEtablissement": spot.citycode,
            "activitePrincipaleEtablissement": naf,
        }
        person = category == "1000"
        of_unit = {
            "statutDiffusionUniteLegale": "P" if unit_row.hidden == "unit" else "O",
            "denominationUniteLegale": None if person else told if unit_row.hidden == "unit" else f"STRUCTURE {head}",
            "nomUniteLegale": SECRET if person else None,
            "prenom1UniteLegale": SECRET if person else None,
            "categorieJuridiqueUniteLegale": category,
            "activitePrincipaleUniteLegale": naf,
            "economieSocialeSolidaireUniteLegale": flag,
        }
        in_ban = spot.citycode == BONDY and not spot.away
        engine = "sirene" if quality == "11" or (quality == "12" and not in_ban) else "ban" if in_ban else ""
        answer = {
            "siret": siret(number, nic),
            "family": family,
            "sectors": sector,
            "listed": rule == "list",
            "citycode": spot.citycode,
            "masked": masked,
            "engine": "" if masked else engine,
            "geometry": spot.geometry,
        }
        x, y = spot.geometry.x, spot.geometry.y
        where = {"x": x, "y": y, "qualite_xy": quality, "plg_code_commune": spot.citycode}
        yield {
            "site": site(number, nic, **columns),
            "unit": unit(number, **of_unit) if at == head else None,
            "place": place(number, nic, **where) if quality else None,
            "listed": listed,
            "expected": answer if family and not spot.away and state in {"active", "closed_since"} else None,
        }
