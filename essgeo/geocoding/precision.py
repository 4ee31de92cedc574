"""How far a true position may lie from the point given for it."""

from __future__ import annotations

RADIUS_M = {"housenumber": 100.0, "place": 200.0, "street": 300.0, "municipality": 2500.0}
"""Radius in metres meant to hold 90 % of true positions, by precision of the point.

These are assumptions, larger than a house number usually needs, until they are calibrated against places whose position
is known without a geocoder. They only widen intervals: they never move a point.
"""
