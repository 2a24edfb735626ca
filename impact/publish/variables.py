"""What contracts declare leaves as a table of variables; read back as records by the formats that describe rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import duckdb
import pandas as pd

from impact.declare import Programme, in_language
from impact.declare.base import Text
from impact.declare.contracts import Column, Contract
from impact.publish.labels import YES_NO, column_title
from impact.tables.frames import to_frame
from impact.tables.variables import Variable

_OF_SAMPLES = ("weight", "strata", "cluster", "population")


def make_variables(programme: Programme, _: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Return a row per column of every contract.

    Parameters
    ----------
    programme
        As declared; nothing is asked of the database.
    """
    fed = {source.contract for source in programme.sources}
    rows: list[Variable] = []
    for contract in programme.contracts.values():
        roles = _roles(programme, contract)
        rows += [
            _variable(programme, contract, name, place, roles.get(name, ()), fed=contract.id in fed)
            for place, name in enumerate(contract.columns, 1)
        ]
    return {"variable": to_frame(Variable, rows)}


def _variable(
    programme: Programme, contract: Contract, name: str, place: int, roles: Sequence[str], *, fed: bool
) -> Variable:
    column = contract.columns[name]
    title = column_title(programme, column)
    return Variable(
        programme=programme.id,
        contract=contract.id,
        place=place,
        column=name,
        type=column.type,
        title_en=in_language(title, "en") if title else None,
        title_it=in_language(title, "it") if title else None,
        unit=column.unit,
        required=column.required,
        min=column.min,
        max=column.max,
        pattern=column.pattern,
        max_length=column.max_length,
        roles=tuple(dict.fromkeys(roles)),
        codes=json.dumps(list(_codes(programme, column)), ensure_ascii=False),
        missing=json.dumps({kind: list(codes) for kind, codes in column.missing.items()}, ensure_ascii=False),
        warns=tuple(column.warn),
        unit_of_analysis=contract.unit_of_analysis,
        with_rows=fed,
    )


def _roles(programme: Programme, contract: Contract) -> dict[str, list[str]]:
    """Return what columns of a contract are for: as it says, and as the samples of its indicators say."""
    roles: dict[str, list[str]] = {}
    named: dict[str, str | None] = {"person": contract.person, "wave": contract.wave, "status": contract.status}
    listed = [*(("key", name) for name in contract.key), *named.items()]
    for indicator in programme.indicators:
        if indicator.contract == contract.id:
            listed += [(role, getattr(indicator.sample, role)) for role in _OF_SAMPLES]
    for role, name in listed:
        if name:
            roles.setdefault(name, []).append(role)
    return roles


def _codes(programme: Programme, column: Column) -> Iterator[Mapping[str, str]]:
    """Yield the codes of a column with their titles."""
    if column.codelist:
        for item in programme.codelists[column.codelist].codes:
            yield {"code": item.code, **_titles(item.title)}
    elif column.type == "boolean":
        for code, title in YES_NO.items():
            yield {"code": code, **_titles(title)}
    else:
        for code in column.codes or ():
            yield {"code": code}


def _titles(title: Text) -> dict[str, str]:
    return {"title_en": in_language(title, "en"), "title_it": in_language(title, "it")}
