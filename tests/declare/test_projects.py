"""Projects and contacts are refused where they name what is not there, with the line and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from impact.declare import load_programme
from impact.declare.check import check_programme
from impact.errors import DeclarationError
from tests.support.monitored import write
from tests.support.programmes import template

BODIES = "stakeholders: [{id: office, name: Office, role: lead}]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("declared") / "made")


def problems(folder: Path, declared: str) -> str:
    """Return what is wrong with a programme that declares something more at the end of its file."""
    path = folder / "programme.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}{BODIES}\n{declared}\n", encoding="utf-8")
    try:
        return "\n".join(map(str, check_programme(load_programme(folder))))
    except DeclarationError as error:
        return str(error)
    finally:
        path.write_text(text, encoding="utf-8")


REFUSED = {
    "name where the projects are listed": "projects: {column: project}",
    "a codelist has none": "projects: {column: project, codelist: x, responsible: name}",
    "no contract has a column 'nowhere'": "projects: {column: nowhere, contract: project}",
    "there is no codelist 'nothing'": "projects: {column: project, codelist: nothing}",
    "there is no contract 'nothing'": "projects: {column: project, contract: nothing}",
    "may have several rows for a project": "projects: {column: project, contract: promises}",
    "contract 'project' has no column 'boss'": "projects: {column: project, contract: project, responsible: boss}",
    "'closed_on' names a body": "projects: {column: project, contract: project, body: closed_on}",
    "a contact is somebody": "contacts: [{id: a, role: R}]",
    "name something, or leave answers_for out": "contacts: [{id: a, role: R, name: N, answers_for: {}}]",
    "there is no stakeholder 'nobody'": "contacts: [{id: a, role: R, body: nobody}]",
    "two contacts have the id 'a'": "contacts: [{id: a, role: R, name: N}, {id: a, role: R, name: M, answers_for: {contracts: [rows]}}]",
    "none of the indicators": "contacts: [{id: a, role: R, name: N, answers_for: {indicators: [nothing]}}]",
    "none of the waves": "contacts: [{id: a, role: R, name: N, answers_for: {waves: [nothing]}}]",
    "none of the contracts": "contacts: [{id: a, role: R, name: N, answers_for: {contracts: [nothing]}}]",
    "the programme declares none": "contacts: [{id: a, role: R, name: N, answers_for: {projects: [p01]}}]",
    "stands in its rows": (
        "projects: {column: project, contract: project}\n"
        "contacts: [{id: a, role: R, name: N, answers_for: {projects: [p01]}}]"
    ),
    "both answer for everything": "contacts: [{id: a, role: R, name: N}, {id: b, role: R, name: M}]",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_there_is_refused_at_its_line(folder: Path, what: str) -> None:
    found = problems(folder, REFUSED[what])
    assert what in found
    lines = (folder / "programme.yaml").read_text(encoding="utf-8").count("\n")
    first, last = lines + 2, lines + 3 + REFUSED[what].count("\n")
    assert any(f"programme.yaml:{number}" in found or f"line {number}" in found for number in range(first, last))


@pytest.mark.parametrize(
    "declared",
    [
        "projects: {column: project, contract: project}",
        "contacts: [{id: a, role: R, body: office}]",
        "contacts: [{id: a, role: {en: R, it: R}, name: N, reach: x, answers_for: {indicators: [hours], contracts: [rows]}}]",
    ],
)
def test_what_is_there_is_taken(folder: Path, declared: str) -> None:
    assert problems(folder, declared) == ""


CODELIST = """
codelists:
  - id: site
    title: Site
    codes: [{code: a, title: Site A}, {code: b, title: Site B}]
"""


def test_contacts_answer_for_projects_of_a_codelist(tmp_path: Path) -> None:
    made = template(tmp_path)
    path = made / "contracts.yaml"
    text = path.read_text(encoding="utf-8").replace("contracts:", f"{CODELIST}contracts:", 1)
    name = next(iter(load_programme(made).contracts.values())).key[0]
    path.write_text(text, encoding="utf-8")
    header = made / "programme.yaml"
    before = header.read_text(encoding="utf-8")
    for code, found in (("a", ""), ("c", "codelist 'site' has no code 'c'")):
        contact = f"contacts: [{{id: x, role: R, name: N, answers_for: {{projects: [{code}]}}}}]"
        header.write_text(f"{before}projects: {{column: {name}, codelist: site}}\n{contact}\n", encoding="utf-8")
        assert found in "\n".join(map(str, check_programme(load_programme(made))))
        assert bool(check_programme(load_programme(made))) == bool(found)
