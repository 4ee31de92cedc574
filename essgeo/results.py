"""What a run was asked and what it found: plain frames that maps and exports read and never change."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.gaps.difference import findings
from essgeo.register.activity import OUTSIDE, located_here
from essgeo.schema.vocabulary import SPEEDS_KMH
from essgeo.text.notebook import study_digest
from essgeo.uncertainty import WORLDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from essgeo.access import WalkingComparison, WalkNetwork
    from essgeo.access.base_map import BaseLayer
    from essgeo.files.provenance import Input
    from essgeo.geocoding.engines import Engine
    from essgeo.messages import Lang
    from essgeo.register import Economy
    from essgeo.territory import Territory


@dataclass(frozen=True)
class Parameters:
    """The choices of a run; every one of them is printed on the method page.

    Attributes
    ----------
    vintage
        Vintage of the QPV.
    as_of
        Day on which a structure must be active to count.
    walk_minutes
        The walk that maps, gaps and the support chain speak of.
    thresholds_min
        Walks for which coverage is tabulated; ``walk_minutes`` is always among them.
    profile, speed_kmh
        Who walks, and how fast.
    spacing_m
        Distance between demand points.
    near_m
        Distances to a zone that are flagged.
    draws, seed
        Number and seed of the random draws behind intervals.
    siting_draws
        Number of worlds behind the figures of sites.
    level
        Level of the intervals.
    """

    vintage: str
    as_of: dt.date = field(default_factory=dt.date.today)
    walk_minutes: int = 15
    thresholds_min: tuple[int, ...] = (5, 10, 15)
    profile: str = "adult"
    speed_kmh: float = SPEEDS_KMH["adult"]
    spacing_m: float = 50.0
    near_m: tuple[int, ...] = (300, 500)
    draws: int = WORLDS
    siting_draws: int = 1024
    seed: int = 0
    level: float = 0.9


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Who lives where and what stands where. Layers are in the metric CRS of the territory, indexed by identifier.

    Attributes
    ----------
    territory, parameters, lang
        What was asked.
    inputs
        The files it rests on.
    structures, qpv, npnru, neighbourhoods, communes, iris, stations, sites
        Layers.
    demand
        Points with a share of the population of their IRIS.
    structure_zones
        One row for each structure and zone that matter to each other.
    portrait
        The register beside the ESS portrait, a table of :data:`essgeo.schema.columns.TABLES`.
    review
        What a human should settle, with candidates, see :func:`essgeo.geocoding.review`.
    network
        The streets to walk on; ``None`` for straight lines, lengthened as streets do.
    notes
        What official sources could not give, in ``lang``.
    faults
        What went wrong with official files, in full and in English, for a terminal.
    economy
        All active establishments of the territory, where the register comes from SIRENE.
    lists
        The tables that the territory has beside its layers, by name.
    indicators
        Figures of need, a column each, by code of IRIS or of zone.
    files
        What was read, by what it is called: nothing is written over these.
    engines
        What knew addresses, so that places that are added can be located too.
    base
        What maps show so that a place is recognised, a layer a file; no figure rests on it.
    """

    territory: Territory
    parameters: Parameters
    lang: Lang
    inputs: tuple[Input, ...]
    structures: gpd.GeoDataFrame
    qpv: gpd.GeoDataFrame
    npnru: gpd.GeoDataFrame
    neighbourhoods: gpd.GeoDataFrame
    communes: gpd.GeoDataFrame
    iris: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    structure_zones: pd.DataFrame
    portrait: pd.DataFrame
    review: pd.DataFrame
    network: WalkNetwork | None = None
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    economy: Economy | None = None
    lists: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    indicators: pd.DataFrame | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    engines: tuple[Engine, ...] = ()
    base: tuple[BaseLayer, ...] = ()

    @property
    def from_sirene(self) -> bool:
        """Whether structures are the register of SIRENE rather than a list of some."""
        return "ess_rule" in self.structures

    @property
    def located(self) -> int:
        """How many structures count, have a position and lie in the territory."""
        return int(located_here(self.structures).sum())

    @property
    def outside(self) -> int:
        """How many structures out of the territory count: those that lie a longest walk from its limit at most."""
        counted = self.structures["counted"].astype("boolean").fillna(value=False)
        beyond = self.structures[counted & (self.structures["geo_status"] == OUTSIDE)]
        walk_m = max(self.parameters.thresholds_min) * self.parameters.speed_kmh * METRES_PER_MINUTE_AT_1_KMH
        return int(beyond.dwithin(self.communes.union_all(), walk_m).sum())

    @property
    def credited(self) -> tuple[Input, ...]:
        """The files it rests on, and those of the base of the maps."""
        return tuple(dict.fromkeys([*self.inputs, *(layer.source for layer in self.base)]))

    @property
    def shortfalls(self) -> list[str]:
        """What every page must say: which file stands in for a newer one, and what could not be had."""
        return [*(source.note for source in self.inputs if source.note), *self.notes]


