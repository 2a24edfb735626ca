"""Values that need every value of the rows, not their sum: how often each stands, by each column that cuts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

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
        frame = _counts(connection, programme, contract, indicator, cut.column)
        counts = {name: frame[name].to_numpy() for name in _OF_CELLS}
        for domain, cells in part_domains(indicator, frame, lists, [cut]):
            of_domain = {name: values[cells] for name, values in counts.items()}
            measured, n, missing = _measured(indicator, of_domain)
            yield Measurement(indicator.id, domain, measured, n, missing)


_OF_CELLS = ("_value", "_n", "_rows", "_negative", "_status", "_weight")
_Cells = Mapping[str, np.ndarray]
"""What is counted of the cells of a domain, each of shape (k,)."""


def _counts(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicator: Indicator, cut: str
) -> pd.DataFrame:
    """Return how often each value stands, by wave, arm and one column.

    Returns
    -------
    pandas.DataFrame
        The keys, ``_value`` (a text as a number that stands for it; missing for rows without one), ``_rows``, and of
        those with a weight above zero ``_n`` and ``_weight``, ``_negative`` with one below.
    """
    value, _ = ratio_sql(indicator, contract)
    weight = ident(indicator.sample.weight) if indicator.sample.weight else "1"
    weighted = f"FILTER ({weight} > 0)"
    counts = {"_wave": text_or_blank(contract.wave), **text_columns([cut] if cut else [])}
    if arm := arm_sql(indicator.ex_post.design):
        counts[arm] = arm
    keys = [ident(name) for name in counts]
    counts["_value"] = value
    counts["_n"] = f"count(*) {weighted}"
    counts["_rows"] = "count(*)"
    counts["_negative"] = f"count(*) FILTER ({weight} < 0)"
    letters = f"string_agg(DISTINCT {letters_sql(contract)}, '') {weighted}"
    counts["_status"] = letters if contract.status else "''"
    counts["_weight"] = f"CAST(coalesce(sum({weight}) {weighted}, 0) AS DOUBLE)"
    selected = (where_sql(indicator, contract),)
    query = Select(counts, ident(programme, contract.id), where=selected, group=ALL, order=tuple(keys))
    rows = connection.sql(query.sql()).to_arrow_table()
    place, values = rows.schema.get_field_index("_value"), rows["_value"]
    if pa.types.is_string(values.type):
        # texts are told apart and nothing else: their numbers do as well, and are compared much faster
        numbers = pa.chunked_array([values.combine_chunks().dictionary_encode().indices])
        rows = rows.set_column(place, "_value", numbers)
    frame: pd.DataFrame = rows.to_pandas()
    return frame


def _measured(indicator: Indicator, counts: _Cells) -> tuple[Measured, int, int]:
    """Return the value of a domain, the rows that have one, and those that have none."""
    has_value = ~pd.isna(counts["_value"]) & (counts["_n"] > 0)
    valued = {name: values[has_value] for name, values in counts.items()}
    flags = ["negative_weights"] if counts["_negative"].sum() > 0 else []
    measured = _value(indicator, valued).flagged(*flags, *status_words(pd.unique(valued["_status"])))
    n = int(valued["_n"].sum())
    return measured, n, int(counts["_rows"].sum()) - n


def _value(indicator: Indicator, valued: _Cells) -> Measured:
    formula, sample = indicator.formula, indicator.sample
    assert isinstance(formula, CountedFormula)  # noqa: S101 - what else is counted, its descriptor refuses
    weighted = sample.weight is not None
    # in a hierarchy a value may stand under several codes below
    values, place = np.unique(valued["_value"], return_inverse=True)
    counts = np.zeros(len(values))
    np.add.at(counts, place, valued["_weight" if weighted else "_n"].astype(float))
    measured = formula.value_of_counts(ValueCounts(values, counts, weighted, bool(sample.columns())))
    return without_interval(measured) if sample.all_units else measured
