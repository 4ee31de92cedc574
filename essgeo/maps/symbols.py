"""The symbol of each sector, a shape as well as a colour, and the classes of the coverage map."""

from __future__ import annotations

from typing import NamedTuple

SHAPES = {
    "circle": "M-1 0A1 1 0 1 0 1 0A1 1 0 1 0-1 0Z",
    "square": "M-.85-.85H.85V.85H-.85Z",
    "triangle": "M0-1.1L1.05 .8H-1.05Z",
    "wedge": "M0 1.1L1.05-.8H-1.05Z",
    "diamond": "M0-1.2L1.1 0L0 1.2L-1.1 0Z",
    "pentagon": "M0-1.1L1.05-.34L.65 .89H-.65L-1.05-.34Z",
    "star": "M0-1.25L.33-.43L1.2-.38L.52 .18L.74 1.03L0 .55L-.74 1.03L-.52 .18L-1.2-.38L-.33-.43Z",
    "plus": "M-.4-1.1H.4V-.4H1.1V.4H.4V1.1H-.4V.4H-1.1V-.4H-.4Z",
    "cross": "M-1-.6L-.6-1L0-.4L.6-1L1-.6L.4 0L1 .6L.6 1L0 .4L-.6 1L-1 .6L-.4 0Z",
}
"""SVG paths of radius 1 around 0, for the legend and for the canvas of the map."""


class Symbol(NamedTuple):
    """A shape of :data:`SHAPES` and its colour; every pair stands for one sector."""

    shape: str
    colour: str


SECTOR_SYMBOLS = {
    "accompagnement": Symbol("star", "#0b4f9e"),
    "alimentation_agriculture": Symbol("circle", "#1b7a3d"),
    "artisanat_fabrication": Symbol("square", "#7a4b12"),
    "autre": Symbol("circle", "#4a4a4a"),
    "culture_sport": Symbol("triangle", "#6a3d9a"),
    "economie_circulaire_reemploi": Symbol("triangle", "#1b7a3d"),
    "education_jeunesse": Symbol("circle", "#6a3d9a"),
    "financement": Symbol("diamond", "#0b4f9e"),
    "habitat_urbanisme": Symbol("pentagon", "#7a4b12"),
    "insertion_emploi": Symbol("circle", "#b3261e"),
    "mediation_numerique": Symbol("diamond", "#00727a"),
    "mobilite": Symbol("wedge", "#4a4a4a"),
    "numerique": Symbol("square", "#00727a"),
    "petite_enfance": Symbol("wedge", "#a3197b"),
    "sante_social": Symbol("plus", "#b3261e"),
    "solidarite_internationale": Symbol("star", "#6a3d9a"),
    "tiers_lieu": Symbol("pentagon", "#a3197b"),
}

SHARE_BREAKS = (0.8, 0.6, 0.4, 0.2)
"""Lower bounds of the classes of the coverage map; the last class lies below them all."""

SHARE_COLOURS = ("#fff3dc", "#fdd49e", "#fdae6b", "#e6773b", "#a63603")
"""One colour a class, darker as fewer residents are within reach, so that they differ in grey too."""

SHARE_HATCHES = (0, 0, 0, 12, 6)
"""Distance between the lines that hatch a class of the coverage map, in pixels: the lowest show without colour."""
