"""Runs and rows set aside in the terminal."""

from __future__ import annotations

import pandas as pd
from rich.console import Console
from rich.markup import escape

from impact.cli.terminal.claims import claim_counts
from impact.run.flow import RunReport
from impact.tables.files import Quarantine
from impact.tables.frames import to_records

LONGEST_VALUE = 80
"""Characters of a value that are printed; a cell may hold a whole letter."""


def print_report(console: Console, report: RunReport, claims: pd.DataFrame) -> None:
    """Print what a run did: sources and indicators, rows, and how the programme's claims stand to its records."""
    sources = f"{len(report.loaded)} sources loaded" if report.loaded else "no source changed"
    indicators = f"{len(report.computed)} indicators computed" if report.computed else "no indicator changed"
    console.print(f"[bold]{escape(report.programme)}[/]: {sources}, {indicators}; {report.findings} findings")
    console.print(f"  {_row_counts(report)}")
    of_programme = claims[claims["programme"] == report.programme]
    if len(of_programme):
        console.print(f"  claims: {claim_counts(of_programme)}  [dim]impact audit[/]")
    _print_stage(console, report)
    for source, change in report.changes.items():
        counts = ", ".join(f"{count} {what}" for what, count in change.items())
        console.print(f"  {escape(source)} replaced: {counts or 'the key changed'}")


def _row_counts(report: RunReport) -> str:
    """Say how many rows are good, set aside, and good with a warning."""
    counts = [f"{report.rows_good:,} of {report.rows_read:,} rows good"]
    if report.rows_bad:
        counts.append(f"[bold]{report.rows_bad:,} in quarantine[/]")
    if report.rows_warned:
        counts.append(f"{report.rows_warned:,} with a warning")
    return ", ".join(counts)


def _print_stage(console: Console, report: RunReport) -> None:
    """Print how far a programme has come if that is not the end, and whether readers see it."""
    if report.stage != "publish":
        waiting = len(report.waiting)
        more = f"; {waiting} indicators wait for their findings" if waiting else ""
        console.print(f"  stopped at [bold]{report.stage}[/]{more}")
    if report.unpublished:
        names = ", ".join(map(escape, report.unpublished))
        console.print(f"  [bold]not published[/]: readers see the last whole run until {names} is run to the end")


def print_quarantine(console: Console, rows: pd.DataFrame, limit: int) -> None:
    """Print the quarantine: per file how many rows each rule stopped, then the first rows with their reasons."""
    for (programme, file), of_file in rows.groupby(["programme", "file"]):
        file_name, programme_id = escape(str(file)), escape(str(programme))
        console.print(f"[bold]{file_name}[/] [dim]{programme_id}[/]")
        _print_rules(console, of_file)
    console.print("[bold]first reasons[/]")
    for row in to_records(Quarantine, rows.head(limit)):
        line = _reason_line(row)
        console.print(escape(line), soft_wrap=True)
    if len(rows) > limit:
        console.print(f"… and {len(rows) - limit} more reasons; --limit or --json shows them")


def _print_rules(console: Console, rows: pd.DataFrame) -> None:
    """Print how many rows of a file each rule stopped."""
    keys = ["severity", "column", "rule", "expected"]
    for (severity, column, rule, expected), reasons in rows.groupby(keys, sort=False):
        where = f"{column}: " if column else ""
        mark = " (warning, row kept)" if severity == "warning" else ""
        count = reasons["line"].nunique()
        console.print(escape(f"{count:>6}  {where}{rule}, expected {expected}{mark}"), soft_wrap=True)


def _reason_line(row: Quarantine) -> str:
    """Write where a row was read, the rule that stopped it and the value that broke the rule."""
    value = repr(row.value[:LONGEST_VALUE]) if row.value else "nothing"
    rule = " ".join(filter(None, (row.column, row.rule)))
    where = f"{row.file}:{row.line}"
    return f"  {where}  {rule}, found {value}"
