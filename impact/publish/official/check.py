"""Whether observations hold together with their structure: before anything is written, and after it was read back.

All of it is counted in DuckDB, in one pass over the rows; every kind of defect is named with its first row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import duckdb
import pyarrow as pa

from impact.errors import Problem
from impact.publish.official.lists import CONF_STATUS_OF_MISSING, OBS_STATUS_OF_MISSING
from impact.publish.official.period import FREQUENCIES
from impact.publish.official.structure import Attached, Component, Role, Structure, Text
from impact.sql import Select, ident, literal

_ROW = "row_number() OVER ()"


def data_set_problems(structure: Structure, rows: pa.Table) -> list[Problem]:
    """Return what is wrong with observations: empty when they hold together.

    Parameters
    ----------
    structure
        What they should be made of.
    rows
        A column per component; other columns, and missing ones, are problems.
    """
    wrong = list(_columns(structure, rows))
    if wrong:
        return wrong
    with duckdb.connect() as connection:
        connection.register("observations", rows)
        found = (_defects, _differing, _doubles)
        return [problem for problems in found for problem in problems(structure, connection)]


def _columns(structure: Structure, rows: pa.Table) -> Iterator[Problem]:
    expected = [component.id for component in structure.components]
    for name in expected:
        if name not in rows.column_names:
            yield Problem(f"there is no column {name}", field=name, expected=", ".join(expected))
    for name in rows.column_names:
        if name not in expected:
            yield Problem(f"the structure has no component {name}", field=name, expected=", ".join(expected))


def _defects(structure: Structure, connection: duckdb.DuckDBPyConnection) -> Iterator[Problem]:
    """Yield each rule that rows break, with how many do and what the first of them holds."""
    rules = dict(_rules(structure))
    counted = {f"n{i}": f"count(*) FILTER (WHERE {condition})" for i, (_, condition) in enumerate(rules.items())}
    counts = connection.execute(Select(counted, "observations").sql()).fetchone() or ()
    for (what, condition), count in zip(rules.items(), counts, strict=True):
        if count:
            yield _problem(connection, what, condition, count)


def _problem(connection: duckdb.DuckDBPyConnection, what: tuple[str, str], condition: str, count: int) -> Problem:
    component, sentence = what
    numbered = Select({"*": "*", "_row": _ROW}, "observations").sql()
    shown = {"row": "_row", "found": f"CAST({ident(component)} AS VARCHAR)"}
    row = connection.execute(Select(shown, f"({numbered})", where=(condition,), limit=1).sql()).fetchone()
    number, found = row or ("?", "")
    return Problem(f"{sentence}: {count} rows, row {number} first", field=component, found=found or "nothing")


def _rules(structure: Structure) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the rules: component, what a row that breaks it does, and the condition of such a row."""
    for component in structure.components:
        yield from _rules_of(structure, component)
    yield from _period_rules()
    yield from _status_rules()


def _rules_of(structure: Structure, component: Component) -> Iterator[tuple[tuple[str, str], str]]:
    name = ident(component.id)
    if component.role in (Role.DIMENSION, Role.TIME) or component.mandatory:
        yield (component.id, f"{component.id} is missing"), f"{name} IS NULL OR CAST({name} AS VARCHAR) = ''"
    codelist = structure.codelist_of(component.id)
    if codelist is not None:
        codes = ", ".join(map(literal, codelist.ids))
        what = f"{component.id} has a code that is not in {codelist.id}"
        yield (component.id, what), f"{name} IS NOT NULL AND {name} NOT IN ({codes})"
    if component.text is Text.DOUBLE:
        yield (component.id, f"{component.id} is no finite number"), f"{name} IS NOT NULL AND NOT isfinite({name})"
    if component.text is Text.INTEGER:
        yield (component.id, f"{component.id} is below zero"), f"{name} < 0"
    if component.text is Text.DATE:
        pattern = literal(FREQUENCIES["D"])
        wrong = f"NOT regexp_full_match({name}, {pattern}) OR try_cast({name} AS DATE) IS NULL"
        yield (component.id, f"{component.id} is no day"), f"{name} IS NOT NULL AND ({wrong})"


