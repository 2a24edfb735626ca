"""Which parts of a programme are its projects, and who answers for what.

Read by :mod:`impact.declare.programme`.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from impact.declare.base import Code, ColumnName, Declared, Id, Text


class Projects(Declared):
    """Which parts are the programme's projects: each gets a page of its own.

    ``column`` is the column that holds their codes. The projects are those of a ``codelist``, or the rows of a
    ``contract`` that has one for each. Of a contract, ``responsible`` is the column that names the body that answers
    for the project, and ``body`` the one that holds the key of that body in the networks.
    """

    column: ColumnName
    codelist: Id | None = None
    contract: Id | None = None
    responsible: ColumnName | None = None
    body: ColumnName | None = None

    @model_validator(mode="after")
    def _from_one_list(self) -> Projects:
        if (self.codelist is None) == (self.contract is None):
            raise ValueError("name where the projects are listed: a codelist, or a contract with a row for each")
        if self.contract is None and (self.responsible or self.body):
            raise ValueError("responsible and body are columns of a contract, and a codelist has none; leave them out")
        return self


class AnswersFor(Declared):
    """What a contact answers for, by the names that the declarations give it."""

    waves: tuple[Code, ...] = ()
    indicators: tuple[Id, ...] = ()
    contracts: tuple[Id, ...] = ()
    projects: tuple[Code, ...] = ()

    @model_validator(mode="after")
    def _something(self) -> AnswersFor:
        if not (self.waves or self.indicators or self.contracts or self.projects):
            raise ValueError("name something, or leave answers_for out: then the contact answers for everything")
        return self


class Contact(Declared):
    """Who answers for something that is due: a role, with the body or the name that has it.

    ``body`` is one of the stakeholders. ``reach`` is how to ask: a mailbox, a telephone number, a page; every reader
    sees it. Without ``answers_for`` it is everything that no other contact is named for.
    """

    id: Id
    role: Text
    body: Id | None = None
    name: str | None = Field(default=None, min_length=1)
    reach: str | None = Field(default=None, min_length=1)
    answers_for: AnswersFor | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Contact:
        if self.body is None and self.name is None:
            raise ValueError("a contact is somebody: give body, one of the stakeholders, or name")
        return self
