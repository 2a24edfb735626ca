"""Findings in the terminal: before, promise and after; effect, contribution and evidence."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from rich.console import Console
from rich.markup import escape

from impact.cli.terminal.numbers import interval, moved, number
from impact.judge.contribution import NO_EFFECT, REFUSED
from impact.states import AttainmentState, ContributionState
from impact.tables.finding import Finding
from impact.tables.frames import to_records
from impact.tables.part import Part, of_whole
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
CONTRIBUTION: Mapping[str, str] = {
    ContributionState.IMPROVED: "▲ improved",
    ContributionState.WORSENED: "▼ worsened",
    ContributionState.CHANGED: "◆ changed",
    ContributionState.ASSOCIATED: "~ associated, not caused",
    ContributionState.MOVED: "~ moved, not caused",
    ContributionState.NO_CLEAR_EFFECT: "≈ no clear effect",
    ContributionState.NOT_ESTIMABLE: "not estimable",
}
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
SYNTHETIC_NOTE = "\n[bold]†[/] synthetic data, made by a script in the programme's folder; not a fact about anybody"
DOT = "  ·  "


def stated(finding: Finding) -> str:
    """Write a finding's value as it was stated: exactly, or about, more than, at most."""
    qualifiers = [QUALIFIERS[flag] for flag in finding.flags if flag in QUALIFIERS]
    value = number(finding.value, finding.unit, (finding.conf_low, finding.conf_high))
    return " ".join([*qualifiers, value])


def remarks(finding: Finding) -> list[str]:
    """Return in words what is to be known of a finding's value before it is compared."""
    notes = [NOTES[flag] for flag in finding.flags if flag in NOTES]
    units = units_line(finding)
    if _decided_by_units(finding):
        units = units[1:]  # the state of the promise says so already
    return notes + units


def attained(finding: Finding) -> str:
    """Return the state of a promise in words; of how many units the value is, where that decides it."""
    return ATTAINMENT[finding.attainment] + (_value_units(finding) if _decided_by_units(finding) else "")


def units_line(finding: Finding) -> list[str]:
    """Return of how many units value and baseline are, where some are missing."""
    value, baseline = _value_units(finding), _of_units(finding.baseline_reported, finding.baseline_expected)
    lines = {"incomplete": f"incomplete{value}", "baseline_incomplete": f"before: incomplete{baseline}"}
    return [line for flag, line in lines.items() if flag in finding.flags]


def _decided_by_units(finding: Finding) -> bool:
    return finding.attainment == AttainmentState.INCOMPLETE and "incomplete" in finding.flags


def _value_units(finding: Finding) -> str:
    return _of_units(finding.units_reported, finding.units_expected)


def _of_units(reported: int | None, expected: int | None) -> str:
    return "" if reported is None or expected is None else f" ({reported:,} of {expected:,} units)"


def print_findings(console: Console, findings: pd.DataFrame, *, show_parts: bool) -> None:
    """Print findings level by level, ex ante beside ex post.

    Parameters
    ----------
    console
        Rich's console of the terminal or file to print to.
    findings
        As :func:`impact.publish.findings_table` returns them.
    show_parts
        Whether the findings of projects, territories and groups are shown too.
    """
    printed = findings if show_parts else findings[of_whole(findings)]
    for level, title in LEVELS.items():
        rows = printed[printed["level"] == level]
        if len(rows):
            console.print()
            console.rule(f"{level.upper()} · {title}", align="left")
            _print_level(console, rows)
    if (findings["data_kind"] == "synthetic").any():
        console.print(SYNTHETIC_NOTE)


def _print_level(console: Console, rows: pd.DataFrame) -> None:
    """Print the findings of a level, each under its own title or that of its part."""
    findings = to_records(Finding, rows)
    part_titles, depths = rows["part_en"].fillna(""), rows["part_depth"].fillna(0)
    for finding, part_title, depth in zip(findings, part_titles, depths, strict=True):
        title = _title(finding, part_title, int(depth))
        _print_finding(console, finding, title)


def _title(finding: Finding, part_title: str, depth: int) -> str:
    """Write what a finding is of: its title, or column and code with the code's; parts of parts stand further in."""
    cell = Part.of(vars(finding))
    if cell.is_whole:
        return finding.title_en
    if not part_title:
        return str(cell)
    indent = "  " * depth
    return f"{indent}{cell} {part_title}"


def _print_finding(console: Console, finding: Finding, title: str) -> None:
    """Print one finding: its name; before, promise and after; effect, contribution and evidence."""
    mark = " †" if finding.data_kind == "synthetic" else ""
    name = f"{escape(finding.finding)} · {escape(finding.unit)}"
    console.print(f"[bold]{escape(title)}[/]{mark}  [dim]{name}[/]", soft_wrap=True)
    for line in (_outcome_words(finding), _effect_words(finding)):
        if line:
            console.print(f"  {escape(line)}", soft_wrap=True)


def _outcome_words(finding: Finding) -> str:
    """Write a value beside the one before and the promise."""
    unit = finding.unit
    clauses = []
    if finding.baseline is not None:
        clauses.append(f"before {number(finding.baseline, unit)}")
    if finding.target is not None:
        clauses.append(f"promised {number(finding.target, unit)} by {finding.due}")
    value = with_interval(stated(finding) or "no data", finding)
    return DOT.join([*clauses, f"after {value}", attained(finding), *remarks(finding)])


def with_interval(value: str, finding: Finding) -> str:
    """Return what is written of a finding's value, with its interval where there is one."""
    ends = interval(finding.conf_low, finding.conf_high, finding.unit)
    texts = filter(None, (value, ends))
    return " ".join(texts)


def _effect_words(finding: Finding) -> str:
    """Write an effect with what it says, or why a design gave none; nothing where no effect was looked for."""
    unit, low, high = finding.unit, finding.effect_low, finding.effect_high
    if finding.estimate is None or low is None or high is None:
        return f"effect {finding.evidence_reason}" if says(finding.evidence_reason, REFUSED) else ""
    effect = moved(finding.estimate, low, high, unit)
    evidence = f"evidence {finding.evidence_level} of 5"
    clauses = [f"{_estimand(finding)} {effect}", CONTRIBUTION[finding.contribution], evidence]
    if finding.comparison is not None:
        clauses.insert(0, f"comparison {number(finding.comparison, unit)}")
    return DOT.join(clauses)


def _estimand(finding: Finding) -> str:
    """Call an effect an effect, and what is none by its own name."""
    estimand = finding.estimand
    is_effect = not isinstance(estimand, Said) or estimand.code not in NO_EFFECT
    return "effect" if is_effect else str(estimand)
