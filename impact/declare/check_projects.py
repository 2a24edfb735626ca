"""Whether projects and contacts hold together: columns, lists, bodies and what contacts answer for are all there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from impact.declare.load import Programme
from impact.declare.location import Location
from impact.declare.projects import AnswersFor, Contact, Projects
from impact.errors import Problem

FILE = "programme.yaml"
NAMES = ("text", "code")


def project_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with the projects of a programme and with its contacts."""
    projects = programme.header.projects
    if projects is not None:
        yield from _projects(programme, projects, Location(FILE, programme.line(FILE, "projects"), "projects"))
    yield from _contacts(programme)


def _projects(programme: Programme, projects: Projects, at: Location) -> Iterator[Problem]:
    known = sorted({name for contract in programme.contracts.values() for name in contract.columns})
    if projects.column not in known:
        yield at.at("projects.column").problem(f"no contract has a column '{projects.column}'", ", ".join(known))
    if projects.codelist is not None and projects.codelist not in programme.codelists:
        what = f"there is no codelist '{projects.codelist}'"
        yield at.at("projects.codelist").problem(what, ", ".join(programme.codelists))
    if projects.contract is not None:
        yield from _registry(programme, projects, projects.contract, at)


def _registry(programme: Programme, projects: Projects, name: str, at: Location) -> Iterator[Problem]:
    """Yield what is wrong with the contract that lists the projects: it has a row for each, and a source."""
    listed = programme.contracts.get(name)
    if listed is None:
        yield at.at("projects.contract").problem(f"there is no contract '{name}'", ", ".join(programme.contracts))
        return
    if len(listed.key) != 1:
        what = f"contract '{name}' may have several rows for a project"
        found = f"key: [{', '.join(listed.key)}]"
        fix = "Name a contract whose key is the project alone."
        yield at.at("projects.contract").problem(what, "a key of one column", found, fix)
    if not any(source.contract == name for source in programme.sources):
        fix = "Add it to sources.yaml."
        yield at.at("projects.contract").problem(f"no source feeds contract '{name}'", fix=fix)
    for field in ("responsible", "body"):
        column = getattr(projects, field)
        if column is None:
            continue
        there = at.at(f"projects.{field}")
        if column not in listed.columns:
            yield there.problem(f"contract '{name}' has no column '{column}'", ", ".join(listed.columns))
        elif listed.columns[column].type not in NAMES:
            yield there.problem(f"'{column}' names a body", "text or code", listed.columns[column].type)


def _contacts(programme: Programme) -> Iterator[Problem]:
    contacts = programme.header.contacts
    bodies = [body.id for body in programme.header.stakeholders]
    for index, contact in enumerate(contacts):
        at = Location(FILE, programme.line(FILE, "contacts", index), f"contacts.{contact.id}")
        if contact.body is not None and contact.body not in bodies:
            fix = "Add the body to stakeholders, or give the contact a name in its place."
            yield at.problem(f"there is no stakeholder '{contact.body}'", ", ".join(bodies), fix=fix)
        if contact.answers_for is not None:
            yield from _answers_for(programme, contact.answers_for, at)
    yield from _everything(programme, contacts)


def _answers_for(programme: Programme, answers: AnswersFor, at: Location) -> Iterator[Problem]:
    known: dict[str, Collection[str]] = {
        "waves": [wave.id for wave in programme.header.waves],
        "indicators": [indicator.id for indicator in programme.indicators],
        "contracts": programme.contracts,
    }
    for field, names in known.items():
        for name in getattr(answers, field):
            if name not in names:
                what = f"the contact answers for '{name}', which is none of the {field}"
                yield at.at(f"{at.field}.answers_for.{field}").problem(what, ", ".join(names))
    if answers.projects:
        yield from _project_codes(programme, answers.projects, at.at(f"{at.field}.answers_for.projects"))


def _project_codes(programme: Programme, codes: Sequence[str], at: Location) -> Iterator[Problem]:
    """Yield the codes that are no project; those of a contract are known from its rows alone."""
    projects = programme.header.projects
    if projects is None:
        fix = "Declare projects, or leave projects out of answers_for."
        yield at.problem("the contact answers for projects, and the programme declares none", fix=fix)
    elif projects.codelist is None:
        fix = "Name the column of it that says who answers: projects.responsible."
        yield at.problem(f"who answers for a project of contract '{projects.contract}' stands in its rows", fix=fix)
    elif projects.codelist in programme.codelists:
        listed = [item.code for item in programme.codelists[projects.codelist].codes]
        for code in codes:
            if code not in listed:
                yield at.problem(f"codelist '{projects.codelist}' has no code '{code}'", ", ".join(listed))


def _everything(programme: Programme, contacts: Sequence[Contact]) -> Iterator[Problem]:
    """Yield every contact for everything but the first: nobody would know whom to ask."""
    for_all = [index for index, contact in enumerate(contacts) if contact.answers_for is None]
    for index in for_all[1:]:
        at = Location(FILE, programme.line(FILE, "contacts", index), f"contacts.{contacts[index].id}.answers_for")
        what = f"'{contacts[index].id}' and '{contacts[for_all[0]].id}' both answer for everything"
        yield at.problem(what, fix="Say under answers_for what one of them answers for.")
