"""Whether a network indicator holds together: roster, keys that keep unknown bodies and self-ties out, waves."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.check_contracts import condition_problems
from impact.declare.contracts import Contract
from impact.declare.designs import NetworkChange
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.declare.networks import TURNOVER, Network
from impact.errors import Problem

FILE = "indicators.yaml"


def network_problems(
    programme: Programme, indicator: Indicator, contract: Contract, line: int | None
) -> Iterator[Problem]:
    """Yield what is wrong with an indicator's network; nothing for other formulas."""
    formula, where = indicator.formula, f"{indicator.id}.formula"
    if not isinstance(formula, Network):
        return
    roster = programme.contracts.get(formula.bodies.contract)
    if roster is None:
        known = ", ".join(programme.contracts)
        yield Problem(f"there is no contract '{formula.bodies.contract}'", FILE, line, f"{where}.bodies", known)
        return
    yield from _columns(programme, indicator, contract, roster, line)
    yield from _tie_rows(formula, contract, roster, line, where)
    sample = indicator.sample.model_copy(update={"all_units": False})
    if sample != type(sample)():
        fix = "Leave sample out, or say all_units: true if no interval is wanted."
        yield Problem("a network takes no weights, strata or clusters", FILE, line, f"{indicator.id}.sample", fix=fix)
    if formula.measure in TURNOVER and indicator.ex_ante.baseline and indicator.ex_ante.baseline.wave:
        fix = "Remove the baseline: the measure compares two waves itself."
        yield Problem(f"'{indicator.id}' has no value at an earlier wave", FILE, line, "ex_ante.baseline", fix=fix)
    if formula.since is not None and formula.since == indicator.ex_post.wave:
        yield Problem(f"'{indicator.id}' compares a wave with itself", FILE, line, f"{where}.since")


def _columns(
    programme: Programme, indicator: Indicator, contract: Contract, roster: Contract, line: int | None
) -> Iterator[Problem]:
    formula = indicator.formula
    assert isinstance(formula, Network)  # noqa: S101 - the caller has looked
    answered, mutual = formula.bodies.answered, formula.mutual
    named = [(contract, formula.source), (contract, formula.target), (roster, formula.bodies.key)]
    named += [(roster, formula.group)] if formula.group else []
    named += [(roster, answered.column)] if answered else []
    named += [(contract, mutual.column)] if mutual else []
    for owner, name in named:
        if name not in owner.columns:
            expected = ", ".join(owner.columns)
            yield Problem(
                f"contract '{owner.id}' has no column '{name}'", FILE, line, f"{indicator.id}.formula", expected
            )
    for name in (*indicator.by, *indicator.scope):
        if name not in contract.columns and name not in roster.columns:
            expected = ", ".join(dict.fromkeys([*contract.columns, *roster.columns]))
            yield Problem(f"neither ties nor bodies have a column '{name}'", FILE, line, f"{indicator.id}.by", expected)
    for owner, condition in ((roster, answered), (contract, mutual)):
        if condition and condition.column in owner.columns:
            yield from condition_problems(programme, owner, condition, line, f"{FILE} {indicator.id}.formula")


def _tie_rows(
    formula: Network, contract: Contract, roster: Contract, line: int | None, where: str
) -> Iterator[Problem]:
    """Yield what lets a tie to nobody, or of a body to itself, into the good rows."""
    wave = (contract.wave,) if roster.wave and contract.wave else ()
    there = (formula.bodies.key, *((roster.wave,) if wave and roster.wave else ()))
    if set(roster.key) != set(there) and set(roster.key) != {formula.bodies.key}:
        yield Problem(
            f"contract '{roster.id}' may list a body twice",
            FILE,
            line,
            f"{where}.bodies",
            expected=f"key: [{', '.join(there)}]",
            found=f"key: [{', '.join(roster.key)}]",
        )
    if roster.wave and not contract.wave:
        yield Problem(f"'{roster.id}' has waves, '{contract.id}' has none", FILE, line, f"{where}.bodies")
    for end in (formula.source, formula.target):
        pairs = set(zip((end, *wave), there, strict=False))
        if not any(
            key.references == roster.id and set(zip(key.columns, key.to, strict=True)) == pairs
            for key in contract.foreign_keys
        ):
            fix = f"{{columns: [{', '.join((end, *wave))}], references: {roster.id}, to: [{', '.join(there)}]}}"
            yield Problem(
                f"ties of '{contract.id}' may name a body that is not in '{roster.id}'",
                FILE,
                line,
                where,
                fix=f"Add to foreign_keys: {fix}.",
            )
    ends = {formula.source, formula.target}
    if not any(
        r.kind == "compare" and r.operator == "!=" and {r.left, r.right} == ends and r.severity == "error"
        for r in contract.rules
    ):
        rule = f'{{kind: compare, id: no_self_tie, left: {formula.source}, operator: "!=", right: {formula.target}}}'
        yield Problem(f"'{contract.id}' lets a body be tied to itself", FILE, line, where, fix=f"Add to rules: {rule}.")


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
