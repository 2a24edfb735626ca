"""Control charts: what varies as it always did, what is a signal, and how many signals chance alone would give."""

from impact.statistics.control_charts.attributes import c_chart, p_chart, u_chart
from impact.statistics.control_charts.chance import ByChance, FalseAlarm, Limits, by_chance, simulated_false_alarm
from impact.statistics.control_charts.chart import FEWEST_PERIODS, Chart, Kind, Ranges
from impact.statistics.control_charts.individuals import CONSTANTS, Constants, ConstantsName, xmr
from impact.statistics.control_charts.rules import RULE_BOOKS, Marks, Rule, RuleSet, Side, Signal, distances, marks
from impact.statistics.control_charts.runs import RunsAnalysis, runs_analysis
from impact.statistics.control_charts.verdict import TargetVerdict, target_verdict

__all__ = [
    "CONSTANTS",
    "FEWEST_PERIODS",
    "RULE_BOOKS",
    "ByChance",
    "Chart",
    "Constants",
    "ConstantsName",
    "FalseAlarm",
    "Kind",
    "Limits",
    "Marks",
    "Ranges",
    "Rule",
    "RuleSet",
    "RunsAnalysis",
    "Side",
    "Signal",
    "TargetVerdict",
    "by_chance",
    "c_chart",
    "distances",
    "marks",
    "p_chart",
    "runs_analysis",
    "simulated_false_alarm",
    "target_verdict",
    "u_chart",
    "xmr",
]
