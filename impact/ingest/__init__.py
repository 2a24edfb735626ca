"""Ingest: raw files become readable tables with provenance; nothing is judged here yet."""

from impact.ingest.files import open_raw, source_sha256
from impact.ingest.raw import RawFile, Reader, RejectedLine

__all__ = ["RawFile", "Reader", "RejectedLine", "open_raw", "source_sha256"]
