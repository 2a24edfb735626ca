"""Calibrated weights and their errors: R's survey, closed forms, refusals, coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact.errors import NotEstimable
from impact.statistics.surveys.calibration import Calibrated, calibrate
from impact.statistics.surveys.design import SampleDesign
from impact.statistics.surveys.estimation import mean, taylor_variance, total
from impact.statistics.surveys.margins import poststratify, rake
from impact.statistics.surveys.replicates import replicate_estimate, replicate_weights
from tests.statistics.surveys.test_estimation import agrees, apiclus1, column
from tests.support.references import dataset, reference

TYPES = {"E": 4421, "H": 755, "M": 1018}


def school_wide() -> dict[str, int]:
    return dataset("apipop.csv")["sch.wide"].value_counts().to_dict()


def both_agree(calibration: Calibrated, name: str) -> None:
    data, design = apiclus1()
    agrees(mean(column(data, "api00"), design, calibration=calibration), f"{name}.mean")
    agrees(total(column(data, "enroll"), design, calibration=calibration), f"{name}.total")


def test_poststratification_agrees_with_r():
    data, design = apiclus1()
    both_agree(poststratify(design.weights, data["stype"], TYPES), "svy.clus1_poststrat")


def test_raking_agrees_with_r():
    data, design = apiclus1()
    margins = [(data["stype"], TYPES), (data["sch.wide"], school_wide())]
    both_agree(rake(design.weights, margins), "svy.clus1_rake_tight")


def test_raking_that_stops_early_agrees_with_r(subtests):
    """R's default stops at a change of 1 in a cell, and takes residuals with the weights of the last two half steps."""
    data, design = apiclus1()
    margins = [(data["stype"], TYPES), (data["sch.wide"], school_wide())]
    early = rake(design.weights, margins, tolerance=1 / 6194)
    for name, variable, estimator in (("mean", "api00", mean), ("total", "enroll", total)):
        with subtests.test(name):
            values, expected = column(data, variable), reference(f"svy.clus1_rake.{name}")
            found = estimator(values, design, calibration=early)
            assert found.estimate == pytest.approx(expected["value"], rel=expected["tolerance"])
            by_r = taylor_variance(_residuals_of_r(design.weights, margins, early.iterations, values, name), design)
            assert np.sqrt(by_r[0, 0]) == pytest.approx(expected["se"], rel=expected["tolerance"])
            # ours takes the final weights for both margins; the two are the same once raking has converged
            assert found.std_error == pytest.approx(expected["se"], rel=2e-5)


def _residuals_of_r(weights: np.ndarray, margins: list, cycles: int, values: np.ndarray, name: str) -> np.ndarray:
    coded = []
    for labels, totals in margins:
        codes, found = pd.factorize(labels)
        coded.append((codes, np.array([totals[label] for label in found], dtype=float)))
    for _ in range(cycles):
        steps = []
        for codes, counts in coded:
            weights = weights * (counts / np.bincount(codes, weights))[codes]
            steps.append((codes, weights))
    linearised = (values - weights @ values / weights.sum()) / weights.sum() if name == "mean" else values
    scores = weights * linearised
    for _ in range(10):
        for codes, at in steps:
            scores = scores - at * (np.bincount(codes, scores / at) / np.bincount(codes))[codes]
    return scores


def schools() -> tuple[SampleDesign, np.ndarray, np.ndarray]:
    data, design = apiclus1()
    dummies = [(data["stype"] == kind).to_numpy(dtype=float) for kind in TYPES]
    matrix = np.column_stack([*dummies, column(data, "api99")])
    return design, matrix, np.array([*TYPES.values(), column(dataset("apipop.csv"), "api99").sum()])


METHODS = {
    "svy.clus1_calib_lin": {"method": "linear"},
    "svy.clus1_calib_rak": {"method": "raking"},
    "svy.clus1_calib_logit": {"method": "logit", "bounds": (0.6, 1.6)},
}


def test_calibration_agrees_with_r_at_its_tolerance(subtests):
    design, matrix, totals = schools()
    for name, options in METHODS.items():
        with subtests.test(name):
            both_agree(calibrate(design.weights, matrix, totals, tolerance=1e-7, **options), name)


def test_totals_are_reproduced(subtests):
    design, matrix, totals = schools()
    for options in ({}, *METHODS.values()):
        with subtests.test(**options):
            found = calibrate(design.weights, matrix, totals, **options)
            assert found.weights @ matrix == pytest.approx(totals, rel=1e-11)
            assert found.factors == pytest.approx(found.weights / design.weights)
            low, high = options.get("bounds", (0.0, np.inf))
            assert low <= found.factors.min() <= 1 <= found.factors.max() <= high


