"""The formulas that installed packages add, and how their declarations are read.

A package names a :class:`impact.formulas.kind.FormulaKind` under ``[project.entry-points."impact.formulas"]``, by the
name that is declared as ``kind``. It is imported when a programme declares it, or when all formulas are asked for: so
the package may import ``impact`` itself, in any order.
"""

from __future__ import annotations

import functools
import pkgutil
from collections.abc import Mapping
from pathlib import Path

from pydantic import WrapValidator

from impact import plugins
from impact.declare.installed import or_installed as read_installed
from impact.errors import UsageError
from impact.formulas.base import FormulaModel
from impact.formulas.kind import FormulaKind, Summary

_TAKEN = frozenset(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
"""Names of the engine's own formulas, which are those of their modules, and of what they share."""


@functools.cache
def installed() -> Mapping[str, FormulaKind]:
    """Return the formulas of installed packages, by name.

    Raises
    ------
    UsageError
        If a package registers what is no formula, one under a name that is taken or not its own, or one that needs a
        pass of its own.
    """
    kinds: dict[str, FormulaKind] = {}
    for name, kind in plugins.plugins(plugins.FORMULAS, FormulaKind):
        if problem := _problem(name, kind, kinds):
            raise UsageError(f"an installed package adds a formula '{name}', {problem}")
        kinds[name] = kind
    return kinds


def _problem(name: str, kind: FormulaKind, others: Mapping[str, FormulaKind]) -> str:
    if name in _TAKEN or name in others:
        return "but there is one already; it needs another name"
    if name != kind.name:
        return f"but its kind is '{kind.name}'; both must be the same"
    if kind.summary in (Summary.OWN, Summary.VALUES):
        return "but only the engine's own have a pass of their own; take sums or counts of the rows"
    return ""


def or_installed(base: type[FormulaModel]) -> WrapValidator:
    """Read a declared formula by the model of the package that adds it, if it is a ``base``; any other as before."""
    return read_installed(base, _TAKEN, lambda: {name: kind.model for name, kind in installed().items()})
