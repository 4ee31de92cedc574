"""How far a true position may lie from the point given for it."""

from __future__ import annotations

RADIUS_M = {
    "housenumber": 85.0,
    "interpolated": 90.0,
    "street": 200.0,
    "locality": 200.0,
    "place": 200.0,
    "municipality": 2500.0,
}
"""Radius in metres meant to hold 90 % of true positions, by precision of a located point.

Calibrated on the 378 addresses of Paris and Bondy among places whose coordinates were not derived from BAN (FINESS,
fuel stations, schools). A third of the fuel stations are known to about 100 m only: the radius holds that error too.

============= ==== ======== ======== ======== ==================================================================
precision     rows   median     80 %     90 % how
============= ==== ======== ======== ======== ==================================================================
housenumber    341     17 m     51 m     81 m as located
interpolated   339        -     52 m     84 m the number taken out of the index, so that it is interpolated
street         105     42 m     77 m    104 m the number taken out of the address, streets of 150 m at most
============= ==== ======== ======== ======== ==================================================================

The radius of a half of the located rows, drawn 200 times, holds 90 % of the other half (``bench_geocoding.py`` prints
it). A street keeps 200 m, the longest reach of one located without a number, because rows that lack a number are vaguer
than those that lost it here. ``place`` and ``municipality`` are assumptions. A radius only widens intervals: it never
moves a point.
"""
