"""Rows that were read back from a file, held against the structure, and against those that were to be written."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from impact.errors import Problem
from impact.publish.official.check import data_set_problems
from impact.publish.official.data_set import ARROW, arrow_schema
from impact.publish.official.sdmx_read import Batch, columns_in_order
from impact.publish.official.structure import Component, Structure, Text

_NUMBER = {Text.DOUBLE: r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$", Text.INTEGER: r"^-?\d{1,18}$"}
"""How numbers are written: infinity, hexadecimal digits and blanks are none."""


def held(
    structure: Structure, batches: Iterable[Batch], problems: list[Problem], rows: pa.Table | None = None
) -> list[Problem]:
    """Return all that is wrong with a file.

    Parameters
    ----------
    structure
        What the rows should be made of.
    batches
        The rows as they are read.
    problems
        What their reader finds wrong with the file itself; it comes first.
    rows
        Those that were to be written; where they are given, the file must hold them and no other, in order.
    """
    tables, count = [], 0
    for batch in batches:
        table = _typed(structure, batch, problems)
        if rows is not None:
            problems.extend(_differences(table, rows.slice(count, table.num_rows), count))
        count += table.num_rows
        tables.append(_small(table))
    if rows is not None and count != rows.num_rows:
        problems.append(Problem("rows are lost, or too many", expected=str(rows.num_rows), found=str(count)))
    if problems or not tables:
        return problems
    return data_set_problems(structure, pa.concat_tables(tables, promote_options="default"))


def read_rows(structure: Structure, batches: Iterable[Batch], problems: list[Problem]) -> pa.Table:
    """Return the rows of a file in the columns of its structure."""
    tables = [_typed(structure, batch, problems) for batch in batches]
    return pa.concat_tables(tables) if tables else arrow_schema(structure).empty_table()


def _typed(structure: Structure, batch: Batch, problems: list[Problem]) -> pa.Table:
    """Return rows with their types; a number that is none is named, and missing then."""
    known = {component.id: component for component in structure.components}
    columns = {}
    for name in columns_in_order(structure, batch):
        texts = pa.array(batch[name], pa.string())
        component = known.get(name)
        columns[name] = texts if component is None else _values(component, texts, problems)
    return pa.table(columns)


def _values(component: Component, texts: pa.Array, problems: list[Problem]) -> pa.Array:
    if component.text not in ARROW:
        return texts
    good = pc.match_substring_regex(texts, _NUMBER[component.text])
    bad = texts.filter(pc.invert(good))
    if len(bad):
        found = bad[0].as_py()
        problems.append(Problem(f"{component.id} is no number: {len(bad)} rows", field=component.id, found=found))
    return pc.if_else(good, texts, None).cast(ARROW[component.text])


def _differences(table: pa.Table, rows: pa.Table, before: int) -> list[Problem]:
    """Return the first cell that is not what was to be written."""
    for name in rows.column_names if table.num_rows == rows.num_rows else ():
        if name not in table.column_names:
            continue
        if not table[name].equals(rows[name]):
            read, written = table[name].to_pylist(), rows[name].to_pylist()
            place = next(i for i, (one, other) in enumerate(zip(read, written, strict=True)) if one != other)
            what = f"row {before + place + 1} is not the one that was to be written"
            return [Problem(what, field=name, expected=repr(written[place]), found=repr(read[place]))]
    return []


def _small(table: pa.Table) -> pa.Table:
    """Return rows with each different text once: what is read back of a large file has to fit beside it."""
    small = {}
    for name in table.column_names:
        column = table[name]
        small[name] = column.dictionary_encode() if pa.types.is_string(column.type) else column
    return pa.table(small)
