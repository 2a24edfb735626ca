"""The generated reference is that of the code; links and the code that pages name are there; tests mirror the code."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

import _console as console  # noqa: E402

SHORT = ROOT / "docs" / "how-to" / "write_a_contract.md"
RUN = sorted([*ROOT.glob("docs/tutorials/*.md"), *ROOT.glob("docs/how-to/*.md")])
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
INDEX = ROOT / "docs" / "index.md"
OF_TODAY = [page for page in PAGES if page.parent.name != "decisions" and page.name != "CHANGELOG.md"]
CODE = re.compile(r"`((?:impact|dashboards|tests|docs|schemas|data|benchmarks|findings)/[^`\s]*|\w+\.py)`")


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


BESIDE = {"bad_input", "browser", "cases", "golden", "properties", "reference", "spec"}


def test_each_test_lies_in_the_folder_of_the_room_it_tests() -> None:
    folders = {path.parent.relative_to(ROOT / "tests") for path in ROOT.glob("tests/**/test_*.py")}
    rooms = {folder for folder in folders if folder.parts and folder.parts[0] not in BESIDE}
    assert folders - rooms == {Path(name) for name in BESIDE}
    assert [room for room in sorted(rooms) if not _code_of(room).is_dir()] == []


def _code_of(room: Path) -> Path:
    app = room.parts[0] == "dashboards"
    return ROOT / "dashboards" / "impact_dashboards" / Path(*room.parts[1:]) if app else ROOT / "impact" / room


def test_reference_is_generated_from_the_code() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "_build.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose(page)):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", OF_TODAY, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_that_a_page_names_is_there(page: Path) -> None:
    folder = "impact"
    for name in CODE.findall(prose(page)):
        path = name if "/" in name else f"{folder}/{name}"  # a module alone stands beside the one named before
        assert list(ROOT.glob(re.sub(r"<\w+>", "*", path))), f"{page.name} names {name}: there is no {path}"
        folder = path if path.endswith("/") else path.rpartition("/")[0]


@pytest.mark.parametrize("page", OF_TODAY, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_said_to_stand_in_a_module_do(page: Path) -> None:
    for names, module in re.findall(r"((?:`\w+`(?:,| and| or)?\s)+)(?:in|of)\s`(\w+/[\w/]+\.py)`", prose(page)):
        assert not set(re.findall(r"\w{4,}", names)) - set(re.findall(r"\w+", (ROOT / module).read_text("utf-8"))), (
            module
        )


def test_the_table_of_rooms_is_whole_and_in_the_order_of_their_imports() -> None:
    table = prose(ROOT / "CONTRIBUTING.md").partition("| room |")[2].partition("\n\n")[0].splitlines()
    rows = {
        room: row
        for row, line in enumerate(table)
        for room in re.findall(r"`([\w/]+(?:/|\.py))`", line.split(" | ")[0])
    }
    named = [path.name for path in (ROOT / "impact").iterdir() if not path.name.startswith("_")]
    assert not [name for name in named if not any(room.startswith(f"impact/{name}") for room in rows)]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    order = [row_of(module, rows) for layer in reversed(layers) for module in re.split(" [|:] ", layer)]
    assert order == sorted(order)


def row_of(module: str, rows: dict[str, int]) -> int:
    """The row of the nearest room that holds a module."""
    path = module.replace(".", "/").replace("impact_dashboards", "dashboards/impact_dashboards")
    return rows[max((room for room in rows if f"{path}.py" == room or f"{path}/".startswith(room)), key=len)]


def test_the_index_names_every_page() -> None:
    named = {(INDEX.parent / target).resolve() for target in re.findall(r"\]\(([^)#:]+)\)", prose(INDEX))}
    assert not {str(page.relative_to(ROOT)) for page in set(PAGES) - named - {INDEX}}


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=[] if page == SHORT else pytest.mark.slow, id=page.stem) for page in RUN]
)
def test_outputs_shown_are_what_the_commands_print(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert console.main(["--check", str(page)]) == 0, capsys.readouterr().err


@pytest.mark.parametrize(
    ("shown", "printed", "new"),
    [
        (["a 1", "b 2"], ["a 1", "c 3", "b 2"], ["a 1", "c 3", "b 2"]),
        (["head 1", "…"], ["head 2", "x", "y"], ["head 2", "…"]),
        (["head", "…", "the tail 1"], ["head", "x", "the tail 2"], ["head", "…", "the tail 2"]),
        (["…", "effect +1.20", "…"], ["value 3", "effect +3.40", "plan"], ["…", "effect +3.40", "…"]),
        (["…", "effect +1.20", "…"], ["value 3", "plan"], None),
        (["one", "…", "two", "…"], ["one"], None),
        (["query SELECT a …"], ["query SELECT a, b FROM c"], ["query SELECT a …"]),
        (["query SELECT a, b …"], ["query SELECT x FROM a_table_with_quite_a_long_name"], ["query SELECT x …"]),
        (["query SELECT a …", "run"], ["query SELECT a FROM b", "check", "run"], ["query SELECT a …", "check", "run"]),
        (["query SELECT a …"], ["other words", "run"], None),
        (["lines 2, 3 …"], ["lines 2, 4 …"], ["lines 2, 4 …"]),
        (["lines 2, 3 …"], ["lines 12, 14"], ["lines 12, 14"]),
        (
            ["a", "…", "term", "check", "…"],
            ["a", "x", "term", "new", "check", "z"],
            ["a", "…", "term", "new", "check", "…"],
        ),
    ],
)
def test_an_output_is_renewed_with_what_it_leaves_out(
    shown: list[str], printed: list[str], new: list[str] | None
) -> None:
    assert console.renewed(shown, printed) == new


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (
            "loaded 2026-11-22T20:49:08 in run 20261122T204908912378",
            "loaded 2027-01-01T00:00:00 in run 20270101T000000000000",
            True,
        ),
        ("plan fbb4a8cd7083 at 2026-11-22T20:49:33+00:00", "plan e14dcab6219e at 2026-11-22T20:49:33+00:00", False),
        ("0.011148656968021881", "0.011148656968021999", True),
        ("0.0111486", "0.0111487", False),
        ("due 2024-12", "due 2025-12", False),
    ],
)
def test_only_what_varies_by_run_is_masked(shown: str, printed: str, same: bool) -> None:
    assert console.same([shown], [printed]) is same


def test_a_block_is_merged_into_a_declaration() -> None:
    text = "# a comment\nindicators:\n  - id: one\n    ex_post: {wave: end, design: {kind: did}}\n"
    merged = console.merged(text, "indicators.0.ex_post", "design:\n  kind: randomised\n")
    assert merged.startswith("# a comment\nindicators:\n- id: one\n")
    assert yaml.safe_load(merged) == {
        "indicators": [{"id": "one", "ex_post": {"wave": "end", "design": {"kind": "randomised"}}}]
    }


PAGE = """\
<!-- console: run mkdir room -->
<!-- console: write room/a.txt -->
```yaml
one
```
<!-- console: append room/a.txt -->
```yaml
two
```
```console
$ cat room/a.txt; pwd
stale
$ false; echo $?
…
```
```python
print(open("room/a.txt").read().split())
```
```text
stale
```
<!-- console: prints echo unseen -->
```text
stale
```
<!-- console: skip it needs a server -->
```console
$ impact serve
```
"""


def test_a_page_is_rewritten_by_running_it_and_then_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    assert console.main(["--check", str(page)]) == 1
    assert "+two" in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == PAGE
    assert console.main([str(page)]) == 0
    new = page.read_text(encoding="utf-8")
    for block in ("one\ntwo\n/", "…\n```\n```python", "```text\n['one', 'two']\n```", "```text\nunseen\n```"):
        assert block in new


def test_a_page_whose_command_fails_unseen_stops(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- console: run false -->\n```console\n$ true\n```\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="ended with 1"):
        console.main([str(page)])


def test_what_was_left_out_and_is_lost_is_left_to_a_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo one; echo two\n…\nsomething else\n…\n```\n", encoding="utf-8")
    assert console.main([str(page)]) == 1
    assert "cut it by hand" in capsys.readouterr().err
    assert "one\ntwo\n" in page.read_text(encoding="utf-8")
