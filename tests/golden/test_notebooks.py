"""The notebooks of the documentation run from top to bottom, and show what they are about."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

import impact
from impact.errors import UsageError
from tests.support.shipped import shipped_result

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def cells(path: Path) -> list[str]:
    """Return the code of a notebook, which holds no output of an earlier run."""
    written = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in written["cells"] if cell["cell_type"] == "code"]
    assert [cell["outputs"] for cell in code] == [[]] * len(code)
    return ["".join(cell["source"]) for cell in code]


def test_each_reader_has_one() -> None:
    assert {path.stem for path in NOTEBOOKS} == {"coordinator", "evaluator", "investor", "statistics_office"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    shown = 0
    for code in cells(path):
        tree = ast.parse(code)
        last = tree.body[-1]
        if isinstance(last, ast.Expr):
            kept = ast.Assign([ast.Name("_shown", ast.Store())], last.value)
            tree.body[-1] = ast.fix_missing_locations(ast.copy_location(kept, last))
        exec(compile(tree, path.name, "exec"), names)  # noqa: S102 - a notebook of this repository
        shown += names.pop("_shown", None) is not None
    assert shown >= 2


def test_a_result_shows_itself_marked_and_escaped(tmp_path_factory: pytest.TempPathFactory) -> None:
    html = shipped_result(tmp_path_factory, "wecare")._repr_html_()
    assert html.startswith("<pre")
    assert "▲ improved" in html
    assert "†" in html
    assert "<script" not in html


def test_a_figure_is_one_call_and_what_cannot_be_drawn_is_said(tmp_path_factory: pytest.TempPathFactory) -> None:
    result: impact.Result = shipped_result(tmp_path_factory, "nsw")
    figure = result.figure("nsw/earnings", language="en")
    values = [value for trace in figure.data for value in (trace.y if trace.y is not None else ())]
    assert any(abs(float(value) - 6349.14) < 0.01 for value in values if value is not None)
    with pytest.raises(UsageError, match="no finding 'nsw/nothing'"):
        result.figure("nsw/nothing")
    with pytest.raises(UsageError, match="no value"):
        shipped_result(tmp_path_factory, "wecare").figure("wecare/ad_hoc_contacts")
