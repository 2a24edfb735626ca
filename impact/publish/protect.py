"""Tables leave without what is hidden, by what each of their columns holds; see :mod:`impact.publish.inventory`.

What is hidden was written at the end of the run, by :mod:`impact.publish.disclosure`: readers need neither the
designs nor the statistics that it took to find out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from impact.formulas.kind import Summary
from impact.publish.inventory import FROM_PERSONS
from impact.states import AttainmentState
from impact.tables.columns import Column, Holds, Table
from impact.tables.finding import Finding
from impact.tables.frameworks import SharedIndicator
from impact.tables.milestones import Milestone
from impact.tables.monitoring import HeirValue
from impact.tables.part import COLUMNS, cut_columns, read_finding
from impact.tables.results import Measure
from impact.tables.valuation import Valuation
from impact.words.said import says

HETEROGENEITY = "check.heterogeneity"
"""The test that an effect is the same in all groups of a cut, which it names."""
CELL = ["programme", "indicator", "arm", *COLUMNS, "wave"]
"""Which cell a row of the measures is."""


def protect_findings(findings: pd.DataFrame, suppressions: pd.DataFrame) -> pd.DataFrame:
    """Return findings without the numbers of those that rest on a hidden cell.

    Parameters
    ----------
    findings
        As :func:`impact.publish.findings_table` returns them.
    suppressions
        Rows of :class:`impact.tables.protection.Suppression`, of the same programmes or more.

    Returns
    -------
    DataFrame
        The same rows, suppressed ones last within their indicator. ``suppressed`` is '', ``few`` or ``complement``;
        where it is not '', ``attainment``, ``contribution`` and ``progress_state`` are ``suppressed`` too, and whatever
        came from persons is missing. Promises stay, unless they were reckoned from a measured baseline. ``n`` is
        Int64.
    """
    reasons = _reasons(findings, suppressions, ["finding"])
    hidden = reasons != ""
    typed = findings.assign(n=findings["n"].astype("Int64"), suppressed=reasons)
    protected = _without(typed, Finding.TABLE, hidden)
    for name in ("baseline", "target"):
        resting = suppressions.loc[suppressions[f"hides_{name}"].astype(bool), "finding"]
        measured = protected["finding"].isin(resting.dropna())
        protected[name] = protected[name].mask(hidden & measured)
    order = protected.groupby(["programme", "indicator"], sort=False).ngroup()
    return protected.iloc[np.lexsort((hidden, order))].reset_index(drop=True)


def protect_measures(measures: pd.DataFrame, suppressions: pd.DataFrame) -> pd.DataFrame:
    """Return measures without the numbers of hidden cells, in the order given.

    Parameters
    ----------
    measures
        Rows of :class:`impact.tables.results.Measure`.
    suppressions
        Rows of :class:`impact.tables.protection.Suppression`, of the same programmes or more.

    Returns
    -------
    DataFrame
        With the column ``suppressed``: '', ``few`` or ``complement``. ``n`` and ``n_missing`` are Int64.
    """
    reasons = _reasons(measures, suppressions, CELL)
    typed = measures.astype({"n": "Int64", "n_missing": "Int64"})
    marked = typed.assign(suppressed=reasons)
    hidden = reasons != ""
    return _without(marked, Measure.TABLE, hidden)


def protect_periods(values: pd.DataFrame, suppressions: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return rows by period without the numbers of those that are marked, or whose sum is a hidden cell.

    Parameters
    ----------
    values
        Rows of a table of values by period, such as :class:`impact.tables.monitoring.PeriodValue`.
    suppressions
        Rows of :class:`impact.tables.protection.Suppression`, of the same programmes or more.
    table
        The table, which says what is a count.

    Returns
    -------
    DataFrame
        The same rows; ``suppressed`` is '', ``few`` or ``complement``. Counts are Int64.
    """
    of_sum = _reasons(values, suppressions, [name for name in CELL if name != "wave"])
    return _hidden_periods(values, table, of_sum)


def protect_milestones(milestones: pd.DataFrame, suppressions: pd.DataFrame) -> pd.DataFrame:
    """Return milestones without the numbers of those that are marked, or that rest on a hidden cell.

    Parameters
    ----------
    milestones
        Rows of :class:`impact.tables.milestones.Milestone`.
    suppressions
        Rows of :class:`impact.tables.protection.Suppression`, of the same programmes or more.

    Returns
    -------
    DataFrame
        The same rows; ``suppressed`` is '', ``few`` or ``complement``. Promises stay, unless the baseline that a path
        starts from is hidden. ``projection_n`` is Int64.
    """
    of_part = _reasons(milestones, suppressions, [name for name in CELL if name != "wave"])
    reasons = milestones["suppressed"].where(milestones["suppressed"] != "", of_part)
    typed = milestones.astype({"projection_n": "Int64"}).assign(suppressed=reasons)
    protected = _without(typed, Milestone.TABLE, reasons != "")
    resting = suppressions.loc[suppressions["hides_baseline"].astype(bool), "finding"]
    measured = protected["finding"].isin(resting.dropna())
    declared = protected["point"] != "now"
    hides_target = suppressions.loc[suppressions["hides_target"].astype(bool), "finding"]
    stays = declared & ~protected["finding"].isin(hides_target.dropna())
    target = protected["target"].mask(measured & ~stays)
    return protected.assign(baseline=protected["baseline"].mask(measured), target=target)


