"""Whether a design holds together with its indicator, contract and waves; what can be known without data."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.contracts import NUMERIC, Contract
from impact.declare.designs import (
    ARMS,
    Association,
    BeforeAfter,
    Design,
    DifferenceInDifferences,
    InterruptedTimeSeries,
    PanelEffects,
    Randomised,
    RegressionDiscontinuity,
    Staggered,
    SyntheticControl,
)
from impact.declare.indicators import Change, Indicator
from impact.declare.load import Programme
from impact.errors import Problem

FILE = "indicators.yaml"
PER_ROW = ("mean", "proportion", "scale", "threshold")
SERIES = (InterruptedTimeSeries, SyntheticControl)


def design_columns(design: Design | None) -> list[str]:
    """Return every column a design names."""
    if design is None:
        return []
    single = ("arm", "treatment", "cohort", "running", "take_up", "blocks", "unit", "exposure")
    names = [getattr(design, name) for name in single if getattr(design, name, None)]
    several = ("clusters", "covariates", "placebo_outcomes", "exact")
    return [*names, *(column for name in several for column in getattr(design, name, ()))]


def numeric_columns(design: Design | None) -> list[str]:
    """Return the columns of a design that must hold numbers."""
    single = ("treatment", "running", "take_up", "exposure")
    names = [getattr(design, name) for name in single if getattr(design, name, None)]
    moving = design.covariates if isinstance(design, PanelEffects) else ()
    return [*names, *getattr(design, "placebo_outcomes", ()), *moving]


def design_waves(design: Design | None) -> list[str]:
    """Return every wave a design names."""
    single = (getattr(design, "placebo_wave", None), getattr(design, "start", None))
    return [*getattr(design, "covariate_waves", ()), *(wave for wave in single if wave)]


def design_problems(
    programme: Programme, indicator: Indicator, contract: Contract, line: int | None
) -> Iterator[Problem]:
    """Yield what is wrong with an indicator's design."""
    design = indicator.ex_post.design
    if design is None or isinstance(design, BeforeAfter):
        return
    where = f"{indicator.id}.design"
    for column in numeric_columns(design):
        kind = contract.columns[column].type if column in contract.columns else "number"
        if kind not in (*NUMERIC, "boolean"):
            yield Problem(f"column '{column}' is {kind}, not a number", FILE, line, where, "integer or number", kind)
    formula = indicator.formula.of if isinstance(indicator.formula, Change) else indicator.formula
    if formula.kind not in PER_ROW and not isinstance(design, SERIES):
        fix = f"{indicator.id}.formula"
        yield Problem(
            f"a {design.kind} design needs an outcome per row", FILE, line, fix, ", ".join(PER_ROW), formula.kind
        )
    if isinstance(indicator.formula, Change) and not isinstance(design, ARMS):
        yield Problem(f"a {design.kind} design makes its own changes", FILE, line, where, "a formula for the level")
    if isinstance(design, ARMS):
        yield from _arms(programme, indicator, contract, line)
    yield from _linked(indicator, contract, line)
    yield from _times(indicator, contract, line)


def _arms(programme: Programme, indicator: Indicator, contract: Contract, line: int | None) -> Iterator[Problem]:
    design, where = indicator.ex_post.design, f"{indicator.id}.design"
    if not isinstance(design, ARMS):
        return
    if design.arm in (*indicator.by, *indicator.scope):
        fix = "Remove it: both arms are reported anyway."
        yield Problem(
            f"'{indicator.id}' is cut by its arm column '{design.arm}'", FILE, line, f"{indicator.id}.by", fix=fix
        )
    if design.treated == design.comparison:
        yield Problem("treated and comparison are the same code", FILE, line, where)
    column = contract.columns.get(design.arm)
    if column and column.type == "code" and column.codelist in (None, *programme.codelists):
        for code in (design.treated, design.comparison):
            if code not in programme.column_codes(column):
                yield Problem(f"column '{design.arm}' has no code '{code}'", FILE, line, where)
    if isinstance(design, Randomised) and design.inference.errors == "welch" and (design.covariates or design.clusters):
        yield Problem("errors: welch takes neither covariates nor clusters", FILE, line, f"{where}.inference")
    if (
        isinstance(design, Randomised)
        and design.adjustment == "lin"
        and not (design.covariates or design.covariate_waves)
    ):
        yield Problem("adjustment: lin needs covariates", FILE, line, f"{where}.covariates")


def _linked(indicator: Indicator, contract: Contract, line: int | None) -> Iterator[Problem]:
    design, where = indicator.ex_post.design, f"{indicator.id}.design"
    linked = isinstance(design, PanelEffects | Staggered) or (
        isinstance(design, DifferenceInDifferences) and design.rows == "linked"
    )
    if linked and contract.person is None:
        yield Problem(
            f"'{indicator.id}' follows units over waves, but contract '{contract.id}' names no person column",
            FILE,
            line,
            where,
            fix="Add person: to the contract.",
        )
    if isinstance(design, PanelEffects | Staggered) and set(contract.key) != {contract.person, contract.wave}:
        yield Problem(
            f"a {design.kind} design needs one row per unit and wave",
            FILE,
            line,
            where,
            expected=f"key: [{contract.person}, {contract.wave}]",
            found=f"key: [{', '.join(contract.key)}]",
        )


def _times(indicator: Indicator, contract: Contract, line: int | None) -> Iterator[Problem]:
    """Yield what a design lacks in waves: a baseline to start from, several waves to follow."""
    design = indicator.ex_post.design
    baseline = indicator.ex_ante.baseline.wave if indicator.ex_ante.baseline else None
    if isinstance(design, DifferenceInDifferences) and baseline is None:
        yield Problem(f"'{indicator.id}' needs a baseline wave for a did design", FILE, line, "ex_ante.baseline.wave")
    several = isinstance(design, PanelEffects | Staggered | InterruptedTimeSeries | SyntheticControl)
    if several and contract.wave is None:
        yield Problem(
            f"a {design.kind if design else ''} design needs waves, but contract '{contract.id}' has no wave column",
            FILE,
            line,
            f"{indicator.id}.design",
        )
    if isinstance(design, Association | RegressionDiscontinuity) and contract.wave and not indicator.ex_post.wave:
        yield Problem(f"'{indicator.id}' must say at which wave it is looked at", FILE, line, "ex_post.wave")
