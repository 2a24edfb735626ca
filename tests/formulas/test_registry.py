"""The registry of formulas: nothing about a kind is left unsaid, and another package adds one."""

from __future__ import annotations

import dataclasses
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest

import impact
import impact.formulas
from impact.declare import check_programme
from impact.declare.schemas import json_schemas
from impact.errors import DeclarationError, UsageError
from impact.formulas import change, mean
from impact.formulas.base import RowFormula
from impact.formulas.installed import installed
from impact.formulas.kind import FormulaKind, Summary
from impact.formulas.registry import FORMULAS, formulas, kind_of
from tests.support.packages import package
from tests.support.programmes import indicator, written

Install = Callable[..., None]
WAVES = [
    {"id": "b", "title": "Before", "date": "2019", "role": "baseline"},
    {"id": "c", "title": "After", "date": "2020", "role": "end_line"},
]
TINY = """
import impact
import numpy as np
from typing import Literal
from impact.declare.base import ColumnName
from impact.formulas import mean, quantile
from impact.formulas.base import ONE, ColumnUse, CountedFormula, RowFormula
from impact.formulas.kind import FormulaKind, Summary
from impact.formulas.limits import ANYTHING, NEVER_NEGATIVE
from impact.formulas.measured import Measured
from impact.sql import as_number
from dataclasses import replace

class GeometricMean(CountedFormula):
    kind: Literal["geometric_mean"]
    column: ColumnName

    def columns(self):
        return ((self.column, ColumnUse.NUMBER),)

    def conditions(self):
        return ()

    def ratio_sql(self, contract):
        value = as_number(self.column)
        return f"CASE WHEN {value} > 0 THEN {value} END", ONE

    def aggregate_sql(self, y, weighted_y, weighted_x):
        return f"exp(avg(ln({y})))"

    def value_of_counts(self, counts):
        return Measured(float(np.exp(np.average(np.log(counts.values), weights=counts.counts))))

    def value_limits(self, column):
        return NEVER_NEGATIVE

    def row_limits(self, column, *, weighted):
        return ANYTHING

    def settling_columns(self):
        return (self.column,)

class Square(RowFormula):
    kind: Literal["square"]
    column: ColumnName

    def columns(self):
        return ((self.column, ColumnUse.NUMBER),)

    def conditions(self):
        return ()

    def value_sql(self, contract):
        return f"{as_number(self.column)} * {as_number(self.column)}"

    def row_limits(self, column, *, weighted):
        return NEVER_NEGATIVE

    def settling_columns(self):
        return (self.column,)

GEOMETRIC = replace(quantile.KIND, model=GeometricMean)
SQUARE = replace(mean.KIND, model=Square)
OWN = replace(SQUARE, summary=Summary.OWN)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package that registers formulas: a module, and what a wheel says of its entry points."""

    def put(*points: str) -> None:
        registered = "\n".join(["[impact.formulas]", *points])
        monkeypatch.syspath_prepend(package(tmp_path / "site", {"tiny_formulas.py": TINY}, registered))
        _forget()

    yield put
    _forget()


def _forget() -> None:
    installed.cache_clear()
    formulas.cache_clear()


def test_every_kind_is_a_module_of_its_name() -> None:
    shared = {"base", "installed", "kind", "limits", "measured", "models", "order_statistics", "registry", "rows"}
    assert {module.name for module in pkgutil.iter_modules(impact.formulas.__path__)} - shared == set(FORMULAS)


def test_what_can_be_declared_is_what_is_registered() -> None:
    declared = json_schemas()["indicators.schema.json"]["$defs"]["Indicator"]["properties"]["formula"]
    assert list(declared["discriminator"]["mapping"]) == sorted(FORMULAS)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(FormulaKind)])
def test_a_kind_that_leaves_a_question_open_cannot_be_made(field: str) -> None:
    answers = {name: getattr(mean.KIND, name) for name in FormulaKind.__dataclass_fields__ if name != field}
    with pytest.raises(TypeError, match=f"missing 1 required positional argument: '{field}'"):
        FormulaKind(**answers)


class Half(RowFormula):
    """A model that says nothing of its own."""

    kind: Literal["half"]


