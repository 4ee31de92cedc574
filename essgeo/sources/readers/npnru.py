"""The QPV of 2015 in the urban renewal programme (NPNRU)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.sources.aliases import simplify
from essgeo.sources.readers.official import official_table
from essgeo.validation import validate

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from essgeo.sources.catalogue import Source


def read_npnru(path: Path, source: Source, *, qpv_2015: gpd.GeoDataFrame) -> pd.DataFrame:
    r"""Return the projects of the programme in a territory, by their QPV of 2015.

    Parameters
    ----------
    path
        The list of the ANRU: at least the codes of the QPV of 2015.
    source
        ``npnru`` of the catalogue.
    qpv_2015
        The QPV of 2015 of the territory.

    Returns
    -------
    DataFrame
        The ``npnru`` table. ``interest`` is ``unknown`` where the list does not say it; ``qpv_2024`` is empty: codes of
        one vintage are not those of another.

    Raises
    ------
    SourceChangedError, InputError
        The file cannot be read, or a column stands under none of its names.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from essgeo.sources.catalogue import find_source
    >>> zones = pd.DataFrame({"name": ["Nord"]}, index=["QP093001"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "npnru.csv"
    ...     _ = path.write_text("code_qp2015\nQP093001\nQP001001\n")
    ...     read_npnru(path, find_source("npnru"), qpv_2015=zones)[["qpv_2015", "interest"]].values.tolist()
    [['QP093001', 'unknown']]
    """
    table = official_table(path, source)
    here = table[table["qpv_2015"].isin(qpv_2015.index)]
    named = here["qpv_2015"].map(qpv_2015["name"])
    described = here.assign(
        project_id=[f"npnru-{number}" for number in range(1, len(here) + 1)],
        qpv_2024="",
        qpv_name=named,
        interest=here["interest"].map(interest_of),
        confidence=source.publisher,
        source=source.page,
    )
    return validate(described, "npnru", source=path.name)


def interest_of(text: str) -> str:
    """Return ``national``, ``regional``, ``none`` (not in the programme) or ``unknown`` for what a list says.

    Examples
    --------
    >>> [interest_of(text) for text in ("Intérêt régional", "NATIONAL", "none", "")]
    ['regional', 'national', 'none', 'unknown']
    """
    plain = simplify(text)
    return next((interest for interest in ("national", "regional", "none") if interest in plain), "unknown")
