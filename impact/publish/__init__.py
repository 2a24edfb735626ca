"""Publish: results leave as tidy tables; every reader (API, command line, app) takes them from here."""

from impact.publish.statements import renew_claims, renew_journeys
from impact.publish.tables import (
    claims_table,
    diagnostics_table,
    findings_table,
    journeys_table,
    loads_table,
    measure_table,
    quarantine_table,
    terms_table,
    write_results,
)
from impact.publish.trace import trace_finding

__all__ = [
    "claims_table",
    "diagnostics_table",
    "findings_table",
    "journeys_table",
    "loads_table",
    "measure_table",
    "quarantine_table",
    "renew_claims",
    "renew_journeys",
    "terms_table",
    "trace_finding",
    "write_results",
]
