"""Experiments: who is drawn, how alike the arms came out, the effect, and its bounds where outcomes are missing."""

from impact.statistics.experiments.assignment import (
    Assignment,
    Sample,
    allocate,
    randomise,
    rerandomise,
    stratified_sample,
)
from impact.statistics.experiments.balance import Balance, joint_balance, standardised_differences
from impact.statistics.experiments.bounds import LeeBounds, lee_bounds
from impact.statistics.experiments.differences import blocked, lin, welch
from impact.statistics.experiments.randomisation import RandomisationTest, randomisation_test

__all__ = [
    "Assignment",
    "Balance",
    "LeeBounds",
    "RandomisationTest",
    "Sample",
    "allocate",
    "blocked",
    "joint_balance",
    "lee_bounds",
    "lin",
    "randomisation_test",
    "randomise",
    "rerandomise",
    "standardised_differences",
    "stratified_sample",
    "welch",
]
