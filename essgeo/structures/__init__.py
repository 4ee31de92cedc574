"""What a structure is, whether it is active, which rows are one, and how the register compares with the portrait."""

from essgeo.structures.activity import counted_on
from essgeo.structures.decisions import apply_decisions, join_decisions, read_decisions, settled_rows
from essgeo.structures.duplicates import suggest_duplicates
from essgeo.structures.perimeter import perimeter
from essgeo.structures.portrait import portrait

__all__ = [
    "apply_decisions",
    "counted_on",
    "join_decisions",
    "perimeter",
    "portrait",
    "read_decisions",
    "settled_rows",
    "suggest_duplicates",
]
