"""What installed packages add: designs, formulas, formats, readers; entry points that the registries read.

A package names its object in its ``pyproject.toml``, for instance
``[project.entry-points."impact.formats"] turtle = "my_package:FORMAT"``; the registry of that group checks its type.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import TypeVar

from impact.errors import UsageError

T = TypeVar("T")
DESIGNS, FORMULAS, FORMATS, READERS = "impact.designs", "impact.formulas", "impact.formats", "impact.readers"


def plugin_names(group: str) -> list[str]:
    """Return the names that installed packages register in a group, in alphabetical order; nothing is imported."""
    return sorted(entry_points(group=group).names)


def plugins(group: str, kind: type[T]) -> Iterator[tuple[str, T]]:
    """Yield what installed packages register in a group, with the name each gives it.

    Parameters
    ----------
    group
        One of the groups above.
    kind
        The type that the registry expects.

    Raises
    ------
    UsageError
        If an entry point cannot be imported or is of another type; it names the package.
    """
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        package = point.dist.name if point.dist else point.value
        try:
            plugin = point.load()
        except (ImportError, AttributeError) as error:
            raise UsageError(f"the package {package} registers {point.name} in {group}, but: {error}") from error
        if not isinstance(plugin, kind):
            shape = type(plugin).__name__
            message = f"the package {package} registers {point.name} in {group}: expected a {kind.__name__}"
            raise UsageError(f"{message}, found a {shape}")
        yield point.name, plugin
