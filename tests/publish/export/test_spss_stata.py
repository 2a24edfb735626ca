"""SPSS and Stata files of rows, read back by pyreadstat and pandas: rows, codes as text, kinds of missing, labels."""

from __future__ import annotations

import csv
import datetime
import io
import json
import math
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest
from pandas.io.stata import StataMissingValue, StataReader

from impact.errors import ProblemsError, UsageError
from impact.publish.export import FORMATS, export_programme
from impact.publish.export import contract_rows as shared
from impact.publish.export.contract_rows import contract_rows
from impact.publish.export.dossier import Dossier, dossier_of
from impact.publish.export.microdata import FileColumn, Package, encoded, shortened
from impact.publish.export.spss import PACKAGE as SPSS
from impact.publish.export.stata import PACKAGE as STATA
from impact.publish.published import ReaderTables
from impact.publish.scope import EVERYTHING, OUTSIDE
from impact.store import Warehouse, open_reader
from impact.words import words_in
from tests.support.microdata import HOSTILE, LONG, MISSING, survey, typed_database
from tests.support.shipped import SHIPPED, shipped_database

KIND_OF = {code: kind for kind, codes in MISSING.items() for code in codes}
LABELS = {"Missing": "missing", "Question skipped": "skipped", "Not applicable": "not_applicable",
          "Answer refused": "refused", "Suppressed at the source": "suppressed"}  # fmt: skip
