"""The database of the shipped programmes, made once for all tests that read it, whichever worker comes first."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from pathlib import Path

import pytest

import impact
from impact.declare import load_programme, shipped
from impact.run.flow import RunReport, run_programme
from impact.store import Warehouse, open_reader

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
        reports = {name: run_programme(load_programme(shipped("data") / name), warehouse) for name in SHIPPED}
    _reports(path).write_text(json.dumps({name: asdict(report) for name, report in reports.items()}))
    done.touch()
    return path


def shipped_result(factory: pytest.TempPathFactory, name: str) -> impact.Result:
    """Return what :func:`impact.run` gives for one of the programmes that come with the engine, to be read only."""
    path = shipped_database(factory)
    report = json.loads(_reports(path).read_text())[name]
    return impact.Result(RunReport(**report), open_reader(path))


def _reports(path: Path) -> Path:
    return path.with_suffix(".json")
