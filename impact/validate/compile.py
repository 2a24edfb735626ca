"""A Pandera schema's checks become one SQL pass: text in, typed columns, a flag, reasons and payload out.

Where a check cannot be written in SQL (a pattern that RE2 lacks), it is listed in ``leftover`` and run by Pandera on
batches of the loaded column.
"""

from __future__ import annotations

import datetime
import re
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandera.pandas as pa

from impact.declare.base import Condition, Scalar
from impact.declare.conditions import condition_sql
from impact.declare.contracts import NUMERIC, Column, Contract
from impact.declare.load import Programme
from impact.declare.sources import FileFormat, Source
from impact.ingest import RawFile
from impact.ingest.raw import TRIMMED
from impact.sql import EVERY_COLUMN, Columns, Select, columns, ident, literal
from impact.validate.check_sql import compile_check, pattern_of, statistics_of
from impact.validate.schema import to_pandera
from impact.validate.stored import MISSING_SUFFIX
from impact.words.said import Said

TRUE_WORDS = ("true", "t", "1", "yes", "y", "si", "sì", "vero", "s")
FALSE_WORDS = ("false", "f", "0", "no", "n", "falso")
WHITE_SPACE = " " + TRIMMED
"""What is trimmed around every value."""
UNSEEN = "".join(character for character in TRIMMED if character not in "\u200c\u200d")
"""What may not stand inside a key, which it would part in two without showing; some scripts need the two joiners."""
LONG_NUMBER = r"-?[0-9]([.,][0-9]+)?e\+[0-9]{2,3}"
"""How a number is written of which a workbook or double no longer keeps every digit."""
FIRST_DATE, LAST_DATE = "1800-01-01", "2200-12-31"
OFFSET_PATTERN = r"(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])$"
"""How an offset from UTC is written at the end of a point in time."""
SHOWN_CODES = 12
"""Codes that are listed before their number is told."""


@dataclass(frozen=True)
class Reason:
    """One way in which a row can fail: the column (or rule's columns), the rule, what it expects."""

    column: str
    rule: str
    expected: Said
    severity: str
    fails: str = field(repr=False)


@dataclass(frozen=True)
class CompiledContract:
    """A contract ready to load one source.

    Parameters
    ----------
    select
        The query that reads the file; gives the contract's columns, ``_bad``, ``_reasons`` and ``_payload``.
    reasons
        Position in this tuple is the number that ``_reasons`` lists.
    leftover
        Numbers of the reasons that SQL cannot test, with the Pandera column that does.
    """

    contract: Contract
    select: Select = field(repr=False)
    reasons: tuple[Reason, ...]
    leftover: tuple[tuple[int, str, pa.Check], ...] = ()


def compile_contract(programme: Programme, contract: Contract, source: Source, raw: RawFile) -> CompiledContract:
    """Compile a contract and the crosswalk of one source to SQL.

    Parameters
    ----------
    programme
        The programme, whose codelists the columns of codes name.
    contract, source
        What the rows must be, and how the file maps to it.
    raw
        The opened file: its header, and whether it holds odd spaces.
    """
    schema = to_pandera(programme, contract)
    reasons: list[Reason] = []
    leftover: list[tuple[int, str, pa.Check]] = []
    for name, column in contract.columns.items():
        reasons += _type_reasons(name, column, source.format)
        reasons += _text_reasons(name, contract, source, raw)
        for check in schema.columns[name].checks:
            fails = compile_check(check, ident(name))
            if fails is None:
                leftover.append((len(reasons), name, check))
            reasons.append(Reason(name, str(check.name), _expected(check), _severity(check), fails or "FALSE"))
    reasons += [_rule_reason(check, contract) for check in schema.checks]
    expressions = _file_expressions(contract, source, raw)
    texts = Select({_text_column(name, source): text for name, text in expressions.items()}, raw.relation)
    return CompiledContract(contract, _select(contract, source, texts, reasons), tuple(reasons), tuple(leftover))


