"""All of France by department: the same functions in one process or on a Dask cluster, taken up after a failure.

Split the register by department once, then run each stage; without a ``client`` it runs in this process::

    from distributed import Client

    departments = split_by_department(register, "work/structures")
    located = run_partitions(
        partial(geocode_department, structures=Path("work/structures"), ban=Path("ban"), index=Path("work/index")),
        departments,
        "work/located",
        inputs=[Path("work/structures"), Path("ban")],
        client=Client("scheduler:8786"),
    )
"""

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
