"""Whether a design holds together with its indicator, contract and waves; what can be known without data."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.check_networks import network_design_problems
from impact.declare.check_predictors import predictor_problems, predictor_spans
from impact.declare.contracts import NUMERIC, Contract
from impact.declare.designs import (
    ARMS,
    Association,
    BeforeAfter,
    Design,
    DifferenceInDifferences,
    InterruptedTimeSeries,
    Matching,
    NetworkChange,
    PanelEffects,
    Randomised,
    RegressionDiscontinuity,
    Staggered,
    SyntheticControl,
)
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.declare.predictors import ColumnSpan
from impact.declare.scaled import ScaledEffect
from impact.errors import Problem
from impact.formulas.network.model import Network
from impact.formulas.registry import names_of

FILE = "indicators.yaml"
SERIES = (InterruptedTimeSeries, SyntheticControl)


def design_columns(design: Design | None) -> list[str]:
    """Return every column a design names."""
    if design is None:
        return []
    single = ("arm", "treatment", "cohort", "running", "take_up", "blocks", "unit", "exposure")
    names = [getattr(design, name) for name in single if getattr(design, name, None)]
    several = ("clusters", "covariates", "placebo_outcomes", "exact")
    return [*names, *(column for name in several for column in getattr(design, name, ())), *_predictors(design)]


def numeric_columns(design: Design | None) -> list[str]:
    """Return the columns of a design that must hold numbers."""
    single = ("treatment", "running", "take_up", "exposure")
    names = [getattr(design, name) for name in single if getattr(design, name, None)]
    moving = design.covariates if isinstance(design, PanelEffects) else ()
    return [*names, *getattr(design, "placebo_outcomes", ()), *moving, *_predictors(design)]


def design_waves(design: Design | None) -> list[str]:
    """Return every wave a design names."""
    single = (getattr(design, "placebo_wave", None), getattr(design, "start", None))
    spans = predictor_spans(design) if isinstance(design, SyntheticControl) else []
    ends = [wave for _, span in spans for wave in (span.first, span.last)]
    return [*getattr(design, "covariate_waves", ()), *(wave for wave in single if wave), *dict.fromkeys(ends)]


def _predictors(design: Design | None) -> list[str]:
    spans = predictor_spans(design) if isinstance(design, SyntheticControl) else []
    return list(dict.fromkeys(span.column for _, span in spans if isinstance(span, ColumnSpan)))


def design_problems(
    programme: Programme, indicator: Indicator, contract: Contract, line: int | None
) -> Iterator[Problem]:
    """Yield what is wrong with an indicator's design."""
    design = indicator.ex_post.design
    if design is None or isinstance(design, BeforeAfter | ScaledEffect):
        return
    if isinstance(design, NetworkChange) or isinstance(indicator.formula, Network):
        yield from network_design_problems(indicator, line)
        return
    where = f"{indicator.id}.design"
    for column in numeric_columns(design):
        kind = contract.columns[column].type if column in contract.columns else "number"
        if kind not in (*NUMERIC, "boolean"):
            yield Problem(f"column '{column}' is {kind}, not a number", FILE, line, where, "integer or number", kind)
    yield from _codes(contract, indicator, line)
    formula, of_series = indicator.formula.at_wave, isinstance(design, SERIES)
    allowed = names_of(lambda kind: kind.summary.additive if of_series else kind.per_row)
    if formula.kind not in allowed:
        what = "a value that adds up over rows" if of_series else "an outcome per row"
        yield Problem(
            f"a {design.kind} design needs {what}",
            FILE,
            line,
            f"{indicator.id}.formula",
            ", ".join(allowed),
            formula.kind,
        )
    if indicator.formula.followed_since is not None and not isinstance(design, ARMS):
        yield Problem(f"a {design.kind} design makes its own changes", FILE, line, where, "a formula for the level")
    if isinstance(design, ARMS):
        yield from _arms(programme, indicator, contract, line)
    yield from _inference(indicator, line)
    yield from _linked(indicator, contract, line)
    yield from _times(programme, indicator, contract, line)
    yield from predictor_problems(programme, indicator, line)


def _codes(contract: Contract, indicator: Indicator, line: int | None) -> Iterator[Problem]:
    """Yield columns that are read as codes but hold decimal numbers, whose writing is not unique."""
    for name in ("arm", "cohort", "unit", "blocks"):
        column = contract.columns.get(getattr(indicator.ex_post.design, name, None) or "")
        if column is not None and column.type == "number":
            where = f"{indicator.id}.design.{name}"
            fix = "Declare the column as code, text or integer."
            yield Problem(f"{name} is read as codes, but the column holds decimal numbers", FILE, line, where, fix=fix)


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
    if (
        isinstance(design, Randomised)
        and design.adjustment == "lin"
        and not (design.covariates or design.covariate_waves)
    ):
        yield Problem("adjustment: lin needs covariates", FILE, line, f"{where}.covariates")


