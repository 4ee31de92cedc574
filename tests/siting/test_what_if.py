"""What one place more brings anywhere is what choosing one site there gives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from essgeo import choose_sites
from essgeo.siting import Assumptions, gains_by_cell, search_areas

if TYPE_CHECKING:
    from essgeo.results import Study

DRAWS = 64


@pytest.mark.slow
def test_a_cell_brings_what_choosing_it_gives(est_ensemble: Study) -> None:
    study, chosen = est_ensemble, replace(est_ensemble.parameters, siting_draws=DRAWS)
    iris = study.iris[study.iris["citycode"] == "93045"]
    found = gains_by_cell(study.demand, study.structures, iris, chosen)
    settings = Assumptions(draws=DRAWS, study_draws=chosen.draws, seed=chosen.seed, speed_kmh=chosen.speed_kmh)
    themes = {theme: found.themes.index(theme) for theme in ("all", "mobilite")}
    asked = [(*one, place) for one in themes.items() for place in (0, int(found.newly[:, one[1]].argmax()))]
    for theme, at, place in asked:
        scenario = choose_sites(
            study.demand,
            search_areas(iris),
            count=1,
            sector=theme,
            within_minutes=chosen.walk_minutes,
            objective="coverage",
            structures=study.structures,
            as_of=chosen.as_of,
            must_include=[found.cells.index[place]],
            assumptions=settings,
        )
        told = [scenario.newly_reached, scenario.newly_low, scenario.newly_high]
        ours = [part[place, at] for part in (found.newly, found.low, found.high)]
        np.testing.assert_allclose(ours, told, rtol=1e-4, atol=0.1)
        by_name = scenario.by_neighbourhood.set_index("neighbourhood_id")["newly_reached"]
        np.testing.assert_allclose(found.there[place, at], by_name[[*found.neighbourhoods]], rtol=1e-4, atol=0.1)
