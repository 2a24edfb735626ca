"""Shares whose score crosses a limit."""

import pandas as pd

from tests.spec.formulas.proportion import PERSONS, share
from tests.spec.formulas.scale import ANSWERS, score
from tests.spec.spec import Row, Spec


def share_of_low_scores(table: pd.DataFrame) -> Row:
    points = score(table).round(9)
    return share((points <= 28).astype(float).where(points.notna()))


def share_of_high_values(table: pd.DataFrame) -> Row:
    return share((table["y"] > 3.5).astype(float).where(table["y"].notna()))


SPECS = (
    Spec(
        title="Share of scores beyond a limit",
        meaning="The share of rows whose score crosses the limit, among those with a score; the interval is Wilson's.",
        tables={"rows": ANSWERS},
        declaration=(
            "formula:\n"
            "  kind: threshold\n"
            "  of: {kind: scale, items: [calm, rested, worried], reverse: [worried], low: 0, high: 5, aggregate: sum,\n"
            "       multiply: 4, minimum_answered: 2}\n"
            "  at_most: 28"
        ),
        expected="""
            value  | low    | high   | n | n_missing
            0.6667 | 0.2077 | 0.9385 | 3 | 1
        """,
        plain=share_of_low_scores,
    ),
    Spec(
        title="Share of values beyond a limit",
        meaning="The same of a column; a value on the limit is not `above` it.",
        tables={"rows": PERSONS},
        declaration="formula: {kind: threshold, of: {kind: mean, column: y}, above: 3.5}",
        expected="""
            value | low  | high | n | n_missing
            0.5   | 0.15 | 0.85 | 4 | 1
        """,
        plain=share_of_high_values,
    ),
)
