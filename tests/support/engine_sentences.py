"""The sentences that the engine's own source can write, read from its syntax trees: used by the tests of the words.

A sentence is an argument of one of the calls in ``SINKS``, a part of what a function in ``RETURNED`` returns, or the
value of a key in ``KEYS``. Its text is worked out as far as it is constant: through names, both sides of a condition,
tables, the arguments of callers and what functions return. What only a run knows becomes ``HOLE``.
"""

from __future__ import annotations

import ast
import functools
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import impact

HOLE = "x_1"
"""Stands for a value: no word of any language."""
DEEP, MANY = 7, 300
SINKS: dict[str, dict[str, int]] = {
    "NotEstimable": {"reason": 0, "needed": 1},
    "Diagnostic": {"check": 0, "null_hypothesis": 1, "detail": 5},
    "checked": {"check": 0, "null": 1, "detail": 4},
    "not_applicable": {"check": 0, "null": 1, "why": 2},
    "Term": {"family": 0, "term": 1, "detail": 8},
    "term_from": {"family": 0, "term": 1, "detail": 3},
    "Measured": {"method": 6},
    "Contribution": {"reason": 1},
    "effect_from": {"estimand": 3, "design": 4},
    "Effect": {"estimand": 1, "design": 2, "inference": 12},
    "Reason": {"rule": 1, "expected": 2},
    "PlanStatus": {"label": 0, "detail": 3},
    **{call: {"rule": 9} for call in ("wald", "joint", "from_influence", "replace")},
    "with_p_value": {"rule": 2},
}
"""Calls that take a sentence or a name for readers: their arguments by name and place."""
RETURNED = {"evidence_level": 1, "_effect": 1, "_adjusted": 1, "statement": 0}
"""Functions that return a sentence: its place in the tuple."""
OF_A_DESIGN = ("design", "scaled")
"""Names under which the source holds a declared design."""
FIELDS = {"rule": ("Errors", "Replicates", "_Solution"), "label": ("Labelled",), "kind": ("Comparison",)}
"""Fields from which sentences are made, and the results that hold them."""
NAMES = ("rule", "estimand")
"""Local names of what is written in a result."""
KEYS = ("method", "evidence_reason", "rule", "expected")
"""Keys of rows under which a sentence stands."""


