"""A part has one spelling in each place, and every spelling leads back to it."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact.tables.part import (
    COLUMNS,
    MISSING_GROUP,
    WHOLE,
    Part,
    cut_columns,
    label_sql,
    of_whole,
    part_codes,
    part_sql,
    parts_of,
    read_finding,
)

NAME = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name not in ("all", "programme"))
CODE = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=0, max_size=8)
PARTS = st.builds(Part, NAME, CODE, cuts_programme=st.booleans()) | st.just(WHOLE)


@given(PARTS)
def test_columns_of_a_table_lead_back_to_the_part(part: Part) -> None:
    row = part.fields()
    assert tuple(row) == COLUMNS
    again = Part.of(row)
    assert (again, again.cuts_programme) == (part, part.cuts_programme)


@given(PARTS)
def test_names_lead_back_to_the_part(part: Part) -> None:
    assert Part.read(str(part)) == part
    assert read_finding(part.id("p", "i")) == ("p", "i", part)
    assert part.id("p", "i").count("/") >= (1 if part.is_whole else 2)


@settings(deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=5))
def test_frames_and_queries_agree_with_rows(parts: list[Part]) -> None:
    frame = pd.DataFrame([part.fields() for part in parts])
    assert parts_of(frame) == parts
    assert cut_columns(frame).tolist() == [part.column or "" for part in parts]
    assert part_codes(frame).tolist() == [part.code for part in parts]
    assert of_whole(frame).tolist() == [part.is_whole for part in parts]
    column, code = part_sql("f")
    with duckdb.connect() as connection:
        connection.register("f", frame)
        found = connection.execute(f"SELECT {column}, {code} FROM f").fetchall()
    assert [("" if name == "all" else name, value) for name, value in found] == [(p.column, p.code) for p in parts]


@pytest.mark.parametrize(
    ("part", "labels", "rows"),
    [
        (Part("place", "a"), (), [1]),
        (Part("place", "a"), ("a", "o'b"), [1, 2]),
        (Part("place", MISSING_GROUP), (), [3]),
        (Part("place", "c"), (), []),
        (WHOLE, (), [1, 2, 3]),
    ],
)
def test_a_part_finds_its_rows(part: Part, labels: tuple[str, ...], rows: list[int]) -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS FROM (VALUES (1, 'a'), (2, 'o''b'), (3, NULL)) v(id, place)")
        found = connection.execute(f"SELECT id FROM t WHERE {part.sql(labels)} ORDER BY id").fetchall()
        assert [row for (row,) in found] == rows
        assert connection.execute(f"SELECT {label_sql('place')} FROM t WHERE id = 3").fetchall() == [(MISSING_GROUP,)]


def test_a_column_cuts_the_programme_or_its_people_and_is_the_same_part() -> None:
    assert Part("area", "n", cuts_programme=True) == Part("area", "n")
    assert Part("area", "n", cuts_programme=True).fields()["scope"] == "area"
    assert Part("area", "n").fields()["group"] == "area"
