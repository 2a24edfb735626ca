"""Who is offered the programme: a draw from the good rows, with its seed, its odds and how balanced it came out."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd

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
    units = frame[["unit", *plan.strata, *([plan.cluster] if plan.cluster else [])]].copy()
    units["arm"] = np.where(drawn.arm == 1, "treated", "comparison")
    units["probability"], units["seed"] = drawn.probability, drawn.seed
    return units, _balance(plan, frame, drawn), _sentence(plan, drawn)


def _units(connection: duckdb.DuckDBPyConnection, programme: Programme, plan: Assignment) -> pd.DataFrame:
    contract = programme.contracts[plan.contract]
    key = (contract.person,) if contract.person else contract.key
    labels = [*plan.strata, *([plan.cluster] if plan.cluster else [])]
    eligible = [condition_sql(condition, contract) for condition in plan.where]
    at_wave = [f"{ident(contract.wave)} = $1"] if contract.wave else []
    query = Select(
        {
            "unit": " || chr(31) || ".join(map(as_text, key)),
            **{name: as_number(name) if name in plan.covariates else as_text(name) for name in labels},
            **{name: as_number(name) for name in plan.covariates},
        },
        ident(programme.id, contract.id),
        where=(*eligible, *at_wave),
        order=("unit",),
    )
    return connection.execute(query.sql(), [plan.wave] if contract.wave else []).df()


def _draw(plan: Assignment, frame: pd.DataFrame) -> assignment.Assignment:
    if plan.strata and frame[list(plan.strata)].isna().any(axis=None):
        raise NotEstimable(Said("plans.some_units_have_no_stratum"), Said("plans.value_each_stratum_column_everybody"))
    units = frame["unit"].to_numpy(dtype=object)
    strata = (
        frame[list(plan.strata)].astype(str).agg(chr(31).join, axis=1).to_numpy(dtype=object) if plan.strata else None
    )
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


def _covariates(plan: Assignment, frame: pd.DataFrame) -> Floats:
    return np.asarray(frame[list(plan.covariates)].to_numpy(dtype=float), dtype=np.float64)


def _balance(plan: Assignment, frame: pd.DataFrame, drawn: assignment.Assignment) -> pd.DataFrame:
    """Return means by arm, the standardised difference and the variance ratio of each covariate."""
    if not plan.covariates:
        return pd.DataFrame(columns=["covariate", "treated", "comparison", "standardised_difference", "variance_ratio"])
    table = balance.standardised_differences(_covariates(plan, frame), list(plan.covariates), drawn.arm, estimand="ATE")
    return pd.DataFrame(
        {
            "covariate": table.names,
            "treated": table.mean_treated,
            "comparison": table.mean_comparison,
            "standardised_difference": table.standardised,
            "variance_ratio": table.variance_ratio,
        }
    )


def _sentence(plan: Assignment, drawn: assignment.Assignment) -> str:
    n = int(drawn.arm.sum())
    sentence = f"{n} of {len(drawn.arm)} units drawn with seed {drawn.seed}"
    if plan.acceptance is not None:
        sentence += f", the first of {drawn.draws} draws within the {plan.acceptance:.1%} best balanced"
    return sentence
