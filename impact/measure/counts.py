"""Values that need every value of the rows, not their sum: how often each stands, by each column that cuts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import duckdb
import numpy as np
import pandas as pd

from impact.declare.contracts import Codelist, Contract
from impact.declare.indicators import Indicator
from impact.formulas.base import CountedFormula
from impact.formulas.measured import Measured, ValueCounts
from impact.measure.breakdown import column_cuts
from impact.measure.domains import part_domains
from impact.measure.formula import arm_sql, ratio_sql, where_sql
from impact.measure.measurement import Measurement
from impact.measure.moments import without_interval
from impact.measure.obs_flags import letters_sql, status_words
from impact.sql import ALL, Select, ident, text_columns, text_or_blank
from impact.tables.part import WHOLE


def measure_counted(
    connection: duckdb.DuckDBPyConnection,
    programme: str,
    contract: Contract,
    indicator: Indicator,
    lists: Mapping[str, Codelist],
) -> Iterator[Measurement]:
    """Yield the values of an indicator of whose rows every value counts, by arm, cut, wave and code.

    Parameters
    ----------
    connection
        Holds the views of the programme's good rows.
    programme, contract, indicator
        Whose rows are counted, and how.
    lists
        The codelists of the columns that cut it.
    """
    for cut in (WHOLE, *column_cuts(indicator)):
        counts = _counts(connection, programme, contract, indicator, cut.column)
        for domain, cells in part_domains(indicator, counts, lists, [cut]):
            measured, n, missing = _measured(indicator, counts.iloc[cells])
            yield Measurement(indicator.id, domain, measured, n, missing)


def _counts(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicator: Indicator, cut: str
) -> pd.DataFrame:
    """Return how often each value stands, by wave, arm and one column.

    Returns
    -------
    pandas.DataFrame
        The keys, ``_value`` (missing for rows without one), ``_rows``, and of those with a weight above zero ``_n`` and
        ``_weight``, ``_negative`` with one below.
    """
    value, _ = ratio_sql(indicator, contract)
    weight = ident(indicator.sample.weight) if indicator.sample.weight else "1"
    weighted = f"FILTER ({weight} > 0)"
    counts = {"_wave": text_or_blank(contract.wave), **text_columns([cut] if cut else [])}
    if arm := arm_sql(indicator.ex_post.design):
        counts[arm] = arm
    counts["_value"] = value
    counts["_n"] = f"count(*) {weighted}"
    counts["_rows"] = "count(*)"
    counts["_negative"] = f"count(*) FILTER ({weight} < 0)"
    counts["_status"] = f"string_agg(DISTINCT {letters_sql(contract)}, '') {weighted}"
    counts["_weight"] = f"CAST(coalesce(sum({weight}) {weighted}, 0) AS DOUBLE)"
    selected = (where_sql(indicator, contract),)
    query = Select(counts, ident(programme, contract.id), where=selected, group=ALL, order=ALL)
    return connection.execute(query.sql()).df()


def _measured(indicator: Indicator, counts: pd.DataFrame) -> tuple[Measured, int, int]:
    """Return the value of a domain, the rows that have one, and those that have none."""
    valued = counts[counts["_value"].notna() & (counts["_n"] > 0)]
    flags = ["negative_weights"] if counts["_negative"].sum() > 0 else []
    measured = _value(indicator, valued).flagged(*flags, *status_words(valued["_status"]))
    n = int(valued["_n"].sum())
    return measured, n, int(counts["_rows"].sum()) - n


def _value(indicator: Indicator, valued: pd.DataFrame) -> Measured:
    formula, sample = indicator.formula, indicator.sample
    assert isinstance(formula, CountedFormula)  # noqa: S101 - what else is counted, its descriptor refuses
    weighted = sample.weight is not None
    # in a hierarchy a value may stand under several codes below
    values, place = np.unique(valued["_value"].to_numpy(), return_inverse=True)
    counts = np.zeros(len(values))
    np.add.at(counts, place, valued["_weight" if weighted else "_n"].to_numpy(dtype=float))
    measured = formula.value_of_counts(ValueCounts(values, counts, weighted, bool(sample.columns())))
    return without_interval(measured) if sample.all_units else measured
