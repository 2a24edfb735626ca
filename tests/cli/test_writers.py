"""All files are written by one module: any other place in the source that writes, moves or removes files is named here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import impact_dashboards

import impact

ROOTS = (Path(impact.__file__).parent, Path(impact_dashboards.__file__).parent)
WRITER = "impact/files.py"
CALLS = {
    "write_text", "write_bytes", "to_csv", "to_parquet", "to_excel", "to_pickle", "write_html", "write_image",
    "copyfile", "copyfileobj", "copy2", "copytree", "copymode", "move", "rmtree", "mkdir", "makedirs", "rmdir", "unlink",
    "symlink_to", "hardlink_to", "touch", "truncate", "mkstemp", "NamedTemporaryFile", "write_table", "savefig", "dump",
    "chmod",
}  # fmt: skip
OF_THE_SYSTEM = {"replace", "rename", "renames", "remove", "link", "symlink", "open", "removedirs"}
"""Names that mean files only as functions of ``os``."""
READERS = "impact/ingest/"
SCRATCH = {"open", "copyfile", "symlink_to", "COPY TO", "write_table"}
"""Cleaned copies of raw files, in a temporary folder that ends with the run: readers get it, and write there alone."""
TEXT = {
    "impact/cli/commands/assign.py": {"to_csv"},
    "impact/cli/faults.py": {"os.open"},
    "impact/expect/registration.py": {"dump"},
    "impact/publish/export/csv.py": {"to_csv"},
    "impact/publish/export/people.py": {"to_csv"},
    "impact/publish/export/parquet.py": {"write_table"},
}
"""Calls that make text or bytes and write no file; what nobody reads any more goes to nowhere."""


def writes(tree: ast.Module) -> Iterator[str]:
    """Yield the name of every call that could write, and COPY … TO in SQL."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and "COPY " in node.value
            and " TO " in node.value
        ):
            yield "COPY TO"
        if isinstance(node, ast.Call):
            yield from called(node)


def called(node: ast.Call) -> Iterator[str]:
    function = node.func
    name = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    owner = function.value.id if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) else ""
    if name in CALLS:
        yield name
    elif owner == "os" and name in OF_THE_SYSTEM:
        yield f"os.{name}"
    elif name == "open":
        modes = [*node.args[:2], *(word.value for word in node.keywords if word.arg == "mode")]
        if any(
            isinstance(m, ast.Constant) and isinstance(m.value, str) and set(m.value) & set("wax+") and len(m.value) < 4
            for m in modes
        ):
            yield "open"


def found() -> dict[str, set[str]]:
    places: dict[str, set[str]] = {}
    for root in ROOTS:
        for path in sorted(root.rglob("*.py")):
            names = set(writes(ast.parse(path.read_text(encoding="utf-8"))))
            if names:
                places[path.relative_to(root.parent).as_posix()] = names
    return places


def test_one_module_writes() -> None:
    places = found()
    assert {"copyfileobj", "os.replace", "unlink", "mkdir", "os.open"} <= places.pop(WRITER)
    copies = {place: names for place, names in places.items() if place.startswith(READERS)}
    assert set().union(*copies.values()) <= SCRATCH
    assert {place: names for place, names in places.items() if place not in copies} == TEXT


def test_the_test_sees_writing() -> None:
    text = "p.write_text(x); open(p, 'w'); p.open('xb'); os.replace(a, b); f.to_csv(p); c.execute('COPY t TO x'); p.open(mode='a')"
    assert list(writes(ast.parse(text))).count("open") == 3
    assert set(writes(ast.parse(text))) == {"write_text", "open", "os.replace", "to_csv", "COPY TO"}
    assert set(writes(ast.parse("open(p); 'a'.replace('b', 'c'); p.open('rb'); frame.rename(columns={})"))) == set()
