"""What stands in for target neighbourhoods where a territory names none."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import geopandas as gpd
import pandas as pd

from essgeo.sources.aliases import simplify

if TYPE_CHECKING:
    from essgeo.words.vocabulary import Lang

_NOTES: dict[str, dict[Lang, str]] = {
    "qpv": {
        "fr": "Le territoire ne nomme aucun quartier cible : chaque QPV en tient lieu, dans son contour officiel.",
        "en": "The territory names no target neighbourhood: each QPV stands in, within its official outline.",
    },
    "commune": {
        "fr": "Le territoire ne nomme aucun quartier cible et n'a pas de QPV : chaque commune en tient lieu.",
        "en": "The territory names no target neighbourhood and has no QPV: each commune stands in.",
    },
}


def areas_as_neighbourhoods(qpv: gpd.GeoDataFrame, communes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the QPV of a territory, or its communes where it has none, as its target neighbourhoods.

    Parameters
    ----------
    qpv, communes
        Layers of the territory.

    Returns
    -------
    GeoDataFrame
        The columns of the ``neighbourhoods`` layer, with the outline of the QPV; ``iris_codes`` is empty, because the
        outline and not a list of IRIS says who lives there. ``city`` is the commune that holds most of it; ``note`` and
        ``note_fr`` say what stands in.

    Examples
    --------
    >>> from essgeo import load_territory, read_layer
    >>> here = load_territory("est-ensemble")
    >>> areas_as_neighbourhoods(read_layer(here, "qpv"), read_layer(here, "communes")).loc["qn09314m", "city"]
    'Bondy'
    """
    kind, areas = ("qpv", qpv) if len(qpv) else ("commune", communes)
    shared = gpd.overlay(
        gpd.GeoDataFrame({"area": range(len(areas))}, geometry=areas.geometry.to_numpy(), crs=areas.crs),
        gpd.GeoDataFrame({"citycode": communes.index}, geometry=communes.geometry.to_numpy(), crs=communes.crs),
        keep_geom_type=True,
    )
    largest = shared.assign(size=shared.area).sort_values("size").drop_duplicates("area", keep="last")
    citycodes = largest.set_index("area")["citycode"].sort_index().to_numpy()
    vintages = {f"qpv_{year}": "" for year in ("2015", "2024")}
    if kind == "qpv":
        vintages[f"qpv_{areas['vintage'].iloc[0]}"] = areas.index
    frame = gpd.GeoDataFrame(
        {
            "name": areas["name"].to_numpy(),
            "city": communes["name"].reindex(citycodes).to_numpy(),
            "citycode": citycodes,
            "iris_codes": "",
            **vintages,
            "note": _NOTES[kind]["en"],
            "note_fr": _NOTES[kind]["fr"],
        },
        geometry=areas.geometry.to_numpy(),
        crs=areas.crs,
        index=pd.Index([simplify(str(code)).replace("_", "-") for code in areas.index], name="neighbourhood_id"),
    )
    return cast("gpd.GeoDataFrame", frame)
