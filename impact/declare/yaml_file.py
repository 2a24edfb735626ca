"""Read one YAML file safely, remembering where every value stands; first step of ``declare``.

Stricter than YAML 1.1: no duplicate keys, aliases, merges or tags; dates stay text; only ``true`` and ``false``
are booleans (``NO`` stays the country code); ``00123`` stays text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from impact.declare.base import INVISIBLE, ODD_SPACES
from impact.declare.location import Location
from impact.errors import DeclarationError, Problem
from impact.faults import denied

KeyPath = tuple[str | int, ...]
"""Keys and indices that lead to a value."""
Lines = dict[KeyPath, int]
"""Line (from 1) of the value at each path of keys and indices."""

MAX_BYTES = 5_000_000
_CONTROLS = {0: "NUL", 7: "bell", 8: "backspace", 11: "vertical tab", 12: "form feed", 27: "escape", 127: "delete"}


class _Loader(yaml.SafeLoader):
    """A SafeLoader with its implicit types reduced to bool, int, float and null."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML keeps its resolvers on the class

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse anchors and aliases where they are read, before anything can expand."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            problem = "an anchor or alias is not allowed"
            raise yaml.composer.ComposerError(problem=problem, problem_mark=event.start_mark)
        return super().compose_node(parent, index)


for _tag, _pattern, _first in (
    ("bool", r"true|false|True|False", "tfTF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+",
        "-+.0123456789",
    ),
    ("null", r"~|null|", ["~", "n", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


def read_yaml(path: Path, shown: str, limit: int = MAX_BYTES) -> tuple[Any, Lines]:
    """Read a YAML file.

    Parameters
    ----------
    path
        The YAML file to read, in UTF-8.
    shown
        How the file is named in messages, usually relative to the programme folder.
    limit
        The largest size in bytes; a larger file is refused unread.

    Returns
    -------
    tuple
        The plain data, and the line of every path in it.

    Raises
    ------
    DeclarationError
        If the file is missing, too large, not UTF-8, not YAML, or uses what is refused here.
    """
    text = _read_text(path, shown, limit)
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise DeclarationError([Problem("the file is empty", shown, fix="Declare something or remove it.")])
        lines: Lines = {}
        return _build(loader, node, (), lines), lines
    except yaml.reader.ReaderError as error:
        raise DeclarationError([_control_character(text, error.position, shown)]) from error
    except yaml.YAMLError as error:
        raise DeclarationError([_not_yaml(error, shown)]) from error
    except RecursionError:
        raise DeclarationError([Problem("the YAML is nested too deeply", shown)]) from None
    finally:
        if loader is not None:
            loader.dispose()


def _not_yaml(error: yaml.YAMLError, shown: str) -> Problem:
    at = Location(shown)
    mark = getattr(error, "problem_mark", None)
    if mark:
        at = Location(shown, mark.line + 1)
    reason = getattr(error, "problem", None) or error
    fix = "Check indentation, colons and quotes on this line and the one before."
    return at.problem("the file is not valid YAML", found=str(reason), fix=fix)


def _named(character: str) -> str:
    code = ord(character)
    return f"U+{code:04X} ({_CONTROLS.get(code, 'a control character')})"


def _control_character(text: str, position: int, shown: str) -> Problem:
    line = text[:position].count("\n") + 1
    column = position - text.rfind("\n", 0, position)
    character = f"{_named(text[position])}, character {column} of the line"
    what = "the file is not valid YAML: it holds a control character"
    fix = "Delete it; some editors show it as a box or not at all."
    return Problem(what, shown, line, found=character, fix=fix)


def _read_text(path: Path, shown: str, limit: int) -> str:
    at = Location(shown)
    try:
        if path.stat().st_size > limit:
            raise DeclarationError([at.problem(f"the file is larger than {limit:,} bytes")])
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise DeclarationError([at.problem("the file is missing", fix="Create it.")]) from None
    except UnicodeDecodeError as error:
        decoded = error.object[: error.start]
        at = Location(shown, decoded.count(b"\n") + 1)
        raise DeclarationError([at.problem("the file is not UTF-8", fix="Save it as UTF-8.")]) from None
    except OSError as error:
        if denied(error):
            raise
        raise DeclarationError([at.problem("the file cannot be read", found=str(error))]) from error


def _build(loader: _Loader, node: yaml.Node, path: KeyPath, lines: Lines) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return _scalar(loader, node)
    if node.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
        raise _refused(node, f"tag {node.tag} is not allowed")
    if isinstance(node, yaml.MappingNode):
        return _build_mapping(loader, node, path, lines)
    items = []
    for index, item in enumerate(node.value):
        items.append(_build(loader, item, (*path, index), lines))
    return items


def _refused(node: yaml.Node, problem: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(problem=problem, problem_mark=node.start_mark)


def _scalar(loader: _Loader, node: yaml.Node) -> Any:
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind not in {"str", "bool", "int", "float", "null"}:
        raise _refused(node, f"tag {node.tag} is not allowed")
    odd = yaml.reader.Reader.NON_PRINTABLE.search(node.value)  # such as "\e", which stands for one
    if odd:
        raise _refused(node, f"{_named(odd.group())} is not allowed")
    try:
        return loader.construct_object(node)
    except ValueError as error:
        raise _refused(node, str(error)) from error


def _is_bare(key: yaml.Node, value: yaml.Node) -> bool:
    """Whether a key of a flow mapping stands without a colon, as what follows an unquoted comma does."""
    return bool(value.value == "" and value.start_mark.index == key.end_mark.index == value.end_mark.index)


def _build_mapping(loader: _Loader, node: yaml.MappingNode, path: KeyPath, lines: Lines) -> dict[str, Any]:
    mapping = {}
    for key_node, value_node in node.value:
        key = _key_text(key_node)
        if node.flow_style and _is_bare(key_node, value_node):
            advice = "inside { } a comma ends a value; put text that holds a comma in quotes"
            raise _refused(key_node, f"'{key}' has no value: {advice}")
        if key in mapping:
            raise _refused(key_node, f"key '{key}' stands twice")
        mapping[key] = _build(loader, value_node, (*path, key), lines)
        lines[*path, key] = key_node.start_mark.line + 1
    return mapping


def _key_text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _refused(node, "a key must be text")
    key = str(node.value)
    odd = next((character for character in key if character in ODD_SPACES + INVISIBLE), None)
    if odd:
        raise _refused(node, f"a key holds the character U+{ord(odd):04X}, which cannot be seen; type it again")
    return key
