"""What a command loads before it does anything: counted in packages, not in seconds."""

from __future__ import annotations

import inspect
import json
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import impact
from impact.cli import commands
from impact.cli.main import COMMANDS, whole_command
from impact.run.flow import run_programme
from impact.store.warehouse import Warehouse
from tests.support.programmes import template

STATISTICS = {"statsmodels", "scipy", "pandera", "networkx", "rustworkx", "plotly", "dash"}
TABLES = {"pandas", "numpy", "pyarrow", "duckdb", "babel"}
DECLARATIONS = {"pydantic", "yaml"}
SCRIPT = """import json, sys
from impact.cli.main import main
try:
    main()
finally:
    json.dump(sorted({name.partition('.')[0] for name in sys.modules}), sys.stderr)
"""


def loaded(*arguments: str | Path) -> set[str]:
    """Return the packages that a command has loaded by its end."""
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template(tmp_path_factory.mktemp("startup"))


@pytest.fixture(scope="module")
def database(folder: Path) -> Path:
    path = folder.parent / "a.duckdb"
    with Warehouse(path) as warehouse:
        run_programme(impact.load(folder), warehouse)
    return path


def test_help_and_version_load_nothing_that_is_measured_with() -> None:
    assert loaded("--help").isdisjoint(STATISTICS | TABLES | DECLARATIONS)


def test_a_check_loads_declarations_only(folder: Path) -> None:
    assert loaded("check", folder).isdisjoint(STATISTICS | TABLES)


def test_findings_are_read_without_what_made_them(database: Path) -> None:
    assert loaded("findings", "--db", database).isdisjoint(STATISTICS)


def test_a_run_with_nothing_changed_loads_no_statistics(folder: Path, database: Path) -> None:
    assert loaded("run", folder, "--db", database).isdisjoint(STATISTICS)


def test_every_command_is_listed_by_its_first_sentence() -> None:
    assert set(COMMANDS) == {module.name for module in pkgutil.iter_modules(commands.__path__)}
    for name, sentence in COMMANDS.items():
        command = whole_command(name)
        assert (command.name, inspect.cleandoc(command.help).partition("\n\n")[0].replace("\n", " ")) == (
            name,
            sentence,
        )


def rooms() -> list[str]:
    """Return the packages that offer names on demand."""
    packages = [module.name for module in pkgutil.walk_packages(impact.__path__, "impact.") if module.ispkg]
    return [name for name in ("impact", *packages) if "__getattr__" in vars(import_module(name))]


@pytest.mark.parametrize("name", rooms())
def test_a_room_has_what_it_offers_and_nothing_else(name: str) -> None:
    room = import_module(name)
    for offered in room.__all__:
        assert getattr(room, offered) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = room.nothing


def test_the_function_that_runs_is_not_the_room_of_runs() -> None:
    script = (
        "import impact, impact.run.flow; assert impact.run.__name__ == 'run', impact.run; assert callable(impact.run)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
