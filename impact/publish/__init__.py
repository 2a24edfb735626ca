"""Publish: results leave as tidy tables; every reader (API, command line, app) takes them from here."""

from typing import TYPE_CHECKING

from impact.rooms import on_demand

if TYPE_CHECKING:
    from impact.publish.definitions import (
        contract_sources,
        definition_contracts,
        definition_kinds,
        indicator_sources,
        wave_days,
    )
    from impact.publish.process import due_table
    from impact.publish.protect import (
        protect_behind,
        protect_findings,
        protect_measures,
    )
    from impact.publish.quality import validity_table
    from impact.publish.report_counts import completeness, report_states, reporting_rate
    from impact.publish.tables import (
        findings_table,
        read_table,
        write_results,
    )
    from impact.publish.trace import trace_finding

__all__ = [
    "completeness",
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
    "report_states",
    "reporting_rate",
    "trace_finding",
    "validity_table",
    "wave_days",
    "write_results",
]
__getattr__ = on_demand(__name__, __file__)
