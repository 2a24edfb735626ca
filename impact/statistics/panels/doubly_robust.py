"""Two groups over two periods, with covariates: doubly robust, weighted or regressed (Sant'Anna and Zhao 2020).

:mod:`impact.statistics.panels.staggered` makes each ATT(g, t) here. Stands on the logit of
:mod:`impact.statistics.observational.propensity`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.statistics.observational.inputs import COMPARISON, design, enough_units
from impact.statistics.observational.propensity import logit
from impact.statistics.panels.adoption import Bools
from impact.words.said import Said, Text

Method = Literal["dr", "ipw", "reg"]
PROPENSITY_LIMIT = 0.999
CONTROL_PROPENSITY_LIMIT = 0.995


def two_by_two(
    change: Floats, treated: Bools, matrix: Floats, weights: Floats, *, method: Method, names: Sequence[Text] = ()
) -> tuple[float, Floats]:
    """Return the effect on the treated in a comparison of two groups over two periods, and each unit's influence.

    Parameters
    ----------
    change
        Shape (n,): outcome after minus before.
    treated
        Shape (n,): whether the unit is in the treated group.
    matrix
        Shape (n, k): a column of ones and the covariates; without any, the three methods are the same.
    weights
        Shape (n,): positive sampling weights, whose scale does not matter.
    method
        ``dr`` doubly robust, ``ipw`` inverse probability weighting (Hájek), ``reg`` outcome regression.
    names
        Shape (k − 1,): names of the covariates, used in refusals.

    Returns
    -------
    tuple
        The effect in the unit of the outcome; influence, shape (n,), scaled so that ``effect − truth ≈ Σ influence``.

    Raises
    ------
    NotEstimable
        If covariates are collinear or as many as comparison units, or a propensity is (nearly) one.

    Notes
    -----
    The influence adds the estimation of the propensity and of the regression to that of the two weighted means; see
    theorem 1 and the appendix of the paper, whose η₁ and η₀ are the weighted means of the two groups.

    References
    ----------
    Sant'Anna, P. and Zhao, J. (2020). Doubly robust difference-in-differences estimators. Journal of Econometrics
    219(1), 101–122. https://doi.org/10.1016/j.jeconom.2020.06.003

    Examples
    --------
    >>> change, treated = np.array([3.0, 5.0, 1.0, 2.0, 3.0]), np.array([True, True, False, False, False])
    >>> effect, influence = two_by_two(change, treated, np.ones((5, 1)), np.ones(5), method="reg")
    >>> effect, round(float(influence.sum()), 6)
    (2.0, 0.0)
    """
    method = method if matrix.shape[1] > 1 else "reg"
    fitted = np.zeros(len(change))
    fit_influence = np.zeros_like(matrix)
    if method != "ipw":
        fitted, fit_influence = _outcome_fit(change, treated, matrix, weights, names=names)
    # η₁: what the treated gained beyond the fit of the comparison
    residual = change - fitted
    w1 = weights * treated
    gain, gain_influence = _weighted_mean(residual, w1)
    gradient = _weighted_mean(matrix, w1)[0]
    if method == "reg":
        through_fit = fit_influence @ gradient
        return float(gain), gain_influence - through_fit
    # η₀: the same in the comparison, weighted by the odds p/(1 − p) to resemble the treated
    propensity, propensity_influence = _propensity(treated, matrix, weights, names)
    unlikely = 1 - propensity
    w0 = weights * ~treated * propensity / unlikely
    loss, loss_influence = _weighted_mean(residual, w0)
    deviations = w0 * (residual - loss)
    odds_gradient = matrix.T @ deviations
    of_odds = propensity_influence @ odds_gradient / w0.sum()
    loss_influence = loss_influence + of_odds
    # η₁ − η₀, and what the regression of the comparison adds through the difference of the means of X
    comparison_mean = _weighted_mean(matrix, w0)[0]
    gradient = gradient - comparison_mean
    influence = gain_influence - loss_influence
    effect = float(gain - loss)
    return effect, influence - fit_influence @ gradient


def _weighted_mean(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the weighted mean of rows and each row's influence on it."""
    share = weights / weights.sum()
    mean: Floats = floats(share @ values)
    deviations = values - mean
    influence: Floats = (share * deviations.T).T
    return mean, influence


def _outcome_fit(
    change: Floats, treated: Bools, matrix: Floats, weights: Floats, *, names: Sequence[Text]
) -> tuple[Floats, Floats]:
    """Fit the change linearly in the comparison; return the fit for all units and influence on the coefficients."""
    untreated = ~treated
    n, k = int(np.sum(untreated)), matrix.shape[1]
    enough_units(n, k, COMPARISON)
    if k > 1:
        covariates = matrix[untreated, 1:]
        design(covariates, names, COMPARISON)
    w0 = weights * untreated
    weighted = (matrix.T * w0).T
    gram = weighted.T @ matrix
    moments = weighted.T @ change
    coefficients = np.linalg.solve(gram, moments)
    fitted: Floats = matrix @ coefficients
    residuals = change - fitted
    scores = weighted.T * residuals
    influence = np.linalg.solve(gram, scores).T
    return fitted, floats(influence)


def _propensity(treated: Bools, matrix: Floats, weights: Floats, names: Sequence[Text]) -> tuple[Floats, Floats]:
    """Return fitted probabilities of treatment, and influence on the coefficients."""
    covariates = matrix[:, 1:]
    fit = logit(treated, covariates, names, weights=weights)
    fitted = fit.probabilities
    _check_overlap(fitted, treated)
    return fitted, fit.influence


def _check_overlap(fitted: Floats, treated: Bools) -> None:
    """Refuse units that are treated (almost) for sure."""
    limits = np.where(treated, PROPENSITY_LIMIT, CONTROL_PROPENSITY_LIMIT)
    certain = fitted >= limits
    count = int(certain.sum())
    if count:
        reason = Said("panels.treated_with_near_certainty", n=count)
        raise NotEstimable(reason, Said("panels.treated_untreated_units_alike_fewer_covariates"))
