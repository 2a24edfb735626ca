"""Who owes which report when: who is awaited by a contract with a clock, and who takes over from whom.

Read by :mod:`impact.declare.contracts`.
"""

from __future__ import annotations

from pydantic import Field

from impact.declare.base import ColumnName, Date, Declared, Id
from impact.periods import Every


class Roster(Declared):
    """Where the units that report stand: a contract with a row for each, and its columns.

    A unit owes a report of each period that it is open through: ``opened`` on or before the first day, and not
    ``closed`` before the last; without a date it has always been open, and still is. Who takes over from a closed unit
    stands in its ``successor``; where it was split, each of those that came of it has it as ``predecessor``.
    """

    contract: Id
    id: ColumnName
    opened: ColumnName | None = None
    closed: ColumnName | None = None
    successor: ColumnName | None = None
    predecessor: ColumnName | None = None

    @property
    def tells_heirs(self) -> bool:
        """Whether it says who takes over from whom."""
        return self.successor is not None or self.predecessor is not None


class Due(Declared):
    """Which reports of a contract are owed: by whom, of which periods, and until when.

    ``by`` is the column that says whose report a row is. ``every`` is how long its periods are, those of the clock by
    default, and ``days_after`` how many days after its end a report may come, the whole of the last one included.
    ``received`` is the date column that says when the report came: without it nobody knows what was late;
    ``corrected`` the one that says when it was corrected. ``units`` is the roster; without it every code of ``by`` owes
    every period. Reports are owed from the first row to the end of the programme, or from ``first`` to ``last``.
    """

    by: ColumnName
    every: Every | None = None
    days_after: int = Field(ge=0)
    received: ColumnName | None = None
    corrected: ColumnName | None = None
    units: Roster | None = None
    first: Date | None = None
    last: Date | None = None
