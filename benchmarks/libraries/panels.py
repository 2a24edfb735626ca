"""Panels and synthetic controls against libraries."""

from __future__ import annotations

import numpy as np
import pandas as pd

from impact.statistics.core import Floats
from impact.statistics.panels.aggregation import aggregate
from impact.statistics.panels.bacon import bacon_decomposition
from impact.statistics.panels.honest import honest_bounds
from impact.statistics.panels.imputation import gardner_two_stage, imputation_effects
from impact.statistics.panels.interacted import sun_abraham
from impact.statistics.panels.staggered import group_time_effects
from impact.statistics.synthetic.control import synthetic_control
from impact.statistics.synthetic.difference import synthetic_did
from libraries.registry import Call, Numbers, against, counties, mpdta, pair, reference

COLUMNS = {"outcome": "lemp", "unit": "countyreal", "time": "year", "first_treat": "first"}
NAMES = {"yname": "lemp", "tname": "year", "idname": "countyreal", "gname": "first"}
BETA = np.array([0.03, -0.01, 0.02, 0.10, 0.15])
SIGMA = np.diag([0.02, 0.02, 0.02, 0.03, 0.04]) ** 2 + 1e-4


def _staggered() -> Numbers:
    cells = group_time_effects(counties(), control="never", method="dr")
    return [*pair(aggregate(cells, "simple").overall), *pair(aggregate(cells, "dynamic").overall)]


@against("csdid", "cohort-by-period effects, averages", "mpdta")
def staggered_csdid() -> tuple[Call, Call]:
    from csdid.att_gt import ATTgt

    def library() -> Numbers:
        cells = ATTgt(data=mpdta(), control_group="nevertreated", **NAMES).fit(est_method="dr", bstrap=False)
        averages = [cells.aggte(typec=kind, bstrap=False, cband=False).atte for kind in ("simple", "dynamic")]
        return [value for average in averages for value in (average["overall_att"], average["overall_se"])]

    return _staggered, library


@against("moderndid", "cohort-by-period effects, averages", "mpdta")
def staggered_moderndid() -> tuple[Call, Call]:
    import moderndid

    def library() -> Numbers:
        cells = moderndid.att_gt(mpdta(), est_method="dr", cband=False, **NAMES)
        averages = [moderndid.aggte(cells, type=kind, cband=False) for kind in ("simple", "dynamic")]
        return [value for average in averages for value in (average.overall_att, average.overall_se)]

    return _staggered, library


@against("diff-diff", "cohort-by-period effects, averages", "mpdta")
def staggered_diff_diff() -> tuple[Call, Call]:
    from diff_diff import CallawaySantAnna

    def own() -> Numbers:
        return _staggered()[:2]

    def library() -> Numbers:
        result = CallawaySantAnna(estimation_method="dr").fit(mpdta(), **COLUMNS)
        return [result.overall_att, result.overall_se]

    return own, library


@against("pyfixest", "cohort-by-time interactions (Sun, Abraham)", "mpdta")
def interacted_pyfixest() -> tuple[Call, Call]:
    import pyfixest

    def own() -> Numbers:
        return [value for event, term in sun_abraham(counties()).terms if event >= 0 for value in pair(term)]

    def library() -> Numbers:
        names = {"idname": "countyreal", "tname": "year", "gname": "first"}
        result = pyfixest.event_study(mpdta(), "lemp", **names, estimator="saturated")
        table = result.aggregate()
        rows = table[[float(event) >= 0 for event in table.index]]
        return list(rows[["Estimate", "Std. Error"]].to_numpy(float).ravel())

    return own, library


@against("diff-diff", "cohort-by-time interactions (Sun, Abraham)", "mpdta")
def interacted_diff_diff() -> tuple[Call, Call]:
    from diff_diff import SunAbraham

    def own() -> Numbers:
        return [value for event, term in sun_abraham(counties()).terms if event >= 0 for value in pair(term)]

    def library() -> Numbers:
        result = SunAbraham(cluster="countyreal").fit(mpdta(), **COLUMNS)
        events = sorted(event for event in result.event_study_effects if event >= 0)
        effects = [result.event_study_effects[event] for event in events]
        return [value for effect in effects for value in (effect["effect"], effect["se"])]

    return own, library


@against("diff-diff", "imputation (Borusyak, Jaravel, Spiess)", "mpdta")
def imputation_diff_diff() -> tuple[Call, Call]:
    from diff_diff import ImputationDiD

    def library() -> Numbers:
        result = ImputationDiD(cluster="countyreal").fit(mpdta(), **COLUMNS)
        return [result.overall_att, result.overall_se]

    return lambda: pair(imputation_effects(counties()).overall), library


@against("diff-diff", "two stages (Gardner)", "mpdta")
def two_stages_diff_diff() -> tuple[Call, Call]:
    from diff_diff import TwoStageDiD

    def library() -> Numbers:
        result = TwoStageDiD(cluster="countyreal").fit(mpdta(), **COLUMNS)
        return [result.overall_att, result.overall_se]

    return lambda: pair(gardner_two_stage(counties()).overall), library


@against("pyfixest", "two stages (Gardner)", "mpdta")
def two_stages_pyfixest() -> tuple[Call, Call]:
    import pyfixest

    frame = mpdta().assign(now=lambda f: ((f["first"] > 0) & (f["year"] >= f["first"])).astype(float))

    def library() -> Numbers:
        names = {"first_stage": "~ 0 | countyreal + year", "second_stage": "~ now", "treatment": "now"}
        result = pyfixest.did2s(frame, yname="lemp", cluster="countyreal", **names)
        return [result.coef()["now"], result.se()["now"]]

    return lambda: pair(gardner_two_stage(counties()).overall), library


