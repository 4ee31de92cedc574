"""What a siting question found: in words, as a table, as JSON; and scenarios side by side."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from essgeo.schema.vocabulary import THEMES, split_codes
from essgeo.text.languages import method_in_words, number, percent, words
from essgeo.text.notebook import Html, paragraphs, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.messages import Lang
    from essgeo.schema.dates import Period


THIRDS = ("lower", "middle", "upper")


def label(theme: str, lang: Lang) -> str:
    """Return the name of a sector or challenge.

    Examples
    --------
    >>> label("mobilite", "en")
    'Mobility'
    """
    return THEMES[theme][lang] if theme in THEMES else theme


def labels(themes: str, lang: Lang) -> str:
    """Return the names of sectors or challenges joined by ``|``.

    >>> labels("mobilite|numerique", "en")
    'Mobility, Digital'
    """
    return ", ".join(label(theme, lang) for theme in themes.split("|"))


MOST_NAMED = 20


@dataclass(frozen=True)
class Scenario:
    """What one siting question found. Persons are residents; nobody is counted twice.

    Attributes
    ----------
    sector, within_minutes, count, objective, period
        What was asked; several sectors are joined by ``|``.
    sites
        The chosen sites, index ``candidate_id``, in order of what they add in the objective: ``name``, ``kind``
        (``premises`` or ``search_area``), ``city``, ``surface_m2``, ``available_from``, ``available_to``,
        ``constraints``, ``sector`` (what it hosts), ``marginal`` (residents it adds to those before it), ``alone``
        (residents it would reach alone), ``cumulative``, ``months`` (of the period in which it is free), ``robust``
        (share of the worlds in which it is chosen again), ``robust_nearby`` (in which it, or a candidate within 400 m,
        is), ``best_sectors`` (codes joined by ``|``; several where they are not distinguishable) and ``best_gain``;
        points.
    residents, reached_before
        Residents of the territory, and those who reach a place of the sector today (of several: of each).
    newly_reached, newly_low, newly_high
        Residents newly within reach, the mean of the worlds, and their interval at ``parameters["level"]``
        (:func:`essgeo.uncertainty.ends`). With several sectors a resident counts once for each; with a period this is
        the mean of its months.
    person_months
        Residents newly within reach, summed over the months of the period; none without one.
    by_neighbourhood, by_income, exclusions
        Tables.
    best_sectors
        What each site would bring by hosting each theme, alone: ``site``, ``name``, ``sector``, ``newly_reached``,
        ``rank``, ``similar`` (within 5 % of its best) and ``asked``. All premises, where there are up to 200; else the
        chosen sites, the next one and the alternatives.
    alternatives
        Every candidate of a choice within 5 % of the best one, the chosen ones among them: ``name``, ``city``,
        ``sector``, ``share_of_best`` (what the best choice that holds it is worth, as far as one was found); points.
    candidates
        Every candidate that was compared: ``name``, ``city``, ``kind``, ``gain`` (residents whom it alone would bring
        within reach at the median walk, of its best sector); points.
    value, bound, gap, proven
        What the model maximises (or, for set covering, the number of sites), its proven bound, the distance between
        them as a share, and whether that is nothing. For ``targets`` all others together weigh less than one resident.
    next_site
        ``candidate_id``, ``name``, ``sector`` and ``marginal`` (residents) of the site that would add most in the
        objective; empty where none would.
    places
        The counted places of the sector today: ``name`` and points.
    parameters
        Every assumption, by name.
    notes
        Codes of what a reader must know; :meth:`sentences` says them in words.
    """

    sector: str
    within_minutes: float
    count: int
    objective: str
    period: Period | None
    sites: gpd.GeoDataFrame
    residents: float
    reached_before: float
    newly_reached: float
    newly_low: float
    newly_high: float
    person_months: float | None
    by_neighbourhood: pd.DataFrame
    by_income: pd.DataFrame
    best_sectors: pd.DataFrame
    alternatives: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    exclusions: pd.DataFrame
    value: float
    bound: float
    gap: float
    proven: bool
    next_site: Mapping[str, Any]
    places: gpd.GeoDataFrame
    parameters: Mapping[str, Any]
    notes: tuple[str, ...]

    @property
    def search_areas(self) -> bool:
        """Whether the sites are search areas, rather than premises that are known."""
        return bool((self.sites["kind"] == "search_area").any())

    def sentences(self, lang: Lang = "fr") -> list[str]:
        """Return what was found in words, not escaped: the choice, whom it reaches, the proof, what is next, notes."""
        text, notes, level = words(lang)["scenario"], words(lang)["siting_notes"], self.parameters["level"]
        newly, low, high = (number(value, lang) for value in (self.newly_reached, self.newly_low, self.newly_high))
        drawn = not math.isnan(self.newly_low)
        lines = [
            text["choice"].format(
                theme=labels(self.sector, lang),
                minutes=f"{self.within_minutes:g}",
                sites=" ; ".join(self.named_sites(lang)) or text["no_site"],
                newly=newly,
                interval=text["interval"].format(level=f"{100 * level:.0f}", low=low, high=high) if drawn else "",
            )
        ]
        places, incomes = self.by_neighbourhood, self.by_income
        if self.newly_reached and "neighbourhood_id" in places and "income" in incomes:
            targets = places.loc[places["neighbourhood_id"] != "", "newly_reached"].sum()
            poorest = incomes.loc[incomes["income"] == "lower", "newly_reached"].sum()
            lines.append(text["whom"].format(targets=number(targets, lang), poorest=number(poorest, lang)))
        if self.objective == "backup":
            lines.append(text["backup"].format(value=number(self.value, lang)))
        aim = words(lang)["siting_objectives"][self.objective]
        proof = text["proven" if self.proven else "not_proven"]
        lines.append(proof.format(aim=aim, gap=f"{100 * self.gap:.1f}"))
        if self.next_site:
            more = number(self.next_site["marginal"], lang)
            lines.append(text["next"].format(name=self.next_site["name"], more=more))
        others = self.alternatives.drop(index=self.sites.index, errors="ignore")
        if len(others):
            nearly = percent(1 - self.parameters["nearly_best"], lang)
            lines.append(text["alternatives"].format(count=number(len(others), lang), share=nearly))
        if len(self.exclusions):
            lines.append(text["excluded"].format(count=len(self.exclusions)))
        lost = self.exclusions.loc[self.exclusions["reason"] == "no_position", "name"]
        if len(lost):
            named = ", ".join(lost.head(MOST_NAMED)) + (", …" if len(lost) > MOST_NAMED else "")
            lines.append(text["unplaced"].format(count=len(lost), names=named))
        if "part_of_period" in self.notes and self.period is not None:
            total = len(self.period.months)
            parts = [
                text["months"].format(name=name, months=months, total=total)
                for name, months in zip(self.sites["name"], self.sites["months"], strict=True)
                if months < total
            ]
            lines.append(text["part"].format(sites=" ; ".join(parts)))
        return [*lines, *(notes[code] for code in self.notes)]

    def named_sites(self, lang: Lang) -> list[str]:
        """Return the names of the chosen sites, with what each hosts where several sectors were asked about."""
        hosts = self.sites["sector"] if "|" in self.sector else [""] * len(self.sites)
        return [
            f"{name} ({label(host, lang)})" if host else name
            for name, host in zip(self.sites["name"], hosts, strict=True)
        ]

    def names_of(self, sites: Sequence[str]) -> list[str]:
        """Return the names of candidates of :attr:`best_sectors`, by identifier."""
        table = self.best_sectors.drop_duplicates("site").set_index("site")["name"]
        return [str(table[site]) for site in sites]

    def to_json(self) -> str:
        """Return the whole result as JSON; positions as longitude and latitude, what is not known as ``null``."""
        return json.dumps(_plain(self), ensure_ascii=False, indent=1, allow_nan=False)

    def to_html(self, lang: Lang = "fr") -> Html:
        """Return what was found as HTML for a notebook: the findings in words, then the sites."""
        text = words(lang)["scenario"]
        rows = [
            [
                row["name"],
                row["city"],
                number(row["marginal"], lang),
                percent(row["robust"], lang),
                percent(row["robust_nearby"], lang),
                ", ".join(label(code, lang) for code in split_codes(row["best_sectors"])),
            ]
            for row in self.sites.drop(columns=self.sites.geometry.name).to_dict("records")
        ]
        sites = table(text["table"], tuple(text["header"].split(" | ")), rows)
        return Html(str(paragraphs(self.sentences(lang)) + sites))

    def _repr_html_(self) -> str:
        return self.to_html().text


def compare_scenarios(*scenarios: Scenario) -> pd.DataFrame:
    """Return scenarios side by side, one row each.

    Parameters
    ----------
    *scenarios
        From :func:`essgeo.choose_sites`.

    Returns
    -------
    DataFrame
        ``sector``, ``objective``, ``within_minutes``, ``sites`` (names), ``hosts``, ``kind``, ``reached_before``,
        ``newly_reached``,
        ``newly_low``, ``newly_high``, ``person_months``, ``lower_third`` (newly reached among the lower third by
        income), ``target_residents`` (newly reached in target neighbourhoods), ``cost`` (of the sites; NaN where one is
        not known), ``least_robust`` (the lowest ``robust`` of its sites), ``value``, ``bound``, ``proven``,
        ``next_marginal``; in the order given.

    Examples
    --------
    >>> compare_scenarios().empty
    True
    """
    rows = [
        {
            "sector": one.sector,
            "objective": one.objective,
            "within_minutes": one.within_minutes,
            "sites": " | ".join(one.sites["name"]),
            "hosts": " | ".join(one.sites["sector"]),
            "kind": "search_area" if one.search_areas else "premises",
            "reached_before": one.reached_before,
            "newly_reached": one.newly_reached,
            "newly_low": one.newly_low,
            "newly_high": one.newly_high,
            "person_months": one.person_months,
            "lower_third": one.by_income.loc[one.by_income["income"] == "lower", "newly_reached"].sum(),
            "target_residents": one.by_neighbourhood.loc[
                one.by_neighbourhood["neighbourhood_id"] != "", "newly_reached"
            ].sum(),
            "cost": one.sites["cost"].sum(skipna=False) if "cost" in one.sites else np.nan,
            "least_robust": one.sites["robust"].min(),
            "value": one.value,
            "bound": one.bound,
            "proven": one.proven,
            "next_marginal": one.next_site.get("marginal", 0.0),
        }
        for one in scenarios
    ]
    return pd.DataFrame(rows)


def by_neighbourhood(demand: pd.DataFrame, before: NDArray[np.float64], newly: NDArray[np.float64]) -> pd.DataFrame:
    """Return residents within reach before, and newly, for each target neighbourhood, and elsewhere in the last row.

    ``before`` and ``newly`` are residents of each point.

    Examples
    --------
    >>> demand = pd.DataFrame({"population": [10.0, 20.0], "neighbourhood_id": ["", "noue"]})
    >>> table = by_neighbourhood(demand, np.array([10.0, 0.0]), np.array([0.0, 20.0]))
    >>> table[["neighbourhood_id", "newly_reached"]].values.tolist()
    [['noue', 20.0], ['', 0.0]]
    """
    names = demand["neighbourhood_id"] if "neighbourhood_id" in demand else pd.Series("", index=demand.index)
    table = _sums(demand, names.to_numpy(dtype=object), before, newly).rename_axis("neighbourhood_id").reset_index()
    order = (table["neighbourhood_id"] == "").to_numpy().argsort(kind="stable")
    return table.iloc[order].reset_index(drop=True)


def by_income(demand: pd.DataFrame, before: NDArray[np.float64], newly: NDArray[np.float64]) -> pd.DataFrame:
    """Return residents within reach before, and newly, by third of the residents after the median income of their IRIS.

    Equal incomes are never split; residents whose income is masked are ``unknown``.

    Examples
    --------
    >>> demand = pd.DataFrame({"population": [10.0, 10.0, 10.0, 5.0], "income": [1.0, 2.0, 3.0, np.nan]})
    >>> by_income(demand, np.zeros(4), np.array([10.0, 0.0, 0.0, 5.0]))["newly_reached"].tolist()
    [10.0, 0.0, 0.0, 5.0]
    """
    income = demand["income"].to_numpy(dtype=float)
    names = np.full(len(demand), "unknown", dtype=object)
    known = ~np.isnan(income)
    if known.any():
        # Each distinct income falls into the third where the middle one of its residents stands.
        _, group = np.unique(income[known], return_inverse=True)
        people = np.bincount(group, weights=demand["population"].to_numpy(dtype=float)[known])
        middle = (people.cumsum() - people / 2) / max(people.sum(), 1e-12)
        names[known] = np.array(THIRDS, dtype=object)[np.minimum((3 * middle).astype(int), 2)][group]
    table = _sums(demand, names, before, newly)
    bounds = pd.Series(income).groupby(names).agg(["min", "max"])
    table.insert(0, "income_from", bounds["min"].reindex(table.index))
    table.insert(1, "income_to", bounds["max"].reindex(table.index))
    wanted = [name for name in (*THIRDS, "unknown") if name in table.index]
    return table.loc[wanted].rename_axis("income").reset_index()


def _sums(
    demand: pd.DataFrame, names: NDArray[np.object_], before: NDArray[np.float64], newly: NDArray[np.float64]
) -> pd.DataFrame:
    people = demand["population"].to_numpy(dtype=float)
    columns = {"residents": people, "reached_before": before, "newly_reached": newly}
    table = pd.DataFrame(columns).groupby(names).sum()
    after = table["reached_before"] + table["newly_reached"]
    table["share_after"] = after / table["residents"].where(table["residents"] > 0)
    return table


def _plain(scenario: Scenario) -> dict[str, Any]:
    fields = dict(vars(scenario))
    period = fields["period"]
    fields["period"] = {"first": period.first, "last": period.last} if period else None
    for name in ("sites", "places", "alternatives", "candidates"):
        points = fields[name].geometry.to_crs("EPSG:4326")
        table = pd.DataFrame(fields[name].drop(columns=fields[name].geometry.name)).reset_index()
        fields[name] = _records(
            table.assign(longitude=points.x.round(6).to_numpy(), latitude=points.y.round(6).to_numpy())
        )
    for name in ("by_neighbourhood", "by_income", "best_sectors", "exclusions"):
        fields[name] = _records(fields[name])
    told = {name: method_in_words(fields["parameters"][name], "en") for name in ("walking", "population")}
    fields["parameters"], fields["next_site"] = {**fields["parameters"], **told}, dict(fields["next_site"])
    fields["notes"] = list(fields["notes"])
    fields["sentences"] = {"fr": scenario.sentences("fr"), "en": scenario.sentences("en")}
    return {name: None if isinstance(value, float) and value != value else value for name, value in fields.items()}  # noqa: PLR0124 (NaN is the only value unlike itself)


def _records(table: pd.DataFrame) -> Any:  # noqa: ANN401 (what JSON holds)
    return json.loads(table.to_json(orient="records", force_ascii=False))
