"""The workbook, read back by openpyxl and calamine: every cell of its type, nothing run, notes in front."""

from __future__ import annotations

import datetime
import io
import math
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from impact_dashboards.server.app import create_app
from python_calamine import CalamineWorkbook

from impact.errors import UsageError
from impact.publish.export import FORMATS, SOURCES, ExportColumn, ExportTable, Kind, Origin, export_programme, xlsx
from impact.publish.export.dossier import dossier_of
from impact.publish.export.tables import OBSERVATIONS, dossier_tables
from impact.publish.published import ReaderTables
from impact.publish.scope import OUTSIDE
from impact.store import Warehouse, open_reader
from impact.words import words_in
from tests.cases.test_disclose import OF_A_RUN, projects
from tests.support.shipped import SHIPPED, shipped_database

XLSX = FORMATS["xlsx"]
HOSTILE = ("=1+1", "+1", "@SUM(A1)", "-1", '=HYPERLINK("http://x","y")', "http://example.org", "001", "1e3", "TRUE",
           "a\nb", " blank ", "_x0041_", "{=1}", "2020-01-01", "<b>&</b>", "è€😀")  # fmt: skip


def table(**columns: tuple[Kind, list[Any]]) -> ExportTable:
    described = tuple(
        ExportColumn(name, kind, meaning=f"Means {name}.", unit="u") for name, (kind, _) in columns.items()
    )
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, (_, values) in columns.items()}, dtype=object)
    origin = Origin("it", "v1", "made", datetime.date(2030, 1, 2), synthetic=True)
    return ExportTable("made", "Fatto", described, frame, origin, suppressed={"few": 2})


