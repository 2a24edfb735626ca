"""What a run found on one screen: a line a programme, the most telling findings of each level, what was set aside.

``impact findings`` prints everything; this is what ``impact demo`` and ``impact run`` print of many findings.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

import pandas as pd
from rich.console import Console
from rich.markup import escape

from impact.cli.terminal.findings import (
    ATTAINMENT,
    CONTRIBUTION,
    LEVELS,
    print_findings,
    stated,
    with_interval,
)
from impact.cli.terminal.numbers import moved, number
from impact.judge.contribution import REFUSED, is_no_effect
from impact.run.flow import RunReport
from impact.states import AttainmentState, ClaimState, ContributionState
from impact.tables.finding import Finding
from impact.tables.frames import to_records
from impact.tables.part import of_whole
from impact.words.said import says

FEW = 10
"""Findings up to which all of them are printed: a screen holds as many."""
WIDE = 160
"""Characters of a line in a notebook, which folds those that are too long."""
TOLD = 3
"""Findings of a level that are printed where there are more."""
DECIDED = (ContributionState.IMPROVED, ContributionState.WORSENED, ContributionState.CHANGED)
MISSED = (AttainmentState.SHORT, AttainmentState.WRONG_WAY)
CAUSED, MISSING, UNDECIDED, KEPT, UNPROMISED = range(5)
"""How much a finding tells, most first: an effect, a missed promise, either in doubt, a kept promise, none."""


def print_found(console: Console, findings: pd.DataFrame, *, in_full: bool) -> None:
    """Print findings of whole programmes: all of them where they are few or asked for, else the most telling.

    Parameters
    ----------
    console
        Rich's console of the terminal or file to print to.
    findings
        As :func:`impact.publish.findings_table` returns them.
    in_full
        Whether all are asked for.
    """
    of_programmes = findings[of_whole(findings)]
    if in_full or len(of_programmes) <= FEW:
        print_findings(console, findings, show_parts=False)
        return
    records = to_records(Finding, of_programmes)
    for programme in dict.fromkeys(finding.programme for finding in records):
        of_programme = [finding for finding in records if finding.programme == programme]
        for name, line in _headlines(programme, of_programme):
            console.print(f"[bold]{escape(name)}[/]: {line}", soft_wrap=True)
    for level, title in LEVELS.items():
        _print_level(console, level, title, [finding for finding in records if finding.level == level])
    if any(finding.data_kind == "synthetic" for finding in records):
        console.print("[bold]†[/] synthetic: made by a script in the programme's folder, a fact about nobody")


def found_html(findings: pd.DataFrame) -> str:
    """Return what :func:`print_found` prints as HTML, for a notebook; with its colours and marks, escaped.

    Examples
    --------
    >>> found_html(pd.DataFrame({name: [] for name in ("scope", "group", "level", "data_kind")}))
    '<pre style="white-space:pre-wrap;font-family:monospace"></pre>'
    """
    console = Console(file=io.StringIO(), record=True, width=WIDE, force_terminal=True, color_system="truecolor")
    print_found(console, findings, in_full=False)
    style = "white-space:pre-wrap;font-family:monospace"
    return console.export_html(inline_styles=True, code_format=f'<pre style="{style}">{{code}}</pre>')


# ---- a line a programme ----------------------------------------------------------------------------------------------


def _headlines(programme: str, findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Yield how many promises were kept and what is known of effects, of real data and of synthetic ones apart."""
    for name, synthetic in ((programme, False), (f"{programme} †", True)):
        of_kind = [finding for finding in findings if (finding.data_kind == "synthetic") is synthetic]
        if of_kind:
            yield name, f"{_promises(of_kind)}; {_effects(of_kind)}"


def _promises(findings: Sequence[Finding]) -> str:
    """Count promises by what they came to; those that are neither kept nor missed are open."""
    promised = [finding for finding in findings if finding.target is not None]
    if not promised:
        return "nothing promised"
    kept = sum(finding.attainment == AttainmentState.REACHED for finding in promised)
    missed = sum(finding.attainment in MISSED for finding in promised)
    rest = len(promised) - kept - missed
    counts = [f"{kept} of {len(promised)} promises kept"]
    counts += [f"{count} {what}" for count, what in ((missed, "missed"), (rest, "open")) if count]
    return ", ".join(counts)


