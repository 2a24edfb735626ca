"""Nothing leaves that tells of a few persons: what is hidden is written at the end of a run, tables leave without it.

:func:`make_disclosure` says which cells are hidden (:mod:`impact.publish.hidden`) and what may not be counted
beside them (:mod:`impact.publish.beside`); readers pass every table through one of the functions below. Only
indicators whose contract declares a ``person`` are touched. What each column holds stands in
:mod:`impact.publish.inventory`.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.publish.beside import withheld_counts
from impact.publish.hidden import CELL, Hidden, hidden_cells, of_series, waves_of
from impact.publish.inventory import FROM_PERSONS
from impact.publish.totals import EFFECT, cell_table
from impact.states import Arm, AttainmentState, Reason
from impact.statistics.suppression import suppress
from impact.store.sentences import decoded
from impact.tables.columns import Column, Holds, Table
from impact.tables.finding import Finding
from impact.tables.frames import to_frame
from impact.tables.protection import Suppression
from impact.tables.results import Measure
from impact.words.said import Said

LEFT_OUT = Said("family.leave_one_out")
OF_GROUPS = Said("family.effect_those_reached")


# ---- what is hidden -------------------------------------------------------------------------------------------------


def make_disclosure(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Find the cells that may not leave, the counts beside them, and the terms to be marked.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with measures, parts, findings, terms and memberships written.

    Returns
    -------
    dict
        ``suppression``, ``withheld``, and ``term`` as it stands with its marks anew.
    """
    hidden, wholes = hidden_cells(programme, connection)
    query = "SELECT finding FROM impact.finding WHERE programme = ?"
    findings = {name for (name,) in connection.execute(query, [programme.id]).fetchall()}
    cells = to_frame(Suppression, [_written(programme, cell, findings) for cell in hidden])
    of_effects = cells["arm"] == EFFECT
    values = set(cells.loc[~of_effects, "finding"].dropna())
    suppressed = cells[~of_effects | ~cells["finding"].isin(values)]  # of its effect nothing is said then
    touched = {cell.indicator.contract for cell in hidden}
    withheld = withheld_counts(programme, connection, touched, wholes)
    terms = _marked_terms(programme, connection, set(suppressed["finding"].dropna()))
    return {"suppression": suppressed, "withheld": withheld, "term": terms}


def _written(programme: Programme, hidden: Hidden, findings: set[str]) -> Suppression:
    """Return a hidden cell as it is stored: with the finding in which it shows, and which promises rest on it."""
    indicator, cell = hidden.indicator, hidden.cell
    baseline, target = indicator.ex_ante.baseline, indicator.ex_ante.target
    baseline_wave = baseline.wave if baseline else None
    finding = cell.part.id(programme.id, indicator.id)
    waves = (indicator.ex_post.wave or "", baseline_wave)
    is_in_finding = finding in findings and cell.wave in waves
    hides_baseline = is_in_finding and baseline_wave is not None
    return Suppression(
        programme=programme.id,
        indicator=indicator.id,
        arm=Arm(cell.arm),
        **cell.part.fields(),
        wave=cell.wave,
        reason=hidden.reason,
        minimum=programme.header.disclosure.minimum,
        finding=finding if is_in_finding else None,
        hides_baseline=hides_baseline,
        hides_target=hides_baseline and target is not None and target.change is not None,
    )


def _marked_terms(programme: Programme, connection: duckdb.DuckDBPyConnection, hidden: set[str]) -> pd.DataFrame:
    """Mark the terms that name few persons, or a group whose own finding is suppressed."""
    terms = connection.execute(_TERMS, [programme.id]).df()
    sentences = decoded("term", terms)
    for indicator in programme.indicators:
        of_indicator = sentences[sentences["indicator"] == indicator.id]
        marks = _marks(programme, indicator, of_indicator, hidden)
        terms.loc[of_indicator.index, "suppressed"] = marks
    return terms.drop(columns="total")


_TERMS = """SELECT t.*, f.n_obs AS total FROM impact.term t JOIN impact.finding f USING (finding)
WHERE t.programme = ? ORDER BY finding, place"""


def _marks(programme: Programme, indicator: Indicator, terms: pd.DataFrame, hidden: set[str]) -> pd.Series:
    """Return for each term '' or the reason why it may not leave."""
    marks = pd.Series("", index=terms.index)
    _, *scaled = programme.with_scaled(indicator)
    if programme.contracts[indicator.contract].person and not of_series(indicator):
        waves, minimum = waves_of(programme, indicator), programme.header.disclosure.minimum
        for _, family in terms[terms["n_obs"].notna()].groupby(["finding", "family"], sort=False):
            marks.loc[family.index] = _family_marks(family, waves, minimum)
    for carried in scaled:
        findings = f"{programme.id}/{carried.id}/" + terms["term"].map(str)
        of_hidden_group = (terms["family"] == OF_GROUPS) & findings.isin(hidden)
        marks = marks.mask(of_hidden_group, Reason.FEW)
    return marks


def _family_marks(family: pd.DataFrame, waves: int, minimum: int) -> pd.Series:
    """Return the marks of the terms of a family; of those that leave one out, by how many that is."""
    counted = family["n_obs"]
    if family["family"].iloc[0] == LEFT_OUT:
        counted = family["total"] - counted
    persons = -(-counted // waves)  # rounded up
    few = _few_terms(persons.astype("int64").tolist(), minimum)
    return pd.Series(few, index=family.index)


def _few_terms(counts: list[int], minimum: int) -> list[str]:
    """Return which of the terms of a family are few, and which others would give them away by their sum."""
    total = sum(counts)
    keys = [("", "", ""), *(("", "term", str(number)) for number in range(len(counts)))]
    table = cell_table(keys, [total, *counts], [total, *counts], {})
    hidden, few = suppress(table, minimum), table.few(minimum)
    reasons = (Reason.FEW if small else Reason.COMPLEMENT for small in few)
    marks = [reason if off else "" for off, reason in zip(hidden, reasons, strict=True)]
    return marks[1:]


# ---- tables without it ----------------------------------------------------------------------------------------------


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


def protect_behind(frame: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Return diagnostics or terms without those of suppressed findings, and without terms on few persons.

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
    return of_open.reset_index(drop=True)


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
