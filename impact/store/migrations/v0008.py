"""Layout 8: some codes of sentences say better what they say, or say it once; a design has its name in its own."""

from __future__ import annotations

import duckdb

from impact.sql import as_text, update

SENTENCES = {
    "measure": ("method",),
    "finding": ("method", "estimand", "design", "inference", "adjustment", "not_estimable", "evidence_reason"),
    "diagnostic": ("check", "null_hypothesis", "detail"),
    "term": ("family", "term", "detail"),
    "quarantine": ("expected",),
    "sentence": ("said",),
}
RENAMED = """
checks.nobody_has_outcome_2 checks.nobody_has_any_outcome
discontinuity.f discontinuity.strength
discontinuity.conventional regression_discontinuity.conventional
series.change_level estimand.change_of_level
series.change_slope estimand.change_of_slope
staggered.m staggered.at
synthetic.synthetic_difference_differences synthetic_control.synthetic_did
synthetic_control.text synthetic_control.value_of_treated
"""
"""A line each: the code as it was, and as it is."""
KINDS = (
    "randomised did panel staggered matching weighting regression_discontinuity interrupted_time_series"
    " synthetic_control association network_change scaled_effect before_after"
)


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the codes that stand in sentences anew; their texts are what they were."""
    pairs = [line.split() for line in RENAMED.strip().splitlines()]
    pairs += [[f"evidence.design_{kind}", f"{kind}.kind"] for kind in KINDS.split()]
    for table, names in SENTENCES.items():
        for name in names:
            text = as_text(name)
            query = update(f"impact.{table}", {name: f"CAST(replace({text}, ?, ?) AS JSON)"}, f"contains({text}, ?)")
            for old, new in pairs:
                code = f'"code": "{old}"'
                connection.execute(query, [code, f'"code": "{new}"', code])
