"""The path of a finding back to its rows, in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.markup import escape

from impact.cli.terminal.findings import units_line, with_interval
from impact.cli.terminal.numbers import error, estimated, gain, moved, number
from impact.publish.definitions import operand_names
from impact.publish.trace import EFFECTS, Trace, TracedFile
from impact.tables.finding import Finding
from impact.tables.results import Term

MANY_TERMS = 12
FORECAST_OUTCOMES = {True: "held", False: "missed", None: "not observed yet"}
"""What came of a forecast, by whether the value lay in its interval."""


def print_trace(console: Console, trace: Trace) -> None:
    """Print the path of one number back to its rows."""
    for name, text in (*_finding_lines(trace), *_behind_lines(trace)):
        console.print(f"{_head(name)}  {escape(text)}", soft_wrap=True)
    for link in trace.linkage:
        linked = f"{link.linked} persons from {link.since} to {link.wave}"
        console.print(f"{_head('linked')}  {linked}, {link.lost} lost, {link.new} new")
    for file in trace.files:
        _print_file(console, file)
    console.print(f"{_head('run')}  {trace.run.run_id} by engine {trace.run.engine}")


def _head(name: str) -> str:
    return f"[bold]{name:>11}[/]"


def _print_file(console: Console, file: TracedFile) -> None:
    """Print a file that rows of a finding come from, and which of its rows are the first."""
    load = file.load
    lines = ", ".join(map(str, file.first_lines))
    rows = f"{file.rows_used} rows used, lines {lines} …"
    console.print(f"{_head('source')}  {escape(load.file)} ({load.kind}): {rows}", soft_wrap=True)
    loaded = f"loaded {load.loaded_at.isoformat()[:19]} in run {load.run_id}"
    console.print(f"             sha256 {load.sha256}, {loaded}", soft_wrap=True)


def _finding_lines(trace: Trace) -> Iterator[tuple[str, str]]:
    finding, definition = trace.finding, trace.definition
    yield "finding", f"{finding.finding} — {finding.title_en}"
    yield "value", _value_line(finding)
    yield "effect", _effect_line(finding)
    yield from _family_line(finding)
    yield from _forecast_line(finding)
    yield "evidence", f"{finding.evidence_level or '–'}/5: {finding.evidence_reason}"
    yield "plan", f"{finding.registration}, plan {finding.plan_hash[:12]}"
    yield "definition", f"{definition.file}:{definition.line}, hash {definition.definition_hash[:12]}"
    if names := operand_names(trace.declared):
        yield "operands", ", ".join(f"{finding.programme}/{name}" for name in names)
    yield "query", definition.query


def _value_line(finding: Finding) -> str:
    """Write the value with its unit, how many it rests on and how its interval was made."""
    value = number(finding.value, finding.unit, (finding.conf_low, finding.conf_high))
    clauses = [f"{with_interval(value, finding)} {finding.unit}", f"n = {finding.n}", str(finding.method)]
    clauses += units_line(finding)
    return ", ".join(clauses)


def _behind_lines(trace: Trace) -> Iterator[tuple[str, str]]:
    """Yield what stands behind an effect: its terms and its checks."""
    for line in term_lines(trace.terms, trace.finding.unit):
        yield "term", line
    for check in trace.diagnostics:
        yield "check", f"{check.check}: {check.status} — {check.detail}"


def term_lines(terms: Sequence[Term], unit: str = "") -> Iterator[str]:
    """Write the terms of each family, or their range where they are many; those that are effects as effects."""
    for family, members in groupby(terms, key=lambda term: term.family):
        of_family = list(members)
        family_unit = unit if family in EFFECTS else ""
        if len(of_family) > MANY_TERMS:
            yield _range_line(of_family, family_unit)
            continue
        for term in of_family:
            yield _term_line(term, family_unit)


def _range_line(terms: Sequence[Term], unit: str) -> str:
    """Write the lowest and the highest of many terms of a family."""
    ends = [pick(terms, key=lambda term: term.estimate) for pick in (min, max)]
    low, high = (f"{_amount(term.estimate, unit)} ({term.term})" for term in ends)
    return f"{terms[0].family}: {len(terms)} numbers from {low} to {high}; --json lists them"


def _amount(value: float, unit: str) -> str:
    return gain(value, unit) if unit == "share" else f"{value:.6g}"


def _term_line(term: Term, unit: str) -> str:
    line = f"{term.family} {term.term}: {_amount(term.estimate, unit)}"
    if term.std_error is not None:
        spread = error(term.std_error, unit)
        line += f" (SE {spread})"
    return f"{line}, {term.detail}" if term.detail else line


def _family_line(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.family is not None:
        yield "family", f"{finding.family}: p {finding.p_adjusted:.4g} by {finding.adjustment}"


def _forecast_line(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.forecast is None:
        return
    outcome = FORECAST_OUTCOMES[finding.forecast_hit]
    score = "" if finding.forecast_crps is None else f", CRPS {finding.forecast_crps:.4g}"
    yield "forecast", f"{finding.forecast_of} {_forecast_value(finding)}: {outcome}{score}"


def _forecast_value(finding: Finding) -> str:
    """Write a forecast with its interval: of an effect as an effect, of a value as a value."""
    unit, mean, low, high = finding.unit, finding.forecast, finding.forecast_low, finding.forecast_high
    if finding.forecast_of == "effect" and mean is not None and low is not None and high is not None:
        return moved(mean, low, high, unit)
    return estimated(mean, low, high, unit)


def _effect_line(finding: Finding) -> str:
    unit, low, high, std_error = finding.unit, finding.effect_low, finding.effect_high, finding.std_error
    if finding.estimate is None or low is None or high is None or std_error is None:
        return f"not estimable because {finding.not_estimable}"
    effect = moved(finding.estimate, low, high, unit)
    design = f"{finding.estimand} by {finding.design}"
    spread = f"SE {error(std_error, unit)} ({finding.inference})"
    return f"{effect}, {design}, {spread}, n = {finding.n_obs}"
