"""Write results into the engine's tables, and read them back as frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from impact.judge import Judged
from impact.sql import Select, columns, ident
from impact.states import CheckStatus
from impact.store import Warehouse
from impact.store.sentences import decoded
from impact.tables.columns import Record
from impact.tables.finding import Finding
from impact.tables.frames import to_frame
from impact.tables.part import part_sql
from impact.tables.results import Diagnostic, Term


def _level_order(level: str) -> str:
    """Write the order of levels: micro, meso, macro."""
    return f"CASE {level} WHEN 'micro' THEN 1 WHEN 'meso' THEN 2 ELSE 3 END"


def _same_part(table: str) -> str:
    """Write that a row of a table is about the part that the finding ``f`` is of."""
    column, code = part_sql("f")
    return f'{table}.programme = f.programme AND {table}."column" = {column} AND {table}.code = {code}'


_TITLED = (
    f"impact.finding f LEFT JOIN impact.part p ON {_same_part('p')} AND p.indicator = f.indicator"
    f" LEFT JOIN impact.label l ON {_same_part('l')}"
)
"""Findings with what their part is called: the item of a codelist, or what the code stands for."""


def write_results(
    warehouse: Warehouse,
    programme: str,
    tables: dict[str, pd.DataFrame],
    findings: Sequence[Judged],
) -> None:
    """Append measures, linkage, definitions, findings, their checks and terms; inside the run's transaction.

    Parameters
    ----------
    warehouse
        In a transaction, with the results that these replace already removed.
    programme
        Stamped on every row.
    tables
        ``measure``, ``linkage``, ``definition`` and ``part``.
    findings
        What was judged; each names its indicator's definition.
    """
    for name, frame in tables.items():
        warehouse.append(name, frame.assign(programme=programme))
    for record, rows in (
        (Finding, [judged.finding for judged in findings]),
        (Diagnostic, [row for judged in findings for row in _diagnostics(judged)]),
        (Term, [row for judged in findings for row in _terms(judged)]),
    ):
        warehouse.append(record.TABLE.name, to_frame(record, rows))


def _diagnostics(judged: Judged) -> Iterator[Diagnostic]:
    finding, effect = judged.finding, judged.effect
    for check in effect.diagnostics if effect else ():
        yield Diagnostic(
            finding=finding.finding,
            programme=finding.programme,
            indicator=finding.indicator,
            check=check.check,
            null_hypothesis=check.null_hypothesis,
            value=check.value,
            p_value=check.p_value,
            status=CheckStatus(check.status),
            detail=check.detail,
        )


def _terms(judged: Judged) -> Iterator[Term]:
    finding, effect = judged.finding, judged.effect
    for number, term in enumerate(effect.terms if effect else ()):
        yield Term(
            finding=finding.finding,
            programme=finding.programme,
            indicator=finding.indicator,
            place=number,
            suppressed="",
            **vars(term),
        )


def read_table(warehouse: Warehouse, record: type[Record], programme: str | None = None) -> pd.DataFrame:
    """Return one of the engine's tables, of one programme or of all, in its order; its sentences as objects.

    Parameters
    ----------
    warehouse
        Open for reading.
    record
        Which table, such as :class:`impact.tables.results.Measure`; see it for the columns.
    programme
        One programme; all by default.
    """
    table = record.TABLE
    query = Select(
        columns(name for name, column in table.columns.items() if not column.internal),
        ident("impact", table.name),
        where=("programme = ?",) if programme else (),
        order=tuple(_level_order(name) if name == "level" else ident(name) for name in table.sort),
    )
    return decoded(table.name, warehouse.frame(query.sql(), [programme] if programme else []))


def findings_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the findings, a row each: micro, meso, macro; the whole before its parts, a territory before its own.

    To the columns of the table come ``part_en`` and ``part_it``, the title of the part's code or the name of what it
    stands for, and ``part_depth``, how many codes stand above it.
    """
    query = Select(
        {
            "*": "f.*",
            "part_en": "coalesce(p.title_en, l.title_en)",
            "part_it": "coalesce(p.title_it, l.title_it)",
            "part_depth": "coalesce(p.depth, CASE WHEN l.code IS NOT NULL THEN 0 END)",
        },
        _TITLED,
        where=("f.programme = ?",) if programme else (),
        order=_FINDINGS_ORDER,
    )
    return decoded("finding", warehouse.frame(query.sql(), [programme] if programme else []))


_FINDINGS_ORDER = (
    *("f.programme", _level_order("f.level"), "f.indicator"),
    *("f.scope <> 'programme'", "f.\"group\" <> 'all'", "f.scope", 'f."group"'),
    *("coalesce(p.place, l.place) NULLS LAST", "f.finding"),
)
