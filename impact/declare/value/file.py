"""The whole of ``value.yaml``; a programme may do without it."""

from __future__ import annotations

from impact.declare.base import Declared
from impact.declare.value.outcomes import Outcome
from impact.declare.value.payments import OutcomeContract


class ValueFile(Declared):
    """What a decision needs beside findings."""

    outcomes: tuple[Outcome, ...] = ()
    payments: tuple[OutcomeContract, ...] = ()