def _severity(check: pa.Check) -> str:
    return "warning" if check.raise_warning else "error"


def _file_expressions(contract: Contract, source: Source, raw: RawFile) -> dict[str, str]:
    """Return for each contract column the SQL text expression that fills it."""
    renamed = dict(source.renamed)
    ignored = {*source.ignore, *source.rename}
    expressions: dict[str, str] = {}
    for name, column in contract.columns.items():
        if name in source.set:
            constant = _constant(source.set[name], column, source.format)
            expressions[name] = literal(constant)
        elif name in renamed:
            expressions[name] = _trimmed(renamed[name], raw)
        elif name in raw.header and name not in ignored:
            expressions[name] = _trimmed(name, raw)
        else:
            expressions[name] = "CAST(NULL AS VARCHAR)"
    return expressions


def _constant(value: Scalar, column: Column, form: FileFormat) -> str:
    """Write a constant, declared plainly, as the file would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if column.type in NUMERIC:
        return text.replace(".", form.decimal)
    if column.type == "date" and re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return _written_day(datetime.datetime.fromisoformat(text), form)
    return text


def _written_day(day: datetime.datetime, form: FileFormat) -> str:
    if form.days:
        return day.strftime(form.days[0])
    return day.replace(tzinfo=zoneinfo.ZoneInfo(form.zone or "UTC")).strftime(form.moments[0])


def _recoded(name: str, source: Source) -> str:
    """Write the text of a column after its codes are mapped to the contract's."""
    text = ident(_file_column(name))
    cases = []
    for old, new in source.recode[name].items():
        cases.append(f"WHEN {literal(old)} THEN {literal(new)}")
    return f"CASE {text} {' '.join(cases)} ELSE {text} END"


def _trimmed(file_column: str, raw: RawFile) -> str:
    # trimming a set of characters costs ten times the plain trim, so only files that hold one of them pay for it
    spaces = f", {literal(WHITE_SPACE)}" if raw.odd_spaces else ""
    return f"nullif(trim({ident(file_column)}{spaces}), '')"


def _raw(name: str) -> str:
    return ident(_raw_column(name))


def _raw_column(name: str) -> str:
    return f"_raw_{name}"


def _file_column(name: str) -> str:
    return f"_file_{name}"


def _text_column(name: str, source: Source) -> str:
    """Return what the text of the file is called: as it is read, or, where codes are mapped, before they are."""
    return _file_column(name) if name in source.recode else _raw_column(name)


def _select(contract: Contract, source: Source, texts: Select, reasons: Sequence[Reason]) -> Select:
    """Write the pass: text, then missing kinds, then types, then flags; each expression evaluated once."""
    recodes = {_raw_column(name): _recoded(name, source) for name in source.recode}
    recoded = Select({**EVERY_COLUMN, **recodes}, texts)
    types = {name: _typed_or_missing(name, column, source.format) for name, column in contract.columns.items()}
    kinds = {name + MISSING_SUFFIX: _kind(name, column) for name, column in contract.columns.items() if column.missing}
    typed = Select({**EVERY_COLUMN, **types, **kinds}, recoded)
    judgements = {"_bad": _any("error", reasons), "_warned": _any("warning", reasons)}
    judged = Select({**EVERY_COLUMN, **judgements}, typed)
    return Select({**columns((*types, *kinds)), **_flags(contract, source, reasons)}, judged)


def _flags(contract: Contract, source: Source, reasons: Sequence[Reason]) -> Columns:
    """Write whether a row is bad, the numbers of its reasons, and its text where it has any."""
    failing = [f"CASE WHEN {reason.fails} THEN {number} END" for number, reason in enumerate(reasons)]
    numbers = f"list_filter([{', '.join(failing)}], lambda n: n IS NOT NULL)"
    texts = [f"{literal(name)}, {ident(_text_column(name, source))}" for name in contract.columns]
    payload = f"json_object({', '.join(texts)})"
    return {
        "_bad": "_bad",
        "_reasons": f"CASE WHEN _bad OR _warned THEN {numbers} END",
        "_payload": f"CASE WHEN _bad OR _warned THEN {payload} END",
    }


