"""Many indicators, cuts and waves at once: each value as rows alone give it, and few passes over the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from impact.declare import Programme, load_programme
from impact.declare.hierarchy import codes_within
from impact.declare.indicators import Indicator
from impact.measure import measure_indicators
from impact.measure.measurement import Measurement
from impact.statistics.surveys import estimation
from impact.statistics.surveys.design import SampleDesign
from impact.tables.part import MISSING_GROUP
from tests.support import programmes

WAVES = ("before", "after")
PLACES = {"N": None, "S": None, "N1": "N", "N2": "N", "S1": "S"}
CUTS = ("place", "sex", "age")
SAMPLES: dict[str, dict[str, str]] = {
    "weighted": {"weight": "weight"},
    "stratified": {"weight": "weight", "strata": "stratum"},
    "clustered": {"weight": "weight", "cluster": "cluster"},
    "nested": {"weight": "weight", "cluster": "cluster", "strata": "stratum", "lonely_psu": "certainty"},
    "finite": {"weight": "weight", "strata": "stratum", "population": "size"},
    "staged": {
        "weight": "weight",
        "strata": "stratum",
        "cluster": "cluster",
        "population": "clusters",
        "population_within": "members",
        "lonely_psu": "certainty",
    },
}
FORMULAS: dict[str, dict[str, Any]] = {
    "mean": {"kind": "mean", "column": "y"},
    "far": {"kind": "mean", "column": "far"},
    "share": {"kind": "proportion", "of": {"column": "z", "above": 3}},
    "ratio": {"kind": "ratio", "numerator": "y", "denominator": "x"},
    "sum": {"kind": "sum", "column": "y"},
}


def drawn(seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    persons = int(draw.integers(60, 400))
    frame = pd.DataFrame({"person": [f"p{number:04d}" for number in range(persons)]})
    frame["place"] = draw.choice([*PLACES, None], persons, p=[0.05, 0.05, 0.3, 0.25, 0.3, 0.05])
    frame["sex"] = draw.choice(["f", "m", None], persons, p=[0.5, 0.4, 0.1])
    frame["age"] = draw.choice(list("abcd"), persons)
    frame["stratum"] = draw.choice(["s", "t"], persons)
    frame["cluster"] = draw.choice([f"c{number}" for number in range(int(draw.integers(5, 30)))], persons)
    frame["cluster"] = frame["stratum"] + frame["cluster"]
    frame["weight"] = draw.gamma(2, 1, persons).round(3) + 0.1
    frame["size"] = frame["stratum"].map(frame["stratum"].value_counts()) * 3
    frame["clusters"], frame["members"] = 80, persons
    waves = [frame[draw.random(persons) < 0.9].assign(wave=wave) for wave in WAVES]
    rows = pd.concat(waves, ignore_index=True)
    rows["y"] = draw.normal(2, 3, len(rows)).round(2)
    rows["far"] = 1e6 + draw.integers(0, 40, len(rows))
    rows["z"] = draw.integers(1, 6, len(rows))
    rows["x"] = draw.integers(1, 9, len(rows))
    for name in ("y", "z"):
        rows[name] = rows[name].astype(float).mask(draw.random(len(rows)) < 0.08)
    return rows


def declared(folder: Path, rows: pd.DataFrame, sample: dict[str, str]) -> Programme:
    text = ["person", "wave", "place", "sex", "age", "stratum", "cluster"]
    contract = programmes.contract("rows", rows, key=["person", "wave"], person="person", wave="wave")
    for name, column in contract["columns"].items():
        column["type"] = "text" if name in text else "number"
    contract["columns"]["place"] = {"type": "code", "codelist": "places"}
    codes = [{"code": code, "title": code} | ({"parent": parent} if parent else {}) for code, parent in PLACES.items()]
    fields: dict[str, Any] = {"by": list(CUTS), "sample": sample, "ex_post": {"wave": WAVES[1]}}
    indicators = [programmes.indicator(name, formula=formula, **fields) for name, formula in FORMULAS.items()]
    waves = [{"id": wave, "title": wave, "date": f"{2020 + year}", "role": "series"} for year, wave in enumerate(WAVES)]
    places = [{"id": "places", "title": "Places", "codes": codes}]
    folder = programmes.programme_folder(folder, {"data": (contract, rows)}, indicators, waves=waves, codelists=places)
    return load_programme(folder)


def database(rows: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    """Return a database with the good rows alone, as measuring reads them."""
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA made")
    connection.execute("CREATE SCHEMA impact")
    connection.execute("CREATE TABLE impact.quarantine (programme VARCHAR, source VARCHAR, severity VARCHAR)")
    good = rows.assign(_source="data", _row=range(len(rows)))
    connection.register("good", good)
    connection.execute("CREATE TABLE made.rows AS FROM good")
    return connection


def by_rows(rows: pd.DataFrame, indicator: Indicator, measured: Measurement, programme: Programme) -> Any:
    """Estimate one value from the rows of its wave, as the estimators of surveys do."""
    domain, sample = measured.domain, indicator.sample
    wave = rows[rows["wave"] == domain.wave]
    inside = np.ones(len(wave), dtype=bool)
    if not domain.part.is_whole:
        lists = programme.codelists["places"] if domain.part.column == "place" else None
        codes = codes_within(lists, domain.part.code)
        inside = wave[domain.part.column].fillna(MISSING_GROUP).isin(codes).to_numpy()
    column = {"mean": "y", "far": "far", "share": "z", "ratio": "y", "sum": "y"}[indicator.id]
    known = wave[column].notna().to_numpy()
    y = wave[column].to_numpy(dtype=float)
    y = np.where(known, y > 3, np.nan) if indicator.id == "share" else y
    labels = {"strata": sample.strata, "clusters": sample.cluster}
    sizes = {"population": sample.population, "within": sample.population_within}
    told = {name: wave[column].to_numpy() for name, column in (labels | sizes).items() if column}
    design = SampleDesign(wave["weight"].to_numpy(), **told, lonely=sample.lonely_psu or "refuse")
    if indicator.id == "sum":
        return estimation.total(y, design, inside & known)
    if indicator.id == "ratio":
        return estimation.ratio(y, wave["x"].to_numpy(dtype=float), design, domain=inside & known)
    return estimation.mean(y, design, inside & known)


@pytest.mark.parametrize(("seed", "name"), list(enumerate(SAMPLES)), ids=list(SAMPLES))
def test_sums_over_cells_are_what_rows_give(tmp_path: Path, seed: int, name: str) -> None:
    rows = drawn(seed)
    programme = declared(tmp_path / "made", rows, SAMPLES[name])
    measures = measure_indicators(database(rows), programme, programme.indicators)
    indicators = {indicator.id: indicator for indicator in programme.indicators}
    compared = 0
    for measured in measures.measurements:
        value = measured.measured
        if value.std_error is None:
            continue
        expected = by_rows(rows, indicators[measured.indicator], measured, programme)
        assert value.value == pytest.approx(expected.estimate, rel=1e-12)
        assert value.std_error == pytest.approx(expected.std_error, rel=1e-9)
        compared += 1
    assert compared > 100


def test_indicators_and_cuts_share_the_passes_over_rows(tmp_path: Path) -> None:
    rows = drawn(7)
    programme = declared(tmp_path / "made", rows, {"weight": "weight"})
    queries: list[str] = []

    class Counting:
        """A connection that writes down what it is asked."""

        def __init__(self) -> None:
            self.connection = database(rows)

        def execute(self, query: str, *parameters: Any) -> duckdb.DuckDBPyConnection:
            queries.append(query)
            return self.connection.execute(query, *parameters)

    means = [indicator for indicator in programme.indicators if indicator.id != "sum"]
    measure_indicators(Counting(), programme, means)  # type: ignore[arg-type]
    # which waves there are; what kind of numbers, and about how large; all sums, by all cuts
    assert len(queries) == 4


def test_what_rows_say_of_themselves_stands_on_every_part(tmp_path: Path) -> None:
    rows = pd.DataFrame({
        "person": [f"p{number}" for number in range(6)],
        "place": ["N1", "N1", "N1", "N2", "N2", "S1"],
        "y": [1.0, 2.0, 4.0, 8.0, None, 32.0],
        "weight": [1.0, 1.0, -1.0, 1.0, 1.0, 1.0],
        "stated": ["about", "more_than", "exact", "exact", "about", "at_most"],
        "flag": ["", "p", "e", "bp", "e", ""],
    })  # fmt: skip
    contract = programmes.contract("rows", rows, key=["person"], person="person", status="flag")
    contract["columns"]["flag"] = {"type": "text"}
    declared = programmes.indicator(
        "total",
        formula={"kind": "sum", "column": "y", "qualifier": "stated"},
        by=["place"],
        sample={"weight": "weight"},
        where=[{"column": "y", "below": 30}],
    )
    folder = programmes.programme_folder(tmp_path / "made", {"data": (contract, rows)}, [declared])
    programme = load_programme(folder)
    measures = measure_indicators(database(rows), programme, programme.indicators)
    parts = {measured.domain.part.code: measured for measured in measures.measurements}
    assert {"about", "more_than", "negative_weights", "provisional"} <= set(parts["N1"].flags)
    assert "estimated" not in parts["N1"].flags  # that row has a weight below zero
    assert {"break", "provisional"} <= set(parts["N2"].flags)
    assert "about" not in parts["N2"].flags  # that row has no value
    assert {"about", "more_than", "negative_weights", "break", "provisional"} <= set(parts[""].flags)
    assert (parts["N1"].measured.value, parts[""].measured.value) == (3.0, 11.0)
    assert "S1" not in parts  # the filter leaves nothing of it


def test_one_wild_row_leaves_the_spread_of_other_parts(tmp_path: Path) -> None:
    rows = drawn(8)
    rows.loc[rows.index[-1], ["y", "age"]] = [1e9, "a"]
    programme = declared(tmp_path / "made", rows, {"weight": "weight"})
    mean = [indicator for indicator in programme.indicators if indicator.id == "mean"]
    measures = measure_indicators(database(rows), programme, mean)
    of_others = [
        one for one in measures.measurements if one.domain.part.column == "age" and one.domain.part.code != "a"
    ]
    assert len(of_others) == 6
    for measured in of_others:
        expected = by_rows(rows, mean[0], measured, programme)
        assert measured.measured.std_error == pytest.approx(expected.std_error, rel=1e-9)


def test_weights_that_are_missing_are_not_below_zero(tmp_path: Path) -> None:
    rows = drawn(9)
    rows.loc[rows["age"] == "a", "weight"] = np.nan
    programme = declared(tmp_path / "made", rows, {"weight": "weight"})
    measures = measure_indicators(database(rows), programme, programme.indicators)
    assert not [one for one in measures.measurements if "negative_weights" in one.flags]


def test_weights_that_add_up_to_the_rows_are_no_rows(tmp_path: Path) -> None:
    """With weights of 2 and half of the values missing, the sum of weights is the number of rows."""
    rows = drawn(10)
    rows["weight"] = 2.0
    rows["y"] = np.where(np.arange(len(rows)) % 2 == 0, np.nan, np.random.default_rng(3).normal(2, 3, len(rows)))
    programme = declared(tmp_path / "made", rows, SAMPLES["staged"])
    mean = [indicator for indicator in programme.indicators if indicator.id == "mean"]
    measures = measure_indicators(database(rows), programme, mean)
    spread = [one for one in measures.measurements if one.measured.std_error is not None]
    assert len(spread) > 5
    for measured in spread:
        expected = by_rows(rows, mean[0], measured, programme)
        assert measured.measured.std_error == pytest.approx(expected.std_error, rel=1e-9)
