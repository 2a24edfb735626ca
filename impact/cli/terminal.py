"""What people see in a terminal: tables and problems, made of what the other rooms return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape

from impact.errors import Problem
from impact.expect import PowerReport, in_words
from impact.judge.evidence import NO_EFFECT, REFUSED
from impact.publish.trace import EFFECTS, Trace
from impact.run.flow import RunReport
from impact.states import AttainmentState, ClaimState, ContributionState, MapState
from impact.tables.finding import Finding
from impact.tables.frames import to_records
from impact.tables.part import Part, of_whole
from impact.tables.results import Term
from impact.words.said import Said, says

LEVELS = {"micro": "people", "meso": "organisations and networks", "macro": "territory"}
ATTAINMENT: Mapping[str, str] = {
    AttainmentState.REACHED: "● reached",
    AttainmentState.UNCERTAIN: "◐ uncertain",
    AttainmentState.SHORT: "○ short",
    AttainmentState.WRONG_WAY: "▼ wrong way",
    AttainmentState.INCOMPLETE: "◑ incomplete",
    AttainmentState.CONTRADICTORY: "✗ the promise contradicts its direction",
    AttainmentState.OUT_OF_RANGE: "✗ no value can reach the promise",
    AttainmentState.NOT_DUE: "… not due yet",
    AttainmentState.NO_TARGET: "– no target",
    AttainmentState.NO_DATA: "– no data",
}
MANY_TERMS = 12
DOT = "  ·  "
Recomputed = Mapping[str, Any]
"""A claim as an audit recomputes it, or one of its readings; see :func:`impact.measure.measure_claims`."""
QUALIFIERS = {"about": "about", "more_than": "more than", "at_most": "at most"}
NOTES = {
    "own_rows": "some coded here, to no part of it",
    "no_value": "some without a code",
    "overlap": "some in several parts",
    "bodies_left_out": "bodies without an answer left out",
    "both_waves": "before and after are of those who answered then, the change of those who answered both times",
    "unreachable": "some pairs have no path",
    "unmapped": "some of no known category",
    "break": "break in the series",
    "provisional": "provisional",
    "estimated": "estimated",
    "forecast": "a forecast",
    "low_reliability": "low reliability",
}
"""Why a total is not the sum of the parts shown below it, what a value leaves out, and flags of official statistics."""
CLAIM_STATES: Mapping[str, str] = {
    ClaimState.DIFFERS: "≠ differs",
    ClaimState.NOT_RECOMPUTABLE: "– not recomputable",
    ClaimState.REPRODUCED: "● reproduced",
}
"""In the order in which they are read."""
MAP_STATES: Mapping[str, str] = {
    MapState.OVERLAP: "◎ overlap",
    MapState.COVERED: "● covered",
    MapState.PARTIAL: "◐ partial",
    MapState.GAP: "○ gap",
    MapState.SUPPLY_ONLY: "· only supply",
    MapState.UNMAPPED: "? unmapped",
}
CONTRIBUTION: Mapping[str, str] = {
    ContributionState.IMPROVED: "▲ improved",
    ContributionState.WORSENED: "▼ worsened",
    ContributionState.CHANGED: "◆ changed",
    ContributionState.ASSOCIATED: "~ associated, not caused",
    ContributionState.MOVED: "~ moved, not caused",
    ContributionState.NO_CLEAR_EFFECT: "≈ no clear effect",
    ContributionState.NOT_ESTIMABLE: "not estimable",
}


def number(value: Any, unit: str = "") -> str:
    """Write a number for reading: shares as percentages, thousands apart, never more digits than carry meaning.

    Examples
    --------
    >>> number(6349.1435, "US dollars a year"), number(0.5538, "share"), number(22.0), number(None)
    ('6,349.14', '55.4%', '22', '')
    """
    if value is None or pd.isna(value):
        return ""
    if unit == "share":
        return f"{100 * value:.1f}%".replace("-0.0%", "0.0%")
    if float(value).is_integer():
        return f"{value + 0.0:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 0.1 else f"{value:.3g}"


def stated(finding: Finding) -> str:
    """Write a finding's value as it was stated: exactly, or about, more than, at most."""
    words = [QUALIFIERS[flag] for flag in finding.flags if flag in QUALIFIERS]
    return " ".join([*words, number(finding.value, finding.unit)])