def _effects(findings: Sequence[Finding]) -> str:
    """Count effects by what they say, and those that a design refused to give."""
    effects = [finding for finding in findings if _is_effect(finding)]
    refused = sum(says(finding.evidence_reason, REFUSED) for finding in findings)
    texts = []
    if effects:
        states = [CONTRIBUTION[finding.contribution] for finding in effects]
        counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
        texts.append(f"{len(effects)} effects: {counts}")
    if refused:
        texts.append(f"{refused} not estimable")
    return ", ".join(texts) or "no effect estimated"


def _is_effect(finding: Finding) -> bool:
    return finding.estimate is not None and not is_no_effect(finding.estimand)


# ---- the most telling ------------------------------------------------------------------------------------------------


def _print_level(console: Console, level: str, title: str, findings: Sequence[Finding]) -> None:
    told = telling(findings)
    if not told:
        return
    console.print(f"[bold]{level.upper()}[/] · {title}, {len(told)} of {len(findings)}")
    for finding in told:
        mark = " †" if finding.data_kind == "synthetic" else ""
        console.print(f"  {escape(finding.title_en)}{mark}  [dim]{escape(finding.finding)}[/]", soft_wrap=True)
        console.print(f"    {escape(_line(finding))}", soft_wrap=True)


def telling(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings of a level that tell most.

    Notes
    -----
    Effects that are more than chance come first, on the best evidence first; then missed promises, the widest gap
    first, in parts of the way that was promised; then what is in doubt; then kept promises; then what nobody promised.
    Of two alike, real data come before synthetic ones. The best of each programme comes before a second of any.
    """
    ordered = sorted(findings, key=_rank)
    first = {finding.programme: finding for finding in reversed(ordered)}
    best = [finding for finding in ordered if finding is first[finding.programme]]
    return [*best, *(finding for finding in ordered if finding not in best)][:TOLD]


def _rank(finding: Finding) -> tuple[int, float, bool, str]:
    kind = _kind(finding)
    strength = (finding.evidence_level or 0) if kind == CAUSED else _gap(finding)
    return kind, -strength, finding.data_kind == "synthetic", finding.finding


def _kind(finding: Finding) -> int:
    if _is_effect(finding) and finding.contribution in DECIDED:
        return CAUSED
    if finding.attainment in MISSED:
        return MISSING
    if _is_effect(finding) or (finding.target is not None and finding.attainment != AttainmentState.REACHED):
        return UNDECIDED
    return KEPT if finding.target is not None else UNPROMISED


def _gap(finding: Finding) -> float:
    """Return how much is missing of the way that was promised, of the promise where no start is known; else 0."""
    if finding.progress is not None:
        return abs(1 - finding.progress)
    if finding.value is None or not finding.target:
        return 0.0
    return abs(finding.value - finding.target) / abs(finding.target)


def _line(finding: Finding) -> str:
    """Write the effect of a finding where it is one, else its value beside the promise."""
    unit, low, high = finding.unit, finding.effect_low, finding.effect_high
    if _is_effect(finding) and finding.estimate is not None and low is not None and high is not None:
        effect = f"effect {moved(finding.estimate, low, high, unit)}"
        clauses = [effect, CONTRIBUTION[finding.contribution], f"evidence {finding.evidence_level} of 5"]
    else:
        clauses = [with_interval(stated(finding) or "no data", finding)]
    if finding.target is not None:
        clauses.append(f"promised {number(finding.target, unit)}: {ATTAINMENT[finding.attainment]}")
    return " · ".join(clauses)


# ---- what was set aside ----------------------------------------------------------------------------------------------


def print_refused(console: Console, reports: Iterable[RunReport], claims: pd.DataFrame) -> None:
    """Print, a line a programme, what was set aside or does not agree; nothing where all is in order."""
    lines = [line for report in reports for line in _refused(report, claims[claims["programme"] == report.programme])]
    if lines:
        console.print("[bold]Set aside, or in doubt[/]")
    for line in lines:
        console.print(line, soft_wrap=True)


def _refused(report: RunReport, claims: pd.DataFrame) -> Iterator[str]:
    counts = [f"{report.rows_bad:,} of {report.rows_read:,} rows in quarantine"] if report.rows_bad else []
    if report.rows_warned:
        counts.append(f"{report.rows_warned:,} with a warning")
    if differ := int((claims["state"] == ClaimState.DIFFERS).sum()):
        counts.append(f"{differ} of {len(claims)} claims differ")
    if counts:
        yield f"  {escape(report.programme)}: {'; '.join(counts)}"
