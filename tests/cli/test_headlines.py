"""What a run prints of many findings: one screen, the most telling first, real and synthetic apart."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

import impact
from impact.cli.terminal.headlines import FEW, TOLD, print_found, telling
from impact.tables.finding import Finding
from impact.tables.frames import to_records
from impact.tables.part import of_whole
from impact.words.said import Said
from tests.support.shipped import shipped_result, shipped_words


@pytest.fixture(scope="module")
def wecare(tmp_path_factory: pytest.TempPathFactory) -> impact.Result:
    return shipped_result(tmp_path_factory, "wecare")


@pytest.fixture(scope="module")
def finding(wecare: impact.Result) -> Finding:
    """A finding to be varied: an effect of a design, promised and kept."""
    findings = wecare.findings()
    return to_records(Finding, findings[findings["finding"] == "wecare/knows_services"])[0]


def written(findings: Any, *, in_full: bool = False) -> str:
    text = io.StringIO()
    print_found(Console(file=text, width=80, color_system=None), findings, in_full=in_full)
    return text.getvalue()


def test_the_demo_fits_on_a_screen(tmp_path_factory: pytest.TempPathFactory) -> None:
    lines = shipped_words(tmp_path_factory).splitlines()
    # the name of the database is longer here than the one that readers have
    made, name = _database(lines), "impact-demo.duckdb"
    lines = [line.replace(made, name).replace(" " * (len(made) - len(name)), "") for line in lines]
    assert len(lines) <= 45
    assert sum(max(1, math.ceil(len(line.rstrip()) / 80)) for line in lines) <= 45


def _database(lines: list[str]) -> str:
    return next(line for line in lines if line.startswith("Wrote ")).removeprefix("Wrote ").removesuffix(". Next:")


def test_all_of_it_can_be_asked_for(wecare: impact.Result) -> None:
    findings = wecare.findings()
    wholes = findings[of_whole(findings)]
    assert all(name in written(findings, in_full=True) for name in wholes["finding"])
    assert not all(name in written(findings) for name in wholes["finding"])


def test_few_findings_are_printed_whole(wecare: impact.Result) -> None:
    findings = wecare.findings()
    few = findings[of_whole(findings)].head(FEW)
    assert written(few) == written(few, in_full=True)


def test_synthetic_data_are_counted_apart_and_marked(wecare: impact.Result) -> None:
    findings = wecare.findings()
    wholes = findings[of_whole(findings)]
    text = written(findings)
    for name, kind in (("wecare: ", "real"), ("wecare †: ", "synthetic")):
        promised = wholes[(wholes["data_kind"] == kind) & wholes["target"].notna()]
        kept = (promised["attainment"] == "reached").sum()
        assert f"{name}{kept} of {len(promised)} promises kept" in text
    titles = dict(zip(wholes["finding"], wholes["data_kind"], strict=True))
    shown = [line for line in text.splitlines() if line.rstrip().rsplit(" ", 1)[-1] in titles]
    assert len(shown) > TOLD
    for line in shown:
        assert ("†" in line) is (titles[line.rsplit(" ", 1)[-1]] == "synthetic")


def test_the_most_telling_come_first(finding: Finding) -> None:
    effect = replace(finding, finding="p/effect", evidence_level=2)
    strong = replace(finding, finding="p/strong", evidence_level=5)
    association = replace(finding, finding="p/association", estimand=Said("estimand.association"), attainment="reached")
    near = _promise(finding, "p/near", 9.0)
    far = _promise(finding, "p/far", 5.0)
    kept = replace(_promise(finding, "p/kept", 11.0), attainment="reached")
    order = [strong, effect, far, near, kept]
    for given in (order, order[::-1]):
        assert telling(given) == order[:TOLD]
    assert telling([kept, near, far]) == [far, near, kept]
    assert telling([association, near]) == [near, association]


def test_each_programme_has_its_best_before_another_has_two(finding: Finding) -> None:
    mine = [replace(finding, finding=f"p/{name}", programme="p", evidence_level=5) for name in "abc"]
    other = replace(_promise(finding, "q/kept", 11.0), programme="q", attainment="reached")
    assert telling([*mine, other]) == [mine[0], other, mine[1]]


def test_real_data_come_before_synthetic_ones(finding: Finding) -> None:
    invented = replace(finding, finding="p/a", data_kind="synthetic")
    real = replace(finding, finding="p/b", data_kind="real")
    assert telling([invented, real]) == [real, invented]


def _promise(finding: Finding, name: str, value: float) -> Finding:
    """Return a finding without an effect that promised 10 and missed it."""
    return replace(
        finding, finding=name, value=value, target=10.0, attainment="short", estimate=None, contribution="not_estimable"
    )
