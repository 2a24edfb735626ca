"""A table says all of itself in one place: a field must say what it is, and rows are as their schema says."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

import impact
from impact.states import Arm
from impact.tables.columns import Holds, Missing, Reach, Record, col
from impact.tables.frames import to_frame, to_json, to_python, to_records
from impact.tables.registry import TABLES
from impact.tables.results import Diagnostic, Measure
from impact.tables.schema import FILE, table_schema, tables_schema
from tests.support.programmes import template
from tests.support.records import record

SCHEMAS = Path(__file__).parents[2] / "schemas" / "json"


def test_a_field_says_what_it_is() -> None:
    with pytest.raises(TypeError, match=r"the field 'bare' has no description: give it one with col\(…\)"):

        class Bare(Record, name="bare", it="Una riga.", reach=Reach.NOBODY, sort=()):
            """A row."""

            bare: str


def test_a_field_says_what_null_means_if_and_only_if_it_may_be() -> None:
    with pytest.raises(TypeError, match="the field 'value' must say with missing="):

        class Silent(Record, name="silent", it="Una riga.", reach=Reach.NOBODY, sort=()):
            """A row."""

            value: float | None = col(Holds.STATISTIC, "A value.", "Un valore.")

    with pytest.raises(TypeError, match="the field 'value' must say with missing="):

        class Idle(Record, name="idle", it="Una riga.", reach=Reach.NOBODY, sort=()):
            """A row."""

            value: float = col(Holds.STATISTIC, "A value.", "Un valore.", missing=Missing.UNKNOWN)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_and_column_has_its_meaning_in_both_languages(name: str) -> None:
    table = TABLES[name]
    for meaning in (table.meaning, *(column.meaning for column in table.columns.values())):
        assert set(meaning) == {"it", "en"}
        assert all(text.endswith((".", "…")) for text in meaning.values()), meaning
    assert set(table.sort) <= set(table.columns)
    assert set(table.cuts.values()) <= set(table.columns)
    assert bool(table.cuts) == (table.reach == Reach.COLUMNS)


def test_the_schema_in_the_folder_is_that_of_the_tables() -> None:
    written = json.loads((SCHEMAS / FILE).read_text("utf-8"))
    assert written == tables_schema(), "run: python -m impact.tables.schema schemas/json"


def test_rows_of_a_run_are_as_their_schema_says(tmp_path: Path) -> None:
    warehouse = impact.run(template(tmp_path)).warehouse
    seen = set()
    for name, table in TABLES.items():
        check = jsonschema.Draft202012Validator(table_schema(table))
        for row in warehouse.frame(f"SELECT * FROM impact.{name} LIMIT 50").to_dict("records"):
            check.validate({column: to_json(to_python(value)) for column, value in row.items()})
            seen.add(name)
    assert {"finding", "measure", "diagnostic", "definition", "load", "programme", "wave", "quality"} <= seen
    warehouse.close()


def test_a_value_that_is_no_state_is_refused_by_the_schema() -> None:
    row = {name: to_json(value) for name, value in vars(record(Measure, arm=Arm.TREATED)).items()}
    schema = table_schema(Measure.TABLE)
    jsonschema.validate(row, schema)
    for wrong in ({"arm": "elsewhere"}, {"n": 0.5}, {"n": None}, {"more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(row | wrong, schema)


def test_records_and_frames_hold_the_same() -> None:
    rows = [
        record(Measure, indicator="a", arm=Arm.TREATED, value=0.5, n=3, flags=("small_n", "break")),
        record(Measure, indicator="b", arm=Arm.ALL, n_clusters=7),
    ]
    assert to_records(Measure, to_frame(Measure, rows)) == rows
    assert list(to_frame(Diagnostic, []).columns) == list(Diagnostic.TABLE.columns)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_every_kind_of_missing_is_none(missing: object) -> None:
    assert to_python(missing) is None
