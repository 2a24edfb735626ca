"""Every file of SDMX with a single defect is rejected, by the rule that is listed beside the defect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from impact.errors import Problem
from impact.publish.export import FORMATS
from impact.publish.export.dossier import Dossier, dossier_of
from impact.publish.export.format import whole
from impact.publish.export.sdmx_check import json_data, ml_data, ml_structure
from impact.publish.official.sdmx_held import held
from impact.publish.official.sdmx_read import read_csv
from impact.publish.official.sdmx_structure import write_structures
from impact.publish.published import ReaderTables
from impact.publish.scope import OUTSIDE
from impact.store import open_reader
from impact.words import words_in
from tests.cases.test_disclose import projects
from tests.publish.export import mutants

READ = {"sdmx-csv": read_csv, "sdmx-ml-2.1": ml_data("2.1"), "sdmx-ml-3.0": ml_data("3.0"), "sdmx-json": json_data}
CASES = [(name, cell) for name in READ for cell in mutants.CELLS]
FILES = [(name, defect) for name, defects in mutants.FILES.items() for defect in defects]


@pytest.fixture(scope="module")
def dossier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dossier]:
    """Return a programme some of whose cells are hidden."""
    with open_reader(projects(tmp_path_factory.mktemp("mutants") / "one", 4)) as warehouse:
        yield dossier_of(ReaderTables(warehouse, OUTSIDE), "p", words_in("en"), "v1")


@pytest.fixture(scope="module")
def texts(dossier: Dossier) -> dict[str, str]:
    """Return the files without a defect; and let mutants know the names of codes."""
    structure = dossier.data_set.structure
    for component in structure.components:
        codelist = structure.codelist_of(component.id)
        for code in codelist.codes if codelist else ():
            mutants.LABELS[component.id, code.id] = dict(code.names)
    return {name: whole(FORMATS[name].write(dossier)).decode("utf-8") for name in READ}


def problems_of(dossier: Dossier, name: str, text: str, folder: Path, *, beside: bool = False) -> list[Problem]:
    """Return what is wrong with a file by the rules alone; ``beside`` the rows that were to be written too."""
    path, problems = folder / "mutant", list[Problem]()
    path.write_bytes(text.encode("utf-8"))
    data_set = dossier.data_set
    rows = data_set.rows if beside else None
    return held(data_set.structure, READ[name](path, data_set.structure, problems), problems, rows)


@pytest.mark.parametrize("name", READ)
def test_without_a_defect_nothing_is_rejected(
    dossier: Dossier, texts: dict[str, str], tmp_path: Path, name: str
) -> None:
    assert problems_of(dossier, name, texts[name], tmp_path, beside=True) == []


@pytest.mark.parametrize(("name", "defect"), CASES)
def test_a_defect_of_a_cell_is_rejected(
    dossier: Dossier, texts: dict[str, str], tmp_path: Path, name: str, defect: str
) -> None:
    cell = mutants.CELLS[defect]
    problems = problems_of(dossier, name, mutants.IN[name](texts[name], cell), tmp_path)
    special = cell.ml if "ml" in name else cell.json if name == "sdmx-json" else ""
    assert any(re.search(special or cell.rule, str(problem), re.DOTALL) for problem in problems), problems


@pytest.mark.parametrize(("name", "defect"), FILES)
def test_a_defect_of_a_file_is_rejected(
    dossier: Dossier, texts: dict[str, str], tmp_path: Path, name: str, defect: str
) -> None:
    change, rule = mutants.FILES[name][defect]
    changed = change(texts[name])
    assert changed != texts[name]
    beside = rule in ("rows are lost, or too many", "is not the one that was to be written")
    problems = problems_of(dossier, name, changed, tmp_path, beside=beside)
    assert any(re.search(rule, str(problem), re.DOTALL) for problem in problems), problems


@pytest.mark.parametrize("defect", mutants.STRUCTURES)
def test_a_defect_of_a_structure_is_rejected(dossier: Dossier, tmp_path: Path, defect: str) -> None:
    structure, path = dossier.data_set.structure, tmp_path / "structure.xml"
    text = write_structures([structure], "ml-3.0", data={"p": dossier.data_set.rows}).decode("utf-8")
    path.write_text(text, encoding="utf-8")
    assert ml_structure("3.0")(path, structure) == []
    change, rule = mutants.STRUCTURES[defect]
    path.write_text(change(text), encoding="utf-8")
    problems = ml_structure("3.0")(path, structure)
    assert any(re.search(rule, str(problem)) for problem in problems), problems


def test_a_file_beside_another_edition_is_rejected(dossier: Dossier, texts: dict[str, str], tmp_path: Path) -> None:
    later = replace(dossier.data_set.structure, version="1.1.0")
    other = replace(dossier, observed=replace(dossier.data_set, structure=later))
    for name, text in texts.items():
        assert problems_of(other, name, text, tmp_path) != [], name


def test_there_are_at_least_sixty() -> None:
    assert len(mutants.CELLS) >= 30
    assert len(CASES) + len(FILES) + len(mutants.STRUCTURES) >= 200
