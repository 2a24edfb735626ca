"""Discontinuities, surveys, networks, plans and what is pooled against libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from impact.statistics import forecast
from impact.statistics.discontinuity.density import density_test
from impact.statistics.discontinuity.jump import regression_discontinuity
from impact.statistics.meta import pool
from impact.statistics.networks.measures import Stack, measure_stack
from impact.statistics.networks.network import Network, network_measure
from impact.statistics.power import closed_form
from impact.statistics.surveys import estimation
from impact.statistics.surveys.design import SampleDesign
from impact.statistics.surveys.margins import rake
from impact.statistics.surveys.regression import survey_regression
from libraries.registry import Call, Numbers, against, pair, reference, shipped


@against("rdrobust", "discontinuity: jump, robust bias-corrected", "close_elections_lmb")
def jump_rdrobust() -> tuple[Call, Call]:
    from rdrobust import rdrobust

    frame = shipped("close_elections_lmb")[["score", "lagdemvoteshare"]].dropna()
    y, x = frame["score"].to_numpy(float), frame["lagdemvoteshare"].to_numpy(float)

    def own() -> Numbers:
        result = regression_discontinuity(y, x, cutoff=0.5)
        return [*pair(result.conventional), *pair(result.robust), *result.bandwidth]

    def library() -> Numbers:
        result = rdrobust(y, x, c=0.5)
        coefficients, errors, widths = (np.asarray(part, dtype=float) for part in (result.coef, result.se, result.bws))
        return [coefficients[0, 0], errors[0, 0], coefficients[2, 0], errors[2, 0], *widths[0]]

    return own, library


@against("rddensity", "discontinuity: density", "close_elections_lmb")
def density_rddensity() -> tuple[Call, Call]:
    from rddensity import rddensity

    x = shipped("close_elections_lmb")["lagdemvoteshare"].dropna().to_numpy(float)

    def own() -> Numbers:
        result = density_test(x, cutoff=0.5)
        return [result.statistic, result.p_value, *result.bandwidth]

    def library() -> Numbers:
        result = rddensity(x, c=0.5)
        test = result.test
        return [float(test["t_jk"]), float(test["p_jk"]), float(result.h["left"]), float(result.h["right"])]

    return own, library


def _schools() -> tuple[pd.DataFrame, SampleDesign]:
    frame = reference("apistrat.csv")
    design = SampleDesign(
        frame["pw"].to_numpy(float), frame["stype"].to_numpy(), population=frame["fpc"].to_numpy(float)
    )
    return frame, design


def _survey() -> Numbers:
    frame, design = _schools()
    score, students = frame["api00"].to_numpy(float), frame["enroll"].to_numpy(float)
    estimates = [estimation.mean(score, design), estimation.total(students, design)]
    return [value for estimate in estimates for value in pair(estimate)]


@against("samplics", "survey: mean and total, Taylor", "apistrat")
def survey_samplics() -> tuple[Call, Call]:
    from samplics import PopParam, TaylorEstimator

    frame, _ = _schools()
    sizes = frame.groupby("stype")["fpc"].first()
    counts = frame.groupby("stype").size()
    correction = {stratum: 1 - counts[stratum] / sizes[stratum] for stratum in sizes.index}

    def library() -> Numbers:
        found: list[float] = []
        for kind, column in ((PopParam.mean, "api00"), (PopParam.total, "enroll")):
            estimator = TaylorEstimator(kind)
            estimator.estimate(frame[column], samp_weight=frame["pw"], stratum=frame["stype"], fpc=correction)
            found += [float(estimator.point_est), float(estimator.stderror)]
        return found

    return _survey, library


@against("svy", "survey: mean and total, Taylor", "apistrat")
def survey_svy() -> tuple[Call, Call]:
    import polars
    import svy

    frame, _ = _schools()
    columns = polars.from_pandas(frame[["stype", "pw", "fpc", "api00", "enroll"]])

    def library() -> Numbers:
        sample = svy.Sample(columns, svy.Design(stratum="stype", wgt="pw", pop_size="fpc"))
        found: list[float] = []
        for estimate in (sample.estimation.mean("api00"), sample.estimation.total("enroll")):
            found += [float(estimate.estimates[0].est), float(estimate.estimates[0].se)]
        return found

    return _survey, library


@against("samplics", "survey: linear regression", "apistrat")
def regression_samplics() -> tuple[Call, Call]:
    from samplics import ModelType, SurveyGLM

    frame, _ = _schools()
    x = np.column_stack([np.ones(len(frame)), frame["ell"], frame["meals"]]).astype(float)
    y = frame["api00"].to_numpy(float)
    design = SampleDesign(frame["pw"].to_numpy(float), frame["stype"].to_numpy())

    def own() -> Numbers:
        return pair(survey_regression(y, x, ["constant", "ell", "meals"], "ell", design))

    def library() -> Numbers:
        model = SurveyGLM(ModelType.LINEAR)
        model.estimate(y, x=x[:, 1:], samp_weight=frame["pw"], stratum=frame["stype"], add_intercept=True)
        return [float(model.beta["point_est"][1]), float(model.beta["stderror"][1])]

    return own, library


@against("samplics", "survey: raking", "apistrat")
def raking_samplics() -> tuple[Call, Call]:
    from samplics import SampleWeight

    frame, _ = _schools()
    weights = frame["pw"].to_numpy(float)
    kind = {"E": 4421.0, "H": 755.0, "M": 1018.0}
    wide = {"No": 1072.0, "Yes": 5122.0}

    def own() -> Numbers:
        margins = [(frame["stype"].to_numpy(), kind), (frame["sch.wide"].to_numpy(), wide)]
        return list(rake(weights, margins).weights[:20])

    def library() -> Numbers:
        raked = SampleWeight().rake(
            weights, margins={"kind": frame["stype"], "wide": frame["sch.wide"]}, control={"kind": kind, "wide": wide}
        )
        return list(np.asarray(raked, dtype=float)[:20])

    return own, library


def _network() -> tuple[Network, Any]:
    import networkx

    graph = networkx.florentine_families_graph()
    return Network(networkx.to_numpy_array(graph).astype(bool), directed=False), graph


@against("networkx", "network: density, transitivity, paths", "florentine families")
def measures_networkx() -> tuple[Call, Call]:
    import networkx

    network, graph = _network()
    names = ["density", "transitivity", "mean_path"]

    def library() -> Numbers:
        paths = networkx.average_shortest_path_length(graph)
        return [networkx.density(graph), networkx.transitivity(graph), paths]

    return lambda: [network_measure(network, name) for name in names], library


@against("igraph", "network: density, transitivity, paths", "florentine families")
def measures_igraph() -> tuple[Call, Call]:
    import igraph

    network, graph = _network()
    names = ["density", "transitivity", "mean_path"]
    other = igraph.Graph.from_networkx(graph)

    def library() -> Numbers:
        return [other.density(), other.transitivity_undirected(), other.average_path_length()]

    return lambda: [network_measure(network, name) for name in names], library


@against("igraph", "network: transitivity of 500 redrawn networks", "florentine families")
def stack_igraph() -> tuple[Call, Call]:
    import igraph

    network, _ = _network()
    drawn = np.random.default_rng(0).integers(network.n, size=(500, network.n))
    ties = network.adjacency[drawn[:, :, None], drawn[:, None, :]]
    stack = Stack(ties, False, np.zeros((500, network.n), dtype=np.int64))

    def library() -> Numbers:
        graphs = [igraph.Graph.Adjacency(matrix, mode="undirected") for matrix in ties]
        return [graph.transitivity_undirected() for graph in graphs]

    return lambda: list(measure_stack(stack, "transitivity")), library


@against("statsmodels", "power of a difference in means", "60 and 50 persons")
def power_statsmodels() -> tuple[Call, Call]:
    from statsmodels.stats.power import TTestIndPower

    def own() -> Numbers:
        return [closed_form.power(0.5, closed_form.two_means(60, 50))]

    return own, lambda: [float(TTestIndPower().power(0.5, 60, 0.05, ratio=50 / 60))]


@against("statsmodels", "pooled studies, Paule–Mandel", "eight effects")
def pooled_statsmodels() -> tuple[Call, Call]:
    from statsmodels.stats.meta_analysis import combine_effects

    effects = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]) * 3
    errors = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])

    def own() -> Numbers:
        result = pool(effects, errors, method="PM", interval="z")
        return [result.tau2, *pair(result.effect)]

    def library() -> Numbers:
        result = combine_effects(effects, errors**2, method_re="iterated", atol=1e-12)
        return [result.tau2, result.mean_effect_re, result.sd_eff_w_re]

    return own, library


@against("scoringrules", "scores of forecasts (CRPS)", "normal, t, gamma")
def scores() -> tuple[Call, Call]:
    import scoringrules

    predictives = [
        forecast.Predictive("normal", (1.0, 2.0)),
        forecast.Predictive("t", (1.0, 2.0, 5.0)),
        forecast.Predictive("gamma", (3.0, 0.5)),
    ]

    def own() -> Numbers:
        return [forecast.score(predictive, 1.7).crps for predictive in predictives]

    def library() -> Numbers:
        normal = scoringrules.crps_normal(1.7, 1.0, 2.0)
        return [normal, scoringrules.crps_t(1.7, 5.0, 1.0, 2.0), scoringrules.crps_gamma(1.7, 3.0, scale=0.5)]

    return own, library
