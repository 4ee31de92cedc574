"""What people hand in and get back: tables, layers, structures, premises, perimeters, and files of every format."""

from essgeo.files.layers import read_layers
from essgeo.files.perimeters import read_zones
from essgeo.files.premises import read_premises
from essgeo.files.structures import read_structures
from essgeo.files.tables import read_table
from essgeo.files.write import write_file

__all__ = ["read_layers", "read_premises", "read_structures", "read_table", "read_zones", "write_file"]
