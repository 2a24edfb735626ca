"""The randomisation test: the assignment repeated, with covariates, blocks and clusters.

Stands on :mod:`impact.statistics.linear.least_squares` and :mod:`impact.statistics.linear.sandwich`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Floats, Ints, cluster_sums, floats
from impact.statistics.experiments.lots import Lots, all_assignments, random_assignments
from impact.statistics.experiments.studentised import OfClusters, OfUnits, Statistic, of_clusters
from impact.statistics.linear.least_squares import binary, check_lengths, fit
from impact.statistics.linear.sandwich import ROUNDING, group_codes, label_codes
from impact.words.said import Said

TIE = 1e-9


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
    statistic = _prepare(y, treated, covariates, blocks, clusters)
    lots = statistic.lots
    possible = lots.possible(draws)
    if possible < 2:
        raise NotEstimable(
            Said("experiments.only_one_assignment_possible"), Said("experiments.least_two_units_clusters")
        )
    observed = float(statistic(lots.treated[None])[0])
    threshold = abs(observed) * (1 - TIE)
    enumerated = possible <= draws
    batches = all_assignments(lots, possible) if enumerated else random_assignments(lots, draws, rng)
    of_batch: Statistic = statistic
    if isinstance(statistic, OfUnits) and covariates is None and not enumerated:
        of_batch = statistic.of_sums()
    extreme = 0
    for chosen in batches:
        t_star = np.abs(of_batch(chosen))
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
) -> OfUnits | OfClusters:
    """Check an assignment, take the controls out of the outcome, and return the statistic of all assignments."""
    n = len(outcome)
    assigned = binary(treated, Said("statistics.treatment"))
    check_lengths(n, treated=assigned, covariates=covariates)
    block = np.zeros(n, dtype=np.int64)
    if blocks is not None:
        block = label_codes(blocks, n)[0]
    codes = np.arange(n) if clusters is None else group_codes(clusters, n)[0]
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
    if not np.sum(unexplained**2) > ROUNDING * n:
        raise NotEstimable(
            Said("experiments.treatment_collinear_covariates_blocks"), Said("experiments.fewer_covariates")
        )
    # The basis begins with that of the blocks: the rest is the covariates beside them
    beside = basis[:, n_blocks:]
    order = np.argsort(stratum, kind="stable")
    lots = Lots(arm[order] > 0, stratum[order])
    if clusters is None:
        return OfUnits(lots, residuals[order], beside[order])
    return of_clusters(lots, residuals, beside, codes, order)


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
