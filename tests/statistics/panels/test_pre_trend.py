"""The one pre-trend test: R's did on its own example, order and unit of the data, small and broken panels, its size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from impact.errors import NotEstimable
from impact.statistics.panels.adoption import NEVER, Panel
from impact.statistics.panels.aggregation import joint_test
from impact.statistics.panels.pre_trend import pre_trend_test
from impact.statistics.panels.staggered import group_time_effects
from tests.support.references import dataset


def mpdta(*, covariate: bool) -> Panel:
    frame = dataset("mpdta.csv")
    wide = frame.pivot(index="countyreal", columns="year", values="lemp")
    first = frame.drop_duplicates("countyreal").set_index("countyreal").reindex(wide.index)
    years = list(wide.columns)
    cohort = np.array([years.index(int(start)) if start else NEVER for start in first["first.treat"]])
    return Panel(wide.to_numpy(dtype=float), cohort, first[["lpop"]].to_numpy(dtype=float) if covariate else None)


def test_pre_test_of_r_did(subtests: pytest.Subtests) -> None:
    """R's did 2.1 prints these p-values for mpdta, with a varying base: both bases give one statistic."""
    for covariate, p_value in ((False, 0.16812), (True, 0.23267)):
        panel = mpdta(covariate=covariate)
        for base in ("varying", "universal"):
            with subtests.test(covariate=covariate, base=base):
                agrees_with_r(panel, base, p_value)


def agrees_with_r(panel: Panel, base: Any, p_value: float) -> None:
    cells = group_time_effects(panel, control="never", method="dr", base=base)
    before = cells.periods < cells.cohorts
    known = joint_test(cells.effects[before], cells.influence[:, before])
    assert known.p_value == pytest.approx(p_value, abs=5e-6)
    found = pre_trend_test(panel, control="never", method="dr").test
    assert (found.df1, found.df2) == (5, 495)
    assert found.statistic * 5 * 500 / 495 == pytest.approx(known.statistic, rel=1e-9)


def drawn(rng: np.random.Generator, n: int = 60, *, step: float = 0.0, clusters: int | None = None) -> Panel:
    """Units that start at 3, 4 or never; ``step`` is how much faster a unit moves that will start."""
    cohort = rng.choice([3, 4, NEVER], n)
    group = np.arange(n) % clusters if clusters else None
    shock = rng.normal(size=(n, 6)) + rng.normal(size=(n, 1))
    if group is not None:
        shock += rng.normal(size=(clusters, 6))[group]  # type: ignore[arg-type]
    return Panel(shock + step * np.arange(6) * (cohort != NEVER)[:, None], cohort, clusters=group)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_free_of_unit_and_order(scale: float) -> None:
    panel, order = drawn(np.random.default_rng(1)), np.random.default_rng(2).permutation(60)
    first = pre_trend_test(panel, control="never", method="dr")
    turned = replace(panel, outcome=scale * panel.outcome[order] + 7 * scale, cohort=panel.cohort[order])
    other = pre_trend_test(turned, control="never", method="dr")
    assert other.test.statistic == pytest.approx(first.test.statistic, rel=1e-6)
    assert other.by_time[0][1].estimate == pytest.approx(scale * first.by_time[0][1].estimate, rel=1e-6)


def test_units_with_gaps_and_lone_cohorts_are_left_out() -> None:
    panel = drawn(np.random.default_rng(3))
    gap, lone = np.full((1, 6), 5.0), np.arange(6.0)[None, :]
    gap[0, 2] = np.nan
    more = replace(panel, outcome=np.vstack([panel.outcome, gap, lone]), cohort=np.append(panel.cohort, [3, 2]))
    assert (
        pre_trend_test(more, control="never", method="dr").test
        == pre_trend_test(panel, control="never", method="dr").test
    )


def test_trends_that_part_are_found_and_their_size_is_told() -> None:
    found = pre_trend_test(drawn(np.random.default_rng(4), 400, step=1.0), control="never", method="dr")
    assert found.test.p_value < 1e-10
    sizes = {time: estimate.estimate for time, estimate in found.by_time}
    assert sizes[-3] == pytest.approx(-2.0, abs=0.4)


def test_few_units_are_tested_by_time_or_not_at_all() -> None:
    """Three units in a cohort do not show five effects: their mean is tested, or it is said that nothing can be."""
    rng = np.random.default_rng(5)
    eight = Panel(rng.normal(size=(8, 7)), np.array([4, 4, 5, 5, 6, 6, NEVER, NEVER]))
    assert pre_trend_test(eight, control="never", method="dr").test.df1 < 12
    with pytest.raises(NotEstimable, match="singular"):
        pre_trend_test(Panel(rng.normal(size=(4, 9)), np.array([7, 7, NEVER, NEVER])), control="never", method="dr")
    with pytest.raises(NotEstimable, match="no period before"):
        pre_trend_test(Panel(rng.normal(size=(9, 3)), np.array([1] * 5 + [NEVER] * 4)), control="never", method="dr")
    with pytest.raises(NotEstimable, match="every wave"):
        pre_trend_test(Panel(np.full((4, 3), np.nan), np.array([1, 1, NEVER, NEVER])), control="never", method="dr")


@pytest.mark.slow
@pytest.mark.parametrize(("units", "clusters"), [(40, None), (300, None), (300, 15), (300, 40)])
def test_rejects_five_in_a_hundred_where_trends_are_parallel(units: int, clusters: int | None) -> None:
    rng, rejected = np.random.default_rng(6), []
    for _ in range(1000):
        panel = drawn(rng, units, clusters=clusters)
        rejected.append(pre_trend_test(panel, control="never", method="dr").test.p_value < 0.05)
    assert np.mean(rejected) < 0.09
