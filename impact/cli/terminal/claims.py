"""Claims in the terminal: what a programme stated beside what its records give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape

from impact.cli.terminal.findings import QUALIFIERS
from impact.publish.rows import rows_of
from impact.states import ClaimState

CLAIM_STATES: Mapping[str, str] = {
    ClaimState.DIFFERS: "≠ differs",
    ClaimState.NOT_RECOMPUTABLE: "– not recomputable",
    ClaimState.REPRODUCED: "● reproduced",
}
"""In the order in which they are read."""
Recomputed = Mapping[str, Any]
"""A claim as an audit recomputes it, or one of its readings; see :func:`impact.measure.measure_claims`."""


def print_claims(console: Console, claims: pd.DataFrame) -> None:
    """Print the claims, those that differ first: what was stated, what records give, and how it may be read."""
    for state in CLAIM_STATES:
        in_state = claims[claims["state"] == state]
        for row in rows_of(in_state):
            _print_claim(console, row)
    console.print(claim_counts(claims))


def _print_claim(console: Console, row: Recomputed) -> None:
    """Print a claim with its two numbers, and the readings by which it would hold."""
    state, title = row["state"], escape(row["title_en"])
    qualifier = QUALIFIERS.get(row["qualifier"], "")
    stated = f"{qualifier} {row['stated']:.12g}".strip()
    console.print(f"{CLAIM_STATES[state]}  [bold]{title}[/]", soft_wrap=True)
    console.print(f"  {escape(_against(row, stated))}", soft_wrap=True)
    if state == ClaimState.REPRODUCED:
        return
    for reading in row["readings"]:
        console.print(f"  [dim]possible:[/] {escape(_reading_line(reading))}", soft_wrap=True)


def claim_counts(claims: pd.DataFrame) -> str:
    """Say how many claims differ, cannot be recomputed, are reproduced."""
    counts = claims["state"].value_counts()
    present = [state for state in CLAIM_STATES if state in counts]
    return ", ".join(f"{counts[state]} {_state_words(state, counts[state])}" for state in present)


def _state_words(state: str, count: int) -> str:
    if state == ClaimState.DIFFERS:
        return "differs" if count == 1 else "differ"
    return state.replace("_", " ")


def _against(row: Recomputed, stated: str) -> str:
    """Write a claim's two numbers side by side, or why there is only one."""
    if row["state"] == ClaimState.NOT_RECOMPUTABLE:
        return f"stated {stated} {row['unit']}; {row['reason_en']}"
    numbers = f"stated {stated} {row['unit']}, recomputed {row['recomputed']:.12g}"
    if row["state"] == ClaimState.REPRODUCED:
        return numbers
    difference = f"{row['difference']:+.12g}"
    if not pd.isna(row["relative_difference"]):
        difference += f", {100 * row['relative_difference']:+.1f}%"
    line = f"{numbers} ({difference})"
    why = _reason(row)
    return f"{line}; {why}" if why else line


def _reason(row: Recomputed) -> str:
    """Write what is to be said of a claim beside its two numbers: of a list, the names that are not in both."""
    reason = str(row["reason_en"])
    numbers, _, remainder = reason.partition("; ")
    return remainder if numbers.startswith("stated") else reason


def _reading_line(reading: Recomputed) -> str:
    """Write a possible reading with the number it gives."""
    text = str(reading["text"]["en"])
    if "formula" not in reading:
        return text
    because = reading["because"]
    result = because["en"] if because else f"{reading['recomputed']:.12g}"
    return f"{text} [{reading['formula']} = {result}]"
