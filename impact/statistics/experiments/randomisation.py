"""The randomisation test: the assignment repeated, with covariates, blocks and clusters.

Stands on :mod:`impact.statistics.linear.least_squares` and :mod:`impact.statistics.linear.sandwich`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Floats, Ints, cluster_sums, floats
from impact.statistics.linear.least_squares import binary, check_lengths, fit
from impact.statistics.linear.sandwich import ROUNDING, group_codes, label_codes
from impact.words.said import Said

TIE = 1e-9
SINGULAR = 1e-9
BATCH = 2_000_000


@dataclass(frozen=True)
class RandomisationTest:
    """The result of a randomisation test.

    Parameters
    ----------
    p_value
        Two-sided, of the sharp null that treatment changes nobody's outcome.
    statistic
        The observed t statistic; infinite if the outcome does not vary within the arms.
    draws
        Assignments used; all possible ones if ``enumerated``.
    enumerated
        Whether each possible assignment was used once; the p-value then has no simulation error.
    rule
        The standard error of the statistic: ``HC2``, or ``CR1`` with clusters.
    """

    p_value: float
    statistic: float
    draws: int
    enumerated: bool
    rule: str


@dataclass(frozen=True, eq=False)
class _Design:
    """What all assignments share: the outcome without the controls, an orthonormal basis of these, the units' place."""

    outcome: Floats
    basis: Floats
    leverage: Floats
    codes: Ints | None
    count: int
    treated: Floats
    blocks: Ints


def randomisation_test(
    outcome: Floats,
    treated: NDArray[Any],
    *,
    covariates: Floats | None = None,
    blocks: NDArray[Any] | None = None,
    clusters: NDArray[Any] | None = None,
    draws: int,
    rng: np.random.Generator,
) -> RandomisationTest:
    """Test the sharp null that treatment changes nobody's outcome, by repeating the assignment.

    Parameters
    ----------
    outcome, treated
        Shape (n,); ``treated`` is 0 or 1.
    covariates
        Shape (n, p), measured before treatment; the statistic adjusts for them.
    blocks
        Shape (n,): labels of blocks within which treatment was assigned; each keeps its number treated.
    clusters
        Shape (n,): labels of clusters that were assigned as a whole.
    draws
        Number of assignments to draw; if there are at most that many, each is used once instead.
    rng
        Source of the assignments that are drawn; not used if all are listed.

    Raises
    ------
    NotEstimable
        With missing values, treatment that differs within a cluster, a cluster in two blocks, a block with one arm
        only, collinear covariates, or an outcome that the controls explain exactly.

    Notes
    -----
    The statistic is the t of treatment in a regression on treatment, covariates and block dummies, with HC2, or CR1
    where clusters are given (their constant factor does not matter). Studentised, the test is exact under the sharp
    null and, in large samples, valid under the null of a zero average effect. Drawn:
    ``p = (1 + #{|t*| ≥ |t|})/(1 + draws)``. Enumerated: ``p = #{|t*| ≥ |t|}/#assignments``. Ties count, with a relative
    tolerance of 1e-9. An assignment under which treatment is collinear with the controls counts as extreme.

    References
    ----------
    Fisher (1935). The Design of Experiments. Wu, Ding (2021), https://doi.org/10.1080/01621459.2020.1750415.
    Phipson, Smyth (2010), https://doi.org/10.2202/1544-6115.1585.

    Examples
    --------
    >>> outcome, treated = np.array([5.0, 6.0, 7.0, 1.0, 2.0, 3.0]), np.array([1, 1, 1, 0, 0, 0])
    >>> test = randomisation_test(outcome, treated, draws=100, rng=np.random.default_rng(1))
    >>> test.p_value, test.draws, test.enumerated
    (0.1, 20, True)
    """
    if draws < 1:
        raise UsageError("a randomisation test needs at least one draw")
    y = floats(outcome)
    design, assigned = _prepare(y, treated, covariates, blocks, clusters)
    possible = _possible(design)
    if possible < 2:
        raise NotEstimable(
            Said("experiments.only_one_assignment_possible"), Said("experiments.least_two_units_clusters")
        )
    enumerated = possible <= draws
    batches = _random_assignments(design, draws, rng)
    if enumerated:
        batches = _all_assignments(design, possible)
    column = assigned[:, None]
    observed = float(_statistics(design, column)[0])
    extreme = 0
    threshold = abs(observed) * (1 - TIE)
    for batch in batches:
        t_star = np.abs(_statistics(design, batch))
        extreme += int(np.count_nonzero(t_star >= threshold))
    # Drawn assignments count the observed one too (Phipson and Smyth); listed ones hold it
    used = possible if enumerated else draws
    p_value = extreme / possible if enumerated else (1 + extreme) / (1 + draws)
    rule = "HC2" if clusters is None else "CR1"
    return RandomisationTest(p_value, observed, used, enumerated, rule)


