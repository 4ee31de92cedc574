"""The contract of every layer and table: its index, its columns, its geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from essgeo.schema.vocabulary import CHALLENGES, FAMILIES, ROLES, SECTORS, STAGES, STATUSES

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True)
class Field:
    """One column of a layer.

    Attributes
    ----------
    name
        Column name.
    kind
        ``text``, ``integer``, ``number``, ``flag`` or ``month`` (``2024``, ``2024-09`` or ``2024-09-30``).
    required
        A missing value is a fault.
    optional
        A missing column is read as empty; any other column must be there.
    allowed
        The only values it may take.
    many
        Several values, separated by ``|``.
    minimum
        The least value of a number.
    """

    name: str
    kind: Literal["text", "integer", "number", "flag", "month"] = "text"
    required: bool = False
    optional: bool = False
    allowed: Collection[str] | None = None
    many: bool = False
    minimum: float | None = None


@dataclass(frozen=True)
class Layer:
    """A layer or table: the name of its index, its columns, the types its geometry may have (none for a table)."""

    name: str
    index: str
    fields: tuple[Field, ...]
    geometry: tuple[str, ...] = ()


COORD_PRECISIONS = ("housenumber", "interpolated", "street", "locality", "place", "municipality")

POLYGONS = ("Polygon", "MultiPolygon")


LAYERS: dict[str, Layer] = {
    layer.name: layer
    for layer in (
        Layer(
            "iris",
            "iris_code",
            (
                Field("name", required=True),
                Field("citycode", required=True),
                Field("city", required=True),
                Field("population", "number", required=True, minimum=0),
                Field("median_income", "number", minimum=0),
                Field("inhabited", "flag", required=True),
            ),
            POLYGONS,
        ),
        Layer(
            "qpv",
            "zone_id",
            (
                Field("name", required=True),
                Field("kind", required=True),
                Field("vintage", required=True),
                Field("cities"),
            ),
            POLYGONS,
        ),
        Layer(
            "npnru",
            "project_id",
            (
                Field("qpv_2015", required=True),
                Field("qpv_2024"),
                Field("qpv_name", required=True),
                Field("project_name"),
                Field("interest", required=True, allowed=("national", "regional", "none", "unknown")),
                Field("confidence", required=True),
                Field("source", required=True),
            ),
        ),
        Layer(
            "neighbourhoods",
            "neighbourhood_id",
            (
                Field("name", required=True),
                Field("city", required=True),
                Field("citycode", required=True),
                Field("iris_codes", required=True, many=True),
                Field("qpv_2015"),
                Field("qpv_2024"),
                Field("note"),
            ),
        ),
        Layer(
            "structures",
            "structure_id",
            (
                Field("name", required=True),
                Field("address"),
                Field("postcode"),
                Field("city"),
                Field("citycode"),
                Field("lon", "number"),
                Field("lat", "number"),
                Field("coord_precision", allowed=COORD_PRECISIONS),
                Field("coord_radius_m", "number", optional=True, minimum=0),
                Field("siren"),
                Field("siret"),
                Field("family", allowed=FAMILIES),
                Field("legal_form"),
                Field("sectors", allowed=SECTORS, many=True),
                Field("challenges", allowed=CHALLENGES, many=True),
                Field("roles", allowed=ROLES, many=True),
                Field("support_stages", allowed=STAGES, many=True),
                Field("active_from", "month"),
                Field("active_to", "month"),
                Field("status", allowed=STATUSES),
                Field("as_of", "month"),
                Field("source"),
                *(
                    Field(name, optional=True)
                    for name in ("siret_as_given", "aliases", "source_2", "note", "diffusion")
                ),
            ),
        ),
        Layer(
            "addresses",
            "address_id",
            (
                Field("address", required=True),
                Field("postcode"),
                Field("city", required=True),
                Field("citycode", required=True),
                Field("lon", "number", required=True),
                Field("lat", "number", required=True),
            ),
        ),
        Layer(
            "corrections",
            "correction_id",
            (
                Field("structure_id"),
                Field("address"),
                Field("city"),
                Field("lon", "number", required=True),
                Field("lat", "number", required=True),
            ),
        ),
        Layer(
            "stations",
            "station_id",
            (
                Field("name", required=True),
                Field("mode", required=True),
                Field("line", required=True),
                Field("status", required=True, allowed=("open", "planned")),
                Field("open_date"),
                Field("lon", "number"),
                Field("lat", "number"),
            ),
        ),
        Layer(
            "sites",
            "site_id",
            (
                Field("name", required=True),
                Field("address"),
                Field("city", required=True),
                Field("citycode", required=True),
                Field("lon", "number"),
                Field("lat", "number"),
                Field("surface_m2", "number", minimum=0),
                Field("available_from", "month"),
                Field("available_to", "month"),
                Field("state"),
                Field("ground_floor"),
                Field("source", required=True),
                Field("as_of", "month", optional=True),
                *(Field(name, optional=True) for name in ("owner_type", "former_use", "constraints", "note")),
            ),
        ),
        Layer(
            "candidates",
            "candidate_id",
            (
                Field("name", required=True),
                Field("kind", required=True, allowed=("premises", "search_area")),
                Field("city"),
                Field("surface_m2", "number", minimum=0),
                Field("available_from", "month"),
                Field("available_to", "month"),
                Field("ground_floor", allowed=("yes", "no", "unknown")),
                Field("state"),
                Field("constraints"),
                Field("lon", "number"),
                Field("lat", "number"),
            ),
        ),
        Layer(
            "seed_figures",
            "figure_id",
            (
                Field("key", required=True),
                Field("value", required=True),
                Field("unit", required=True),
                Field("scope", required=True),
                Field("year", required=True),
                Field("seed_file", required=True),
            ),
        ),
        Layer(
            "qpv_indicators",
            "indicator_id",
            (
                Field("qpv_2015", required=True),
                Field("qpv_2024"),
                Field("indicator", required=True),
                Field("value", "number", required=True),
                Field("unit", required=True),
                Field("year"),
                Field("confidence", required=True),
                Field("source", required=True),
            ),
        ),
    )
}