@dataclass(eq=False)
class Module:
    """One parsed module: what its names stand for, and who calls what."""

    path: str
    tree: ast.Module
    constants: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    functions: dict[str, list[Scope]] = field(default_factory=lambda: defaultdict(list))
    nodes: list[tuple[ast.AST, Scope]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Scope:
    """Where an expression stands: its module, and its function if it is in one."""

    module: Module = field(repr=False)
    function: ast.FunctionDef | None = None


class Engine:
    """The parsed source of the package."""

    def __init__(self) -> None:
        root = Path(impact.__file__).parent
        paths = [path for path in sorted(root.rglob("*.py")) if path.parent != root / "words"]
        self.modules = [Module(str(path.relative_to(root)), ast.parse(path.read_text("utf-8"))) for path in paths]
        for module in self.modules:
            for node in module.tree.body:
                _read_constant(module, node)
            _read_body(module, module.tree, Scope(module))
        self.calls: dict[str, list[tuple[ast.Call, Scope]]] = defaultdict(list)
        for module in self.modules:
            for node, scope in module.nodes:
                if isinstance(node, ast.Call):
                    self.calls[called(node)].append((node, scope))
        self.places = dict(place for module in self.modules for place in _places(module.tree))
        self.known: dict[tuple[ast.AST, Scope, int], set[str]] = {}
        self.choices = _choices(next(module.tree for module in self.modules if module.path == "declare/designs.py"))

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Yield every text that can reach a reader, with the file and line that write it; declarations write none."""
        for module in self.modules:
            for node, scope in [] if module.path.startswith("declare/") else module.nodes:
                for sentence in _sentences_of(node, scope):
                    for text in sorted(self.texts(sentence, scope, 0)):
                        yield text, f"{module.path}:{sentence.lineno}"

    def texts(self, node: ast.AST, scope: Scope, depth: int) -> set[str]:
        """Return the texts that an expression can be."""
        key = node, scope, depth
        if key not in self.known:
            read = _READERS.get(type(node))
            found = read(self, node, scope, depth + 1) if read and depth <= DEEP else set()
            self.known[key] = set(sorted(found)[:MANY]) or {HOLE}
        return self.known[key]

    def visible(self, scope: Scope, name: str) -> list[Module]:
        """Return the modules in which a name may be defined: its own if it is there, else all, if it is public."""
        own = scope.module
        if name.startswith("_") or name in own.constants or name in own.functions:
            return [own]
        return self.modules


def _read_constant(module: Module, node: ast.stmt) -> None:
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name):
                module.constants[target.id].append(node.value)


def _places(tree: ast.Module) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield the place of each field of each class."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            fields = [_name_of(each.target) for each in node.body if isinstance(each, ast.AnnAssign)]
            yield from (((node.name, name), place) for place, name in enumerate(fields))


def _choices(designs: ast.Module) -> dict[str, set[str]]:
    """Return for each field of the designs the words among which it is declared."""
    found: dict[str, set[str]] = defaultdict(set)
    for node in ast.walk(designs):
        if isinstance(node, ast.AnnAssign) and _name_of(getattr(node.annotation, "value", node)) == "Literal":
            words = [each.value for each in ast.walk(node.annotation) if isinstance(each, ast.Constant)]
            found[_name_of(node.target)] |= set(words)
    return found


def _read_body(module: Module, node: ast.AST, scope: Scope) -> None:
    for child in ast.iter_child_nodes(node):
        inside = scope
        if isinstance(child, ast.FunctionDef):
            inside = Scope(module, child)
            module.functions[child.name].append(inside)
        if isinstance(child, ast.Call | ast.Return | ast.Dict | ast.Assign | ast.AugAssign):
            module.nodes.append((child, inside))
        _read_body(module, child, inside)


def _sentences_of(node: ast.AST, scope: Scope) -> Iterator[ast.expr]:
    """Yield the expressions in a node that become sentences for readers."""
    if isinstance(node, ast.Call):
        found = [argument_of(node, name, place) for name, place in SINKS.get(called(node), {}).items()]
        yield from (argument for argument in found if argument is not None)
    elif isinstance(node, ast.Return) and scope.function is not None and scope.function.name in RETURNED:
        if isinstance(node.value, ast.Tuple):
            yield node.value.elts[RETURNED[scope.function.name]]
    elif isinstance(node, ast.Dict):
        keys = [getattr(key, "value", "") for key in node.keys]
        yield from (value for key, value in zip(keys, node.values, strict=True) if key in KEYS)
    elif isinstance(node, ast.Assign | ast.AugAssign) and _is_named(node):
        yield node.value


def _is_named(node: ast.Assign | ast.AugAssign) -> bool:
    """Tell whether what is set is a name or a key under which a sentence stands."""
    target = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
    key = getattr(target.slice, "value", "") if isinstance(target, ast.Subscript) else ""
    return key in KEYS or (isinstance(node, ast.Assign) and _name_of(target) in NAMES)


def called(call: ast.Call) -> str:
    """Return the last name of what is called."""
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def argument_of(call: ast.Call, name: str, place: int) -> ast.expr | None:
    """Return the argument of a call by its name or place; None where it is not given or hidden in a star."""
    named = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    if named is not None or any(isinstance(argument, ast.Starred) for argument in call.args[: place + 1]):
        return named
    return call.args[place] if place < len(call.args) else None


def _constant(engine: Engine, node: ast.Constant, scope: Scope, depth: int) -> set[str]:
    return {node.value} if isinstance(node.value, str) else set()


def _joined(engine: Engine, node: ast.JoinedStr, scope: Scope, depth: int) -> set[str]:
    values = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
    parts = [sorted(engine.texts(value, scope, depth)) for value in values]
    return {"".join(chosen) for chosen in itertools.islice(itertools.product(*parts), MANY)}


def _sum(engine: Engine, node: ast.BinOp, scope: Scope, depth: int) -> set[str]:
    if not isinstance(node.op, ast.Add):
        return set()
    sides = engine.texts(node.left, scope, depth), engine.texts(node.right, scope, depth)
    return {left + right for left, right in itertools.product(*sides)}


def _either(engine: Engine, node: ast.IfExp, scope: Scope, depth: int) -> set[str]:
    return engine.texts(node.body, scope, depth) | engine.texts(node.orelse, scope, depth)


def _any(engine: Engine, node: ast.BoolOp, scope: Scope, depth: int) -> set[str]:
    return set().union(*(engine.texts(value, scope, depth) for value in node.values)) - {""}


def _subscript(engine: Engine, node: ast.Subscript, scope: Scope, depth: int) -> set[str]:
    if isinstance(node.value, ast.Call) and isinstance(getattr(node.slice, "value", None), int):
        return _returned(engine, node.value, scope, depth, place=node.slice.value)
    return _looked_up(engine, node.value, scope, depth)


def _looked_up(engine: Engine, table: ast.expr, scope: Scope, depth: int) -> set[str]:
    """Return every value of a table that is written where the expression stands, in its function or in a module."""
    tables = [table]
    if isinstance(table, ast.Name):
        tables = _own_values(table.id, scope)
        tables += [value for module in engine.visible(scope, table.id) for value in module.constants.get(table.id, [])]
    values = [value for each in tables if isinstance(each, ast.Dict) for value in each.values]
    return set().union(*(engine.texts(value, scope, depth) for value in values))


@functools.cache
def _settings(function: ast.FunctionDef) -> list[ast.AST]:
    """Return what sets names in a function, in the order of its lines."""
    kinds = ast.Assign | ast.AugAssign | ast.For | ast.comprehension
    found = [node for node in ast.walk(function) if isinstance(node, kinds)]
    return sorted(found, key=lambda node: getattr(node, "lineno", 0))


def _own_values(name: str, scope: Scope) -> list[ast.expr]:
    """Return what a function assigns to a name."""
    nodes = _settings(scope.function) if scope.function is not None else ()
    return [node.value for node in nodes if isinstance(node, ast.Assign) and name in map(_name_of, node.targets)]


def _name_of(node: ast.expr) -> str:
    return str(getattr(node, "id", ""))


def _name(engine: Engine, node: ast.Name, scope: Scope, depth: int) -> set[str]:
    function = scope.function
    if function is not None:
        found = _assigned(engine, node.id, scope, depth)
        if found is not None:
            return found
        names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        only = [argument.arg for argument in function.args.kwonlyargs]
        if node.id in [*names, *only]:
            return _given(engine, node.id, names.index(node.id) if node.id in names else 99, scope, depth)
    values = [value for module in engine.visible(scope, node.id) for value in module.constants.get(node.id, [])]
    return set().union(*(engine.texts(value, scope, depth) for value in values))


def _assigned(engine: Engine, name: str, scope: Scope, depth: int) -> set[str] | None:
    """Return what a name is set to within a function, each with what may be added to it; None if it never is."""
    assert scope.function is not None
    values: set[str] = set()
    known = False
    for node in _settings(scope.function):
        if isinstance(node, ast.Assign):
            for value in filter(None, (_part(target, node.value, name) for target in node.targets)):
                known, values = True, values | engine.texts(value, scope, depth)
        elif isinstance(node, ast.For | ast.comprehension) and name in _names(node.target):
            known, values = True, values | _looped(engine, node, name, scope, depth)
        elif isinstance(node, ast.AugAssign) and getattr(node.target, "id", "") == name:
            longer = {value + more for value in values for more in engine.texts(node.value, scope, depth) - {HOLE}}
            values = longer if longer and node in scope.function.body else values | longer
    return values if known else None


def _part(target: ast.expr, value: ast.expr, name: str) -> ast.expr | None:
    """Return the value, or the element of it, that an assignment gives to a name."""
    if isinstance(target, ast.Name):
        return value if target.id == name else None
    if isinstance(target, ast.Tuple) and name in _names(target):
        place = next(at for at, element in enumerate(target.elts) if name in _names(element))
        return _part(target.elts[place], _element(value, place), name)
    return None


def _element(value: ast.expr, place: int) -> ast.expr:
    if isinstance(value, ast.Tuple) and place < len(value.elts):
        return value.elts[place]
    return ast.Subscript(value, ast.Constant(place))


def _names(target: ast.expr) -> list[str]:
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]


def _looped(engine: Engine, node: ast.For | ast.comprehension, name: str, scope: Scope, depth: int) -> set[str]:
    """Return what a loop over a written list, or several side by side, gives to a name."""
    zipped = isinstance(node.iter, ast.Call) and called(node.iter) == "zip" and isinstance(node.target, ast.Tuple)
    pairs = zip(node.target.elts, node.iter.args, strict=True) if zipped else [(node.target, node.iter)]
    parts = [_part(target, each, name) for target, listed in pairs for each in _written(listed, scope)]
    return set().union(*(engine.texts(part, scope, depth) for part in parts if part is not None))


def _written(listed: ast.expr, scope: Scope) -> list[ast.expr]:
    """Return the elements of a list that is written out, there or in an assignment of the function."""
    found = [listed]
    if isinstance(listed, ast.Name):
        found = _own_values(listed.id, scope)
    made = [each.elt for each in found if isinstance(each, ast.ListComp)]
    return made + [element for each in found if isinstance(each, ast.Tuple | ast.List) for element in each.elts]


def _given(engine: Engine, name: str, place: int, scope: Scope, depth: int) -> set[str]:
    """Return what callers pass as a parameter."""
    assert scope.function is not None
    own = scope.function.name.startswith("_")
    found: set[str] = set()
    for call, where in engine.calls[scope.function.name]:
        node = argument_of(call, name, place)
        if node is not None and (where.module is scope.module or not own):
            found |= engine.texts(node, where, depth)
    return found


def _attribute(engine: Engine, node: ast.Attribute, scope: Scope, depth: int) -> set[str]:
    """Return the values that a field of a design may be declared with, or that are given to a field of a result."""
    if _name_of(node.value) in OF_A_DESIGN:
        return engine.choices[node.attr]
    found: set[str] = set()
    for name in FIELDS.get(node.attr, ()) if isinstance(node.value, ast.Name) else ():
        for call, where in engine.calls[name]:
            value = argument_of(call, node.attr, engine.places.get((name, node.attr), DEEP))
            found |= engine.texts(value, where, depth) if value is not None else set()
    return found


def _replaced(engine: Engine, node: ast.Call, scope: Scope, depth: int) -> set[str]:
    old, new = (str(getattr(argument, "value", "")) for argument in node.args)
    return {text.replace(old, new) for text in engine.texts(node.func.value, scope, depth) - {HOLE}}


def _returned(engine: Engine, node: ast.Call, scope: Scope, depth: int, place: int | None = None) -> set[str]:
    """Return what a called function returns, or one element of it; for ``table.get`` every value of the table."""
    if isinstance(node.func, ast.Attribute) and node.func.attr == "replace":
        return _replaced(engine, node, scope, depth)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        others = [engine.texts(default, scope, depth) for default in node.args[1:]]
        return _looked_up(engine, node.func.value, scope, depth).union(*others)
    if not isinstance(node.func, ast.Name):
        return set()
    found: set[str] = set()
    for module in engine.visible(scope, node.func.id):
        for within in module.functions.get(node.func.id, []):
            found |= _returns(engine, within, depth, place)
    return found


def _returns(engine: Engine, scope: Scope, depth: int, place: int | None) -> set[str]:
    assert scope.function is not None
    values = [
        node.value for node in ast.walk(scope.function) if isinstance(node, ast.Return) and node.value is not None
    ]
    parts = [value if place is None else _element(value, place) for value in values]
    return set().union(*(engine.texts(part, scope, depth) for part in parts))


_READERS: dict[type[ast.AST], Callable[..., set[str]]] = {
    ast.Constant: _constant,
    ast.JoinedStr: _joined,
    ast.BinOp: _sum,
    ast.IfExp: _either,
    ast.BoolOp: _any,
    ast.Subscript: _subscript,
    ast.Name: _name,
    ast.Call: _returned,
    ast.Attribute: _attribute,
}


@functools.cache
def engine_sentences() -> dict[str, str]:
    """Return every sentence of the engine with a place that writes it."""
    return dict(Engine().sentences())