@dataclass(frozen=True, kw_only=True)
class Study(Setting):
    """Everything one run found: a setting, and what was measured in it.

    Attributes
    ----------
    zones, coverage, borders, if_listed, iris_coverage, gaps, support_chain, support_offers, challenge_aims,
    challenge_reach, needs, needs_supply, figures, qpv_figures, cooperations, city_contract, concentrations,
    neighbours, register_lists, portrait_areas
        Tables; their columns are described in :data:`essgeo.schema.columns.TABLES`.
    walking
        The streets beside straight lines; ``None`` without a network.
    """

    zones: pd.DataFrame
    coverage: pd.DataFrame
    borders: pd.DataFrame
    if_listed: pd.DataFrame
    iris_coverage: pd.DataFrame
    gaps: pd.DataFrame
    support_chain: pd.DataFrame
    support_offers: pd.DataFrame
    challenge_aims: pd.DataFrame
    challenge_reach: pd.DataFrame
    needs: pd.DataFrame
    needs_supply: pd.DataFrame
    figures: pd.DataFrame
    qpv_figures: pd.DataFrame
    cooperations: pd.DataFrame
    city_contract: pd.DataFrame
    concentrations: pd.DataFrame
    neighbours: pd.DataFrame
    register_lists: pd.DataFrame
    portrait_areas: pd.DataFrame
    walking: WalkingComparison | None = None

    def with_places(self, places: pd.DataFrame) -> Study:
        """Return the study of the same territory, day and residents, with places added to its register.

        Parameters
        ----------
        places
            A table or GeoDataFrame, its columns as :func:`essgeo.read_structures` takes them, French or English. Points
            and coordinates are kept; addresses are looked up in what the study knew of them; a place without either is
            somewhere in its commune. One whose activity is not said is taken to be open, and last seen on the day of
            the study. One that the register lists already (the same SIRET, or name and address) is left out, with a
            warning.

        Returns
        -------
        Study
            Measured anew. What the places change, in the same worlds, is told by :func:`essgeo.compare_studies`; other
            figures may move by a tenth of a point, as a longer list tells more of what is not known.

        Raises
        ------
        SchemaError
            The table has neither addresses nor coordinates.

        Examples
        --------
        >>> study = small_study()
        >>> import pandas as pd
        >>> plan = pd.DataFrame({"nom": ["La Fabrique"], "secteur": ["Tiers-lieu"], "lon": [2.4889], "lat": [48.9027]})
        >>> more = study.with_places(plan)
        >>> len(more.structures) - len(study.structures), more.structures.index[-1]
        (1, 'la-fabrique')
        """
        again: Study = import_module("essgeo.study").with_places(self, places)  # of the room that stands after this one
        return again

    def _repr_html_(self) -> str:
        return study_digest(
            self.territory.name,
            self.structures,
            self.coverage,
            self.gaps,
            as_of=self.parameters.as_of,
            vintage=self.parameters.vintage,
            minutes=self.parameters.walk_minutes,
            lang=self.lang,
            located=self.located,
        ).text


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two registers of one territory, and what the difference changes for its residents.

    Attributes
    ----------
    before, after
        The settings compared. Residents, streets, areas and walks are those of ``after`` on both sides.
    changed_places
        The places that opened, closed or moved, or that are better known: ``place_change`` is a code of
        :data:`essgeo.schema.vocabulary.PLACE_CHANGES`; the geometry is where one stands, ``was`` where it stood.
    changes
        One row an area, theme and walk, see :func:`essgeo.gaps.difference.reach_difference`.
    """

    before: Setting
    after: Setting
    changed_places: gpd.GeoDataFrame
    changes: pd.DataFrame

    @property
    def findings(self) -> list[str]:
        """What the comparison found, in sentences of the language of ``after``."""
        days = self.before.parameters.as_of, self.after.parameters.as_of
        minutes, lang = self.after.parameters.walk_minutes, self.after.lang
        return findings(self.changes, self.changed_places, days=days, minutes=minutes, lang=lang)