@against("diff-diff", "Goodman-Bacon decomposition", "mpdta")
def bacon() -> tuple[Call, Call]:
    from diff_diff import BaconDecomposition

    panel = counties()
    starts = np.array([np.inf, 1.0, 3.0, 4.0])
    members = [panel.cohort == (-1 if np.isinf(start) else start) for start in starts]
    means = np.array([panel.outcome[rows].mean(axis=0) for rows in members])
    counts = np.array([[rows.sum()] * means.shape[1] for rows in members])

    def own() -> Numbers:
        result = bacon_decomposition(means, counts, starts)
        return [result.coefficient, *sorted(comparison.weight for comparison in result.comparisons)]

    def library() -> Numbers:
        result = BaconDecomposition().fit(mpdta(), **COLUMNS)
        return [result.twfe_estimate, *sorted(comparison.weight for comparison in result.comparisons)]

    return own, library


@against("honestdid", "bounds for trends that part, smoothness", "five coefficients")
def honest_smoothness() -> tuple[Call, Call]:
    import honestdid

    weights = np.array([0.5, 0.5])

    def own() -> Numbers:
        rng = np.random.default_rng(0)
        bounds = honest_bounds(BETA, SIGMA, 3, rng=rng, m=[0.02], weights=weights, restriction="smoothness")
        return list(bounds.table[0][1:])

    def library() -> Numbers:
        result = honestdid.createSensitivityResults(
            betahat=BETA, sigma=SIGMA, numPrePeriods=3, numPostPeriods=2, method="FLCI", Mvec=[0.02], l_vec=weights
        )
        return [float(result["lb"].iloc[0]), float(result["ub"].iloc[0])]

    return own, library


@against("honestdid", "bounds for trends that part, relative magnitudes", "five coefficients")
def honest_relative() -> tuple[Call, Call]:
    import honestdid

    weights = np.array([0.5, 0.5])

    def own() -> Numbers:
        bounds = honest_bounds(BETA, SIGMA, 3, rng=np.random.default_rng(0), m=[1.0], weights=weights)
        return list(bounds.table[0][1:])

    def library() -> Numbers:
        result = honestdid.createSensitivityResults_relativeMagnitudes(
            betahat=BETA, sigma=SIGMA, numPrePeriods=3, numPostPeriods=2, Mbarvec=[1.0], l_vec=weights
        )
        return [float(result["lb"].iloc[0]), float(result["ub"].iloc[0])]

    return own, library


def _smoking() -> tuple[pd.DataFrame, Floats]:
    """Return cigarettes by state and year, California last, and as a matrix of states by years."""
    frame = reference("california_prop99.csv", ";")
    wide = frame.pivot(index="State", columns="Year", values="PacksPerCapita")
    order = [*wide.index.drop("California"), "California"]
    return frame, wide.loc[order].to_numpy(float)


@against("synthdid-py", "synthetic difference-in-differences", "california_prop99")
def synthetic_did_port() -> tuple[Call, Call]:
    import synthdid

    _, outcomes = _smoking()
    units, start = len(outcomes), 19

    def own() -> Numbers:
        return [synthetic_did(outcomes, units - 1, start).effect.estimate]

    def library() -> Numbers:
        return [float(synthdid.synthdid_estimate(outcomes, units - 1, start))]

    return own, library


@against("diff-diff", "synthetic difference-in-differences", "california_prop99")
def synthetic_did_diff_diff() -> tuple[Call, Call]:
    from diff_diff import SyntheticDiD

    frame, outcomes = _smoking()
    frame = frame.assign(treated=(frame["State"] == "California").astype(int))
    names = {"outcome": "PacksPerCapita", "treatment": "treated", "unit": "State", "time": "Year"}
    units = len(outcomes)

    def own() -> Numbers:
        return [synthetic_did(outcomes, units - 1, 19).effect.estimate]

    def library() -> Numbers:
        return [SyntheticDiD(seed=0).fit(frame, post_periods=list(range(1989, 2001)), **names).att]

    return own, library


def _synthetic() -> Numbers:
    _, outcomes = _smoking()
    result = synthetic_control(outcomes, len(outcomes) - 1, 19)
    return [float(np.mean(result.gaps[19:]))]


@against("scpi-pkg", "synthetic control on outcomes", "california_prop99")
def synthetic_scpi() -> tuple[Call, Call]:
    from scpi_pkg.scdata import scdata
    from scpi_pkg.scest import scest

    frame, outcomes = _smoking()
    donors = [state for state in frame["State"].unique() if state != "California"]

    def library() -> Numbers:
        periods = {"period_pre": np.arange(1970, 1989), "period_post": np.arange(1989, 2001)}
        names = {"id_var": "State", "time_var": "Year", "outcome_var": "PacksPerCapita"}
        data = scdata(frame, unit_tr="California", unit_co=donors, verbose=False, **periods, **names)
        fitted = scest(data, w_constr={"name": "simplex"}).Y_post_fit
        return [float(np.mean(outcomes[-1, 19:] - np.ravel(fitted)))]

    return _synthetic, library


@against("pysyncon", "synthetic control on outcomes", "california_prop99")
def synthetic_pysyncon() -> tuple[Call, Call]:
    from pysyncon import Synth

    _, outcomes = _smoking()
    table = pd.DataFrame(outcomes.T)
    donors, treated = table.iloc[:, :-1], table.iloc[:, -1]

    def library() -> Numbers:
        synth = Synth()
        synth.fit(X0=donors[:19], X1=treated[:19], Z0=donors[:19], Z1=treated[:19], custom_V=np.full(19, 1.0))
        return [float(np.mean(treated[19:] - donors[19:] @ synth.W))]

    return _synthetic, library
