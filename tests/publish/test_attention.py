"""What to look at first, of lines written by hand."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from impact.publish.attention import Followed, attention
from impact.tables.monitoring import Report

TODAY = datetime.date(2024, 6, 1)
PLACE = {"indicator": "share", "arm": "all", "scope": "", "scope_value": "", "group": "", "group_value": ""}
NO_REPORTS = pd.DataFrame(columns=list(Report.TABLE.columns))


def milestone(number: int, point: str, due: str, course: str, **fields: Any) -> dict[str, Any]:
    named = {"finding": "made/share", "number": number, "point": point, "due": pd.Timestamp(due), "course": course}
    return PLACE | named | {"baseline": np.nan, "target": 10.0, "value": 8.0, "gap": -2.0, "seen": due} | fields


def chart(value: float) -> pd.DataFrame:
    """Return the points of a chart of shares of 20 a month about 0.9: the upper limit is cut at 1, the lower is 0.7."""
    limits = {"center": 0.9, "lower": 0.7, "upper": 1.0, "chance": 0.01}
    days = pd.date_range("2023-06-30", periods=12, freq="ME")
    points = [
        PLACE | limits | {"first": day.replace(day=1), "last": day, "period": f"{day:%Y-%m}", "value": 0.9}
        for day in days
    ]
    points[-1] |= {"value": value}
    common = {"reading": "common", "rules": [[]] * 12}
    return pd.DataFrame(points).assign(**common).assign(reading=["common"] * 11 + ["concern"])


def test_a_share_below_its_chart_is_as_far_out_as_its_own_limit_says() -> None:
    """0.5 is twice as far from 0.9 as the limit at 0.7, however near the other limit was cut."""
    milestones = pd.DataFrame([milestone(1, "end", "2024-03-31", "on_course")])
    lines = attention(Followed(chart(0.5), milestones, NO_REPORTS), TODAY)
    assert lines["gap"].tolist() == pytest.approx([-2.0])


def test_of_a_promise_by_period_the_end_counts_after_the_last_period_of_the_same_day() -> None:
    """Whatever the order of the rows, and however many promises there are."""
    rows = [
        row
        for place in range(30)
        for row in (
            milestone(3, "end", "2024-03-31", "behind", finding=f"made/{place}"),
            milestone(2, "milestone", "2024-03-31", "on_course", finding=f"made/{place}"),
            milestone(1, "milestone", "2023-12-31", "on_course", finding=f"made/{place}"),
        )
    ]
    followed = Followed(chart(0.9).assign(reading="common"), pd.DataFrame(rows), NO_REPORTS)
    assert len(attention(followed, TODAY)) == 30
