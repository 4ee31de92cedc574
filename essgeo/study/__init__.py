"""One assembly: gather, locate, measure, publish. Each command takes from it what it needs."""

from essgeo.study.inputs import Options
from essgeo.study.place import named_zones, place
from essgeo.study.run import measure, publish_study, run_study, set_up

__all__ = ["Options", "measure", "named_zones", "place", "publish_study", "run_study", "set_up"]