def test_a_model_that_leaves_a_question_open_cannot_be_described() -> None:
    with pytest.raises(TypeError, match="Half does not say: columns, conditions, row_limits, settling_columns, value"):
        dataclasses.replace(mean.KIND, model=Half)


def test_a_model_must_give_what_is_taken_of_it() -> None:
    with pytest.raises(TypeError, match="the formula Change with the summary mean is no RowFormula"):
        dataclasses.replace(change.KIND, summary=Summary.MEAN)


# ---- formulas of other packages --------------------------------------------------------------------------------------


def programme(folder: Path, **fields: Any) -> Path:
    """Write four persons at two waves, and an indicator of them."""
    rows = {"person": ["1", "2", "3", "4"] * 2, "wave": ["b"] * 4 + ["c"] * 4, "y": [1, 2, 3, 4, 1, 10, 100, 1000]}
    declared = indicator("y", ex_post={"wave": "c"}, **fields)
    return written(folder, pd.DataFrame(rows), [declared], key=["person", "wave"], wave="wave", waves=WAVES)


def test_a_package_adds_a_formula(tmp_path: Path, install: Install) -> None:
    folder = programme(tmp_path / "p", formula={"kind": "geometric_mean", "column": "y"}, sample={"all_units": True})
    with pytest.raises(DeclarationError, match="'geometric_mean' found using 'kind' does not match"):
        impact.load(folder)
    install("geometric_mean = tiny_formulas:GEOMETRIC")
    declared = impact.load(folder)
    assert check_programme(declared) == []
    assert kind_of(declared.indicators[0].formula).name == "geometric_mean"
    result = impact.run(declared)
    finding = result.findings().iloc[0]
    assert (finding["value"], finding["n"]) == (pytest.approx(10**1.5), 4)
    published = result.trace("made/y").definition.query
    assert "exp(avg(ln(y)))" in published
    assert list(formulas()) == [*FORMULAS, "geometric_mean"]


def test_what_a_package_reads_is_checked(tmp_path: Path, install: Install) -> None:
    install("geometric_mean = tiny_formulas:GEOMETRIC")
    folder = programme(tmp_path / "p", formula={"kind": "geometric_mean", "column": "absent"})
    assert [problem.what for problem in check_programme(impact.load(folder))] == [
        "contract 'rows' has no column 'absent'"
    ]
    unknown = programme(tmp_path / "q", formula={"kind": "geometric_mean", "columns": "y"})
    with pytest.raises(DeclarationError, match=r"formula\.columns"):
        impact.load(unknown)


def test_a_change_is_taken_of_a_packages_formula(tmp_path: Path, install: Install) -> None:
    install("square = tiny_formulas:SQUARE", "geometric_mean = tiny_formulas:GEOMETRIC")
    of = {"kind": "change", "of": {"kind": "square", "column": "y"}, "since": "b"}
    changed = impact.run(programme(tmp_path / "p", formula=of)).findings().iloc[0]
    assert changed["value"] == (1 + 10**2 + 100**2 + 1000**2) / 4 - (1 + 4 + 9 + 16) / 4
    without_rows = {"kind": "change", "of": {"kind": "geometric_mean", "column": "y"}, "since": "b"}
    with pytest.raises(DeclarationError, match="'geometric_mean' found using 'kind' does not match"):
        impact.load(programme(tmp_path / "q", formula=without_rows))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (["mean = tiny_formulas:SQUARE"], "adds a formula 'mean', but there is one already"),
        (["cube = tiny_formulas:SQUARE"], "adds a formula 'cube', but its kind is 'square'"),
        (["square = tiny_formulas:OWN"], "adds a formula 'square', but only the engine's own have a pass of their own"),
        (["square = tiny_formulas:Square"], "expected a FormulaKind, found a ModelMetaclass"),
        (["square = tiny_formulas:absent"], "the package tiny registers square in impact.formulas, but: "),
    ],
)
def test_what_a_package_registers_wrongly_is_refused(points: list[str], message: str, install: Install) -> None:
    install(*points)
    with pytest.raises(UsageError, match=message):
        formulas()
