"""The observations of a programme as a reader may see them: promise, outcome and effect, a row a number.

Read from the protected tables of :class:`impact.publish.published.ReaderTables` and placed by the programme's mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from impact.errors import Problem, ProblemsError
from impact.publish.official.data_set import arrow_schema
from impact.publish.official.editions import unmapped_problem
from impact.publish.official.lists import (
    ARMS,
    CONF_STATUS_OF_MISSING,
    FREE,
    NORMAL,
    OBS_STATUS_OF_FLAG,
    OBS_STATUS_OF_MISSING,
    TOTAL,
)
from impact.publish.official.mapping import OfficialMapping
from impact.publish.official.period import frequency, last_day_of
from impact.publish.official.structure import Role, Structure
from impact.states import Arm
from impact.tables.part import COLUMNS, cut_columns, part_codes

_BOUNDS = {"VALUE_LOW": "conf_low", "VALUE_HIGH": "conf_high"}
_OF_FINDING = {
    "BASELINE": "baseline",
    "TARGET": "target",
    "FORECAST": "forecast",
    "EFFECT": "estimate",
    "EFFECT_LOW": "effect_low",
    "EFFECT_HIGH": "effect_high",
}
_EFFECTS = ("EFFECT", "EFFECT_LOW", "EFFECT_HIGH")
_KEPT = ("indicator", *COLUMNS, "suppressed")


def observations(
    structure: Structure, mapping: OfficialMapping, measures: pd.DataFrame, findings: pd.DataFrame
) -> pa.Table:
    """Return the observations of a programme in the columns of its structure, sorted by key.

    Parameters
    ----------
    structure, mapping
        Of the programme.
    measures, findings
        As a reader may see them: what is suppressed has no value, and says why.

    Raises
    ------
    ProblemsError
        If parts have no official code, or waves no period, with all of them; or if two numbers have one key.
    """
    promised_to = _arms_of_promises(measures, findings)
    tall = pd.concat([_measured(measures), _found(findings, mapping, promised_to)], ignore_index=True)
    placed = _placed(tall, structure, mapping)
    dated = _dated(placed, mapping)
    whole = _stated(_described(dated, mapping, _kinds(findings)))
    _refuse_twice(whole, structure)
    keys = [component.id for component in structure.of_role(Role.DIMENSION, Role.TIME)]
    ordered = whole.sort_values(keys, ignore_index=True)
    return pa.Table.from_pandas(ordered, schema=arrow_schema(structure), preserve_index=False)


def _measured(measures: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each measured value, and for each end of its interval that there is."""
    base = measures[[*_KEPT, "arm", "wave", "flags"]]
    values = base.assign(MEASURE="VALUE", value=measures["value"], N_OBS=measures["n"])
    bounds = [base.assign(MEASURE=measure, value=measures[column]) for measure, column in _BOUNDS.items()]
    ends = pd.concat(bounds)
    return pd.concat([values, ends[ends["value"].notna()]])


def _arms_of_promises(measures: pd.DataFrame, findings: pd.DataFrame) -> pd.Series:
    """Return the arm that baseline, target and forecast of each finding are of, which is that of its value.

    Where a design has arms these are the treated alone: under the total they would pass for both arms together.
    """
    treated = measures[measures["arm"] == Arm.TREATED]
    armed = set(treated[["indicator", *COLUMNS]].itertuples(index=False, name=None))
    keys = findings[["indicator", *COLUMNS]].itertuples(index=False, name=None)
    return pd.Series([str(Arm.TREATED) if key in armed else "" for key in keys], findings.index, dtype=object)


def _found(findings: pd.DataFrame, mapping: OfficialMapping, promised_to: pd.Series) -> pd.DataFrame:
    """Return a row for each number of the promise and of the effect that there is.

    An effect has the cautions of its finding, and is a contrast of arms, so of none; a promise has no cautions.
    """
    periods = _periods_of_findings(findings, mapping)
    rows = []
    for measure, column in _OF_FINDING.items():
        frame = findings[list(_KEPT)].assign(MEASURE=measure, value=findings[column], period=periods[measure])
        frame["suppressed"] = ""  # of the outcome: a number that stands beside it, such as a declared target, is not
        if measure == "EFFECT":
            frame = frame.assign(N_OBS=findings["n_obs"])
        if measure in _EFFECTS:
            of_effect = {"EVIDENCE_LEVEL": findings["evidence_level"], "wave": findings["period"]}
            frame = frame.assign(**of_effect, arm="", flags=findings["flags"])
        else:
            frame = frame.assign(arm=promised_to)
        there = findings[column].notna()
        if measure == "FORECAST":
            there &= findings["forecast_of"] == "value"
        rows.append(frame[there])
    return pd.concat(rows)


def _periods_of_findings(findings: pd.DataFrame, mapping: OfficialMapping) -> dict[str, pd.Series]:
    """Return the period of each number of the findings: the outcome's, but for what is before it or due."""
    indicators = findings["indicator"]
    outcome = indicators.map({name: facts.period for name, facts in mapping.indicators.items()})
    before = indicators.map({name: facts.baseline for name, facts in mapping.indicators.items()})
    periods = dict.fromkeys(_OF_FINDING, outcome)
    return periods | {"BASELINE": before, "TARGET": findings["due"].astype(object).fillna(outcome)}


def part_keys(frame: pd.DataFrame) -> pd.Series:
    """Return the part of each row of a table as a mapping names it, ``column=code``; empty for the whole."""
    columns, codes = cut_columns(frame), part_codes(frame)
    return (columns + "=" + codes).where(columns != "", "")


