"""The whole of ``value.yaml``; a programme may do without it."""

from __future__ import annotations

from impact.declare.base import Declared
from impact.declare.value.costs import Costs
from impact.declare.value.outcomes import Outcome
from impact.declare.value.social_return import SocialReturn


class ValueFile(Declared):
    """What a decision needs beside findings."""

    outcomes: tuple[Outcome, ...] = ()
    costs: tuple[Costs, ...] = ()
    social_return: tuple[SocialReturn, ...] = ()
