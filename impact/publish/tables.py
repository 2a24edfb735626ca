"""Write results into the engine's tables, and read them back as frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from impact.sql import Select, columns, ident
from impact.states import CheckStatus
from impact.store.sentences import decoded
from impact.tables.columns import Record
from impact.tables.finding import Finding
from impact.tables.frames import Row, to_frame
from impact.tables.part import part_sql
from impact.tables.results import Diagnostic, Term
from impact.words import Words

if TYPE_CHECKING:
    from impact.judge.findings import Judged
    from impact.store.warehouse import Warehouse


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
        stamped = frame.assign(programme=programme)
        warehouse.append(name, stamped)
    diagnostics, terms = list[Diagnostic](), list[Term]()
    for judged in findings:
        diagnostics += _diagnostics(judged)
        terms += _terms(judged)
    _append(warehouse, Finding, [judged.finding for judged in findings])
    _append(warehouse, Diagnostic, diagnostics)
    _append(warehouse, Term, terms)


def _append(warehouse: Warehouse, record: type[Row], rows: Sequence[Row]) -> None:
    warehouse.append(record.TABLE.name, to_frame(record, rows))


def _diagnostics(judged: Judged) -> Iterator[Diagnostic]:
    finding, effect = judged.finding, judged.effect
    if effect is None:
        return
    for check in effect.diagnostics:
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


_WITHOUT_ERROR: dict[str, Any] = dict.fromkeys(("std_error", "p_value", "conf_low", "conf_high", "n_obs"))
"""What a number behind a value leaves open."""


def _terms(judged: Judged) -> Iterator[Term]:
    finding = judged.finding
    terms = (*judged.behind, *(judged.effect.terms if judged.effect else ()))
    for number, term in enumerate(terms):
        yield Term(
            finding=finding.finding,
            programme=finding.programme,
            indicator=finding.indicator,
            place=number,
            suppressed="",
            **_WITHOUT_ERROR | vars(term),
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
    names = (name for name, column in table.columns.items() if not column.internal)
    order = tuple(_level_order(name) if name == "level" else ident(name) for name in table.sort)
    query = Select(columns(names), ident("impact", table.name), order=order)
    return _read(warehouse, table.name, query, programme)


def _read(
    warehouse: Warehouse, table: str, query: Select, programme: str | None, column: str = "programme"
) -> pd.DataFrame:
    """Return what a query gives of one programme or of all, with the sentences of a table as objects."""
    parameters = []
    if programme:
        query = replace(query, where=(f"{column} = ?",))
        parameters.append(programme)
    frame = warehouse.frame(query.sql(), parameters)
    return decoded(table, frame)


def findings_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the findings, a row each: micro, meso, macro; the whole before its parts, a territory before its own.

    To the columns of the table come ``part_en`` and ``part_it``, the title of the part's code or the name of what it
    stands for, and ``part_depth``, how many codes stand above it.
    """
    query = Select(_FINDING_COLUMNS, _TITLED, order=_FINDINGS_ORDER)
    return _read(warehouse, "finding", query, programme, "f.programme")


_FINDING_COLUMNS = {
    "*": "f.*",
    "part_en": "coalesce(p.title_en, l.title_en)",
    "part_it": "coalesce(p.title_it, l.title_it)",
    "part_depth": "coalesce(p.depth, CASE WHEN l.code IS NOT NULL THEN 0 END)",
}


_FINDINGS_ORDER = (
    *("f.programme", _level_order("f.level"), "f.indicator"),
    *("f.scope <> 'programme'", "f.\"group\" <> 'all'", "f.scope", 'f."group"'),
    *("coalesce(p.place, l.place) NULLS LAST", "f.finding"),
)


def titles_by(frame: pd.DataFrame, words: Words, *by: str) -> dict[Any, str]:
    """Return titles by the values of columns, in the language of the words."""
    keys = frame[list(by)].itertuples(index=False, name=None)
    return dict(zip(keys, words.picked(frame), strict=True))
