"""Expect: what was promised ex ante, and whether the plan was registered before the outcome could be known."""

from impact.expect.assignment import draw_assignment
from impact.expect.forecast import FIELDS as FORECAST
from impact.expect.forecast import forecast_fields, forecast_problems, predictive
from impact.expect.power import PowerReport, in_words, power_curve, power_report, power_reports
from impact.expect.registration import (
    PlanStatus,
    definition_hash,
    indicator_plan,
    plan_changes,
    plan_hash,
    plan_status,
    register_plan,
    verify_registrations,
)

__all__ = [
    "FORECAST",
    "PlanStatus",
    "PowerReport",
    "definition_hash",
    "draw_assignment",
    "forecast_fields",
    "forecast_problems",
    "in_words",
    "indicator_plan",
    "plan_changes",
    "plan_hash",
    "plan_status",
    "power_curve",
    "power_report",
    "power_reports",
    "predictive",
    "register_plan",
    "verify_registrations",
]
