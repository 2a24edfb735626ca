from __future__ import annotations

import shutil
import sys
from pathlib import Path
from unittest import mock

import pytest

from impact.cli import main as cli
from tests.bad_input.harness import make


@pytest.fixture(scope="session")
def good_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database holding a good run of the programme; made once per worker, copied by each test."""
    home = tmp_path_factory.mktemp("good")
    database = home / "results.duckdb"
    with mock.patch.object(sys, "argv", ["impact", "run", str(make(home / "good")), "--db", str(database)]):
        try:
            cli.main()
        except SystemExit as leaving:
            assert not leaving.code  # noqa: PT017 - the exit code is the whole of it
    return database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good programme folder, to be spoilt."""
    return make(tmp_path / "programme")


@pytest.fixture
def database(tmp_path: Path, good_database: Path) -> Path:
    """A database in which the good programme has been run."""
    return Path(shutil.copy(good_database, tmp_path / "results.duckdb"))
