"""Every number of a reference record by its path, held against ours: none is left out, each at the record's tolerance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.references import references, value_reference

PARTS = ("value", "se", "extra")


def leaves(tree: Any, path: str = "") -> dict[str, Any]:
    """Return the numbers and texts of a record by path; a list that is empty is one."""
    if isinstance(tree, Mapping):
        branches = tree.items()
    elif isinstance(tree, list | tuple) and tree:
        branches = enumerate(tree)
    else:
        return {path: tree}
    return {leaf: at for name, branch in branches for leaf, at in leaves(branch, f"{path}/{name}").items()}


def numbers_of(name: str) -> dict[str, Any]:
    """Return all that a record says by path."""
    record = value_reference(name)
    return leaves({part: record[part] for part in PARTS if part in record})


def assert_met(
    name: str,
    ours: Mapping[str, Any],
    *,
    not_ours: Mapping[str, str] | None = None,
    tolerances: Mapping[str, dict[str, float]] | None = None,
) -> None:
    """Hold our numbers against a record: same paths, each within the tolerance.

    Parameters
    ----------
    name
        Id of the record.
    ours
        ``value``, ``se``, ``extra`` in the record's own form.
    not_ours
        Beginnings of paths that are no number of ours, with the reason.
    tolerances
        By beginning of a path: what ``pytest.approx`` is given there, instead of the record's tolerance.
    """
    tolerance = value_reference(name)["tolerance"]
    left_out = tuple(not_ours or ())
    known = {path: leaf for path, leaf in numbers_of(name).items() if not path.startswith(left_out or ("?",))}
    found = leaves(ours)
    assert set(found) == set(known), name
    for path, leaf in known.items():
        special = [given for start, given in (tolerances or {}).items() if path.startswith(start)]
        given = special[0] if special else {"rel": tolerance, "abs": 0.0}
        expected = leaf if isinstance(leaf, str | bool) else pytest.approx(leaf, **given)
        assert found[path] == expected, (name, path)


def ids(*families: str) -> set[str]:
    """Return the ids of all records of some families."""
    return {name for name in references("value_figures.json") if name.partition(".")[0] in families}
