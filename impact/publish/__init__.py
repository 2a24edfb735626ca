"""Publish: results leave as tidy tables; every reader (API, command line, app) takes them from here."""

from impact.publish.definitions import (
    contract_sources,
    definition_contracts,
    definition_kinds,
    indicator_sources,
    wave_days,
)
from impact.publish.disclosure import (
    protect_behind,
    protect_findings,
    protect_measures,
    suppressions_table,
)
from impact.publish.labels import cuts_table, headings_table, labels_table, memberships_table
from impact.publish.process import deliveries_table, due_table, phases_table
from impact.publish.quality import quality_table, response_table, validity_table
from impact.publish.tables import (
    claims_table,
    diagnostics_table,
    findings_table,
    journeys_table,
    loads_table,
    map_table,
    measure_table,
    network_bodies_table,
    network_ties_table,
    quarantine_table,
    terms_table,
    unmapped_table,
    write_results,
)
from impact.publish.theory import (
    links_table,
    nodes_table,
    programmes_table,
    stakeholders_table,
    waves_table,
)
from impact.publish.trace import trace_finding

__all__ = [
    "claims_table",
    "contract_sources",
    "cuts_table",
    "definition_contracts",
    "definition_kinds",
    "deliveries_table",
    "diagnostics_table",
    "due_table",
    "findings_table",
    "headings_table",
    "indicator_sources",
    "journeys_table",
    "labels_table",
    "links_table",
    "loads_table",
    "map_table",
    "measure_table",
    "memberships_table",
    "network_bodies_table",
    "network_ties_table",
    "nodes_table",
    "phases_table",
    "programmes_table",
    "protect_behind",
    "protect_findings",
    "protect_measures",
    "quality_table",
    "quarantine_table",
    "response_table",
    "stakeholders_table",
    "suppressions_table",
    "terms_table",
    "trace_finding",
    "unmapped_table",
    "validity_table",
    "wave_days",
    "waves_table",
    "write_results",
]
