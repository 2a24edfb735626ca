"""The database of the shipped programmes, made once for all tests that read it, whichever worker comes first.

``impact demo`` makes it; what it printed and what each run reported are kept beside the database.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import redirect_stdout
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

import impact
from impact.cli import main
from impact.cli.commands import demo
from impact.declare import Programme
from impact.run.flow import RunReport, run_programme
from impact.store import open_reader

SHIPPED = ("educate_girls", "milano_sei_laltro", "nsw", "peterborough", "talents4coop", "wecare")


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
    reports: dict[str, RunReport] = {}

    def noted(programme: Programme, *given: Any, **options: Any) -> RunReport:
        reports[programme.id] = run_programme(programme, *given, **options)
        return reports[programme.id]

    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as printed:
        patch.setattr(demo, "run_programme", noted)
        main.app(["demo", "--db", str(path)], standalone_mode=False)
    _printed(path).write_text(printed.getvalue(), encoding="utf-8")
    _reports(path).write_text(json.dumps({name: asdict(report) for name, report in reports.items()}))
    done.touch()
    return path


def shipped_words(factory: pytest.TempPathFactory) -> str:
    """Return what ``impact demo`` prints."""
    return _printed(shipped_database(factory)).read_text(encoding="utf-8")


def shipped_result(factory: pytest.TempPathFactory, name: str) -> impact.Result:
    """Return what :func:`impact.run` gives for one of the programmes that come with the engine, to be read only."""
    path = shipped_database(factory)
    report = json.loads(_reports(path).read_text())[name]
    return impact.Result(RunReport(**report), open_reader(path))


def _reports(path: Path) -> Path:
    return path.with_suffix(".json")


def _printed(path: Path) -> Path:
    return path.with_suffix(".txt")
