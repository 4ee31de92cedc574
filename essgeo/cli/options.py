"""Options, tables and sentences that commands share."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pandas as pd

from essgeo.errors import InputError
from essgeo.schema.vocabulary import THEMES
from essgeo.text.numbers import number
from essgeo.text.phrases import register_bound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from essgeo.results import Setting, Study


_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def _day(_context: click.Context, _option: click.Parameter, value: str | None) -> dt.date | None:
    """Return the last day of a year or month, or the day itself."""
    if value is None:
        return None
    message = f"{value!r} is not a date such as 2027, 2027-06 or 2027-06-30."
    found = _DAY.fullmatch(value)
    if found is None:
        raise click.BadParameter(message)
    year, month = int(found[1]), int(found[2] or 12)
    try:
        return dt.date(year, month, int(found[3] or calendar.monthrange(year, month)[1]))
    except (ValueError, calendar.IllegalMonthError) as error:
        raise click.BadParameter(message) from error


as_of = click.option(
    "--as-of", callback=_day, metavar="YYYY-MM", help="Count what is active at this date. Default: today."
)

structures = click.option(
    "--structures",
    type=click.Path(),
    help="Your list of structures (CSV, XLSX, Parquet, GeoJSON, GPKG) instead of the register.",
)

corrections = click.option(
    "--corrections", type=click.Path(), help="Positions settled by hand: structure_id, lon, lat."
)

qpv = click.option(
    "--qpv", type=click.Path(), help="QPV outlines of that vintage, for example the official file of 2015."
)

npnru = click.option(
    "--npnru",
    type=click.Path(),
    help="Perimeters of renewal projects (GeoJSON, GPKG ...), or a list of QPV in NPNRU (CSV, XLSX).",
)

vintage = click.option(
    "--vintage", metavar="YEAR", help="Vintage of the QPV: 2024 or 2015. Default: that of the territory."
)

walk_minutes = click.option(
    "--walk-minutes",
    type=click.IntRange(1, 120),
    default=15,
    show_default=True,
    help="The walk that gaps and maps speak of.",
)

network = click.option(
    "--network",
    type=click.Path(),
    help="OpenStreetMap streets (.pbf, .osm, .json, .geojson) to walk on, instead of straight lines with a detour.",
)

as_json = click.option("--json", "as_json", is_flag=True, help="Print the whole result as JSON.")


def echo_table(table: pd.DataFrame) -> None:
    """Print a table with aligned columns, numbers to the right.

    Examples
    --------
    >>> import pandas as pd
    >>> echo_table(pd.DataFrame({"place": ["A", "Bondy"], "residents": ["9", "7,688"]}))
    place  residents
    A              9
    Bondy      7,688
    """
    cells = [[harmless(str(value)) for value in row] for row in [list(table.columns), *table.to_numpy().tolist()]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(table.columns))]
    right = [
        all(not value or value[0] in "0123456789-[" for value in column) for column in zip(*cells[1:], strict=True)
    ]
    for row in cells:
        padded = [
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ]
        click.echo("  ".join(padded).rstrip())


def harmless(text: str) -> str:
    r"""Return a text without the characters that steer a terminal or turn the direction of a line.

    Examples
    --------
    >>> harmless("Café \x1b[31mrouge\u202e!")
    'Café  [31mrouge !'
    """
    return "".join(character if character.isprintable() else " " for character in text)


def persons(value: float) -> str:
    """Return a number of persons.

    Examples
    --------
    >>> persons(12345.6)
    '12,346'
    """
    return number(value, "en")


def counted(count: int, noun: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> counted(1, "row"), counted(20_004, "row")
    ('1 row', '20,004 rows')
    """
    return f"{persons(count)} {noun}{'s' * (count != 1)}"


def by_status(rows: pd.DataFrame) -> str:
    """Return how many rows have each ``geo_status``, the most first.

    Examples
    --------
    >>> import pandas as pd
    >>> by_status(pd.DataFrame({"geo_status": ["located", "outside", "located"]}))
    '2 located, 1 outside'
    """
    return ", ".join(f"{persons(count)} {status}" for status, count in rows["geo_status"].value_counts().items())


def interval(low: float, high: float) -> str:
    """Return an interval of persons.

    Examples
    --------
    >>> interval(10, 1200)
    '[10 to 1,200]'
    """
    ends = persons(low), persons(high)
    return "stable" if ends[0] == ends[1] else "[{} to {}]".format(*ends)


