"""Cells that few stand behind are hidden, and as many others as it takes that none of them can be computed.

Used by ``impact.publish.hidden``. A table is a list of cells and of sums, each a cell that others add up to. What adds
up are counts and, where they are given, sums of values that lie between limits everybody knows.
"""

from impact.statistics.suppression.rules import suppress
from impact.statistics.suppression.table import Table, Total, Values

__all__ = ["Table", "Total", "Values", "suppress"]
