"""Random programmes of persons for the attacker: several indicators, cuts, waves, arms and files over one population.

What is measured of them is counted here, with pandas: nothing of the engine's own measuring is used.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from impact.declare import Programme
from impact.declare.contracts import Contract
from impact.declare.indicators import Indicator
from impact.declare.programme import ProgrammeFile

TREE = {"N": None, "S": None, "N1": "N", "N2": "N", "S1": "S", "S2": "S"}
"""Codes of the column ``place``; persons may also stand at N and S themselves."""
MISSING = "(no value)"
WAVES = ("before", "after")
FORMULAS: dict[str, dict[str, Any]] = {
    "ill": {"kind": "proportion", "of": {"column": "ill", "equals": True}},
    "score": {"kind": "mean", "column": "score"},
    "aid": {"kind": "sum", "column": "aid"},
    "mean aid": {"kind": "mean", "column": "aid"},
    "free": {"kind": "mean", "column": "free"},
    "all": {"kind": "count"},
}
LIMITS = {"ill": (0.0, 1.0), "score": (1.0, 5.0), "aid": (0.0, math.inf), "mean aid": (0.0, math.inf),
          "free": (-math.inf, math.inf), "all": (1.0, 1.0)}  # fmt: skip
COLUMN = {"mean aid": "aid", "all": ""}
"""Which column a formula reads, where it is not called like it."""
Cut = tuple[str, str]


@dataclass(frozen=True)
class Made:
    """A random programme, its rows, and what is measured of them.

    Parameters
    ----------
    programme
        As declared.
    rows
        A row per person and wave.
    frames
        By indicator, as :func:`impact.publish.hidden.decide` takes them.
    above
        What each column and code belongs to.
    quadrant
        Of each project.
    files
        The column that says which file a row came in; empty for one file.
    """

    programme: Programme
    rows: pd.DataFrame
    frames: dict[str, pd.DataFrame]
    above: dict[Cut, list[Cut]]
    files: str


def random_programme(seed: int) -> Made:
    """Draw a programme."""
    rng = np.random.default_rng(seed)
    projects = {f"p{i}": f"q{i % 2}" for i in range(rng.integers(3, 7))}
    rows = _rows(rng, projects)
    waves = sorted(rows["wave"].unique(), key=WAVES.index)
    indicators = [_indicator(rng, place, waves) for place in range(rng.integers(2, 6))]
    minimum = int(rng.choice([3, 5, 10]))
    programme = _declared(indicators, minimum)
    frames = {one.id: pd.DataFrame(list(_measured(rows, one, waves))) for one in programme.indicators}
    above: dict[Cut, list[Cut]] = {("place", code): [("place", parent)] for code, parent in TREE.items() if parent}
    above |= {("project", code): [("quadrant", of)] for code, of in projects.items()}
    return Made(programme, rows, frames, above, str(rng.choice(["", "project", "wave"])))


def _rows(rng: np.random.Generator, projects: dict[str, str]) -> pd.DataFrame:
    size = int(rng.integers(25, 160))
    weights = rng.gamma(0.6, 1, len(projects)) + 0.02
    persons = pd.DataFrame({
        "person": np.arange(size),
        "project": rng.choice(list(projects), size, p=weights / weights.sum()),
        "place": rng.choice(list(TREE), size, p=[0.04, 0.02, 0.4, 0.1, 0.36, 0.08]),
        "sex": rng.choice(["f", "m", MISSING], size, p=[0.55, 0.4, 0.05]),
        "arm": rng.choice(["t", "c", "x"], size, p=[0.6, 0.35, 0.05]) if rng.random() < 0.5 else
               rng.choice(["t", "c"], size),
    })  # fmt: skip
    persons["quadrant"] = persons["project"].map(projects)
    waves = WAVES if rng.random() < 0.6 else WAVES[1:]
    lost = rng.choice([0.0, 0.0, 0.15])
    each = [persons[rng.random(size) >= (lost if place else 0)].assign(wave=wave) for place, wave in enumerate(waves)]
    rows = pd.concat(each, ignore_index=True)
    count, by = (
        len(rows),
        rows["project"].map(dict(zip(projects, rng.choice([0.0, 0.05, 0.5, 1.0], len(projects)), strict=True))),
    )
    rows["ill"] = (rng.random(count) < by).astype(float)
    rows["aid"] = np.where(rng.random(count) < by, rng.integers(1, 50, count), 0).astype(float)
    rows["score"] = np.where(rng.random(count) < by, rng.integers(1, 6, count), rng.choice([1, 5])).astype(float)
    rows["free"] = rng.normal(0, 10, count).round(2)
    for name in ("ill", "aid", "score", "free"):
        rows.loc[rng.random(count) < rng.choice([0.0, 0.0, 0.1]), name] = np.nan
    return rows


def _indicator(rng: np.random.Generator, place: int, waves: list[str]) -> dict[str, Any]:
    name = str(rng.choice(list(FORMULAS)))
    design = {"kind": "did", "arm": "arm", "treated": "t", "comparison": "c"}
    followed = len(waves) > 1 and rng.random() < 0.3
    return {
        "id": f"i{place}",
        "title": name,
        "node": "outcome",
        "level": "micro",
        "unit": "points",
        "direction": "increase",
        "contract": "rows",
        "formula": FORMULAS[name],
        "where": [{"column": "sex", "equals": "f"}] if rng.random() < 0.25 else [],
        "by": [one for one in ("project", "quadrant", "sex") if rng.random() < 0.5],
        "scope": ["place"] if rng.random() < 0.5 else [],
        "ex_ante": {"baseline": {"wave": "before"}} if len(waves) > 1 else {},
        "ex_post": {"wave": "after"} | ({"design": design} if followed and name not in ("aid", "all") else {}),
    }


def _declared(indicators: list[dict[str, Any]], minimum: int) -> Programme:
    node = {"id": "outcome", "stage": "outcome", "level": "micro", "horizon": "short", "title": "Outcome"}
    header = ProgrammeFile.model_validate({
        "id": "made", "title": "Made", "summary": "Made", "territory": "none", "period": {"start": "2019", "end": "2020"},
        "theory_of_change": {"nodes": [node]}, "disclosure": {"minimum": minimum},
    })  # fmt: skip
    kinds = dict.fromkeys(("person", "wave", "project", "quadrant", "place", "sex", "arm"), "text")
    kinds |= {"ill": "boolean", "aid": "integer", "score": "number", "free": "number"}
    contract = Contract.model_validate({
        "id": "rows", "title": "Rows", "unit_of_analysis": "row", "key": ["person", "wave"], "person": "person",
        "wave": "wave", "columns": {name: {"type": kind} for name, kind in kinds.items()},
    })  # fmt: skip
    declared = tuple(Indicator.model_validate(each) for each in indicators)
    return Programme(Path(), header, {"rows": contract}, {}, (), declared)


def within(code: str) -> set[str]:
    """Return a code of the tree with those below it."""
    return {code, *(other for other, parent in TREE.items() if parent == code)}


def formula_of(indicator: Indicator) -> str:
    """Return the name of an indicator's formula."""
    return str(dict(indicator.title)["en"])


