"""The designs: from the rows of one indicator to an effect, or a named reason why there is none."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd

from impact.declare import Programme
from impact.declare.indicators import Change, DifferenceInDifferences, Indicator, Randomised
from impact.errors import NotEstimable
from impact.estimate.diagnostics import (
    complete_cases,
    differential_attrition,
    enough_clusters,
    joint_balance,
    not_applicable,
    placebo,
    placebo_impossible,
)
from impact.estimate.regression import Coefficient, robust_coefficient
from impact.estimate.result import Diagnostic, Effect
from impact.measure import unit_frame

MINIMUM_PER_ARM = 2


def estimate_effect(
    connection: duckdb.DuckDBPyConnection,
    programme: Programme,
    indicator: Indicator,
    group: tuple[str, str] | None = None,
) -> Effect:
    """Estimate the effect an indicator declares.

    Parameters
    ----------
    connection
        Holds the views of the programme's good rows.
    programme, indicator
        What is declared.
    group
        Column and value of a subgroup, or None for everybody.

    Raises
    ------
    NotEstimable
        With the reason and what would be needed.
    """
    design = indicator.ex_post.design
    if design is None:
        raise NotEstimable("the plan declares no design with a comparison", "a randomised or did design")
    if not isinstance(design, Randomised | DifferenceInDifferences):
        raise NotEstimable("there is no comparison: a before/after change is not an effect", "a comparison group")
    rows = _rows(connection, programme, indicator, group)
    if isinstance(design, Randomised):
        return _randomised(programme, indicator, design, rows)
    return _difference_in_differences(indicator, design, rows)


def _rows(
    connection: duckdb.DuckDBPyConnection,
    programme: Programme,
    indicator: Indicator,
    group: tuple[str, str] | None,
) -> pd.DataFrame:
    """Return the rows of both arms with ``_treated`` 0 or 1; refuse persons who change arm."""
    design, sample = indicator.ex_post.design, indicator.sample
    assert isinstance(design, Randomised | DifferenceInDifferences)  # noqa: S101 - the caller has looked
    columns = [design.arm, *getattr(design, "covariates", ())]
    columns += [name for name in (design.cluster, sample.cluster, sample.weight) if name]
    contract = programme.contracts[indicator.contract]
    frame = unit_frame(connection, programme.id, contract, indicator, columns, group=group[0] if group else None)
    if group:
        frame = _members(frame, indicator, group[1])
    frame = frame[frame[design.arm].isin([design.treated, design.comparison])].copy()
    frame["_treated"] = (frame[design.arm] == design.treated).astype(int)
    if (frame.groupby("_unit")["_treated"].nunique() > 1).any():
        count = int((frame.groupby("_unit")["_treated"].nunique() > 1).sum())
        raise NotEstimable(f"{count} persons change arm between waves", "one arm per person, as assigned")
    return frame


def _baseline_wave(indicator: Indicator) -> str | None:
    """Return the wave before the programme: a change's earlier wave, else the declared baseline."""
    if isinstance(indicator.formula, Change):
        return indicator.formula.since
    return indicator.ex_ante.baseline.wave if indicator.ex_ante.baseline else None


def _members(frame: pd.DataFrame, indicator: Indicator, group: str) -> pd.DataFrame:
    """Keep the persons of a group, as they were at the baseline, or at their first wave if they were not there."""
    first = frame.assign(_late=frame["_wave"] != _baseline_wave(indicator)).sort_values(["_unit", "_late", "_wave"])
    label = first.drop_duplicates("_unit").set_index("_unit")["_group"]
    return frame[frame["_unit"].map(label) == group]


def _at_wave(frame: pd.DataFrame, wave: str | None) -> pd.DataFrame:
    """Return one row per unit at a wave; without waves, all rows."""
    part = frame if wave is None else frame[frame["_wave"] == wave]
    if part["_unit"].duplicated().any():
        raise NotEstimable(
            "a person has several rows in one wave",
            "one row per person and wave: a filter, or another contract",
        )
    return part.set_index("_unit")


