"""Each milestone meets its value, and the promises of parts that of the whole.

After measures, period values and findings are written; the row ``end`` of a part is about the promise of its finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pandas as pd

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.declare.promises import Path
from impact.expect.promises import PartPromises, declared_promises, part_promises
from impact.judge.case import is_total, number
from impact.measure.period_values import has_periods
from impact.publish.looks import IndicatorLooks, indicator_looks
from impact.publish.paths import PathCase
from impact.publish.target_sums import target_sums
from impact.store.sentences import encoded
from impact.tables.frames import to_frame
from impact.tables.milestones import Milestone, TargetSum
from impact.tables.part import COLUMNS, Part

_FINDINGS = """SELECT indicator, scope, scope_value, "group", group_value, baseline FROM impact.finding
WHERE programme = ? ORDER BY ALL"""


def make_milestones(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Hold every dated promise against its value, and the promises of parts against that of the whole.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with measures, findings and period values written.
    """
    findings = connection.execute(_FINDINGS, [programme.id]).df()
    rows, sums = list[Milestone](), list[TargetSum]()
    for indicator in programme.indicators:
        if not _has_path(programme, indicator):
            continue
        of_indicator = findings[findings["indicator"] == indicator.id]
        parts = part_promises(connection, programme, indicator)
        looks = indicator_looks(programme, connection, indicator)
        cases = list(_cases(programme, indicator, of_indicator, parts, looks))
        rows += [row for case in cases for row in case.rows()]
        sums += target_sums(programme, indicator, parts, [case.part for case in cases])
    frames = {"milestone": to_frame(Milestone, rows), "target_sum": to_frame(TargetSum, sums)}
    return {name: encoded(name, frame.drop(columns="programme")) for name, frame in frames.items()}


def _has_path(programme: Programme, indicator: Indicator) -> bool:
    """Tell whether there is more to say of a promise than its finding says."""
    target, targets = indicator.ex_ante.target, indicator.ex_ante.targets
    if target is None:
        return targets is not None
    return targets is not None or isinstance(target, Path) or has_periods(programme, indicator)


def _cases(
    programme: Programme, indicator: Indicator, findings: pd.DataFrame, parts: PartPromises, looks: IndicatorLooks
) -> Iterator[PathCase]:
    """Yield the parts of which there are findings, each with what it was promised and what is known of it."""
    targets = indicator.ex_ante.targets
    for values in findings.to_dict("records"):
        row: dict[str, Any] = {str(name): value for name, value in values.items()}
        part = Part.of(row)
        has_own = targets is not None and targets.by == part.column
        promises = parts.get(part.code) if has_own else declared_promises(indicator)
        if not (part.is_whole or has_own) and is_total(programme, indicator):
            promises = None
        known = looks.of_part(tuple(str(row[name]) for name in COLUMNS))
        yield PathCase(programme, indicator, part, number(row["baseline"]), promises, looks.of, known)
