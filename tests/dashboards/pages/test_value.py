"""The page of value: a pool is drawn above its table, of the same lines; what is hidden is not drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from impact_dashboards.page.view import Block
from impact_dashboards.pages.value import page

from impact.drawing.markup import words_of
from tests.support.views import asked, drawn, ran, rows
from tests.value.test_pools import EFFECTS, POOL, made, persons


def block(folder: Path, language: str, **sizes: int) -> tuple[Block, Any]:
    """Return the block of the pool, and the page around it."""
    warehouse = ran(made(folder, persons(**sizes), POOL))
    view = asked(warehouse, f"/{language}/value/made")
    content = page(view)
    body = drawn(view, content)
    warehouse.close()
    return next(found for found in content.blocks if found.id == "pools-pool"), body


@pytest.mark.parametrize(("language", "pooled"), [("en", "Pooled effect"), ("it", "Effetto medio")])
def test_a_pool_is_drawn_of_the_lines_of_its_table(tmp_path: Path, language: str, pooled: str) -> None:
    found, body = block(tmp_path, language)
    assert found.figure is not None
    assert found.table is not None
    lines = {row["item"]: row for row in found.table.rows}
    shown = [lines[f"part/{area}/effect"]["value"] for area in EFFECTS]
    traces = {trace.marker.symbol: list(trace.x) for trace in found.figure.data}
    assert traces["circle"] == pytest.approx(shown)
    assert traces["diamond"] == pytest.approx([lines["pooled/effect"]["value"]])
    assert traces["line-ns"] == pytest.approx([lines["pooled/prediction"]["value"]])
    assert list(found.figure.layout.yaxis.ticktext)[: len(EFFECTS)] == [*EFFECTS]
    assert rows(body, pooled)
    assert "None" not in words_of(body)


def test_parts_are_called_by_their_whole_code(tmp_path: Path) -> None:
    codes = {"east": "2020/21", "north": "2020/22", "south": "part/x/effect", "west": "west"}
    frame = persons().assign(area=lambda f: f["area"].map(codes))
    warehouse = ran(made(tmp_path, frame, POOL))
    content = page(asked(warehouse, "/en/value/made"))
    warehouse.close()
    (found,) = (found for found in content.blocks if found.id == "pools-pool")
    assert found.figure is not None
    assert list(found.figure.layout.yaxis.ticktext)[: len(codes)] == [*codes.values()]


def test_what_is_hidden_is_not_drawn(tmp_path: Path) -> None:
    found, _ = block(tmp_path, "en", west=8)
    assert found.figure is not None
    assert found.table is not None
    lines = {row["item"]: row for row in found.table.rows}
    own = [lines[f"part/{area}/effect"] for area in EFFECTS]
    open_ones = [line["value"] for line in own if line["state"] != "suppressed"]
    assert 0 < len(open_ones) < len(EFFECTS)
    assert [list(trace.x) for trace in found.figure.data] == [pytest.approx(open_ones)]
    hidden = [line["state"] == "suppressed" for line in own] + [True, True]
    texts = [note.text for note in found.figure.layout.annotations]
    assert ["few persons" in text for text in texts] == hidden


def test_of_a_pool_without_any_effect_there_is_no_drawing(tmp_path: Path) -> None:
    frame = persons()
    warehouse = ran(made(tmp_path, frame[frame["arm"] == "T"], POOL))
    content = page(asked(warehouse, "/en/value/made"))
    warehouse.close()
    (found,) = (found for found in content.blocks if found.id == "pools-pool")
    assert found.figure is None
