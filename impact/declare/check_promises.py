"""Whether promises hold together: paths with the contract's clock, targets of parts with the rows they stand in."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from impact.declare.base import last_day
from impact.declare.contracts import NUMERIC, Clock, Contract
from impact.declare.declaration import FILE, Declaration
from impact.declare.limits import promise_state
from impact.declare.location import Location
from impact.declare.promises import PartTargets, Path, Target
from impact.errors import Problem
from impact.formulas.registry import kind_of
from impact.periods import Every, coarser, period_of

KEY = ("indicator", "part", "due")
"""The key of a contract of targets: a part is promised one value for a day."""
TYPES = {
    "indicator": ("text", "code"),
    "part": ("text", "code"),
    "due": ("date",),
    "value": NUMERIC,
    "baseline": NUMERIC,
    "document": ("text",),
    "place": ("text",),
    "quote": ("text",),
}
"""The columns of a contract of targets, and of which types they may be."""


def promise_problems(at: Declaration) -> Iterator[Problem]:
    """Yield what is wrong with the promises of an indicator."""
    promise = at.indicator.ex_ante
    if isinstance(promise.target, Target):
        yield from _target(at, promise.target)
    elif promise.target is not None:
        yield from _path(at, promise.target)
    if promise.targets is not None:
        yield from _parts(at, promise.targets)


def _target(at: Declaration, target: Target) -> Iterator[Problem]:
    name, baseline = at.indicator.id, at.indicator.ex_ante.baseline
    if target.change is not None and baseline is None:
        what = f"the target of '{name}' is a change, but there is no baseline"
        yield at.place.at("ex_ante.baseline").problem(what)
    start, promised = baseline.value if baseline else None, target.value
    if promised is None:  # a change, which starts from 0 whatever the baseline is
        start, promised = 0.0, target.change
    if promise_state(at.indicator.direction, start, promised):
        what = f"the target of '{name}' goes against its direction"
        yield at.place.at("ex_ante.target").problem(what)


def _path(at: Declaration, path: Path) -> Iterator[Problem]:
    steps = () if path.of == "period" else path.milestones
    yield from dict.fromkeys(problem for step in (*steps, path.final) for problem in _target(at, step))
    yield from _over_time(at, path, "target")
    if path.of != "period" or path.every is None:
        return
    if path.end is None and not _adds_up(at):
        what = f"promises of periods of a {at.indicator.formula.kind} do not add up to one for the end"
        yield _where(at, "target.end").problem(what, fix="Say in end what is promised for the end.")
    clock = at.contract.period
    wrong = [step.due for step in path.milestones if clock and not _ends(step.due, path.every, clock)]
    if wrong:
        what = f"no {path.every} ends on {wrong[0]}"
        fix = f"Give the last day of each {path.every}, or its last month."
        yield _where(at, "target.milestones").problem(what, fix=fix)


def _ends(due: str, every: Every, clock: Clock) -> bool:
    """Tell whether a date is the last day of a period."""
    day = datetime.date.fromisoformat(last_day(due))
    return period_of(day, every, clock.year_starts).last == day


def _over_time(at: Declaration, rules: Path | PartTargets, field: str) -> Iterator[Problem]:
    """Yield where a path says of what its values are and nothing tells it, or where it does not and something does."""
    clock, indicator = at.contract.period, at.indicator
    if clock is None or not kind_of(indicator.formula).by_period:
        if rules.of:
            what = f"'{indicator.id}' has no values by period, so its milestones are those of waves"
            yield _where(at, f"{field}.of").problem(what, fix="Leave of out, or give the contract a period.")
        return
    if indicator.over_time == "stock" and rules.of == "period":
        yield _where(at, f"{field}.of").problem("a stock has a value on a day, not of a period", "to_date", "period")
    elif indicator.over_time != "stock" and rules.of is None:
        what = "the contract has a clock: say whether milestones are of periods or of everything to date"
        yield _where(at, f"{field}.of").problem(what, "period or to_date")
    if rules.every and rules.every not in coarser(clock.every):
        what = f"there are no values by {rules.every}"
        yield _where(at, f"{field}.every").problem(what, ", ".join(coarser(clock.every)), rules.every)


def _adds_up(at: Declaration) -> bool:
    """Tell whether the values of periods add up to that of all of them."""
    return kind_of(at.indicator.formula).summary.total


def _parts(at: Declaration, targets: PartTargets) -> Iterator[Problem]:
    """Yield what is wrong with targets that stand in a file."""
    indicator, contract = at.indicator, at.programme.contracts.get(targets.contract)
    if targets.by not in (*indicator.scope, *indicator.by):
        what = f"'{indicator.id}' is not cut by '{targets.by}', so there is nothing to hold these targets against"
        yield _where(at, "targets.by").problem(what, ", ".join((*indicator.scope, *indicator.by)) or "scope or by")
    if targets.by not in at.contract.columns:
        what = f"'{targets.by}' is no column of '{at.contract.id}', so nobody knows which parts there are"
        yield _where(at, "targets.by").problem(what, ", ".join(at.contract.columns), targets.by)
    yield from _over_time(at, targets, "targets")
    if targets.of == "period" and not _adds_up(at):
        what = f"promises of periods of a {indicator.formula.kind} do not add up to one for the end"
        yield _where(at, "targets.of").problem(what, "to_date", "period")
    if contract is None:
        what = f"there is no contract '{targets.contract}'"
        contracts = ", ".join(at.programme.contracts)
        yield _where(at, "targets.contract").problem(what, contracts, fix="Write shared: [target].")
        return
    if not any(source.contract == contract.id for source in at.programme.sources):
        what = f"no source feeds contract '{contract.id}'"
        yield _where(at, "targets.contract").problem(what, fix="Add it to sources.yaml.")
    yield from _columns(_where(at, "targets.contract"), contract)


def _columns(at: Location, contract: Contract) -> Iterator[Problem]:
    """Yield what a contract of targets lacks."""
    required = (*KEY, "value")
    for name, types in TYPES.items():
        column = contract.columns.get(name)
        if column is None and name in required:
            yield at.problem(f"contract '{contract.id}' has no column '{name}'", ", ".join(TYPES))
        elif column is not None and column.type not in types:
            what = f"column '{name}' of '{contract.id}' is {column.type}"
            yield at.problem(what, " or ".join(types), column.type)
        elif column is not None and name in required and not column.required:
            yield at.problem(f"column '{name}' of '{contract.id}' may be missing", "required: true")
    if set(contract.key) != set(KEY):
        what = f"'{contract.id}' could hold two promises of one part for one day"
        yield at.problem(what, f"key: [{', '.join(KEY)}]", ", ".join(contract.key))


def _where(at: Declaration, field: str) -> Location:
    """Return where a field of what was promised stands."""
    return Location(FILE, at.line, f"ex_ante.{field}")
