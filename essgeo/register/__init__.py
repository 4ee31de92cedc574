"""The register of the ESS of a territory, from the official files, with positions, and its portrait by area."""

from essgeo.register.areas import portrait_by_area
from essgeo.register.build import build_register
from essgeo.register.economy import register_portrait
from essgeo.register.files import RegisterFiles
from essgeo.register.table import as_table

__all__ = ["RegisterFiles", "as_table", "build_register", "portrait_by_area", "register_portrait"]
