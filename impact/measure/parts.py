"""The parts an indicator is cut into: the codes they stand for, and why a whole is not the sum of its parts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from impact.declare import Programme, in_language
from impact.declare.contracts import Codelist
from impact.declare.hierarchy import branches, column_codelist
from impact.declare.indicators import Indicator
from impact.formulas.registry import kind_of
from impact.measure.measurement import Domain, Measurement
from impact.tables.frames import to_frame
from impact.tables.part import MISSING_GROUP, part_codes
from impact.tables.part import cut_columns as columns_of_parts
from impact.tables.titles import PartTitle


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


def explain_sums(indicator: Indicator, lists: Mapping[str, Codelist], rows: Sequence[Measurement]) -> list[Measurement]:
    """Flag, in a hierarchy, each total that is not the sum of the parts shown below it, with the reason.

    Parameters
    ----------
    indicator, lists
        What was measured, and the codelists of the columns that cut it.
    rows
        Its values, as measured.

    Notes
    -----
    ``own_rows``: rows are coded at this code itself, not at one of those below it. ``no_value``: rows of the programme
    have no code. ``overlap``: the same value of a distinct count stands in several parts.
    """
    trees = {name: codelist for name, codelist in lists.items() if codelist.hierarchical}
    if not kind_of(indicator.formula).parts_add_up:
        return list(rows)
    explained = {row.domain: row for row in rows}
    for column, codelist in trees.items():
        for row in rows:
            if row.domain.part.is_whole:
                explained |= _explained(indicator, column, codelist, explained, row.domain)
    return list(explained.values())


def _explained(
    indicator: Indicator, column: str, codelist: Codelist, rows: Mapping[Domain, Measurement], total: Domain
) -> dict[Domain, Measurement]:
    """Return the totals of one arm and wave with their flags: the whole, and the codes that have others below them."""
    parents = {item.code: item.parent for item in codelist.codes}
    slice_of = (total.arm, total.wave, column)
    shown = {at.part.code: row for at, row in rows.items() if (at.arm, at.wave, at.part.column) == slice_of}
    below: dict[str | None, list[Measurement]] = {}
    for code, row in shown.items():
        below.setdefault(parents.get(code), []).append(row)
    totals = [shown[code] for code in shown.keys() & set(parents.values())]
    flagged = [_flagged_total(indicator, row, below.get(row.domain.part.code, [])) for row in totals]
    unplaced = MISSING_GROUP in shown and shown[MISSING_GROUP].n > 0
    flags = [*(["no_value"] if unplaced else []), *_overlap(indicator, rows[total], below.get(None, []))]
    return {row.domain: row for row in (*flagged, rows[total].flagged(*flags))}


def _flagged_total(indicator: Indicator, row: Measurement, parts: Sequence[Measurement]) -> Measurement:
    flags = ["own_rows"] if row.n > sum(part.n for part in parts) else []
    return row.flagged(*flags, *_overlap(indicator, row, parts))


def _overlap(indicator: Indicator, row: Measurement, parts: Sequence[Measurement]) -> list[str]:
    if not kind_of(indicator.formula).parts_overlap:
        return []
    values = (part.measured.value or 0.0 for part in parts)
    return ["overlap"] if sum(values) > (row.measured.value or 0.0) else []


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
        Rows of :class:`impact.tables.titles.PartTitle`.
    """
    rows = [
        row
        for indicator in indicators
        for column, codelist in cut_codelists(programme, indicator).items()
        for row in _described(programme.id, indicator, column, codelist, measures)
    ]
    return to_frame(PartTitle, rows)


def _described(
    programme: str, indicator: Indicator, column: str, codelist: Codelist, measures: pd.DataFrame
) -> list[PartTitle]:
    own = measures[measures["indicator"] == indicator.id]
    labels = set(part_codes(own[columns_of_parts(own) == column]))
    items = {item.code: item for item in codelist.codes}
    found = [branch for branch in branches(codelist, labels) if branch.code in items]
    if not codelist.hierarchical:
        declared = {code: place for place, code in enumerate(items)}
        found.sort(key=lambda branch: declared[branch.code])
    return [
        PartTitle(
            programme=programme,
            indicator=indicator.id,
            column=column,
            code=branch.code,
            place=place,
            depth=branch.depth,
            level=(item := items[branch.code]).level,
            parent=item.parent,
            title_en=in_language(item.title, "en"),
            title_it=in_language(item.title, "it"),
            same_as=json.dumps(item.same_as, ensure_ascii=False),
            holds=tuple(branch.members),
        )
        for place, branch in enumerate(found)
    ]
