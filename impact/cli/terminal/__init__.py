"""What people see in a terminal: findings, claims, runs, problems and traces, made of what the other rooms return."""

from typing import TYPE_CHECKING

from impact.rooms import on_demand

if TYPE_CHECKING:
    from impact.cli.terminal.claims import CLAIM_STATES, print_claims
    from impact.cli.terminal.findings import ATTAINMENT, CONTRIBUTION, print_findings
    from impact.cli.terminal.power import print_power
    from impact.cli.terminal.problems import print_problems
    from impact.cli.terminal.runs import print_quarantine, print_report
    from impact.cli.terminal.trace import print_trace, term_lines

__all__ = [
    "ATTAINMENT",
    "CLAIM_STATES",
    "CONTRIBUTION",
    "print_claims",
    "print_findings",
    "print_power",
    "print_problems",
    "print_quarantine",
    "print_report",
    "print_trace",
    "term_lines",
]
__getattr__ = on_demand(__name__, __file__)
