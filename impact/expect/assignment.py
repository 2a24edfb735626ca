"""Who is offered the programme: a draw from the good rows, with its seed, its odds and how balanced it came out."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.declare import Programme
from impact.declare.conditions import condition_sql
from impact.declare.evaluation import Assignment
from impact.errors import NotEstimable, UsageError
from impact.sql import Select, as_number, as_text, ident
from impact.statistics.core import Floats
from impact.statistics.experiments import assignment, balance
from impact.words.said import Said


def draw_assignment(
    connection: duckdb.DuckDBPyConnection, programme: Programme, name: str
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Draw a declared assignment.

    Parameters
    ----------
    connection
        Holds the views of the programme's good rows.
    programme
        The programme; its ``evaluation.yaml`` declares the draw, with its seed.
    name
        Id of the assignment in ``evaluation.yaml``.

    Returns
    -------
    tuple
        Units with ``arm`` (treated, comparison), their odds and the seed, in the order of their keys; the balance
        table of the covariates; and one sentence on the draw.

    Raises
    ------
    UsageError
        If there is no such assignment.
    NotEstimable
        If a stratum is too small, a covariate is missing, or no draw is balanced enough.
    """
    plan = next((item for item in programme.evaluation.assignments if item.id == name), None)
    if plan is None:
        declared = ", ".join(item.id for item in programme.evaluation.assignments) or "none"
        raise UsageError(f"evaluation.yaml declares no assignment '{name}'; it declares {declared}")
    frame = _units(connection, programme, plan)
    if frame.empty:
        raise NotEstimable(Said("plans.no_unit_eligible"), Said("plans.rows_wave_pass_filter"))
    drawn = _draw(plan, frame)
    units = frame[["unit", *_labels(plan)]].copy()
    units["arm"] = np.where(drawn.arm == 1, "treated", "comparison")
    units["probability"], units["seed"] = drawn.probability, drawn.seed
    return units, _balance(plan, frame, drawn), _sentence(plan, drawn)


def _units(connection: duckdb.DuckDBPyConnection, programme: Programme, plan: Assignment) -> pd.DataFrame:
    """Return the eligible units with labels of strata and clusters, and covariates as numbers."""
    contract = programme.contracts[plan.contract]
    key = (contract.person,) if contract.person else contract.key
    row = {"unit": " || chr(31) || ".join(map(as_text, key))}
    for name in _labels(plan):
        row[name] = as_number(name) if name in plan.covariates else as_text(name)
    row |= {name: as_number(name) for name in plan.covariates}
    where = [condition_sql(condition, contract) for condition in plan.where]
    parameters = []
    if contract.wave:
        where.append(f"{ident(contract.wave)} = $1")
        parameters.append(plan.wave)
    query = Select(row, ident(programme.id, contract.id), where=tuple(where), order=("unit",))
    return connection.execute(query.sql(), parameters).df()


def _labels(plan: Assignment) -> list[str]:
    """Return the columns of strata and clusters."""
    return [*plan.strata, plan.cluster] if plan.cluster else list(plan.strata)


def _draw(plan: Assignment, frame: pd.DataFrame) -> assignment.Assignment:
    units = frame["unit"].to_numpy(dtype=object)
    strata = _strata(plan, frame) if plan.strata else None
    clusters = frame[plan.cluster].to_numpy(dtype=object) if plan.cluster else None
    if plan.acceptance is None:
        return assignment.randomise(units, strata=strata, clusters=clusters, share=plan.share, seed=plan.seed)
    return assignment.rerandomise(
        units,
        covariates=_covariates(plan, frame),
        strata=strata,
        clusters=clusters,
        share=plan.share,
        acceptance=plan.acceptance,
        seed=plan.seed,
    )


def _strata(plan: Assignment, frame: pd.DataFrame) -> NDArray[np.object_]:
    """Return the stratum of each unit, one label of all its columns; refuse units without."""
    columns = frame[list(plan.strata)]
    if columns.isna().any(axis=None):
        raise NotEstimable(Said("plans.some_units_have_no_stratum"), Said("plans.value_each_stratum_column_everybody"))
    labels = columns.astype(str).agg(chr(31).join, axis=1)
    return labels.to_numpy(dtype=object)


def _covariates(plan: Assignment, frame: pd.DataFrame) -> Floats:
    return np.asarray(frame[list(plan.covariates)].to_numpy(dtype=float), dtype=np.float64)


def _balance(plan: Assignment, frame: pd.DataFrame, drawn: assignment.Assignment) -> pd.DataFrame:
    """Return means by arm, the standardised difference and the variance ratio of each covariate."""
    columns = ["covariate", "treated", "comparison", "standardised_difference", "variance_ratio"]
    if not plan.covariates:
        return pd.DataFrame(columns=columns)
    values = _covariates(plan, frame)
    table = balance.standardised_differences(values, list(plan.covariates), drawn.arm, estimand="ATE")
    numbers = (table.names, table.mean_treated, table.mean_comparison, table.standardised, table.variance_ratio)
    return pd.DataFrame(dict(zip(columns, numbers, strict=True)))


def _sentence(plan: Assignment, drawn: assignment.Assignment) -> str:
    n = int(drawn.arm.sum())
    sentence = f"{n} of {len(drawn.arm)} units drawn with seed {drawn.seed}"
    if plan.acceptance is not None:
        sentence += f", the first of {drawn.draws} draws within the {plan.acceptance:.1%} best balanced"
    return sentence
