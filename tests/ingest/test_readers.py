"""Readers: every format through one door; options that one does not understand; readers of other packages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import duckdb
import openpyxl
import pandas as pd
import pytest

import impact
from impact.declare.sources import FileFormat, SeriesName, Source
from impact.errors import FileError, UsageError
from impact.ingest.readers import READERS, read_source, readers
from tests.support.packages import package
from tests.support.programmes import edit, indicator, written

ROWS = [("geo", "period", "value"), ("IT", "2019", "1.5"), ("FR", "2020", "2.5")]
TSV = "freq,geo\\TIME_PERIOD\t2019\t2020\nA,FR\t:\t2.5\nA,IT\t1.5\t:\n"
SDMX_CSV = "DATAFLOW,FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE\nX,A,IT,2019,1.5\nX,A,FR,2020,2.5\n"
MESSAGE = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
OBSERVED = "".join(
    f'<Obs FREQ="A" REF_AREA="{area}" TIME_PERIOD="{period}" OBS_VALUE="{value}"/>' for area, period, value in ROWS[1:]
)
SDMX_ML = f'<m:StructureSpecificData xmlns:m="{MESSAGE}"><m:DataSet>{OBSERVED}</m:DataSet></m:StructureSpecificData>'


def workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append([float(cell) if "." in cell else cell for cell in row])
    book.save(path)


WRITERS: dict[str, Any] = {
    "text": ("a.csv", lambda path: path.write_text("\n".join(map(",".join, ROWS)))),
    "workbook": ("a.xlsx", workbook),
    "parquet": ("a.parquet", lambda path: pd.DataFrame(ROWS[1:], columns=ROWS[0]).to_parquet(path)),
    "eurostat_tsv": ("a.tsv", lambda path: path.write_text(TSV)),
    "sdmx_csv": ("a.csv", lambda path: path.write_text(SDMX_CSV)),
    "sdmx_ml": ("a.xml", lambda path: path.write_text(SDMX_ML)),
}
OTHER = {"encoding": "cp1252", "delimiter": "|", "decimal": ",", "quote": "'", "dates": ["%d/%m/%Y"], "multiline": True}
"""An option of each kind that is not the default; ``sheet`` and ``zone`` have none that every file could have."""


@pytest.fixture(autouse=True)
def _fresh_registry() -> Iterator[None]:
    readers.cache_clear()
    yield
    readers.cache_clear()


def declared(name: str, file: str, **options: Any) -> Source:
    """Declare a source that the reader of this name is to read."""
    series = {"format": name, "territory": "geo" if name == "eurostat_tsv" else "REF_AREA"}
    provenance = {"title": "Made", "kind": "synthetic", "generator": "the test"}
    fields = {"id": "s", "file": file, "contract": "rows", "provenance": provenance, "format": options}
    official = name not in READERS or READERS[name].series
    return Source.model_validate(fields | ({"series": series} if official else {}))


def rows_of(source: Source, folder: Path) -> list[tuple[str, str, str]]:
    """Read the file that stands in a folder; official statistics have other names for the same columns."""
    raw = read_source(source, folder / source.file, folder)
    place = next(name for name in raw.header if name in ("geo", "territory"))
    return duckdb.sql(
        f"SELECT {place}, period, value FROM {raw.relation} WHERE value <> ':' ORDER BY period"
    ).fetchall()


@pytest.mark.parametrize("name", READERS)
def test_every_reader_gives_the_same_rows_through_the_same_door(name: str, tmp_path: Path) -> None:
    file, write = WRITERS[name]
    write(tmp_path / file)
    assert rows_of(declared(name, file), tmp_path) == ROWS[1:]


@pytest.mark.parametrize(
    ("name", "option"),
    [(name, option) for name, reader in READERS.items() for option in OTHER if option not in reader.options],
)
def test_an_option_that_a_reader_does_not_understand_changes_nothing(name: str, option: str, tmp_path: Path) -> None:
    file, write = WRITERS[name]
    write(tmp_path / file)
    source = declared(name, file).model_copy(update={"format": FileFormat.model_validate({option: OTHER[option]})})
    assert rows_of(source, tmp_path) == ROWS[1:]


def test_formats_of_official_statistics_can_be_declared_as_they_can_be_read() -> None:
    assert [name for name, reader in READERS.items() if reader.series] == list(get_args(SeriesName))


# ---- readers of other packages ---------------------------------------------------------------------------------------

PIPES = """
import csv
from impact.declare.sources import FileFormat
from impact.ingest.components import Components
from impact.ingest.delimited import delimited
from impact.ingest.raw import Reader
from impact.ingest.series import series_reader

