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

============= ==== ======== ======== ======== ===================================================================
precision     rows   median     80 %     90 % how
============= ==== ======== ======== ======== ===================================================================
housenumber    340     17 m     51 m     81 m as located
interpolated   338     17 m     52 m     85 m the number taken out of the index, where neighbours give a point
street         127     48 m     88 m    108 m the number taken out of the address, streets located without one
============= ==== ======== ======== ======== ===================================================================

``benchmarks/calibrate.py`` prints this table, and what the radius of one half of the houses holds of the other half
(89.4 ± 3.2 % over 200 draws). The radii of houses are the next 5 m above its last column. That of a street is a choice,
not a measure: 200 m, the longest reach of one located without a number, because rows that lack a number are vaguer
than those that lost it here. ``place`` and ``municipality`` are assumptions. A radius only widens intervals: it never
moves a point.
"""
