"""Columns, layers and vocabulary: what every table holds."""