def drawn(seed: int, n: int = 240) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    cells, sides = rng.integers(0, 3, n), rng.integers(0, 2, n)
    cells[:3], sides[:3] = [0, 1, 2], [0, 1, 0]
    return rng.uniform(1, 4, n), cells, sides, cells + 2 * sides + rng.normal(size=n)


@settings(max_examples=20)
@given(seed=st.integers(0, 500))
def test_the_ways_to_poststratify_are_one(seed):
    weights, cells, _, values = drawn(seed)
    totals = {0: 300.0, 1: 150.0, 2: 200.0}
    design, dummies = SampleDesign(weights), (cells[:, None] == np.arange(3)).astype(float)
    ways = [
        poststratify(weights, cells, totals),
        rake(weights, [(cells, totals)]),
        calibrate(weights, dummies, np.array([300.0, 150.0, 200.0])),
        calibrate(weights, dummies, np.array([300.0, 150.0, 200.0]), method="raking"),
    ]
    first = mean(values, design, calibration=ways[0])
    for way in ways[1:]:
        assert way.weights == pytest.approx(ways[0].weights, rel=1e-9)
        found = mean(values, design, calibration=way)
        assert [found.estimate, found.std_error] == pytest.approx([first.estimate, first.std_error], rel=1e-9)
    by_cell = [np.average(values[cells == cell], weights=weights[cells == cell]) for cell in range(3)]
    assert first.estimate == pytest.approx(np.average(by_cell, weights=[300, 150, 200]))


def test_raking_is_calibration_with_exponential_factors():
    weights, cells, sides, _ = drawn(1)
    raked = rake(weights, [(cells, {0: 300, 1: 150, 2: 200}), (sides, {0: 400, 1: 250})])
    matrix = np.column_stack([cells == 0, cells == 1, cells == 2, sides == 1]).astype(float)
    solved = calibrate(weights, matrix, np.array([300.0, 150.0, 200.0, 250.0]), method="raking")
    assert raked.weights == pytest.approx(solved.weights, rel=1e-9)
    assert raked.residuals(cells + 3.0 * sides) == pytest.approx(np.zeros(len(cells)), abs=1e-9)


def test_taylor_error_of_raking_is_near_the_jackknife_with_unequal_weights():
    weights, cells, sides, values = drawn(2, n=400)
    design, margins = SampleDesign(weights), [(cells, {0: 500, 1: 250, 2: 250}), (sides, {0: 600, 1: 400})]
    taylor = mean(values, design, calibration=rake(weights, margins))

    def raked(these: np.ndarray) -> float:
        kept = these > 0
        fitted = rake(these[kept], [(labels[kept], totals) for labels, totals in margins]).weights
        return float(fitted @ values[kept] / fitted.sum())

    jackknife = replicate_estimate(raked, replicate_weights(design, "JK1"))
    assert jackknife.estimate == pytest.approx(taylor.estimate)
    assert jackknife.std_error == pytest.approx(taylor.std_error, rel=0.02)


def test_calibration_on_the_outcome_leaves_no_error():
    weights, _, _, values = drawn(3)
    found = calibrate(weights, np.column_stack([np.ones(240), values]), np.array([600.0, 1300.0]))
    with pytest.raises(NotEstimable, match="does not vary"):
        mean(values, SampleDesign(weights), calibration=found)


def test_calibration_of_other_weights_is_refused():
    weights, cells, _, values = drawn(3)
    found = poststratify(weights, cells, {0: 1, 1: 1, 2: 1})
    with pytest.raises(NotEstimable, match="started from other weights"):
        mean(values, SampleDesign(weights * 2), calibration=found)


def test_negative_weights_are_flagged():
    matrix = np.column_stack([np.ones(5), np.array([1.0, 2, 3, 4, 10])])
    found = calibrate(np.ones(5), matrix, np.array([5.0, 8.0]))
    assert found.flags == ("negative_weights",)
    assert found.weights.min() < 0
    assert calibrate(np.ones(5), matrix, np.array([5.0, 19.0])).flags == ()
    assert calibrate(np.ones(5), matrix, np.array([5.0, 8.0]), method="raking").weights.min() > 0


CELLS = np.array(["a", "a", "b", "b"])


@pytest.mark.parametrize(
    ("cells", "totals", "reason"),
    [
        (CELLS, {"a": 5}, "category 'b' without a total"),
        (CELLS, {"a": 5, "b": 5, "c": 2}, "category 'c' has no unit in the sample"),
        (CELLS, {"a": 5, "b": 0}, "'b' has units in the sample but none in the population"),
        (CELLS, {"a": 5, "b": -1}, "total of category 'b' is -1"),
        (CELLS, {"a": 5, "b": np.nan}, "total of category 'b' is nan"),
        (np.array(["a", "a", "b", None]), {"a": 5, "b": 5}, "1 units have no category"),
        (CELLS[:3], {"a": 5, "b": 5}, "different lengths"),
    ],
)
def test_poststrata_that_do_not_fit_are_refused(cells, totals, reason):
    with pytest.raises(NotEstimable, match=reason):
        poststratify(np.ones(4), cells, totals)