def _placed(tall: pd.DataFrame, structure: Structure, mapping: OfficialMapping) -> pd.DataFrame:
    """Return rows with the code of their part in each dimension that tells parts apart."""
    keys = part_keys(tall)
    unknown = sorted(set(keys.unique()) - {"", *mapping.parts})
    if unknown:
        raise ProblemsError([unmapped_problem(*key.split("=", 1)) for key in unknown])
    told = [c.id for c in structure.dimensions if c.id not in ("FREQ", "INDICATOR", "MEASURE", "ARM")]
    whole = dict.fromkeys(told, TOTAL) | {"REF_AREA": mapping.area}
    places = {key: whole | dict(mapping.parts.get(key, {})) for key in keys.unique()}
    placed = {dimension: keys.map({key: place[dimension] for key, place in places.items()}) for dimension in told}
    return tall.assign(**placed)


def _dated(rows: pd.DataFrame, mapping: OfficialMapping) -> pd.DataFrame:
    """Return rows with period, frequency and day: those of the wave, or of what was declared for the indicator."""
    waves = rows["wave"].astype(object).fillna("")
    outcome = rows["indicator"].map({name: facts.period for name, facts in mapping.indicators.items()})
    of_wave = waves.map(mapping.periods).astype(object).fillna(outcome.where(waves == ""))
    periods = rows["period"].astype(object).fillna(of_wave)
    undated = sorted(waves[periods.isna()].unique())
    if undated:
        raise ProblemsError([_undated(wave) for wave in undated])
    told = periods.unique()
    days = {period: last_day_of(period) for period in told}
    frequencies = {period: frequency(period) for period in told}
    named = waves.where(waves.isin(list(mapping.periods)), None)
    return rows.assign(TIME_PERIOD=periods, FREQ=periods.map(frequencies), REF_DATE=periods.map(days), WAVE=named)


def _undated(wave: str) -> Problem:
    fix = f"Declare the wave in programme.yaml, or its period: periods: {{{wave}: 2021-S1}}."
    return Problem(f"the wave '{wave}' has no date, so its values have no time period", "export.yaml", fix=fix)


def _described(rows: pd.DataFrame, mapping: OfficialMapping, kinds: Mapping[str, str]) -> pd.DataFrame:
    """Return rows with what their indicator says of all its values."""
    facts = rows["indicator"].map(mapping.indicators)
    level = rows["EVIDENCE_LEVEL"].astype("Int64").astype("string")
    return rows.assign(
        INDICATOR=rows["indicator"],
        ARM=rows["arm"].map(ARMS),
        OBS_VALUE=rows["value"].astype("Float64"),
        N_OBS=rows["N_OBS"].astype("Int64"),
        UNIT_MEASURE=facts.map(lambda fact: fact.unit),
        UNIT_MULT=facts.map(lambda fact: str(fact.multiplier)),
        DECIMALS=facts.map(lambda fact: str(fact.decimals)),
        LEVEL=facts.map(lambda fact: fact.level),
        DATA_KIND=rows["indicator"].map(kinds),
        EVIDENCE_LEVEL=level,
    )


def _kinds(findings: pd.DataFrame) -> dict[str, str]:
    """Return of each indicator whether its data are real or synthetic."""
    kinds = findings[["indicator", "data_kind"]].drop_duplicates("indicator")
    return dict(zip(kinds["indicator"], kinds["data_kind"], strict=True))


def _stated(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the status of each observation, and why there is no value where there is none."""
    suppressed = rows["suppressed"].astype(object).replace("", None)
    missing = suppressed.where(suppressed.notna(), rows["value"].isna().map({True: "missing", False: None}))
    flags = rows["flags"].map(_joined_flags)
    status = missing.map(OBS_STATUS_OF_MISSING).astype(object).fillna(rows["flags"].map(_status))
    forecast = (rows["MEASURE"] == "FORECAST") & missing.isna()
    return rows.assign(
        MISSING_KIND=missing,
        FLAGS=flags,
        OBS_STATUS=status.mask(forecast, "F"),
        CONF_STATUS=missing.map(CONF_STATUS_OF_MISSING).astype(object).fillna(FREE),
    )


def _flags_of(value: Any) -> tuple[str, ...]:
    return () if value is None or isinstance(value, float) else tuple(value)


def _joined_flags(value: Any) -> str | None:
    return " ".join(sorted(_flags_of(value))) or None


def _status(value: Any) -> str:
    raised = _flags_of(value)
    return next((code for flag, code in OBS_STATUS_OF_FLAG.items() if flag in raised), NORMAL)


def _refuse_twice(rows: pd.DataFrame, structure: Structure) -> None:
    """Refuse two numbers under one key: two waves of one period, or two parts under one official code."""
    keys = [component.id for component in structure.of_role(Role.DIMENSION, Role.TIME)]
    twice = rows[rows.duplicated(keys, keep=False)]
    if twice.empty:
        return
    first = twice.sort_values(keys).iloc[0]
    waves = sorted(set(twice[(twice[keys] == first[keys]).all(axis=1)]["WAVE"].dropna()))
    key = ", ".join(f"{name} {first[name]}" for name in keys)
    fix = f"Give the waves {', '.join(waves)} periods of their own." if len(waves) > 1 else "Tell the parts apart."
    raise ProblemsError([Problem(f"two observations have one key: {key}", "export.yaml", fix=fix)])
