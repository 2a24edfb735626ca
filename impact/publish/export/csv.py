"""CSV: a line of names, then a line a row; no cell that a spreadsheet would run as a formula.

Spreadsheets set to another country split at semicolons or tabs, and know no quotes then: what begins after such a
mark is made harmless too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa

from impact.publish.export.format import Format, Takes
from impact.publish.export.table import ExportTable, Kind
from impact.publish.official.data_set import DataSet
from impact.publish.official.stream import copied
from impact.publish.official.structure import Text
from impact.sql import columns

Value = TypeVar("Value")
SEPARATOR = "|"
"""Stands between the codes of a cell that holds several."""
_FORMULA = re.compile(r"(^(?=[\t\r])|(?:^|[;|\t\r\n]\"*)(?=[=+\-@＝＋－＠]))")
"""Where a spreadsheet may take what follows for a formula: at the start, and after what may part cells or lines."""


def safe_cell(value: Value) -> Value | str:
    """Return a value as it may stand in a cell: an apostrophe goes before what reads like a formula, the rest stays.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("note;=1+1"), safe_cell("a=b"), safe_cell(-1.5)
    ("'=1+1", "note;'=1+1", 'a=b', -1.5)
    """
    return _FORMULA.sub(r"\1'", value) if isinstance(value, str) else value


_TEXTS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.CODES: lambda codes: safe_cell(SEPARATOR.join(codes)),
    Kind.MOMENT: lambda moment: moment.isoformat(),
}
"""How values are written that are no number, text or date."""


def write_csv(table: ExportTable) -> bytes:
    """Write the rows of a table in UTF-8: numbers with all their digits, nothing where a value is missing."""
    cells = {column.name: _cells(table.frame[column.name], column.kind) for column in table.columns}
    frame = pd.DataFrame(cells, index=table.frame.index)
    text = frame.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8")


def _cells(values: pd.Series, kind: Kind) -> pd.Series:
    """Return values as they stand in the file."""
    if kind is Kind.ANY:
        return values.map(safe_cell)  # pandas infers a type anew: whole numbers beside a missing one get a point
    write = _TEXTS.get(kind, safe_cell)
    texts = [None if value is None else write(value) for value in values]
    return pd.Series(texts, values.index, dtype=object)


def write_observations(data_set: DataSet) -> Iterator[bytes]:
    """Write the observations of a data set in one pass: the same text as :func:`write_csv` gives of their table."""
    rows = data_set.rows
    for component in data_set.structure.components:
        if component.text is Text.STRING and not component.codelist:
            place = rows.column_names.index(component.id)
            rows = rows.set_column(place, component.id, _safe(rows[component.id]))
    safe = replace(data_set, rows=rows)
    names = [component.id for component in data_set.structure.components]
    return copied(safe, columns(names), {"FORMAT": "csv", "HEADER": "true"})


def _safe(values: pa.ChunkedArray) -> pa.Array:
    """Return texts without what a spreadsheet would run; each different text is read once."""
    encoded = values.combine_chunks().dictionary_encode()
    texts = [safe_cell(text) for text in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(texts, pa.string())).dictionary_decode()


FORMAT = Format(".csv", "text/csv", Takes.TABLE, write_csv, observations=write_observations)