def test_an_empty_cell_of_both_is_ignored():
    assert poststratify(np.ones(4), CELLS, {"a": 5, "b": 5, "c": 0}).weights == pytest.approx(np.full(4, 2.5))


@pytest.mark.parametrize(
    ("margins", "reason"),
    [
        ([], "no margin"),
        ([(CELLS, {"a": 5, "b": 5}), (CELLS, {"a": 5, "b": 6})], r"different populations \(10, 11\)"),
        ([(CELLS, {"a": 5, "b": 5}), (CELLS, {"a": 4, "b": 6})], "no positive weights meet all margins"),
        ([(CELLS, {"a": 5, "b": 5}), (np.array([0, 1, 1, 1]), {0: 6, 1: 4})], "no positive weights meet all margins"),
    ],
)
def test_margins_that_cannot_be_met_are_refused(margins, reason):
    with pytest.raises(NotEstimable, match=reason):
        rake(np.ones(4), margins)


def test_unmet_margins_are_not_passed_by_a_loose_tolerance():
    with pytest.raises(NotEstimable, match="no positive weights"):
        rake(np.ones(4), [(CELLS, {"a": 5, "b": 5}), (CELLS, {"a": 3, "b": 7})], tolerance=1e-3)


X = np.array([1.0, 2.0, 3.0, 4.0])
BASE = np.column_stack([np.ones(4), X])


@pytest.mark.parametrize(
    ("matrix", "totals", "options", "reason"),
    [
        (BASE, [4, 20], {"method": "raking"}, "no weights of this kind"),
        (BASE, [4, 16], {"method": "raking"}, "nearly to zero|no weights of this kind"),
        (BASE, [4, 14], {"method": "logit", "bounds": (0.8, 1.2)}, "no weights of this kind"),
        (BASE, [4, 11], {"method": "logit"}, "bounds go with logit"),
        (BASE, [4, 11], {"bounds": (0.5, 2)}, "bounds go with logit"),
        (BASE, [4, 11], {"method": "logit", "bounds": (1.1, 2)}, "do not enclose 1"),
        (np.column_stack([BASE, 2 * X + 1]), [4, 11, 26], {}, "collinear"),
        (np.column_stack([BASE, np.zeros(4)]), [4, 11, 0], {}, "collinear"),
        (np.where(X == 3, np.nan, 1.0)[:, None], [4], {}, "is missing"),
        (BASE, [4, np.nan], {}, "is missing"),
        (BASE, [4], {}, "do not fit together"),
    ],
)
def test_calibrations_that_cannot_be_met_are_refused(matrix, totals, options, reason):
    with pytest.raises(NotEstimable, match=reason):
        calibrate(np.ones(4), matrix, np.array(totals, dtype=float), **options)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_weights_must_be_positive(bad):
    with pytest.raises(NotEstimable, match="zero or negative"):
        poststratify(np.array([1, 1, 1, bad]), CELLS, {"a": 5, "b": 5})


def covered(replications: int, seed: int) -> tuple[float, float]:
    """Coverage of raked means, and of means without raking, where response depends on both margins."""
    rng = np.random.default_rng(seed)
    hits, plain = 0, 0
    clusters = np.repeat(np.arange(60), 4)
    for _ in range(replications):
        sides = (rng.random(240) < 0.3).astype(int)
        cells = (rng.random(240) < 0.6).astype(int)
        values = 3.0 * sides + cells + rng.normal(0, 0.6, 60)[clusters] + rng.normal(size=240)
        design = SampleDesign(rng.uniform(0.5, 1.5, 240), clusters=clusters)
        raked = rake(design.weights, [(sides, {0: 500, 1: 500}), (cells, {0: 500, 1: 500})])
        found, naive = mean(values, design, calibration=raked), mean(values, design)
        hits += found.conf_low < 2.0 < found.conf_high
        plain += naive.conf_low < 2.0 < naive.conf_high
    return hits / replications, plain / replications


def test_coverage_of_raked_means_small():
    hits, plain = covered(200, 1)
    assert hits > 0.9
    assert plain < 0.5


@pytest.mark.slow
def test_coverage_of_raked_means():
    hits, _ = covered(2000, 2)
    assert 0.93 <= hits <= 0.97
