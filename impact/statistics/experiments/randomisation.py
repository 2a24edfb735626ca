"""Randomised designs: differences in means, with covariates or blocks, and the randomisation test.

Stands on :mod:`impact.statistics.linear.least_squares` and :mod:`impact.statistics.linear.sandwich`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Estimate, Floats, Ints, cluster_sums, wald
from impact.statistics.linear.least_squares import binary, check_finite, check_lengths, fit
from impact.statistics.linear.sandwich import ROUNDING, contrast, group_codes, label_codes
from impact.words.said import Said, Text

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


def welch(outcome: Floats, treated: NDArray[Any]) -> Estimate:
    """Return the difference in means with Welch's standard error and degrees of freedom.

    Parameters
    ----------
    outcome
        Shape (n,).
    treated
        Shape (n,): 0 or 1.

    Returns
    -------
    Estimate
        Of the average effect in the sample, if treatment was assigned at random to units.

    Raises
    ------
    NotEstimable
        With missing values, fewer than two units in an arm, or no variation in both arms.

    Notes
    -----
    ``ȳ₁ − ȳ₀`` with ``√(s₁²/n₁ + s₀²/n₀)``, which is HC2, and Welch–Satterthwaite degrees of freedom.

    References
    ----------
    Welch (1947), https://doi.org/10.1093/biomet/34.1-2.28.
    """
    outcome, treated = np.asarray(outcome, dtype=np.float64), binary(treated, Said("statistics.treatment"))
    check_lengths(len(treated), outcome=outcome)
    check_finite(outcome, Said("statistics.the_outcome"))
    arms = [outcome[treated == arm] for arm in (1, 0)]
    if min(len(arm) for arm in arms) < 2:
        raise NotEstimable(Said("experiments.arm_has_single_unit"), Said("experiments.least_two_units_each_arm"))
    parts = [float(np.var(arm, ddof=1)) / len(arm) for arm in arms]
    error = math.sqrt(sum(parts))
    floor = ROUNDING * float(np.abs(outcome).max())
    df = sum(parts) ** 2 / sum(v**2 / (len(a) - 1) for v, a in zip(parts, arms, strict=True)) if error > floor else 1.0
    means = [float(arm.mean()) for arm in arms]
    influence = np.where(treated == 1, (outcome - means[0]) / len(arms[0]), (means[1] - outcome) / len(arms[1]))
    return wald(
        means[0] - means[1],
        error if error > floor else 0.0,
        rule=Said("rule.named", name="HC2"),
        n_obs=len(outcome),
        df=df,
        influence=influence,
    )


def lin(
    outcome: Floats,
    treated: NDArray[Any],
    covariates: Floats,
    names: Sequence[Text],
    *,
    weights: Floats | None = None,
    errors: str = "HC2",
    clusters: Sequence[NDArray[Any]] = (),
) -> Estimate:
    """Return the average effect adjusted for covariates that are interacted with treatment.

    Parameters
    ----------
    outcome, treated
        Shape (n,); ``treated`` is 0 or 1.
    covariates
        Shape (n, p), measured before treatment.
    names
        The p names of the covariates.
    weights
        Shape (n,): sampling weights; they also weight the means at which the covariates are centred.
    errors, clusters
        As in :func:`impact.statistics.linear.sandwich.contrast`. The error takes the centring means as fixed.

    Raises
    ------
    NotEstimable
        As :func:`impact.statistics.linear.least_squares.fit` and :func:`impact.statistics.linear.sandwich.contrast`.

    Notes
    -----
    Least squares of y on ``1, t, x − x̄, t(x − x̄)``; the coefficient of t. HC2 has ``n − 2 − 2p`` degrees of freedom.

    References
    ----------
    Lin (2013), https://doi.org/10.1214/12-AOAS583.
    """
    treated = binary(treated, Said("statistics.treatment"))
    covariates = np.asarray(covariates, dtype=np.float64)
    if covariates.ndim != 2 or covariates.shape != (len(treated), len(names)):
        raise UsageError(f"covariates have shape {covariates.shape}; expected ({len(treated)}, {len(names)})")
    check_finite(covariates, Said("statistics.a_covariate"))
    check_lengths(len(treated), weights=weights)
    if weights is not None:
        check_finite(weights, Said("statistics.the_weight"))
    centred = covariates - np.average(covariates, axis=0, weights=weights)
    matrix = np.column_stack([np.ones(len(treated)), treated, centred, treated[:, None] * centred])
    labels = ["_constant", "_treated", *names, *(Said("experiments.times_treatment", name=name) for name in names)]
    fitted = fit(outcome, matrix, labels, weights=weights)
    return contrast(fitted, np.eye(fitted.k)[1], errors=errors, clusters=clusters)


def blocked(
    outcome: Floats,
    treated: NDArray[Any],
    blocks: NDArray[Any],
    *,
    weights: Floats | None = None,
    errors: str = "HC2",
    clusters: Sequence[NDArray[Any]] = (),
) -> Estimate:
    """Return the average effect of a design randomised within blocks.

    Parameters
    ----------
    outcome, treated
        Shape (n,); ``treated`` is 0 or 1.
    blocks
        Shape (n,): labels of the blocks. The share treated may differ between them.
    weights
        Shape (n,): sampling weights.
    errors, clusters
        As in :func:`impact.statistics.linear.sandwich.contrast`.

    Raises
    ------
    NotEstimable
        With fewer than two units (or clusters) in an arm of a block; the blocks are named. Pairs are such a case.

    Notes
    -----
    ``Σ_b (n_b/n)(ȳ_1b − ȳ_0b)``: the regression on block dummies interacted with treatment (Lin), not the one on
    plain block dummies, which weights blocks by ``n_b p_b(1 − p_b)``. HC2 without weights is
    ``√Σ (n_b/n)² (s²_1b/n_1b + s²_0b/n_0b)`` with ``n − 2B`` degrees of freedom.

    References
    ----------
    Imbens, Rubin (2015). Causal Inference, section 9.4. https://doi.org/10.1017/CBO9781139025751.
    Miratrix, Sekhon, Yu (2013), https://doi.org/10.1111/j.1467-9868.2012.01048.x.
    """
    treated = binary(treated, Said("statistics.treatment"))
    codes, count = label_codes(blocks, len(treated))
    thin, sentence = thin_blocks(treated, np.asarray(blocks), clusters)
    if thin:
        raise NotEstimable(sentence, Said("experiments.larger_blocks"))
    cells = np.eye(2 * count)[codes + count * treated.astype(np.int64)]
    names = [f"block {block}, arm {arm}" for arm in (0, 1) for block in range(count)]
    fitted = fit(outcome, cells, names, weights=weights)
    shares = cluster_sums(fitted.weights, codes, count) / fitted.weights.sum()
    return contrast(fitted, np.concatenate([-shares, shares]), errors=errors, clusters=clusters)


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
        Source of random draws.

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
    """
    if draws < 1:
        raise UsageError("a randomisation test needs at least one draw")
    design, assigned = _prepare(np.asarray(outcome, dtype=np.float64), treated, covariates, blocks, clusters)
    possible = _possible(design)
    if possible < 2:
        raise NotEstimable(
            Said("experiments.only_one_assignment_possible"), Said("experiments.least_two_units_clusters")
        )
    enumerated = possible <= draws
    batches = _all_assignments(design, possible) if enumerated else _random_assignments(design, draws, rng)
    observed = float(_statistics(design, assigned[:, None])[0])
    extreme = sum(int(np.count_nonzero(np.abs(_statistics(design, b)) >= abs(observed) * (1 - TIE))) for b in batches)
    p_value = extreme / possible if enumerated else (1 + extreme) / (1 + draws)
    return RandomisationTest(
        p_value, observed, possible if enumerated else draws, enumerated, "HC2" if clusters is None else "CR1"
    )


