"""The register of the ESS of a territory, from the official files, with positions, and its portrait by area."""

from essgeo.register.areas import portrait_by_area
from essgeo.register.build import build_register
from essgeo.register.economy import Economy, count_economy
from essgeo.register.files import RegisterFiles
from essgeo.register.portrait import register_portrait
from essgeo.register.table import as_table

__all__ = [
    "Economy",
    "RegisterFiles",
    "as_table",
    "build_register",
    "count_economy",
    "portrait_by_area",
    "register_portrait",
]
