"""Expect: what was promised ex ante, and whether the plan was registered before the outcome could be known."""

from typing import TYPE_CHECKING

from impact.rooms import on_demand

if TYPE_CHECKING:
    from impact.expect.assignment import draw_assignment
    from impact.expect.declared import forecast_problems
    from impact.expect.forecast import FIELDS as FORECAST
    from impact.expect.forecast import forecast_fields, predictive
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
__getattr__ = on_demand(__name__, __file__)
