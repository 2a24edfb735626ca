"""The published tables of a programme as one reader may see them, ready for any format; no rows of persons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from impact.publish.export.dossier import Dossier, origin_of
from impact.publish.export.table import ExportColumn, ExportTable, Kind, in_language
from impact.publish.official.structure import Role, Text
from impact.publish.origin import Origin
from impact.publish.published import ReaderTables
from impact.tables.columns import Column, Holds
from impact.tables.registry import TABLES
from impact.words import Words

_KINDS = {
    "VARCHAR": Kind.TEXT,
    "JSON": Kind.TEXT,
    "DOUBLE": Kind.NUMBER,
    "BIGINT": Kind.INTEGER,
    "INTEGER": Kind.INTEGER,
    "BOOLEAN": Kind.BOOLEAN,
    "DATE": Kind.DATE,
    "TIMESTAMP": Kind.MOMENT,
    "VARCHAR[]": Kind.CODES,
}


@dataclass(frozen=True)
class Source:
    """Where an exported table comes from: the engine's table that types its columns, how it is read, its key."""

    table: str
    read: Callable[[ReaderTables, str], pd.DataFrame]
    key: str = ""
    """Columns whose values together stand once, parted by blanks; empty where there are none."""


SOURCES: Mapping[str, Source] = {
    "findings": Source("finding", ReaderTables.findings, "finding"),
    "measures": Source(
        "measure", ReaderTables.measures, "programme indicator arm scope scope_value group group_value wave"
    ),
    "milestones": Source("milestone", ReaderTables.milestones, "programme finding due of point"),
    "target_sums": Source("target_sum", ReaderTables.target_sums, "programme indicator column due point"),
    "diagnostics": Source("diagnostic", ReaderTables.diagnostics, "finding check"),
    "terms": Source("term", ReaderTables.terms),
    "suppressions": Source(
        "suppression", ReaderTables.suppressions, "programme indicator arm scope scope_value group group_value wave"
    ),
    "withheld": Source("withheld", ReaderTables.withheld, "programme contract what wave"),
    "valuations": Source("valuation", ReaderTables.valuations, "programme place"),
    "claims": Source("claim", ReaderTables.claims, "programme claim"),
    "nodes": Source("theory_node", ReaderTables.nodes, "programme node"),
    "links": Source("theory_link", ReaderTables.links, "programme source target"),
    "waves": Source("wave", ReaderTables.waves, "programme wave"),
    "stakeholders": Source("stakeholder", ReaderTables.stakeholders, "programme stakeholder"),
    "variables": Source("variable", ReaderTables.variables, "programme contract column"),
    "labels": Source("label", ReaderTables.labels, "programme column code"),
    "memberships": Source("membership", ReaderTables.memberships, "programme column code by of"),
    "cuts": Source("cut", ReaderTables.cuts, "programme column"),
    "network_bodies": Source(
        "network_body", lambda published, programme: published.network(programme)[0], "programme network wave body"
    ),
    "network_ties": Source("network_tie", lambda published, programme: published.network(programme)[1]),
    "map": Source("map_cell", ReaderTables.map),
    "unmapped": Source("unmapped", ReaderTables.unmapped),
    "journeys": Source("journey", ReaderTables.journeys, "programme project"),
    "phases": Source("phase", ReaderTables.phases, "programme phase"),
    "deliveries": Source("delivery", ReaderTables.deliveries),
    "loads": Source("load", ReaderTables.loads, "load_id"),
    "quality": Source("quality", ReaderTables.quality, "programme contract wave column"),
    "response": Source("response", ReaderTables.response, "programme contract wave"),
}
"""By the name of the file, in the order of a reader's interest."""


OBSERVATIONS = "observations"
"""The table of what is published in the columns of the data structure: promise, outcome and effect, a row a number."""
HIDDEN = ("A", "D")
"""Codes of CONF_STATUS of what the engine hides: too few persons, or what would tell of them."""
_TYPES = {pa.int64(): pd.Int64Dtype()}
_KEY = (Role.DIMENSION, Role.TIME)
_OBSERVED = {Text.DOUBLE: Kind.NUMBER, Text.INTEGER: Kind.INTEGER}


