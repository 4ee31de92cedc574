"""Readers of official files, one format a module; the names their columns carry stand in the catalogue."""
