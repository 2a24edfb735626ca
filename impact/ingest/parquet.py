"""A Parquet file is read where it stands: its columns become the text that a source declares, in SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from impact.declare.sources import FileFormat, Source
from impact.ingest.raw import RawFile, check_header, file_error, plainly_named
from impact.sql import Select, ident, literal, relation


def read_parquet(source: Source, path: Path, scratch: Path) -> RawFile:
    """Read a Parquet file where it stands, each column as the text that its source declares.

    Raises
    ------
    FileError
        If it is no Parquet, its header is unusable, or it holds points in time without a declared zone.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only Parquet needs it
    from pyarrow import parquet  # noqa: PLC0415

    try:
        schema = parquet.read_schema(path)
        header = tuple(schema.names)
    except pa.ArrowInvalid as error:
        raise file_error(source, "the file is not Parquet", found=str(error).splitlines()[0]) from error
    check_header(header, source)
    _check_zones(schema, source)
    texts = {
        name: "CAST(NULL AS VARCHAR)"
        if name in source.ignore
        else _as_text(ident(name), schema.field(name).type, source.format)
        for name in header
    }
    rows = Select(texts, f"read_parquet({literal(str(plainly_named(path, scratch)))})")
    return RawFile(header, relation(rows), csv=False, cells=True)


def _check_zones(schema: Any, source: Source) -> None:
    """Refuse points in time without a declared zone: their day would be that of the machine's clock."""
    zoned = [field for field in schema if field.name not in source.ignore and "tz=" in str(field.type)]
    for field in zoned:
        if not hasattr(field.type, "tz"):
            fix = "Write it as a plain column, or leave it out with ignore:."
            raise file_error(source, f"column '{field.name}' holds points in time inside lists or records", fix=fix)
    if zoned and source.format.zone is None:
        names = ", ".join(field.name for field in zoned)
        fix = "Declare format: {zone: Europe/Rome}, or the zone in which the days are meant."
        raise file_error(source, f"column {names} holds points in time, whose day depends on the zone", fix=fix)


def _as_text(column: str, kind: Any, form: FileFormat) -> str:
    """Write a Parquet column as the text its source declares: whole floats as codes, dates and decimals by format."""
    from pyarrow import types  # noqa: PLC0415

    if types.is_date(kind) or types.is_timestamp(kind):
        zoned = types.is_timestamp(kind) and kind.tz is not None
        moment = f"timezone({literal(form.zone or 'UTC')}, {column})" if zoned else column
        return f"strftime({moment}, {literal(form.dates[0])})"
    if not types.is_floating(kind) and not types.is_decimal(kind):
        return f"CAST({column} AS VARCHAR)"
    plain = f"replace(CAST({column} AS VARCHAR), '.', {literal(form.decimal)})"
    if types.is_decimal(kind):
        digits = f"CAST(CAST({column} AS DECIMAL(38, 0)) AS VARCHAR)"
        return f"CASE WHEN {column} = trunc({column}) THEN {digits} ELSE {plain} END"
    whole = f"isfinite({column}) AND {column} = trunc({column})"
    # beyond this neighbours share one double, so the digits are not sure to be those that were meant
    sure = f"abs({column}) < {2**53 if kind.bit_width == 64 else 2 ** (24 if kind.bit_width == 32 else 11)}"
    long = f"replace(format('{{:.16e}}', CAST({column} AS DOUBLE)), '.', {literal(form.decimal)})"
    return (
        f"CASE WHEN {whole} AND {sure} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR)"
        f" WHEN {whole} THEN {long} ELSE {plain} END"
    )