def _require_arms(frame: pd.DataFrame, when: str) -> None:
    counts = frame["_treated"].value_counts()
    for value, name in ((1, "treated"), (0, "comparison")):
        if counts.get(value, 0) < MINIMUM_PER_ARM:
            raise NotEstimable(
                f"the {name} arm has {counts.get(value, 0)} persons with an outcome {when}",
                f"at least {MINIMUM_PER_ARM} in each arm",
            )


def _background(indicator: Indicator, design: Randomised, rows: pd.DataFrame, end: pd.DataFrame) -> pd.DataFrame:
    """Return the covariates of the end-line units: columns as they stood at baseline, outcomes at earlier waves."""
    baseline = _baseline_wave(indicator)
    before = _at_wave(rows, baseline) if baseline else end
    columns: dict[str, pd.Series] = {}
    for name in design.covariates:
        values = before[name].reindex(end.index)
        if pd.api.types.is_numeric_dtype(values):
            columns[name] = values.astype(float)
        else:
            dummies = pd.get_dummies(values, prefix=name, drop_first=True, dtype=float)
            columns |= {str(c): dummies[c].where(values.notna()) for c in dummies}
    for wave in design.covariate_waves:
        columns[f"outcome {wave}"] = _at_wave(rows, wave)["_outcome"].reindex(end.index)
    return pd.DataFrame(columns, index=end.index)


def _randomised(programme: Programme, indicator: Indicator, design: Randomised, rows: pd.DataFrame) -> Effect:
    end = _at_wave(rows, indicator.ex_post.wave).copy()
    if isinstance(indicator.formula, Change):
        before = _at_wave(rows, indicator.formula.since)["_outcome"]
        end = end.loc[end.index.intersection(before.index)]
        end["_outcome"] = end["_outcome"] - before.reindex(end.index)
    background = _background(indicator, design, rows, end)
    used = end["_outcome"].notna() & background.notna().all(axis=1)
    kept, covariates = end[used], background[used]
    when = f"in {indicator.ex_post.wave or indicator.ex_post.period}"
    _require_arms(kept, when)
    covariates = covariates.loc[:, covariates.nunique() > 1]
    matrix = pd.concat(
        [pd.Series(1.0, index=kept.index, name="constant"), kept["_treated"].astype(float), covariates],
        axis=1,
    )
    clusters = _clusters(indicator, design.cluster, kept)
    fit = robust_coefficient(
        kept["_outcome"].to_numpy(dtype=float),
        matrix,
        "_treated",
        clusters=clusters,
        weights=_weights(indicator, kept),
    )
    diagnostics = (
        _balance(indicator, rows, kept, covariates),
        _attrition(indicator, rows, set(end.index[end["_outcome"].notna()])),
        enough_clusters(fit.n_clusters),
        complete_cases(int(used.sum()), len(end)),
    )
    return _effect(
        "ITT",
        "randomised, " + ("ANCOVA" if len(covariates.columns) else "difference in means"),
        indicator,
        fit,
        diagnostics,
    )


def _balance(indicator: Indicator, rows: pd.DataFrame, kept: pd.DataFrame, covariates: pd.DataFrame) -> Diagnostic:
    if len(covariates.columns):
        return joint_balance(kept["_treated"], covariates)
    baseline = _baseline_wave(indicator)
    if baseline is None:
        return not_applicable("balance", "the arms have the same background before the programme", "no baseline wave")
    before = _at_wave(rows, baseline)
    before = before[before["_outcome"].notna()]
    return joint_balance(before["_treated"], before[["_outcome"]].rename(columns={"_outcome": f"outcome {baseline}"}))


def _attrition(indicator: Indicator, rows: pd.DataFrame, end_units: set[str]) -> Diagnostic:
    baseline = _baseline_wave(indicator)
    if baseline is None:
        return not_applicable("attrition", "both arms lost the same share of persons", "no baseline wave")
    return differential_attrition(rows.loc[rows["_wave"] == baseline, ["_unit", "_treated"]], end_units)


