"""What a structure is, whether it is active, which rows are one, and how the register compares with the portrait."""

from essgeo.structures.activity import OUTSIDE, counted_on, located_here
from essgeo.structures.decisions import apply_decisions, join_decisions, read_decisions, settled_rows
from essgeo.structures.duplicates import suggest_duplicates
from essgeo.structures.perimeter import perimeter
from essgeo.structures.portrait import portrait

__all__ = [
    "OUTSIDE",
    "apply_decisions",
    "counted_on",
    "join_decisions",
    "located_here",
    "perimeter",
    "portrait",
    "read_decisions",
    "settled_rows",
    "suggest_duplicates",
]
