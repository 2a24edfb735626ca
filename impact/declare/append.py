"""Add an entry to a YAML file of a programme as text, so that everything that stands in it stays byte for byte."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import yaml

from impact.errors import DeclarationError, Problem

Plain: TypeAlias = "str | bool | int | float | Sequence[Plain] | Mapping[str, Plain] | None"
"""A value as YAML writes it."""


def with_source(text: str, source: Mapping[str, Plain]) -> str:
    r"""Return ``sources.yaml`` with a source at its end.

    Parameters
    ----------
    text
        Text of the file as it stands, whichever its line ends.
    source
        Plain values; mappings inside it are written on one line each.

    Raises
    ------
    DeclarationError
        If ``sources:`` is not a list of entries below one another that ends the file.

    Examples
    --------
    >>> print(with_source("sources:\n  - id: a\n", {"id": "b", "missing": {"x": "refused"}}), end="")
    sources:
      - id: a
      - id: "b"
        missing: {x: "refused"}
    """
    first, *further = [f"{name}: {_flow(value)}" for name, value in source.items()]
    node = _value(text, "sources")
    if not isinstance(node, yaml.SequenceNode) or node.flow_style or not node.value:
        entry = ", ".join([first, *further])
        raise _by_hand("sources.yaml", "a list of sources, each below the other", f"- {{{entry}}}")
    newline = _newline(text)
    if not text.endswith("\n"):
        text += newline
    indent = " " * node.start_mark.column
    lines = [f"{indent}- {first}"]
    lines += [f"{indent}  {line}" for line in further]
    return text + newline.join(lines) + newline


def with_shared(text: str, contract: str) -> str:
    r"""Return ``contracts.yaml`` with a shared contract, unchanged where it is named already.

    Raises
    ------
    DeclarationError
        If the file is not a list of keys below one another.

    Examples
    --------
    >>> print(with_shared("contracts: []\n", "delivery"), end="")
    shared: [delivery]
    contracts: []
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    newline, entry = _newline(text), f"shared: [{contract}]"
    if not isinstance(root, yaml.MappingNode) or root.flow_style or not root.value:
        raise _by_hand("contracts.yaml", "keys below one another", entry)
    node = _value(text, "shared")
    if node is None:
        return _inserted(text, root.start_mark.index, entry + newline)
    if not isinstance(node, yaml.SequenceNode):
        raise _by_hand("contracts.yaml", "shared: a list of contracts", entry)
    if contract in [item.value for item in node.value]:
        return text
    if not node.value:  # only a list in brackets can be empty: "[]"
        return _inserted(text, node.start_mark.index + 1, contract)
    end = node.value[-1].end_mark.index
    if node.flow_style:
        return _inserted(text, end, f", {contract}")
    indent = " " * node.start_mark.column
    return _inserted(text, end, f"{newline}{indent}- {contract}")


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _inserted(text: str, index: int, entry: str) -> str:
    return text[:index] + entry + text[index:]


def _value(text: str, key: str) -> yaml.Node | None:
    """Return the node of a key of the file, or None."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return None
    nodes = {name.value: value for name, value in reversed(root.value)}
    return nodes.get(key)


def _flow(value: Plain) -> str:
    """Write a value on one line; text in double quotes, where YAML reads what JSON writes."""
    if isinstance(value, Mapping):
        pairs = [f"{_key(name)}: {_flow(item)}" for name, item in value.items()]
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        items = [_flow(item) for item in value]
        return f"[{', '.join(items)}]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name, ensure_ascii=False)


def _by_hand(file: str, expected: str, entry: str) -> DeclarationError:
    fix = f"Add by hand: {entry}"
    return DeclarationError(
        [Problem("nothing was written: this file cannot be added to", file, expected=expected, fix=fix)]
    )
