"""Findings written by hand, for tests of what is read from them."""

from __future__ import annotations

from typing import Any

from impact.states import AttainmentState, ContributionState, ProgressState, Registration
from impact.tables.finding import Finding
from impact.words.said import Said

STANDS: dict[str, Any] = {
    "programme": "made",
    "indicator": "y",
    "title_en": "Y",
    "title_it": "Y",
    "node": "outcome",
    "stage": "outcome",
    "level": "micro",
    "scope": "programme",
    "scope_value": "",
    "group": "all",
    "group_value": "",
    "period": "2020",
    "unit": "points",
    "unit_it": "punti",
    "direction": "increase",
    "plan_hash": "p",
    "registration": Registration.EXPLORATORY,
    "value": 5.0,
    "n": 100,
    "flags": (),
    "method": Said("values.complete_count"),
    "progress_state": ProgressState.NO_TARGET,
    "attainment": AttainmentState.NO_TARGET,
    "contribution": ContributionState.NOT_ESTIMABLE,
    "evidence_reason": "",
    "data_kind": "real",
    "run_id": "r",
    "definition_hash": "d",
}


def finding(**fields: Any) -> Finding:
    """Return a finding of the whole of a programme: without a target or an effect, unless the fields say so."""
    values = dict.fromkeys(Finding.TABLE.columns) | STANDS | fields
    return Finding(**values | {"finding": f"{values['programme']}/{values['indicator']}"})


def with_effect(estimate: float, low: float, high: float, level: int, **fields: Any) -> Finding:
    """Return a finding with an effect and its interval, judged as the judge does for an indicator to be increased."""
    state = ContributionState.NO_CLEAR_EFFECT
    if low > 0 or high < 0:
        state = ContributionState.IMPROVED if low > 0 else ContributionState.WORSENED
    given: dict[str, Any] = {
        "estimate": estimate,
        "effect_low": low,
        "effect_high": high,
        "std_error": (high - low) / 4,
    }
    given |= {"evidence_level": level, "contribution": state, "estimand": Said("estimand.att")}
    return finding(**given | fields)
