"""Checks of what a design assumes; each with a stated null, a value, and passed, failed or not applicable."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from impact.errors import NotEstimable
from impact.estimate.result import Diagnostic

ALPHA = 0.05
FEW_CLUSTERS = 20


def not_applicable(check: str, null: str, why: str) -> Diagnostic:
    """Return a check that could not be made, with the reason."""
    return Diagnostic(check, null, None, None, "not_applicable", why)


def joint_balance(treated: pd.Series, background: pd.DataFrame) -> Diagnostic:
    """Test by one F test that the arms do not differ in background.

    Regresses the arm on all background columns; classical F, as ``anova(lm(treat ~ …))`` in R.

    Parameters
    ----------
    treated
        Shape (n,), 0 or 1.
    background
        Shape (n, k), complete.
    """
    null = "the arms have the same background before the programme"
    kept = background.loc[:, background.nunique() > 1]
    if kept.empty:
        return not_applicable("balance", null, "no background column is declared or varies")
    matrix = sm.add_constant(kept.to_numpy(dtype=float))
    if np.linalg.matrix_rank(matrix) < matrix.shape[1] or len(matrix) <= matrix.shape[1]:
        return not_applicable("balance", null, "the background columns are collinear or too many")
    fit = sm.OLS(treated.to_numpy(dtype=float), matrix).fit()
    p_value = float(stats.f.sf(fit.fvalue, fit.df_model, fit.df_resid))
    status = "passed" if p_value >= ALPHA else "failed"
    detail = f"F({int(fit.df_model)}, {int(fit.df_resid)}) over {', '.join(map(str, kept.columns))}"
    return Diagnostic("balance", null, float(fit.fvalue), p_value, status, detail)


def differential_attrition(baseline: pd.DataFrame, end_units: set[str]) -> Diagnostic:
    """Test that the arms lost the same share of persons between baseline and end line.

    Parameters
    ----------
    baseline
        ``_unit`` and ``_treated`` (0 or 1) of those seen at baseline.
    end_units
        Those with an outcome at the end line.
    """
    null = "both arms lost the same share of persons"
    lost = ~baseline["_unit"].isin(end_units)
    by_arm = pd.DataFrame({"lost": lost, "seen": 1}).groupby(baseline["_treated"]).sum()
    if len(by_arm) < 2:
        return not_applicable("attrition", null, "one arm was not seen at baseline")
    (lost_0, n_0), (lost_1, n_1) = by_arm.sort_index().to_numpy(dtype=float).tolist()
    share_0, share_1, pooled = lost_0 / n_0, lost_1 / n_1, (lost_0 + lost_1) / (n_0 + n_1)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n_0 + 1 / n_1))
    p_value = float(2 * stats.norm.sf(abs(share_1 - share_0) / error)) if error > 0 else 1.0
    status = "passed" if p_value >= ALPHA else "failed"
    detail = f"lost {share_1:.1%} of {int(n_1)} treated and {share_0:.1%} of {int(n_0)} in the comparison"
    return Diagnostic("attrition", null, share_1 - share_0, p_value, status, detail)


def enough_clusters(n_clusters: int | None) -> Diagnostic:
    """Check that there are enough clusters for CR1 errors to be trusted."""
    null = f"there are at least {FEW_CLUSTERS} clusters"
    if n_clusters is None:
        return not_applicable("clusters", null, "errors are not clustered")
    status = "passed" if n_clusters >= FEW_CLUSTERS else "failed"
    return Diagnostic("clusters", null, float(n_clusters), None, status, f"{n_clusters} clusters")


def complete_cases(used: int, available: int) -> Diagnostic:
    """State how many observations were left out for missing values."""
    null = "no observation was left out for a missing value"
    status = "passed" if used == available else "failed"
    return Diagnostic("complete_cases", null, float(available - used), None, status, f"{used} of {available} used")


def placebo(estimate: float, p_value: float, waves: str) -> Diagnostic:
    """Report the same design on two waves before the programme, where the effect must be zero."""
    status = "passed" if p_value >= ALPHA else "failed"
    return Diagnostic("placebo_wave", "before the programme both groups moved alike", estimate, p_value, status, waves)


def placebo_impossible(error: NotEstimable) -> Diagnostic:
    """Report a placebo that the data cannot give."""
    return not_applicable("placebo_wave", "before the programme both groups moved alike", error.reason)
