"""The same cells in every format: each is read back, and is what was written; missing stays missing, no digit is lost."""

from __future__ import annotations

import datetime
import io
import json
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact.publish.export import FORMATS, ExportColumn, ExportTable, Kind, Origin
from impact.publish.export.csv import safe_cell
from tests.publish.export.reading import arrow_rows, described_csv, records

ORIGIN = Origin("en", "v1", "made", datetime.date(2030, 1, 2), synthetic=True)
MOMENTS = st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2100, 1, 1))
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: TEXTS.filter(bool),
    Kind.NUMBER: st.floats(allow_nan=False, allow_infinity=False),
    Kind.INTEGER: st.integers(-(2**63), 2**63 - 1),
    Kind.BOOLEAN: st.booleans(),
    Kind.DATE: st.dates(datetime.date(1000, 1, 1)),
    Kind.MOMENT: MOMENTS,
}


def table(columns: dict[Kind, list[Any]]) -> ExportTable:
    """Return a table with a column of each kind."""
    frame = pd.DataFrame({kind.value: pd.Series(values, dtype=object) for kind, values in columns.items()})
    described = tuple(ExportColumn(kind.value, kind, meaning=f"A {kind}.", unit="u") for kind in columns)
    return ExportTable("made", "Made", described, frame, ORIGIN, suppressed={"few": 2})


@st.composite
def tables(draw: st.DrawFn) -> ExportTable:
    rows = draw(st.integers(0, 5))
    columns = {
        kind: draw(st.lists(st.none() | values, min_size=rows, max_size=rows)) for kind, values in VALUES.items()
    }
    codes = st.lists(st.from_regex("[a-z_]{1,8}", fullmatch=True), max_size=3)
    return table(columns | {Kind.CODES: draw(st.lists(codes, min_size=rows, max_size=rows))})


def rows_of(made: ExportTable) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in made.frame.to_dict("records")]


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime.date) else value


@settings(max_examples=60)
@given(tables())
def test_what_is_written_is_read_back(made: ExportTable) -> None:
    expected = rows_of(made)
    assert arrow_rows(FORMATS["parquet"].write(made)) == expected
    assert records(FORMATS["json"].write(made)) == [{k: plain(v) for k, v in row.items()} for row in expected]
    harmless = [{name: safe_cell(value) for name, value in row.items()} for row in expected]
    assert described_csv(FORMATS["csvw"].files([made])) == {"made.csv": harmless}
    assert FORMATS["csvw"].files([made])["made.csv"] == FORMATS["csv"].write(made)


def test_an_empty_text_is_not_a_missing_one() -> None:
    for values in (["", "a"], [None, "a"]):
        made = table({Kind.TEXT: values, Kind.INTEGER: [1, 2]})
        assert [row["string"] for row in described_csv(FORMATS["csvw"].files([made]))["made.csv"]] == values
        assert [row["string"] for row in arrow_rows(FORMATS["parquet"].write(made))] == values


def test_numbers_keep_their_digits_for_pandas_too() -> None:
    numbers = [0.1 + 0.2, 1e-300, 12345678901234.567, None]
    made = table({Kind.NUMBER: numbers, Kind.INTEGER: [2**62, None, 1, 2]})
    read = pd.read_csv(io.BytesIO(FORMATS["csv"].write(made)))
    assert read["number"].tolist()[:3] == numbers[:3]
    assert read["number"].isna().tolist() == [False, False, False, True]
    stored = pd.read_parquet(io.BytesIO(FORMATS["parquet"].write(made)), dtype_backend="numpy_nullable")
    assert stored["integer"].tolist() == [2**62, pd.NA, 1, 2]


def test_a_number_without_end_is_named_where_a_format_has_none() -> None:
    made = table({Kind.NUMBER: [float("inf")], Kind.INTEGER: [1]})
    assert records(FORMATS["json"].write(made)) == [{"number": "inf", "integer": 1}]


def test_parquet_has_types_and_says_what_columns_mean() -> None:
    empty = table({kind: [None] for kind in VALUES} | {Kind.CODES: [[]]})
    schema = pyarrow.parquet.read_schema(io.BytesIO(FORMATS["parquet"].write(empty)))
    assert [field.type for field in schema] == [
        pa.string(), pa.float64(), pa.int64(), pa.bool_(), pa.date32(), pa.timestamp("us"), pa.list_(pa.string()),
    ]  # fmt: skip
    assert schema.field("number").metadata[b"dc:description"] == b"A number."
    assert schema.field("number").metadata[b"schema:unitText"] == b"u"
    assert schema.metadata[b"dc:title"] == b"Made"
    assert json.loads(schema.metadata[b"impact:suppressed"]) == {"few": 2}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, None], [1, None]),
        ([1, "a"], ["1", "a"]),
        ([None, None], [None, None]),
        ([2**70, 1.5], [str(2**70), "1.5"]),
        ([datetime.date(2020, 1, 1)], [datetime.date(2020, 1, 1)]),
    ],
)
def test_a_table_of_a_page_is_typed_by_its_values(values: list[Any], expected: list[Any]) -> None:
    made = table({Kind.ANY: values})
    assert [row["any"] for row in arrow_rows(FORMATS["parquet"].write(made))] == expected


def test_csv_runs_nothing_in_a_spreadsheet() -> None:
    made = table({Kind.TEXT: ["=1+1", "a;=1"], Kind.NUMBER: [-1.5, 2.0], Kind.CODES: [["=a", "b"], []]})
    assert FORMATS["csv"].write(made).decode().splitlines()[1:] == ["'=1+1,-1.5,'=a|b", "a;'=1,2.0,"]
