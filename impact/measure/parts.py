"""The parts an indicator is cut into: the codes they stand for, and why a whole is not the sum of its parts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from impact.declare import Programme, in_language
from impact.declare.contracts import Codelist
from impact.declare.hierarchy import branches, column_codelist
from impact.declare.indicators import Indicator
from impact.measure.moments import MISSING_GROUP

SUMMED = ("sum", "count", "count_distinct")
"""Formulas whose parts one expects to add up."""
COLUMNS = [
    "indicator", "column", "code", "place", "depth", "level", "parent", "title_en", "title_it", "same_as", "holds",
]  # fmt: skip
Rows = list[dict[str, Any]]


def cut_columns(programme: Programme, indicator: Indicator) -> dict[str, str]:
    """Return the columns that cut an indicator, each with the contract whose column it is.

    A column that the indicator's own contract does not have is that of the roster of a network.
    """
    return {
        name: next((one for one in indicator.reads if name in programme.contracts[one].columns), indicator.contract)
        for name in (*indicator.scope, *indicator.by)
    }


def cut_codelists(programme: Programme, indicator: Indicator) -> dict[str, Codelist]:
    """Return the codelist of each column that cuts an indicator, for those that have one."""
    owners = cut_columns(programme, indicator)
    found = {name: column_codelist(programme, owner, name) for name, owner in owners.items()}
    return {name: codelist for name, codelist in found.items() if codelist is not None}


def explain_sums(indicator: Indicator, lists: Mapping[str, Codelist], rows: Rows) -> Rows:
    """Flag, in a hierarchy, each total that is not the sum of the parts shown below it, with the reason.

    Parameters
    ----------
    indicator, lists
        What was measured, and the codelists of the columns that cut it.
    rows
        Its rows, as measured; columns as in ``impact.measure``.

    Notes
    -----
    ``own_rows``: rows are coded at this code itself, not at one of those below it. ``no_value``: rows of the programme
    have no code. ``overlap``: the same value of a distinct count stands in several parts.
    """
    trees = {name: codelist for name, codelist in lists.items() if codelist.hierarchical}
    if indicator.formula.kind not in SUMMED or not trees:
        return rows
    wholes = {(row["arm"], row["wave"]): row for row in rows if _cut(row) is None}
    for column, codelist in trees.items():
        for key, whole in wholes.items():
            shown = {_label(row): row for row in rows if _cut(row) == column and (row["arm"], row["wave"]) == key}
            _explain(indicator, codelist, whole, shown)
    return rows


def _explain(indicator: Indicator, codelist: Codelist, whole: dict[str, Any], shown: dict[str, dict[str, Any]]) -> None:
    parents = {item.code: item.parent for item in codelist.codes}
    below: dict[str | None, Rows] = {}
    for label, row in shown.items():
        below.setdefault(parents.get(label), []).append(row)
    for label in shown.keys() & set(parents.values()):
        row, parts = shown[str(label)], below.get(label, [])
        own = row["n"] > sum(part["n"] for part in parts)
        _flag(row, [*(["own_rows"] if own else []), *_overlap(indicator, row, parts)])
    missing = shown.get(MISSING_GROUP, {"n": 0})["n"] > 0
    _flag(whole, [*(["no_value"] if missing else []), *_overlap(indicator, whole, below.get(None, []))])


def _overlap(indicator: Indicator, row: dict[str, Any], parts: Rows) -> list[str]:
    several = indicator.formula.kind == "count_distinct" and sum(part["value"] for part in parts) > row["value"]
    return ["overlap"] if several else []


def _flag(row: dict[str, Any], words: Iterable[str]) -> None:
    row["flags"] = list(dict.fromkeys([*row["flags"], *words]))


def _cut(row: Mapping[str, Any]) -> str | None:
    """Return the column that cut the programme into this row's part, or None for the whole."""
    if row["scope"] != "programme":
        return str(row["scope"])
    return None if row["group"] == "all" else str(row["group"])


def _label(row: Mapping[str, Any]) -> str:
    return str(row["scope_value"] if row["scope"] != "programme" else row["group_value"])


def part_table(programme: Programme, indicators: Sequence[Indicator], measures: pd.DataFrame) -> pd.DataFrame:
    """Describe the codes that measures are cut by: a row per indicator, column and code that stands in them.

    Parameters
    ----------
    programme
        The programme, with the codelists of its columns.
    indicators
        Its indicators that were measured.
    measures
        Their values, a row per wave, arm and part; columns as in ``impact.measure``.

    Returns
    -------
    pandas.DataFrame
        ``indicator``, ``column``, ``code``; ``place`` in reading order, ``depth`` below the top, ``level``, ``parent``,
        titles, ``same_as`` (JSON, system to code), ``holds`` (the labels whose rows belong to it).
    """
    rows = [
        row
        for indicator in indicators
        for column, codelist in cut_codelists(programme, indicator).items()
        for row in _described(indicator, column, codelist, measures)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _described(indicator: Indicator, column: str, codelist: Codelist, measures: pd.DataFrame) -> Rows:
    own = measures[measures["indicator"] == indicator.id]
    labels = {str(v) for v in own.loc[own["scope"] == column, "scope_value"]}
    labels |= {str(v) for v in own.loc[own["group"] == column, "group_value"]}
    items = {item.code: item for item in codelist.codes}
    found = [branch for branch in branches(codelist, labels) if branch.code in items]
    if not codelist.hierarchical:
        declared = {code: place for place, code in enumerate(items)}
        found.sort(key=lambda branch: declared[branch.code])
    return [
        {
            "indicator": indicator.id,
            "column": column,
            "code": branch.code,
            "place": place,
            "depth": branch.depth,
            "level": (item := items[branch.code]).level,
            "parent": item.parent,
            "title_en": in_language(item.title, "en"),
            "title_it": in_language(item.title, "it"),
            "same_as": json.dumps(item.same_as, ensure_ascii=False),
            "holds": list(branch.members),
        }
        for place, branch in enumerate(found)
    ]
