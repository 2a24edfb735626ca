"""What the page of an indicator says of promises on the way, and what the file of that table holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from impact_dashboards.page.view import PageContent, View
from impact_dashboards.pages import PAGES

from impact.store import Warehouse
from tests.support.programmes import indicator
from tests.support.promised import promised, reports, steps
from tests.support.views import asked, drawn, ran, rows

HOURS = [10, 22, 28, 41, 52, 57]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    path = steps(("2024-02", 32), ("2024-04", 110), ("2024-12", 800), of="to_date", between="linear")
    rule = {"formula": {"kind": "sum", "column": "hours"}, "over_time": "flow", "ex_post": {"period": "2024-12"}}
    plain = indicator("reports", formula={"kind": "count"}, ex_post={"period": "2024-12"})
    declared = [indicator("hours", ex_ante={"target": path}, **rule), plain]
    with ran(promised(tmp_path_factory.mktemp("page") / "p", reports({"a": HOURS}), declared)) as opened:
        yield opened


def page(warehouse: Warehouse, path: str) -> tuple[View, PageContent]:
    view = asked(warehouse, path)
    return view, PAGES[view.address.page].content(view)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/en/indicator/made/hours", ["32", "On course", "Behind", "−9", "Last day with data", "Not due yet"]),
        (
            "/it/indicator/made/hours",
            ["32", "In linea", "Indietro", "−9", "Ultimo giorno con dati", "Non ancora dovuto"],
        ),
    ],
)
def test_page_has_a_row_for_each_milestone(warehouse: Warehouse, path: str, said: list[str]) -> None:
    view, content = page(warehouse, path)
    block = next(block for block in content.blocks if block.id == "milestones")
    assert block.table is not None
    assert len(block.table.rows) == 4
    text = " ".join(rows(drawn(view, content)))
    assert [words for words in said if words not in text] == []


def test_file_has_the_projection_with_its_interval_and_never_among_values(warehouse: Warehouse) -> None:
    _, content = page(warehouse, "/en/indicator/made/hours")
    block = next(block for block in content.blocks if block.id == "milestones")
    assert block.table is not None
    frame = block.table.frame().set_index("point")
    end = frame.loc["end"]
    assert (end["value"], end["due"], end["projection_n"]) == (210, "2024-12-31", 6)
    assert end["projection_low"] < end["projection"] < end["projection_high"]
    assert frame.loc["milestone", "projection"].isna().all()


def test_page_without_a_path_has_no_such_table(warehouse: Warehouse) -> None:
    _, content = page(warehouse, "/en/indicator/made/reports")
    assert "milestones" not in {block.id for block in content.blocks}
