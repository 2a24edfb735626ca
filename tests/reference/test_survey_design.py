"""Means, totals, ratios and domains under sample designs, against R's survey package.

Values: R 4.2.2, survey 4.1.1, data ``api`` (California Department of Education), default options, run on the files
``apistrat.csv`` and ``apiclus1.csv``. They are declared here as a programme would declare them and go through the
whole engine. Tolerance 1e-9 relative: both sides are closed forms in double precision.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import impact
from tests.support.references import dataset

PROGRAMME = """
id: api
title: California schools
summary: Reference data of R's survey package
period: {start: "1999", end: "2000"}
territory: California
theory_of_change:
  nodes: [{id: schools, stage: outcome, level: macro, horizon: short, title: Schools}]
"""
COLUMNS = {
    "cds": "{type: text, required: true}",
    "stype": "{type: code, codes: [E, M, H], required: true}",
    "dnum": "{type: text, required: true}",
    "api00": "{type: number}",
    "enroll": "{type: number, missing: {missing: [NA]}}",
    "api_stu": "{type: number}",
    "comp_imp": '{type: code, codes: ["Yes", "No"]}',
    "pw": "{type: number, required: true}",
    "fpc": "{type: number, required: true}",
}
INDICATOR = """
  - id: {id}
    title: {id}
    node: schools
    level: macro
    unit: points
    direction: increase
    contract: school
    formula: {formula}
    sample: {sample}
    {extra}
    ex_post: {{period: "2000"}}
"""
STRATIFIED = "{weight: pw, strata: stype, population: fpc}"
CLUSTERED = "{weight: pw, cluster: dnum, population: fpc}"


def run(tmp_path: Path, data: str, indicators: list[tuple[str, str, str, str]]) -> pd.DataFrame:
    """Declare and run a programme on one of the files; return its measures, by indicator and group."""
    table = dataset(data, dtype=str, keep_default_na=False)
    table = table.rename(columns=lambda name: name.replace(".", "_"))[list(COLUMNS)]
    (tmp_path / "raw").mkdir()
    table.to_csv(tmp_path / "raw" / "schools.csv", index=False)
    (tmp_path / "programme.yaml").write_text(PROGRAMME)
    columns = "\n".join(f"      {name}: {text}" for name, text in COLUMNS.items())
    (tmp_path / "contracts.yaml").write_text(
        "contracts:\n  - id: school\n    title: School\n    unit_of_analysis: school\n    key: [cds]\n    columns:\n"
        + columns
    )
    (tmp_path / "sources.yaml").write_text(
        "sources:\n  - {id: schools_file, file: raw/schools.csv, contract: school,"
        " provenance: {title: api, kind: real, publisher: R survey}}\n"
    )
    text = "".join(INDICATOR.format(id=a, formula=b, sample=c, extra=d) for a, b, c, d in indicators)
    (tmp_path / "indicators.yaml").write_text("indicators:" + text)
    result = impact.run(tmp_path)
    return result.measures().set_index(["indicator", "group_value"])


def check(row: pd.Series, value: float, error: float, interval: tuple[float, float] | None = None) -> None:
    assert row["value"] == pytest.approx(value, rel=1e-9)
    assert row["std_error"] == pytest.approx(error, rel=1e-9)
    if interval:
        assert (row["conf_low"], row["conf_high"]) == pytest.approx(interval, rel=1e-9)


def test_stratified_sample(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        "apistrat.csv",
        [
            ("mean_api", "{kind: mean, column: api00}", STRATIFIED, ""),
            ("total_enroll", "{kind: sum, column: enroll}", STRATIFIED, ""),
            ("ratio_tested", "{kind: ratio, numerator: api_stu, denominator: enroll}", STRATIFIED, ""),
            ("total_tested", "{kind: sum, column: api_stu}", STRATIFIED, ""),
            ("tested", "{kind: derived, operation: ratio, operands: [total_tested, total_enroll]}", "{}", ""),
        ],
    )
    check(found.loc[("mean_api", "")], 662.287363159321, 9.40894080278458, (643.732188272086, 680.842538046555))
    total = (3461095.00771954, 3913260.05715701)
    check(found.loc[("total_enroll", "")], 3687177.53243828, 114641.71610078, total)
    check(found.loc[("ratio_tested", "")], 0.836956886940522, 0.00775710316663788)
    # as svycontrast of the two totals, which survey's own tests hold against svyratio
    check(found.loc[("tested", "")], 0.836956886940522, 0.00775710316663788)


def test_cluster_sample_with_domains(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        "apiclus1.csv",
        [
            ("mean_api", "{kind: mean, column: api00}", CLUSTERED, "by: [stype]"),
            ("total_enroll", "{kind: sum, column: enroll}", CLUSTERED, ""),
            ("improved", "{kind: mean, column: api00}", CLUSTERED, 'where: [{column: comp_imp, equals: "Yes"}]'),
        ],
    )
    check(found.loc[("mean_api", "")], 644.169398907104, 23.542240693781, (593.676314463326, 694.662483350882))
    check(found.loc[("total_enroll", "")], 3404940.13452911, 932235.027041215, (1405494.85852042, 5404385.41053781))
    check(found.loc[("improved", "")], 648.406015037594, 22.4750215158646, (599.851683001393, 696.960347073795))
    check(found.loc[("mean_api", "E")], 648.868055555556, 22.3624088938319)
    check(found.loc[("mean_api", "H")], 618.571428571429, 38.0202493594075)
    check(found.loc[("mean_api", "M")], 631.44, 31.6094652272455)
