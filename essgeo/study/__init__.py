"""One assembly: gather, locate, measure, publish. Each command takes from it what it needs."""

from essgeo.study.compare import compare_studies, publish_comparison, read_study
from essgeo.study.inputs import Options
from essgeo.study.place import named_zones, place
from essgeo.study.run import measure, publish_study, run_study, set_up, with_places

__all__ = [
    "Options",
    "compare_studies",
    "measure",
    "named_zones",
    "place",
    "publish_comparison",
    "publish_study",
    "read_study",
    "run_study",
    "set_up",
    "with_places",
]