def protect_heirs(values: pd.DataFrame, suppressions: pd.DataFrame) -> pd.DataFrame:
    """Return values of units as they are today without the numbers of those that are marked, or rest on a hidden cell.

    An heir's value less its own is that of those before it: where one cell of an indicator's column is hidden, so is
    the column.

    Parameters
    ----------
    values
        Rows of :class:`impact.tables.monitoring.HeirValue`.
    suppressions
        Rows of :class:`impact.tables.protection.Suppression`, of the same programmes or more.

    Returns
    -------
    DataFrame
        The same rows; ``suppressed`` is '', ``few`` or ``complement``. Counts are Int64.
    """
    by = ["programme", "indicator", "cut"]
    hidden = suppressions.assign(cut=cut_columns(suppressions))
    of_column = _reasons(values.assign(cut=cut_columns(values)), hidden, by)
    return _hidden_periods(values, HeirValue.TABLE, of_column)


def _hidden_periods(values: pd.DataFrame, table: Table, resting: pd.Series) -> pd.DataFrame:
    """Return values by period without those that are marked, or hidden for what they rest on."""
    reasons = values["suppressed"].where(values["suppressed"] != "", resting)
    counts = dict.fromkeys(table.names(Holds.COUNT), "Int64")
    return _without(values.astype(counts).assign(suppressed=reasons), table, reasons != "")


def protect_behind(frame: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Return diagnostics or terms without those of suppressed findings, and without terms on few persons.

    A test of the difference between groups goes where one of them is hidden: beside the effects of the others it would
    tell the hidden one.

    Parameters
    ----------
    frame
        Rows of :class:`impact.tables.results.Diagnostic` or :class:`impact.tables.results.Term`.
    findings
        As :func:`protect_findings` returns them. What belongs to no finding among them is left out too.
    """
    is_open = findings["suppressed"] == ""
    open_findings = findings.loc[is_open, "finding"]
    of_open = frame[frame["finding"].isin(open_findings)]
    if "suppressed" in frame:
        is_shown = of_open["suppressed"] == ""
        of_open = of_open[is_shown].drop(columns="suppressed")
    if "check" in frame:
        of_open = of_open[~_tests_hidden(of_open, findings[~is_open])]
    return of_open.reset_index(drop=True)


def _tests_hidden(diagnostics: pd.DataFrame, hidden: pd.DataFrame) -> pd.Series:
    """Mark the tests of a difference between groups of a cut of which a cell of the same indicator is hidden."""
    cells = set(zip(hidden["programme"], hidden["indicator"], cut_columns(hidden), strict=True))
    wholes = [read_finding(name)[:2] for name in diagnostics["finding"]]
    tested = [
        says(check, HETEROGENEITY) and (*whole, check.values["name"]) in cells
        for check, whole in zip(diagnostics["check"], wholes, strict=True)
    ]
    return pd.Series(tested, index=diagnostics.index, dtype=bool)


def protect_valuations(frame: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Return lines of value, those that rest on a suppressed finding without what came from persons.

    Parameters
    ----------
    frame
        Rows of :class:`impact.tables.valuation.Valuation`.
    findings
        As :func:`protect_findings` returns them. What rests on a finding that is not among them is hidden too.
    """
    is_open = set(findings.loc[findings["suppressed"] == "", "finding"])
    hidden = [not is_open.issuperset(rests_on) for rests_on in frame["rests_on"]]
    return _without(frame, Valuation.TABLE, pd.Series(hidden, index=frame.index, dtype=bool))


def protect_shared(frame: pd.DataFrame, suppressions: pd.DataFrame) -> pd.DataFrame:
    """Return shared indicators without the sums behind a hidden value.

    The sums of a ratio say more than its value does: they are gone where anything of the indicator is hidden.

    Parameters
    ----------
    frame
        Rows of :class:`impact.tables.frameworks.SharedIndicator`.
    suppressions
        Rows of :class:`impact.tables.protection.Suppression`, of the same programmes or more.
    """
    touched = pd.MultiIndex.from_frame(suppressions[["programme", "indicator"]])
    of_ratio = (frame["summary"] == Summary.RATIO) & pd.MultiIndex.from_frame(frame[["programme", "indicator"]]).isin(
        touched
    )
    hidden = frame["finding"].isin(suppressions["finding"].dropna()) | of_ratio
    return _without(frame, SharedIndicator.TABLE, hidden)


def _reasons(frame: pd.DataFrame, suppressions: pd.DataFrame, by: list[str]) -> pd.Series:
    """Return for each row '' or why it is suppressed; of several reasons that few persons stand behind it."""
    ordered = suppressions.sort_values("reason").dropna(subset=by)
    worst = ordered.drop_duplicates(by, keep="last")
    merged = frame[by].merge(worst[[*by, "reason"]], on=by, how="left")
    reasons = merged["reason"].fillna("")
    return reasons.set_axis(frame.index)


def _without(frame: pd.DataFrame, table: Table, hidden: pd.Series) -> pd.DataFrame:
    """Return a table's rows, hidden ones without what came from persons, by what each column holds."""
    from_persons = (column for column in table.columns.values() if column.holds in FROM_PERSONS)
    masked = {column.name: _masked(frame[column.name], column, hidden) for column in from_persons}
    return frame.assign(**masked)


def _masked(values: pd.Series, column: Column, hidden: pd.Series) -> pd.Series:
    """Return a column without its hidden values; counts may stand in what the engine says of them."""
    if column.holds == Holds.VERDICT:
        return values.mask(hidden, AttainmentState.SUPPRESSED.value)
    if column.nullable or column.holds != Holds.REMARK:
        return values.mask(hidden)
    if not column.is_list:
        return values.mask(hidden, "")
    texts = [[] if off else value for off, value in zip(hidden, values, strict=True)]
    return pd.Series(texts, index=values.index)
