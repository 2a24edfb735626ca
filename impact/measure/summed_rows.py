"""The rows that indicators are summed over: those of a contract as they stand, or its persons at two waves.

Text of SQL over the views of good rows; before :mod:`impact.measure.cells`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import duckdb

from impact.declare.contracts import Contract
from impact.declare.indicators import Indicator, Sample
from impact.formulas.base import ONE
from impact.measure.formula import arm_sql, cluster_sql, difference_sql, ratio_sql, where_sql
from impact.measure.obs_flags import letters_sql
from impact.measure.terms import SummedRows, Term
from impact.sql import EVERY_COLUMN, Select, all_of, columns, ident, literal, text_or_blank

LINKED = "_linked_persons"
NOW, THEN = "n", "t"
"""What a join calls the rows of a person at the later and the earlier wave."""


def contract_rows(programme: str, contract: Contract, indicators: Sequence[Indicator]) -> SummedRows:
    """Return the rows of a contract as they stand."""
    terms = {}
    for indicator in indicators:
        y, x = ratio_sql(indicator, contract)
        terms[indicator.id] = Term(indicator, y, x, where_sql(indicator, contract))
    letters = letters_sql(contract) if contract.status else None
    relation = _with_labels(ident(programme, contract.id), indicators)
    return SummedRows(relation, text_or_blank(contract.wave), letters, terms)


@contextlib.contextmanager
def linked_rows(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicators: Sequence[Indicator]
) -> Iterator[SummedRows]:
    """Link the persons of two waves, the same two for all the indicators given, while their changes are summed.

    A person belongs to the groups, and passes the filter, of the row at the earlier wave.
    """
    person, wave = ident(contract.person or ""), ident(contract.wave or "")
    earlier = literal(indicators[0].formula.followed_since)
    later = literal(indicators[0].ex_post.wave or "")
    names = _followed_columns(indicators)
    then = {"_person": person, **columns(names)}
    now = {"_person": person}
    linked = {**columns(names, of=THEN), "_linked": f"{NOW}._person IS NOT NULL"}
    terms = {}
    for number, indicator in enumerate(indicators):
        value, _ = ratio_sql(indicator, contract)
        now[f"_v{number}"] = then[f"_v{number}"] = value
        then[f"_in{number}"] = where_sql(indicator, contract)
        change = difference_sql(f"{NOW}._v{number}", f"{THEN}._v{number}")
        linked |= {f"_change{number}": change, f"_in{number}": f"{THEN}._in{number}"}
        terms[indicator.id] = Term(indicator, f"_change{number}", ONE, all_of(("_linked", f"_in{number}")))
    if contract.status:
        now["_flags"] = then["_flags"] = letters_sql(contract)
        linked["_flags"] = f"{THEN}._flags || coalesce({NOW}._flags, '')"
    view = _with_labels(ident(programme, contract.id), indicators)
    before, after = Select(then, view, (f"{wave} = {earlier}",)), Select(now, view, (f"{wave} = {later}",))
    persons = f"({before.sql()}) {THEN} LEFT JOIN ({after.sql()}) {NOW} USING (_person)"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {LINKED} AS {Select(linked, persons).sql()}")
    yield SummedRows(LINKED, later, "_flags" if contract.status else None, terms)
    connection.execute(f"DROP TABLE {LINKED}")


def _with_labels(view: str, indicators: Sequence[Indicator]) -> str | Select:
    """Add a column per way of telling arms or clusters, called by its own expression: declarations alike share it."""
    labels: list[str | None] = []
    for indicator in indicators:
        labels += (arm_sql(indicator.ex_post.design), cluster_sql(indicator.sample))
    by_expression = {label: label for label in labels if label}
    return Select({**EVERY_COLUMN, **by_expression}, view) if by_expression else view


def _followed_columns(indicators: Sequence[Indicator]) -> list[str]:
    """Return the columns that a person brings along from the earlier wave."""
    names = set[str | None]()
    for indicator in indicators:
        names.update((*indicator.by, *indicator.scope, arm_sql(indicator.ex_post.design)))
        names.update(_sampled_columns(indicator.sample))
    return sorted(filter(None, names))


def _sampled_columns(sample: Sample) -> tuple[str | None, ...]:
    return sample.strata, cluster_sql(sample), sample.weight, sample.population, sample.population_within
