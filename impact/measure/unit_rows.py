"""The rows a design needs: one per unit, with arm, outcome by wave, covariates and clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from impact.declare.contracts import Contract
from impact.declare.indicators import Indicator, Sample
from impact.errors import NotEstimable
from impact.formulas.registry import kind_of
from impact.measure.formula import arm_sql, cluster_sql, per_row, ratio_sql, where_sql
from impact.measure.obs_flags import letters_sql
from impact.sql import ALL, EVERY_COLUMN, Select, as_number, as_text, ident, literal, text_columns, text_or_blank
from impact.tables.part import Part, label_sql
from impact.words.said import Said

if TYPE_CHECKING:
    from impact.statistics.core import Ints

TEXT = pd.StringDtype(na_value=np.nan)
_ALIKE = "min(x) > 0 AND min(y / x) = max(y / x)"
"""Where all rows have one value, a mean of them is that value, to the last bit."""
_MEAN = f"CASE WHEN {_ALIKE} THEN min(y / x) ELSE fsum(w * y) / nullif(fsum(w * x), 0) END"


def selected_sql(indicator: Indicator, contract: Contract) -> str:
    """Write which rows an indicator looks at; a change selects persons by their row at the earlier wave."""
    where = where_sql(indicator, contract)
    since = indicator.formula.followed_since
    if since is None:
        return where
    wave = ident(contract.wave or "")
    return f"({wave} <> {literal(since)} OR ({where}))"


def unit_sql(
    programme: str,
    contract: Contract,
    indicator: Indicator,
    columns: Sequence[str],
    *,
    as_text: Sequence[str] = (),
    groups: Sequence[str] = (),
) -> str:
    """Write the query of the rows a design needs; see :func:`unit_frame` for its columns."""
    formula = per_row(indicator)
    if formula is None:
        reason = Said("values.no_value_per_row", kind=indicator.formula.kind)
        raise NotEstimable(reason, Said("values.formula_per_row"))
    row = {"_unit": _unit(contract), "_wave": text_or_blank(contract.wave), "_outcome": formula.value_sql(contract)}
    for name in columns:
        row[name] = _number_or_text(contract, name, as_text)
    cluster = indicator.sample.cluster
    if cluster and cluster in as_text and cluster in columns:
        row[cluster] = _nested_sql(indicator.sample)
    row |= {f"group:{name}": label_sql(name) for name in groups}
    view = ident(programme, contract.id)
    return Select(row, view, where=(selected_sql(indicator, contract),)).sql()


def _number_or_text(contract: Contract, name: str, texts: Sequence[str]) -> str:
    numeric = contract.columns[name].type in ("integer", "number", "boolean")
    return as_number(name) if numeric and name not in texts else as_text(name)


def _nested_sql(sample: Sample) -> str:
    """Write the sample's cluster within its stratum; NULL stays: effects leave out rows without a cluster."""
    return f"CASE WHEN {ident(sample.cluster or '')} IS NOT NULL THEN {cluster_sql(sample)} END"


def _unit(contract: Contract) -> str:
    """Write what tells units apart: the person, or else the key, whose parts are kept apart by a control character."""
    names = (contract.person,) if contract.person else contract.key
    texts = ", ".join(map(as_text, names))
    return f"concat_ws(chr(31), {texts})"