def remarks(finding: Finding) -> list[str]:
    """Return in words what is to be known of a finding's value before it is compared."""
    known = [NOTES[flag] for flag in finding.flags if flag in NOTES]
    return [*known, *units_line(finding)[_decided_by_units(finding) :]]


def attained(finding: Finding) -> str:
    """Return the state of a promise in words; of how many units the value is, where that decides it."""
    return ATTAINMENT[finding.attainment] + (_value_units(finding) if _decided_by_units(finding) else "")


def _decided_by_units(finding: Finding) -> bool:
    return finding.attainment == AttainmentState.INCOMPLETE and "incomplete" in finding.flags


def _value_units(finding: Finding) -> str:
    return _of_units(finding.units_reported, finding.units_expected)


def _of_units(reported: int | None, expected: int | None) -> str:
    return "" if reported is None or expected is None else f" ({reported:,} of {expected:,} units)"


def gain(value: float, unit: str = "") -> str:
    """Write a difference with its sign; between shares in percentage points.

    Examples
    --------
    >>> gain(0.111, "share"), gain(-3.0)
    ('+11.1 pp', '-3')
    """
    text = size(abs(value), unit)
    return ("-" if value < 0 and any(digit in text for digit in "123456789") else "+") + text


def size(value: float, unit: str = "") -> str:
    """Write how large a difference or its error is, without a sign; between shares in percentage points."""
    return f"{100 * value:.1f} pp" if unit == "share" else number(value)


def bounds(low: float, high: float, unit: str = "") -> str:
    """Write the interval of a difference."""
    return f"[{gain(low, unit)}; {gain(high, unit)}]"


def interval(low: Any, high: Any, unit: str = "") -> str:
    """Write an interval in brackets, or nothing where there is none."""
    if low is None or pd.isna(low):
        return ""
    return f"[{number(low, unit)}; {number(high, unit)}]"


def print_findings(console: Console, findings: pd.DataFrame, *, parts: bool) -> None:
    """Print findings level by level, ex ante beside ex post.

    Parameters
    ----------
    console
        Rich's console of the terminal or file to print to.
    findings
        As :func:`impact.publish.findings_table` returns them.
    parts
        Whether the findings of projects, territories and groups are shown too.
    """
    shown = findings if parts else findings[of_whole(findings)]
    for level, words in LEVELS.items():
        rows = shown[shown["level"] == level]
        if len(rows):
            console.print()
            console.rule(f"{level.upper()} · {words}", align="left")
        titles = rows["part_en"].fillna("").tolist(), rows["part_depth"].fillna(0).tolist()
        for finding, title, depth in zip(to_records(Finding, rows), *titles, strict=True):
            _print_finding(console, finding, _title(finding, title, int(depth)))
    if (findings["data_kind"] == "synthetic").any():
        console.print(
            "\n[bold]†[/] synthetic data, made by a script in the programme's folder; not a fact about anybody"
        )


def _title(finding: Finding, part_title: str, depth: int) -> str:
    """Write what a finding is of: its title, or column and code with the code's; parts of parts stand further in."""
    part = Part.of(vars(finding))
    if part.is_whole:
        return finding.title_en
    return f"{'  ' * depth}{part} {part_title}" if part_title else str(part)


def _print_finding(console: Console, finding: Finding, title: str) -> None:
    """Print one finding: its name; before, promise and after; effect, contribution and evidence."""
    mark = " †" if finding.data_kind == "synthetic" else ""
    name = f"{escape(finding.finding)} · {escape(finding.unit)}"
    console.print(f"[bold]{escape(title)}[/]{mark}  [dim]{name}[/]", soft_wrap=True)
    for words in (_outcome_words(finding), _effect_words(finding)):
        if words:
            console.print(f"  {escape(words)}", soft_wrap=True)


def _outcome_words(finding: Finding) -> str:
    """Write a value beside the one before and the promise."""
    unit = finding.unit
    after = " ".join(filter(None, (stated(finding) or "no data", interval(finding.conf_low, finding.conf_high, unit))))
    before = "" if finding.baseline is None else f"before {number(finding.baseline, unit)}"
    promised = "" if finding.target is None else f"promised {number(finding.target, unit)} by {finding.due}"
    return DOT.join(filter(None, (before, promised, f"after {after}", attained(finding), *remarks(finding))))


