"""The share of a disc that lies in a polygon, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from essgeo.zoning.boundary import edges_near

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.zoning.boundary import Boundary, Floats, Ints

# A share further outside [0, 1] than rounding explains is a sector counted the wrong way round.
TURN = 1e-6


def disc_share(boundary: Boundary, centre: Floats, radius: Floats, zone: Ints, inside: NDArray[np.bool_]) -> Floats:
    r"""Return area(disc within zone) / area(disc) for pairs of a disc and a zone.

    Green's theorem in polar coordinates around the centre: with the boundary run so that the zone lies to its left,
    the area within the unit disc is :math:`\frac12 \oint \min(\rho, 1)^2 d\theta`, which is
    :math:`\pi` where the centre is inside (0 where not) plus, for every edge that crosses the disc in a chord from
    :math:`p` to :math:`q`, :math:`\frac12 (p \times q) - \frac12 \angle(p, q)`: the triangle of the chord less its
    sector. Edges outside the disc add nothing.

    Parameters
    ----------
    boundary
        Edges of the zones.
    centre
        Centres of the discs, shape (n, 2), metres.
    radius
        Radii, positive, metres.
    zone
        Position of the zone of each pair.
    inside
        Whether the centre is in the zone.

    Returns
    -------
    ndarray
        Shares between 0 and 1.

    Notes
    -----
    With a centre so close to an edge that rounding puts it on the other side, the sector is off by a whole turn: a
    share outside [0, 1] is put back by one. A centre on a vertex has no angle at all and is the caller's to move.

    Examples
    --------
    >>> import shapely
    >>> from essgeo.zoning.boundary import trace
    >>> square = trace(np.array([shapely.normalize(shapely.box(0, 0, 10, 10))]))
    >>> disc_share(square, np.array([[5.0, 0.0]]), np.array([1.0]), np.array([0]), np.array([True])).round(6)
    array([0.5])
    """
    share = inside.astype(np.float64)
    for batch, disc, edge in edges_near(boundary, centre, zone, radius):
        origin, unit = centre[batch][disc], radius[batch][disc, None]
        terms = _chord_terms((boundary.end[edge] - origin) / unit, (boundary.start[edge] - origin) / unit)
        share[batch] += np.bincount(disc, terms, minlength=len(share[batch])) / (2 * np.pi)
    share += np.where(share < -TURN, 1.0, np.where(share > 1 + TURN, -1.0, 0.0))
    return np.clip(share, 0.0, 1.0)


def _chord_terms(start: Floats, end: Floats) -> Floats:
    """Return twice the triangle less the sector of each edge's chord in the unit disc around the origin."""
    (ax, ay), (dx, dy) = start.T, (end - start).T
    squared = dx * dx + dy * dy
    cross = ax * dy - ay * dx
    middle = -(ax * dx + ay * dy) / squared
    half = np.sqrt(np.maximum(squared - cross * cross, 0.0)) / squared
    enter, leave = np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
    px, py, qx, qy = ax + enter * dx, ay + enter * dy, ax + leave * dx, ay + leave * dy
    turn = (leave - enter) * cross
    return np.where(leave > enter, turn - np.arctan2(turn, px * qx + py * qy), 0.0)
