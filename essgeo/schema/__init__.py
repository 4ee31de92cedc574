"""Columns, layers and vocabulary: what every table holds."""

from essgeo.schema.months import Period

__all__ = ["Period"]
