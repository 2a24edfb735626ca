"""Associations, which are no effects. ``model`` is read by declarations, ``descriptor`` by the registry of designs."""
