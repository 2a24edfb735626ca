"""All sections, in the order in which they are read; each yields the lines of a programme, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import pandas as pd

from impact.declare import Programme
from impact.value.costs import cost_lines
from impact.value.evidence import Evidence
from impact.value.forecasts import forecast_lines
from impact.value.line import Line, lines_frame
from impact.value.outcomes import outcome_lines
from impact.value.payments import payment_lines
from impact.value.pools import pool_lines
from impact.value.rewards import reward_lines
from impact.value.rules import rule_lines
from impact.value.social_return import social_return_lines

SECTIONS: tuple[Callable[[Evidence], Iterator[Line]], ...] = (
    rule_lines,
    outcome_lines,
    pool_lines,
    forecast_lines,
    cost_lines,
    social_return_lines,
    payment_lines,
    reward_lines,
)
"""A section is its module and a line here."""


def make_valuations(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Return the lines of value of a programme.

    Parameters
    ----------
    programme
        With ``value.yaml``, possibly empty.
    connection
        In the run's transaction, with its findings written.
    """
    evidence = Evidence(programme, connection)
    lines = (line for section in SECTIONS for line in section(evidence))
    return {"valuation": lines_frame(lines).drop(columns=["programme", "run_id"])}
