"""Official statistics as sources: every format gives the same rows, flags go with values, nothing is lost or guessed."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pysdmx.io import write_sdmx
from pysdmx.io.format import Format
from pysdmx.io.pd import PandasDataset
from pysdmx.model import Component, Components, Concept, DataType, Role, Schema
from typer.testing import CliRunner

from impact.cli.add_series import add_context
from impact.cli.main import app
from impact.declare import check_programme, load_programme
from impact.declare.append import with_shared, with_source
from impact.declare.sources import Source
from impact.errors import DeclarationError, FileError, ProblemsError, UsageError
from impact.ingest import series as series_module
from impact.ingest import unpack
from impact.ingest.raw import SeriesSummary
from impact.ingest.readers import read_source
from impact.measure.obs_flags import status_words
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.programmes import edit, indicator, template, written

SAMPLES = Path(__file__).parent / "samples"
TSV = (
    "freq,unit,sex,geo\\TIME_PERIOD\t2019 \t2020 \t2021 \n"
    "A,NR,T,ITC1\t12.50 \t13 bp\t: c\n"
    "A,NR,F,ITC1\t6 \t: \t: z\n"
    "A,NR,T,001\t1.0 u\t2 \t3 e\n"
)
EXPECTED = [
    ("001", "2019", "1.0", "u"),
    ("001", "2020", "2", ""),
    ("001", "2021", "3", "e"),
    ("ITC1", "2019", "12.50", ""),
    ("ITC1", "2020", "13", "bp"),
    ("ITC1", "2021", ":c", "c"),
]


def source(form: str, territory: str = "geo", **keep: Any) -> Source:
    return Source.model_validate(
        {
            "id": "s",
            "file": "raw/s",
            "contract": "context_series",
            "provenance": {"title": "Made for a test", "kind": "synthetic", "generator": "the test"},
            "series": {"format": form, "territory": territory, "keep": keep},
        }
    )


def read(folder: Path, content: str | bytes, declared: Source) -> tuple[list[tuple[str, ...]], SeriesSummary]:
    path = folder / "given"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    summary = read_source(declared, path, folder).summary
    assert summary is not None
    with (folder / "s.csv").open(newline="") as handle:
        rows = [tuple(row) for row in csv.reader(handle)]
    assert rows[0][-4:] == series_module.COLUMNS
    return rows[1:], summary


def refusal(folder: Path, content: str | bytes, declared: Source) -> str:
    with pytest.raises(FileError) as caught:
        read(folder, content, declared)
    return str(caught.value)


# ---- Eurostat TSV


def test_tsv_values_flags_and_reasons_for_what_is_not_there(tmp_path: Path) -> None:
    rows, summary = read(tmp_path, TSV, source("eurostat_tsv", sex="T"))
    assert rows == EXPECTED
    assert summary == SeriesSummary(2, 6, 2, "2019", "2021", 3, 1, {"b": 1, "c": 1, "e": 1, "p": 1, "u": 1})


def test_tsv_keeps_several_codes_as_a_column(tmp_path: Path) -> None:
    rows, summary = read(tmp_path, TSV, source("eurostat_tsv", sex=["F", "T"]))
    assert [row[0] for row in rows] == ["F"] * 3 + ["T"] * 6
    assert [row[1:] for row in rows if row[0] == "T"] == EXPECTED
    assert ("F", "ITC1", "2021", ":z", "z") in rows
    assert summary.series == 3


def test_tsv_of_before_2022_and_gzip_and_case_of_names(tmp_path: Path) -> None:
    old = TSV.replace("TIME_PERIOD", "time")
    assert read(tmp_path, gzip.compress(old.encode()), source("eurostat_tsv", "GEO", SEX="T"))[0] == EXPECTED


def test_order_of_rows_and_periods_does_not_matter(tmp_path: Path) -> None:
    lines = [line.split("\t") for line in TSV.splitlines()]
    shuffled = [[line[i] for i in (0, 3, 1, 2)] for line in (lines[0], lines[3], lines[1], lines[2])]
    assert (
        read(tmp_path, "\n".join("\t".join(line) for line in shuffled), source("eurostat_tsv", sex="T"))[0] == EXPECTED
    )


@settings(max_examples=60)
@given(
    cells=st.lists(
        st.tuples(
            st.one_of(st.just(":"), st.decimals(-999, 999, places=2, allow_nan=False).map(str)),
            st.lists(st.sampled_from("bdefnprsu"), unique=True, max_size=3),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_tsv_round_trip(tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, list[str]]]) -> None:
    header = "\t".join(str(2000 + i) for i in range(len(cells)))
    line = "\t".join(f"{value} {''.join(flags)}" for value, flags in cells)
    text = f"freq,geo\\TIME_PERIOD\t{header}\nA,IT\t{line}\n"
    rows, _ = read(tmp_path_factory.mktemp("t"), text, source("eurostat_tsv"))
    assert [(value, status) for _, _, value, status in rows] == [(v, "".join(sorted(f))) for v, f in cells]


@pytest.mark.parametrize(
    ("cell", "value", "status"),
    [
        ("12,3 b", "12,3", "b"),  # another decimal mark is not read as a number
        ("4 375", "4 375", ""),  # nor a space as a thousands mark
        ("1.2.3", "1.2.3", ""),
        ("n.a.", "n.a.", ""),
        ("7 B", "7", "B"),
        ("7 x", "7", "x"),
        ("", ":", ""),
        (":cu", ":c", "cu"),
        (": bu", ":", "bu"),
    ],
)
def test_tsv_odd_cells_stay_as_they_are(tmp_path: Path, cell: str, value: str, status: str) -> None:
    text = f"freq,geo\\TIME_PERIOD\t2019\t2020\nA,IT\t1\t{cell}\n"
    assert read(tmp_path, text, source("eurostat_tsv"))[0][1][2:] == (value, status)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2020", "2020"), ("2020-Q1", "2020-Q1"), ("2020Q1", "2020-Q1"), ("2020-S1", "2020-S1"), ("2020-M01", "2020-01"),
        ("2020M12", "2020-12"), ("2020-01", "2020-01"), ("2020-01-15", "2020-01-15"), ("2020-W05", "2020-W05"),
        ("2020-A1", "2020"), ("2020-01-15T00:00:00", "2020-01-15"), ("2019-2020", "2019-2020"),
    ],
)  # fmt: skip
def test_periods_as_waves_write_them(tmp_path: Path, written: str, expected: str) -> None:
    text = f"freq,geo\\TIME_PERIOD\t{written}\nA,IT\t1\n"
    assert read(tmp_path, text, source("eurostat_tsv"))[0] == [("IT", expected, "1", "")]


# ---- SDMX

ROWS = [
    ("A", "T", "001", "2019", "12.50", "A", "F"),
    ("A", "T", "001", "2020", "13", "B", "F"),
    ("A", "F", "001", "2019", "6", "P", "F"),
]
HEADER = "FREQ,SEX,REF_AREA,TIME_PERIOD,OBS_VALUE,OBS_STATUS,CONF_STATUS"
CSV_1 = "\n".join([f"DATAFLOW,{HEADER}", *("TEST:CTX(1.0)," + ",".join(row) for row in ROWS)])
CSV_2 = "\n".join(
    [f"STRUCTURE,STRUCTURE_ID,ACTION,{HEADER}", *("dataflow,TEST:CTX(1.0),I," + ",".join(r) for r in ROWS)]
)
CHOSEN = [("001", "2019", "12.50", ""), ("001", "2020", "13", "b")]


@pytest.mark.parametrize(("form", "text"), [("sdmx_csv", CSV_1), ("sdmx_csv", CSV_2), ("sdmx_csv", "\ufeff" + CSV_1)])
def test_sdmx_csv(tmp_path: Path, form: str, text: str) -> None:
    assert read(tmp_path, text, source(form, "REF_AREA", SEX="T"))[0] == CHOSEN


@pytest.mark.parametrize("name", ["generic.xml", "structure_specific_30.xml"])
def test_sdmx_ml_written_by_hand(tmp_path: Path, name: str) -> None:
    content = (SAMPLES / name).read_bytes()
    declared = source("sdmx_ml", "REF_AREA", SEX="T")
    assert read(tmp_path, content, declared)[0] == CHOSEN
    assert read(tmp_path, content.split(b"?>\n", 1)[1].split(b"-->\n", 1)[1], declared)[0] == CHOSEN, (
        "without declaration"
    )


def schema() -> Schema:
    def part(name: str, role: Role, **more: str) -> Component:
        return Component(name, True, role, Concept(name), DataType.STRING, **more)

    parts = [part(name, Role.DIMENSION) for name in ("FREQ", "SEX", "REF_AREA", "TIME_PERIOD")]
    parts += [part("OBS_VALUE", Role.MEASURE)]
    parts += [part(name, Role.ATTRIBUTE, attachment_level="O") for name in ("OBS_STATUS", "CONF_STATUS")]
    return Schema("dataflow", "TEST", "CTX", Components(parts), "1.0")


WRITTEN = [
    ("sdmx_csv", Format.DATA_SDMX_CSV_1_0_0, {}),
    ("sdmx_csv", Format.DATA_SDMX_CSV_2_0_0, {}),
    *(
        ("sdmx_ml", form, {"dimension_at_observation": dim})
        for form, dim in itertools.product(
            (Format.DATA_SDMX_ML_2_1_GEN, Format.DATA_SDMX_ML_2_1_STR, Format.DATA_SDMX_ML_3_0),
            ("TIME_PERIOD", "AllDimensions"),
        )
    ),
]


@pytest.mark.parametrize(("form", "written", "options"), WRITTEN)
def test_what_pysdmx_writes_is_read_the_same(
    tmp_path: Path, form: str, written: Format, options: dict[str, str]
) -> None:
    frame = pd.DataFrame(ROWS, columns=HEADER.split(","))
    text = write_sdmx(PandasDataset(structure=schema(), data=frame), written, **options)
    assert text is not None
    assert read(tmp_path, text, source(form, "REF_AREA", SEX="T"))[0] == CHOSEN


def test_sdmx_statuses_become_letters_of_eurostat(tmp_path: Path) -> None:
    codes = {
        "A": "",
        "B": "b",
        "D": "d",
        "E": "e",
        "F": "f",
        "I": "i",
        "M": "m",
        "N": "n",
        "P": "p",
        "Q": "c",
        "S": "t",
        "U": "u",
    }
    lines = [f"X,IT,{2000 + i},1,{code},F" for i, code in enumerate(codes)]
    lines += ["X,IT,2020,1,P;B,F", "X,IT,2021,,A,C", "X,IT,2022,NaN,M,F", "X,IT,2023,,Q,F", "X,IT,2024,5,A,N"]
    text = "DATAFLOW,REF_AREA,TIME_PERIOD,OBS_VALUE,OBS_STATUS,CONF_STATUS\n" + "\n".join(lines)
    rows, _ = read(tmp_path, text, source("sdmx_csv", "REF_AREA"))
    assert [row[3] for row in rows[: len(codes)]] == list(codes.values())
    assert [row[2:] for row in rows[-5:]] == [("1", "bp"), (":c", "c"), (":z", "m"), (":c", "c"), ("5", "c")]


def test_flags_of_eurostat_in_sdmx_csv_and_labels(tmp_path: Path) -> None:
    text = (
        "DATAFLOW,LAST UPDATE,freq: Frequency,geo: Territory,TIME_PERIOD: Time,OBS_VALUE: Value,OBS_FLAG: Flag\n"
        'ESTAT:X(1.0),01/02/24,A: Annual,"ITC1: Piemonte, region",2020-A1,1.50,p: provisional\n'
    )
    assert read(tmp_path, text, source("sdmx_csv"))[0] == [("ITC1", "2020", "1.50", "p")]


def test_multiples_have_to_be_named(tmp_path: Path) -> None:
    text = "DATAFLOW,REF_AREA,TIME_PERIOD,OBS_VALUE,UNIT_MULT\nX,IT,2020,1,3\nX,IT,2021,2,3\n"
    assert "multiples of 10^3" in refusal(tmp_path, text, source("sdmx_csv", "REF_AREA"))
    assert len(read(tmp_path, text, source("sdmx_csv", "REF_AREA", UNIT_MULT="3"))[0]) == 2
    mixed = text.replace("2021,2,3", "2021,2,6")
    assert "UNIT_MULT has 2 codes" in refusal(tmp_path, mixed, source("sdmx_csv", "REF_AREA"))
    small = text.replace("UNIT_MULT", "unit_mult")
    assert "multiples of 10^3" in refusal(tmp_path, small, source("sdmx_csv", "REF_AREA"))


# ---- refusals


XML = (SAMPLES / "generic.xml").read_text()
BOMB = XML.replace(
    "?>\n", '?>\n<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>\n', 1
).replace("CONTEXT", "&b;")
OUTSIDE = XML.replace("?>\n", '?>\n<!DOCTYPE m SYSTEM "file:///etc/hostname">\n', 1)
BAD = {
    "ambiguous": ("eurostat_tsv", TSV, {}, ("ambiguous", "sex has 2 codes", "F, T", "keep: {sex: …}")),
    "no such code": ("eurostat_tsv", TSV, {"sex": "X"}, ("no code X", "F, T")),
    "no such dimension": ("eurostat_tsv", TSV, {"age": "X"}, ("no dimension 'age'", "freq, unit, sex, geo")),
    "a dimension twice": ("eurostat_tsv", TSV, {"sex": "T", "SEX": "T"}, ("names a dimension twice",)),
    "commas for tabs": ("eurostat_tsv", TSV.replace("\t", ","), {}, ("not that of a Eurostat TSV", "tabs")),
    "no TIME_PERIOD": ("eurostat_tsv", TSV.replace("\\TIME_PERIOD", ""), {}, ("not that of a Eurostat TSV",)),
    "a period twice": ("eurostat_tsv", TSV.replace("2020", "2019"), {}, ("a dimension or period twice",)),
    "a code too few": ("eurostat_tsv", TSV.replace("A,NR,F,", "A,F,"), {}, ("does not name the codes", "s:3 ")),
    "a cut line": ("eurostat_tsv", TSV[:-12], {"sex": "T"}, ("cannot be parsed",)),
    "not UTF-8": ("eurostat_tsv", b"\xff\xfe" + TSV.encode("utf-16-le"), {}, ("not text in UTF-8",)),
    "csv as tsv": ("eurostat_tsv", CSV_1, {}, ("not that of a Eurostat TSV", "sdmx_csv")),
    "tsv as csv": ("sdmx_csv", TSV, {}, ("not that of SDMX-CSV", "eurostat_tsv")),
    "bars": ("sdmx_csv", CSV_1.replace(",", "|"), {}, ("not that of SDMX-CSV", "commas")),
    "no period in csv": ("sdmx_csv", CSV_1.replace("TIME_PERIOD", "TIME"), {}, ("not that of SDMX-CSV",)),
    "a value too many": ("sdmx_csv", CSV_1 + ",9", {"SEX": "T"}, ("cannot be parsed",)),
    "taken back": ("sdmx_csv", CSV_2.replace("),I,A,F", "),D,A,F"), {"SEX": "T"}, ("1 observations back",)),
    "empty": ("sdmx_csv", b" ", {}, ("not that of SDMX-CSV",)),
    "no rows": ("sdmx_csv", CSV_1.split("\n")[0], {}, ("no observations",)),
    "a bomb": ("sdmx_ml", BOMB, {}, ("document type",)),
    "an outside entity": ("sdmx_ml", OUTSIDE, {}, ("document type",)),
    "another encoding": ("sdmx_ml", XML.replace('"UTF-8"', '"UTF-7"', 1), {}, ("encoding is UTF-7",)),
    "cut XML": ("sdmx_ml", XML[:900], {}, ("not XML",)),
    "other XML": ("sdmx_ml", "<a/>", {}, ("not SDMX-ML",)),
    "csv as xml": ("sdmx_ml", CSV_1, {}, ("not XML",)),
    "a structure message": ("sdmx_ml", XML.replace("GenericData", "Structure"), {}, ("not SDMX-ML",)),
    "an observation without time": (
        "sdmx_ml", XML.replace('<g:ObsDimension value="2020"/>', '<g:ObsDimension value=""/>'), {"SEX": "T"}, ("not every",)
    ),
    "cut gzip": ("eurostat_tsv", gzip.compress(TSV.encode())[:-9], {}, ("cut or damaged", "Download it again")),
    "damaged gzip": ("eurostat_tsv", gzip.compress(TSV.encode())[:20] + b"0" * 60, {}, ("cut or damaged",)),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_refused_with_the_reason(tmp_path: Path, case: str) -> None:
    form, content, keep, words = BAD[case]
    territory = "geo" if form == "eurostat_tsv" or "\t" in str(content) else "REF_AREA"
    message = refusal(tmp_path, content, source(form, territory, **keep))
    assert all(word in message for word in words), message


@pytest.mark.parametrize("name", ["a[1].tsv", "b*.tsv", "plain.tsv.gz"])
def test_names_of_files_are_taken_as_they_are(tmp_path: Path, name: str) -> None:
    (tmp_path / "b2.tsv").write_text("another file")
    (tmp_path / name).write_text(TSV)
    read_source(source("eurostat_tsv", sex="T"), tmp_path / name, tmp_path)
    assert (tmp_path / "s.csv").read_text().splitlines()[1:] == [",".join(row) for row in EXPECTED]


def test_codes_that_never_meet(tmp_path: Path) -> None:
    text = "freq,sex,age,geo\\TIME_PERIOD\t2019\nA,T,Y1,IT\t1\nA,F,Y2,IT\t1\n"
    assert "no series of the file has all" in refusal(tmp_path, text, source("eurostat_tsv", sex="T", age="Y2"))


def test_unpacked_size_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MAX_UNPACKED", 1000)
    packed = gzip.compress(TSV.encode() + b"\n" * 100_000)
    assert len(packed) < 1000
    assert "too large" in refusal(tmp_path, packed, source("eurostat_tsv"))


def test_a_format_beside_series_is_refused() -> None:
    plain = source("eurostat_tsv").model_dump()
    with pytest.raises(ValidationError, match="format of its own"):
        Source.model_validate(plain | {"format": {"decimal": ","}})
    with pytest.raises(ValidationError):
        Source.model_validate(plain | {"series": {"format": "eurostat_tsv", "territory": "geo", "keep": {"sex": []}}})


# ---- a programme with a series

GIVEN = {
    "id": "training",
    "series": {"format": "eurostat_tsv", "territory": "geo", "keep": {}},
    "set": {"series": "training"},
    "provenance": {"title": "Invented series", "kind": "real"},
}
WAVES = "waves:\n  - {every: year, first: 2000, last: 2019}\n"


def tsv(values: dict[str, list[str]], first: int = 2000) -> str:
    count = len(next(iter(values.values())))
    header = "\t".join(str(first + i) for i in range(count))
    return (
        "\n".join([f"freq,geo\\TIME_PERIOD\t{header}", *(f"A,{geo}\t" + "\t".join(v) for geo, v in values.items())])
        + "\n"
    )


def territory(folder: Path, text: str, **declared: Any) -> Path:
    """Make a programme whose rows are a file of official statistics, with an indicator on territory ITC1."""
    programme = template(folder, "territory")
    (folder / "series.tsv").write_text(text)
    add_context(programme, folder / "series.tsv", GIVEN)
    header = yaml.safe_load((programme / "programme.yaml").read_text())
    header["waves"] = [*header["waves"], {"every": "year", "first": "2000", "last": "2019"}]
    toc = header["theory_of_change"]
    toc["nodes"].append({"id": "context", "stage": "outcome", "level": "macro", "horizon": "long", "title": "Context"})
    toc["links"].append({"from": toc["nodes"][0]["id"], "to": "context", "assumption": "Made for a test"})
    (programme / "programme.yaml").write_text(yaml.safe_dump(header, sort_keys=False, allow_unicode=True))
    indicators = yaml.safe_load((programme / "indicators.yaml").read_text())
    entry = {
        "id": "training", "title": "Training", "node": "context", "level": "macro",
        "unit": "percent", "direction": "increase", "contract": "context_series",
        "formula": {"kind": "mean", "column": "value"}, "where": [{"column": "territory", "equals": "ITC1"}],
        "ex_post": {"wave": "2019"},
    }  # fmt: skip
    (programme / "indicators.yaml").write_text(
        yaml.safe_dump(
            {"indicators": [*indicators["indicators"], entry | declared]}, sort_keys=False, allow_unicode=True
        )
    )
    return programme


def ran(programme: Path) -> dict[str, Any]:
    with Warehouse(programme.parent / "r.duckdb") as warehouse:
        run_programme(load_programme(programme), warehouse)
        found = warehouse.connection.execute(
            "SELECT * FROM impact.finding_en WHERE indicator = 'training' AND scope = 'programme' AND \"group\" = 'all'"
        ).df()
        bad = warehouse.rows(
            "SELECT \"column\", rule, value FROM impact.quarantine WHERE source = 'training' ORDER BY ALL"
        )
    return {**found.iloc[0].to_dict(), "quarantine": bad}


def steady(count: int = 20) -> list[str]:
    noise = np.random.default_rng(3).uniform(-0.05, 0.05, count)
    return [f"{5 + 0.1 * year + noise[year] + (2 if year >= 12 else 0):.3f}" for year in range(count)]


ITS = {"ex_post": {"wave": "2019", "design": {"kind": "interrupted_time_series", "start": "2012"}}}


def test_flags_reach_the_finding(tmp_path: Path) -> None:
    values = steady()
    values[-1] += " bpu"
    row = ran(territory(tmp_path, tsv({"ITC1": values})))
    assert row["value"] == float(values[-1].split()[0])
    assert {"break", "provisional", "low_reliability"} <= set(row["flags"])
    assert "estimated" not in row["flags"]


def test_a_break_since_the_baseline_reaches_the_finding(tmp_path: Path) -> None:
    values = steady()
    values[9] += " b"
    for since, flagged in (("2005", True), ("2009", False)):
        row = ran(territory(tmp_path / since, tsv({"ITC1": values}), ex_ante={"baseline": {"wave": since}}))
        assert row["baseline"] == float(values[int(since) - 2000].split()[0])
        assert ("break" in row["flags"]) is flagged


@pytest.mark.parametrize("formula", [{"kind": "sum", "column": "value"}, {"kind": "median", "column": "value"}])
def test_flags_reach_totals_and_quantiles(tmp_path: Path, formula: dict[str, str]) -> None:
    values = steady()
    values[-1] += " e"
    if formula["kind"] == "median":
        formula = {"kind": "quantile", "column": "value"} | {"q": 0.5}  # type: ignore[dict-item]
    row = ran(territory(tmp_path, tsv({"ITC1": values}), formula=formula))
    assert row["value"] == pytest.approx(float(values[-1].split()[0]))
    assert "estimated" in row["flags"]
    assert "break" not in row["flags"]


def test_a_series_without_break_is_estimated_and_one_with_a_break_refused(tmp_path: Path) -> None:
    values = steady()
    values[0] += " b"  # what lies before the first value does not matter
    row = ran(territory(tmp_path / "whole", tsv({"ITC1": values}), **ITS))
    assert row["estimate"] == pytest.approx(2, abs=0.2)
    values[14] += " b"
    row = ran(territory(tmp_path / "broken", tsv({"ITC1": values}), **ITS))
    assert pd.isna(row["estimate"])
    assert "the series breaks at 2014 (flag b)" in row["not_estimable"]


def test_a_break_of_a_donor_refuses_the_synthetic_control(tmp_path: Path) -> None:
    donors = {f"ITC{n}": [f"{float(v) * (1 + n / 10):.3f}" for v in steady()] for n in range(2, 7)}
    design = {"kind": "synthetic_control", "unit": "territory", "treated": ["ITC1"], "start": "2012"}
    declared = {"ex_post": {"wave": "2019", "design": design}, "where": []}
    row = ran(territory(tmp_path / "whole", tsv({"ITC1": steady(), **donors}), **declared))
    assert not pd.isna(row["estimate"]), row["not_estimable"]
    donors["ITC3"][4] += " b"
    row = ran(territory(tmp_path / "broken", tsv({"ITC1": steady(), **donors}), **declared))
    assert "the series of ITC3 breaks at 2004 (flag b)" in row["not_estimable"]


def test_odd_cells_are_quarantined_and_missing_ones_are_not(tmp_path: Path) -> None:
    values = steady()
    values[3:9] = ["12,3", "4 375", "7 x", ": c", ":", ": m"]
    row = ran(territory(tmp_path, tsv({"ITC1": values})))
    assert row["quarantine"] == [("status", "pattern", "x"), ("value", "type", "12,3"), ("value", "type", "4 375")]


def test_an_observation_given_twice_is_quarantined(tmp_path: Path) -> None:
    text = tsv({"ITC1": steady()})
    line = text.splitlines()[1]
    row = ran(territory(tmp_path / "same", text + line + "\n"))
    assert [rule for _, rule, _ in row["quarantine"]] == ["repeated_row"] * 20
    assert row["value"] == float(steady()[-1])
    other = line.rpartition("\t")[0] + "\t1\n"
    row = ran(territory(tmp_path / "other", text + other))
    assert [rule for _, rule, _ in row["quarantine"]].count("duplicate_key") == 2, "neither of two values is believed"
    assert pd.isna(row["value"])


def test_flags_reach_changes_of_persons_and_weighted_samples(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "person": [f"p{i // 2}" for i in range(40)],
            "wave": ["before", "after"] * 20,
            "y": np.random.default_rng(5).normal(size=40).round(3),
            "w": [1.0, 2.0] * 20,
            "status": ["p", ""] + [""] * 37 + ["u"],
        }
    )
    waves = [
        {"id": "before", "title": "Before", "date": "2019", "role": "baseline"},
        {"id": "after", "title": "After", "date": "2020", "role": "end_line"},
    ]
    sample = {
        "weight": "w",
        "calibration": {"method": "linear", "margins": [{"column": "y", "total": 3.0}], "origin": {"note": "made"}},
    }
    indicators = [
        indicator(
            "change",
            formula={"kind": "change", "of": {"kind": "mean", "column": "y"}, "since": "before"},
            ex_post={"wave": "after"},
        ),
        indicator("mean", ex_post={"wave": "after"}),
        indicator("calibrated", ex_post={"wave": "after"}, sample=sample),
    ]
    folder = written(tmp_path / "made", frame, indicators, key=("person", "wave"), wave="wave", waves=waves)
    edit(folder / "contracts.yaml", "person: person", "person: person\n  status: status")
    with Warehouse(tmp_path / "r.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        flags = dict(warehouse.rows("SELECT indicator, flags FROM impact.finding"))
    assert {"low_reliability", "provisional"} <= set(flags["change"])
    assert [name for name, found in flags.items() if "low_reliability" in found] == list(flags)
    assert not any("provisional" in found for name, found in flags.items() if name != "change")


@pytest.mark.parametrize(
    ("letters", "words"),
    [
        (["bp", None, "p"], ["break", "provisional"]),
        (["", "d"], []),
        (["s"], ["estimated"]),
        (["f", "u"], ["forecast", "low_reliability"]),
    ],
)
def test_words_of_flags(letters: list[str | None], words: list[str]) -> None:
    assert status_words(letters) == words


def test_the_status_column_is_checked(tmp_path: Path) -> None:
    frame = pd.DataFrame({"person": ["a", "b"], "y": [1.0, 2.0]})
    folder = written(tmp_path / "made", frame, [indicator("mean")])
    edit(folder / "contracts.yaml", "person: person", "person: person\n  status: y")
    assert "the status column 'y' must be text" in str(check_programme(load_programme(folder))[0])
    edit(folder / "contracts.yaml", "status: y", "status: nothing")
    with pytest.raises(DeclarationError, match="names column 'nothing'"):
        load_programme(folder)


# ---- impact context add

OPTIONS = ["--id", "training", "--format", "eurostat_tsv", "--territory", "geo", "--title", "È una prova: «a»"]
OPTIONS += ["--publisher", "Eurostat", "--licence", "CC BY 4.0", "--retrieved", "2024-05-01"]


def command(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["context", "add", *words])
    shown = f"{result.output} {result.exception or ''}"
    return (1 if result.exception and result.exit_code else result.exit_code), re.sub(r"\s+", " ", shown)


def state(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_add_declares_and_copies_and_leaves_the_rest(tmp_path: Path) -> None:
    programme, path = template(tmp_path), tmp_path / "edat.tsv"
    path.write_text(TSV)
    before = state(programme)
    code, shown = command(str(path), str(programme), *OPTIONS, "--keep", "sex=T")
    assert code == 0, shown
    assert "2 series, 2 territories, 3 periods (2019 to 2021)" in shown
    assert "6 observations, 1 without a value; flags: b 1, c 1, e 1, p 1, u 1" in shown
    after = state(programme)
    assert after.pop("raw/context/edat.tsv") == TSV.encode()
    assert {name for name in after if after[name] != before[name]} == {"sources.yaml", "contracts.yaml"}
    assert after["sources.yaml"].startswith(before["sources.yaml"])
    added = load_programme(programme).sources[-1]
    assert added.provenance.title == "È una prova: «a»"
    assert added.series is not None
    assert dict(added.series.keep) == {"sex": ("T",)}


@pytest.mark.parametrize(
    ("keep", "words"),
    [((), "ambiguous: sex has 2 codes"), (("--keep", "sex=X"), "no code X"), (("--keep", "sex"), "takes DIM=CODE"),
     (("--keep", "sex=T,F"), "unknown column 'sex'")],
)  # fmt: skip
def test_add_writes_nothing_where_the_choice_fails(tmp_path: Path, keep: tuple[str, ...], words: str) -> None:
    programme, path = template(tmp_path), tmp_path / "edat.tsv"
    path.write_text(TSV)
    before = state(programme)
    code, shown = command(str(path), str(programme), *OPTIONS, *keep)
    assert code
    assert words in shown
    assert state(programme) == before
    assert not (programme / "raw" / "context").exists()


def test_add_never_overwrites(tmp_path: Path) -> None:
    programme, path = template(tmp_path), tmp_path / "edat.tsv"
    path.write_text(TSV)
    add_context(programme, path, {**GIVEN, "series": {**GIVEN["series"], "keep": {"sex": "T"}}})  # type: ignore[dict-item]
    before = state(programme)
    with pytest.raises(UsageError, match="source 'training' already"):
        add_context(programme, path, GIVEN)
    with pytest.raises(UsageError, match=r"edat\.tsv exists already"):
        add_context(programme, path, GIVEN | {"id": "other"})
    with pytest.raises(UsageError, match="no file"):
        add_context(programme, tmp_path / "nothing.tsv", GIVEN | {"id": "other"})
    assert state(programme) == before


def test_add_puts_everything_back_when_the_programme_breaks(tmp_path: Path) -> None:
    programme, path = template(tmp_path), tmp_path / "edat.tsv"
    path.write_text(tsv({"ITC1": ["1", "2"]}))
    before = state(programme)
    with pytest.raises(ProblemsError, match="no_such"):
        add_context(programme, path, GIVEN | {"set": {"series": "training", "no_such": "x"}})
    assert state(programme) == before
    assert not (programme / "raw" / "context").exists()


TEXTS = {
    "flow": ("shared: [fact]  # why\ncontracts: []\n", "shared: [fact, context_series]  # why\ncontracts: []\n"),
    "empty": ("shared: []\n", "shared: [context_series]\n"),
    "block": (
        "shared:\n  - fact  # one\ncontracts: []\n",
        "shared:\n  - fact\n  - context_series  # one\ncontracts: []\n",
    ),
    "none": ("# head\ncontracts: []\n", "# head\nshared: [context_series]\ncontracts: []\n"),
    "there": ("shared: [context_series]\n", "shared: [context_series]\n"),
    "windows": ("contracts: []\r\n", "shared: [context_series]\r\ncontracts: []\r\n"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_shared_contract_is_added_as_text(case: str) -> None:
    before, after = TEXTS[case]
    assert with_shared(before, "context_series") == after


@pytest.mark.parametrize("text", ["{shared: [fact]}\n", "", "shared: fact\n", "- a\n"])
def test_contracts_of_another_shape_are_left_to_the_user(text: str) -> None:
    with pytest.raises(DeclarationError, match="Add by hand"):
        with_shared(text, "context_series")


@pytest.mark.parametrize("text", ["sources: []\n", "sources:\n", "sources: [{id: a}]\n", "", "{sources: []}\n"])
def test_sources_of_another_shape_are_left_to_the_user(text: str) -> None:
    with pytest.raises(DeclarationError, match=r"Add by hand: - \{"):
        with_source(text, {"id": "a"})


@pytest.mark.parametrize("end", ["\n", "", "\r\n", "\n# the end\n", "\n\n"])
@pytest.mark.parametrize("indent", ["", "  "])
def test_source_is_added_at_the_end_as_text(end: str, indent: str) -> None:
    text = f"# head\nsources:\n{indent}- id: a  # one{end}"
    added = {"id": "b", "keep": {"sex": ["T", "F"], "UNIT MULT": "3"}, "title": 'a "b": è'}
    result = with_source(text, added)
    assert result.startswith(text)
    assert yaml.safe_load(result)["sources"] == [{"id": "a"}, json.loads(json.dumps(added))]