def _effect_words(finding: Finding) -> str:
    """Write an effect with what it says, or why a design gave none; nothing where no effect was looked for."""
    unit, low, high = finding.unit, finding.effect_low, finding.effect_high
    if finding.estimate is None or low is None or high is None:
        return f"effect {finding.evidence_reason}" if says(finding.evidence_reason, REFUSED) else ""
    estimand = finding.estimand
    what = estimand if isinstance(estimand, Said) and estimand.code in NO_EFFECT else "effect"
    effect = f"{what} {gain(finding.estimate, unit)} {bounds(low, high, unit)}"
    against = "" if finding.comparison is None else f"comparison {number(finding.comparison, unit)}"
    evidence = f"evidence {finding.evidence_level} of 5"
    return DOT.join(filter(None, (against, effect, CONTRIBUTION[finding.contribution], evidence)))


def print_claims(console: Console, claims: pd.DataFrame) -> None:
    """Print the claims, those that differ first: what was stated, what records give, and how it may be read."""
    for state, words in CLAIM_STATES.items():
        for record in claims[claims["state"] == state].to_dict("records"):
            row = {str(name): value for name, value in record.items()}
            stated = f"{QUALIFIERS.get(row['qualifier'], '')} {row['stated']:.12g}".strip()
            console.print(f"{words}  [bold]{escape(row['title_en'])}[/]", soft_wrap=True)
            console.print(f"  {escape(_against(row, stated))}", soft_wrap=True)
            if state != ClaimState.REPRODUCED:
                for reading in row["readings"]:
                    console.print(f"  [dim]possible:[/] {escape(reading_line(reading))}", soft_wrap=True)
    console.print(_claim_counts(claims))


def _claim_counts(claims: pd.DataFrame) -> str:
    counts = claims["state"].value_counts()
    differ = "differs" if counts.get(ClaimState.DIFFERS) == 1 else "differ"
    words: dict[str, str] = {ClaimState.DIFFERS: differ, ClaimState.NOT_RECOMPUTABLE: "not recomputable"}
    return ", ".join(f"{counts[state]} {words.get(state, state)}" for state in CLAIM_STATES if state in counts)


def _against(row: Recomputed, stated: str) -> str:
    """Write a claim's two numbers side by side, or why there is only one."""
    if row["state"] == ClaimState.NOT_RECOMPUTABLE:
        return f"stated {stated} {row['unit']}; {row['reason_en']}"
    words = f"stated {stated} {row['unit']}, recomputed {row['recomputed']:.12g}"
    if row["state"] == ClaimState.REPRODUCED:
        return words
    share: str = "" if pd.isna(row["relative_difference"]) else f", {100 * row['relative_difference']:+.1f}%"
    why = claim_reason(row)
    return f"{words} ({row['difference']:+.12g}{share})" + (f"; {why}" if why else "")


def claim_reason(row: Recomputed) -> str:
    """Write what is to be said of a claim beside its two numbers: of a list, the names that are not in both."""
    numbers, _, more = row["reason_en"].partition("; ")
    return str(more if numbers.startswith("stated") else row["reason_en"])


def reading_line(reading: Recomputed) -> str:
    """Write a possible reading with the number it gives."""
    if "formula" not in reading:
        return str(reading["text"]["en"])
    given = reading["because"]["en"] if reading["because"] else f"{reading['recomputed']:.12g}"
    return f"{reading['text']['en']} [{reading['formula']} = {given}]"


def print_report(console: Console, report: RunReport, claims: pd.DataFrame) -> None:
    """Print what a run did: sources and indicators, rows, and how the programme's claims stand to its records."""
    done = [f"{len(report.loaded)} sources loaded" if report.loaded else "no source changed"]
    done.append(f"{len(report.computed)} indicators computed" if report.computed else "no indicator changed")
    console.print(f"[bold]{escape(report.programme)}[/]: {', '.join(done)}; {report.findings} findings")
    rows = f"{report.rows_good:,} of {report.rows_read:,} rows good"
    if report.rows_bad:
        rows += f", [bold]{report.rows_bad:,} in quarantine[/]"
    console.print(f"  {rows}" + (f", {report.rows_warned:,} with a warning" if report.rows_warned else ""))
    if len(own := claims[claims["programme"] == report.programme]):
        console.print(f"  claims: {_claim_counts(own)}  [dim]impact audit[/]")
    _print_stage(console, report)
    for source, change in report.changes.items():
        words = ", ".join(f"{count} {what}" for what, count in change.items())
        console.print(f"  {escape(source)} replaced: {words or 'the key changed'}")


