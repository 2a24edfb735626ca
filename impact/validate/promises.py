"""Targets of parts that name an indicator or a part which is not there; judged on the good rows, as references are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.sql import Select, as_text, ident, literal
from impact.words.said import Said

NO_INDICATOR, NO_PART = "unknown_indicator", "unknown_part"


def promise_queries(programme: Programme, views: Mapping[str, str]) -> Iterator[Select]:
    """Yield queries of the rows of contracts of targets that nobody can be held against.

    Parameters
    ----------
    programme
        Whose indicators name these contracts in ``ex_ante.targets``; without any, nothing is asked.
    views
        The good rows of every contract, by id.
    """
    promised: dict[str, list[Indicator]] = {}
    for indicator in programme.indicators:
        if indicator.ex_ante.targets:
            promised.setdefault(indicator.ex_ante.targets.contract, []).append(indicator)
    for contract, indicators in promised.items():
        view, names = views[contract], tuple(indicator.id for indicator in indicators)
        expected = Said("rows.indicator_of_targets", names=names)
        unknown = f"g.indicator NOT IN ({', '.join(map(literal, names))})"
        yield _broken(view, "indicator", NO_INDICATOR, expected, unknown)
        for indicator in indicators:
            yield _unknown_part(programme, indicator, view, views)


def _unknown_part(programme: Programme, indicator: Indicator, view: str, views: Mapping[str, str]) -> Select:
    """Write which rows of an indicator name a part that its column cannot have."""
    by = indicator.ex_ante.targets.by if indicator.ex_ante.targets else ""
    known = f"g.part IN ({_known_codes(programme, indicator, by, views)})"
    ours = f"g.indicator = {literal(indicator.id)} AND NOT ({known})"
    return _broken(view, "part", NO_PART, Said("rows.part_of", column=by, contract=indicator.contract), ours)


def _known_codes(programme: Programme, indicator: Indicator, by: str, views: Mapping[str, str]) -> str:
    """Write the codes that a column can have: its list, the register it refers to, else those that rows have."""
    contract = programme.contracts[indicator.contract]
    column = contract.columns.get(by)
    if column is not None and column.type == "code":
        return ", ".join(map(literal, programme.column_codes(column)))
    for key in contract.foreign_keys:
        if by in key.columns:
            register = key.to[key.columns.index(by)]
            return Select({"code": as_text(register)}, views[key.references]).sql()
    return Select({"code": as_text(by)}, views[contract.id], where=(f"{ident(by)} IS NOT NULL",)).sql()


def _broken(view: str, column: str, rule: str, expected: Said, condition: str) -> Select:
    named = {"column": literal(column), "rule": literal(rule), "expected": literal(expected.json())}
    row = {"source": "g._source", "ordinal": "g._ordinal", **named, "value": f"g.{ident(column)}"}
    return Select(row, f"{view} g", where=(condition,), order=("_source", "_ordinal"))
