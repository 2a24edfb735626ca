"""What one finding comes to: its promise, its effect, how certain that is, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator

from impact.drawing.markup import Element, h
from impact.publish.trace import Trace
from impact.states import AttainmentState, EffectVerdict, PromiseVerdict
from impact.value.verdict import LINKS, effect_verdict, finding_needs, promise_verdict
from impact_dashboards.page.view import Block, Row, View
from impact_dashboards.parts.marks import ends_of, known
from impact_dashboards.parts.verdicts import is_fault

MOST_NEEDS = 3
"""What would change a conclusion that is named on it; the weakest links first."""
UNSEEN = frozenset({EffectVerdict.NONE, EffectVerdict.HIDDEN, EffectVerdict.NO_COMPARISON})
"""Verdicts on an effect that have no estimate to say."""


def conclusion_block(view: View, row: Row, trace: Trace) -> Block:
    """Return the conclusion in words; all numbers in it are those of the finding."""
    sentences = " ".join(_sentences(view, row, trace))
    needs = _needs(view, trace)
    changes = [h("p", view.words("conclusion.changes")), h("ul", [h("li", need) for need in needs])] if needs else None
    return Block("conclusion", view.words("conclusion.title"), body=[_strong(sentences), changes])


def _strong(text: str) -> Element:
    return h("p", h("strong", text))


def _sentences(view: View, row: Row, trace: Trace) -> Iterator[str]:
    """Yield what came of the promise, what was caused, and how certain that is."""
    yield _promise(view, row, promise_verdict(trace.finding))
    if row["attainment"] == AttainmentState.SUPPRESSED:
        return
    caused = effect_verdict(trace.finding)
    yield _effect(view, row, caused)
    level = row["evidence_level"]
    if caused not in UNSEEN and known(level):
        yield view.words("conclusion.certainty", level=int(level))


def _promise(view: View, row: Row, promise: PromiseVerdict) -> str:
    """Say what came of the promise, with value and target where both may be shown."""
    words, unit = view.words, row["unit"]
    text = words(f"conclusion.promise.{promise}")
    if not (known(row["value"]) and known(row["target"])):
        return f"{text}."
    value, target = words.number(row["value"], unit, ends_of(row)), words.number(row["target"], unit)
    return words("conclusion.against", promise=text, value=value, target=target)


def _effect(view: View, row: Row, caused: EffectVerdict) -> str:
    """Say what was caused, with the estimate and its interval where there is one."""
    text = view.words(f"conclusion.effect.{caused}")
    if caused in UNSEEN or not known(row["estimate"]):
        return f"{text}."
    unit = row["unit"]
    estimate = view.words.gain(row["estimate"], unit, ends_of(row, "effect"))
    interval = view.words.interval(row["effect_low"], row["effect_high"], unit, gain=True)
    return f"{text}: {' '.join(filter(None, (estimate, interval)))}."


def _needs(view: View, trace: Trace) -> list[str]:
    """Return what would change the conclusion, the weakest link first."""
    failed = [check.null_hypothesis for check in trace.diagnostics if is_fault(check.check, check.status)]
    order = list(LINKS)
    needs = sorted(finding_needs(trace.finding, failed), key=lambda need: order.index(need.name))
    return [view.words.said(need.said) for need in needs[:MOST_NEEDS]]
