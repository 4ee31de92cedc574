"""The communes of France, from the official file of their outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyogrio

from essgeo.errors import InputError
from essgeo.sources.catalogue import find_source, official_columns
from essgeo.sources.tables import checked_suffix

if TYPE_CHECKING:
    from pathlib import Path


def read_commune_names(path: Path) -> dict[str, str]:
    """Return the name of each commune by its INSEE code, without reading its outline.

    Raises
    ------
    SourceChangedError
        A column stands under none of its names.
    InputError
        The file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> bondy = '{"type": "Feature", "properties": {"code": "93010", "nom": "Bondy"}, "geometry": null}'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "communes-5m.geojson"
    ...     _ = path.write_text(f'{{"type": "FeatureCollection", "features": [{bondy}]}}')
    ...     read_commune_names(path)
    {'93010': 'Bondy'}
    """
    checked_suffix(path)
    try:
        found = official_columns(pyogrio.read_info(path)["fields"], find_source("communes"), file=path.name)
        table = pyogrio.read_dataframe(path, columns=list(found), read_geometry=False).rename(columns=found)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        message = f"{path.name}: the geographic file cannot be read ({error}). Fetch it again."
        raise InputError(message) from error
    return dict(zip(table["citycode"].astype(str), table["name"].astype(str), strict=True))
