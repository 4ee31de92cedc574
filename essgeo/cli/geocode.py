"""``essgeo geocode``: where the addresses of a file are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

import click

from essgeo.cli import options
from essgeo.cli.outputs import check_outputs

if TYPE_CHECKING:
    import geopandas as gpd

    from essgeo.geocoding.cache import Cache
    from essgeo.geocoding.engine import Engine

NO_ENGINE = (
    "{} not looked up: give --ban adresses-93.csv.gz (files of adresse.data.gouv.fr), or let the national service be "
    "asked with --live."
)
_FILE = click.Path(path_type=Path)


class Options(TypedDict):
    """What a user may choose."""

    engine: Literal["auto", "local", "geoplateforme"]
    ban: tuple[Path, ...]
    live: bool
    url: str | None
    address: tuple[str, ...]
    postcode: str | None
    city: str | None
    citycode: str | None
    corrections: str | None
    review: Path | None
    cache: Path | None
    resume: bool


@click.command("geocode")
@click.argument("file", type=_FILE)
@click.option(
    "-o", "--output", required=True, type=_FILE, help="File to write (.csv, .xlsx, .parquet, .geojson, .gpkg)."
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "local", "geoplateforme"]),
    default="auto",
    show_default=True,
    help="auto: the BAN files given, then with --live the service for what is left. local: never a connection.",
)
@click.option("--ban", multiple=True, type=_FILE, help="BAN file of a department (adresses-93.csv.gz), repeatable.")
@click.option(
    "--live", is_flag=True, help="Let auto ask the service; only address, postcode, city and citycode are sent."
)
@click.option("--url", metavar="URL", help="Ask this server, which speaks addok's contract, not the national service.")
@click.option("--address", multiple=True, metavar="COL", help="Column of the address, repeatable. Default: guessed.")
@click.option("--postcode", metavar="COL", help="Column of the postcode.")
@click.option("--city", metavar="COL", help="Column of the commune.")
@click.option("--citycode", metavar="COL", help="Column of the INSEE code of the commune.")
@options.corrections
@click.option(
    "--review", type=_FILE, help="Write what needs a human, with candidates; filled in, it goes to --corrections."
)
@click.option(
    "--cache", type=_FILE, help="File that keeps the answers of a service. Default: in the user's cache folder."
)
@click.option("--resume", is_flag=True, help="Go on where a run stopped: take every answer kept, even an old one.")
def geocode_file(file: Path, output: Path, **given: Unpack[Options]) -> None:
    """Write FILE with the position of each address, and how sure it is.

    Addresses are looked up in the files of --ban, or with --live by the national service. Without either, only rows
    with coordinates or a correction get a position; where there is none, nothing is written.

    Answers of a service are kept as they arrive, and those of the last 30 days are not asked again.
    """
    from essgeo.exports.any_format import write_file
    from essgeo.geocoding import geocode, read_corrections
    from essgeo.geocoding.columns import address_columns, addresses_of
    from essgeo.geocoding.queries import queries_of
    from essgeo.geocoding.results import with_results, without_results
    from essgeo.geocoding.review import review_sheet
    from essgeo.sources import read_table

    read = {"FILE": file, "--corrections": given["corrections"], "--cache": given["cache"]}
    read |= {f"--ban ({path.name})": path for path in given["ban"]}
    check_outputs({"-o": output, "--review": given["review"]}, read)
    engines = _engines(given)
    cache = _cache(given) if _asks_service(given) else None
    settled = read_corrections(given["corrections"]) if given["corrections"] else None
    table = without_results(read_table(file, as_is=True))
    columns = address_columns(
        [str(name) for name in table.columns],
        source=file.name,
        address=given["address"],
        postcode=given["postcode"],
        city=given["city"],
        citycode=given["citycode"],
    )
    addresses = addresses_of(table, columns, source=file.name)
    found = geocode(addresses, using=engines, corrections=settled, progress=True, cache=cache)
    unasked = _unasked(found)
    write_file(with_results(table, found), output)
    if given["review"]:
        write_file(review_sheet(queries_of(addresses), found, engines), given["review"])
    _summary(found, output)
    if unasked:
        click.echo(f"essgeo: {unasked}", err=True)


def _asks_service(given: Options) -> bool:
    """Return whether a service may be asked: a server that is named is meant to be asked."""
    return given["engine"] == "geoplateforme" or given["live"] or given["url"] is not None


def _engines(given: Options) -> list[Engine]:
    from essgeo.errors import InputError
    from essgeo.geocoding.cache import default_cache
    from essgeo.geocoding.client import GEOPLATEFORME, Client
    from essgeo.geocoding.index import load_index
    from essgeo.geocoding.local import Local
    from essgeo.geocoding.service import Service

    if given["engine"] == "local" and (_asks_service(given) or not given["ban"]):
        message = "--engine local takes --ban FILE, and neither --live nor --url."
        raise InputError(message)
    if given["engine"] == "geoplateforme" and given["ban"]:
        message = "--engine geoplateforme does not read --ban FILE; use --engine auto --live for both."
        raise InputError(message)
    engines: list[Engine] = []
    if given["ban"]:
        engines.append(Local.on_disk(load_index(given["ban"], default_cache().with_name("ban"))))
    if _asks_service(given):
        engines.append(Service(Client(given["url"] or GEOPLATEFORME)))
    return engines


def _cache(given: Options) -> Cache:
    from essgeo.geocoding.cache import FRESH_DAYS, Cache, default_cache

    return Cache(given["cache"] or default_cache(), fresh_days=float("inf") if given["resume"] else FRESH_DAYS)


def _unasked(found: gpd.GeoDataFrame) -> str:
    """Return how many addresses nobody was asked for, or refuse to go on where no row has a position without that."""
    from essgeo.cli.text import counted
    from essgeo.errors import InputError

    count = int((found["geo_reason"] == "no_index").sum())
    if not count:
        return ""
    message = NO_ENGINE.format(counted(count, "row") + (" was" if count == 1 else " were"))
    if found.geometry.notna().any():
        return message
    raise InputError(message)


def _summary(found: gpd.GeoDataFrame, output: Path) -> None:
    from essgeo.cli.text import by_status, counted

    click.echo(f"{counted(len(found), 'row')}: {by_status(found)}. {output}")
