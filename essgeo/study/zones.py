"""The zones of a study: structures laid over them, and counted in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from essgeo.zoning import count_in, locate_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd

ZONE_METHOD = "expected count over the positional radius"


def zone_layers(layers: Mapping[str, gpd.GeoDataFrame], *, iris_vintage: str) -> dict[str, gpd.GeoDataFrame]:
    """Return every layer that structures are laid over, with the same columns.

    Parameters
    ----------
    layers
        ``qpv``, ``npnru``, ``neighbourhoods`` and ``communes``.
    iris_vintage
        Vintage of the outlines that neighbourhoods and communes are made of.

    Returns
    -------
    dict of GeoDataFrame
        ``qpv``, ``npnru``, ``neighbourhood`` and ``commune``, each with ``programme``, ``interest`` and ``vintage``.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> layers = {name: getattr(study, name) for name in ("qpv", "npnru", "neighbourhoods", "communes")}
    >>> zone_layers(layers, iris_vintage="2024")["commune"]["vintage"].unique().tolist()
    ['2024']
    """
    bare = {"programme": "", "interest": "", "vintage": iris_vintage}
    return {
        "qpv": layers["qpv"],
        "npnru": layers["npnru"],
        "neighbourhood": layers["neighbourhoods"].assign(**bare),
        "commune": layers["communes"].assign(**bare),
    }


def overlay(
    structures: gpd.GeoDataFrame, zones: Mapping[str, gpd.GeoDataFrame], *, near_m: Sequence[int]
) -> pd.DataFrame:
    """Return one row for each structure and zone that matter to each other.

    Parameters
    ----------
    structures
        From :func:`essgeo.geocode`.
    zones
        From :func:`zone_layers`.
    near_m
        Distances to a zone that are flagged, metres.

    Returns
    -------
    DataFrame
        ``structure_id``, ``layer``, then the columns of :func:`essgeo.locate_in`.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> overlay(study.structures, {"qpv": study.qpv}, near_m=(300,))["layer"].unique().tolist()
    ['qpv']
    """
    table = pd.concat(
        [locate_in(structures, layer, near_m=near_m).assign(layer=name) for name, layer in zones.items()],
        ignore_index=True,
    )
    return table[["structure_id", "layer", *(name for name in table.columns if name not in {"structure_id", "layer"})]]


def count_zones(
    zones: Mapping[str, gpd.GeoDataFrame],
    rows: pd.DataFrame,
    areas: pd.DataFrame,
    *,
    near_m: Sequence[int],
    level: float,
) -> pd.DataFrame:
    """Return how many structures each zone holds, surely, perhaps and on average.

    Parameters
    ----------
    zones
        From :func:`zone_layers`.
    rows
        From :func:`overlay`, of the structures that count.
    areas
        ``level``, ``zone_id`` and ``residents`` of each zone.
    near_m
        Distances to a zone that are flagged, metres.
    level
        Level of the interval of the expected count.

    Returns
    -------
    DataFrame
        One row a zone: ``layer``, ``zone_id``, its name, vintage and programme, ``residents``, ``area_ha``, and the
        counts of :func:`essgeo.zoning.count_in` as ``structures_in``, ``structures_undetermined``,
        ``structures_expected`` with ``structures_low`` and ``structures_high``, ``structures_within_300m`` and so on;
        ``method``.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> study.zones.query("zone_id == '93010' and layer == 'commune'")["name"].tolist()
    ['Bondy']
    """
    near = [f"within_{metres}m" for metres in near_m]
    tables = []
    for name, layer in zones.items():
        counts = count_in(rows[rows["layer"] == name], by=["zone_id"], level=level)
        counts = counts.reindex(layer.index, fill_value=0).rename(
            columns={
                "certain": "structures_in",
                "undetermined": "structures_undetermined",
                "expected": "structures_expected",
                "low": "structures_low",
                "high": "structures_high",
                **{column: f"structures_{column}" for column in near},
            }
        )
        residents = areas[areas["level"] == name].set_index("zone_id")["residents"]
        described = pd.DataFrame(layer[["name", "vintage", "programme", "interest"]])
        described["residents"] = residents.reindex(layer.index)
        described["area_ha"] = layer.area / 10_000
        joined = described.join(counts).rename_axis("zone_id").reset_index()
        tables.append(joined.assign(layer=name, method=ZONE_METHOD))
    table = pd.concat(tables, ignore_index=True)
    return table[["layer", *(name for name in table.columns if name != "layer")]]
