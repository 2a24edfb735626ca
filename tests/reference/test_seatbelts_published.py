"""The British seat-belt law of 31 January 1983 from a declaration, beside Harvey and Durbin (1986).

ReaderTables, in the abstract: 23 % fewer car drivers killed and seriously injured. They fit a structural time-series model
(level, slope and season drift) with traffic and the price of petrol; here a trend and a season are fixed, errors are
AR(1) or Newey–West and there are no covariates. Both are log-linear: a change of level δ is e^δ − 1.
"""

from __future__ import annotations

import math

import pandas as pd
import pytest

from tests.reference.gallery import run

PUBLISHED = -0.23


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    result = run("seatbelts", tmp_path_factory.mktemp("seatbelts"))
    found = result.findings().set_index("indicator")
    result.close()
    return found


def test_change_of_level_agrees_with_the_published_one(findings: pd.DataFrame, subtests: pytest.Subtests) -> None:
    for indicator in ("seatbelt_ar1", "seatbelt_nw12"):
        with subtests.test(indicator):
            row = findings.loc[indicator]
            change, low, high = (math.expm1(row[name]) for name in ("estimate", "effect_low", "effect_high"))
            assert low < PUBLISHED < high
            assert change == pytest.approx(PUBLISHED, abs=0.02)


def test_the_interval_leaves_out_no_effect(findings: pd.DataFrame) -> None:
    assert findings.loc["seatbelt_ar1", "effect_high"] < 0
