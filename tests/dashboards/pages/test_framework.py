"""The page of a framework: programmes beside each other, totals as the command has them, a checklist that says missing."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from impact_dashboards.page.view import AddressError
from impact_dashboards.pages.framework.page import page
from impact_dashboards.server.checklist import checklist_html, write_checklist

from impact.declare import load_programme
from impact.drawing.markup import words_of
from impact.errors import UsageError
from impact.publish.compare import compare_framework
from impact.publish.published import ReaderTables
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.frameworks import FIRST, SECOND, framework, programme
from tests.support.views import asked, drawn, rows

BREACH = re.compile(r"breach|violat|inadempi", re.IGNORECASE)
SAID = {"origin": {"document": "The plan", "page": "3"}}
ELEMENTS = [
    {
        "code": "X-1",
        "title": {"en": "Context", "it": "Contesto"},
        "provision": "art. 1",
        "seen": {"en": "one note", "it": "una nota"},
    },
    {"code": "X-2", "title": "Reach", "provision": "art. 2", "seen": "read"},
    {"code": "X-3", "title": "Measures", "provision": "art. 3", "seen": "read", "rules": [{"shows": "indicator"}]},
    {"code": "X-4", "title": "Unread", "provision": "art. 4"},
]
REMARK = {"en": "The order is ours.", "it": "L'ordine è nostro."}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("frameworks")
    framework(root, elements=ELEMENTS, remarks=[REMARK])
    answers = {"X-2": {"text": {"en": "So far", "it": "Fin qui"}} | SAID}
    with Warehouse(root / "both.duckdb") as warehouse:
        run_programme(load_programme(programme(root, "a", FIRST, ["in_work", "hour_cost"], answers=answers)), warehouse)
        run_programme(load_programme(programme(root, "b", SECOND, ["in_work"])), warehouse)
    return root / "both.duckdb"


@pytest.fixture
def warehouse(db: Path) -> Iterator[Warehouse]:
    with Warehouse(db, read_only=True) as opened:
        yield opened


def test_every_programme_stands_beside_every_indicator_with_the_total(warehouse: Warehouse) -> None:
    view = asked(warehouse, "/en/framework")
    content = page(view)
    view.check()
    body = drawn(view, content)
    assert "25.0% [4.6%; 69.9%]" in rows(body, "A †")[0]
    assert "60.0%" in rows(body, "Together: a, b")[0]
    assert "Not bound" in "".join(rows(body, "B"))
    assert "The order is ours." in words_of(body)
    assert content.synthetic


def test_page_file_and_command_have_the_same_numbers(warehouse: Warehouse) -> None:
    block = page(asked(warehouse, "/it/framework")).block("alike")
    assert block is not None
    assert block.table is not None
    totals = [row for row in block.table.rows if not row["programme"]]
    comparison = compare_framework(ReaderTables(warehouse), "common")
    expected = [total.value for alike in comparison.indicators for total in alike.totals]
    assert [row["value"] for row in totals] == expected
    assert {"value", "conf_low", "n", "shared_hash", "numerator", "reason"} <= set(block.table.frame().columns)


@pytest.mark.parametrize(
    ("language", "missing", "unverified"), [("en", "Missing", "Not verified"), ("it", "Mancante", "Non verificato")]
)
def test_a_checklist_says_missing_and_never_a_breach(
    warehouse: Warehouse, language: str, missing: str, unverified: str
) -> None:
    view = asked(warehouse, f"/{language}/framework?framework=common&programme=a")
    body = drawn(view, page(view))
    text = words_of(body)
    assert f"{missing}: 2" in text  # of synthetic data
    assert f"{unverified}: 1" in text
    assert unverified in rows(body, "X-4")[0]
    assert not BREACH.search(text)
    shown = "no such indicator with data" if language == "en" else "nessun indicatore di questo tipo con dati"
    assert shown in rows(body, "X-3")[0]
    assert ("So far" if language == "en" else "Fin qui") in rows(body, "X-2")[0]
    assert "The plan, 3" in rows(body, "X-2")[0]


def test_one_programme_has_its_own_answers_only(warehouse: Warehouse) -> None:
    block = page(asked(warehouse, "/en/framework?framework=common&programme=b")).block("elements")
    assert block is not None
    assert block.table is not None
    assert {row["programme"] for row in block.table.rows} == {"b"}


def test_an_unknown_framework_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(AddressError):
        page(asked(warehouse, "/en/framework?framework=comon"))


def test_without_frameworks_the_page_says_how(tmp_path: Path) -> None:
    folder = programme(tmp_path, "a", FIRST, {})
    framework(tmp_path)
    text = (folder / "programme.yaml").read_text("utf-8").split("use:")[0]
    (folder / "programme.yaml").write_text(text, encoding="utf-8")
    (folder / "contracts.yaml").write_text(
        (tmp_path / "frameworks/common/contracts.yaml").read_text("utf-8"), encoding="utf-8"
    )
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        view = asked(warehouse, "/en/framework")
        assert "share_a_framework.md" in words_of(drawn(view, page(view)))


# ---- the report ------------------------------------------------------------------------------------------------------


def test_the_report_has_source_remarks_and_every_element(db: Path, tmp_path: Path) -> None:
    write_checklist(db, "a", "common", "it", tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text("utf-8")
    for words in (
        "L'ordine è nostro.",
        "X-1",
        "Contesto",
        "X-4",
        "Non verificato",
        "Mancante: 2",
        "Fin qui",
        "una nota",
        "made",
    ):
        assert words in text
    assert not BREACH.search(text)
    assert "<script" not in text


def test_the_report_is_refused_where_the_framework_is_not_used(db: Path) -> None:
    with pytest.raises(UsageError, match="uses no framework 'vis'; it uses: common"):
        checklist_html(db, "a", "vis", "en")
    with pytest.raises(UsageError, match="nothing is published of a programme 'c'"):
        checklist_html(db, "c", "common", "en")


def test_a_total_in_the_file_is_the_one_on_the_page(warehouse: Warehouse, tmp_path: Path) -> None:
    block = page(asked(warehouse, "/en/framework")).block("alike")
    assert block is not None
    assert block.table is not None
    block.table.frame().to_csv(tmp_path / "alike.csv", index=False)
    with (tmp_path / "alike.csv").open(encoding="utf-8") as file:
        values = {row["indicator"]: row["value"] for row in csv.DictReader(file) if not row["programme"]}
    assert float(values["in_work"]) == pytest.approx(0.6)
