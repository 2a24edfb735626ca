"""Publish: results leave as tidy tables; every reader (API, command line, app) takes them from here."""

from impact.publish.networks import write_networks
from impact.publish.tables import (
    definition_kinds,
    diagnostics_table,
    findings_table,
    loads_table,
    measure_table,
    network_bodies_table,
    network_ties_table,
    quarantine_table,
    terms_table,
    write_results,
)
from impact.publish.trace import trace_finding

__all__ = [
    "definition_kinds",
    "diagnostics_table",
    "findings_table",
    "loads_table",
    "measure_table",
    "network_bodies_table",
    "network_ties_table",
    "quarantine_table",
    "terms_table",
    "trace_finding",
    "write_networks",
    "write_results",
]
