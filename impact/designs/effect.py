"""The effect that an indicator declares: its design's own estimate, or a named reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import duckdb

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.designs.registry import design_kind
from impact.errors import NotEstimable
from impact.estimate.case import Case, Memory, Others
from impact.estimate.result import Effect
from impact.words.said import Said


def estimate_effect(
    connection: duckdb.DuckDBPyConnection,
    programme: Programme,
    indicator: Indicator,
    group: tuple[str, str] | None = None,
    *,
    memory: Memory | None = None,
) -> Effect:
    """Estimate the effect an indicator declares.

    Parameters
    ----------
    connection
        Holds the views of the programme's good rows.
    programme, indicator
        The programme, and its indicator whose ``ex_post.design`` is estimated.
    group
        Column and value of a subgroup, or None for everybody.
    memory
        What was read of the indicator's rows, for everybody and every subgroup; they must not change meanwhile.

    Raises
    ------
    NotEstimable
        With the reason and what would be needed.
    """
    design = indicator.ex_post.design
    if design is None:
        raise NotEstimable(Said("designs.plan_declares_no_design_comparison"), Said("designs.design_under_ex_post"))
    others = Others(partial(estimate_effect, connection, programme), _stands_on)
    effect = design_kind(design).estimate(
        Case(connection, programme, indicator, others, group, {} if memory is None else memory)
    )
    _require_listed(effect, programme.with_scaled(indicator))
    return effect


def _require_listed(effect: Effect, behind: Sequence[Indicator]) -> None:
    """Refuse a check that no descriptor lists: evidence would not know what its failure costs."""
    designs = [indicator.ex_post.design for indicator in behind]
    listed = {name for design in designs if design for name in design_kind(design).checks}
    unknown = {check.name for check in effect.diagnostics} - listed
    if unknown:
        raise LookupError(f"checks that the descriptor of the design does not list: {', '.join(sorted(unknown))}")


def _stands_on(indicator: Indicator) -> tuple[str, ...]:
    design = indicator.ex_post.design
    return design_kind(design).stands_on if design else ()
