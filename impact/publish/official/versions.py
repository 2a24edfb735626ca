"""The version of a data structure, by rule: what is changed for readers decides which part of the number rises.

A label is a patch; a new code, or a new attribute that nobody must give, is minor; a code that is gone, another
dimension, another list behind a component, another agency is major: what was written for the earlier edition may fail.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from impact.publish.official.structure import Component, Role, Structure

Change = Literal["", "patch", "minor", "major"]
FIRST = "1.0.0"


def change_between(before: Structure, after: Structure) -> Change:
    """Return what has changed from one edition to the next, the gravest of it.

    Examples
    --------
    >>> before = Structure("p", "A", {"en": "Old"}, {}, (), {})
    >>> change_between(before, before), change_between(before, replace(before, names={"en": "New"}))
    ('', 'patch')
    >>> change_between(before, replace(before, agency="B"))
    'major'
    """
    if replace(before, version=FIRST) == replace(after, version=FIRST):
        return ""
    if before.agency != after.agency or not _components_stand(before, after) or _codes(before) - _codes(after):
        return "major"
    if len(after.components) > len(before.components) or _codes(after) - _codes(before):
        return "minor"
    return "patch"


def raised(version: str, change: Change) -> str:
    """Return the version after a change.

    Examples
    --------
    >>> raised("1.2.3", "patch"), raised("1.2.3", "minor"), raised("1.2.3", "major"), raised("1.2.3", "")
    ('1.2.4', '1.3.0', '2.0.0', '1.2.3')
    """
    major, minor, patch = map(int, version.split("."))
    numbers = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0), "patch": (major, minor, patch + 1)}
    return ".".join(map(str, numbers.get(change, (major, minor, patch))))


def _components_stand(before: Structure, after: Structure) -> bool:
    """Tell whether every component is still what it was, and only attributes that may be left out are new."""
    earlier, later = [_shape(c) for c in before.components], [_shape(c) for c in after.components]
    new = [component for component in after.components if _shape(component) not in earlier]
    stand = [shape for shape in later if shape in earlier] == earlier
    return stand and all(component.role is Role.ATTRIBUTE and not component.mandatory for component in new)


def _shape(component: Component) -> tuple[str, ...]:
    """Return a component without its names."""
    attached, mandatory = component.attached, str(component.mandatory)
    return (component.id, component.role, component.codelist, component.text, attached, mandatory)


def _codes(structure: Structure) -> set[tuple[str, str]]:
    return {(name, code) for name, codelist in structure.codelists.items() for code in codelist.ids}
