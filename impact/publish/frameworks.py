"""Frameworks leave as tables: what a programme answers to their checklists, and what it measures as others do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pandas as pd

from impact.declare import Programme, in_language
from impact.declare.base import Text
from impact.declare.frameworks.bind import Bound, shared_hash
from impact.declare.frameworks.model import SharedIndicator
from impact.declare.frameworks.owed import Owed, Response, all_owed
from impact.declare.indicators import Indicator
from impact.formulas.registry import kind_of
from impact.measure.whole_sums import whole_sums
from impact.states import Arm
from impact.store.sentences import encoded
from impact.store.warehouse import to_json
from impact.tables import frameworks as tables
from impact.tables.frames import to_frame
from impact.tables.part import WHOLE
from impact.words.said import joined

Columns = dict[str, Any]
"""Some columns of a row, by name; together they are checked when the row is made."""


def make_frameworks(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Return the frameworks of a programme, their elements and their indicators, with the sums behind each value.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with the views of good rows in place and measures written.
    """
    owed = list(all_owed(programme))
    elements = [row for one in owed for row in _elements(programme, one)]
    shared = [row for one in owed for row in _indicators(programme, connection, one)]
    return {
        "framework": to_frame(tables.Framework, [_framework(programme, one) for one in owed]),
        "element": encoded("element", to_frame(tables.Element, elements)),
        "shared_indicator": to_frame(tables.SharedIndicator, shared),
    }


def _framework(programme: Programme, owed: Owed) -> tables.Framework:
    file = owed.framework.file
    return tables.Framework(
        programme=programme.id,
        framework=file.id,
        version=file.version,
        title_en=in_language(file.title, "en"),
        title_it=in_language(file.title, "it"),
        publisher_en=in_language(file.publisher, "en"),
        publisher_it=in_language(file.publisher, "it"),
        origin=to_json(file.source.model_dump(mode="json", exclude_none=True)),
        remarks_en=tuple(in_language(remark, "en") for remark in file.remarks),
        remarks_it=tuple(in_language(remark, "it") for remark in file.remarks),
        unfed=owed.unfed,
    )


def _elements(programme: Programme, owed: Owed) -> Iterator[tables.Element]:
    for place, response in enumerate(owed.responses, 1):
        yield _element(programme, owed.framework.id, place, response)


def _element(programme: Programme, framework: str, place: int, response: Response) -> tables.Element:
    element, answer = response.element, response.answer
    return tables.Element(
        programme=programme.id,
        framework=framework,
        place=place,
        element=element.code,
        title_en=in_language(element.title, "en"),
        title_it=in_language(element.title, "it"),
        provision_en=in_language(element.provision, "en"),
        provision_it=in_language(element.provision, "it"),
        seen_en=_english(element.seen),
        seen_it=_italian(element.seen),
        state=response.state,
        shown=joined(*response.shown) or None,
        answer_en=_english(response.text),
        answer_it=_italian(response.text),
        origin=to_json(answer.origin.model_dump(mode="json", exclude_none=True)) if answer else None,
    )


def _indicators(
    programme: Programme, connection: duckdb.DuckDBPyConnection, owed: Owed
) -> Iterator[tables.SharedIndicator]:
    bound = {one.indicator.id: one for one in programme.bound}
    for place, shared in enumerate(owed.framework.indicators, 1):
        row = _shared(programme, owed, place, shared)
        yield tables.SharedIndicator(**row, **_measured(programme, connection, bound.get(shared.id)))


def _shared(programme: Programme, owed: Owed, place: int, shared: SharedIndicator) -> Columns:
    """Return what is declared of a shared indicator."""
    return {
        "programme": programme.id,
        "framework": owed.framework.id,
        "place": place,
        "indicator": shared.id,
        "title_en": in_language(shared.title, "en"),
        "title_it": in_language(shared.title, "it"),
        "level": shared.level,
        "unit": in_language(shared.unit, "en"),
        "unit_it": in_language(shared.unit, "it"),
        "required": shared.id in owed.framework.file.required.indicators,
        "shared_hash": shared_hash(shared, programme.contracts, programme.codelists),
        "summary": kind_of(shared.formula).summary,
    }


def _measured(programme: Programme, connection: duckdb.DuckDBPyConnection, bound: Bound | None) -> Columns:
    """Return what stands behind the value of a shared indicator that is bound; nothing of one that is not."""
    if bound is None:
        unknown = dict.fromkeys(("finding", "numerator", "denominator", "std_error", "n_clusters"))
        return {**unknown, "own_weights": False}
    indicator = bound.indicator
    numerator, denominator = whole_sums(connection, programme, indicator)
    std_error, n_clusters = _spread(programme, connection, indicator)
    return {
        "finding": WHOLE.id(programme.id, indicator.id),
        "own_weights": indicator.sample.weight is not None and indicator.sample != bound.shared.sample,
        "numerator": numerator,
        "denominator": denominator,
        "std_error": std_error,
        "n_clusters": n_clusters,
    }


def _spread(
    programme: Programme, connection: duckdb.DuckDBPyConnection, indicator: Indicator
) -> tuple[float | None, int | None]:
    """Return standard error and clusters of the value that the finding of the whole reports."""
    parameters = [programme.id, indicator.id, indicator.ex_post.wave or "", Arm.ALL, Arm.TREATED]
    rows = connection.execute(_SPREAD, [*parameters, *WHOLE.fields().values()]).fetchall()
    return rows[0] if rows else (None, None)


_SPREAD = """SELECT std_error, n_clusters FROM impact.measure WHERE programme = $1 AND indicator = $2 AND wave = $3
AND arm IN ($4, $5) AND scope = $6 AND scope_value = $7 AND "group" = $8 AND group_value = $9"""


def _english(text: Text | None) -> str | None:
    return in_language(text, "en") if text else None


def _italian(text: Text | None) -> str | None:
    return in_language(text, "it") if text else None
