"""Ingest: raw files become readable tables with provenance; nothing is judged here yet."""

from impact.ingest.files import RawFile, RejectedLine, open_raw

__all__ = ["RawFile", "RejectedLine", "open_raw"]
