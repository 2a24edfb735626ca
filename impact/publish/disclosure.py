"""Nothing leaves that tells of a few persons: what is hidden is written at the end of a run, tables leave without it.

:func:`make_disclosure` says which cells are hidden (:mod:`impact.publish.hidden`) and what may not be counted
beside them (:mod:`impact.publish.beside`); readers pass every table through one of the functions below. Only
indicators whose contract declares a ``person`` are touched. What each column holds stands in
:mod:`impact.publish.inventory`.
"""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.judge.findings import finding_id
from impact.publish.beside import withheld_counts
from impact.publish.hidden import CELL, Hidden, hidden_cells, of_series, waves_of
from impact.publish.inventory import FROM_PERSONS, MEASURED
from impact.publish.tables import read_table
from impact.publish.totals import EFFECT, cell_table
from impact.statistics.suppression import suppress
from impact.store import Warehouse
from impact.store.sentences import decoded
from impact.words.said import Said

COLUMNS = [*CELL, "reason", "minimum", "finding", "hides_baseline", "hides_target"]
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
    cells = pd.DataFrame([_written(programme, each, names) for each in found], columns=COLUMNS)
    values = set(cells.loc[cells["arm"] != EFFECT, "finding"].dropna())
    hidden = cells[(cells["arm"] != EFFECT) | ~cells["finding"].isin(values)]  # of its effect nothing is said then
    beside = withheld_counts(programme, connection, {each.indicator.contract for each in found}, wholes)
    terms = _marked_terms(programme, connection, set(hidden["finding"].dropna()))
    return {"suppression": hidden, "withheld": beside, "term": terms}


def _written(programme: Programme, hidden: Hidden, findings: set[str]) -> dict[str, Any]:
    cell = {name: hidden.row[name] for name in CELL} | {"reason": hidden.reason}
    return cell | {"minimum": programme.header.disclosure.minimum} | _shown_in(hidden.indicator, hidden.row, findings)


def _shown_in(indicator: Indicator, row: dict[str, Any], findings: set[str]) -> dict[str, Any]:
    """Return the finding in which a cell shows, and which of its promises were reckoned from measured values."""
    baseline, target = indicator.ex_ante.baseline, indicator.ex_ante.target
    before = baseline.wave if baseline else None
    name = finding_id(row["programme"], row)
    shown = name in findings and row["wave"] in (indicator.ex_post.wave or "", before)
    measured = shown and before is not None
    return {
        "finding": name if shown else None,
        "hides_baseline": measured,
        "hides_target": measured and target is not None and target.change is not None,
    }


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
    own, *scaled = programme.behind(indicator)
    if programme.contracts[own.contract].person and not of_series(own):
        for (_, family), found in terms[terms["n_obs"].notna()].groupby(["finding", "family"], sort=False):
            counted = found["total"] - found["n_obs"] if family == LEFT_OUT else found["n_obs"]
            persons = (-(-counted // waves_of(programme, own))).astype("int64").tolist()
            few = _few_terms(persons, programme.header.disclosure.minimum)
            marks.loc[found.index] = pd.Series(few, index=found.index)
    for other in scaled:
        named = f"{programme.id}/{other.id}/" + terms["term"].map(str)
        marks = marks.mask((terms["family"] == OF_GROUPS) & named.isin(hidden), "few")
    return marks


def _few_terms(counts: list[int], minimum: int) -> list[str]:
    """Return which of the terms of a family are few, and which others would give them away by their sum."""
    keys = [("", "", ""), *(("", "term", str(place)) for place in range(len(counts)))]
    numbers = [sum(counts), *counts]
    table = cell_table(keys, numbers, numbers, {})
    hidden, few = suppress(table, minimum), table.few(minimum)
    return ["" if not off else "few" if small else "complement" for off, small in zip(hidden, few, strict=True)][1:]


# ---- tables without it ----------------------------------------------------------------------------------------------


def suppressions_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the cells that are hidden and why, a row each."""
    order = 'programme, indicator, arm, scope, "group", scope_value, group_value, wave'
    return read_table(warehouse, "suppression", programme, order)


def protect_findings(findings: pd.DataFrame, suppressions: pd.DataFrame) -> pd.DataFrame:
    """Return findings without the numbers of those that rest on a hidden cell.

    Parameters
    ----------
    findings
        As :func:`impact.publish.findings_table` returns them.
    suppressions
        As :func:`suppressions_table` returns them, of the same programmes or more.

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
    for name in FROM_PERSONS:
        shown[name] = shown[name].mask(hidden)
    for name in ("baseline", "target"):
        measured = suppressions.loc[suppressions[f"hides_{name}"].astype(bool), "finding"]
        shown[name] = shown[name].mask(hidden & shown["finding"].isin(measured.dropna()))
    for name in ("attainment", "contribution", "progress_state"):
        shown[name] = shown[name].mask(hidden, "suppressed")
    shown["evidence_reason"] = shown["evidence_reason"].mask(hidden, "")
    order = shown.groupby(["programme", "indicator"], sort=False).ngroup()
    return _without_remarks(shown, hidden).iloc[np.lexsort((hidden, order))].reset_index(drop=True)


def protect_measures(measures: pd.DataFrame, suppressions: pd.DataFrame) -> pd.DataFrame:
    """Return measures without the numbers of hidden cells, in the order given.

    Parameters
    ----------
    measures
        As :func:`impact.publish.measure_table` returns them.
    suppressions
        As :func:`suppressions_table` returns them, of the same programmes or more.

    Returns
    -------
    DataFrame
        With the column ``suppressed``: '', ``few`` or ``complement``. ``n`` and ``n_missing`` are Int64.
    """
    shown = measures.astype({"n": "Int64", "n_missing": "Int64"})
    shown["suppressed"] = _reasons(measures, suppressions, CELL)
    hidden = shown["suppressed"] != ""
    for name in MEASURED:
        shown[name] = shown[name].mask(hidden)
    return _without_remarks(shown, hidden)


def protect_behind(frame: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Return diagnostics or terms without those of suppressed findings, and without terms on few persons.

    Parameters
    ----------
    frame
        As :func:`impact.publish.diagnostics_table` or :func:`impact.publish.terms_table` returns it.
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


def _without_remarks(shown: pd.DataFrame, hidden: pd.Series) -> pd.DataFrame:
    """Leave out what is said about hidden values: counts may stand in it."""
    flags = [[] if off else said for off, said in zip(hidden, shown["flags"], strict=True)]
    return shown.assign(method=shown["method"].mask(hidden, ""), flags=flags)
