"""What coordinators look at first, in the terminal: counts, then a line for each thing."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import pandas as pd
from rich.console import Console
from rich.markup import escape

from impact.cli.terminal.numbers import number
from impact.publish.attention import Followed, count_charts, count_courses
from impact.publish.report_counts import report_states
from impact.publish.rows import Record, rows_of
from impact.states import AttentionKind, CourseState, ReportState

RULES = {
    "beyond_limit": "beyond a limit",
    "run": "a run on one side of the mean",
    "trend": "a trend",
    "two_of_three": "two of three near a limit",
}
COURSES = {
    CourseState.BEHIND: "behind",
    CourseState.OFF_COURSE: "off course",
    CourseState.UNCERTAIN: "uncertain",
    CourseState.INCOMPLETE: "incomplete",
    CourseState.ON_COURSE: "on course",
    CourseState.AHEAD: "ahead",
    CourseState.NOT_MEASURED: "not measured on that day",
}


def print_status(
    console: Console, followed: Followed, lines: pd.DataFrame, today: datetime.date, limit: int | None
) -> None:
    """Print how reports, promises and charts stand, then what to look at first.

    Parameters
    ----------
    console
        Where to print.
    followed, lines
        What is followed, and what of it is to be looked at, as :func:`impact.publish.attention.attention` orders it.
    today
        The day that is looked from.
    limit
        How many lines are printed; None for all.
    """
    console.print(f"[bold]As of {today}[/]")
    for title, sentence in _counts(followed, today).items():
        console.print(f"  {title}: {sentence}")
    if lines.empty:
        console.print("Nothing to look at first.")
        return
    console.print("[bold]Look at this first[/]")
    shown = rows_of(lines.head(limit) if limit else lines)
    for number_of_line, line in enumerate(shown, start=1):
        console.print(f"  {number_of_line:>3}. {_PRINTERS[line['kind']](line)}", soft_wrap=True)
    if len(shown) < len(lines):
        console.print(f"  … {len(lines) - len(shown)} more: --all")


def _counts(followed: Followed, today: datetime.date) -> Mapping[str, str]:
    return {
        "reports": _reports(followed.reports, today),
        "promises": _promises(count_courses(followed, today)),
        "signals": _signals(followed, today),
    }


def _reports(reports: pd.DataFrame, today: datetime.date) -> str:
    """Say how many of the reports that are due have come, and how."""
    states = report_states(reports, today)
    due = states[states["owed"].astype(bool) & (states["deadline"] < pd.Timestamp(today))]
    if due.empty:
        return "none due"
    counts = due["state"].value_counts()
    received = len(due) - int(counts.get(ReportState.MISSING, 0))
    parts = [f"{int(counts[state])} {str(state).replace('_', ' ')}" for state in ReportState if counts.get(state, 0)]
    if unexpected := int((states["state"] == ReportState.UNEXPECTED).sum()):
        parts.append(f"{unexpected} more from who owes none")
    return f"{received:,} of {len(due):,} due received ({number(received / len(due), 'share')}): {', '.join(parts)}"


def _promises(counts: Mapping[str, int]) -> str:
    parts = [f"{counts[state]} {words}" for state, words in COURSES.items() if state in counts]
    return ", ".join(parts) or "no milestone due"


def _signals(followed: Followed, today: datetime.date) -> str:
    """Say how many charts are marked at their latest value, beside how many chance alone would mark."""
    charts = count_charts(followed, today)
    if not charts.charts:
        return "no chart (twelve periods with a value are needed)"
    chance = number(round(charts.expected, 1))
    return f"{charts.marked} of {charts.charts} charts marked at their latest value; by chance alone about {chance}"


def _of_part(line: Record) -> str:
    part = f" [dim]{escape(line['column'])}={escape(line['code'])}[/]" if line["column"] else ""
    return f"[bold]{escape(line['subject'])}[/]{part}"


def _signal(line: Record) -> str:
    rules = dict.fromkeys(RULES[rule.split()[0]] for rule in line["rules"])
    value, middle = number(line["value"]), number(line["expected"])
    return f"signal: {_of_part(line)} {line['period']}: {value}, mean {middle}; {', '.join(rules)}"


def _promise(line: Record) -> str:
    value, promised = number(line["value"]), number(line["expected"])
    state = COURSES[line["state"]]
    gap = number(abs(line["gap"]), "share") if line["gap"] is not None else "–"
    words = f"{value} where {promised} was promised for {_day(line)}; off by {gap} of the way"
    return f"{state}: {_of_part(line)} {line['period']}: {words}"


def _report(line: Record) -> str:
    count = int(line["expected"])
    plural = "report" if count == 1 else "reports"
    return f"missing: {_of_part(line)} {count} {plural} since {line['period']}, {line['days']} days late"


def _day(line: Record) -> str:
    return str(line["day"])[:10]


_PRINTERS = {AttentionKind.SIGNAL: _signal, AttentionKind.PROMISE: _promise, AttentionKind.REPORT: _report}
