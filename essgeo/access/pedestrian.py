"""Which OpenStreetMap ways people on foot may use, and how slow steps are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

WALKABLE = frozenset(
    {
        "bridleway", "corridor", "crossing", "elevator", "footway", "living_street", "path", "pedestrian", "platform",
        "primary", "primary_link", "residential", "road", "secondary", "secondary_link", "service", "steps", "tertiary",
        "tertiary_link", "track", "unclassified",
    }
)  # fmt: skip
"""Values of ``highway`` that are walkable unless a tag forbids it."""

NEVER = frozenset({"abandoned", "construction", "motorway", "motorway_link", "planned", "proposed", "raceway", "razed"})
"""Values of ``highway`` that no tag opens to people on foot."""

ALLOWED = frozenset({"yes", "designated", "permissive"})
CLOSED_ON_FOOT = frozenset({"no", "private", "use_sidepath"})
CLOSED = frozenset({"no", "private", "military"})

STEPS_FACTOR = 2.0
"""Metres on the flat that take as long as one metre of steps, measured along the ground. People climb a long stairway
at 0.4 to 0.5 m/s and a short one about twice as fast ("Upstairs walking speed distributions on a long stairway", Safety
Science, 2008): 1.3 to 3 times slower than 1.25 m/s on the flat. 2 is a choice within that range."""


def walkable(tags: Mapping[str, str]) -> bool:
    """Return whether people on foot may use a way.

    ``foot`` wins over ``access``, which wins over the kind of way. Trunk roads, cycleways and busways are walkable only
    where ``foot`` says so; motorways never. Roads with a separate sidewalk stay: where that sidewalk is not drawn to
    the next crossing, the network would fall apart without them.

    Parameters
    ----------
    tags
        Tags of the way.

    Returns
    -------
    bool
        Whether it belongs to a walking network.

    Examples
    --------
    >>> walkable({"highway": "footway"}), walkable({"highway": "service", "access": "private"})
    (True, False)
    >>> walkable({"highway": "trunk"}), walkable({"highway": "trunk", "foot": "designated"})
    (False, True)
    """
    kind = tags.get("highway", "")
    if not kind or kind in NEVER or tags.get("foot") in CLOSED_ON_FOOT:
        return False
    if tags.get("foot") in ALLOWED:
        return True
    return kind in WALKABLE and tags.get("access") not in CLOSED and tags.get("motorroad") != "yes"


def steps(tags: Mapping[str, str]) -> bool:
    """Return whether a way is a flight of steps.

    Examples
    --------
    >>> steps({"highway": "steps"})
    True
    """
    return tags.get("highway") == "steps"
