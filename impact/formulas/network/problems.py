"""Whether a network indicator holds together: roster, keys that keep unknown bodies and self-ties out, waves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from impact.declare.conditions import condition_problems
from impact.declare.contracts import Contract
from impact.declare.declaration import Declaration
from impact.errors import Problem

if TYPE_CHECKING:
    from impact.formulas.network.model import Network


def network_problems(network: Network, at: Declaration) -> Iterator[Problem]:
    """Yield what is wrong with an indicator's network."""
    roster = at.programme.contracts.get(network.bodies.contract)
    if roster is None:
        declared = ", ".join(at.programme.contracts)
        yield at.problem(f"there is no contract '{network.bodies.contract}'", "formula.bodies", declared)
        return
    yield from _columns(network, at, roster)
    yield from _roster(network, at, roster)
    yield from _ends(network, at, roster)
    yield from _self_ties(network, at)
    yield from _sample(at)
    yield from _waves(network, at)


def _columns(network: Network, at: Declaration, roster: Contract) -> Iterator[Problem]:
    """Yield columns that neither ties nor roster have, and conditions that do not fit theirs."""
    ties, at_formula = at.contract, at.location("formula")
    conditions = [(roster, network.bodies.answered), (ties, network.mutual)]
    columns = [(ties, network.source), (ties, network.target), (roster, network.bodies.key)]
    if network.group:
        columns.append((roster, network.group))
    columns += [(contract, condition.column) for contract, condition in conditions if condition]
    for contract, name in columns:
        if name not in contract.columns:
            expected = ", ".join(contract.columns)
            yield at_formula.problem(f"contract '{contract.id}' has no column '{name}'", expected)
    cuts = dict.fromkeys([*ties.columns, *roster.columns])
    for name in (*at.indicator.by, *at.indicator.scope):
        if name not in cuts:
            yield at.problem(f"neither ties nor bodies have a column '{name}'", "by", ", ".join(cuts))
    for contract, condition in conditions:
        if condition and condition.column in contract.columns:
            yield from condition_problems(at.programme, contract, condition, at_formula)


def _roster(network: Network, at: Declaration, roster: Contract) -> Iterator[Problem]:
    """Yield what lets the roster list a body twice."""
    at_bodies, key = at.location("formula.bodies"), _roster_key(network, at, roster)
    if set(roster.key) not in (set(key), {network.bodies.key}):
        expected, declared = ", ".join(key), ", ".join(roster.key)
        what = f"contract '{roster.id}' may list a body twice"
        yield at_bodies.problem(what, f"key: [{expected}]", f"key: [{declared}]")
    if roster.wave and not at.contract.wave:
        yield at_bodies.problem(f"'{roster.id}' has waves, '{at.contract.id}' has none")


def _ends(network: Network, at: Declaration, roster: Contract) -> Iterator[Problem]:
    """Yield what lets a tie to nobody into the good rows."""
    ties, target = at.contract, _roster_key(network, at, roster)
    references = [key for key in ties.foreign_keys if key.references == roster.id]
    pairs = [set(zip(key.columns, key.to, strict=True)) for key in references]
    what = f"ties of '{ties.id}' may name a body that is not in '{roster.id}'"
    for end in (network.source, network.target):
        columns = [end]
        if roster.wave and ties.wave:
            columns.append(ties.wave)
        if set(zip(columns, target, strict=True)) not in pairs:
            key = f"columns: [{', '.join(columns)}], references: {roster.id}, to: [{', '.join(target)}]"
            yield at.problem(what, "formula", fix=f"Add to foreign_keys: {{{key}}}.")


def _roster_key(network: Network, at: Declaration, roster: Contract) -> tuple[str, ...]:
    """Return the key that the roster should have: the body, in a wave where ties and roster have waves."""
    return (network.bodies.key, roster.wave) if roster.wave and at.contract.wave else (network.bodies.key,)


def _self_ties(network: Network, at: Declaration) -> Iterator[Problem]:
    """Yield what lets a tie of a body to itself into the good rows."""
    ends = {network.source, network.target}
    for rule in at.contract.rules:
        refuses_equal = rule.kind == "compare" and rule.operator == "!=" and rule.severity == "error"
        if refuses_equal and set(rule.columns()) == ends:
            return
    what = f"'{at.contract.id}' lets a body be tied to itself"
    rule_text = f'kind: compare, id: no_self_tie, left: {network.source}, operator: "!=", right: {network.target}'
    yield at.problem(what, "formula", fix=f"Add to rules: {{{rule_text}}}.")


def _sample(at: Declaration) -> Iterator[Problem]:
    sample = at.indicator.sample.model_copy(update={"all_units": False})
    undeclared = type(sample)()
    if sample != undeclared:
        fix = "Leave sample out, or say all_units: true if no interval is wanted."
        yield at.problem("a network takes no weights, strata or clusters", "sample", fix=fix)


def _waves(network: Network, at: Declaration) -> Iterator[Problem]:
    """Yield what a turnover lacks: an earlier wave, and no baseline; other measures name none."""
    name, baseline = at.indicator.id, at.indicator.ex_ante.baseline
    if network.since is None:
        return
    if baseline and baseline.wave:
        at_baseline = at.place.at("ex_ante.baseline")
        fix = "Remove the baseline: the measure compares two waves itself."
        yield at_baseline.problem(f"'{name}' has no value at an earlier wave", fix=fix)
    if network.since == at.indicator.ex_post.wave:
        yield at.problem(f"'{name}' compares a wave with itself", "formula.since")
