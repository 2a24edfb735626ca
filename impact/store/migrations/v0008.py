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
evidence.design_randomised randomised.kind
evidence.design_did did.kind
evidence.design_panel panel.kind
evidence.design_staggered staggered.kind
evidence.design_matching matching.kind
evidence.design_weighting weighting.kind
evidence.design_regression_discontinuity regression_discontinuity.kind
evidence.design_interrupted_time_series interrupted_time_series.kind
evidence.design_synthetic_control synthetic_control.kind
evidence.design_association association.kind
evidence.design_network_change network_change.kind
evidence.design_scaled_effect scaled_effect.kind
evidence.design_before_after before_after.kind
"""
"""A line each: the code as it was, and as it is."""


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the codes that stand in sentences anew; their texts are what they were."""
    pairs = [line.split() for line in RENAMED.strip().splitlines()]
    for table, names in SENTENCES.items():
        for name in names:
            text = as_text(name)
            query = update(f"impact.{table}", {name: f"CAST(replace({text}, ?, ?) AS JSON)"}, f"contains({text}, ?)")
            for old, new in pairs:
                code = f'"code": "{old}"'
                connection.execute(query, [code, f'"code": "{new}"', code])
