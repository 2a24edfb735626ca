"""The test that an effect is the same in every subgroup, held against statsmodels' interacted regression."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.multitest import multipletests

import impact
from tests.designs.test_edges import RANDOMISED, people, year_waves
from tests.support.programmes import indicator, written

CUTS = ("sex", "area", "school")


def cut_people() -> pd.DataFrame:
    """Return persons whose effect differs a little by sex, and by nothing else."""
    rng = np.random.default_rng(4)
    frame = people()
    frame["sex"] = rng.choice(["f", "m"], len(frame))
    frame["area"] = rng.choice(["east", "north", "west"], len(frame))
    frame["school"] = rng.choice(["no", "yes"], len(frame))
    gained = (frame["arm"] == "T") & (frame["sex"] == "f")
    return frame.assign(y=(frame["y"] + 0.6 * gained).round(6))


def test_holds_with_statsmodels_by_holm_over_all_columns(tmp_path: Path) -> None:
    frame = cut_people()
    result = impact.run(written(tmp_path / "p", frame, [indicator("effect", RANDOMISED, by=list(CUTS))]))
    checks = result.diagnostics().set_index("check")
    expected = []
    for cut in CUTS:
        fit = smf.ols(f"y ~ treated * C({cut})", frame.assign(treated=(frame["arm"] == "T") * 1.0)).fit(
            cov_type="HC2", use_t=True
        )
        crossed = [name for name in fit.params.index if name.startswith("treated:")]
        test = fit.f_test(np.eye(len(fit.params))[[list(fit.params.index).index(name) for name in crossed]])
        assert checks.loc[f"heterogeneity {cut}", "value"] == pytest.approx(float(test.fvalue), rel=1e-8)
        expected.append(float(test.pvalue))
    adjusted = multipletests(expected, method="holm")[1]
    found = [checks.loc[f"heterogeneity {cut}", "p_value"] for cut in CUTS]
    assert found == pytest.approx(adjusted, rel=1e-8)
    assert found != pytest.approx(expected, rel=1e-3)


def test_a_single_column_is_not_adjusted(tmp_path: Path) -> None:
    result = impact.run(written(tmp_path / "p", cut_people(), [indicator("effect", RANDOMISED, by=["sex"])]))
    check = result.diagnostics().set_index("check").loc["heterogeneity sex"]
    assert "Holm" not in check["detail"]


@pytest.mark.parametrize("rows", ["linked", "repeated"])
def test_difference_in_differences_holds_with_statsmodels(tmp_path: Path, rows: str) -> None:
    """Clusters hold persons of both groups: the covariance of the groups' effects is that of one regression."""
    rng = np.random.default_rng(6)
    after = cut_people().drop(columns="area")
    after["arm"] = np.where(np.arange(len(after)) % 30 < 15, "T", "C")
    after["district"] = [f"d{place % 30:02}" for place in range(len(after))]
    before = after.assign(y=rng.normal(size=len(after)).round(6))
    frame = pd.concat([before.assign(wave="before"), after.assign(wave="after")], ignore_index=True)
    design = {**RANDOMISED, "kind": "did", "rows": rows, "cluster": "district", "inference": {"errors": "CR1"}}
    fields = {"ex_ante": {"baseline": {"wave": "before"}}, "ex_post": {"wave": "after"}}
    layout: dict[str, Any] = {"key": ("person", "wave"), "wave": "wave", "waves": year_waves("before", "after")}
    declared = [indicator("effect", design, by=["sex"], **fields)]
    result = impact.run(written(tmp_path / "p", frame, declared, **layout))
    check = result.diagnostics().set_index("check").loc["heterogeneity sex"]
    data = frame.assign(treated=(frame["arm"] == "T") * 1.0, later=(frame["wave"] == "after") * 1.0)
    groups = {"groups": data["district"].astype("category").cat.codes}
    fit = smf.ols("y ~ treated * later * C(sex)", data).fit(cov_type="cluster", cov_kwds=groups, use_t=True)
    crossed = next(name for name in fit.params.index if name.startswith("treated:later:"))
    assert check["value"] == pytest.approx(fit.tvalues[crossed] ** 2, rel=1e-7)
    assert check["p_value"] == pytest.approx(fit.pvalues[crossed], rel=1e-6)