def selected(rows: pd.DataFrame, indicator: Indicator) -> pd.DataFrame:
    """Return the rows that an indicator selects."""
    return rows[rows["sex"] == "f"] if indicator.where else rows


def _measured(rows: pd.DataFrame, indicator: Indicator, waves: list[str]) -> Iterator[dict[str, Any]]:
    own, designed = selected(rows, indicator), indicator.ex_post.design is not None
    for wave in waves:
        for arm, code in (("treated", "t"), ("comparison", "c")) if designed else (("", ""),):
            here = own[(own["wave"] == wave) & ((own["arm"] == code) | (not designed))]
            for cut, part in _parts(here, indicator):
                yield _cell(indicator, arm, wave, cut) | _content(part, formula_of(indicator))
    if designed:
        valued = own[
            own[COLUMN.get(formula_of(indicator), formula_of(indicator))].notna() & own["arm"].isin(["t", "c"])
        ]
        linked = valued[valued["person"].map(valued["person"].value_counts()) == len(WAVES)]
        for cut, part in _parts(linked, indicator):
            n = len(part)
            counts = {"n": n, "n_missing": 0, "value": np.nan, "std_error": np.nan, "persons": -(-n // 2)}
            if n:
                yield _cell(indicator, "effect", "after", cut) | counts


def _parts(rows: pd.DataFrame, indicator: Indicator) -> Iterator[tuple[Cut, pd.DataFrame]]:
    yield ("", ""), rows
    for column in (*indicator.scope, *indicator.by):
        codes = TREE if column == "place" else sorted(rows[column].unique())
        for code in codes:
            part = rows[rows[column].isin(within(code) if column == "place" else {code})]
            if len(part):
                yield (column, code), part


def _cell(indicator: Indicator, arm: str, wave: str, cut: Cut) -> dict[str, Any]:
    column, code = cut
    scoped = column in indicator.scope
    return {
        "programme": "made", "indicator": indicator.id, "arm": arm, "scope": column if scoped else "programme",
        "scope_value": code if scoped else "", "group": "all" if scoped or not column else column,
        "group_value": "" if scoped else code, "wave": wave,
    }  # fmt: skip


def _content(part: pd.DataFrame, formula: str) -> dict[str, Any]:
    values = part[COLUMN.get(formula, formula)].dropna() if formula != "all" else pd.Series(1.0, index=part.index)
    n = len(values)
    total = float(values.sum())
    value = total if formula in ("aid", "all") else total / n if n else math.nan
    error = float(values.std(ddof=1) / math.sqrt(n)) if n > 1 and formula not in ("aid", "all") else math.nan
    return {"n": n, "n_missing": len(part) - n, "value": value, "std_error": error, "persons": n}