BOTH = [("sav", SPSS), ("dta", STATA)]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with open_reader(typed_database(tmp_path_factory.mktemp("typed"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def files(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files of both formats, in English."""
    folder = tmp_path_factory.mktemp("files")
    for form, _ in BOTH:
        exported = export_programme(warehouse, "made", folder / form, form=form, language="en", rows=True)
        assert exported.rows == 14 - 2
        assert "pyreadstat" in exported.validation
    return folder


def dossier(warehouse: Warehouse, **fields: Any) -> Dossier:
    published = ReaderTables(warehouse, EVERYTHING)
    made = dossier_of(published, "made", words_in("en"), "v", rows=True)
    return replace(made, contracts=("survey",), **fields)


def expected(name: str) -> list[Any]:
    """Return what a column of the survey holds: a value as text, or the kind in which it is missing."""
    declared, frame = survey()
    has_kinds = declared["columns"][name].get("missing", {})
    values = []
    for value in frame[name]:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            values.append("missing")
        elif has_kinds and value in KIND_OF and KIND_OF[value] in has_kinds:
            values.append(KIND_OF[value])
        else:
            values.append(plain(value))
    return values


def plain(value: Any) -> str:
    if isinstance(value, str):
        return {"true": "Yes", "false": "No"}.get(value, value)
    return f"{value:.15g}" if isinstance(value, float) else str(value)


# ---- read back as a stranger would -----------------------------------------------------------------------------------


def read_sav(path: Path) -> dict[str, list[str]]:
    """Read a file by its own metadata: values, labels of truths, days, and kinds by the labels of missing values."""
    frame, said = pyreadstat.read_sav(path, user_missing=True, disable_datetime_conversion=True)
    read = {}
    for name in said.column_names:
        labels = said.variable_value_labels.get(name, {})
        ranges = said.missing_ranges.get(name, [])
        read[name] = [_sav_cell(value, labels, ranges, said.original_variable_types[name]) for value in frame[name]]
    return _by_companions(read)


def _by_companions(read: dict[str, list[str]]) -> dict[str, list[str]]:
    """Put the kinds that a column of numbers says in the place of the blanks of the column that it is of."""
    for name in [name for name in read if name.endswith("__missing")]:
        of = name.removesuffix("__missing")
        pairs = zip(read.pop(name), read[of], strict=True)
        read[of] = [value if label == "the value is there" else LABELS[label] for label, value in pairs]
    return read


def _sav_cell(value: Any, labels: dict[Any, str], ranges: list[dict[str, Any]], form: str) -> str:
    if value == "" or (isinstance(value, float) and math.isnan(value)):
        return "missing"
    if any(bound["lo"] <= value <= bound["hi"] for bound in ranges):
        return LABELS[labels[value]]
    if form.startswith("SDATE"):
        return str(datetime.date(1582, 10, 14) + datetime.timedelta(seconds=value))
    if isinstance(value, str):
        return value
    return labels.get(value) or f"{value:.17g}"


def read_dta(path: Path) -> dict[str, list[str]]:
    """Read a file by pandas, with the labels of its sets, and companions by their labels."""
    with StataReader(path, convert_missing=True, convert_categoricals=False, convert_dates=False) as reader:
        frame, sets = reader.read(), reader.value_labels()
    _, said = pyreadstat.read_dta(path, metadataonly=True)
    read: dict[str, list[str]] = {}
    for name in frame.columns:
        labels = sets.get(said.variable_to_label.get(name, ""), {})
        read[name] = [_dta_cell(cell, labels, said.original_variable_types[name]) for cell in frame[name]]
    return _by_companions(read)


_PLAIN = 2_147_483_621
"""Stata's plain missing value among whole numbers; its letters follow."""


def _dta_cell(cell: Any, labels: dict[Any, str], form: str) -> str:
    if isinstance(cell, StataMissingValue):
        return LABELS[labels[_PLAIN + ord(str(cell)[1]) - ord("a") + 1]]
    if cell == "":
        return "missing"
    if form == "%td":
        return str(datetime.date(1960, 1, 1) + datetime.timedelta(days=cell))
    if cell in labels:
        return str(labels[cell]).split(": ")[0]
    return str(cell) if isinstance(cell, str) else f"{float(cell):.17g}"


@pytest.mark.parametrize(("form", "read"), [("sav", read_sav), ("dta", read_dta)])
def test_every_value_and_every_kind_of_missing_comes_back(
    files: Path, form: str, read: Callable[[Path], dict[str, list[str]]]
) -> None:
    rows = read(files / form / f"survey.{form}")
    renamed = {"in": "in_", "a_name_that_is_longer_than_thirty_two_characters": "a_name_that_is_longer_than_1"}
    for name in survey()[0]["columns"]:
        found = rows[name if name in rows else renamed[name]]
        assert found == expected(name), name
    kinds = ["missing", "skipped", "not_applicable", "refused", "suppressed"]
    assert {name for name in expected("said") if name in kinds} == set(kinds)
    assert next(iter(read(files / form / f"notes.{form}").values())) == sorted_good()


def sorted_good() -> list[str]:
    return [text for text in HOSTILE if "\t" not in text and "\n" not in text]  # the key may not hold what is not seen


def test_spss_says_for_itself_that_they_are_missing(files: Path) -> None:
    frame, said = pyreadstat.read_sav(files / "sav" / "survey.sav")
    for name in ("score", "balance", "age", "works", "born"):
        assert frame[name].notna().sum() == 1, name
    assert frame["few_kinds"].tolist()[:2] == ["1", "01"]
    assert said.variable_value_labels["in"] == {"001": "Torino (en)", "01": "Cuneo (en)", "1": "Asti (en)"}
    assert said.column_names_to_labels["age"] == "Age"
    assert any("Synthetic data" in note for note in said.notes)


def test_stata_reads_numbers_as_missing_and_codes_as_labels(files: Path) -> None:
    frame = pd.read_stata(files / "dta" / "survey.dta", convert_dates=True)
    assert frame["score"].tolist()[0] == 62.375
    assert frame["score"].isna().sum() == 6
    assert frame["in_"].tolist()[0] == "001: Torino (en)"
    assert frame["few_kinds"].tolist()[:2] == ["1", "01"]
    assert frame["born"][0] == pd.Timestamp("1999-12-31")


@pytest.mark.parametrize(("form", "package"), BOTH)
def test_the_same_rows_give_the_same_bytes(warehouse: Warehouse, form: str, package: Package) -> None:
    made = dossier(warehouse)
    columns, _ = encoded(package, contract_rows(made, "survey"))
    first, second = (package.write(columns, "Title", ["note"]) for _ in range(2))
    assert first == second
    assert datetime.datetime.now(tz=datetime.UTC).strftime("%d %b %Y").encode() not in first[:300]
    assert form in FORMATS


def test_the_codebook_has_names_and_labels_in_full(warehouse: Warehouse, tmp_path: Path) -> None:
    export_programme(warehouse, "made", tmp_path / "made.zip", form="dta", rows=True)
    with zipfile.ZipFile(tmp_path / "made.zip") as archive:
        lines = list(csv.DictReader(io.StringIO(archive.read("codebook.csv").decode())))
    (age,) = (line for line in lines if line["column"] == "age" and line["what"] == "column")
    assert age["text"] == LONG
    cut = [line for line in lines if line["name"] == "a_name_that_is_longer_than_1" and line["what"] == "column"]
    assert [line["column"] for line in cut] == ["a_name_that_is_longer_than_thirty_two_characters"]
    kinds = {line["stands_for"]: line["value"] for line in lines if line["column"] == "score" and line["stands_for"]}
    assert kinds == dict(zip(MISSING, "abcde", strict=True))


@pytest.mark.parametrize(("form", "package"), BOTH)
def test_all_shipped_rows_are_written_and_read_back(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, form: str, package: Package, subtests: pytest.Subtests
) -> None:
    with open_reader(shipped_database(tmp_path_factory)) as opened:
        for programme in SHIPPED:
            with subtests.test(programme=programme):
                exported = export_programme(opened, programme, tmp_path / programme, form=form, rows=True)
                assert exported.rows > 0
                assert "codebook.csv" in exported.files


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_rows_are_asked_for_and_opened(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--rows"):
        export_programme(warehouse, "made", tmp_path / "x.sav", names=["survey"])
    outside = replace(dossier(warehouse), published=ReaderTables(warehouse, OUTSIDE))
    for form, _ in BOTH:
        with pytest.raises(UsageError, match="--rows"):
            FORMATS[form].write(outside)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"names": ["surve"]}, "no rows of a contract 'surve'; there are survey, notes"),
        ({}, "one file holds one contract"),
        ({"names": ["survey"]}, r"Stata has no room for 3 names or labels of 'survey'.*codebook.csv"),
    ],
)
def test_a_file_alone_holds_one_contract_in_full(
    warehouse: Warehouse, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        export_programme(warehouse, "made", tmp_path / "x.dta", rows=True, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("form", "library"), [("sav", "pyreadstat"), ("dta", "pyreadstat")])
def test_a_library_that_is_missing_is_named_with_its_extra(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, form: str, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    assert not FORMATS[form].is_ready
    rows = replace(dossier(warehouse), contracts=("notes",))
    with pytest.raises(UsageError, match=rf"needs {library}: pip install 'impact-engine\[office\]'"):
        FORMATS[form].write(rows)


def test_too_many_cells_are_refused(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "MOST_CELLS", 90)
    with pytest.raises(UsageError, match="7 rows of 13 columns, more than the 90 cells that fit here: take Parquet"):
        FORMATS["sav"].write(dossier(warehouse))


@pytest.mark.parametrize(
    ("package", "column", "value", "said"),
    [
        (SPSS, "large", 2**53 + 1, "no longer exact"),
        (SPSS, "balance", math.inf, "without end"),
        (SPSS, "balance", -999_999_997.0, "stands for a kind of missing"),
        (SPSS, "born", datetime.date(1500, 1, 1), "before 15 October 1582"),
        (SPSS, "few_kinds", ".skip", "stands for a kind of missing"),
        (SPSS, "said", "ends with a blank ", "ends with a blank"),
        (SPSS, "said", "x" * 32_768, "32,767 bytes"),
        (SPSS, "said", "a\0b", "null character"),
        (STATA, "said", "a\0b", "null character"),
        (STATA, "few_kinds", "IT: x", "parts a code from its title"),
        (STATA, "large", 2**53 + 1, "no longer exact"),
        (STATA, "balance", 1e308, "without end"),
        (STATA, "born", datetime.date(99, 1, 1), "before the year 100"),
    ],
)
def test_what_a_package_cannot_hold_is_refused(
    warehouse: Warehouse, package: Package, column: str, value: Any, said: str
) -> None:
    rows = contract_rows(dossier(warehouse), "survey")
    frame = rows.frame.copy()
    frame.loc[1, [column, f"{column}__missing"]] = [value, None]
    with pytest.raises(ProblemsError, match=f"{package.name} cannot hold 1 of the values of '{column}'.*{said}"):
        encoded(package, replace(rows, frame=frame))


def test_labels_are_cut_within_what_there_is_room_for() -> None:
    for package, longest in ((SPSS, 120), (STATA, 80)):
        text = shortened(package, "è" * 200, longest)
        assert package.size(text) <= longest
        assert text.endswith("…")
    assert shortened(SPSS, "è" * 60, 120) == "è" * 60


@pytest.mark.parametrize("package", [SPSS, STATA])
def test_no_two_answers_have_one_label(warehouse: Warehouse, package: Package) -> None:
    """Who tabulates labels would count them as one answer; SPSS has room for 120 bytes."""
    rows = contract_rows(dossier(warehouse), "survey")
    titles = {"001": f"{'è' * 70} yes", "01": f"{'è' * 70} no", "1": f"{'è' * 70} no"}
    codes = json.dumps([{"code": code, "title_en": title, "title_it": title} for code, title in titles.items()])
    variables = tuple(replace(one, codes=codes) if one.column == "in" else one for one in rows.variables)
    columns, changes = encoded(package, replace(rows, variables=variables))
    (column,) = (one for one in columns if one.column == "in" and not one.companion)
    labels = [label for label in column.labels.values() if "è" in label]
    assert len(set(labels)) == 3
    assert all(package.size(label) <= package.longest_code for label in labels)
    if package is SPSS:
        whole = [change.whole for change in changes if change.column == "in" and change.what.startswith("label of")]
        assert whole == list(titles.values())


# ---- single defects --------------------------------------------------------------------------------------------------

Mutate = Callable[[FileColumn, Package], FileColumn]


def cells(*changes: tuple[int, Any]) -> Mutate:
    def mutate(column: FileColumn, _: Package) -> FileColumn:
        changed = list(column.cells)
        for place, value in changes:
            changed[place] = value
        return replace(column, cells=changed)

    return mutate


def swap_kinds(column: FileColumn, _: Package) -> FileColumn:
    kinds = column.kinds
    names = {kinds["refused"]: kinds["skipped"], kinds["skipped"]: kinds["refused"]}
    return replace(column, cells=[names.get(cell, cell) for cell in column.cells])


def swap_labels(column: FileColumn, _: Package) -> FileColumn:
    first, second, *_ = column.labels
    labels = dict(column.labels) | {first: column.labels[second], second: column.labels[first]}
    return replace(column, labels=labels)


def forget_kinds(column: FileColumn, package: Package) -> FileColumn:
    """Leave values where they are, and do not say that they are missing."""
    if package is SPSS:
        return replace(column, kinds={})
    lost = dict.fromkeys(column.kinds.values())
    labels = {value: text for value, text in column.labels.items() if value not in lost}
    return replace(column, kinds={}, labels=labels, cells=[lost.get(cell, cell) for cell in column.cells])


def renamed(column: FileColumn, _: Package) -> FileColumn:
    return replace(column, name=f"{column.name}x")


def relabelled(column: FileColumn, _: Package) -> FileColumn:
    return replace(column, label=column.label[:-1])


def blanked(column: FileColumn, package: Package) -> FileColumn:
    """Make all kinds of missing one."""
    blank = column.kinds["missing"] if package is STATA else None
    return replace(column, cells=[blank if cell in column.kinds.values() else cell for cell in column.cells])


MUTANTS: dict[str, tuple[str, Mutate]] = {
    "a number that is another": ("score", cells((0, 62.374))),
    "a day that is another": ("born", cells((0, 0.0))),
    "a text that is another": ("id", cells((2, "p3"))),
    "two kinds for each other": ("age", swap_kinds),
    "all kinds as one": ("works", blanked),
    "kinds that are values": ("balance", forget_kinds),
    "labels of codes for each other": ("few_kinds", swap_labels),
    "another name": ("w", renamed),
    "another label": ("score", relabelled),
    "a row's value in the next row": ("large", cells((3, 1.0), (4, 0.0))),
    "a code without its zero": ("few_kinds", cells((1, "1"))),
}


@pytest.mark.parametrize("form", ["sav", "dta"])
@pytest.mark.parametrize("name", MUTANTS)
def test_a_file_with_one_defect_is_rejected(warehouse: Warehouse, tmp_path: Path, form: str, name: str) -> None:
    package = dict(BOTH)[form]
    made = dossier(warehouse)
    columns, _ = encoded(package, contract_rows(made, "survey"))
    check = FORMATS[form].check
    assert check is not None
    path = tmp_path / f"survey.{form}"
    path.write_bytes(package.write(columns, "t", []))
    assert check(made, {path.name: path}) == []
    of, mutate = MUTANTS[name]
    if form == "dta" and name in ("a code without its zero", "labels of codes for each other"):
        mutate = cells((1, 1)) if name.startswith("a code") else swap_labels
    if form == "dta" and name == "a day that is another":
        mutate = cells((0, 0))
    changed = [mutate(column, package) if column.column == of else column for column in columns]
    path.write_bytes(package.write(changed, "t", []))
    assert len(check(made, {path.name: path})) >= 1


@pytest.mark.parametrize("form", ["sav", "dta"])
def test_a_file_with_a_row_too_few_or_columns_in_another_order_is_rejected(
    warehouse: Warehouse, tmp_path: Path, form: str
) -> None:
    package, made, check = dict(BOTH)[form], dossier(warehouse), FORMATS[form].check
    assert check is not None
    columns, _ = encoded(package, contract_rows(made, "survey"))
    path = tmp_path / f"survey.{form}"
    for changed in ([replace(column, cells=column.cells[:-1]) for column in columns], columns[::-1]):
        path.write_bytes(package.write(changed, "t", []))
        assert check(made, {path.name: path})
