"""Lines of value in the terminal: section by section, subject by subject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

import pandas as pd
from rich.console import Console
from rich.markup import escape

from impact.cli.terminal.findings import SYNTHETIC_NOTE
from impact.cli.terminal.numbers import bounds, gain, interval, number
from impact.states import ValueSection
from impact.tables.frames import to_records
from impact.tables.valuation import Valuation

SECTIONS: Mapping[str, str] = {
    ValueSection.RULES: "Rules",
    ValueSection.OUTCOMES: "Outcomes by the dimensions of impact",
    ValueSection.POOLS: "Effects pooled",
    ValueSection.FORECASTS: "Forecasts scored",
    ValueSection.COSTS: "Costs",
    ValueSection.SOCIAL_RETURN: "Social return on investment",
    ValueSection.PAYMENTS: "Outcome contracts",
    ValueSection.REWARDS: "Reward rules",
}


def print_valuations(console: Console, valuations: pd.DataFrame) -> None:
    """Print every line: its figure with its interval or why it has none, a verdict and why."""
    lines = to_records(Valuation, valuations)
    for section, of_section in groupby(lines, key=lambda line: line.section):
        console.print(f"\n[bold]{SECTIONS[section]}[/]")
        for title, of_subject in groupby(of_section, key=_title):
            console.print(f"\n  [bold]{escape(title)}[/]", soft_wrap=True)
            for line in of_subject:
                console.print(f"    {escape(_written(line))}", soft_wrap=True)
    if any(line.data_kind == "synthetic" for line in lines):
        console.print(SYNTHETIC_NOTE)


def _title(line: Valuation) -> str:
    return line.subject_en + (" †" if line.data_kind == "synthetic" else "")


def _written(line: Valuation) -> str:
    said = [*_figure(line), *filter(None, [str(line.verdict or ""), line.note_en, str(line.method or "")])]
    reason = f" ({line.reason})" if line.reason else ""
    return f"{line.label}: {'; '.join(said) or '–'}{reason}"


def _figure(line: Valuation) -> Iterator[str]:
    """Yield a figure with its interval and unit, or nothing."""
    if line.value is None:
        return
    write = gain if line.difference else number
    value = write(line.value, line.unit, (line.conf_low, line.conf_high))
    unit = "" if line.unit == "share" else line.unit
    yield " ".join(filter(None, [value, _interval(line), unit]))


def _interval(line: Valuation) -> str:
    if line.conf_low is None or line.conf_high is None:
        return ""
    if line.difference:
        return bounds(line.conf_low, line.conf_high, line.unit)
    return interval(line.conf_low, line.conf_high, line.unit)
