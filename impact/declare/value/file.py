"""The whole of ``value.yaml``; a programme may do without it."""

from __future__ import annotations

from impact.declare.base import Declared
from impact.declare.value.outcomes import Outcome


class ValueFile(Declared):
    """What a decision needs beside findings."""

    outcomes: tuple[Outcome, ...] = ()
