"""Options that several commands share."""

from __future__ import annotations

import calendar
import datetime as dt
import re

import click

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