def _difference_in_differences(indicator: Indicator, design: DifferenceInDifferences, rows: pd.DataFrame) -> Effect:
    assert indicator.ex_ante.baseline is not None  # noqa: S101 - checked when declared
    before, after = str(indicator.ex_ante.baseline.wave), str(indicator.ex_post.wave)
    fit, used, available = _two_by_two(indicator, design, rows, before, after)
    end_units = set(rows.loc[(rows["_wave"] == after) & rows["_outcome"].notna(), "_unit"])
    diagnostics = (
        _placebo(indicator, design, rows, before),
        _attrition(indicator, rows, end_units),
        enough_clusters(fit.n_clusters),
        complete_cases(used, available),
    )
    return _effect("ATT", "difference-in-differences 2×2, linked persons", indicator, fit, diagnostics)


def _two_by_two(
    indicator: Indicator, design: DifferenceInDifferences, rows: pd.DataFrame, before: str, after: str
) -> tuple[Coefficient, int, int]:
    """Fit ``y ~ treated × after`` on persons seen with an outcome at both waves; return persons used and available."""
    first, second = _at_wave(rows, before), _at_wave(rows, after)
    units = first.index.intersection(second.index)
    linked = units[first.loc[units, "_outcome"].notna().to_numpy() & second.loc[units, "_outcome"].notna().to_numpy()]
    _require_arms(first.loc[linked], f"in both {before} and {after}")
    panel = pd.concat([first.loc[linked].assign(_after=0.0), second.loc[linked].assign(_after=1.0)])
    matrix = pd.DataFrame(
        {"constant": 1.0, "_treated": panel["_treated"].astype(float), "_after": panel["_after"]},
        index=panel.index,
    )
    matrix["_effect"] = matrix["_treated"] * matrix["_after"]
    clusters = _clusters(indicator, design.cluster, panel)
    if clusters is None:
        clusters = pd.Series(panel.index, index=panel.index)
    fit = robust_coefficient(
        panel["_outcome"].to_numpy(dtype=float),
        matrix,
        "_effect",
        clusters=clusters,
        weights=_weights(indicator, panel),
    )
    return fit, len(linked), len(units)


def _placebo(indicator: Indicator, design: DifferenceInDifferences, rows: pd.DataFrame, baseline: str) -> Diagnostic:
    if design.placebo_wave is None:
        return placebo_impossible(NotEstimable("no wave before the baseline is declared"))
    try:
        fit, _, _ = _two_by_two(indicator, design, rows, design.placebo_wave, baseline)
    except NotEstimable as error:
        return placebo_impossible(error)
    return placebo(fit.estimate, fit.p_value, f"{design.placebo_wave} to {baseline}")


def _clusters(indicator: Indicator, of_design: str | None, frame: pd.DataFrame) -> pd.Series | None:
    """Return cluster labels: assignment's first, else the sample's; refuse where they cannot support the arms."""
    name = of_design or indicator.sample.cluster
    if name is None:
        return None
    if frame[name].isna().any():
        raise NotEstimable(f"{int(frame[name].isna().sum())} observations have no {name}", "a cluster for everybody")
    per_arm = frame.groupby("_treated")[name].nunique()
    if (per_arm < MINIMUM_PER_ARM).any():
        raise NotEstimable(
            f"an arm lies in {int(per_arm.min())} cluster of {name}", "at least two clusters in each arm"
        )
    return frame[name]


def _weights(indicator: Indicator, frame: pd.DataFrame) -> np.ndarray | None:
    name = indicator.sample.weight
    if name is None:
        return None
    weights = frame[name].to_numpy(dtype=float)
    if np.isnan(weights).any() or (weights <= 0).any():
        raise NotEstimable(f"some observations have no positive weight in {name}", "a weight above zero for everybody")
    return np.asarray(weights)


def _effect(
    estimand: str, design: str, indicator: Indicator, fit: Coefficient, diagnostics: tuple[Diagnostic, ...]
) -> Effect:
    return Effect(
        indicator.id,
        estimand,
        design,
        fit.estimate,
        fit.std_error,
        fit.statistic,
        fit.p_value,
        fit.conf_low,
        fit.conf_high,
        indicator.unit,
        fit.n_obs,
        fit.n_clusters,
        fit.inference,
        diagnostics,
    )