def read(source, path, scratch):
    copy = scratch / f"{source.id}.csv"
    copy.write_text(path.read_text().replace(" :: ", ","))
    return delimited(copy, source, FileFormat(), scratch)

def observations(connection, path, source):
    lines = [line.split(" :: ") for line in path.read_text().splitlines()[1:]]
    values = ", ".join(str(tuple(line)) for line in lines)
    connection.execute(
        f"CREATE VIEW observations AS SELECT *, '' AS _flags FROM (VALUES {values}) t(REF_AREA, _period, _value)"
    )
    return Components(("REF_AREA",))

PIPES = Reader(read, suffixes=(".pipes",))
SERIES = Reader(series_reader(observations), series=True)
TAKEN = Reader(read, suffixes=(".parquet",))
"""


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, *points: str) -> None:
    """Install a package that registers readers: a module, and what a wheel says of its entry points."""
    monkeypatch.syspath_prepend(package(folder, {"tiny.py": PIPES}, "\n".join(["[impact.readers]", *points])))


def test_a_package_adds_a_format_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"person": ["a", "b", "c"], "y": [1, 2, 6]})
    plain, piped = (
        written(tmp_path / "plain", frame, [indicator("y")]),
        written(tmp_path / "p", frame, [indicator("y")]),
    )
    (piped / "raw/data.csv").rename(piped / "raw/data.pipes")
    edit(piped / "raw/data.pipes", ",", " :: ")
    edit(piped / "sources.yaml", "raw/data.csv", "raw/data.pipes")
    with pytest.raises(FileError):  # without the package it is text, and its columns have other names
        impact.run(piped)
    readers.cache_clear()
    installed(tmp_path / "site", monkeypatch, "pipes = tiny:PIPES")
    values = [impact.run(folder).findings()["value"].tolist() for folder in (plain, piped)]
    assert values == [[3.0], [3.0]]


def test_a_package_adds_a_format_of_official_statistics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="Input should be 'eurostat_tsv', 'sdmx_csv' or 'sdmx_ml'"):
        declared("triples", "a.txt")
    installed(tmp_path / "site", monkeypatch, "triples = tiny:SERIES")
    (tmp_path / "a.txt").write_text("\n".join(map(" :: ".join, ROWS)))
    assert rows_of(declared("triples", "a.txt"), tmp_path) == ROWS[1:]
    with pytest.raises(ValueError, match="'sdmx_ml' or 'triples'"):
        declared("fourfold", "a.txt")


def test_a_reader_of_files_is_none_of_official_statistics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path / "site", monkeypatch, "pipes = tiny:PIPES")
    with pytest.raises(
        FileError, match=r"(?s)no reader of official statistics 'pipes'.*eurostat_tsv, sdmx_csv, sdmx_ml"
    ):
        read_source(declared("pipes", "a.txt"), tmp_path / "a.txt", tmp_path)


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("text = tiny:PIPES", "adds a reader 'text' for text, which has one"),
        ("other = tiny:TAKEN", "adds a reader 'other' for .parquet, which has one"),
        (
            "other = tiny:read",
            "the package tiny registers other in impact.readers: expected a Reader, found a function",
        ),
        ("other = tiny:absent", "the package tiny registers other in impact.readers, but: "),
    ],
)
def test_what_a_package_registers_wrongly_is_refused(
    point: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path / "site", monkeypatch, point)
    with pytest.raises(UsageError) as caught:
        readers()
    assert message in str(caught.value)
