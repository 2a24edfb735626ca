"""How often a control chart signals although nothing changed.

``python benchmarks/false_alarms.py`` prints the module ``impact/statistics/control_charts/false_alarms.py``, in some
minutes: 40,000 seeded draws for each number of periods, set of rules, and kind of limits. A test repeats some of them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

from impact.statistics.control_charts.chance import simulated_false_alarm
from impact.statistics.control_charts.chart import FEWEST_PERIODS
from impact.statistics.control_charts.rules import RULE_BOOKS

MOST_PERIODS = 120
LINE = 22
HEAD = '''"""Probabilities of a false alarm, in ten thousandths, as ``python benchmarks/false_alarms.py`` prints them.

By kind of limits and set of rules: of a signal anywhere, and at the latest period, for 12 periods, 13, … 120.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MOST_PERIODS = 120
FALSE_ALARMS: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType(
    {'''


def column(probabilities: list[float]) -> str:
    """Return a text of ten thousandths, some to a line."""
    numbers = [str(round(10_000 * probability)) for probability in probabilities]
    lines = [" ".join(numbers[start : start + LINE]) for start in range(0, len(numbers), LINE)]
    return '            """\n' + "\n".join(lines) + '\n""",\n'


def main() -> None:
    print(HEAD)
    for limits in ("ranges", "counts"):
        for rules in RULE_BOOKS:
            periods = range(FEWEST_PERIODS, MOST_PERIODS + 1)
            found = [simulated_false_alarm(points, rules=rules, limits=limits) for points in periods]
            columns = column([one.anywhere for one in found]) + column([one.latest for one in found])
            print(f'        ("{limits}", "{rules}"): (\n{columns}        ),', flush=True)
    print("    }\n)")


if __name__ == "__main__":
    main()
