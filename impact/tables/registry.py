"""All tables of the schema ``impact``, in the order of the reference; what makes them, and what describes them.

The layout has a number: a change of a table's types or columns raises it, and :mod:`impact.store.migrations` gets the
step by which an older database follows.
"""

from __future__ import annotations

from collections.abc import Mapping

from impact.sql import ident
from impact.tables.columns import Column, Record, Table
from impact.tables.declared import Programme, Stakeholder, TheoryLink, TheoryNode, Wave
from impact.tables.files import Load, Quality, Quarantine, Response, Unmapped
from impact.tables.finding import Finding
from impact.tables.places import MapCell, NetworkBody, NetworkTie
from impact.tables.process import Claim, Delivery, Journey, Phase
from impact.tables.protection import Suppression, Withheld
from impact.tables.results import Diagnostic, Linkage, Measure, Term
from impact.tables.runs import Definition, Meta, Plan, Run, Sentence, State
from impact.tables.titles import Cut, Heading, Label, Membership, PartTitle

SCHEMA = "impact"
RECORDS: tuple[type[Record], ...] = (
    *(Finding, Measure, Quarantine, Load, Diagnostic, Term, Suppression, Withheld),
    *(PartTitle, Label, Membership, Heading, Cut),
    *(NetworkBody, NetworkTie, MapCell, Unmapped),
    *(Claim, Journey),
    *(Programme, TheoryNode, TheoryLink, Wave, Stakeholder),
    *(Quality, Response, Phase, Delivery),
    *(Definition, Linkage, Sentence, Plan, Run, State, Meta),
)
TABLES: Mapping[str, Table] = {record.TABLE.name: record.TABLE for record in RECORDS}


def create_sql(table: Table) -> str:
    """Write the statement that makes a table where there is none."""
    name = ident(SCHEMA, table.name)
    columns = ", ".join(map(_column_sql, table.columns.values()))
    return f"CREATE TABLE IF NOT EXISTS {name} ({columns})"


def _column_sql(column: Column) -> str:
    clauses = [ident(column.name), column.sql]
    if column.key:
        clauses.append("PRIMARY KEY")
    elif not column.nullable:
        clauses.append("NOT NULL")
    if column.default is not None:
        clauses.append(f"DEFAULT {column.default}")
    return " ".join(clauses)
