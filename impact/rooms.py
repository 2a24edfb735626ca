"""Rooms that are opened by name: a package writes under ``TYPE_CHECKING`` what it offers, and imports it when asked.

Tools read these imports as they read any; Python takes each name from its module when somebody asks for it, so that
who needs one does not wait for what stands behind the others.
"""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any


def on_demand(package: str, file: str) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package.

    Parameters
    ----------
    package, file
        Its ``__name__`` and ``__file__``.
    """

    def get(name: str) -> Any:
        try:
            module, original = _offered(file)[name]
        except KeyError:
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
        value = getattr(import_module(module), original)
        setattr(sys.modules[package], name, value)
        return value

    return get


@functools.cache
def _offered(file: str) -> Mapping[str, tuple[str, str]]:
    """Return what a package imports under ``TYPE_CHECKING``: the module of each name, and what it is called there."""
    tree = ast.parse(Path(file).read_bytes())
    blocks = [statement for statement in tree.body if isinstance(statement, ast.If)]
    imports = [line for block in blocks for line in block.body if isinstance(line, ast.ImportFrom)]
    return {alias.asname or alias.name: (str(line.module), alias.name) for line in imports for alias in line.names}
