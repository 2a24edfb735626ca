"""The published tables of a programme as one reader may see them, ready for any format; no rows of persons."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from impact.publish.export.dossier import Dossier
from impact.publish.export.table import ExportColumn, ExportTable, Kind, in_language
from impact.publish.official.structure import Text
from impact.publish.origin import Origin
from impact.publish.published import ReaderTables
from impact.tables.columns import Column
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
    """Where an exported table comes from: the engine's table that types its columns, and how it is read, protected."""

    table: str
    read: Callable[[ReaderTables, str], pd.DataFrame]


SOURCES: Mapping[str, Source] = {
    "findings": Source("finding", ReaderTables.findings),
    "measures": Source("measure", ReaderTables.measures),
    "diagnostics": Source("diagnostic", ReaderTables.diagnostics),
    "terms": Source("term", ReaderTables.terms),
    "suppressions": Source("suppression", ReaderTables.suppressions),
    "withheld": Source("withheld", ReaderTables.withheld),
    "valuations": Source("valuation", ReaderTables.valuations),
    "claims": Source("claim", ReaderTables.claims),
    "nodes": Source("theory_node", ReaderTables.nodes),
    "links": Source("theory_link", ReaderTables.links),
    "waves": Source("wave", ReaderTables.waves),
    "stakeholders": Source("stakeholder", ReaderTables.stakeholders),
    "variables": Source("variable", ReaderTables.variables),
    "labels": Source("label", ReaderTables.labels),
    "memberships": Source("membership", ReaderTables.memberships),
    "cuts": Source("cut", ReaderTables.cuts),
    "network_bodies": Source("network_body", lambda published, programme: published.network(programme)[0]),
    "network_ties": Source("network_tie", lambda published, programme: published.network(programme)[1]),
    "map": Source("map_cell", ReaderTables.map),
    "unmapped": Source("unmapped", ReaderTables.unmapped),
    "journeys": Source("journey", ReaderTables.journeys),
    "phases": Source("phase", ReaderTables.phases),
    "deliveries": Source("delivery", ReaderTables.deliveries),
    "loads": Source("load", ReaderTables.loads),
    "quality": Source("quality", ReaderTables.quality),
    "response": Source("response", ReaderTables.response),
}
"""By the name of the file, in the order of a reader's interest."""


OBSERVATIONS = "observations"
"""The table of what is published in the columns of the data structure: promise, outcome and effect, a row a number."""
HIDDEN = ("A", "D")
"""Codes of CONF_STATUS of what the engine hides: too few persons, or what would tell of them."""
_TYPES = {pa.int64(): pd.Int64Dtype()}
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
        OBSERVATIONS, title, columns, pd.DataFrame(values, dtype=object), data_set.origin, suppressed=hidden
    )


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
    today = datetime.datetime.now(tz=datetime.UTC).date()
    is_synthetic = published.findings(programme)["data_kind"] == "synthetic"
    origin = Origin(words.language, version, programme, today, bool(is_synthetic.any()))
    return [_export_table(published, programme, name, words, origin) for name in names]


def _export_table(published: ReaderTables, programme: str, name: str, words: Words, origin: Origin) -> ExportTable:
    source = SOURCES[name]
    frame = source.read(published, programme)
    described = TABLES[source.table].columns
    columns = tuple(_column(words, frame[key], described.get(str(key))) for key in frame.columns)
    values = {column.name: _values(frame[column.name], column.kind) for column in columns}
    plain = pd.DataFrame(values, index=frame.index, dtype=object)
    is_protected = "suppressed" in frame and "suppressed" not in described  # of answers, it is a kind of missing
    reasons = sorted(filter(None, frame["suppressed"])) if is_protected else ()
    programme_title = words.pick(published.titles[programme], "title")
    title = f"{programme_title}: {words(f'export.table.{name}')}"
    return ExportTable(name, title, columns, in_language(plain, words), origin, suppressed=Counter(reasons))


def _column(words: Words, values: pd.Series, described: Column | None) -> ExportColumn:
    """Describe a column as its table does; what readers' tables add is text or counted."""
    name = str(values.name)
    if described is not None:
        meaning = described.meaning[words.declared]
        return ExportColumn(name, _KINDS[described.sql], meaning=meaning)
    is_counted = pd.api.types.is_integer_dtype(values)
    kind = Kind.INTEGER if is_counted else Kind.TEXT
    meaning = words("column.suppressed") if name == "suppressed" else ""
    return ExportColumn(name, kind, meaning=meaning)


def _values(values: pd.Series, kind: Kind) -> pd.Series:
    """Return values as Python's own, None where one is missing."""
    plain = values.astype(object).where(values.notna(), None)
    if kind is Kind.DATE:
        return plain.map(pd.Timestamp.date, na_action="ignore")
    if kind is Kind.CODES:
        return plain.map(list, na_action="ignore")
    return plain
