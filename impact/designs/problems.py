"""What can be wrong with a design before there are data: the checks that several kinds share.

Each kind's model puts together those that hold for it, in :meth:`impact.designs.base.Design.problems`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from impact.declare.contracts import NUMERIC
from impact.declare.declaration import Declaration
from impact.designs.base import Armed, Clustered, Design
from impact.errors import Problem
from impact.formulas.network.model import Network
from impact.formulas.registry import names_of


def row_problems(design: Design, at: Declaration) -> Iterator[Problem]:
    """Yield what is wrong where a design compares rows: its columns, and an outcome that rows do not have."""
    yield from _outcome_problems(design, at, names_of(lambda kind: kind.per_row), "an outcome per row")


def series_problems(design: Design, at: Declaration) -> Iterator[Problem]:
    """Yield what is wrong where a design compares values of many rows, wave by wave."""
    summed = names_of(lambda kind: kind.summary.additive)
    yield from _outcome_problems(design, at, summed, "a value that adds up over rows")


def _outcome_problems(design: Design, at: Declaration, allowed: Sequence[str], need: str) -> Iterator[Problem]:
    if isinstance(at.indicator.formula, Network):
        yield at.problem("a network takes no such design", "design", "network_change or before_after")
        return
    yield from _column_problems(design, at)
    kind = at.indicator.formula.at_wave.kind
    if kind not in allowed:
        yield at.problem(f"a {design.kind} design needs {need}", "formula", ", ".join(allowed), kind)
    if at.indicator.formula.followed_since is not None and not isinstance(design, Armed):
        yield at.problem(f"a {design.kind} design makes its own changes", "design", "a formula for the level")
    if isinstance(design, Armed):
        yield from _arm_problems(design, at)
    if at.indicator.sample.calibration or at.indicator.sample.replicates:
        fix = "Declare the effect on an indicator of its own, without calibration and replicates."
        yield at.problem("a design takes neither calibrated nor replicate weights", "design.inference", fix=fix)


def _column_problems(design: Design, at: Declaration) -> Iterator[Problem]:
    """Yield columns that hold no numbers, or that are read as codes but hold decimals, whose writing is not unique."""
    columns = at.contract.columns
    for name in design.numeric_columns():
        kind = columns[name].type if name in columns else "number"
        if kind not in (*NUMERIC, "boolean"):
            yield at.problem(f"column '{name}' is {kind}, not a number", "design", "integer or number", kind)
    for name in design.code_columns():
        if name in columns and columns[name].type == "number":
            field = next(field for field in type(design).model_fields if getattr(design, field) == name)
            what = f"{field} is read as codes, but the column holds decimal numbers"
            yield at.problem(what, f"design.{field}", fix="Declare the column as code, text or integer.")


def _arm_problems(design: Armed, at: Declaration) -> Iterator[Problem]:
    indicator, programme = at.indicator, at.programme
    if design.arm in (*indicator.by, *indicator.scope):
        fix = "Remove it: both arms are reported anyway."
        yield at.problem(f"'{indicator.id}' is cut by its arm column '{design.arm}'", "by", fix=fix)
    if design.treated == design.comparison:
        yield at.problem("treated and comparison are the same code", "design")
    column = at.contract.columns.get(design.arm)
    if column and column.type == "code" and column.codelist in (None, *programme.codelists):
        for code in (design.treated, design.comparison):
            if code not in programme.column_codes(column):
                yield at.problem(f"column '{design.arm}' has no code '{code}'", "design")


def weight_problems(design: Design, at: Declaration) -> Iterator[Problem]:
    """Yield sampling weights, where a design takes none."""
    if at.indicator.sample.weight:
        fix = "Declare the design on an indicator without weights, or choose kind: weighting."
        yield at.problem(f"a {design.kind} design takes no sampling weights", "design.inference", fix=fix)


def inference_problems(
    design: Clustered, at: Declaration, *, plain: bool = False, by_lot: bool = False, linear: bool = False
) -> Iterator[Problem]:
    """Yield what a design's inference asks for that the design does not give.

    Parameters
    ----------
    design, at
        The design, and where it is declared.
    plain
        Whether two means are compared and nothing else, as Welch's test does.
    by_lot
        Whether the assignment can be drawn again.
    linear
        Whether the effect is a coefficient of a linear regression of rows, as the wild bootstrap needs.
    """
    rule = design.inference
    if rule.errors == "welch" and not plain:
        fix = "Use HC2, or a randomised design without covariates, clusters, blocks and weights."
        yield at.problem("errors: welch compares two means and nothing else", "design.inference.errors", fix=fix)
    if rule.p_value == "randomisation" and not by_lot:
        fix = "It goes with a randomised design, estimand ITT, complete cases and no sampling weights."
        yield at.problem("there is no assignment to draw again", "design.inference.p_value", fix=fix)
    if rule.p_value == "wild_bootstrap" and not (linear and len(design.clusters) == 1):
        fix = "It goes with one cluster column in a randomised (ancova, ITT), did or linear association design."
        yield at.problem("there is no regression to draw again by clusters", "design.inference.p_value", fix=fix)


def error_problems(design: Clustered, at: Declaration, *, linked: bool = False) -> Iterator[Problem]:
    """Yield errors that do not go with the clusters, or with persons who stand in two rows (``linked``)."""
    errors, field = design.inference.errors, "design.inference.errors"
    clustered = errors is not None and errors.startswith("CR")
    if clustered and not (design.clusters or linked):
        yield at.problem(f"errors: {errors} needs clusters", field, fix="Add cluster: to the design.")
    if linked and errors and not clustered:
        fix = "Use CR0 to CR3; without cluster: persons are the clusters."
        yield at.problem(f"errors: {errors} ignores that each person stands twice", field, fix=fix)
    if errors in ("CR2", "CR3") and len(design.clusters) > 1:
        yield at.problem(f"errors: {errors} takes one cluster column", field, "CR0 or CR1", errors)


def panel_error_problems(design: Clustered, at: Declaration, *, two_way: bool) -> Iterator[Problem]:
    """Yield errors that a panel does not give: with two-way fixed effects three, else those of the estimator alone."""
    allowed = (None, "classical", "CR0", "CR1") if two_way else (None,)
    if design.inference.errors not in allowed:
        expected = "classical, CR0 or CR1" if two_way else "none: the estimator has its own errors"
        what = "the design does not give such errors"
        yield at.problem(what, "design.inference.errors", expected, design.inference.errors or "")


def person_problems(at: Declaration) -> Iterator[Problem]:
    """Yield that nobody can be followed over waves: the contract names no persons."""
    if at.contract.person is None:
        what = f"'{at.indicator.id}' follows units over waves, but contract '{at.contract.id}' names no person column"
        yield at.problem(what, "design", fix="Add person: to the contract.")


def panel_problems(design: Design, at: Declaration) -> Iterator[Problem]:
    """Yield what a panel lacks: units that can be followed, one row of each in a wave, waves."""
    contract = at.contract
    yield from person_problems(at)
    if set(contract.key) != {contract.person, contract.wave}:
        expected, key = f"key: [{contract.person}, {contract.wave}]", f"key: [{', '.join(contract.key)}]"
        yield at.problem(f"a {design.kind} design needs one row per unit and wave", "design", expected, key)
    yield from wave_problems(design, at)


def wave_problems(design: Design, at: Declaration) -> Iterator[Problem]:
    """Yield that there are no waves, where a design follows values over several."""
    if at.contract.wave is None:
        what = f"a {design.kind} design needs waves, but contract '{at.contract.id}' has no wave column"
        yield at.problem(what, "design")


def start_problems(at: Declaration, start: str) -> Iterator[Problem]:
    """Yield an outcome that is looked at before the design starts."""
    waves = [wave.id for wave in at.programme.header.waves]
    wave = at.indicator.ex_post.wave or ""
    if wave in waves and start in waves and waves.index(wave) < waves.index(start):
        what = f"'{at.indicator.id}' is looked at before its design starts"
        yield at.problem(what, "ex_post.wave", f"{start} or later", wave)


def end_line_problems(at: Declaration) -> Iterator[Problem]:
    """Yield that no wave is named, where a design looks at the rows of one."""
    if at.contract.wave and not at.indicator.ex_post.wave:
        yield at.problem(f"'{at.indicator.id}' must say at which wave it is looked at", "ex_post.wave")
