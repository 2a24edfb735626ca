"""The compiled SQL pass and Pandera on pandas reject the same rows for the same reasons, on random contracts."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import duckdb
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from impact.declare import shipped
from impact.declare.base import Condition
from impact.declare.contracts import Column, CompareRule, Contract, ImpliesRule
from impact.declare.load import Programme, load_programme
from impact.declare.sources import FileFormat, Provenance, Source
from impact.ingest import open_raw
from impact.validate import compile_contract, stage_rows, validate_frame

PROGRAMME = load_programme(shipped("schemas") / "template")
TRICKY = [
    "", " ", "0", "1", "-1", "+2", "3.0", "1.5", "1,5", "1.234,5", ".5", "5.", "1e3", "1E-2", "1e309", "-1e308", "1_000",
    "0x10", "0b1", "nan", "NaN", "inf", "-Infinity", "１２", "12abc", "1e", "e1", "--1", "1 2", "true", "FALSE", "si", "Sì",
    "no", "2024-02-29", "2023-02-29", "29/02/2024", "31/12/2024", "2024-13-01", "0021-05-01", "9999-12-31", "epoch", "Infinity", "1/2/2024",
    "a", "b", "A", "é", "🙂", "x'y", 'x"y', "; DROP TABLE t; --", "%", "\\", "-9", "9007199254740993", "99999999999999999999",
    "\u00a07\u00a0", "ab12", "ab1", "{relation}", "None", "null", "NA",
]  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(TRICKY),
    st.integers(-20, 20).map(str),
    st.floats(-20, 20, allow_nan=False).map(str),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n", exclude_categories=("Cs",)), max_size=6),
)
PATTERNS = ["[a-z]+[0-9]{2}", r"\d+", r"(?i:[ab])", r"(?!x).*", r"\w{1,3}", "a|b", r"[^\s]+"]
SETTINGS = settings(max_examples=120)


@st.composite
def columns(draw: st.DrawFn) -> Column:
    kind = draw(st.sampled_from(["text", "code", "integer", "number", "boolean", "date"]))
    fields: dict[str, object] = {"type": kind, "required": draw(st.booleans())}
    if kind == "code":
        fields["codes"] = draw(
            st.lists(st.sampled_from(["a", "b", "1", "true", "é"]), min_size=1, max_size=5, unique=True)
        )
    if kind in ("integer", "number"):
        low, high = sorted(draw(st.tuples(st.integers(-10, 10), st.integers(-10, 10))))
        fields |= draw(st.sampled_from([{}, {"min": low}, {"max": high}, {"min": low, "max": high}]))
    if kind == "text":
        fields |= draw(st.sampled_from([{}, {"max_length": 3}, {"pattern": draw(st.sampled_from(PATTERNS))}]))
    fields["missing"] = draw(st.sampled_from([{}, {"refused": ["-9"]}, {"skipped": ["-9"], "not_applicable": ["NA"]}]))
    return Column.model_validate(fields)


OPERATORS = ["<", "<=", "==", "!=", ">=", ">"]


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    made = {f"c{i}": draw(columns()) for i in range(draw(st.integers(1, 4)))}
    made |= {"n1": Column(type="number"), "n2": Column(type="integer")}
    rules: list[CompareRule | ImpliesRule] = []
    if draw(st.booleans()):
        operator = draw(st.sampled_from(OPERATORS))
        rules.append(CompareRule(kind="compare", id="order", left="n1", operator=operator, right="n2"))
    if draw(st.booleans()):
        limit = draw(st.integers(-5, 5))
        tests = [{"is_missing": False}, {"is_missing": True}, {"one_of": (1, 2, 3)}, {"below": 4}, {"not_equals": 2}]
        then = draw(st.sampled_from(tests))
        when, then_ = Condition(column="n1", at_least=limit), Condition.model_validate({"column": "n2", **then})
        rules.append(ImpliesRule(kind="implies", id="chain", when=when, then=then_))
    title = {"en": "random", "it": "casuale"}
    return Contract(id="random", title=title, unit_of_analysis="row", key=("n1",), columns=made, rules=tuple(rules))


def by_sql(programme: Programme, contract: Contract, rows: list[list[str]], form: FileFormat) -> tuple[set, int]:
    """Return the failures of the compiled pass, and how many rows it kept."""
    provenance = Provenance(title="random", kind="synthetic", generator="hypothesis")
    source = Source(id="random_file", file="rows.csv", contract="random", provenance=provenance, format=form)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "rows.csv"
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, delimiter=form.delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writerows([list(contract.columns), *rows])
        raw = open_raw(Path(folder), source, Path(folder))
        report = stage_rows(connection, raw, compile_contract(programme, contract, source, raw), source, '"t"')
    errors = report.reasons[report.reasons["severity"] == "error"]
    assert report.rows_read == len(rows)
    assert report.rows_bad == errors["row"].nunique()
    return set(errors[["row", "column", "rule"]].itertuples(index=False, name=None)), report.rows_good


@SETTINGS
@given(contract=contracts(), data=st.data(), decimal=st.sampled_from([".", ","]))
def test_compiled_pass_rejects_what_pandera_rejects(contract: Contract, data: st.DataObject, decimal: str) -> None:
    cells = st.lists(TEXTS, min_size=len(contract.columns), max_size=len(contract.columns))
    rows = data.draw(st.lists(cells, min_size=1, max_size=12))
    form = FileFormat(decimal=decimal, delimiter=";", dates=("%Y-%m-%d", "%d/%m/%Y"), multiline=True)
    found, good = by_sql(PROGRAMME, contract, rows, form)
    texts = pd.DataFrame(rows, columns=list(contract.columns), index=range(2, len(rows) + 2), dtype="string")
    expected = validate_frame(PROGRAMME, contract, texts, form)
    assert found == set(expected.itertuples(index=False, name=None))
    assert good == len(rows) - expected["row"].nunique()
