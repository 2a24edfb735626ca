"""Schemas of the standards, which are not the engine's to pass on: read from a folder that the environment names."""

from __future__ import annotations

import os
from pathlib import Path

from impact.publish.export.format import Validation

SCHEMAS = "IMPACT_SCHEMAS"
"""Environment variable that names a folder with the schemas of the standards, a folder each."""


def schema_file(*names: str) -> Path | None:
    """Return the path of a schema; None where the environment names no folder, or it is not there."""
    folder = os.environ.get(SCHEMAS)
    path = Path(folder, *names) if folder else None
    return path if path is not None and path.is_file() else None


def validation(schema: Path | None, standard: str) -> Validation:
    """Return what files are held against: a schema, where the environment leads to it."""
    return Validation(standard, "" if schema else f"a folder with its schema in {SCHEMAS}")