def thin_blocks(
    treated: NDArray[Any], blocks: NDArray[Any], clusters: Sequence[NDArray[Any]] = ()
) -> tuple[list[str], Said]:
    """Return the blocks with fewer than two units (or clusters) in an arm, and a sentence on them; arrays are (n,)."""
    codes, count = label_codes(blocks, len(treated))
    cells = codes * 2 + np.asarray(treated).astype(np.int64)
    found: dict[int, None] = {}
    for units in [np.asarray(labels) for labels in clusters] or [np.arange(len(codes))]:
        unit = label_codes(units, len(codes))[0]
        pairs = np.unique(np.column_stack([cells, unit]), axis=0)[:, 0]
        few = np.flatnonzero(np.bincount(pairs, minlength=2 * count).reshape(-1, 2).min(axis=1) < 2)
        found |= dict.fromkeys(map(int, few))
    names = [str(blocks[np.argmax(codes == block)]) for block in sorted(found)]
    code = "experiments.thin_blocks_of_clusters" if clusters else "experiments.thin_blocks_of_units"
    return names, Said(code, n=len(names), names=names[:10], more=" …" if len(names) > 10 else "")


def _prepare(
    outcome: Floats,
    treated: NDArray[Any],
    covariates: Floats | None,
    blocks: NDArray[Any] | None,
    clusters: NDArray[Any] | None,
) -> tuple[_Design, Floats]:
    n, assigned = len(outcome), binary(treated, Said("statistics.treatment"))
    check_lengths(n, treated=assigned, covariates=covariates)
    block = np.zeros(n, dtype=np.int64) if blocks is None else label_codes(blocks, n)[0]
    codes, count = (np.arange(n), n) if clusters is None else group_codes(clusters, n)
    first = np.unique(codes, return_index=True)[1]
    if np.any(assigned != assigned[first][codes]):
        raise NotEstimable(
            Said("experiments.treatment_differs_within_cluster"), Said("experiments.treatment_same_each_cluster")
        )
    if np.any(block != block[first][codes]):
        raise NotEstimable(Said("experiments.cluster_lies_two_blocks"), Said("experiments.blocks_made_whole_clusters"))
    arms = cluster_sums(np.column_stack([assigned[first], 1 - assigned[first]]), block[first], int(block.max()) + 1)
    if np.any(arms == 0):
        raise NotEstimable(
            Said("experiments.blocks_have_one_arm_only", n=np.any(arms == 0, axis=1).sum()),
            Said("experiments.both_arms_each_block"),
        )
    basis, residuals = _controls(outcome, block, covariates)
    if not _power(assigned - basis @ (basis.T @ assigned)) > 0:
        raise NotEstimable(
            Said("experiments.treatment_collinear_covariates_blocks"), Said("experiments.fewer_covariates")
        )
    leverage = np.sum(basis**2, axis=1)
    within = codes if clusters is not None else None
    return _Design(residuals, basis, leverage, within, count, assigned[first], block[first]), assigned


