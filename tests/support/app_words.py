"""The keys of the catalogue as the source writes them: read from the syntax of the engine and the app."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

ROOT = Path(__file__).parents[2]
SOURCE = sorted([*ROOT.glob("impact/**/*.py"), *ROOT.glob("dashboards/**/*.py")])
HOLE = "(.+)"
"""What stands in a pattern for a value that the source does not write."""
SENTENCE = {"Said": 0, "says": 1}
"""Calls with the code of a sentence, which is no key of the app, and as which argument they have it."""


@dataclass(frozen=True)
class Written:
    """A text in the source that may be a key.

    Parameters
    ----------
    place
        File and line.
    pattern
        The key, with a hole for each value in it.
    called
        Whether words are asked for by it there.
    given
        Names of the values that are given with it; None where they are not written out.
    """

    place: str
    pattern: str
    called: bool = False
    given: frozenset[str] | None = None


def written() -> list[Written]:
    """Return every text in the source that may be a key, in the order of the source."""
    return [found for path in SOURCE for found in _written(path)]


def constants() -> set[str]:
    """Return every text of the source and of the shared and shipped declarations, and every word in them."""
    declared = [path.read_text("utf-8") for folder in ("schemas", "data") for path in (ROOT / folder).rglob("*.yaml")]
    texts = {str(node.value) for path in SOURCE for node in ast.walk(tree_of(path)) if _is_text(node)}
    return texts | {word for text in (*texts, *declared) for word in re.findall(r"\w+", text)}


def flags() -> set[str]:
    """Return the flags that the engine puts on values: what is assigned to, passed or kept as ``flags``."""
    found: set[str] = set()
    for path in [*ROOT.glob("impact/measure/*.py"), *ROOT.glob("impact/judge/*.py")]:
        for node in ast.walk(tree_of(path)):
            found |= {str(text.value) for value in _flagged(node) for text in _chosen(value)}
    return found


def codes_of(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield the expressions that are codes of sentences: what a sentence is made or asked by, or its name is given."""
    named = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in SENTENCE and node.args:
            code = node.args[SENTENCE[_name(node.func)]]
            named |= {code.id} if isinstance(code, ast.Name) else set()
            yield code
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and named & set(map(_name, node.targets)):
            yield node.value


def _flagged(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions that hold flags."""
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(_name(target) == "flags" for target in targets):
            yield node.value
    elif isinstance(node, ast.keyword) and node.arg == "flags":
        yield node.value
    elif isinstance(node, ast.Call) and _name(node.func) == "flagged":
        yield from node.args
    elif isinstance(node, ast.Dict):
        yield from (value for key, value in zip(node.keys, node.values, strict=True) if _says(key, "flags"))
    elif isinstance(node, ast.FunctionDef) and node.name in ("_small", "_overlap"):
        yield from (part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value)


def _chosen(value: ast.expr) -> Iterator[ast.Constant]:
    """Yield the texts that an expression may be or hold, not those that choose among them."""
    if isinstance(value, ast.IfExp):
        yield from (*_chosen(value.body), *_chosen(value.orelse))
    elif isinstance(value, ast.Tuple | ast.List):
        yield from (part for element in value.elts for part in _chosen(element))
    elif isinstance(value, ast.Starred):
        yield from _chosen(value.value)
    elif isinstance(value, ast.BinOp):
        yield from (*_chosen(value.left), *_chosen(value.right))
    elif _is_text(value):
        yield value


def _written(path: Path) -> Iterator[Written]:
    tree, inner = tree_of(path), set[int]()
    codes = {id(part) for value in codes_of(tree) for part in ast.walk(value)}
    for node in ast.walk(tree):
        if id(node) in codes:
            continue
        place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Call) and _name(node.func) in ("words", "self") and node.args:
            given = (
                None if any(word.arg is None for word in node.keywords) else frozenset(map(_argument, node.keywords))
            )
            yield from (Written(place, pattern, called=True, given=given) for pattern in patterns(node.args[0]))
        elif isinstance(node, ast.JoinedStr | ast.BinOp):
            inner |= {id(part) for part in ast.walk(node)}
            yield from (Written(place, pattern) for pattern in patterns(node))
        elif _is_text(node) and id(node) not in inner:
            yield Written(place, re.escape(str(node.value)))


def patterns(node: ast.expr) -> list[str]:
    """Return what a text may be, with holes: one for each way in which the source chooses it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [re.escape(node.value)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(re.escape(str(part.value)) if _is_text(part) else HOLE for part in node.values)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [left + right for left in patterns(node.left) for right in patterns(node.right)]
    if isinstance(node, ast.IfExp):
        return [*patterns(node.body), *patterns(node.orelse)]
    return [HOLE]


_TREES: dict[Path, ast.Module] = {}


def tree_of(path: Path) -> ast.Module:
    if path not in _TREES:
        _TREES[path] = ast.parse(path.read_text(encoding="utf-8"))
    return _TREES[path]


def _is_text(node: ast.AST | None) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _says(node: ast.expr | None, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _argument(word: ast.keyword) -> str:
    return str(word.arg)