def _prepare(
    outcome: Floats,
    treated: NDArray[Any],
    covariates: Floats | None,
    blocks: NDArray[Any] | None,
    clusters: NDArray[Any] | None,
) -> tuple[_Design, Floats]:
    """Check an assignment and take the controls out of the outcome: what all assignments share."""
    n = len(outcome)
    assigned = binary(treated, Said("statistics.treatment"))
    check_lengths(n, treated=assigned, covariates=covariates)
    block = np.zeros(n, dtype=np.int64)
    if blocks is not None:
        block = label_codes(blocks, n)[0]
    codes, count = np.arange(n), n
    if clusters is not None:
        codes, count = group_codes(clusters, n)
    first = np.unique(codes, return_index=True)[1]
    arm, stratum = assigned[first], block[first]
    if np.any(assigned != arm[codes]):
        raise NotEstimable(
            Said("experiments.treatment_differs_within_cluster"), Said("experiments.treatment_same_each_cluster")
        )
    if np.any(block != stratum[codes]):
        raise NotEstimable(Said("experiments.cluster_lies_two_blocks"), Said("experiments.blocks_made_whole_clusters"))
    n_blocks = int(block.max()) + 1
    both = np.column_stack([arm, 1 - arm])
    arms = cluster_sums(both, stratum, n_blocks)
    one_arm = np.any(arms == 0, axis=1)
    if one_arm.any():
        reason = Said("experiments.blocks_have_one_arm_only", n=one_arm.sum())
        raise NotEstimable(reason, Said("experiments.both_arms_each_block"))
    basis, residuals = _controls(outcome, block, covariates)
    explained = basis @ (basis.T @ assigned)
    unexplained = assigned - explained
    if not _power(unexplained) > 0:
        raise NotEstimable(
            Said("experiments.treatment_collinear_covariates_blocks"), Said("experiments.fewer_covariates")
        )
    leverage = np.sum(basis**2, axis=1)
    within = None if clusters is None else codes
    design = _Design(residuals, basis, leverage, within, count, arm, stratum)
    return design, assigned


def _controls(outcome: Floats, block: Ints, covariates: Floats | None) -> tuple[Floats, Floats]:
    """Return an orthonormal basis of block dummies and covariates, and the outcome without them."""
    n, n_blocks = len(block), int(block.max()) + 1
    dummies = np.eye(n_blocks)[block]
    extra = np.empty((n, 0)) if covariates is None else floats(covariates)
    n_covariates = extra.shape[1]
    names = [f"block {number}" for number in range(1, n_blocks + 1)]
    names += [f"covariate {number}" for number in range(1, n_covariates + 1)]
    columns = np.hstack([dummies, extra])
    fitted = fit(outcome, columns, names)
    length = np.linalg.norm(fitted.matrix, axis=0)
    scaled = fitted.matrix / length
    basis, _ = np.linalg.qr(scaled)
    size = np.linalg.norm(outcome)
    unexplained = np.linalg.norm(fitted.residuals)
    if unexplained <= ROUNDING * size:
        raise NotEstimable(Said("experiments.outcome_does_not_vary_beside_controls"), Said("checks.outcome_varies"))
    return basis, fitted.residuals


def _possible(design: _Design) -> int:
    """Return the number of possible assignments."""
    blocks = design.blocks
    sizes = np.bincount(blocks)
    treated = np.bincount(blocks, weights=design.treated)
    pairs = zip(sizes.tolist(), treated.astype(int).tolist(), strict=True)
    ways = [math.comb(n, m) for n, m in pairs]
    return math.prod(ways)


