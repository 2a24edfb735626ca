"""In what order findings stand: by kind, the outcomes that say something first; within it as the reader asks."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from impact.states import WORST_FIRST
from impact_dashboards.page.view import Fold, Row, View
from impact_dashboards.pages.portfolio.filters import SORTS
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.promises import STAGES, Rows, has_effect, is_promised

Key = Callable[[Row], Any]
OUTCOMES, WORK = "outcomes", "work"
FACTS = {
    "outcome": "outcome_facts",
    "impact": "impact_facts",
    "output": "output_facts",
    "activity": "activity_facts",
    "input": "input_facts",
}
KINDS = (OUTCOMES, WORK, *FACTS.values())
"""What changed for somebody, what was done of what was promised, then what is only known, by stage."""


# ---- kinds -----------------------------------------------------------------------------------------------------------


def kind_of(row: Row) -> str:
    """Return the kind of a finding: what is neither promised nor an effect is a fact, also where it changed."""
    if not is_promised(row) and not has_effect(row):
        return FACTS[row["stage"]]
    return OUTCOMES if row["stage"] in STAGES["results"] else WORK


def kind_position(row: Row) -> int:
    """Return where the kind of a finding stands."""
    return KINDS.index(kind_of(row))


def folded(view: View) -> Fold:
    """Return how findings are folded: the first kind stands open, the others say how many they are and how they are."""

    def title(kind: str, rows: Sequence[Row]) -> str:
        heading = view.words(f"kind.{kind}", count=len(rows))
        states = _states(view, rows)
        return f"{heading} ({states})" if states else heading

    return Fold(kind_of, title)


def _states(view: View, rows: Sequence[Row]) -> str:
    """Return how many promises are in which state, the worst first; nothing where nothing was promised."""
    counts = Counter(row["attainment"] for row in rows if is_promised(row))
    states = [state for state in WORST_FIRST if counts[state]]
    return ", ".join(f"{view.words(f'status.{state}').lower()} {counts[state]}" for state in states)


# ---- sorts -----------------------------------------------------------------------------------------------------------


def sort_key(rows: Rows, by: str) -> Key:
    """Return the key by which rows are sorted; without a sort what was promised stands first, suppressed ones last."""
    return SORT_KEYS[by](rows) if by else _default


def _default(row: Row) -> tuple[bool, bool, bool]:
    return row["attainment"] == "suppressed", not is_promised(row), not known(row["estimate"])


def _gap(rows: Rows) -> Key:
    """Order by what is missing to the target, the most first: as a share of the way, or of the target without a way."""
    return lambda row: _most_first(_missing(row))


def _missing(row: Row) -> float | None:
    value, target, baseline = row["value"], row["target"], row["baseline"]
    if not known(value) or not known(target):
        return None
    if known(baseline) and baseline != target:
        return float((target - value) / (target - baseline))
    side = -1.0 if row["direction"] == "decrease" else 1.0
    return float(side * (target - value) / abs(target)) if target else None


def _effect(rows: Rows) -> Key:
    """Order by the effect in the direction that is wanted, the best first.

    Effects on different indicators are set against the value there would have been without them; within an indicator
    that is the same for all, so that they stand as they are.
    """
    without: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if known(row["estimate"]) and known(row["value"]):
            without.setdefault(_indicator(row), []).append(abs(row["value"] - row["estimate"]))
    usual = {name: statistics.median(values) for name, values in without.items()}
    return lambda row: _most_first(_relative(row, usual))


def _relative(row: Row, usual: Mapping[tuple[str, str], float]) -> float | None:
    size = usual.get(_indicator(row))
    if not known(row["estimate"]) or not size:
        return None
    side = -1.0 if row["direction"] == "decrease" else 1.0
    return float(side * row["estimate"] / size)


def _indicator(row: Row) -> tuple[str, str]:
    return row["programme"], row["indicator"]


def _certainty(rows: Rows) -> Key:
    """Order by the level of evidence, and within a level by how many standard errors an effect lies from zero."""

    def key(row: Row) -> tuple[Any, ...]:
        distance = abs(row["estimate"] / row["std_error"]) if known(row["estimate"]) and row["std_error"] else None
        return _most_first(row["evidence_level"]), _most_first(distance)

    return key


def _date(rows: Rows) -> Key:
    """Order by the day up to which data go, the last first."""
    return lambda row: _most_first(None if row["dated"] is None else float(row["dated"].toordinal()))


def _most_first(number: float | None) -> tuple[bool, float]:
    return (True, 0.0) if number is None or not known(number) else (False, -float(number))


SORT_KEYS: Mapping[str, Callable[[Rows], Key]] = dict(zip(SORTS, (_gap, _effect, _certainty, _date), strict=True))
