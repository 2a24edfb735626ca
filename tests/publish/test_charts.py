"""Control charts of declared indicators, held against published limits: R qicharts2 and NHSRplotthedots, qcc."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from impact.declare import load_programme
from impact.publish.published import ReaderTables
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.measure.test_periods import RULES, clocked, of
from tests.support.programmes import indicator
from tests.support.references import monitoring_reference

SHIFT = [10, 12, 11, 9, 10, 12, 8, 11, 9, 10, 14, 13, 15, 14, 13, 14, 15, 13]


def months(count: int) -> list[str]:
    return [f"{2023 + number // 12}-{number % 12 + 1:02}" for number in range(count)]


def charted(folder: Path) -> pd.DataFrame:
    """Run a programme and return the points of its control charts, as readers see them."""
    programme = load_programme(folder)
    with Warehouse(":memory:") as warehouse:
        run_programme(programme, warehouse)
        return ReaderTables(warehouse).chart_points(programme.id)


def monthly(values: list[float | None]) -> pd.DataFrame:
    """Return a report a month of one project; None is a month without a report."""
    rows = [("A", f"{month}-15", value) for month, value in zip(months(len(values)), values, strict=True)]
    return pd.DataFrame([row for row in rows if row[2] is not None], columns=["project", "day", "hours"])


def test_a_declared_flow_has_the_published_chart(tmp_path: Path) -> None:
    flow = indicator("flow", **RULES["flow"])
    points = of(charted(clocked(tmp_path / "p", monthly(SHIFT), [flow], {})), "flow")
    names = {"center": "mean", "lower": "lpl", "upper": "upl"}
    for column, name in names.items():
        published = monitoring_reference(f"spc.nhs.shift.{name}")
        assert set(points[column].round(9)) == {round(published["value"], 9)}
    signals = points[points["reading"] != "common"]
    assert len(signals) == monitoring_reference("spc.nhs.shift.signals")["value"]
    assert list(signals.index) == months(18)[10:]
    assert set(signals["reading"]) == {"improvement"}


def test_a_declared_share_has_the_published_p_chart(tmp_path: Path) -> None:
    reference = monitoring_reference("spc.orangejuice.p.center")
    rows = [
        ("A", f"{month}-15", number, number < bad)
        for month, bad in zip(months(30), reference["extra"]["x"], strict=True)
        for number in range(reference["extra"]["n"])
    ]
    frame = pd.DataFrame(rows, columns=["project", "day", "can", "leaks"]).astype({"leaks": "int64"})
    share = indicator(
        "leaks", formula={"kind": "proportion", "of": {"column": "leaks", "equals": 1}}, direction="decrease"
    )
    folder = clocked(tmp_path / "p", frame, [share], {}, key=["project", "day", "can"])
    text = (folder / "contracts.yaml").read_text(encoding="utf-8")
    (folder / "contracts.yaml").write_text(text.replace("can: {type: number}", "can: {type: number, required: true}"))
    points = of(charted(folder), "leaks")
    assert set(points["chart"]) == {"p"}
    for column, name in {"center": "center", "lower": "lcl", "upper": "ucl"}.items():
        published = monitoring_reference(f"spc.orangejuice.p.{name}")["value"]
        assert points[column].to_numpy() == pytest.approx(published, rel=1e-9)
    assert set(points.loc[points["rules"].map(lambda rules: "beyond_limit above" in rules), "reading"]) == {"concern"}


def test_a_month_without_report_breaks_runs_and_is_no_fall(tmp_path: Path) -> None:
    values: list[float | None] = [*SHIFT]
    values[13] = None
    points = of(charted(clocked(tmp_path / "p", monthly(values), [indicator("flow", **RULES["flow"])], {})), "flow")
    silent = points.loc[months(18)[13]]
    assert pd.isna(silent["value"])
    assert silent["reading"] == "common"
    assert not points["rules"].map(lambda rules: any(rule.startswith("run") for rule in rules)).any()


@pytest.mark.parametrize("values", [SHIFT[:11], [7] * 18])
def test_short_or_constant_series_have_no_chart(tmp_path: Path, values: list[float | None]) -> None:
    assert charted(clocked(tmp_path / "p", monthly(values), [indicator("flow", **RULES["flow"])], {})).empty


@pytest.mark.parametrize(
    ("direction", "reading"), [("increase", "improvement"), ("decrease", "concern"), ("maintain", "change")]
)
def test_a_signal_is_read_by_the_direction(tmp_path: Path, direction: str, reading: str) -> None:
    flow = indicator("flow", direction=direction, **RULES["flow"])
    points = charted(clocked(tmp_path / "p", monthly(SHIFT), [flow], {}))
    assert set(points["reading"]) == {"common", reading}
