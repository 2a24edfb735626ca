"""What a programme owes to its frameworks, in the terminal and as JSON; a list, and no error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape

from impact.declare.base import in_language
from impact.declare.frameworks.owed import Owed, Response
from impact.states import ElementState

STATES: Mapping[ElementState, str] = {
    ElementState.MISSING: "missing",
    ElementState.ANSWERED: "answered",
    ElementState.NOT_APPLICABLE: "not applicable",
    ElementState.NOT_VERIFIED: "not verified",
}


def print_owed(console: Console, owed: Owed) -> None:
    """Print what a programme owes to a framework and lacks."""
    for line in _lines(owed):
        console.print(escape(line), soft_wrap=True)


def _lines(owed: Owed) -> Iterator[str]:
    file = owed.framework.file
    yield f"{file.id} {file.version}: {in_language(file.title)}"
    lists = {
        "no source feeds the required": owed.unfed,
        "not bound, and required": owed.unbound,
        "not bound": owed.offered,
    }
    yield from (f"  {what}: {', '.join(names)}" for what, names in lists.items() if names)
    if not owed.responses:
        return
    yield f"  elements: {', '.join(f'{count} {STATES[state]}' for state, count in owed.counts.items())}"
    for response in owed.responses:
        if response.state in (ElementState.MISSING, ElementState.NOT_VERIFIED):
            yield f"    {STATES[response.state]}: {response.element.code} {in_language(response.element.title)}"
    yield from (f"  {in_language(remark)}" for remark in file.remarks)


def owed_json(owed: Owed) -> dict[str, Any]:
    """Return what a programme owes to a framework as plain data, texts in English."""
    return {
        "framework": owed.framework.id,
        "version": owed.framework.file.version,
        "contracts_without_source": list(owed.unfed),
        "required_not_bound": list(owed.unbound),
        "offered_not_bound": list(owed.offered),
        "elements": [_element_json(response) for response in owed.responses],
        "remarks": [in_language(remark) for remark in owed.framework.file.remarks],
    }


def _element_json(response: Response) -> dict[str, Any]:
    return {
        "code": response.element.code,
        "title": in_language(response.element.title),
        "state": response.state.value,
        "shown": [str(said) for said in response.shown],
        "answer": in_language(response.text) if response.text else "",
    }
