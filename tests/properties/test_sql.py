"""Queries that are put together: whatever names and conditions go in, DuckDB reads what was meant."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact.errors import UsageError
from impact.sql import (
    ALL,
    EVERY_COLUMN,
    Columns,
    Select,
    alike,
    all_of,
    as_number,
    as_text,
    columns,
    delete,
    ident,
    insert_row,
    literal,
    relation,
    replacing,
    text_columns,
    text_or_blank,
    update,
    with_tables,
)

PERSONS = pd.DataFrame({"name": ["Ada", "Bo", "Cy"], "age": [36, 17, None], "arm": ["a", "b", "a"]})
names = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), min_size=1, max_size=12)
"""Names of columns: quotes, blanks, dots, keywords and letters of any script among them."""
either = st.sampled_from(
    ["TRUE", "FALSE", "NULL", "TRUE OR FALSE", "FALSE AND NULL", "NOT TRUE\nor\nTRUE", "1 BETWEEN 0 AND 2"]
)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("CREATE TABLE persons (name VARCHAR, age BIGINT, arm VARCHAR)")
        opened.register("_persons", PERSONS)
        opened.execute("INSERT INTO persons FROM _persons")
        yield opened


@functools.cache
def memory() -> duckdb.DuckDBPyConnection:
    """Return a database without tables."""
    return duckdb.connect()


def rows(query: str | Select, *parameters: object) -> list[tuple[object, ...]]:
    """Run a query that reads no table."""
    return memory().execute(query if isinstance(query, str) else query.sql(), list(parameters)).fetchall()


# ---- a query as text -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (Select({"one": "1"}), "SELECT 1 AS one"),
        (Select(columns(["name"]), "persons"), 'SELECT "name" FROM persons'),
        (Select({"n": "n"}, "t"), "SELECT n FROM t"),
        (Select({"a > 1": "a > 1"}, "t"), 'SELECT a > 1 AS "a > 1" FROM t'),
        (Select(EVERY_COLUMN, "t", limit=0), "SELECT * FROM t LIMIT 0"),
        (Select({"n": "count(*)"}, "t", group=ALL, order=ALL), "SELECT count(*) AS n FROM t GROUP BY ALL ORDER BY ALL"),
        (Select({"a": "a"}, "t", group=("a", "b"), having="count(*) > 1"), "SELECT a FROM t GROUP BY a, b HAVING count(*) > 1"),
        (Select({"a": "a"}, "t", distinct=True, order=("a DESC", "b")), "SELECT DISTINCT a FROM t ORDER BY a DESC, b"),
        (Select(replacing({}), "t"), "SELECT * FROM t"),
        (Select(replacing({"a": "1"}, of="t.*"), "t"), 'SELECT t.* REPLACE (1 AS "a") FROM t'),
        (Select({"a": "a"}, Select({"a": "b"}, "t")), "SELECT a FROM (SELECT b AS a FROM t)"),
    ],
)  # fmt: skip
def test_a_query_says_its_clauses_in_the_order_of_sql(query: Select, text: str) -> None:
    assert query.sql() == text


def test_a_query_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Select({"a": "a"}, "t").limit = 1  # type: ignore[misc]


def test_a_name_with_a_nul_is_refused_wherever_it_stands() -> None:
    for write in (
        lambda name: Select({name: "1"}).sql(),
        lambda name: Select(columns([name]), "t").sql(),
        as_text,
        as_number,
    ):
        with pytest.raises(UsageError):
            write("a\x00b")


# ---- what DuckDB reads -----------------------------------------------------------------------------------------------


@given(st.lists(names, min_size=1, max_size=5, unique_by=str.lower), st.data())
def test_any_name_comes_back_as_it_went_in(chosen: list[str], data: st.DataObject) -> None:
    values = data.draw(st.lists(st.text("ab'\"", max_size=4), min_size=len(chosen), max_size=len(chosen)))
    literals: Columns = {name: literal(value) for name, value in zip(chosen, values, strict=True) if name != "*"}
    if literals:
        read = memory().execute(Select(columns(literals), Select(literals)).sql())
        assert [column[0] for column in read.description or ()] == list(literals)
        assert read.fetchall() == [tuple(v for n, v in zip(chosen, values, strict=True) if n != "*")]


def test_every_keyword_may_be_a_name() -> None:
    keywords = [str(word) for (word,) in rows("SELECT DISTINCT keyword_name FROM duckdb_keywords()")]
    literals = {word: literal(word) for word in keywords}
    assert rows(Select(columns(literals), Select(literals))) == [tuple(keywords)]


@given(st.lists(either, max_size=4))
def test_conditions_hold_together_whatever_stands_in_them(conditions: list[str]) -> None:
    truths = [rows(f"SELECT {condition}")[0][0] for condition in conditions]
    expected = False if False in truths else None if None in truths else True
    assert rows(f"SELECT {all_of(conditions)}") == [(expected,)]
    assert len(rows(Select({"one": "1"}, where=tuple(conditions)))) == (expected is True)


@given(st.text("a'\"% ", max_size=8))
def test_values_travel_as_parameters(value: str) -> None:
    assert rows(Select({"said": "?"}), value) == [(value,)]


@given(st.lists(st.tuples(st.none() | st.integers(0, 2), st.none() | st.integers(0, 2)), min_size=1, max_size=3))
def test_missing_values_are_alike(pairs: list[tuple[int | None, int | None]]) -> None:
    sides = [
        {f"k{place}": str(pair[side] if pair[side] is not None else "NULL") for place, pair in enumerate(pairs)}
        for side in (0, 1)
    ]
    one, other = (relation(Select(side)) for side in sides)
    joined = Select({"n": "count(*)"}, f"{one} a JOIN {other} b ON {alike('a', 'b', sides[0])}")
    assert rows(joined) == [(int(all(a == b for a, b in pairs)),)]


def test_a_query_may_read_from_those_before_it(connection: duckdb.DuckDBPyConnection) -> None:
    tables = {
        "adult": Select(EVERY_COLUMN, "persons", where=("age >= 18",)),
        "arms": "(SELECT DISTINCT arm FROM adult)",
    }
    assert connection.execute(with_tables(tables, Select({"n": "count(*)"}, "arms"))).fetchall() == [(1,)]


def test_text_and_numbers_are_cast(connection: duckdb.DuckDBPyConnection) -> None:
    casts = {
        **text_columns(["age"]),
        "number": as_number("age"),
        "blank": text_or_blank(None),
        "arm": text_or_blank("arm"),
    }
    assert connection.execute(Select(casts, "persons", limit=1).sql()).fetchall() == [("36", 36.0, "", "a")]


def test_some_columns_are_replaced_and_the_others_stay(connection: duckdb.DuckDBPyConnection) -> None:
    query = Select(replacing({"age": "NULL"}), "persons", where=("name = 'Ada'",))
    assert connection.execute(query.sql()).fetchall() == [("Ada", None, "a")]


# ---- changes ---------------------------------------------------------------------------------------------------------


def test_rows_are_deleted_that_fulfil_every_condition(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(delete("persons", "age > 30 OR age IS NULL", "arm = ?"), ["a"])
    assert connection.execute("SELECT name FROM persons").fetchall() == [("Bo",)]


def test_rows_are_updated_that_fulfil_every_condition(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        update("persons", {"age": "age + 1", "arm": "?"}, "name = 'Bo' OR name = 'Cy'", "arm = 'b'"), ["c"]
    )
    assert connection.execute("SELECT * FROM persons ORDER BY name").fetchall() == [
        ("Ada", 36, "a"),
        ("Bo", 18, "c"),
        ("Cy", None, "a"),
    ]


def test_a_row_is_inserted_by_its_parameters(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(insert_row(ident("persons"), 3), ["D'Arcy", 40, "b"])
    assert connection.execute("SELECT age FROM persons WHERE name = ?", ["D'Arcy"]).fetchall() == [(40,)]