def _inference(indicator: Indicator, line: int | None) -> Iterator[Problem]:
    """Yield what a design's inference asks for that the design does not give."""
    design, sample = indicator.ex_post.design, indicator.sample
    where = f"{indicator.id}.design.inference"
    if sample.calibration or sample.replicates:
        fix = "Declare the effect on an indicator of its own, without calibration and replicates."
        yield Problem("a design takes neither calibrated nor replicate weights", FILE, line, where, fix=fix)
    if isinstance(design, Matching) and sample.cluster:
        fix = "Choose kind: weighting, which takes clusters."
        yield Problem("matching takes no sampled clusters", FILE, line, f"{indicator.id}.sample.cluster", fix=fix)
    if isinstance(design, RegressionDiscontinuity | Matching) and sample.weight:
        fix = "Declare the design on an indicator without weights, or choose kind: weighting."
        yield Problem(f"a {design.kind} design takes no sampling weights", FILE, line, where, fix=fix)
    if not isinstance(design, Randomised | DifferenceInDifferences | PanelEffects | Staggered | Association):
        return
    yield from _combinations(design, line, f"{indicator.id}.design")
    rule = design.inference
    by_lot = isinstance(design, Randomised) and not design.blocks and design.adjustment == "ancova"
    adjusted = design.clusters or sample.columns() or design.covariates or getattr(design, "covariate_waves", ())
    plain = by_lot and not adjusted
    if rule.errors == "welch" and not plain:
        fix = "Use HC2, or a randomised design without covariates, clusters, blocks and weights."
        yield Problem("errors: welch compares two means and nothing else", FILE, line, f"{where}.errors", fix=fix)
    if rule.p_value == "randomisation" and not (
        isinstance(design, Randomised)
        and design.estimand == "ITT"
        and design.missing.method == "complete_cases"
        and not sample.columns()
    ):
        fix = "It goes with a randomised design, estimand ITT, complete cases and no sampling weights."
        yield Problem("there is no assignment to draw again", FILE, line, f"{where}.p_value", fix=fix)
    itt = by_lot and isinstance(design, Randomised) and design.estimand == "ITT"
    linear = itt or isinstance(design, DifferenceInDifferences) or getattr(design, "model", "") == "linear"
    if rule.p_value == "wild_bootstrap" and not (linear and len(design.clusters) == 1):
        fix = "It goes with one cluster column in a randomised (ancova, ITT), did or linear association design."
        yield Problem("there is no regression to draw again by clusters", FILE, line, f"{where}.p_value", fix=fix)
    yield from _error_rule(design, rule.errors, line, f"{where}.errors")


def _combinations(design: Design, line: int | None, where: str) -> Iterator[Problem]:
    """Yield options that a design takes one by one, but not together."""
    if isinstance(design, Randomised) and design.take_up and design.missing.method != "complete_cases":
        yield Problem("take_up goes with complete cases only", FILE, line, f"{where}.missing", "complete_cases")
    if isinstance(design, Association) and design.model == "logit" and len(design.clusters) > 1:
        yield Problem("model: logit takes one cluster column", FILE, line, f"{where}.cluster")
    if isinstance(design, Staggered) and design.estimator != "callaway_santanna":
        given = [("covariates", design.covariates), ("anticipation", design.anticipation)]
        given += [("aggregate", design.aggregate != "simple"), ("adjust", design.adjust != "doubly_robust")]
        for name, value in given:
            if value:
                fix = "Remove it, or choose estimator: callaway_santanna."
                yield Problem(f"estimator: {design.estimator} takes no {name}", FILE, line, f"{where}.{name}", fix=fix)


def _error_rule(design: Design | None, errors: str | None, line: int | None, where: str) -> Iterator[Problem]:
    clusters = getattr(design, "clusters", ())
    if isinstance(design, PanelEffects | Staggered):
        twfe = isinstance(design, PanelEffects) or design.estimator == "twfe"
        if errors not in ((None, "classical", "CR0", "CR1") if twfe else (None,)):
            expected = "classical, CR0 or CR1" if twfe else "none: the estimator has its own errors"
            yield Problem("the design does not give such errors", FILE, line, where, expected, errors or "")
        return
    linked = isinstance(design, DifferenceInDifferences) and design.rows == "linked"
    if errors and errors.startswith("CR") and not (clusters or linked):
        yield Problem(f"errors: {errors} needs clusters", FILE, line, where, fix="Add cluster: to the design.")
    if linked and errors and not errors.startswith("CR"):
        fix = "Use CR0 to CR3; without cluster: persons are the clusters."
        yield Problem(f"errors: {errors} ignores that each person stands twice", FILE, line, where, fix=fix)
    if errors in ("CR2", "CR3") and len(clusters) > 1:
        yield Problem(f"errors: {errors} takes one cluster column", FILE, line, where, "CR0 or CR1", errors)


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


def _times(programme: Programme, indicator: Indicator, contract: Contract, line: int | None) -> Iterator[Problem]:
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
    waves = [wave.id for wave in programme.header.waves]
    wave, start = indicator.ex_post.wave or "", getattr(design, "start", "")
    if wave in waves and start in waves and waves.index(wave) < waves.index(start):
        where, expected = f"{indicator.id}.ex_post.wave", f"{start} or later"
        yield Problem(f"'{indicator.id}' is looked at before its design starts", FILE, line, where, expected, wave)
    if isinstance(design, Association | RegressionDiscontinuity) and contract.wave and not indicator.ex_post.wave:
        yield Problem(f"'{indicator.id}' must say at which wave it is looked at", FILE, line, "ex_post.wave")
