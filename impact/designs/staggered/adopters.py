"""The units of a staggered design: outcomes by wave, the wave of first treatment, and what was left out for it.

Stands on :mod:`impact.estimate.case`; every estimator and check of :mod:`impact.designs.staggered.estimate` takes its
units from here, so that they all count the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from impact.designs.staggered.model import Staggered
from impact.errors import NotEstimable
from impact.estimate.case import (
    Case,
    as_numbers,
    cluster_names,
    design_rows,
    first_rows,
    in_place,
    place_columns,
    require_covariates,
    sample_weights,
)
from impact.statistics.core import Ints, cluster_codes
from impact.statistics.informative import informative
from impact.statistics.panels.adoption import NEVER, Panel
from impact.words.said import Said


@dataclass(frozen=True)
class Adopters:
    """The units of a staggered design and what was left out to have them.

    Parameters
    ----------
    panel, units, labels
        Outcomes by wave with each unit's start, and in its order the units by number and what they are called.
    n_alone
        Rows left out as the only one of their unit or wave.
    n_blank
        Units left out because they have no outcome at any wave.
    without
        By column, the units left out because they have no value in it: clusters, weight and covariates.
    """

    panel: Panel
    units: pd.Index
    labels: list[str]
    n_alone: int
    n_blank: int
    without: dict[str, int]


def adoption_panel(case: Case[Staggered]) -> Adopters:
    """Return the units' outcomes by wave with the wave they were first treated.

    What is alone in its unit or wave, and units without a cluster or covariate, are left out and counted.

    Raises
    ------
    NotEstimable
        If a unit has two cohorts, or a cohort is no declared wave.
    """
    design = case.design
    rows = _with_starts(case, _end_line_rows(case, design_rows(case)))
    first, n_blank, without = _complete_units(case, rows)
    rows = rows[rows["_unit"].isin(first.index)]
    n_rows = int(rows["_outcome"].notna().sum())
    rows = _without_gaps(case, _beside_others(rows))
    table = rows.pivot(index="_unit", columns="_wave", values="_outcome")
    outcome = table.reindex(columns=_observed(case, rows))
    first = first.reindex(outcome.index)
    waves = [str(wave) for wave in outcome.columns]
    # a start after the last observed wave has not happened yet; one between waves begins at the next
    starts = [_next(case, waves, int(position)) for position in first["_start"]]
    covariates = as_numbers(first[list(design.covariates)])
    panel = Panel(
        outcome.to_numpy(dtype=float),
        np.array(starts, dtype=np.int64),
        covariates.to_numpy(dtype=float) if design.covariates else None,
        sample_weights(case, first),
        _clusters(case, first),
        tuple(waves),
        tuple(map(str, covariates.columns)),
    )
    n_alone = n_rows - int(outcome.notna().to_numpy().sum())
    labels = first["_label"].astype(str).to_list()
    return Adopters(panel, outcome.index, labels, n_alone, n_blank, without)


def _with_starts(case: Case[Staggered], rows: pd.DataFrame) -> pd.DataFrame:
    """Add the position of each unit's first treated wave, :data:`NEVER` without one; refuse units with two."""
    design = case.design
    if design.never:  # a blank cohort is then unknown, not untreated
        rows = rows[rows[design.cohort].notna()]
    labels = rows[design.cohort]
    positions = _positions(case, labels)
    cohorts = labels.where(~labels.isin(design.never))
    start = cohorts.map(positions, na_action="ignore").fillna(NEVER).astype(int)
    rows = rows.assign(_start=start)
    if (rows.groupby("_unit")["_start"].nunique() > 1).any():
        raise NotEstimable(
            Said("checks.some_units_have_two_waves_first_treatment"), Said("checks.one_cohort_each_unit")
        )
    return rows


def _complete_units(case: Case[Staggered], rows: pd.DataFrame) -> tuple[pd.DataFrame, int, dict[str, int]]:
    """Return the first rows of units with an outcome and every column, how many have none, and how many lack which."""
    design = case.design
    first = first_rows(case, rows)
    observed = rows.loc[rows["_outcome"].notna(), "_unit"]
    blank = ~first.index.isin(observed)
    first = first[~blank]
    for name in place_columns(case):  # what is missing at the first wave is that of a later one
        values = first_rows(case, rows[rows[name].notna()])[name]
        first = first.assign(**{name: values.reindex(first.index)})
    names = list(dict.fromkeys([*place_columns(case), *design.covariates]))
    require_covariates(first[names])
    everybody = pd.Series(True, index=first.index)
    complete, without = in_place(first, names, everybody)
    return first[complete], int(blank.sum()), without


def _beside_others(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows that are the only one with an outcome of their unit or wave, and all rows without one."""
    rows = rows[rows["_outcome"].notna()]
    counts = pd.crosstab(rows["_unit"], rows["_wave"])
    units, waves = informative(counts.to_numpy(dtype=np.int64))
    in_units = rows["_unit"].isin(counts.index[units])
    in_waves = rows["_wave"].isin(counts.columns[waves])
    rows = rows[in_units & in_waves]
    if rows.empty:
        raise NotEstimable(
            Said("checks.every_row_only_one_unit_wave"), Said("checks.units_seen_more_once_beside_others")
        )
    return rows


def _end_line_rows(case: Case[Staggered], rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the waves up to the end line."""
    position = {wave: number for number, wave in enumerate(case.waves)}
    end = position[str(case.indicator.ex_post.wave)]
    return rows[rows["_wave"].map(position) <= end]


def _without_gaps(case: Case[Staggered], rows: pd.DataFrame) -> pd.DataFrame:
    """Refuse if a wave in between was not collected, for event times count waves."""
    collected = sorted({case.waves.index(wave) for wave in rows["_wave"].unique()})
    between = set(range(collected[0], collected[-1] + 1)) if collected else set()
    lost = sorted(between - set(collected))
    if lost:
        names = ", ".join(case.waves[position] for position in lost[:5])
        raise NotEstimable(
            Said("checks.nobody_has_outcome", names=names), Said("checks.declared_waves_collected_without_gaps")
        )
    return rows


def _positions(case: Case[Staggered], labels: pd.Series) -> dict[str, int]:
    """Return the position of each declared wave; refuse labels that are neither a wave nor say never."""
    design = case.design
    positions = {wave: position for position, wave in enumerate(case.waves)}
    undeclared = set(labels.dropna()) - set(positions) - set(design.never)
    strange = sorted(undeclared)
    if strange:
        raise NotEstimable(
            Said("checks.holds_which_no_waves_programme", cohort=design.cohort, strange=strange[:5]),
            Said("checks.wave_first_treatment_each_unit_under_never"),
        )
    return positions


def _observed(case: Case[Staggered], rows: pd.DataFrame) -> list[str]:
    present = set(rows["_wave"])
    return [wave for wave in case.waves if wave in present]


def _next(case: Case[Staggered], waves: list[str], start: int) -> int:
    """Return the position, among the observed waves, of the first that is not before a start."""
    if start == NEVER:
        return NEVER
    for position, wave in enumerate(waves):
        if case.waves.index(wave) >= start:
            return position
    return NEVER


def _clusters(case: Case[Staggered], first: pd.DataFrame) -> Ints | None:
    names = cluster_names(case)
    if not names:
        return None
    if len(names) > 1:
        raise NotEstimable(Said("checks.staggered_adoption_takes_one_set_clusters"), Said("checks.cluster_one_column"))
    labels = first[names[0]].to_numpy(dtype=object).astype(str)
    codes, _ = cluster_codes(labels)
    return codes
