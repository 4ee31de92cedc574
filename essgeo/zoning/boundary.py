"""Boundaries of zones as edges: inside, distance, share of a disc."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, cast

import numpy as np
import shapely
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]


# More than the way round the Earth, in metres: no point is nearer to the next zone than to its own.
ZONE_SPACING = 1e8

FIRST_SAMPLES = 2

CHUNK = 50_000

BATCH = 1_000_000

# A share further outside [0, 1] than rounding explains is a sector counted the wrong way round.
TURN = 1e-6


@dataclass(frozen=True, eq=False)
class Boundary:
    """The zones, the edges of all of them, and sample points along these.

    Attributes
    ----------
    polygons
        The zones themselves, prepared.
    start, end
        Ends of each edge, shape (edges, 2), metres; the inside of the zone lies to the right.
    zone
        Position of the zone of each edge, ascending.
    everywhere
        Tree of samples, points on the edges: every vertex, and more where an edge is long.
    by_zone
        The same samples, with the rank of their zone as a third coordinate, in steps wider than any distance: one
        tree that answers for one zone at a time.
    sampled
        The two edges that each sample lies on (the same one twice within an edge), shape (samples, 2).
    reach
        No point of an edge is further than this from a sample of that edge, in metres.
    """

    polygons: NDArray[np.object_]
    start: Floats
    end: Floats
    zone: Ints
    everywhere: cKDTree
    by_zone: cKDTree
    sampled: Ints
    reach: float


def trace(polygons: NDArray[np.object_]) -> Boundary:
    """Return the boundary of canonical polygons (at least one, see :func:`essgeo.zoning.locate.zone_polygons`).

    >>> square = trace(np.array([shapely.normalize(shapely.box(0, 0, 10, 10))]))
    >>> len(square.start), square.reach
    (4, 5.0)
    >>> distance_to(square, np.array([[5.0, 4.0], [13.0, 14.0]]), np.array([0, 0]))
    array([4., 5.])
    """
    # Zones fall into polygons, these into rings, these into vertices: each step gives, for every piece, the position of
    # what it is a piece of. Pieces stay in the order of the zones.
    parts, zone_of_part = shapely.get_parts(polygons, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    vertices, ring_of_vertex = shapely.get_coordinates(rings, return_index=True)
    # Two vertices in a row make an edge where they are of one ring and not the same place.
    is_edge = (np.diff(ring_of_vertex) == 0) & (np.diff(vertices, axis=0) != 0).any(axis=1)
    start, end, ring = vertices[:-1][is_edge], vertices[1:][is_edge], ring_of_vertex[:-1][is_edge]
    zone = zone_of_part[part_of_ring[ring]]

    # The edge before each one on its ring; before the first edge of a ring comes its last.
    edges = np.arange(len(ring))
    opens = np.flatnonzero(np.diff(ring, prepend=-1))
    previous = edges - 1
    previous[opens] = np.append(opens[1:], len(ring)) - 1

    # Samples cut each edge into pieces no longer than the mean edge: at most twice as many samples as edges. The first
    # of an edge (step 0) is a vertex, which lies on the edge before it too; the last vertex is the next edge's first.
    length = np.hypot(*(end - start).T)
    pieces = np.ceil(length / length.mean()).astype(np.intp)
    edge = np.repeat(edges, pieces)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    samples = start[edge] + (end - start)[edge] * (step / pieces[edge])[:, None]
    # Trees cut at midpoints answer points far from every zone several times faster than balanced ones.
    grow = partial(cKDTree, balanced_tree=False, compact_nodes=False)
    shapely.prepare(polygons)
    return Boundary(
        polygons=polygons,
        start=start,
        end=end,
        zone=zone,
        everywhere=grow(samples),
        by_zone=grow(np.column_stack([samples, zone[edge] * ZONE_SPACING])),
        sampled=np.column_stack([np.where(step == 0, previous[edge], edge), edge]),
        reach=float((length / pieces).max() / 2),
    )


def contains(boundary: Boundary, xy: Floats, zone: Ints) -> NDArray[np.bool_]:
    """Return whether each point lies in its zone or on the boundary of it."""
    low_x, low_y, high_x, high_y = shapely.bounds(boundary.polygons)[zone].T
    x, y = xy.T
    inside = np.asarray((x >= low_x) & (x <= high_x) & (y >= low_y) & (y <= high_y))
    inside[inside] = shapely.intersects_xy(boundary.polygons[zone[inside]], x[inside], y[inside])
    return inside


def distance_to(boundary: Boundary, xy: Floats, zone: Ints) -> Floats:
    """Return the metres from each point to the boundary of its zone; ascending zones are answered faster."""
    return _nearest(boundary, boundary.by_zone, np.column_stack([xy, zone * ZONE_SPACING]), zone)[0]


def nearest_zone(boundary: Boundary, xy: Floats) -> tuple[Floats, Ints]:
    """Return the metres to the nearest boundary and the position of its zone (the first one where several tie)."""
    # Points are asked row by row of a grid of 256 x 256, so that the search finds its data in the cache.
    low = xy.min(axis=0, initial=np.inf)
    width = np.maximum(xy.max(axis=0, initial=-np.inf) - low, 1e-9)
    column, row = ((xy - low) / width * 255).astype(np.uint16).T
    order = np.argsort(row * np.uint16(256) + column, kind="stable")
    distance, zone = np.empty(len(xy)), np.empty(len(xy), dtype=np.intp)
    distance[order], zone[order] = _nearest(boundary, boundary.everywhere, xy[order], None)
    return distance, zone


def _nearest(boundary: Boundary, tree: cKDTree, query: Floats, zone: Ints | None) -> tuple[Floats, Ints]:
    """Return distance and zone of the nearest edge of each point, in threads over chunks."""

    def answer(begin: int) -> tuple[Floats, Ints]:
        part = slice(begin, begin + CHUNK)
        return _nearest_edge(boundary, tree, query[part], None if zone is None else zone[part])

    with ThreadPoolExecutor(_threads()) as pool:
        answers = [(np.empty(0), np.empty(0, dtype=np.intp)), *pool.map(answer, range(0, len(query), CHUNK))]
    return np.concatenate([d for d, _ in answers]), np.concatenate([z for _, z in answers])


def _threads() -> int:
    """Return one thread a core, and one alone on a worker of a cluster, whose cores have a worker each."""
    return 1 if multiprocessing.current_process().daemon else os.cpu_count() or 1


def _nearest_edge(boundary: Boundary, tree: cKDTree, query: Floats, zone: Ints | None) -> tuple[Floats, Ints]:
    """Measure the edges of the nearest samples, of more samples until no other edge can be nearer.

    An edge at distance d has a sample within sqrt(d² + reach²): its nearest point is an end, which is a sample, or
    the foot of a perpendicular, with a sample within ``reach`` along the edge. Once the next sample is further than
    that for the best d so far, every edge that is nearer, or as near, has been measured.
    """
    distance, nearest = np.empty(len(query)), np.empty(len(query), dtype=np.intp)
    open_, k = np.arange(len(query)), FIRST_SAMPLES
    while len(open_):
        # k samples are measured, and one more only says how far away all the others are at least; past the last sample
        # the tree answers infinity, which ends the search.
        away, sample = cast("tuple[Floats, Ints]", tree.query(query[open_], k=np.arange(1, k + 1)))
        edge = boundary.sampled[sample[:, :-1]].reshape(len(open_), -1)  # points x edges, two a sample
        squared = _squared_distance(boundary, query[open_, :2], edge)
        owner = boundary.zone[edge]
        if zone is not None:
            squared[owner != zone[open_][:, None]] = np.inf
        best = squared.min(axis=1)
        distance[open_] = np.sqrt(best)
        # Of edges that are as near the lowest zone; tree.n, the number of samples, is above every zone.
        nearest[open_] = np.where(squared == best[:, None], owner, tree.n).min(axis=1)
        open_ = open_[away[:, -1] ** 2 <= best + boundary.reach**2]
        k = min(4 * k, tree.n + 1)
    return distance, nearest


def _squared_distance(boundary: Boundary, xy: Floats, edge: Ints) -> Floats:
    """Return the squared distance from each point to each of its edges, shape of ``edge``."""
    start, end = boundary.start.take(edge, axis=0), boundary.end.take(edge, axis=0)
    ax, ay = start[..., 0], start[..., 1]
    dx, dy = end[..., 0] - ax, end[..., 1] - ay
    px, py = xy[:, :1] - ax, xy[:, 1:] - ay
    along = np.clip((px * dx + py * dy) / (dx * dx + dy * dy), 0.0, 1.0)  # part of the edge before the nearest place
    squared: Floats = (px - along * dx) ** 2 + (py - along * dy) ** 2
    return squared


def disc_share(boundary: Boundary, centre: Floats, radius: Floats, zone: Ints, inside: NDArray[np.bool_]) -> Floats:
    r"""Return area(disc within zone) / area(disc) for pairs of a disc (centre inside the zone or not) and a zone.

    Green's theorem in polar coordinates around the centre: with the boundary run so that the zone lies to its left,
    the area within the unit disc is :math:`\frac12 \oint \min(\rho, 1)^2 d\theta`, which is
    :math:`\pi` where the centre is inside (0 where not) plus, for every edge that crosses the disc in a chord from
    :math:`p` to :math:`q`, :math:`\frac12 (p \times q) - \frac12 \angle(p, q)`: the triangle of the chord less its
    sector. Edges outside the disc add nothing.

    With a centre so close to an edge that rounding puts it on the other side, the sector is off by a whole turn: a
    share outside [0, 1] is put back by one. A centre on a vertex has no angle at all and is the caller's to move.

    >>> square = trace(np.array([shapely.normalize(shapely.box(0, 0, 10, 10))]))
    >>> disc_share(square, np.array([[5.0, 0.0]]), np.array([1.0]), np.array([0]), np.array([True])).round(6)
    array([0.5])
    """
    share = inside.astype(np.float64)
    query = np.column_stack([centre, zone * ZONE_SPACING])
    # Every edge that may come within the radius has a sample within this, by the argument of _nearest_edge.
    within = np.hypot(radius, boundary.reach) * (1 + 1e-12)
    count = boundary.by_zone.query_ball_point(query, within, return_length=True, workers=_threads())
    # Batches of discs with about BATCH samples each bound the memory.
    cuts = np.unique(np.searchsorted(np.cumsum(count), np.arange(0, count.sum(), BATCH)))
    for low, high in zip(cuts, np.append(cuts, len(centre))[1:], strict=True):
        batch = slice(int(low), int(high))
        found = boundary.by_zone.query_ball_point(query[batch], within[batch], workers=_threads())
        sample = np.fromiter(chain.from_iterable(found), dtype=np.intp, count=int(count[batch].sum()))
        disc = np.repeat(np.arange(len(found)), count[batch])
        # Pairs of a disc and an edge, each once although an edge has several samples: disc * edges + edge is unique.
        disc, edge = np.divmod(
            np.unique(disc[:, None] * len(boundary.zone) + boundary.sampled[sample]), len(boundary.zone)
        )
        # Edges as seen from the centre, in radii. They are run from end to start, for the zone lies to their right and
        # the formula wants it to the left. Terms are twice an area, the unit disc has the area pi.
        origin, unit = centre[batch][disc], radius[batch][disc, None]
        terms = _chord_terms((boundary.end[edge] - origin) / unit, (boundary.start[edge] - origin) / unit)
        share[batch] += np.bincount(disc, terms, minlength=len(found)) / (2 * np.pi)
    share += np.where(share < -TURN, 1.0, np.where(share > 1 + TURN, -1.0, 0.0))
    return np.clip(share, 0.0, 1.0)


def _chord_terms(start: Floats, end: Floats) -> Floats:
    """Return twice the triangle less the sector of each edge's chord in the unit disc around the origin."""
    (ax, ay), (dx, dy) = start.T, (end - start).T
    squared = dx * dx + dy * dy
    cross = ax * dy - ay * dx
    # The line a + t d meets the circle at t = middle ± half; a line past the disc has no half, thus no chord.
    middle = -(ax * dx + ay * dy) / squared
    half = np.sqrt(np.maximum(squared - cross * cross, 0.0)) / squared
    enter, leave = np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
    px, py, qx, qy = ax + enter * dx, ay + enter * dy, ax + leave * dx, ay + leave * dy
    turn = (leave - enter) * cross  # p x q
    return np.where(leave > enter, turn - np.arctan2(turn, px * qx + py * qy), 0.0)
