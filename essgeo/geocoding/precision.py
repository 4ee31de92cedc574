"""How far a true position may lie from the point given for it."""

from __future__ import annotations

RADIUS_M = {
    "housenumber": 85.0,
    "interpolated": 90.0,
    "street": 130.0,
    "locality": 200.0,
    "place": 200.0,
    "municipality": 2500.0,
}
"""Radius in metres meant to hold 90 % of true positions, by precision of a located point.

Calibrated on the 378 addresses of Paris and Bondy among places whose coordinates were not derived from BAN (FINESS,
fuel stations, schools). A third of the fuel stations are known to about 100 m only: the radius holds that error too.

============= ==== ======== ======== ======== ===================================================================
precision     rows   median     80 %     90 % how
============= ==== ======== ======== ======== ===================================================================
housenumber    340     17 m     51 m     81 m as located
interpolated   338     17 m     52 m     85 m the number taken out of the index, where neighbours give a point
street         145     51 m     95 m    129 m 127 located houses without their number, 18 rows that have none
============= ==== ======== ======== ======== ===================================================================

``benchmarks/calibrate.py`` prints this table, and what the radius of one half of the rows holds of the other half, over
200 draws: 89.4 ± 3.2 % of houses, 89.7 ± 3.4 % of interpolated points, 88.8 ± 4.8 % of streets. A radius is the next
5 m above the last column. Of the 18 rows without a number, 14 lie within 104 m and four beyond 200 m (three of those
beyond 900 m, where the truth file puts the same street in two places): so few say little. ``locality``, ``place`` and
``municipality`` are assumptions, for no row tells. A radius only widens intervals: it never moves a point.
"""
