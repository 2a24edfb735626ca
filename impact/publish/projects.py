"""The projects of a programme leave as a table: those of a codelist, or the rows of a registry."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pandas as pd

from impact.declare import Programme, in_language
from impact.declare.base import Text
from impact.declare.contracts import Contract
from impact.declare.projects import Projects
from impact.publish.labels import name_column, registry_names
from impact.sql import Select, as_text, ident
from impact.tables.titles import Project


def make_projects(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Return the projects that a programme declares, with who answers for each; nothing where it declares none.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with the views of good rows in place.
    """
    projects = programme.header.projects
    if projects is None:
        return {}
    contract = programme.contracts[projects.contract] if projects.contract else None
    titles = _titles(programme, connection, projects, contract)
    bodies = {} if contract is None else _bodies(programme, connection, projects, contract)
    rows = [
        {
            "column": projects.column,
            "code": code,
            "place": place,
            "title_en": in_language(title, "en"),
            "title_it": in_language(title, "it"),
            "responsible": bodies.get(code, (None, None))[0],
            "body": bodies.get(code, (None, None))[1],
            "contract": projects.contract,
            "contacts": _contacts(programme, code),
        }
        for place, (code, title) in enumerate(titles.items())
    ]
    names = [name for name in Project.TABLE.columns if name != "programme"]
    return {"project": pd.DataFrame(rows, columns=names, dtype=object)}


def _titles(
    programme: Programme, connection: duckdb.DuckDBPyConnection, projects: Projects, contract: Contract | None
) -> Mapping[str, Text]:
    """Return what each project is called, in the order of its list; its code where nobody says."""
    if contract is None:
        codelist = programme.codelists[projects.codelist or ""]
        return {item.code: item.title for item in codelist.codes}
    key = as_text(contract.key[0])
    listed = Select({"code": key}, ident(programme.id, contract.id), order=(key,))
    codes = [code for (code,) in connection.execute(listed.sql()).fetchall()]
    named = registry_names(programme, connection, contract) if name_column(contract) else {}
    untitled: dict[str, Text] = {code: {"en": code, "it": code} for code in codes if code not in named}
    return {**named, **untitled}


def _bodies(
    programme: Programme, connection: duckdb.DuckDBPyConnection, projects: Projects, contract: Contract
) -> dict[str, tuple[str | None, str | None]]:
    """Return the body that answers for each project, and the key it has in the networks."""
    columns = {"code": as_text(contract.key[0])}
    for name in ("responsible", "body"):
        column = getattr(projects, name)
        columns[name] = as_text(column) if column else "NULL"
    query = Select(columns, ident(programme.id, contract.id))
    return {code: (responsible, body) for code, responsible, body in connection.execute(query.sql()).fetchall()}


def _contacts(programme: Programme, code: str) -> list[str]:
    """Return the contacts that are named for a project."""
    contacts = programme.header.contacts
    return [contact.id for contact in contacts if contact.answers_for and code in contact.answers_for.projects]
