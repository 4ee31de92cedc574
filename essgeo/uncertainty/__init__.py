"""What is not known, once: where a structure is, whether it still exists, how people walk, where they live."""

from essgeo.uncertainty.counting import reached_squares
from essgeo.uncertainty.ends import ends
from essgeo.uncertainty.homes import Homes, expected_people
from essgeo.uncertainty.positions import DISCS, NOWHERE, STREET_DISCS, WHOLE, WIDEST, Places, discs_of, on_street
from essgeo.uncertainty.reached import Reached, reached_people
from essgeo.uncertainty.streets import straight_metres, street_metres
from essgeo.uncertainty.worlds import FEWER, MANY_STRUCTURES, WORLDS, Worlds, as_flags, as_words, draw_worlds

__all__ = [
    "DISCS",
    "FEWER",
    "MANY_STRUCTURES",
    "NOWHERE",
    "STREET_DISCS",
    "WHOLE",
    "WIDEST",
    "WORLDS",
    "Homes",
    "Places",
    "Reached",
    "Worlds",
    "as_flags",
    "as_words",
    "discs_of",
    "draw_worlds",
    "ends",
    "expected_people",
    "on_street",
    "reached_people",
    "reached_squares",
    "straight_metres",
    "street_metres",
]
