"""The whole of ``value.yaml``; a programme may do without it."""

from __future__ import annotations

from impact.declare.base import Declared
from impact.declare.value.costs import Costs
from impact.declare.value.outcomes import Outcome
from impact.declare.value.payments import OutcomeContract
from impact.declare.value.pools import Pool
from impact.declare.value.rewards import RewardRule
from impact.declare.value.social_return import SocialReturn


class ValueFile(Declared):
    """What a decision needs beside findings."""

    outcomes: tuple[Outcome, ...] = ()
    pools: tuple[Pool, ...] = ()
    costs: tuple[Costs, ...] = ()
    social_return: tuple[SocialReturn, ...] = ()
    payments: tuple[OutcomeContract, ...] = ()
    rewards: tuple[RewardRule, ...] = ()
