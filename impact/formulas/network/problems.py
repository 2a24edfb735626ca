"""Whether a network indicator holds together: roster, keys that keep unknown bodies and self-ties out, waves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from impact.declare.conditions import condition_problems
from impact.declare.contracts import Contract
from impact.declare.declaration import FILE, Declaration
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
    contract, conditions = at.contract, [(roster, network.bodies.answered), (at.contract, network.mutual)]
    columns = [(contract, network.source), (contract, network.target), (roster, network.bodies.key)]
    columns += [(roster, network.group)] if network.group else []
    columns += [(owner, condition.column) for owner, condition in conditions if condition]
    for owner, name in columns:
        if name not in owner.columns:
            expected = ", ".join(owner.columns)
            yield at.problem(f"contract '{owner.id}' has no column '{name}'", "formula", expected)
    for name in (*at.indicator.by, *at.indicator.scope):
        if name not in contract.columns and name not in roster.columns:
            expected = ", ".join(dict.fromkeys([*contract.columns, *roster.columns]))
            yield at.problem(f"neither ties nor bodies have a column '{name}'", "by", expected)
    where = f"{FILE} {at.indicator.id}.formula"
    for owner, condition in conditions:
        if condition and condition.column in owner.columns:
            yield from condition_problems(at.programme, owner, condition, at.line, where)


def _roster(network: Network, at: Declaration, roster: Contract) -> Iterator[Problem]:
    """Yield what lets the roster list a body twice."""
    key = _roster_key(network, at, roster)
    if set(roster.key) != set(key) and set(roster.key) != {network.bodies.key}:
        what, found = f"contract '{roster.id}' may list a body twice", f"key: [{', '.join(roster.key)}]"
        yield at.problem(what, "formula.bodies", f"key: [{', '.join(key)}]", found)
    if roster.wave and not at.contract.wave:
        yield at.problem(f"'{roster.id}' has waves, '{at.contract.id}' has none", "formula.bodies")


def _ends(network: Network, at: Declaration, roster: Contract) -> Iterator[Problem]:
    """Yield what lets a tie to nobody into the good rows."""
    contract, there = at.contract, _roster_key(network, at, roster)
    wave = (contract.wave,) if roster.wave and contract.wave else ()
    keys = [set(zip(key.columns, key.to, strict=True)) for key in contract.foreign_keys if key.references == roster.id]
    for end in (network.source, network.target):
        here = (end, *wave)
        if set(zip(here, there, strict=False)) not in keys:
            what = f"ties of '{contract.id}' may name a body that is not in '{roster.id}'"
            key = f"{{columns: [{', '.join(here)}], references: {roster.id}, to: [{', '.join(there)}]}}"
            yield at.problem(what, "formula", fix=f"Add to foreign_keys: {key}.")


def _roster_key(network: Network, at: Declaration, roster: Contract) -> tuple[str, ...]:
    """Return the key that the roster should have: the body, in a wave where ties and roster have waves."""
    return (network.bodies.key, roster.wave) if roster.wave and at.contract.wave else (network.bodies.key,)


def _self_ties(network: Network, at: Declaration) -> Iterator[Problem]:
    """Yield what lets a tie of a body to itself into the good rows."""
    ends = {network.source, network.target}
    if not any(
        rule.kind == "compare"
        and rule.operator == "!="
        and {rule.left, rule.right} == ends
        and rule.severity == "error"
        for rule in at.contract.rules
    ):
        rule = f'{{kind: compare, id: no_self_tie, left: {network.source}, operator: "!=", right: {network.target}}}'
        fix = f"Add to rules: {rule}."
        yield at.problem(f"'{at.contract.id}' lets a body be tied to itself", "formula", fix=fix)


def _sample(at: Declaration) -> Iterator[Problem]:
    sample = at.indicator.sample.model_copy(update={"all_units": False})
    if sample != type(sample)():
        fix = "Leave sample out, or say all_units: true if no interval is wanted."
        yield at.problem("a network takes no weights, strata or clusters", "sample", fix=fix)


def _waves(network: Network, at: Declaration) -> Iterator[Problem]:
    """Yield what a turnover lacks: an earlier wave, and no baseline; other measures name none."""
    name, baseline = at.indicator.id, at.indicator.ex_ante.baseline
    if network.since is not None and baseline and baseline.wave:
        fix = "Remove the baseline: the measure compares two waves itself."
        yield Problem(f"'{name}' has no value at an earlier wave", FILE, at.line, "ex_ante.baseline", fix=fix)
    if network.since is not None and network.since == at.indicator.ex_post.wave:
        yield at.problem(f"'{name}' compares a wave with itself", "formula.since")
