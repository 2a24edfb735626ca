"""Difference-in-differences. ``model`` is read by declarations, ``descriptor`` by the registry of designs."""
