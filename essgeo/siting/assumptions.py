"""What an answer rests on besides data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Assumptions:
    """What the answer rests on besides data.

    Attributes
    ----------
    speed_kmh, detour, network
        Of walking, see :func:`essgeo.travel_cost`.
    longest_minutes
        The walk that the p-median counts where there is no place today.
    closing
        Probability that a site closes early, for maximal expected covering.
    draws, seed, level
        Random draws behind robustness and intervals, and the level of these.
    time_limit
        Seconds of branch and bound.
    """

    speed_kmh: float = 4.5
    detour: float = 1.3
    network: Any = None
    longest_minutes: float = 30
    closing: float = 0.2
    draws: int = 200
    seed: int = 0
    level: float = 0.9
    time_limit: float = 60.0
