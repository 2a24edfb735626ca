"""Judge: ex ante against ex post; attainment and contribution apart, both by the interval; and the evidence."""

from typing import TYPE_CHECKING

from impact.rooms import on_demand

if TYPE_CHECKING:
    from impact.judge.attainment import Attainment, judge_attainment
    from impact.judge.contribution import Contribution
    from impact.judge.evidence import evidence_level, judge_contribution
    from impact.judge.families import adjust_families
    from impact.judge.findings import Judged, judge_indicator

__all__ = [
    "Attainment",
    "Contribution",
    "Judged",
    "adjust_families",
    "evidence_level",
    "judge_attainment",
    "judge_contribution",
    "judge_indicator",
]
__getattr__ = on_demand(__name__, __file__)