def _print_stage(console: Console, report: RunReport) -> None:
    """Print how far a programme has come if that is not the end, and whether readers see it."""
    if report.stage != "publish":
        waiting = f"; {len(report.waiting)} indicators wait for their findings" if report.waiting else ""
        console.print(f"  stopped at [bold]{report.stage}[/]{waiting}")
    if report.unpublished:
        names = ", ".join(map(escape, report.unpublished))
        console.print(f"  [bold]not published[/]: readers see the last whole run until {names} is run to the end")


def print_problems(console: Console, problems: Sequence[Problem]) -> None:
    """Print problems, each with its place and its mend."""
    for problem in problems:
        console.print(f"[bold red]✗[/] [bold]{escape(problem.where())}[/]" if problem.where() else "[bold red]✗[/]")
        console.print(f"  {escape(problem.what)}")
        for word, text in (("expected", problem.expected), ("found", problem.found), ("do", problem.fix)):
            if text:
                console.print(f"  [dim]{word}[/] {escape(text)}")
    console.print(f"{len(problems)} problem{'s' if len(problems) != 1 else ''}")


def print_quarantine(console: Console, rows: pd.DataFrame, limit: int) -> None:
    """Print the quarantine: per file how many rows each rule stopped, then the first rows with their reasons."""
    keys = ["severity", "column", "rule", "expected"]
    for (programme, file), part in rows.groupby(["programme", "file"]):
        console.print(f"[bold]{escape(str(file))}[/] [dim]{escape(str(programme))}[/]")
        for (severity, column, rule, expected), reasons in part.groupby(keys, sort=False):
            where = f"{column}: " if column else ""
            mark = " (warning, row kept)" if severity == "warning" else ""
            words = f"{reasons['line'].nunique():>6}  {where}{rule}, expected {expected}{mark}"
            console.print(escape(words), soft_wrap=True)
    console.print("[bold]first reasons[/]")
    for row in rows.head(limit).to_dict("records"):
        found = "nothing" if pd.isna(row["value"]) or row["value"] == "" else repr(row["value"][:80])
        what = " ".join(filter(None, (row["column"], row["rule"])))
        console.print(escape(f"  {row['file']}:{row['line']}  {what}, found {found}"), soft_wrap=True)
    if len(rows) > limit:
        console.print(f"… and {len(rows) - limit} more reasons; --limit or --json shows them")


def print_trace(console: Console, trace: Trace) -> None:
    """Print the path of one number back to its rows."""
    for name, text in (*_finding_lines(trace), *_behind_lines(trace)):
        console.print(f"[bold]{name:>11}[/]  {escape(text)}", soft_wrap=True)
    for link in trace.linkage:
        words = f"{link.linked} persons from {link.since} to {link.wave}, {link.lost} lost, {link.new} new"
        console.print(f"[bold]{'linked':>11}[/]  {words}")
    for file in trace.files:
        first = ", ".join(map(str, file.first_lines))
        rows = f"{file.rows_used} rows used, lines {first} …"
        load = file.load
        console.print(f"[bold]{'source':>11}[/]  {escape(load.file)} ({load.kind}): {rows}", soft_wrap=True)
        loaded = f"loaded {load.loaded_at.isoformat()[:19]} in run {load.run_id}"
        console.print(f"             sha256 {load.sha256}, {loaded}", soft_wrap=True)
    console.print(f"[bold]{'run':>11}[/]  {trace.run.run_id} by engine {trace.run.engine}")


def _finding_lines(trace: Trace) -> Iterator[tuple[str, str]]:
    finding, definition = trace.finding, trace.definition
    unit = finding.unit
    value = " ".join(filter(None, (number(finding.value, unit), interval(finding.conf_low, finding.conf_high, unit))))
    yield "finding", f"{finding.finding} — {finding.title_en}"
    yield "value", ", ".join([f"{value} {unit}", f"n = {finding.n}", str(finding.method), *units_line(finding)])
    yield "effect", _effect_line(finding)
    yield from _family_line(finding)
    yield from _forecast_line(finding)
    yield "evidence", f"{finding.evidence_level or '–'}/5: {finding.evidence_reason}"
    yield "plan", f"{finding.registration}, plan {finding.plan_hash[:12]}"
    yield "definition", f"{definition.file}:{definition.line}, hash {definition.definition_hash[:12]}"
    yield "query", definition.query


