"""What a structure is, whether it is active, and how the register compares with the portrait of the ESS."""

from essgeo.structures.activity import counted_on
from essgeo.structures.portrait import portrait

__all__ = ["counted_on", "portrait"]
