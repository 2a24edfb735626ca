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
    found, wholes = hidden_cells(programme, connection)
    query = "SELECT finding FROM impact.finding WHERE programme = ?"
    names = {name for (name,) in connection.execute(query, [programme.id]).fetchall()}
    cells = to_frame(Suppression, [_written(programme, each, names) for each in found])
    values = set(cells.loc[cells["arm"] != EFFECT, "finding"].dropna())
    hidden = cells[(cells["arm"] != EFFECT) | ~cells["finding"].isin(values)]  # of its effect nothing is said then
    beside = withheld_counts(programme, connection, {each.indicator.contract for each in found}, wholes)
    terms = _marked_terms(programme, connection, set(hidden["finding"].dropna()))
    return {"suppression": hidden, "withheld": beside, "term": terms}


def _written(programme: Programme, hidden: Hidden, findings: set[str]) -> Suppression:
    """Return a hidden cell as it is stored: with the finding in which it shows, and which promises rest on it."""
    indicator, cell = hidden.indicator, hidden.cell
    baseline, target = indicator.ex_ante.baseline, indicator.ex_ante.target
    before = baseline.wave if baseline else None
    name = cell.part.id(programme.id, indicator.id)
    shown = name in findings and cell.wave in (indicator.ex_post.wave or "", before)
    measured = shown and before is not None
    return Suppression(
        programme=programme.id,
        indicator=indicator.id,
        arm=Arm(cell.arm),
        **cell.part.fields(),
        wave=cell.wave,
        reason=hidden.reason,
        minimum=programme.header.disclosure.minimum,
        finding=name if shown else None,
        hides_baseline=measured,
        hides_target=measured and target is not None and target.change is not None,
    )


def _marked_terms(programme: Programme, connection: duckdb.DuckDBPyConnection, hidden: set[str]) -> pd.DataFrame:
    """Mark the terms that name few persons, or a group whose own finding is suppressed."""
    terms = connection.execute(
        "SELECT t.*, f.n_obs AS total FROM impact.term t JOIN impact.finding f USING (finding)"
        " WHERE t.programme = ? ORDER BY finding, place",
        [programme.id],
    ).df()
    said = decoded("term", terms)
    for indicator in programme.indicators:
        own = said[said["indicator"] == indicator.id]
        terms.loc[own.index, "suppressed"] = _marks(programme, indicator, own, hidden)
    return terms.drop(columns="total")


def _marks(programme: Programme, indicator: Indicator, terms: pd.DataFrame, hidden: set[str]) -> pd.Series:
    """Return for each term '' or the reason why it may not leave."""
    marks = pd.Series("", index=terms.index)
    own, *scaled = programme.with_scaled(indicator)
    if programme.contracts[own.contract].person and not of_series(own):
        for (_, family), found in terms[terms["n_obs"].notna()].groupby(["finding", "family"], sort=False):
            counted = found["total"] - found["n_obs"] if family == LEFT_OUT else found["n_obs"]
            persons = (-(-counted // waves_of(programme, own))).astype("int64").tolist()
            few = _few_terms(persons, programme.header.disclosure.minimum)
            marks.loc[found.index] = pd.Series(few, index=found.index)
    for other in scaled:
        named = f"{programme.id}/{other.id}/" + terms["term"].map(str)
        marks = marks.mask((terms["family"] == OF_GROUPS) & named.isin(hidden), Reason.FEW)
    return marks


def _few_terms(counts: list[int], minimum: int) -> list[str]:
    """Return which of the terms of a family are few, and which others would give them away by their sum."""
    keys = [("", "", ""), *(("", "term", str(place)) for place in range(len(counts)))]
    numbers = [sum(counts), *counts]
    table = cell_table(keys, numbers, numbers, {})
    hidden, few = suppress(table, minimum), table.few(minimum)
    reasons = (Reason.FEW if small else Reason.COMPLEMENT for small in few)
    return ["" if not off else reason for off, reason in zip(hidden, reasons, strict=True)][1:]


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
    shown = findings.assign(n=findings["n"].astype("Int64"), suppressed=_reasons(findings, suppressions, ["finding"]))
    hidden = shown["suppressed"] != ""
    shown = _without(shown, Finding.TABLE, hidden)
    for name in ("baseline", "target"):
        measured = suppressions.loc[suppressions[f"hides_{name}"].astype(bool), "finding"]
        shown[name] = shown[name].mask(hidden & shown["finding"].isin(measured.dropna()))
    order = shown.groupby(["programme", "indicator"], sort=False).ngroup()
    return shown.iloc[np.lexsort((hidden, order))].reset_index(drop=True)


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
    shown = measures.astype({"n": "Int64", "n_missing": "Int64"})
    shown["suppressed"] = _reasons(measures, suppressions, CELL)
    hidden = shown["suppressed"] != ""
    return _without(shown, Measure.TABLE, hidden)


def protect_behind(frame: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Return diagnostics or terms without those of suppressed findings, and without terms on few persons.

    Parameters
    ----------
    frame
        Rows of :class:`impact.tables.results.Diagnostic` or :class:`impact.tables.results.Term`.
    findings
        As :func:`protect_findings` returns them. What belongs to no finding among them is left out too.
    """
    shown = frame["finding"].isin(findings.loc[findings["suppressed"] == "", "finding"])
    if "suppressed" not in frame:
        return frame[shown].reset_index(drop=True)
    return frame[shown & (frame["suppressed"] == "")].drop(columns="suppressed").reset_index(drop=True)


def _reasons(frame: pd.DataFrame, suppressions: pd.DataFrame, by: list[str]) -> pd.Series:
    """Return for each row '' or why it is suppressed; of several reasons that few persons stand behind it."""
    worst = suppressions.sort_values("reason").dropna(subset=by).drop_duplicates(by, keep="last")
    found = frame[by].merge(worst[[*by, "reason"]], on=by, how="left")["reason"].fillna("")
    return found.set_axis(frame.index)


def _without(shown: pd.DataFrame, table: Table, hidden: pd.Series) -> pd.DataFrame:
    """Return a table's rows, hidden ones without what came from persons, by what each column holds."""
    return shown.assign(
        **{
            column.name: _masked(shown[column.name], column, hidden)
            for column in table.columns.values()
            if column.holds in FROM_PERSONS
        }
    )


def _masked(values: pd.Series, column: Column, hidden: pd.Series) -> pd.Series:
    """Return a column without its hidden values; counts may stand in what the engine says of them."""
    if column.holds == Holds.VERDICT:
        return values.mask(hidden, AttainmentState.SUPPRESSED.value)
    if column.nullable or column.holds != Holds.REMARK:
        return values.mask(hidden)
    if column.is_list:
        return pd.Series([[] if off else value for off, value in zip(hidden, values, strict=True)], index=values.index)
    return values.mask(hidden, "")
