"""Which findings are promises, effects, refused effects: what pages count, and what the portfolio filters by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from impact.publish.published import NO_EFFECT, REFUSED
from impact.states import AttainmentState, ContributionState
from impact.words.said import says
from impact_dashboards.page.view import Row
from impact_dashboards.parts.marks import known

Rows = Sequence[Row]
PROMISED, EFFECT, EFFECT_REFUSED = "promised", "effect", "refused"
STAGES = {"results": ("outcome", "impact"), "work": ("input", "activity", "output")}
"""What changed for somebody, and what was done: a promise of the one says nothing of the other."""
MISSED = (AttainmentState.SHORT, AttainmentState.WRONG_WAY)
"""States of a promise that was not kept."""
EFFECTS = (
    *(ContributionState.IMPROVED, ContributionState.WORSENED, ContributionState.CHANGED),
    ContributionState.NO_CLEAR_EFFECT,
)
"""What an effect may say."""


def is_promised(row: Row) -> bool:
    """Tell whether a finding has a target."""
    return known(row["target"])


def is_missed(row: Row) -> bool:
    """Tell whether a finding has a target that was not reached."""
    return is_promised(row) and row["attainment"] in MISSED


def has_effect(row: Row) -> bool:
    """Tell whether a finding has an effect, and not only a change or an association."""
    return known(row["estimate"]) and row["estimand"].code not in NO_EFFECT


def is_refused(row: Row) -> bool:
    """Tell whether an effect was estimated and then refused, as a check that it hangs on failed."""
    return row["contribution"] == ContributionState.NOT_ESTIMABLE and says(row["evidence_reason"], REFUSED)


def _says(state: ContributionState) -> Callable[[Row], bool]:
    return lambda row: has_effect(row) and row["contribution"] == state


NO_STATES: Mapping[str, Callable[[Row], bool]] = {
    PROMISED: is_promised,
    EFFECT: has_effect,
    **{str(state): _says(state) for state in EFFECTS},
    EFFECT_REFUSED: is_refused,
}
"""Choices of the portfolio's filter of states that are no states of a promise."""


def in_stage(row: Row, name: str) -> bool:
    """Tell whether a finding is of a stage, one of :data:`STAGES`; without a name, of any."""
    return not name or row["stage"] in STAGES[name]


def gap_share(row: Row) -> float | None:
    """Return how much of the way that was promised is missing; more than all of it where it went the wrong way."""
    value, target, start = row["value"], row["target"], row["baseline"]
    if not known(value) or not known(target):
        return None
    way = target - start if known(start) else target
    return abs((target - value) / way) if way else None
