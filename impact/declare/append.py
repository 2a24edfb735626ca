"""Add an entry to a YAML file of a programme as text, so that everything that stands in it stays byte for byte."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from impact.errors import DeclarationError, Problem


def with_source(text: str, source: Mapping[str, Any]) -> str:
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
    lines = [f"{name}: {_flow(value)}" for name, value in source.items()]
    node = _value(text, "sources")
    if not isinstance(node, yaml.SequenceNode) or node.flow_style or not node.value:
        raise _by_hand("sources.yaml", "a list of sources, each below the other", f"- {{{', '.join(lines)}}}")
    newline = "\r\n" if "\r\n" in text else "\n"
    indent = " " * (node.start_mark.column)
    entry = newline.join([f"{indent}- {lines[0]}", *(f"{indent}  {line}" for line in lines[1:])])
    return text + ("" if text.endswith("\n") else newline) + entry + newline


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
    newline = "\r\n" if "\r\n" in text else "\n"
    wanted = f"shared: [{contract}]"
    if not isinstance(root, yaml.MappingNode) or root.flow_style or not root.value:
        raise _by_hand("contracts.yaml", "keys below one another", wanted)
    node = _value(text, "shared")
    if node is None:
        place = root.start_mark.index
        return text[:place] + wanted + newline + text[place:]
    if not isinstance(node, yaml.SequenceNode):
        raise _by_hand("contracts.yaml", "shared: a list of contracts", wanted)
    if contract in [item.value for item in node.value]:
        return text
    if node.flow_style:
        place = node.value[-1].end_mark.index if node.value else node.start_mark.index + 1
        return text[:place] + (", " if node.value else "") + contract + text[place:]
    place = node.value[-1].end_mark.index
    return text[:place] + newline + " " * node.start_mark.column + f"- {contract}" + text[place:]


def _value(text: str, key: str) -> yaml.Node | None:
    """Return the node of a key of the file, or None."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def _flow(value: Any) -> str:
    """Write a value on one line; text in double quotes, where YAML reads what JSON writes."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)}: {_flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name, ensure_ascii=False)


def _by_hand(file: str, expected: str, entry: str) -> DeclarationError:
    fix = f"Add by hand: {entry}"
    return DeclarationError(
        [Problem("nothing was written: this file cannot be added to", file, expected=expected, fix=fix)]
    )