def unit_frame(
    connection: duckdb.DuckDBPyConnection,
    programme: str,
    contract: Contract,
    indicator: Indicator,
    columns: Sequence[str],
    *,
    as_text: Sequence[str] = (),
    groups: Sequence[str] = (),
    first: int | None = None,
) -> pd.DataFrame:
    """Return one row per row of the contract that the indicator's filter selects; or only so many, the ``first``.

    Returns
    -------
    pandas.DataFrame
        ``_label`` (the person, or the key where the contract follows nobody), ``_unit`` (its number in their order,
        from 0 without gaps), ``_wave`` ('' without waves), ``_outcome`` (NaN where missing) and the named columns,
        numbers as float (unless ``as_text``) and everything else as text; ``group:<column>`` are those of ``groups``
        as measures label them. By unit and wave.
    """
    sql = unit_sql(programme, contract, indicator, columns, as_text=as_text, groups=groups)
    query = Select(EVERY_COLUMN, f"({sql})", order=("_unit", "_wave"), limit=first)
    ordered = connection.sql(query.sql()).to_arrow_table()
    frame: pd.DataFrame = ordered.to_pandas(types_mapper={pa.string(): TEXT}.get)
    return frame.rename(columns={"_unit": "_label"}).assign(_unit=_numbered(ordered["_unit"]))


def _numbered(labels: pa.ChunkedArray) -> Ints:
    """Return the numbers, from 0, of labels that are in order: they are told apart often, and hardly ever named."""
    again = pc.equal(labels.slice(1), labels.slice(0, max(len(labels) - 1, 0))).to_numpy()
    first = np.ones(len(labels), dtype=np.int64)
    first[1:] = ~again.astype(bool)
    return np.cumsum(first) - 1


def wave_values(
    connection: duckdb.DuckDBPyConnection,
    programme: str,
    contract: Contract,
    indicator: Indicator,
    *,
    unit: str | None = None,
    group: tuple[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return the indicator's value at each wave (and of each unit, a column): the series that designs in time read.

    ``group`` is a column and the labels whose rows belong to the group.

    Returns
    -------
    pandas.DataFrame
        ``_unit`` ('' without one), ``_wave``, ``_value``, ``_status`` (flags of the rows, '' where none).
    """
    numerator, denominator = ratio_sql(indicator, contract)
    row = {
        "_unit": text_or_blank(unit),
        "_wave": as_text(contract.wave or ""),
        "y": numerator,
        "x": denominator,
        "w": _weight(indicator.sample),
        "s": letters_sql(contract),
    }
    where = [where_sql(indicator, contract)]
    if group:
        column, labels = group
        where.append(Part(column).sql(labels))
    rows = Select(row, ident(programme, contract.id), where=tuple(where))
    total = kind_of(indicator.formula).summary.total
    value = {
        "_unit": "_unit",
        "_wave": "_wave",
        "_value": "fsum(w * y)" if total else _MEAN,
        "_status": "coalesce(string_agg(s, ''), '')",
    }
    valid = ("y IS NOT NULL", "x IS NOT NULL", "w > 0")
    query = Select(value, rows, where=valid, group=ALL, order=ALL)
    return connection.execute(query.sql()).df()


def _weight(sample: Sample) -> str:
    return as_number(sample.weight) if sample.weight else "1.0::DOUBLE"


def treated_cells(
    connection: duckdb.DuckDBPyConnection,
    programme: str,
    contract: Contract,
    indicator: Indicator,
    columns: Sequence[str],
    *,
    wave: str | None,
) -> pd.DataFrame:
    """Return how the treated of an indicator's design are spread over the codes of columns.

    Returns
    -------
    pandas.DataFrame
        The columns as text (None where missing), ``_weight`` the sum of weights and ``_n`` the rows.

    Raises
    ------
    NotEstimable
        If the design tells no treated rows apart.
    """
    arm = arm_sql(indicator.ex_post.design)
    if arm is None:
        raise NotEstimable(Said("values.no_arms_in_design"), Said("values.reach_by_groups"))
    where = [where_sql(indicator, contract), f"({arm}) = 'treated'"]
    if contract.wave and wave:
        where.append(f"{as_text(contract.wave)} = {literal(wave)}")
    cell = text_columns(columns)
    counts = {"_weight": f"sum({_weight(indicator.sample)})", "_n": "count(*)"}
    view = ident(programme, contract.id)
    query = Select({**cell, **counts}, view, where=tuple(where), group=ALL, order=ALL)
    return connection.execute(query.sql()).df()
