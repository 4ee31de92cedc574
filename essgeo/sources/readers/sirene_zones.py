"""The QPV that INSEE places establishments of SIRENE in, ESS or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.sources.catalogue import find_source
from essgeo.sources.readers.database import MEMORY, database, list_texts, quoted, scan
from essgeo.sources.readers.sirene import PUBLIC, active_on, within_communes
from essgeo.sources.readers.sirene_geolocation import QUALITIES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection
    from pathlib import Path

    import pandas as pd

_COLUMN_OF_VINTAGE = {"2024": "qpv_2024", "2015": "qpv_2015"}


def read_zones_of_establishments(
    establishments: Path,
    geolocation: Path,
    zones: Collection[str],
    *,
    vintage: str,
    as_of: dt.date,
    citycodes: Collection[str],
    memory: str = MEMORY,
) -> pd.DataFrame:
    r"""Return the establishments of some communes that INSEE places in a QPV, each with its QPV.

    Parameters
    ----------
    establishments, as_of, citycodes, memory
        As for :func:`essgeo.sources.readers.sirene.read_establishments`.
    geolocation
        The geolocation of SIRENE.
    zones
        Codes of the QPV.
    vintage
        Their vintage, such as ``2024``: a code of one vintage is not looked for in the column of another.

    Returns
    -------
    DataFrame
        RangeIndex, by ``siret``; ``siret``, ``zone_id``, ``employer`` (``O``, ``N`` or ``""``). What INSEE diffuses in
        part is left out, and what it places at random in the commune (``qualite_xy`` 33). Without rows where the file
        does not tell the QPV of that vintage.

    Raises
    ------
    SourceUnavailableError, SourceChangedError, InputError
        As for :func:`essgeo.sources.readers.sirene.read_establishments`.

    Examples
    --------
    >>> import datetime as dt, pathlib, tempfile
    >>> heads = ("siret;siren;statutDiffusionEtablissement;dateCreationEtablissement;trancheEffectifsEtablissement;"
    ...          "etablissementSiege;etatAdministratifEtablissement;enseigne1Etablissement;"
    ...          "denominationUsuelleEtablissement;activitePrincipaleEtablissement;caractereEmployeurEtablissement;"
    ...          "numeroVoieEtablissement;indiceRepetitionEtablissement;typeVoieEtablissement;libelleVoieEtablissement;"
    ...          "codePostalEtablissement;libelleCommuneEtablissement;codeCommuneEtablissement")
    >>> row = "00558011300011;005580113;O;2010-01-01;01;true;A;;;94.99Z;O;1;;RUE;A;93140;BONDY;93010"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sites, places = pathlib.Path(folder) / "sites.csv", pathlib.Path(folder) / "places.csv"
    ...     _ = sites.write_text(f"{heads}\n{row}\n")
    ...     _ = places.write_text("siret;x;y;qualite_xy;epsg;plg_code_commune;plg_qp24\n"
    ...                           "00558011300011;660000;6867000;11;2154;93010;QN09301M\n")
    ...     found = read_zones_of_establishments(
    ...         sites, places, ["QN09301M"], vintage="2024", as_of=dt.date(2026, 1, 1), citycodes=["93010"])
    >>> found.values.tolist()
    [['00558011300011', 'QN09301M', 'O']]
    """
    with database(memory=memory) as base:
        site = scan(base, establishments, find_source("sirene_establishments"))
        place = scan(base, geolocation, find_source("sirene_geolocation"))
        column = _COLUMN_OF_VINTAGE.get(vintage)
        zone = place.text[column] if column else "''"
        list_texts(base, "zones", "code", zones)
        surely = f"{place.text['quality']} IN ({', '.join(map(quoted, QUALITIES))})"
        placed = f"SELECT {place.raw['siret']} AS siret, {zone} AS zone_id FROM {place.table} WHERE {surely}"
        open_rows = f"{site.raw['diffusion']} = {quoted(PUBLIC)} AND {active_on(site, as_of)}"
        active = (
            f"SELECT {site.raw['siret']} AS siret, {site.text['employer']} AS employer FROM {site.table} "
            f"WHERE {open_rows} AND {within_communes(site, citycodes)}"
        )
        query = (
            f"SELECT siret, zone_id, employer FROM ({placed}) JOIN ({active}) USING (siret) "
            "WHERE zone_id IN (SELECT code FROM zones) ORDER BY siret"
        )
        return base.execute(query).df()
