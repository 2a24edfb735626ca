"""Were the arms assigned row by row? Where they never vary within a declared column, perhaps by that column.

Errors of rows count for little where whole villages or schools went to one arm: the rows of a village are alike. A plan
that names no ``cluster`` is taken at its word only if its arms vary within every column that could have been the unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.declare.check_indicators import named_columns
from impact.designs.base import Armed, Design, Inference
from impact.errors import NotEstimable
from impact.estimate.case import Case, cluster_names, first_rows
from impact.estimate.result import Diagnostic, verdict
from impact.estimate.sample import Sample
from impact.measure import unit_frame
from impact.statistics.core import Estimate, Floats, Ints, cluster_codes, influence_error, wald
from impact.words.said import Said

ROW_BY_ROW = Said("checks.arms_vary_within_every_declared_column_where")
TYPES = ("text", "code", "integer")
FIRST_LOOK = 5000
"""Rows that are looked at first: a column within which arms vary among these needs no further look."""
BY_CHANCE = 0.001
FILLED = 0.9
FEWEST_IN_ARM = 2
BY_DEFAULT = Inference()
"""The inference of the same effect with clusters."""


@dataclass(frozen=True)
class Unit:
    """A column within which arms never vary: its name, and each unit's value, in the order of the units."""

    column: str
    labels: pd.Series

    @property
    def count(self) -> int:
        """Number of values."""
        return int(self.labels.nunique())


def assignment_unit(
    case: Case[Design], assigned: pd.Series, estimate: Estimate, clustered: Callable[[pd.Series], Estimate | None]
) -> list[Diagnostic]:
    """Check that the arms vary within every column that could have been assigned whole; nothing with declared clusters.

    Parameters
    ----------
    case
        Whose contract has the columns.
    assigned
        Arm, exposure or start of each unit, indexed by unit; of each row where units have several.
    estimate
        The effect with errors as if units had been assigned one by one.
    clustered
        Gives the effect with errors clustered by labels, indexed by unit; None where there is no such estimator.

    Notes
    -----
    A column counts if its values have two rows or more on average, cover nine in ten units, at least two lie in each
    arm, and arms drawn unit by unit would be alike within all of them with a chance below 0.001. Of several, the one
    with the fewest values. The check's value and p-value are the error and p-value with clusters by it.
    """
    if cluster_names(case):
        return []
    check = Said("check.assignment_unit")
    by_unit = assigned.groupby(level=0).first()
    looked_at = _candidates(case)
    unit = _unit(case, by_unit, looked_at)
    if unit is None:
        detail = Said("checks.columns_looked", n=len(looked_at))
        return [verdict(check, ROW_BY_ROW, float(len(looked_at)), detail, passed=True)]
    alike = Said("checks.arms_never_vary", column=unit.column, n=unit.count)
    try:
        labels = unit.labels.reindex(assigned.index).to_numpy(dtype=object)
        by_column = clustered(unit.labels) or by_influence(estimate, labels)
    except NotEstimable as error:
        detail = Said("checks.assigned_by_it_no_interval", alike=alike, reason=error.reason)
        return [verdict(check, ROW_BY_ROW, None, detail, passed=False)]
    low, high = by_column.conf_low, by_column.conf_high
    detail = Said("checks.assigned_by_it", alike=alike, low=low, high=high, reference=by_column.reference)
    return [Diagnostic(check, ROW_BY_ROW, by_column.std_error, by_column.p_value, "failed", detail)]


def arms_of(sample: Sample) -> pd.Series:
    """Return the arm (or exposure) of each unit of a sample."""
    return pd.Series(sample.exposure, index=sample.units)


def by_labels(sample: Sample, labels: pd.Series) -> Sample:
    """Return a sample clustered by its units' labels."""
    return replace(sample, clusters=(pd.Series(sample.units).map(labels).to_numpy(dtype=object),), survey=None)


def by_influence(estimate: Estimate, labels: NDArray[np.object_]) -> Estimate:
    """Return an estimate with its influences summed within clusters: CR0 times ``G/(G − 1)``, on t(G − 1).

    Raises
    ------
    NotEstimable
        If each unit's influence is not known.
    """
    influence: Floats | None = estimate.influence
    if influence is None or len(influence) != len(labels):
        raise NotEstimable(Said("checks.influence_each_row_not_known"), Said("checks.cluster_column_design"))
    codes, count = cluster_codes(labels.astype(str))
    correction = math.sqrt(count / (count - 1))
    error = influence_error(influence, codes, count) * correction
    return wald(
        estimate.estimate,
        error,
        rule=Said("rule.clustered_influence"),
        n_obs=estimate.n_obs,
        df=count - 1.0,
        n_clusters=count,
    )


