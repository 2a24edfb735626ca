"""Whether a change of a network holds together."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.designs import NetworkChange
from impact.declare.indicators import Indicator
from impact.errors import Problem
from impact.formulas.network.model import TURNOVER, Network

FILE = "indicators.yaml"


def network_design_problems(indicator: Indicator, line: int | None) -> Iterator[Problem]:
    """Yield what a change of a network lacks: a network, and a wave to start from."""
    formula, where = indicator.formula, f"{indicator.id}.design"
    if not isinstance(indicator.ex_post.design, NetworkChange):
        yield Problem("a network takes no such design", FILE, line, where, "network_change or before_after")
        return
    if not isinstance(formula, Network) or formula.measure in TURNOVER:
        expected = "a network measure that has a value at each wave"
        yield Problem("network_change compares a network at two waves", FILE, line, f"{indicator.id}.formula", expected)
    if not (indicator.ex_ante.baseline and indicator.ex_ante.baseline.wave):
        fix = "Name the earlier wave; a network measured once has no change."
        yield Problem(f"'{indicator.id}' has no baseline wave", FILE, line, "ex_ante.baseline.wave", fix=fix)
