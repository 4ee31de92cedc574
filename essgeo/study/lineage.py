"""The files that a study rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.provenance import Input, sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from essgeo.access import WalkNetwork
    from essgeo.territory import Territory


def inputs_of(
    territory: Territory, vintage: str, given: Mapping[str, Path], network: WalkNetwork | None
) -> tuple[Input, ...]:
    """Return the files of a territory, then those the user gave instead of them.

    Parameters
    ----------
    territory
        From :func:`essgeo.load_territory`.
    vintage
        Vintage of the QPV; files of other vintages are not used.
    given
        Files of the user, by the layer they stand for.
    network
        What was read from ``given["network"]``: it knows its source, licence and day.

    Returns
    -------
    tuple of Input
        Each with the hash of its bytes.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> here = load_territory("est-ensemble")
    >>> [source.file for source in inputs_of(here, "2024", {}, None)][:2]
    ['iris.geojson', 'qpv_2024.geojson']
    """
    own = [
        Input(file.layer, file.path.name, sha256_of(file.path), file.title, file.publisher, file.licence, file.vintage)
        for file in territory.files
        if file.layer not in given and not (file.layer == "qpv" and file.vintage != vintage)
    ]
    theirs = [
        Input(
            layer, path.name, sha256_of(path), f"{layer}, file of the user", "the user", "as given by the user", vintage
        )
        for layer, path in given.items()
        if layer != "network"
    ]
    if network is not None:
        streets = given["network"]
        day = network.date or "unknown date"
        title = "Streets and paths to walk on"
        theirs.append(Input("network", streets.name, sha256_of(streets), title, network.source, network.licence, day))
    return (*own, *theirs)