def dossier_tables(dossier: Dossier, names: Sequence[str]) -> list[ExportTable]:
    """Return published tables of a programme, the observations among them where they are named."""
    sources = [name for name in names if name != OBSERVATIONS]
    tables = export_tables(dossier.published, dossier.programme, dossier.words, dossier.origin.version, sources)
    return [*tables, observation_table(dossier)] if OBSERVATIONS in names else tables


def observation_table(dossier: Dossier) -> ExportTable:
    """Return the observations of a programme as a table, ready to be written."""
    data_set, words = dossier.data_set, dossier.words
    frame = data_set.rows.to_pandas(types_mapper=_TYPES.get)
    columns = tuple(
        ExportColumn(component.id, _OBSERVED.get(component.text, Kind.TEXT), meaning=component.names[words.declared])
        for component in data_set.structure.components
    )
    values = {column.name: _values(frame[column.name], column.kind) for column in columns}
    hidden = Counter(frame["MISSING_KIND"][frame["CONF_STATUS"].isin(HIDDEN)])
    title = f"{data_set.structure.names[words.declared]}"
    return ExportTable(
        OBSERVATIONS, title, columns, pd.DataFrame(values, dtype=object), data_set.origin, suppressed=hidden,
        key=tuple(component.id for component in data_set.structure.components if component.role in _KEY),
    )  # fmt: skip


def export_tables(
    published: ReaderTables, programme: str, words: Words, version: str, names: Sequence[str] = tuple(SOURCES)
) -> list[ExportTable]:
    """Return published tables of a programme, as one reader may see them, ready to be written.

    Parameters
    ----------
    published
        What the reader may see.
    programme
        One in reach.
    words
        Of the language of titles, meanings and sentences.
    version
        Of the data.
    names
        Of :data:`SOURCES`; all by default, those without a row too, so that the files are the same at every export.
    """
    origin = origin_of(published, programme, words, version)
    return [_export_table(published, programme, name, words, origin) for name in names]


def _export_table(published: ReaderTables, programme: str, name: str, words: Words, origin: Origin) -> ExportTable:
    source = SOURCES[name]
    frame = source.read(published, programme)
    described = TABLES[source.table].columns
    columns = tuple(_column(words, frame[name], described.get(str(name))) for name in frame.columns)
    values = {column.name: _values(frame[column.name], column.kind) for column in columns}
    plain = pd.DataFrame(values, index=frame.index, dtype=object)
    is_protected = "suppressed" in frame and "suppressed" not in described  # of answers, it is a kind of missing
    reasons = sorted(filter(None, frame["suppressed"])) if is_protected else ()
    programme_title = words.pick(published.titles[programme], "title")
    title, key = f"{programme_title}: {words(f'export.table.{name}')}", tuple(source.key.split())
    return ExportTable(name, title, columns, in_language(plain, words), origin, suppressed=Counter(reasons), key=key)


def _column(words: Words, values: pd.Series, described: Column | None) -> ExportColumn:
    """Describe a column as its table does; what readers' tables add is text or counted."""
    name = str(values.name)
    if described is not None:
        kind, meaning = _KINDS[described.sql], described.meaning[words.declared]
        unit = words(f"column_unit.{described.unit.name.lower()}") if described.unit else ""
        required = _is_required(described, kind)
        return ExportColumn(name, kind, meaning=meaning, unit=unit, required=required, codes=described.states)
    is_counted = pd.api.types.is_integer_dtype(values)
    kind = Kind.INTEGER if is_counted else Kind.TEXT
    meaning = words("column.suppressed") if name == "suppressed" else ""
    return ExportColumn(name, kind, meaning=meaning)


def _is_required(column: Column, kind: Kind) -> bool:
    """Tell whether a column has a value in every row; what is hidden has none, and a text may be empty."""
    may_be_empty = kind is Kind.CODES or (kind is Kind.TEXT and (not column.states or "" in column.states))
    return not column.nullable and column.holds in (Holds.DECLARED, Holds.CODE) and not may_be_empty


def _values(values: pd.Series, kind: Kind) -> pd.Series:
    """Return values as Python's own, None where one is missing."""
    plain = values.astype(object).where(values.notna(), None)
    if kind is Kind.DATE:
        return plain.map(pd.Timestamp.date, na_action="ignore")
    if kind is Kind.CODES:
        return plain.map(list, na_action="ignore")
    return plain
