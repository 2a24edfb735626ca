"""Publish: results leave as tidy tables; every reader (API, command line, app) takes them from here."""

from impact.publish.definitions import (
    contract_sources,
    definition_contracts,
    definition_kinds,
    indicator_sources,
    wave_days,
)
from impact.publish.networks import write_networks
from impact.publish.statements import renew_claims, renew_journeys
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
from impact.publish.territory import write_maps, write_unmapped
from impact.publish.trace import trace_finding

__all__ = [
    "claims_table",
    "contract_sources",
    "definition_contracts",
    "definition_kinds",
    "diagnostics_table",
    "findings_table",
    "indicator_sources",
    "journeys_table",
    "loads_table",
    "map_table",
    "measure_table",
    "network_bodies_table",
    "network_ties_table",
    "quarantine_table",
    "renew_claims",
    "renew_journeys",
    "terms_table",
    "trace_finding",
    "unmapped_table",
    "wave_days",
    "write_maps",
    "write_networks",
    "write_results",
    "write_unmapped",
]