def _any(severity: str, reasons: Sequence[Reason]) -> str:
    predicates = [reason.fails for reason in reasons if reason.severity == severity]
    return f"coalesce({' OR '.join(predicates)}, FALSE)" if predicates else "FALSE"


def _missing_test(name: str, column: Column) -> str:
    codes = [code for group in column.missing.values() for code in group]
    return " OR ".join(f"{_raw(name)} = {literal(code)}" for code in codes)


def _typed_or_missing(name: str, column: Column, form: FileFormat) -> str:
    typed = _typed(_raw(name), column, form)
    return f"CASE WHEN {_missing_test(name, column)} THEN NULL ELSE {typed} END" if column.missing else typed


def _kind(name: str, column: Column) -> str:
    """Write in which way a value is missing; NULL where it is not."""
    raw, cases = _raw(name), []
    for kind, codes in column.missing.items():
        cases += [f"WHEN {raw} = {literal(code)} THEN {literal(kind)}" for code in codes]
    return f"CASE WHEN {raw} IS NULL THEN 'missing' {' '.join(cases)} END"


def _typed(raw: str, column: Column, form: FileFormat) -> str:
    """Write the strict reading of one text value; NULL where it cannot be read."""
    if column.type == "boolean":
        return _boolean_sql(raw)
    if column.type == "date":
        return _date_sql(raw, form)
    if column.type not in NUMERIC:
        return raw
    text = raw
    if form.decimal == ",":
        text = f"CASE WHEN contains({raw}, '.') THEN NULL ELSE replace({raw}, ',', '.') END"
    number = f"TRY_CAST({text} AS DOUBLE)"
    readable = f"isfinite({number}) AND NOT contains({raw}, '_')"
    if column.type == "number":
        return f"CASE WHEN {readable} THEN {number} END"
    # cast from the text, not from the double, which loses units beyond 2^53
    return f"CASE WHEN {readable} AND trunc({number}) = {number} THEN TRY_CAST({text} AS BIGINT) END"


def _boolean_sql(raw: str) -> str:
    cases = [f"WHEN {literal(text)} THEN TRUE" for text in TRUE_WORDS]
    cases += [f"WHEN {literal(text)} THEN FALSE" for text in FALSE_WORDS]
    return f"CASE lower({raw}) {' '.join(cases)} END"


def _date_sql(raw: str, form: FileFormat) -> str:
    readings = [_day_sql(raw, form.days)] if form.days else []
    if form.moments:
        readings.append(_moment_sql(raw, form))
    day = f"coalesce({', '.join(readings)})"
    # DuckDB reads the words epoch and ±infinity as 1900-01-01 under any format
    is_word = " OR ".join(f"lower({raw}) = {literal(text)}" for text in ("epoch", "infinity", "-infinity"))
    plausible = f"{day} BETWEEN DATE '{FIRST_DATE}' AND DATE '{LAST_DATE}'"
    return f"CASE WHEN {plausible} AND NOT ({is_word}) THEN {day} END"


def _day_sql(raw: str, formats: Sequence[str]) -> str:
    listed = ", ".join(map(literal, formats))
    return f"CAST(try_strptime({raw}, [{listed}]) AS DATE)"


def _moment_sql(raw: str, form: FileFormat) -> str:
    """Write the day, in the declared zone, of a text with its offset from UTC; NULL where the offset is none."""
    offset = f"regexp_extract({raw}, {literal(OFFSET_PATTERN)})"
    written = f"regexp_replace({raw}, 'Z$', '+00:00')"  # DuckDB's %z knows no Z
    listed = ", ".join(map(literal, form.moments))
    moment = f"timezone({literal(form.zone)}, try_strptime({written}, [{listed}]))"
    return f"CASE WHEN {offset} <> '' THEN CAST({moment} AS DATE) END"


