"""The files that a study rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.provenance import Input, given_input, sha256_of
from essgeo.sources.live import input_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from essgeo.access import WalkNetwork
    from essgeo.territory import Territory


def own_inputs(
    territory: Territory, vintage: str, given: Collection[str], *, layers: Collection[str] | None = None
) -> list[Input]:
    """Return the files of a territory that a study uses.

    Parameters
    ----------
    territory
        From :func:`essgeo.load_territory`.
    vintage
        Vintage of the QPV; files of other vintages are not used.
    given
        Layers for which the user gave a file.
    layers
        Only these layers; all of them by default.

    Returns
    -------
    list of Input
        Each with the hash of its bytes.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> here = load_territory("est-ensemble")
    >>> [source.file for source in own_inputs(here, "2024", {})][:2]
    ['iris.geojson', 'qpv_2024.geojson']
    """
    return [
        input_of(file)
        for file in territory.files
        if file.layer not in given
        and (layers is None or file.layer in layers)
        and not (file.layer == "qpv" and file.vintage != vintage)
    ]


def user_inputs(given: Mapping[str, Path], vintage: str, network: WalkNetwork | None) -> list[Input]:
    """Return the files that the user gave.

    Parameters
    ----------
    given
        Files by the layer they stand for.
    vintage
        Vintage of the QPV.
    network
        What was read from ``given["network"]``: it knows its source, licence and day.

    Examples
    --------
    >>> user_inputs({}, "2024", None)
    []
    """
    theirs = [
        given_input(layer, path, title=f"{layer}, file of the user", vintage=vintage)
        for layer, path in given.items()
        if layer != "network"
    ]
    if network is not None and "network" in given:
        streets = given["network"]
        day = network.date or "unknown date"
        title = "Streets and paths to walk on"
        theirs.append(Input("network", streets.name, sha256_of(streets), title, network.source, network.licence, day))
    return theirs


def vintage_of(inputs: Sequence[Input], layer: str) -> str:
    """Return the vintage of the first file of a layer, ``""`` where there is none.

    Examples
    --------
    >>> vintage_of([Input("iris", "i.gpkg", "", "IRIS", "IGN", "Licence Ouverte 2.0", "2024")], "iris")
    '2024'
    """
    return next((source.vintage for source in inputs if source.layer == layer), "")
