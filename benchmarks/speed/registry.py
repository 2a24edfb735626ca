"""All pieces of work, in the order in which they are printed; a new one is its module and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from benchmarks.speed.work import Work

MODULES = ("startup", "load", "measures", "effects", "numeric", "exports", "runs", "app")


def works() -> Mapping[str, Work]:
    """Return every piece of work by its name."""
    found = [work for name in MODULES for work in import_module(f"benchmarks.speed.{name}").WORKS]
    return {work.name: work for work in found}
