"""The parts an indicator is cut into: the codes they stand for, and why a whole is not the sum of its parts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from impact.declare import Programme, in_language
from impact.declare.contracts import Codelist
from impact.declare.hierarchy import branches, column_codelist
from impact.declare.indicators import Indicator
from impact.formulas.registry import kind_of
from impact.measure.measurement import Domain, Measurement
from impact.tables.frames import to_frame
from impact.tables.part import MISSING_GROUP, Part, part_codes
from impact.tables.part import cut_columns as columns_of_parts
from impact.tables.titles import PartTitle


def column_cuts(indicator: Indicator) -> list[Part]:
    """Return each column that cuts an indicator, without a code."""
    scoped = [Part(name, cuts_programme=True) for name in indicator.scope]
    return [*scoped, *map(Part, indicator.by)]


def cut_columns(programme: Programme, indicator: Indicator) -> dict[str, str]:
    """Return the columns that cut an indicator, each with the contract whose column it is.

    A column that the indicator's own contract does not have is that of the roster of a network.
    """
    owners = {}
    for name in (*indicator.scope, *indicator.by):
        having = [contract for contract in indicator.reads if name in programme.contracts[contract].columns]
        owners[name] = having[0] if having else indicator.contract
    return owners


def cut_codelists(programme: Programme, indicator: Indicator) -> dict[str, Codelist]:
    """Return the codelist of each column that cuts an indicator, for those that have one."""
    codelists = {}
    for name, owner in cut_columns(programme, indicator).items():
        codelist = column_codelist(programme, owner, name)
        if codelist is not None:
            codelists[name] = codelist
    return codelists


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
    by_code = _rows_by_code(rows, total, column)
    parents = {item.code: item.parent for item in codelist.codes}
    children: dict[str | None, list[Measurement]] = {}
    for code, row in by_code.items():
        children.setdefault(parents.get(code), []).append(row)
    explained = {}
    for code in by_code.keys() & set(parents.values()):
        subtotal = by_code[code]
        explained[subtotal.domain] = _flagged_total(indicator, subtotal, children.get(code, []))
    uncoded = by_code.get(MISSING_GROUP)
    flags = ["no_value"] if uncoded and uncoded.n > 0 else []
    flags += _overlap(indicator, rows[total], children.get(None, []))
    explained[total] = rows[total].flagged(*flags)
    return explained


def _rows_by_code(rows: Mapping[Domain, Measurement], total: Domain, column: str) -> dict[str, Measurement]:
    """Return the values of the arm and wave of a total, by the code of a column."""
    wanted = (total.arm, total.wave, column)
    by_code = {}
    for domain, row in rows.items():
        if (domain.arm, domain.wave, domain.part.column) == wanted:
            by_code[domain.part.code] = row
    return by_code


def _flagged_total(indicator: Indicator, row: Measurement, children: Sequence[Measurement]) -> Measurement:
    rows_below = sum(child.n for child in children)
    flags = ["own_rows"] if row.n > rows_below else []
    return row.flagged(*flags, *_overlap(indicator, row, children))


def _overlap(indicator: Indicator, row: Measurement, children: Sequence[Measurement]) -> list[str]:
    if not kind_of(indicator.formula).parts_overlap:
        return []
    added = sum(child.measured.value or 0.0 for child in children)
    total = row.measured.value or 0.0
    return ["overlap"] if added > total else []


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
    titles: list[PartTitle] = []
    for indicator in indicators:
        values = measures[measures["indicator"] == indicator.id]
        for column, codelist in cut_codelists(programme, indicator).items():
            labels = set(part_codes(values[columns_of_parts(values) == column]))
            titles += _part_titles(programme.id, indicator.id, column, codelist, labels)
    return to_frame(PartTitle, titles)


def _part_titles(
    programme: str, indicator: str, column: str, codelist: Codelist, labels: set[str]
) -> Iterator[PartTitle]:
    """Yield the title of each code that occurs or stands above one that does, in the order of reading."""
    items = {item.code: item for item in codelist.codes}
    listed = [branch for branch in branches(codelist, labels) if branch.code in items]
    if not codelist.hierarchical:
        declared = list(items)
        listed.sort(key=lambda branch: declared.index(branch.code))
    for order, branch in enumerate(listed):
        item = items[branch.code]
        yield PartTitle(
            programme=programme,
            indicator=indicator,
            column=column,
            code=branch.code,
            place=order,
            depth=branch.depth,
            level=item.level,
            parent=item.parent,
            title_en=in_language(item.title, "en"),
            title_it=in_language(item.title, "it"),
            same_as=json.dumps(item.same_as, ensure_ascii=False),
            holds=tuple(branch.members),
        )
