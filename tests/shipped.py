"""The database of the shipped programmes, made once for all tests that read it, whichever worker comes first."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from impact.declare import load_programme, shipped
from impact.pipeline import run_programme
from impact.store import Warehouse

SHIPPED = ("milano_sei_laltro", "nsw", "talents4coop", "wecare")


def shipped_database(factory: pytest.TempPathFactory) -> Path:
    """Return a database with all programmes that come with the engine; nobody writes to it."""
    base = factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    path, done = shared / "shipped.duckdb", shared / "shipped.done"
    try:
        os.close(os.open(shared / "shipped.lock", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        while not done.exists():
            time.sleep(0.2)
        return path
    with Warehouse(path) as warehouse:
        for name in SHIPPED:
            run_programme(load_programme(shipped("data") / name), warehouse)
    done.touch()
    return path
