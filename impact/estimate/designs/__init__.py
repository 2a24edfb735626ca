"""One module per design: from the rows of a case to an effect with its checks, or a named reason why there is none."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import duckdb

from impact.declare import Programme
from impact.declare.designs import (
    Association,
    BeforeAfter,
    DifferenceInDifferences,
    InterruptedTimeSeries,
    Matching,
    NetworkChange,
    PanelEffects,
    Randomised,
    RegressionDiscontinuity,
    Staggered,
    SyntheticControl,
    Weighting,
)
from impact.declare.indicators import Indicator
from impact.declare.scaled import ScaledEffect
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.estimate.designs.association import estimate_association
from impact.estimate.designs.did import estimate_did
from impact.estimate.designs.discontinuity import estimate_discontinuity
from impact.estimate.designs.network import estimate_network_change
from impact.estimate.designs.observational import estimate_matching, estimate_weighting
from impact.estimate.designs.panel import estimate_panel
from impact.estimate.designs.randomised import estimate_randomised
from impact.estimate.designs.scaled import estimate_scaled
from impact.estimate.designs.series import estimate_series
from impact.estimate.designs.staggered import estimate_staggered
from impact.estimate.designs.synthetic import estimate_synthetic
from impact.estimate.result import Effect
from impact.words.said import Said

ESTIMATORS: dict[type, Callable[[Case], Effect]] = {
    Randomised: estimate_randomised,
    DifferenceInDifferences: estimate_did,
    PanelEffects: estimate_panel,
    Staggered: estimate_staggered,
    Matching: estimate_matching,
    Weighting: estimate_weighting,
    RegressionDiscontinuity: estimate_discontinuity,
    InterruptedTimeSeries: estimate_series,
    SyntheticControl: estimate_synthetic,
    Association: estimate_association,
    NetworkChange: estimate_network_change,
}


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
        raise NotEstimable(Said("designs.plan_declares_no_design_comparison"), Said("designs.design_under_ex_post"))
    if isinstance(design, BeforeAfter):
        raise NotEstimable(
            Said("designs.no_comparison_before_after_change_not_effect"), Said("designs.comparison_group")
        )
    if isinstance(design, ScaledEffect):
        another = partial(estimate_effect, connection, programme)
        return estimate_scaled(Case(connection, programme, indicator, group), another)
    return ESTIMATORS[type(design)](Case(connection, programme, indicator, group))
