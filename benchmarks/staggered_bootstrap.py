"""Time cohort-by-period effects, all four averages and 1,000 bootstrap draws on 500 units and 5 periods.

Run: python benchmarks/staggered_bootstrap.py
"""

from __future__ import annotations

import time

import numpy as np

from impact.statistics.panels.adoption import Panel
from impact.statistics.panels.aggregation import aggregate
from impact.statistics.panels.bands import multiplier_bootstrap
from impact.statistics.panels.staggered import group_time_effects

N_UNITS, N_PERIODS, DRAWS, REPEATS = 500, 5, 1000, 7


def made_panel(rng: np.random.Generator) -> Panel:
    cohort = rng.choice([-1, 1, 3, 4], N_UNITS, p=[0.6, 0.1, 0.1, 0.2]).astype(np.int64)
    covariate = rng.standard_normal((N_UNITS, 1))
    trend = np.arange(N_PERIODS) * (1 + covariate)
    after = (cohort >= 0)[:, None] & (np.arange(N_PERIODS) >= cohort[:, None])
    return Panel(trend + after + rng.standard_normal((N_UNITS, N_PERIODS)), cohort, covariates=covariate)


def once(panel: Panel) -> float:
    start = time.perf_counter()
    cells = group_time_effects(panel, control="not_yet", method="dr")
    averages = [aggregate(cells, kind) for kind in ("simple", "group", "dynamic", "calendar")]
    influence = np.column_stack([term.influence for average in averages for _, term in average.terms])
    multiplier_bootstrap(cells.influence, DRAWS, np.random.default_rng(1))
    multiplier_bootstrap(influence, DRAWS, np.random.default_rng(2))
    return time.perf_counter() - start


if __name__ == "__main__":
    panel = made_panel(np.random.default_rng(0))
    seconds = sorted(once(panel) for _ in range(REPEATS))
    print(
        f"{N_UNITS} units, {N_PERIODS} periods, {DRAWS} draws: median {seconds[REPEATS // 2]:.3f} s of {REPEATS} runs"
    )
