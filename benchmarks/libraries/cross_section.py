"""Regressions, experiments and comparisons by characteristics against libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from impact.statistics.core import Floats
from impact.statistics.experiments import differences, randomisation
from impact.statistics.linear.instrument import two_stage_least_squares
from impact.statistics.linear.least_squares import fit
from impact.statistics.linear.sandwich import coefficient
from impact.statistics.linear.two_way import Cells, fit_cells
from impact.statistics.linear.two_way_errors import clustered_errors, row_scores, term_estimates
from impact.statistics.linear.wild import wild_bootstrap
from impact.statistics.observational import balancing, matching, propensity, sensitivity, weighting
from libraries.registry import COVARIATES, Call, Numbers, against, nsw, pair, shipped


def _statsmodels_errors(rule: str, theirs: str) -> tuple[Call, Call]:
    import statsmodels.api as sm

    y, _, _, columns = nsw()
    names = ["constant", "treat", *COVARIATES]

    def own() -> Numbers:
        return pair(coefficient(fit(y, columns, names), "treat", errors=rule))

    def library() -> Numbers:
        result = sm.OLS(y, columns).fit(cov_type=theirs)
        return [result.params[1], result.bse[1]]

    return own, library


for _rule, _theirs in (("classical", "nonrobust"), ("HC1", "HC1"), ("HC2", "HC2"), ("HC3", "HC3")):
    against("statsmodels", f"least squares, {_rule}", "nsw_mixtape")(
        lambda rule=_rule, theirs=_theirs: _statsmodels_errors(rule, theirs)
    )


def castle() -> tuple[pd.DataFrame, Floats, Floats]:
    """Return states and years, the logarithm of homicides, and the law."""
    frame = shipped("castle").sort_values(["sid", "year"]).reset_index(drop=True)
    return frame, frame["l_homicide"].to_numpy(float), frame["post"].to_numpy(float)


def castle_columns() -> tuple[pd.DataFrame, Floats, Floats, list[str]]:
    frame, y, _ = castle()
    names = ["constant", "post", "poverty", "unemployrt"]
    return frame, y, np.column_stack([np.ones(len(y)), frame[names[1:]].to_numpy(float)]), names


@against("statsmodels", "least squares, CR1", "castle")
def cr1() -> tuple[Call, Call]:
    import statsmodels.api as sm

    frame, y, columns, names = castle_columns()
    codes = frame["sid"].to_numpy()

    def own() -> Numbers:
        return pair(coefficient(fit(y, columns, names), "post", errors="CR1", clusters=[codes]))

    def library() -> Numbers:
        result = sm.OLS(y, columns).fit(cov_type="cluster", cov_kwds={"groups": codes})
        return [result.params[1], result.bse[1]]

    return own, library


@against("statsmodels", "least squares, CR1 two-way", "castle")
def cr1_two_way() -> tuple[Call, Call]:
    import statsmodels.api as sm

    frame, y, columns, names = castle_columns()
    both = [frame["sid"].to_numpy(), frame["year"].to_numpy()]

    def own() -> Numbers:
        return pair(coefficient(fit(y, columns, names), "post", errors="CR1", clusters=both))

    def library() -> Numbers:
        groups = np.column_stack(both).astype(int)
        result = sm.OLS(y, columns).fit(cov_type="cluster", cov_kwds={"groups": groups})
        return [result.params[1], result.bse[1]]

    return own, library


@against("pyfixest", "least squares, CR3", "castle")
def cr3() -> tuple[Call, Call]:
    import pyfixest

    frame, y, columns, names = castle_columns()
    codes = frame["sid"].to_numpy()
    plain = pyfixest.ssc(k_adj=False, G_adj=False)

    def own() -> Numbers:
        return pair(coefficient(fit(y, columns, names), "post", errors="CR3", clusters=[codes]))

    def library() -> Numbers:
        vcov = {"CRV3": "sid"}
        result = pyfixest.feols("l_homicide ~ post + poverty + unemployrt", frame, vcov=vcov, ssc=plain)
        return [result.coef()["post"], result.se()["post"]]

    return own, library


@against("diff-diff", "least squares, CR2 with Satterthwaite", "castle")
def cr2() -> tuple[Call, Call]:
    from diff_diff import LinearRegression

    frame, y, columns, names = castle_columns()
    codes = frame["sid"].to_numpy()

    def own() -> Numbers:
        estimate = coefficient(fit(y, columns, names), "post", errors="CR2", clusters=[codes])
        return [*pair(estimate), estimate.df]

    def library() -> Numbers:
        result = LinearRegression(include_intercept=False, vcov_type="hc2_bm", cluster_ids=codes).fit(columns, y)
        inference = result.get_inference(1)
        return [inference.coefficient, inference.se, inference.df]

    return own, library


@against("wildboottest", "wild cluster bootstrap, enumerated", "castle")
def wild() -> tuple[Call, Call]:
    import statsmodels.api as sm
    from wildboottest.wildboottest import wildboottest

    frame, y, columns, names = castle_columns()
    few = frame["sid"].to_numpy() % 11

    def own() -> Numbers:
        result = wild_bootstrap(fit(y, columns, names), "post", few, draws=2048, rng=np.random.default_rng(0))
        return [result.p_value]

    def library() -> Numbers:
        model = sm.OLS(y, pd.DataFrame(columns, columns=names))
        result = wildboottest(model, param="post", cluster=few, B=9999, seed=1, show=False)
        return [float(result["p-value"].iloc[0])]

    return own, library


@against("linearmodels", "two-stage least squares, HC1", "close_college")
def two_stage() -> tuple[Call, Call]:
    from linearmodels.iv import IV2SLS

    frame = shipped("close_college").dropna()
    y, z = frame["lwage"].to_numpy(float), frame["nearc4"].to_numpy(float)
    d = (frame["educ"] > 12).to_numpy(float)
    names = ["exper", "black", "south", "married", "smsa"]
    x = np.column_stack([np.ones(len(y)), frame[names].to_numpy(float)])

    def own() -> Numbers:
        return pair(two_stage_least_squares(y, d, z, x, names=["constant", *names]).late)

    def library() -> Numbers:
        result = IV2SLS(y, x, d, z).fit(cov_type="robust", debiased=True)
        return [result.params.iloc[-1], result.std_errors.iloc[-1]]

    return own, library


def _two_way() -> tuple[Callable[[], Numbers], pd.DataFrame]:
    frame, y, post = castle()
    units = frame["sid"].astype("category").cat.codes.to_numpy(np.int64)
    years = (frame["year"] - frame["year"].min()).to_numpy(np.int64)
    behind = np.ones(units.max() + 1, dtype=np.int64)

    def own() -> Numbers:
        cells = Cells(units, years, np.ones(len(y)), y, post[:, None], ("post",), len(y), behind)
        result = fit_cells(cells)
        nested = int(units.max())
        scores = [row_scores(result, units)]
        errors = clustered_errors(result, scores, both=None, nested=nested, small_sample="nested")
        return pair(term_estimates(result, errors)[0])

    return own, frame


@against("pyfixest", "unit and period effects, clustered", "castle")
def two_way_pyfixest() -> tuple[Call, Call]:
    import pyfixest

    own, frame = _two_way()

    def library() -> Numbers:
        result = pyfixest.feols("l_homicide ~ post | sid + year", frame, vcov={"CRV1": "sid"})
        return [result.coef()["post"], result.se()["post"]]

    return own, library


@against("linearmodels", "unit and period effects, clustered", "castle")
def two_way_linearmodels() -> tuple[Call, Call]:
    from linearmodels.panel import PanelOLS

    own, frame = _two_way()
    indexed = frame.set_index(["sid", "year"])

    def library() -> Numbers:
        model = PanelOLS(indexed["l_homicide"], indexed[["post"]], entity_effects=True, time_effects=True)
        result = model.fit(cov_type="clustered", cluster_entity=True, count_effects=False)
        return [result.params["post"], result.std_errors["post"]]

    return own, library


@against("scipy", "difference in means, Welch", "nsw_mixtape")
def welch() -> tuple[Call, Call]:
    from scipy import stats

    y, d, _, _ = nsw()

    def own() -> Numbers:
        estimate = differences.welch(y, d)
        return [estimate.statistic, estimate.df, estimate.p_value, estimate.conf_low, estimate.conf_high]

    def library() -> Numbers:
        result = stats.ttest_ind(y[d == 1], y[d == 0], equal_var=False)
        interval = result.confidence_interval()
        return [result.statistic, result.df, result.pvalue, interval.low, interval.high]

    return own, library


@against("scipy", "randomisation test, enumerated", "nsw_mixtape, 14 rows")
def permutation() -> tuple[Call, Call]:
    from scipy import stats

    y, d, _, _ = nsw()
    rows = np.concatenate([np.flatnonzero(d == 1)[:7], np.flatnonzero(d == 0)[:7]])
    y, d = y[rows], d[rows]

    def own() -> Numbers:
        return [randomisation.randomisation_test(y, d, draws=5000, rng=np.random.default_rng(0)).p_value]

    def t(a: Any, b: Any, axis: int = -1) -> Any:
        return np.abs(stats.ttest_ind(a, b, axis=axis, equal_var=False).statistic)

    def library() -> Numbers:
        test = stats.permutation_test(
            (y[d == 1], y[d == 0]), t, vectorized=True, n_resamples=5000, alternative="greater"
        )
        return [float(test.pvalue)]

    return own, library


@against("statsmodels", "propensity score", "nsw_mixtape")
def logit() -> tuple[Call, Call]:
    import statsmodels.api as sm

    _, d, x, _ = nsw()

    def own() -> Numbers:
        result = propensity.logit(d, x, COVARIATES)
        return [*result.params, *np.sqrt(np.sum(result.influence**2, axis=0))]

    def library() -> Numbers:
        result = sm.Logit(d, sm.add_constant(x)).fit(disp=0, method="newton", tol=1e-12, cov_type="HC0")
        return [*result.params, *result.bse]

    return own, library


def _treatment_effect(kind: str, own: Call) -> tuple[Call, Call]:
    import statsmodels.api as sm
    from statsmodels.treatment.treatment_effects import TreatmentEffect

    y, d, x, _ = nsw()
    scale = x.std(axis=0)
    z = pd.DataFrame(sm.add_constant(x / scale), columns=["constant", *COVARIATES])

    def library() -> Numbers:
        selection = sm.Logit(d, z).fit(disp=0, tol=1e-12)
        effects = TreatmentEffect(sm.OLS(y, z), d, results_select=selection)
        moments = getattr(effects, kind)(return_results=True).results_gmm
        return [float(moments.params[0]), float(moments.bse[0])]

    return own, library


@against("statsmodels", "inverse propensity weighting, ATE", "nsw_mixtape")
def ipw() -> tuple[Call, Call]:
    y, d, x, _ = nsw()
    return _treatment_effect("ipw", lambda: pair(weighting.ipw(y, d, x, COVARIATES, estimand="ATE")))


@against("statsmodels", "doubly robust (AIPW), ATE", "nsw_mixtape")
def aipw() -> tuple[Call, Call]:
    y, d, x, _ = nsw()
    return _treatment_effect("aipw", lambda: pair(weighting.aipw(y, d, x, COVARIATES, estimand="ATE")))


@against("ebal", "entropy balancing, ATT", "nsw_mixtape")
def entropy() -> tuple[Call, Call]:
    from ebal import ebal_bin

    y, d, x, _ = nsw()

    def own() -> Numbers:
        return [balancing.entropy_balance(y, d, x, COVARIATES).estimate]

    def library() -> Numbers:
        result = ebal_bin(effect="ATT", print_level=-1, constraint_tolerance=1e-10, PCA=False).ebalance(
            d.astype(int), x, y
        )
        w = np.asarray(result["w"]).ravel()
        return [float(np.average(y[d == 1], weights=w[d == 1]) - np.average(y[d == 0], weights=w[d == 0]))]

    return own, library


@against("causalml", "nearest neighbour matching", "nsw_mixtape")
def nearest() -> tuple[Call, Call]:
    from causalml.match import NearestNeighborMatch

    y, d, x, _ = nsw()
    key = np.arange(len(y))

    def own() -> Numbers:
        return [matching.nearest(y, d, x, COVARIATES, key=key, replacement=True).estimate.estimate]

    def library() -> Numbers:
        score = propensity.logit(d, x, COVARIATES).probabilities
        frame = pd.DataFrame({"y": y, "d": d.astype(int), "score": score})
        matched = NearestNeighborMatch(caliper=1e9, replace=True, random_state=0).match(frame, "d", ["score"])
        means = matched.groupby("d")["y"].mean()
        return [float(means[1] - means[0])]

    return own, library


@against("PySensemakr", "robustness value", "t = 4.18, df = 783")
def robustness() -> tuple[Call, Call]:
    import sensemakr

    def own() -> Numbers:
        result = sensitivity.robustness_value(4.18, 783)
        return [result.partial_r2, result.robustness_value]

    def library() -> Numbers:
        return [
            float(sensemakr.partial_r2(t_statistic=4.18, dof=783)),
            float(np.ravel(sensemakr.robustness_value(t_statistic=4.18, dof=783, alpha=1.0))[0]),
        ]

    return own, library
