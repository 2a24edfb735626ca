"""Read one YAML file safely, remembering where every value stands; first step of ``declare``.

Stricter than YAML 1.1: no duplicate keys, aliases, merges or tags; dates stay text; only ``true`` and ``false``
are booleans (``NO`` stays the country code); ``00123`` stays text.

libyaml reads, which is quick; what it refuses, or takes where PyYAML's own parser does not, that parser judges.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator
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
_LIBYAML: Any = getattr(yaml, "CSafeLoader", None)
_DOUBTFUL = re.compile(r"[\t\ufeff]|[\[{,]\s*\?|[|>][-+0-9]*#")
"""What the two parsers take differently, beside tags: tabs, a mark of byte order, ``{? key}``, ``|#``."""
NON_PRINTABLE = yaml.reader.Reader.NON_PRINTABLE
_UNSEEN = frozenset(ODD_SPACES + INVISIBLE)
_CONTROLS = {0: "NUL", 7: "bell", 8: "backspace", 11: "vertical tab", 12: "form feed", 27: "escape", 127: "delete"}


class _Scalars(yaml.constructor.SafeConstructor, yaml.resolver.BaseResolver):
    """What scalars stand for, with the implicit types reduced to bool, int, float and null."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML keeps its resolvers on the class

    def __init__(self) -> None:
        yaml.constructor.SafeConstructor.__init__(self)
        yaml.resolver.BaseResolver.__init__(self)


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
    _Scalars.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


class _Refused(yaml.MarkedYAMLError):
    """Sound YAML that is refused here, and where it stands."""

    def __init__(self, event: Any, problem: str) -> None:
        super().__init__(problem=problem, problem_mark=event.start_mark)


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
    if odd := NON_PRINTABLE.search(text):
        raise DeclarationError([_control_character(text, odd.start(), shown)])
    try:
        return _document(text, shown)
    except yaml.YAMLError as error:
        raise DeclarationError([_not_yaml(error, shown)]) from error
    except RecursionError:
        raise DeclarationError([Problem("the YAML is nested too deeply", shown)]) from None


def _document(text: str, shown: str) -> tuple[Any, Lines]:
    if _LIBYAML is None or _DOUBTFUL.search(text):
        return _read(_by_pyyaml(text), shown)
    try:
        return _read(_by_libyaml(text), shown)
    except _Refused:
        raise
    except yaml.YAMLError:
        return _read(_by_pyyaml(text), shown)


def _by_pyyaml(text: str) -> Iterator[Any]:
    return iter(yaml.SafeLoader(text).get_event, None)


def _by_libyaml(text: str) -> Iterator[Any]:
    """Yield what libyaml reads, as far as the other parser is known to read the same."""
    flows: list[bool | None] = []
    for event in iter(_LIBYAML(text).get_event, None):
        if isinstance(event, yaml.ScalarEvent):
            if event.tag or not flows or (flows[-1] and event.implicit[0] and "?" in event.value):
                raise yaml.YAMLError
        elif isinstance(event, yaml.CollectionStartEvent):
            if event.tag:
                raise yaml.YAMLError
            flows.append(event.flow_style)
        elif isinstance(event, yaml.CollectionEndEvent):
            flows.pop()
        yield event


def _read(events: Iterator[Any], shown: str) -> tuple[Any, Lines]:
    """Return what the one document of a file holds, with its lines."""
    nodes = _nodes(events)
    first = next(nodes, None)
    if first is None:
        raise DeclarationError([Problem("the file is empty", shown, fix="Declare something or remove it.")])
    document = _Document(nodes)
    try:
        data = document.value(first, (), first.start_mark.line + 1)
    except _Refused:
        collections.deque(nodes, maxlen=0)  # what is no YAML at all is said first
        raise
    collections.deque(nodes, maxlen=0)
    return data, document.lines


def _nodes(events: Iterator[Any]) -> Iterator[Any]:
    """Yield the nodes of the one document and the ends of its collections; refuse anchors before anything expands."""
    documents = 0
    for event in events:
        if isinstance(event, yaml.NodeEvent):
            if event.anchor:
                raise _Refused(event, "an anchor or alias is not allowed")
            yield event
        elif isinstance(event, yaml.CollectionEndEvent):
            yield event
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _Refused(event, "but found another document")


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


class _Document:
    """The plain data of a document, and the line of every path in it.

    Parameters
    ----------
    events
        Its nodes and the ends of its collections, after the first.
    """

    def __init__(self, events: Iterator[Any]) -> None:
        self.lines: Lines = {}
        self._events = events
        self._scalars = _Scalars()

    def value(self, event: Any, path: KeyPath, line: int) -> Any:
        """Return what begins with an event, and remember at which line each path of it stands."""
        self.lines[path] = line
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if event.tag not in (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            raise _Refused(event, f"tag {event.tag} is not allowed")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, path)
        return [self.value(item, (*path, index), item.start_mark.line + 1) for index, item in enumerate(self._items())]

    def _items(self) -> Iterator[Any]:
        """Yield the first event of each item until the collection ends; who takes one reads it to its end."""
        for event in self._events:
            if isinstance(event, yaml.CollectionEndEvent):
                return
            yield event

    def _mapping(self, event: Any, path: KeyPath) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_event in self._items():
            key = _key_text(key_event)
            value_event = next(self._events)
            if event.flow_style and _is_bare(key_event, value_event):
                advice = "inside { } a comma ends a value; put text that holds a comma in quotes"
                raise _Refused(key_event, f"'{key}' has no value: {advice}")
            if key in mapping:
                raise _Refused(key_event, f"key '{key}' stands twice")
            mapping[key] = self.value(value_event, (*path, key), key_event.start_mark.line + 1)
        return mapping

    def _scalar(self, event: Any) -> Any:
        if event.style == '"' and (odd := NON_PRINTABLE.search(event.value)):  # such as "\\e", which stands for one
            raise _Refused(event, f"{_named(odd.group())} is not allowed")
        tag = event.tag
        if tag in (None, "!"):
            tag = self._scalars.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
        kind = tag.removeprefix("tag:yaml.org,2002:")
        if kind == "str":
            return event.value
        if kind not in {"bool", "int", "float", "null"}:
            raise _Refused(event, f"tag {tag} is not allowed")
        try:
            return self._scalars.construct_object(yaml.ScalarNode(tag, event.value))
        except (LookupError, ValueError) as error:
            raise _Refused(event, str(error)) from error


def _is_bare(key: Any, value: Any) -> bool:
    """Whether a key of a flow mapping stands without a colon, as what follows an unquoted comma does."""
    is_empty = isinstance(value, yaml.ScalarEvent) and value.value == ""
    return is_empty and value.start_mark.index == key.end_mark.index == value.end_mark.index


def _key_text(event: Any) -> str:
    if not isinstance(event, yaml.ScalarEvent):
        raise _Refused(event, "a key must be text")
    key = str(event.value)
    if not _UNSEEN.isdisjoint(key):
        odd = next(character for character in key if character in _UNSEEN)
        raise _Refused(event, f"a key holds the character U+{ord(odd):04X}, which cannot be seen; type it again")
    return key
