"""Effects carried to a territory. ``model`` is read by declarations, ``descriptor`` by the registry of designs."""