def _candidates(case: Case[Design]) -> list[str]:
    """Return the columns of the contract whose values could be villages or schools: neither arm, time nor outcome."""
    design, contract = case.design, case.contract
    excluded = {contract.person, contract.wave, *design.code_columns(), *design.numeric_columns()}
    if isinstance(design, Armed):
        excluded -= set(design.placebo_outcomes)
    for field, column in named_columns(case.indicator):
        if field.startswith("formula"):
            excluded.add(column)
    return [name for name, column in contract.columns.items() if column.type in TYPES and name not in excluded]


def _unit(case: Case[Design], assigned: pd.Series, names: list[str]) -> Unit | None:
    """Return the column with the fewest values within which arms never vary, or None."""
    candidates = _first_look(case, assigned, names)
    if not candidates:
        return None
    rows = unit_frame(case.connection, case.programme.id, case.contract, case.indicator, candidates, as_text=candidates)
    rows = rows[rows["_unit"].isin(assigned.index)]
    labels = _labels_when_assigned(case, rows).reindex(assigned.index)
    units = [Unit(name, labels[name]) for name in candidates if _could_be(labels[name], assigned)]
    chosen = min(units, key=lambda unit: unit.count, default=None)
    if chosen is None:
        return None
    # a unit without a value is a cluster of its own
    own_labels = [f"_{number}" for number in range(len(assigned))]
    alone = pd.Series(own_labels, index=assigned.index)
    return Unit(chosen.column, chosen.labels.fillna(alone))


def _labels_when_assigned(case: Case[Design], rows: pd.DataFrame) -> pd.DataFrame:
    """Return each unit's row of the baseline, or else its first: people may have moved since they were assigned."""
    return first_rows(case, rows, start=case.baseline)


def _first_look(case: Case[Design], assigned: pd.Series, names: list[str]) -> list[str]:
    """Return the columns within which arms do not vary among some rows; in most data that leaves none."""
    if not names:
        return []
    frame = case.remembered("first look", partial(_few_rows, names=names))
    wave = (case.baseline or case.indicator.ex_post.wave) if case.contract.wave else None
    frame = frame[frame["_wave"] == wave] if wave else frame
    arms = frame["_unit"].map(assigned)
    arms_within = {name: arms.groupby(frame[name]).nunique() for name in names}
    return [name for name, counts in arms_within.items() if (counts <= 1).all()]


def _few_rows(case: Case[Design], names: list[str]) -> pd.DataFrame:
    rows = case.programme.id, case.contract, case.indicator
    return unit_frame(case.connection, *rows, names, as_text=names, first=FIRST_LOOK)


def _could_be(labels: pd.Series, assigned: pd.Series) -> bool:
    """Tell whether arms may have been assigned by the values of a column, and are not alike within it by chance."""
    labelled = labels.notna()
    if labelled.mean() < FILLED:
        return False
    arms = assigned[labelled]
    groups = arms.groupby(labels[labelled])
    varies = groups.nunique().gt(1).any()
    if varies or groups.ngroups > len(arms) / 2:
        return False
    if arms.nunique() == 2:
        fewest = groups.first().value_counts().min()
        enough = fewest >= FEWEST_IN_ARM
    else:
        enough = groups.ngroups > arms.nunique() + 1
    sizes = np.asarray(groups.size(), dtype=np.int64)
    return bool(enough) and _chance(sizes, arms) < BY_CHANCE


def _chance(sizes: Ints, arms: pd.Series) -> float:
    """Return the chance that arms drawn unit by unit are alike within all groups of these sizes."""
    shares = arms.value_counts(normalize=True).to_numpy(dtype=float)
    distinct, times = np.unique(sizes, return_counts=True)
    alike = np.array([np.sum(shares**size) for size in distinct])
    with np.errstate(divide="ignore"):
        log_chance = np.sum(times * np.log(alike))
    return float(np.exp(log_chance))
