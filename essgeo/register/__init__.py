"""The register of the ESS of a territory, from the official files, with positions, and its portrait by area."""

from essgeo.register.activity import OUTSIDE, activity_odds, as_day, counted_on, located_here
from essgeo.register.assemble import RegisterFiles, build_register
from essgeo.register.duplicates import apply_decisions, join_decisions, read_decisions, settled_rows, suggest_duplicates
from essgeo.register.establishments import as_table
from essgeo.register.perimeter import perimeter
from essgeo.register.portrait import Economy, count_economy, portrait, portrait_by_area, register_portrait

__all__ = [
    "OUTSIDE",
    "Economy",
    "RegisterFiles",
    "activity_odds",
    "apply_decisions",
    "as_day",
    "as_table",
    "build_register",
    "count_economy",
    "counted_on",
    "join_decisions",
    "located_here",
    "perimeter",
    "portrait",
    "portrait_by_area",
    "read_decisions",
    "register_portrait",
    "settled_rows",
    "suggest_duplicates",
]