def sheets(content: Any) -> dict[str, list[list[Any]]]:
    """Read all sheets by calamine, which shares no code with openpyxl or what wrote them."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def opened(content: Any) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def test_texts_stay_texts_and_nothing_is_run() -> None:
    content = XLSX.write(table(t=(Kind.TEXT, list(HOSTILE))))
    sheet = opened(content)["made"]
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert [cell.data_type for cell in cells] == ["s"] * len(HOSTILE)
    assert [cell.hyperlink for cell in cells] == [None] * len(HOSTILE)
    assert [row[0] for row in sheets(content)["made"][1:]] == list(HOSTILE)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        texts = [archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    assert not any(re.search(r"<f[ >]|<hyperlink", text) for text in texts)


def test_every_kind_of_value_is_a_cell_of_its_type() -> None:
    moment = datetime.datetime(2026, 11, 30, 18, 26, 41)
    made = table(
        number=(Kind.NUMBER, [0.1 + 0.2, None, -1234567.891]), integer=(Kind.INTEGER, [41, None, -7]),
        truth=(Kind.BOOLEAN, [True, False, None]), date=(Kind.DATE, [datetime.date(1999, 12, 31), None, None]),
        moment=(Kind.MOMENT, [moment, None, None]), codes=(Kind.CODES, [["a", "b"], [], ["c"]]),
        text=(Kind.TEXT, ["", None, "x"]),
    )  # fmt: skip
    sheet = opened(XLSX.write(made))["made"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert rows[0][:4] == [0.3, 41, True, datetime.datetime(1999, 12, 31)]
    assert rows[0][4] == moment
    assert [row[5] for row in rows] == ["a|b", "", "c"]
    assert rows[1][:2] == [None, None]
    forms = [cell.number_format for cell in sheet[2]]
    assert forms[:2] == ["#,##0.00##", "#,##0"]
    assert forms[3:5] == ["dd/mm/yyyy", "dd/mm/yyyy hh:mm:ss"]


def test_what_a_cell_does_not_hold_is_text_and_noted() -> None:
    made = table(
        n=(Kind.INTEGER, [10**15, 2**60]), x=(Kind.NUMBER, [math.inf, 1.0]),
        d=(Kind.DATE, [datetime.date(1850, 5, 1), None]), t=(Kind.TEXT, ["x" * 32_768, "x" * 32_767]),
    )  # fmt: skip
    read = sheets(XLSX.write(made))
    assert read["made"][1][:3] == [str(10**15), "inf", "1850-05-01"]
    assert read["made"][2][0] == str(2**60)
    assert read["made"][1][3] == "[32.768 caratteri: nel CSV]"
    assert read["made"][2][3] == "x" * 32_767
    notes = [row[:2] for row in read["Note"]]
    start = next(place for place, row in enumerate(read["Note"]) if row[0] == "Celle scritte come testo")
    assert notes[start + 1 : start + 5] == [["made", name] for name in "nxdt"]


def test_the_header_stays_in_sight_and_says_what_columns_mean() -> None:
    book = opened(XLSX.write(table(value=(Kind.NUMBER, [1.5]), text=(Kind.TEXT, ["y" * 500]))))
    sheet = book["made"]
    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].comment.text.splitlines() == ["Means value.", "[u]"]
    assert sheet.column_dimensions["B"].width <= xlsx.WIDEST + 2
    assert book.sheetnames[0] == "Note"
    notes = [[cell.value for cell in row] for row in book["Note"].iter_rows()]
    assert ["made", "2 righe", "Soppresso: poche persone"] in notes
    assert ["Versione dei dati", "v1", None] in notes
    assert ["Dati", "Dati sintetici", None] in notes
    assert ["made", "value", "Means value. [u]"] in notes
    assert any("v1" in str(row[2]) for row in notes if row[0] == "Come citare")


def test_the_same_tables_give_the_same_bytes() -> None:
    made = table(value=(Kind.NUMBER, [1.5]), text=(Kind.TEXT, ["y"]))
    assert XLSX.write(made) == XLSX.write(made)
    with zipfile.ZipFile(io.BytesIO(xlsx.write_xlsx(made))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_too_many_rows_or_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = table(value=(Kind.NUMBER, [1.5] * 5), text=(Kind.TEXT, ["y"] * 5))
    monkeypatch.setattr(xlsx, "MOST_ROWS", 4)
    with pytest.raises(UsageError, match="'made' has 5 rows; a workbook is written up to 4: take Parquet or CSV"):
        XLSX.write(made)
    monkeypatch.setattr(xlsx, "MOST_ROWS", 5)
    monkeypatch.setattr(xlsx, "MOST_CELLS", 9)
    with pytest.raises(UsageError, match="there are 10 cells; a workbook is written up to 9"):
        XLSX.write(made)


def test_names_of_sheets_are_those_that_excel_takes() -> None:
    made = table(value=(Kind.NUMBER, [1.5]))
    names = ["a" * 40, "A" * 40, "x[1]:?", "Note", "history"]
    tables = [ExportTable(name, name, made.columns, made.frame, made.origin) for name in names]
    (content,) = xlsx.pack(tables).values()
    assert opened(content).sheetnames == ["Note", "a" * 31, f"{'A' * 29}_2", "x_1___", "Note_2", "history_2"]


# ---- of programmes ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        yield warehouse


def test_all_published_tables_are_in_it_cell_by_cell(
    shipped: Warehouse, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    for programme in SHIPPED:
        with subtests.test(programme=programme):
            export_programme(shipped, programme, tmp_path / f"{programme}.xlsx")
            read = sheets((tmp_path / f"{programme}.xlsx").read_bytes())
            assert list(read) == ["Note", *SOURCES, OBSERVATIONS]
            made = dossier_of(ReaderTables(shipped, OUTSIDE), programme, words_in("it"), "v")
            for expected in dossier_tables(made, [*SOURCES, OBSERVATIONS]):
                head, *rows = read[expected.name]
                assert head == [column.name for column in expected.columns]
                wanted = [[plain(value) for value in row] for row in expected.frame.itertuples(index=False)]
                assert [[plain(value) for value in row] for row in rows] == wanted, expected.name


def plain(value: Any) -> Any:
    """Return a value as calamine has it: blanks as empty texts, numbers to 16 digits, moments to the second."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "|".join(value)
    if isinstance(value, bool | str):
        return value
    if isinstance(value, datetime.datetime):
        return value.replace(microsecond=0, tzinfo=None) + datetime.timedelta(seconds=round(value.microsecond / 1e6))
    if isinstance(value, datetime.date):
        return value
    return float(f"{value:.16g}")


def test_nothing_hidden_is_in_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Four or six persons in a small project: the workbooks are the same, but for names and times of runs."""
    read = []
    for small in (4, 6):
        folder = tmp_path_factory.mktemp("hidden")
        with open_reader(projects(folder / "one", small)) as warehouse:
            export_programme(warehouse, "p", folder / "p.xlsx")
        read.append(OF_A_RUN.sub("*", str(sheets((folder / "p.xlsx").read_bytes()))))
    assert re.sub(r"datetime\.datetime\([^)]*\)", "*", read[0]) == re.sub(r"datetime\.datetime\([^)]*\)", "*", read[1])


def test_the_app_offers_it_on_the_page_that_the_menu_leads_to(tmp_path_factory: pytest.TempPathFactory) -> None:
    client = create_app(shipped_database(tmp_path_factory)).server.test_client()
    start = client.get("/it/verdict/wecare").get_data(as_text=True)
    assert 'href="/it/export/wecare"' in start
    page = client.get("/it/export/wecare").get_data(as_text=True)
    assert 'href="/it/export/wecare/tables.xlsx"' in page
    got = client.get("/it/export/wecare/tables.xlsx")
    assert got.status_code == 200
    assert got.mimetype == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert list(sheets(got.data))[:2] == ["Note", "findings"]
    assert client.get("/it/export/wecare/findings.xlsx").status_code == 200
    assert client.get("/it/export/wecare/findings.sav").status_code == 404
    assert client.get("/it/export/wecare/findings.ddi.xml").status_code == 404
