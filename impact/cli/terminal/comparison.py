"""A framework across programmes, in the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape

from impact.cli.terminal.findings import SYNTHETIC_NOTE
from impact.cli.terminal.frameworks import STATES
from impact.cli.terminal.numbers import estimated
from impact.publish.compare import Alike, Comparison, Shared
from impact.publish.framework_totals import Total
from impact.states import SharedState
from impact.tables.frames import to_json
from impact.tables.frameworks import Element

WHY: Mapping[SharedState, str] = {
    SharedState.MEASURED: "",
    SharedState.INCOMPLETE: "incomplete",
    SharedState.NO_DATA: "no data",
    SharedState.SUPPRESSED: "suppressed",
    SharedState.NOT_BOUND: "not bound",
}


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print every programme beside every shared indicator, then the checklist."""
    for line in _lines(comparison):
        console.print(line, soft_wrap=True)
    if any(_is_synthetic(one) for alike in comparison.indicators for one in alike.programmes):
        console.print(SYNTHETIC_NOTE)


def _lines(comparison: Comparison) -> Iterator[str]:
    first = comparison.uses[0]
    versions = ", ".join(f"{use.programme} {use.version}" for use in comparison.uses)
    yield f"[bold]{escape(first.title_en)}[/] · {escape(versions)}"
    yield from (f"  {escape(remark)}" for remark in first.remarks_en)
    for alike in comparison.indicators:
        yield from _indicator(alike)
    for answers in comparison.elements:
        yield _element(answers)


def _indicator(alike: Alike) -> Iterator[str]:
    declared = alike.declared
    owed = " · required" if declared.required else ""
    yield f"\n[bold]{escape(declared.title_en)}[/] · {escape(declared.unit)}{owed}"
    for one in alike.programmes:
        yield f"  {escape(one.programme)}{' †' if _is_synthetic(one) else ''}: {escape(_value(one))}"
    for total in alike.totals:
        yield f"  together{' †' if total.data_kind == 'synthetic' else ''}: {escape(_total(total, declared.unit))}"


def _is_synthetic(one: Shared) -> bool:
    return one.finding is not None and one.finding.data_kind == "synthetic"


def _value(one: Shared) -> str:
    finding, why = one.finding, WHY[one.state]
    if finding is None or finding.value is None:
        return f"– ({why})"
    unit = one.declared.unit
    figure = estimated(finding.value, finding.conf_low, finding.conf_high, unit)
    details = (f"n {finding.n}", one.day, why, f"definition {one.declared.shared_hash[:12]}")
    return " · ".join(filter(None, (figure, *details)))


def _total(total: Total, unit: str) -> str:
    left_out = ", ".join(f"{programme} ({WHY[state]})" for programme, state in total.left_out)
    without = f"without {left_out}" if left_out else ""
    if total.value is None:
        return " · ".join(filter(None, (f"– ({total.reason})", without)))
    figure = estimated(total.value, total.conf_low, total.conf_high, unit)
    days = " to ".join(dict.fromkeys(total.days))
    details = (f"n {total.n}", days, f"of {', '.join(total.programmes)}", without, str(total.reason))
    return " · ".join(filter(None, (figure, *details)))


def _element(answers: tuple[Element, ...]) -> str:
    states = ", ".join(f"{answer.programme} {STATES[answer.state]}" for answer in answers)
    return f"{escape(answers[0].element)} {escape(answers[0].title_en)}: {escape(states)}"


# ---- JSON ------------------------------------------------------------------------------------------------------------


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as plain data, sentences in English."""
    return {
        "framework": comparison.uses[0].framework,
        "versions": {use.programme: use.version for use in comparison.uses},
        "remarks": list(comparison.uses[0].remarks_en),
        "indicators": [_indicator_json(alike) for alike in comparison.indicators],
        "elements": [_element_json(answers) for answers in comparison.elements],
    }


def _indicator_json(alike: Alike) -> dict[str, Any]:
    declared = alike.declared
    return {
        "indicator": declared.indicator,
        "unit": declared.unit,
        "required": declared.required,
        "programmes": [_programme_json(one) for one in alike.programmes],
        "totals": [vars(total) | {"reason": str(total.reason)} for total in alike.totals],
    }


def _programme_json(one: Shared) -> dict[str, Any]:
    finding = one.finding
    names = ("value", "conf_low", "conf_high", "n", "data_kind")
    measured = {name: to_json(getattr(finding, name)) if finding else None for name in names}
    return {"programme": one.programme, "state": one.state, "day": one.day, **measured} | {
        "shared_hash": one.declared.shared_hash,
        "numerator": one.declared.numerator,
        "denominator": one.declared.denominator,
    }


def _element_json(answers: tuple[Element, ...]) -> dict[str, Any]:
    states = {answer.programme: answer.state for answer in answers}
    return {"element": answers[0].element, "title": answers[0].title_en, "states": states}