def check_outputs(outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | str | None]) -> None:
    """Refuse files that cannot be written, that are two outputs in one, or that the command reads.

    Parameters
    ----------
    outputs, inputs
        Files by the option that names them; None where it is not given.

    Raises
    ------
    InputError
        Names both options.

    Examples
    --------
    >>> check_outputs({"-o": Path("list.csv")}, {"FILE": Path("./list.csv")})
    Traceback (most recent call last):
    ...
    essgeo.errors.InputError: list.csv: -o would overwrite FILE; name another file.
    """
    from essgeo.files.write import check_writable

    taken = {Path(path).resolve(): option for option, path in inputs.items() if path is not None}
    for option, path in outputs.items():
        if path is None:
            continue
        check_writable(path)
        if path.resolve() in taken:
            message = f"{path}: {option} would overwrite {taken[path.resolve()]}; name another file."
            raise InputError(message)
        taken[path.resolve()] = option


def neighbourhood_summary(study: Study) -> pd.DataFrame:
    """Return one row a target neighbourhood: residents, those out of reach of the whole ESS, and the widest gap.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> neighbourhood_summary(study)["neighbourhood"].tolist()[2]
    'Le Morillon'
    """
    whole = study.gaps[study.gaps["theme_kind"] == "all"].set_index("neighbourhood_id")
    widest = study.gaps[study.gaps["rank"] == 1].set_index("neighbourhood_id")
    rows = []
    for zone in study.neighbourhoods.index:
        every, worst = whole.loc[zone], widest.loc[zone]
        rows.append(
            {
                "neighbourhood": every["neighbourhood"],
                "residents": persons(every["residents"]),
                "out of reach of any ESS": persons(every["out_of_reach"]),
                "90 % interval": interval(every["out_of_reach_low"], every["out_of_reach_high"]),
                "widest gap": THEMES[str(worst["theme"])]["en"],
                "out of its reach": persons(worst["out_of_reach"]),
            }
        )
    return pd.DataFrame(rows)


def widest_gaps(gaps: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the widest gaps of each target neighbourhood, with how far their ranks may move.

    Examples
    --------
    >>> widest_gaps(study_est_ensemble().gaps, 2)["neighbourhood"].tolist()[:3]
    ['La Noue Caillet', 'La Noue Caillet', 'Centre-ville de Bobigny']
    """
    top = gaps[(gaps["level"] == "neighbourhood") & gaps["rank"].between(1, count)]
    return pd.DataFrame(
        {
            "neighbourhood": top["neighbourhood"],
            "rank": [
                f"{r} ({low} to {high})"
                for r, low, high in zip(top["rank"], top["rank_low"], top["rank_high"], strict=True)
            ],
            "theme": [THEMES[theme]["en"] for theme in top["theme"]],
            "out of reach": top["out_of_reach"].map(persons),
            "90 % interval": map(interval, top["out_of_reach_low"], top["out_of_reach_high"]),
            "excess": top["gap_residents"].map(persons),
            "nearest": top["nearest_name"].where(top["nearest_name"] != "", "none located"),
        }
    )


def caveat(setting: Setting, method: str) -> str:
    """Return the sentence that every figure of coverage needs; ``method`` says how minutes were found.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> caveat(study, study.coverage["method"].iloc[0])[:53]
    "Within 15 minutes' walk (straight line x 1.3 at 4.5 k"
    """
    total = setting.portrait[setting.portrait["family"] == "total"]
    located, enterprises = setting.located, float(total["seed_enterprises"].sum())
    beyond = f" ({persons(setting.outside)} more lie outside)" if setting.outside else ""
    last = f"QPV of {setting.parameters.vintage}, structures active on {setting.parameters.as_of}."
    walk = f"Within {setting.parameters.walk_minutes} minutes' walk ({method})"
    if setting.from_sirene:
        return f"{walk}. {register_bound(located, len(setting.structures), 'en')} {last}"
    whole = f"about {persons(enterprises)} enterprises" if enterprises else "an unknown number"
    return (
        f"{walk} of {persons(located)} structures located in the territory{beyond}, a sample of {whole}: the number "
        f"out of reach is an upper bound, gaps with the territory and ranks are not. {last}"
    )


def repairs(study: Study) -> list[str]:
    """Return a sentence for each thing that was changed in the QPV outlines to read them.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import geopandas as gpd
    >>> layer = gpd.GeoDataFrame(geometry=[])
    >>> layer.attrs = {"repaired": ["QP093009"], "empty": []}
    >>> repairs(SimpleNamespace(qpv=layer))
    ['QPV whose outline was not valid and was repaired: QP093009.']
    """
    told = {
        "repaired": "QPV whose outline was not valid and was repaired",
        "empty": "QPV without an outline, left out",
        "slivers": "QPV with less than 1 ha in the territory, left out",
    }
    found = {what: study.qpv.attrs.get(key, []) for key, what in told.items()}
    return [f"{what}: {', '.join(zones)}." for what, zones in found.items() if zones]