def _controls(outcome: Floats, block: Ints, covariates: Floats | None) -> tuple[Floats, Floats]:
    """Return an orthonormal basis of block dummies and covariates, and the outcome without them."""
    dummies = np.eye(int(block.max()) + 1)[block]
    extra = np.empty((len(block), 0)) if covariates is None else np.asarray(covariates, dtype=np.float64)
    names = [f"block {b + 1}" for b in range(dummies.shape[1])] + [f"covariate {c + 1}" for c in range(extra.shape[1])]
    fitted = fit(outcome, np.hstack([dummies, extra]), names)
    basis, _ = np.linalg.qr(fitted.matrix / np.linalg.norm(fitted.matrix, axis=0))
    if np.linalg.norm(fitted.residuals) <= ROUNDING * np.linalg.norm(outcome):
        raise NotEstimable(Said("experiments.outcome_does_not_vary_beside_controls"), Said("checks.outcome_varies"))
    return basis, fitted.residuals


def _possible(design: _Design) -> int:
    """Return the number of possible assignments."""
    sizes = np.bincount(design.blocks)
    treated = np.bincount(design.blocks, weights=design.treated).astype(int)
    return math.prod(math.comb(int(n), int(m)) for n, m in zip(sizes, treated, strict=True))


def _all_assignments(design: _Design, possible: int) -> Iterator[Floats]:
    """Yield every assignment once, in batches, shape (n, b)."""
    places = [np.flatnonzero(design.blocks == b) for b in range(int(design.blocks.max()) + 1)]
    ways = [list(itertools.combinations(place, int(design.treated[place].sum()))) for place in places]
    size = max(1, BATCH // len(design.outcome))
    for start in range(0, possible, size):
        numbers = np.unravel_index(np.arange(start, min(start + size, possible)), [len(way) for way in ways])
        chosen = np.zeros((len(numbers[0]), len(design.treated)))
        for way, number in zip(ways, numbers, strict=True):
            np.put_along_axis(chosen, np.array(way)[number], 1.0, axis=1)
        yield _to_rows(design, chosen.T)


def _random_assignments(design: _Design, draws: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield assignments shuffled within blocks, in batches, shape (n, b)."""
    template = design.treated[np.argsort(design.blocks, kind="stable")]
    size = max(1, BATCH // len(design.outcome))
    for start in range(0, draws, size):
        keys = rng.random((min(size, draws - start), len(template))) + design.blocks
        chosen = np.empty_like(keys)
        np.put_along_axis(chosen, np.argsort(keys, axis=1), template[None, :], axis=1)
        yield _to_rows(design, chosen.T)


def _to_rows(design: _Design, chosen: Floats) -> Floats:
    return chosen if design.codes is None else chosen[design.codes]


def _statistics(design: _Design, assigned: Floats) -> Floats:
    """Return the t statistic of each assignment, shape (b,); infinite where it is not defined."""
    rest = assigned - design.basis @ (design.basis.T @ assigned)
    power = _power(rest)
    defined = power > 0
    power = np.where(defined, power, 1.0)
    effect = design.outcome @ rest / power
    residuals = design.outcome[:, None] - effect * rest
    variance = _meat(design, rest, power, residuals) / power**2
    floor = ROUNDING**2 * np.sum(design.outcome**2) / power
    sure = defined & (variance > floor)
    return np.where(sure, effect / np.sqrt(np.where(sure, variance, 1.0)), math.inf)


def _power(rest: Floats) -> Floats:
    """Return the squares of treatment left beside the controls, 0 where only rounding is left."""
    power = np.sum(rest**2, axis=0)
    return np.asarray(np.where(power > ROUNDING * len(rest), power, 0.0))


def _meat(design: _Design, rest: Floats, power: Floats, residuals: Floats) -> Floats:
    if design.codes is not None:
        return np.asarray(np.sum(cluster_sums(rest * residuals, design.codes, design.count) ** 2, axis=0))
    left = 1 - design.leverage[:, None] - rest**2 / power
    parts = np.where(left > SINGULAR, (rest * residuals) ** 2 / np.maximum(left, SINGULAR), 0.0)
    return np.asarray(parts.sum(axis=0))
