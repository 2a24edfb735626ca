"""The engine on tables: a programme folder is written, its rows are staged, its indicator is measured and estimated."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from impact.declare import Programme, check_programme, load_programme
from impact.declare.indicators import Indicator
from impact.designs.effect import estimate_effect
from impact.errors import NotEstimable
from impact.formulas.measured import Measured
from impact.measure import Measures, measure_indicators
from impact.measure.measurement import Domain, Measurement
from impact.run.stage import Run, publish_rows, staging
from impact.states import Arm
from impact.store import Warehouse
from impact.tables.part import WHOLE
from tests.spec.spec import Frames, Spec, Table
from tests.support import programmes

INDICATOR = "indicator"
"""What an indicator is called where its declaration does not say."""
EFFECT = {"estimate": "estimate", "effect_low": "conf_low", "effect_high": "conf_high", "n_obs": "n_obs"}
"""Columns of a table out that are of the effect, by the name the effect has for them."""


def answers(spec: Spec, draws: Sequence[Frames]) -> list[pd.DataFrame]:
    """Return what the engine answers to a specification on each of several sets of tables."""
    with tempfile.TemporaryDirectory() as folder, Warehouse(":memory:") as warehouse:
        programme = load_programme(_written(Path(folder) / "made", spec, draws))
        assert not check_programme(programme), [str(problem) for problem in check_programme(programme)]
        run = Run(programme, warehouse, "validate", lambda *_: None)
        with staging(run) as staged, warehouse.transaction():
            publish_rows(run, staged)
        assert warehouse.rows("SELECT * FROM impact.quarantine") == []
        measures = measure_indicators(warehouse.connection, programme, programme.indicators)
        looked_at = programme.indicators[len(spec.indicators) - 1 :: len(spec.indicators)]
        return [_answer(warehouse, programme, indicator, measures) for indicator in looked_at]


def _written(folder: Path, spec: Spec, draws: Sequence[Frames]) -> Path:
    """Write one programme with the tables and indicators of every draw, each called by the number of its draw."""
    tables, indicators = {}, []
    for number, frames in enumerate(draws):
        for (name, table), frame in zip(spec.tables.items(), frames, strict=True):
            contract = _numbered(_contract(name, table), spec, number)
            tables[f"{name}_file_{number}"] = (contract, frame.astype(_whole(table)))
        indicators += [_numbered(_indicator(spec, fields), spec, number) for fields in spec.indicators]
    waves = [
        {"id": wave, "title": wave, "date": f"{year}", "role": "series"} for year, wave in enumerate(spec.waves, 2001)
    ]
    return programmes.programme_folder(folder, tables, indicators, waves=waves, codelists=spec.codelists)


def _whole(table: Table) -> dict[str, str]:
    """Return a type for the columns of integers that writes no decimal point beside missing cells."""
    return {column: "Int64" for column, kind in table.types.items() if kind == "integer"}


def _indicator(spec: Spec, fields: dict[str, Any]) -> dict[str, Any]:
    """Declare an indicator with what its specification leaves out."""
    name, *_ = spec.tables
    default = {"id": INDICATOR, "contract": name, "ex_post": {"period": "2020"}}
    return programmes.indicator(INDICATOR, **default | fields)


def _contract(name: str, table: Table) -> dict[str, Any]:
    """Declare a table: its types, persons and waves where it has columns of that name, and what it says itself."""
    linked = {column: column for column in ("person", "wave") if column in table.types}
    declared = programmes.contract(name, table.frame, key=table.key, **linked | dict(table.contract))
    for column, kind in table.types.items():
        declared["columns"][column] |= {"type": kind} | table.columns.get(column, {})
    return declared


def _numbered(declared: Any, spec: Spec, number: int) -> Any:
    """Add the number of a draw to every name of a contract or indicator, wherever it stands."""
    if isinstance(declared, dict):
        return {name: _numbered(value, spec, number) for name, value in declared.items()}
    if isinstance(declared, list):
        return [_numbered(value, spec, number) for value in declared]
    names = {*spec.tables, *(fields.get("id", INDICATOR) for fields in spec.indicators)}
    return f"{declared}_{number}" if isinstance(declared, str) and declared in names else declared


def _answer(warehouse: Warehouse, programme: Programme, indicator: Indicator, measures: Measures) -> pd.DataFrame:
    """Return the table out: a row for each part with its value, and the value before; the effect is of the whole."""
    wave, baseline = indicator.ex_post.wave or "", indicator.ex_ante.baseline
    values = [
        value
        for value in measures.measurements
        if value.indicator == indicator.id and value.domain.arm is not Arm.COMPARISON
    ]
    before = {
        value.domain.part: value.measured.value for value in values if baseline and value.domain.wave == baseline.wave
    }
    nothing = Measurement(indicator.id, Domain(Arm.ALL, WHOLE, wave), Measured(None), 0, 0)
    now = [value for value in values if value.domain.wave == wave] or [nothing]
    effect = _effect(warehouse, programme, indicator)
    return pd.DataFrame([_row(value) | {"baseline": before.get(value.domain.part)} | effect for value in now])


def _row(value: Measurement) -> dict[str, Any]:
    measured = value.measured
    interval = {"low": measured.conf_low, "high": measured.conf_high}
    counts = {"n": value.n, "n_missing": value.n_missing}
    return {"part": value.domain.part.code or "all", "value": measured.value} | interval | counts


def _effect(warehouse: Warehouse, programme: Programme, indicator: Indicator) -> dict[str, Any]:
    """Return the effect on everybody, without numbers where the engine refuses one."""
    if indicator.ex_post.design is None:
        return {}
    try:
        effect = estimate_effect(warehouse.connection, programme, indicator)
    except NotEstimable:
        return dict.fromkeys(EFFECT)
    return {column: getattr(effect, name) for column, name in EFFECT.items()}
