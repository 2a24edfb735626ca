"""Publish: results leave as tidy tables; every reader (API, command line, app) takes them from here."""

from impact.publish.tables import (
    diagnostics_table,
    findings_table,
    loads_table,
    map_table,
    measure_table,
    quarantine_table,
    terms_table,
    unmapped_table,
    write_results,
)
from impact.publish.territory import write_maps
from impact.publish.trace import trace_finding

__all__ = [
    "diagnostics_table",
    "findings_table",
    "loads_table",
    "map_table",
    "measure_table",
    "quarantine_table",
    "terms_table",
    "trace_finding",
    "unmapped_table",
    "write_maps",
    "write_results",
]
