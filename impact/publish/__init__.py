"""Publish: results leave as tidy tables; every reader (API, command line, app) takes them from here."""

from impact.publish.claims import renew_claims
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
    renew_suppressions,
)
from impact.publish.labels import renew_labels
from impact.publish.networks import write_networks
from impact.publish.process import due_table, renew_process
from impact.publish.quality import renew_quality, validity_table
from impact.publish.tables import (
    findings_table,
    read_table,
    write_results,
)
from impact.publish.territory import write_maps, write_unmapped
from impact.publish.theory import (
    renew_theory,
)
from impact.publish.trace import trace_finding

__all__ = [
    "contract_sources",
    "definition_contracts",
    "definition_kinds",
    "due_table",
    "findings_table",
    "indicator_sources",
    "protect_behind",
    "protect_findings",
    "protect_measures",
    "read_table",
    "renew_claims",
    "renew_labels",
    "renew_process",
    "renew_quality",
    "renew_suppressions",
    "renew_theory",
    "trace_finding",
    "validity_table",
    "wave_days",
    "write_maps",
    "write_networks",
    "write_results",
    "write_unmapped",
]
