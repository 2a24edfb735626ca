"""Synthetic control. ``model`` is read by declarations, ``descriptor`` by the registry of designs."""
