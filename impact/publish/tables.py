"""Write results into the engine's tables, and read them back as frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from impact.judge import Judged
from impact.sql import ident
from impact.states import CheckStatus
from impact.store import Warehouse
from impact.store.sentences import decoded
from impact.tables.columns import Record
from impact.tables.finding import Finding
from impact.tables.frames import to_frame
from impact.tables.part import part_sql
from impact.tables.results import Diagnostic, Term

_LEVELS = "CASE {}level WHEN 'micro' THEN 1 WHEN 'meso' THEN 2 ELSE 3 END"
_COLUMN, _CODE = part_sql("f")
_SAME_PART = f'{{0}}.programme = f.programme AND {{0}}."column" = {_COLUMN} AND {{0}}.code = {_CODE}'


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
    for place, term in enumerate(effect.terms if effect else ()):
        yield Term(
            finding=finding.finding,
            programme=finding.programme,
            indicator=finding.indicator,
            place=place,
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
    columns = ", ".join(ident(column.name) for column in table.columns.values() if not column.internal)
    where, values = ("WHERE programme = ?", [programme]) if programme else ("", [])
    order = ", ".join(_LEVELS.format("") if name == "level" else ident(name) for name in table.sort)
    query = f"SELECT {columns} FROM {ident('impact', table.name)} {where} ORDER BY {order}"
    return decoded(table.name, warehouse.frame(query, values))


def findings_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the findings, a row each: micro, meso, macro; the whole before its parts, a territory before its own.

    To the columns of the table come ``part_en`` and ``part_it``, the title of the part's code or the name of what it
    stands for, and ``part_depth``, how many codes stand above it.
    """
    where, values = ("WHERE f.programme = ?", [programme]) if programme else ("", [])
    findings = warehouse.frame(
        "SELECT f.*, coalesce(p.title_en, l.title_en) AS part_en, coalesce(p.title_it, l.title_it) AS part_it,"
        " coalesce(p.depth, CASE WHEN l.code IS NOT NULL THEN 0 END) AS part_depth FROM impact.finding f"
        f" LEFT JOIN impact.part p ON {_SAME_PART.format('p')} AND p.indicator = f.indicator"
        f" LEFT JOIN impact.label l ON {_SAME_PART.format('l')}"
        f" {where} ORDER BY f.programme, {_LEVELS.format('f.')}, f.indicator,"
        " f.scope <> 'programme', f.\"group\" <> 'all',"
        ' f.scope, f."group", coalesce(p.place, l.place) NULLS LAST, f.finding',
        values,
    )
    return decoded("finding", findings)
