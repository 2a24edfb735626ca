"""Every kind of design says all that is true of it, knows no other, and a package adds one without touching the engine."""

from __future__ import annotations

import ast
import dataclasses
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import impact.designs
from impact.designs.kind import DesignKind
from impact.designs.models import MODELS, installed, name_of
from impact.designs.registry import DESIGNS
from impact.errors import DeclarationError, UsageError
from tests.support.packages import forget_words, package
from tests.support.programmes import indicator, written

FOLDER = Path(impact.designs.__file__).parent
KINDS = [name_of(model) for model in MODELS]


def test_each_kind_has_a_folder_of_its_name_and_a_descriptor() -> None:
    folders = {path.parent.name for path in FOLDER.glob("*/descriptor.py")}
    assert set(KINDS) == folders == set(DESIGNS)


def test_a_descriptor_has_no_default() -> None:
    fields = dataclasses.fields(DesignKind)
    assert all(field.default is field.default_factory is dataclasses.MISSING for field in fields)
    values = {field.name: getattr(DESIGNS["did"], field.name) for field in fields}
    for name in values:
        with pytest.raises(TypeError, match=name):
            DesignKind(**{other: value for other, value in values.items() if other != name})


def test_a_design_stands_on_checks_that_cost_something_when_they_fail() -> None:
    for design in DESIGNS.values():
        for check in design.stands_on:
            assert design.checks[check] is not None, (design.model, check)


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_knows_another(kind: str) -> None:
    for path in (FOLDER / kind).glob("*.py"):
        tree = ast.parse(path.read_text())
        modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        folders = {module.removeprefix("impact.designs.").split(".")[0] for module in modules}
        assert not folders & (set(KINDS) - {kind}), path


MODEL = '''
from collections.abc import Iterator
from typing import Literal

from impact.declare.base import ColumnName
from impact.designs.base import About, Armed, Declaration
from impact.designs.problems import row_problems
from impact.errors import Problem


class Medians(Armed):
    """The difference between the medians of two arms."""

    kind: Literal["medians"]

    def problems(self, at: Declaration) -> Iterator[Problem]:
        yield from row_problems(self, at)
        if self.covariates:
            yield at.problem("medians takes no covariates", "design.covariates")
'''
DESCRIPTOR = '''
import numpy as np

from impact.designs.kind import INFORMS, Counts, DesignKind
from impact.designs.base import Described
from impact.estimate.case import Case, at_wave, design_rows, require_arms
from impact.estimate.diagnostics import complete_cases
from impact.estimate.result import Effect, effect_from
from impact.statistics.core import wald
from impact.words.said import Said
from tiny_designs.model import Medians


def estimate(case: Case[Medians]) -> Effect:
    """Give the difference of medians, with the error of a normal distribution."""
    rows = at_wave(design_rows(case), case.indicator.ex_post.wave)
    require_arms(rows["_treated"], case.when)
    arms = [rows.loc[rows["_treated"] == arm, "_outcome"].to_numpy(dtype=float) for arm in (1, 0)]
    error = np.sqrt(sum(np.pi / 2 * arm.var(ddof=1) / len(arm) for arm in arms))
    difference = np.median(arms[0]) - np.median(arms[1])
    return effect_from(
        wald(float(difference), float(error), rule=Said("medians.rule"), n_obs=len(rows), df=len(rows) - 2),
        indicator=case.indicator.id,
        unit=case.unit,
        estimand=Said("estimand.att"),
        design=Said("medians.design"),
        diagnostics=(complete_cases(len(rows), len(rows)),),
        terms=(),
    )


MEDIANS = DesignKind(
    model=Medians,
    estimate=estimate,
    level=2,
    stands_on=(),
    checks={"complete_cases": INFORMS},
    counts=Counts.PERSONS,
    recruits="persons",
    precision=None,
    simulate=None,
)
HALF = Described(model=Medians)
'''
WORDS = """
medians.rule: {en: "normal error of medians", it: "errore normale delle mediane"}
medians.design: {en: "difference in medians", it: "differenza tra mediane"}
medians.kind: {en: "medians design", it: "disegno «mediane»"}
"""
POINTS = """
[impact.designs]
medians = tiny_designs.descriptor:MEDIANS
[impact.words]
tiny = tiny_designs
"""
FILES = {"__init__.py": "", "model.py": MODEL, "descriptor.py": DESCRIPTOR, "sentences/medians.yaml": WORDS}
Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return what installs a package that adds a design, for the length of a test."""

    def put(points: str) -> None:
        files = {f"tiny_designs/{name}": text for name, text in FILES.items()}
        monkeypatch.syspath_prepend(package(tmp_path / "site", files, points))
        forget()

    yield put
    monkeypatch.undo()
    forget()


def forget() -> None:
    """Have designs and words of packages read anew."""
    installed.cache_clear()
    forget_words()
    for name in [name for name in sys.modules if name.startswith("tiny_designs")]:
        del sys.modules[name]


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    """A programme whose indicator declares the design of the package."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"person": range(60), "arm": ["T", "C"] * 30, "y": rng.integers(0, 9, 60)})
    design = {"kind": "medians", "arm": "arm", "treated": "T", "comparison": "C"}
    folder = written(tmp_path / "programme", frame, [indicator("y", design)])
    frame["y"].groupby(frame["arm"]).median().to_json(folder / "medians.json")
    return folder


def test_a_package_adds_a_design(programme: Path, install: Install) -> None:
    install(POINTS)
    (finding,) = impact.run(programme).findings().to_dict("records")
    medians = pd.read_json(programme / "medians.json", typ="series")
    assert finding["estimate"] == medians["T"] - medians["C"]
    assert (finding["n_obs"], str(finding["design"]), finding["evidence_level"]) == (60, "difference in medians", 2)


def test_a_design_that_no_package_adds_is_refused_with_those_there_are(programme: Path) -> None:
    with pytest.raises(DeclarationError, match=r"medians.*'randomised', 'did'"):
        impact.run(programme)


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (POINTS.replace("medians = tiny", "median = tiny"), "a kind of its own, of that name"),
        (POINTS.replace("descriptor:MEDIANS", "descriptor:Case"), "expected a Described, found a type"),
        (POINTS.replace("descriptor:MEDIANS", "descriptor:HALF"), "expected a DesignKind"),
        (POINTS.replace("descriptor:MEDIANS", "descriptor:MEANS"), "the package tiny registers medians"),
    ],
)
def test_a_package_that_adds_half_a_design_is_named(
    programme: Path, install: Install, points: str, reason: str
) -> None:
    install(points)
    with pytest.raises(UsageError, match=reason):
        impact.run(programme)


def test_a_package_that_is_broken_stops_no_design_of_the_engines_own(tmp_path: Path, install: Install) -> None:
    install(POINTS.replace("descriptor:MEDIANS", "descriptor:MEANS"))
    design = {"kind": "randomised", "arm": "arm", "treated": "T", "comparison": "C"}
    frame = pd.DataFrame({"person": range(4), "arm": ["T", "C"] * 2, "y": [3, 1, 4, 1]})
    findings = impact.run(written(tmp_path / "programme", frame, [indicator("y", design)])).findings()
    assert findings["estimate"].tolist() == pytest.approx([2.5])
