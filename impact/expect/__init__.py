"""Expect: what was promised ex ante, and whether the plan was registered before the outcome could be known."""

from impact.expect.registration import (
    PlanStatus,
    indicator_plan,
    plan_changes,
    plan_hash,
    plan_status,
    register_plan,
    verify_registrations,
)

__all__ = [
    "PlanStatus",
    "indicator_plan",
    "plan_changes",
    "plan_hash",
    "plan_status",
    "register_plan",
    "verify_registrations",
]
