"""Taylor errors of means, totals and ratios: R's survey, the sums over cells, closed forms, refusals, coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact.errors import NotEstimable
from impact.measure.domains import Domains
from impact.measure.measurement import Domain
from impact.measure.moments import (
    Designed,
    ShiftedSums,
    ValueSums,
    design_spread,
    designed_values,
    ratio_values,
    total_values,
)
from impact.measure.spread import Frame
from impact.states import Arm
from impact.statistics.surveys.design import SampleDesign
from impact.statistics.surveys.estimation import mean, ratio, taylor_variance, total
from impact.tables.part import WHOLE
from tests.support.references import dataset, reference


def column(frame: pd.DataFrame, name: str) -> np.ndarray:
    return frame[name].to_numpy(dtype=float)


def apistrat() -> tuple[pd.DataFrame, SampleDesign]:
    data = dataset("apistrat.csv")
    return data, SampleDesign(column(data, "pw"), data["stype"], None, column(data, "fpc"))


def apiclus1() -> tuple[pd.DataFrame, SampleDesign]:
    data = dataset("apiclus1.csv")
    return data, SampleDesign(column(data, "pw"), None, data["dnum"], column(data, "fpc"))


def agrees(found, name: str) -> None:
    expected = reference(name)
    assert found.estimate == pytest.approx(expected["value"], rel=expected["tolerance"])
    assert found.std_error == pytest.approx(expected["se"], rel=expected["tolerance"])
    extra = expected.get("extra") or {}
    if "ci_t" in extra:
        assert [found.conf_low, found.conf_high] == pytest.approx(extra["ci_t"][0], rel=expected["tolerance"])
        assert found.df == extra["df"]


def test_stratified_sample_agrees_with_r():
    data, design = apistrat()
    agrees(mean(column(data, "api00"), design), "svy.strat_mean_api00")
    agrees(total(column(data, "enroll"), design), "svy.strat_total_enroll")
    agrees(ratio(column(data, "api.stu"), column(data, "enroll"), design), "svy.strat_ratio")


def test_cluster_sample_agrees_with_r():
    data, design = apiclus1()
    agrees(mean(column(data, "api00"), design), "svy.clus1_mean_api00")
    agrees(total(column(data, "enroll"), design), "svy.clus1_total_enroll")
    improved = (data["comp.imp"] == "Yes").to_numpy(dtype=bool)
    agrees(mean(column(data, "api00"), design, improved), "svy.clus1_subset_compimp_mean_api00")


def test_domains_agree_with_r():
    data, design = apiclus1()
    extra = reference("svy.clus1_by_stype")["extra"]
    for name in ("api99", "api00"):
        for place, kind in enumerate(extra["stype"]):
            found = mean(column(data, name), design, (data["stype"] == kind).to_numpy(dtype=bool))
            assert found.estimate == pytest.approx(extra[name][place], rel=1e-9)
            assert found.std_error == pytest.approx(extra[f"se.{name}"][place], rel=1e-9)


def sample(seed: int, *, clustered: bool = True, n: int = 90) -> tuple[np.ndarray, SampleDesign, np.ndarray]:
    rng = np.random.default_rng(seed)
    clusters = np.arange(n) % 18
    weights = rng.uniform(1, 5, n)
    strata = clusters % 3
    values = rng.normal(size=18)[clusters] + rng.normal(10, 1, n)
    population = np.array([20.0, 60.0, np.nan])[strata] if clustered else None
    within = np.full(n, n / 18) if clustered else None
    design = SampleDesign(weights, strata, clusters if clustered else None, population, within=within)
    return values, design, rng.random(n) < 0.6


@pytest.mark.parametrize("clustered", [True, False])
def test_same_as_the_sums_over_cells(clustered):
    values, design, domain = sample(1, clustered=clustered)
    weights, n = design.weights, domain.astype(float)
    units = design.units
    population = np.full(len(weights), np.nan) if design.population is None else design.population
    cluster = units.of_row if clustered else None
    frame = Frame(units.stratum[units.of_row], cluster, np.ones(len(weights)), population, design.within)
    w, pilot = weights * n, 9.0
    whole = Domains((Domain(Arm.ALL, WHOLE, ""),), np.arange(len(w)), np.array([0]))
    sums = ValueSums(n, w, w * values, w * np.abs(values), values, values)

    def by_cells(made, shift, *, total):
        shifted = values - shift
        squares = (w * shifted, (w * shifted) ** 2, w**2 * shifted, w**2)
        spread = design_spread(
            ShiftedSums(n, w, *squares, w * np.abs(values), np.zeros(len(w))), made, frame, whole, total=total
        )
        kind = Designed(share=False, total=total, clustered=clustered, effective="clusters")
        (measured,) = designed_values(made, spread, kind)
        return measured

    found, one = mean(values, design, domain), by_cells(ratio_values(sums, whole), pilot, total=False)
    assert found.estimate == pytest.approx(one.value, rel=1e-12)
    assert found.std_error == pytest.approx(one.std_error, rel=1e-10)
    assert [found.conf_low, found.conf_high] == pytest.approx([one.conf_low, one.conf_high], rel=1e-10)
    found = total(values, design, domain)
    one = by_cells(total_values(sums, whole, counts_rows=False), 0.0, total=True)
    assert [found.estimate, found.std_error] == pytest.approx([one.value, one.std_error], rel=1e-10)


def test_simple_sample_has_the_textbook_error():
    values, _, _ = sample(2)
    n = len(values)
    found = mean(values, SampleDesign(np.full(n, 3.0), population=np.full(n, 3.0 * n)))
    assert found.estimate == pytest.approx(values.mean())
    assert found.std_error == pytest.approx(np.sqrt((1 - 1 / 3) * values.var(ddof=1) / n))
    assert (found.df, found.n_obs, found.n_clusters) == (n - 1, n, None)


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), scale=st.floats(0.01, 100), shift=st.floats(-50, 50))
def test_units_and_row_order_do_not_matter(seed, scale, shift):
    values, design, domain = sample(seed)
    before = mean(values, design, domain)
    order = np.random.default_rng(seed).permutation(len(values))
    shuffled = SampleDesign(
        design.weights[order] * 7,
        design.strata[order],
        design.clusters[order].astype(str),
        design.population[order],
        within=design.within[order],
    )
    after = mean(shift + scale * values[order], shuffled, domain[order])
    assert after.estimate == pytest.approx(shift + scale * before.estimate, rel=1e-9, abs=1e-9)
    assert after.std_error == pytest.approx(scale * before.std_error, rel=1e-7)


def test_values_outside_the_domain_are_not_read():
    values, design, domain = sample(3)
    spoiled = np.where(domain, values, np.nan)
    assert mean(spoiled, design, domain) == mean(values, design, domain)


def test_influence_gives_the_error_without_strata():
    values, design, _ = sample(4)
    plain = mean(values, SampleDesign(design.weights))
    n = len(values)
    assert np.sqrt(n / (n - 1) * np.sum(plain.influence**2)) == pytest.approx(plain.std_error)


def test_covariance_of_several_totals():
    values, design, _ = sample(5)
    scores = design.weights[:, None] * np.column_stack([values, values**2])
    found = taylor_variance(scores, design)
    both = taylor_variance(scores.sum(axis=1), design)
    assert found == pytest.approx(found.T)
    assert both[0, 0] == pytest.approx(found.sum())


def test_a_lonely_unit_is_refused_centred_or_certain():
    values = np.array([1.0, 3.0, 2.0, 6.0, 9.0])
    strata = np.array(["north", "north", "north", "south", "north"])
    weights = np.full(5, 2.0)
    with pytest.raises(NotEstimable, match="'south' has one sampling unit"):
        mean(values, SampleDesign(weights, strata))
    centred = total(values, SampleDesign(weights, strata, lonely="centred"))
    north = values[strata == "north"]
    expected = 4 * 4 * north.var(ddof=1) + 4 * (6 - values.mean()) ** 2
    assert centred.std_error == pytest.approx(np.sqrt(expected))
    certain = total(values, SampleDesign(weights, strata, population=np.where(strata == "south", 1.0, np.nan)))
    assert certain.std_error == pytest.approx(np.sqrt(4 * 4 * north.var(ddof=1)))


VALUES, WEIGHTS = np.arange(6.0), np.ones(6)
PAIRS = np.array([0, 0, 1, 1, 2, 2])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"weights": np.array([1, 1, 1, 1, 1, 0.0])}, "zero or negative"),
        ({"weights": np.array([1, 1, 1, 1, 1, np.nan])}, "missing"),
        ({"strata": np.array(["a", "a", "a", "b", "b", None])}, "1 rows have no stratum"),
        ({"clusters": np.array([1, 1, 2, 2, np.nan, 3])}, "1 rows have no cluster"),
        ({"strata": np.array([0, 0, 0, 1, 1, 1]), "clusters": PAIRS}, "cluster 1 lies in two strata"),
        ({"population": np.array([9, 9, 9, 9, 9, 8.0])}, "8 to 9 units for a sample of 6"),
        ({"population": np.full(6, 5.0)}, "5 to 5 units for a sample of 6"),
        ({"strata": np.zeros(5)}, "different lengths"),
    ],
)
def test_designs_that_contradict_themselves_are_refused(change, reason):
    with pytest.raises(NotEstimable, match=reason):
        SampleDesign(**{"weights": WEIGHTS, **change})


@pytest.mark.parametrize(
    ("values", "domain", "design", "reason"),
    [
        (np.array([1, 2, 3, 4, 5, np.nan]), None, SampleDesign(WEIGHTS), "1 rows of the domain have no value"),
        (VALUES, np.zeros(6, dtype=bool), SampleDesign(WEIGHTS), "no row in the sample"),
        (VALUES, np.zeros(6), SampleDesign(WEIGHTS), "yes or no"),
        (VALUES[:5], None, SampleDesign(WEIGHTS), "different lengths"),
        (np.full(6, 7.1), None, SampleDesign(WEIGHTS), "does not vary"),
        (VALUES, None, SampleDesign(WEIGHTS, clusters=np.zeros(6)), "one sampling unit"),
        (VALUES, PAIRS == 0, SampleDesign(WEIGHTS, clusters=PAIRS), "no degrees of freedom"),
    ],
)
def test_means_that_cannot_be_estimated(values, domain, design, reason):
    with pytest.raises(NotEstimable, match=reason):
        mean(values, design, domain)


def test_ratio_needs_a_denominator():
    with pytest.raises(NotEstimable, match="denominator adds up to zero"):
        ratio(VALUES, np.array([1, -1, 1, -1, 1, -1.0]), SampleDesign(WEIGHTS))


def test_a_fixed_total_has_no_error():
    with pytest.raises(NotEstimable, match="does not vary"):
        total(np.ones(6), SampleDesign(WEIGHTS))


def covered(replications: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    strata, clusters = np.repeat([0, 1], [75, 100]), np.repeat(np.arange(35), 5)
    weights, hits = np.where(strata == 0, 2.0, 5.0), 0
    for _ in range(replications):
        values = strata + rng.normal(0, 0.7, 35)[clusters] + rng.normal(size=175)
        found = mean(values, SampleDesign(weights, strata, clusters))
        hits += found.conf_low < 500 / 650 < found.conf_high
    return hits / replications


def test_coverage_small():
    assert covered(300, 1) > 0.9


@pytest.mark.slow
def test_coverage():
    assert 0.93 <= covered(3000, 2) <= 0.97
