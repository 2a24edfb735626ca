"""Nothing leaves that tells of a few persons: what is hidden is written at the end of a run.

:func:`make_disclosure` says which cells are hidden (:mod:`impact.publish.hidden`, and of what is reckoned from others
:mod:`impact.publish.hidden_values`) and what may not be counted beside them (:mod:`impact.publish.beside`); readers get
every table through :mod:`impact.publish.protect`. Only indicators whose contract declares a ``person`` are touched, and
what is reckoned from them.
"""

from __future__ import annotations

import duckdb
import pandas as pd

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.publish.beside import withheld_counts
from impact.publish.hidden import Hidden, hidden_cells, of_series, waves_of
from impact.publish.hidden_values import hidden_values
from impact.publish.totals import EFFECT, cell_table
from impact.states import Arm, Reason
from impact.statistics.suppression import suppress
from impact.store.sentences import decoded
from impact.tables.frames import to_frame
from impact.tables.protection import Suppression
from impact.words.said import Said

LEFT_OUT = Said("family.leave_one_out")
OF_GROUPS = Said("family.effect_those_reached")


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
    hidden += hidden_values(programme, connection, hidden)
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