def _all_assignments(design: _Design, possible: int) -> Iterator[Floats]:
    """Yield every assignment once, in batches, shape (n, b)."""
    n_blocks = int(design.blocks.max()) + 1
    ways = [_ways(design, block) for block in range(n_blocks)]
    counts = [len(way) for way in ways]
    size = max(1, BATCH // len(design.outcome))
    for start in range(0, possible, size):
        # The number of an assignment, written in the blocks' counts as digits, chooses one way in each block.
        end = min(start + size, possible)
        batch = np.arange(start, end)
        digits = np.unravel_index(batch, counts)
        chosen = np.zeros((len(batch), len(design.treated)))
        for way, digit in zip(ways, digits, strict=True):
            choices = np.array(way)[digit]
            np.put_along_axis(chosen, choices, 1.0, axis=1)
        yield _to_rows(design, chosen.T)


def _ways(design: _Design, block: int) -> list[tuple[int, ...]]:
    """Return all choices of the treated within a block."""
    in_block = design.blocks == block
    members = np.flatnonzero(in_block)
    arms = design.treated[members]
    n_treated = int(arms.sum())
    return list(itertools.combinations(members, n_treated))


def _random_assignments(design: _Design, draws: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield assignments shuffled within blocks, in batches, shape (n, b)."""
    by_block = np.argsort(design.blocks, kind="stable")
    template = design.treated[by_block]
    n = len(design.outcome)
    size = max(1, BATCH // n)
    for start in range(0, draws, size):
        remaining = draws - start
        rows = min(size, remaining)
        # Uniforms plus the block's number: sorted, they shuffle within blocks.
        uniforms = rng.random((rows, len(template)))
        keys = uniforms + design.blocks
        chosen = np.empty_like(keys)
        order = np.argsort(keys, axis=1)
        np.put_along_axis(chosen, order, template[None, :], axis=1)
        yield _to_rows(design, chosen.T)


def _to_rows(design: _Design, chosen: Floats) -> Floats:
    return chosen if design.codes is None else chosen[design.codes]


def _statistics(design: _Design, assigned: Floats) -> Floats:
    """Return the t statistic of each assignment, shape (b,); infinite where it is not defined."""
    # Frisch–Waugh–Lovell: d̃ is the assignment without the controls, τ = d̃'y / d̃'d̃
    explained = design.basis @ (design.basis.T @ assigned)
    d = assigned - explained
    power = _power(d)
    defined = power > 0
    power = np.where(defined, power, 1.0)
    effect = design.outcome @ d / power
    residuals = design.outcome[:, None] - effect * d
    meat = _meat(design, d, power, residuals)
    variance = meat / power**2
    total = np.sum(design.outcome**2)
    rounding = ROUNDING**2
    floor = rounding * total / power
    positive = defined & (variance > floor)
    divisor = np.where(positive, variance, 1.0)
    t = effect / np.sqrt(divisor)
    return np.where(positive, t, math.inf)


def _power(d: Floats) -> Floats:
    """Return the squares of treatment left beside the controls, 0 where only rounding is left."""
    power = np.sum(d**2, axis=0)
    rounding = ROUNDING * len(d)
    varies = power > rounding
    return floats(np.where(varies, power, 0.0))


def _meat(design: _Design, d: Floats, power: Floats, residuals: Floats) -> Floats:
    """Return the meat of the variance: sums by cluster squared, or HC2 with the leverage of controls and treatment."""
    scores = d * residuals
    if design.codes is not None:
        sums = cluster_sums(scores, design.codes, design.count)
        return floats(np.sum(sums**2, axis=0))
    # HC2: squares over 1 − h, h the leverage of the controls and of d̃
    free = 1 - design.leverage[:, None]
    of_treatment = d**2 / power
    remaining = free - of_treatment
    positive = np.maximum(remaining, SINGULAR)
    contributions = scores**2 / positive
    squares = np.where(remaining > SINGULAR, contributions, 0.0)
    return floats(squares.sum(axis=0))
