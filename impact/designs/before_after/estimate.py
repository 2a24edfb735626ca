"""No comparison, no effect: the reason is said where an effect would stand."""

from __future__ import annotations

from impact.designs.before_after.model import BeforeAfter
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.estimate.result import Effect
from impact.words.said import Said


def estimate_before_after(case: Case[BeforeAfter]) -> Effect:
    """Refuse: a change is no effect."""
    raise NotEstimable(Said("designs.no_comparison_before_after_change_not_effect"), Said("designs.comparison_group"))
