"""Parquet: typed columns; titles, meanings and what is said of the table stand in the metadata of the schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from impact.publish.export.csvw import Description, described, facts
from impact.publish.export.format import Format, Takes
from impact.publish.export.table import ExportColumn, ExportTable, Kind
from impact.publish.official.data_set import DataSet
from impact.publish.official.stream import copied
from impact.sql import columns, ident, literal

_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.NUMBER: pa.float64(),
    Kind.INTEGER: pa.int64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.MOMENT: pa.timestamp("us"),
    Kind.CODES: pa.list_(pa.string()),
}


def write_parquet(table: ExportTable) -> bytes:
    """Write a table; its schema says of columns and table what CSV on the Web says of them."""
    language = table.origin.language
    arrays, fields = [], []
    for column in table.columns:
        array = _array(table.frame[column.name].tolist(), column.kind)
        arrays.append(array)
        fields.append(pa.field(column.name, array.type, metadata=_metadata(column, language)))
    schema = pa.schema(fields, metadata=_texts(facts(table)))
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(arrays, schema=schema), sink)
    return bytes(sink.getvalue())


def _array(values: list[Any], kind: Kind) -> Any:
    """Return values as an Arrow array; of a page's table by what they are, as text where they are of several types."""
    if kind in _TYPES:
        return pa.array(values, _TYPES[kind], from_pandas=True)
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        texts = [None if value is None else str(value) for value in values]
        return pa.array(texts, pa.string())
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


def _metadata(column: ExportColumn, language: str) -> dict[str, str]:
    return _texts(described(column, language))


def _texts(values: Description) -> dict[str, str]:
    """Return values as metadata has them: texts, what is no text as JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in values.items()
    }


def write_observations(data_set: DataSet) -> Iterator[bytes]:
    """Write the observations of a data set in one pass, with what the structure says of them as metadata."""
    structure, origin = data_set.structure, data_set.origin
    said: Description = {"dc:title": structure.names, "dc:identifier": structure.flow, "dc:hasVersion": origin.version}
    said |= {"impact:structure": structure.version, "impact:synthetic": origin.synthetic}
    metadata = ", ".join(f"{ident(name)}: {literal(text)}" for name, text in _texts(said).items())
    names = [component.id for component in structure.components]
    return copied(data_set, columns(names), {"FORMAT": "parquet", "KV_METADATA": f"{{{metadata}}}"})


FORMAT = Format(
    ".parquet", "application/vnd.apache.parquet", Takes.TABLE, write_parquet, observations=write_observations
)
