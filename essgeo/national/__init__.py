"""All of France by department: the same functions in one process or on a Dask cluster, taken up after a failure."""

from essgeo.national.departments import (
    coverage_department,
    geocode_department,
    overlay_department,
    split_by_department,
)
from essgeo.national.partitions import open_partitions, read_partitions, run_partitions

__all__ = [
    "coverage_department",
    "geocode_department",
    "open_partitions",
    "overlay_department",
    "read_partitions",
    "run_partitions",
    "split_by_department",
]