def _period_rules() -> Iterator[tuple[tuple[str, str], str]]:
    cases = " ".join(f"WHEN {literal(code)} THEN {literal(pattern)}" for code, pattern in FREQUENCIES.items())
    pattern = f"CASE FREQ {cases} ELSE '' END"
    yield (
        ("TIME_PERIOD", "TIME_PERIOD is not written as its FREQ asks for"),
        f"NOT regexp_full_match(TIME_PERIOD, {pattern})",
    )
    yield (
        ("TIME_PERIOD", "TIME_PERIOD is no day of the calendar"),
        "FREQ = 'D' AND try_cast(TIME_PERIOD AS DATE) IS NULL",
    )


def _status_rules() -> Iterator[tuple[tuple[str, str], str]]:
    """Yield what value, reason, observation status and confidentiality must say alike."""
    missing = ", ".join(map(literal, sorted(set(OBS_STATUS_OF_MISSING.values()))))
    yield (
        ("OBS_VALUE", "a value stands beside a status that says there is none"),
        (f"OBS_VALUE IS NOT NULL AND (MISSING_KIND IS NOT NULL OR OBS_STATUS IN ({missing}))"),
    )
    yield ("MISSING_KIND", "nothing says why there is no value"), "OBS_VALUE IS NULL AND MISSING_KIND IS NULL"
    yield ("OBS_STATUS", "OBS_STATUS is not that of MISSING_KIND"), _differs("OBS_STATUS", OBS_STATUS_OF_MISSING, "O")
    yield (
        ("CONF_STATUS", "CONF_STATUS is not that of MISSING_KIND"),
        f"CONF_STATUS <> {_case(CONF_STATUS_OF_MISSING, 'F')}",
    )


def _differs(component: str, codes: Mapping[str, str], otherwise: str) -> str:
    return f"MISSING_KIND IS NOT NULL AND {component} <> {_case(codes, otherwise)}"


def _case(codes: Mapping[str, str], otherwise: str) -> str:
    cases = " ".join(f"WHEN {literal(kind)} THEN {literal(code)}" for kind, code in codes.items())
    return f"coalesce(CASE MISSING_KIND {cases} END, {literal(otherwise)})"


def _differing(structure: Structure, connection: duckdb.DuckDBPyConnection) -> Iterator[Problem]:
    """Yield what is said of an indicator, and differs among its observations."""
    said = [component.id for component in structure.attributes if component.attached is Attached.INDICATOR]
    counts = {name: f"count(DISTINCT {ident(name)})" for name in said}
    grouped = Select({"INDICATOR": "INDICATOR", **counts}, "observations", group=("INDICATOR",))
    for name in said:
        query = Select({"INDICATOR": "INDICATOR"}, grouped, where=(f"{ident(name)} > 1",), limit=1)
        row = connection.execute(query.sql()).fetchone()
        if row:
            yield Problem(f"{name} differs among the observations of one indicator", field=name, found=str(row[0]))


def _doubles(structure: Structure, connection: duckdb.DuckDBPyConnection) -> Iterator[Problem]:
    """Yield the first key that several observations have.

    Keys are told apart by a hash first, which takes little room however many there are; then those whose hash is one.
    """
    keys = [component.id for component in structure.of_role(Role.DIMENSION, Role.TIME)]
    columns = {name: ident(name) for name in keys}
    hashed = f"hash({', '.join(columns.values())})"
    suspects = Select({"hashed": hashed}, "observations", group=(hashed,), having="count(*) > 1").sql()
    grouped = Select(
        {**columns, "n": "count(*)"}, "observations", where=(f"{hashed} IN ({suspects})",),
        group=tuple(columns.values()), having="count(*) > 1",
    )  # fmt: skip
    row = connection.execute(Select({"*": "*"}, f"({grouped.sql()})", limit=1).sql()).fetchone()
    if row:
        key = ", ".join(f"{name} {value}" for name, value in zip(keys, row, strict=False))
        yield Problem(f"{row[-1]} observations have one key: {key}", field="TIME_PERIOD")