def _type_reasons(name: str, column: Column, form: FileFormat) -> list[Reason]:
    reasons: list[Reason] = []
    is_text = column.type in ("text", "code")
    absent = f"{ident(name)} IS NULL"
    unread = f"({_raw(name)} IS NOT NULL AND {absent})"
    if column.missing:
        unread = f"({unread} AND NOT ({_missing_test(name, column)}))"
    if not is_text:
        reasons.append(Reason(name, "type", _expected_type(column, form), "error", unread))
        absent += f" AND NOT {unread}"  # what cannot be read is no absence
    if column.required:
        severity = "warning" if "required" in column.warn else "error"
        reasons.append(Reason(name, "required", Said("rows.value"), severity, f"({absent})"))
    return reasons


def _expected_type(column: Column, form: FileFormat) -> Said:
    if column.type == "number":
        return Said("rows.number", decimal=form.decimal)
    if column.type == "date":
        return Said("rows.date", formats=form.dates)
    return Said("rows.whole_number") if column.type == "integer" else Said("rows.true_or_false")


def _text_reasons(name: str, contract: Contract, source: Source, raw: RawFile) -> list[Reason]:
    """Return how text can be other than it looks: a number cut short, or characters that cannot be seen in a key."""
    reasons: list[Reason] = []
    if contract.columns[name].type not in ("text", "code") or name in source.set:
        return reasons
    text = _raw(name)
    if raw.cells:
        fails = f"regexp_full_match({text}, {literal(LONG_NUMBER)})"
        reasons.append(Reason(name, "type", Said("rows.text_or_whole_number"), "error", fails))
    if raw.odd_spaces and name in key_columns(contract):
        unseen = literal(f"[{UNSEEN}]")
        fails = f"regexp_matches({text}, {unseen})"
        reasons.append(Reason(name, "invisible", Said("rows.visible_key"), "error", fails))
    return reasons


def key_columns(contract: Contract) -> set[str]:
    """Return the columns by which rows and persons are told apart."""
    return {name for name in (*contract.key, contract.person) if name}


def _expected(check: pa.Check) -> Said:
    name, statistics = check.name, statistics_of(check)
    if name == "codes":
        return _one_of(list(statistics["allowed_values"]))
    if name == "pattern":
        pattern = pattern_of(statistics)
        return Said("rows.text_like", pattern=pattern[4:-2])
    limit = statistics["min_value"] if name == "min" else statistics["max_value"]
    return Said(f"rows.{name}", limit=limit)


def _one_of(codes: list[str]) -> Said:
    if len(codes) <= SHOWN_CODES:
        return Said("rows.one_of", codes=codes)
    first = codes[:SHOWN_CODES]
    return Said("rows.one_of_many", codes=first, n=len(codes))


def _rule_reason(check: pa.Check, contract: Contract) -> Reason:
    statistics = statistics_of(check)
    rule, severity = str(check.name), _severity(check)
    if "comparison" in statistics:
        first, comparison, second = statistics["left"], statistics["comparison"], statistics["right"]
        symbol = {"==": "=", "!=": "<>"}.get(comparison, comparison)
        fails = f"(NOT ({ident(first)} {symbol} {ident(second)}))"
        expected = Said("rows.compared", left=first, sign=comparison, right=second)
        return Reason(f"{first}, {second}", rule, expected, severity, fails)
    premise, conclusion = statistics["when"], statistics["then"]
    fails = f"({condition_sql(premise, contract)} AND NOT {condition_sql(conclusion, contract)})"
    expected = Said("rows.where", then=_said(conclusion), when=_said(premise))
    return Reason(f"{premise.column}, {conclusion.column}", rule, expected, severity, fails)


def _said(condition: Condition) -> Said:
    column, operator, operand = condition.column, condition.operator, condition.operand
    if operator == "is_missing":
        code = "condition.is_missing" if operand else "condition.is_given"
        return Said(code, column=column)
    if isinstance(operand, bool) or not isinstance(operand, int | float):
        operand = str(operand)
    return Said(f"condition.{operator}", column=column, operand=operand)