def _behind_lines(trace: Trace) -> Iterator[tuple[str, str]]:
    for line in term_lines(trace.terms, trace.finding.unit):
        yield "term", line
    for check in trace.diagnostics:
        yield "check", f"{check.check}: {check.status} — {check.detail}"


def units_line(finding: Finding) -> list[str]:
    """Return of how many units value and baseline are, where some are missing."""
    before = _of_units(finding.baseline_reported, finding.baseline_expected)
    lines = {
        "incomplete": f"incomplete{_value_units(finding)}",
        "baseline_incomplete": f"before: incomplete{before}",
    }
    return [line for flag, line in lines.items() if flag in finding.flags]


def term_lines(terms: Sequence[Term], unit: str = "") -> Iterator[str]:
    """Write the terms of each family, or their range where they are many; those that are effects as effects."""
    for family, members in groupby(terms, key=lambda term: term.family):
        rows, of = list(members), unit if family in EFFECTS else ""
        if len(rows) <= MANY_TERMS:
            yield from (_term_line(row, of) for row in rows)
            continue
        low, high = (pick(rows, key=lambda term: term.estimate) for pick in (min, max))
        yield (
            f"{family}: {len(rows)} numbers from {_amount(low.estimate, of)} ({low.term}) to"
            f" {_amount(high.estimate, of)} ({high.term}); --json lists them"
        )


def _amount(value: float, unit: str) -> str:
    return gain(value, unit) if unit == "share" else f"{value:.6g}"


def _term_line(term: Term, unit: str) -> str:
    error = term.std_error
    spread = "" if error is None else f" (SE {size(error, unit) if unit == 'share' else f'{error:.4g}'})"
    detail = f", {term.detail}" if term.detail else ""
    return f"{term.family} {term.term}: {_amount(term.estimate, unit)}{spread}{detail}"


def _family_line(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.family is not None:
        yield "family", f"{finding.family}: p {finding.p_adjusted:.4g} by {finding.adjustment}"


def _forecast_line(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.forecast is None:
        return
    held = {True: "held", False: "missed", None: "not observed yet"}[finding.forecast_hit]
    score = "" if finding.forecast_crps is None else f", CRPS {finding.forecast_crps:.4g}"
    yield "forecast", f"{finding.forecast_of} {_forecast_value(finding)}: {held}{score}"


def _forecast_value(finding: Finding) -> str:
    """Write a forecast with its interval: of an effect as an effect, of a value as a value."""
    unit, mean, low, high = finding.unit, finding.forecast, finding.forecast_low, finding.forecast_high
    if finding.forecast_of == "effect" and mean is not None and low is not None and high is not None:
        return f"{gain(mean, unit)} {bounds(low, high, unit)}"
    return f"{number(mean, unit)} {interval(low, high, unit)}"


def _effect_line(finding: Finding) -> str:
    unit, low, high, error = finding.unit, finding.effect_low, finding.effect_high, finding.std_error
    if finding.estimate is None or low is None or high is None or error is None:
        return f"not estimable because {finding.not_estimable}"
    return (
        f"{gain(finding.estimate, unit)} {bounds(low, high, unit)},"
        f" {finding.estimand} by {finding.design}, SE {size(error, unit)}"
        f" ({finding.inference}), n = {finding.n_obs}"
    )


def print_power(console: Console, reports: Sequence[PowerReport]) -> None:
    """Print what each plan can show, and how its estimator fared in the simulation."""
    for report in reports:
        console.print(f"[bold]{escape(report.indicator)}[/]  [dim]{escape(report.design)}[/]")
        console.print(f"  {escape(report.sentence())}", soft_wrap=True)
        drawn = report.simulated
        if drawn is not None:
            lost = f", {drawn.n_not_estimable} not estimable" if drawn.n_not_estimable else ""
            console.print(
                f"  simulated {drawn.replications} times{lost}: power {drawn.power:.1%} ± {1.96 * drawn.power_mc:.1%},"
                f" bias {drawn.bias:+.3g}, coverage {drawn.coverage:.1%},"
                f" interval {in_words(drawn.interval_width)} wide",
                soft_wrap=True,
            )
