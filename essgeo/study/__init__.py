"""One run, from a territory to a folder of pages, tables and layers: set up, measure, publish."""

from essgeo.study.check_up import check_up
from essgeo.study.measure import measure
from essgeo.study.run import publish, run_study
from essgeo.study.setting import set_up

__all__ = ["check_up", "measure", "publish", "run_study", "set_up"]
