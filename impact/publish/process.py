"""The process leaves as the shared contracts hold it: phases, deliveries, where each project went; and what is due."""

from __future__ import annotations

import datetime

import duckdb
import numpy as np
import pandas as pd

from impact.declare import Programme, in_language, last_day
from impact.declare.contracts import NUMERIC, Contract
from impact.publish.tables import findings_table, read_table
from impact.publish.territory import SEPARATOR
from impact.sql import Select, as_text, ident
from impact.states import UNDECIDED, AttainmentState, DueState
from impact.store import Warehouse
from impact.tables.milestones import Milestone
from impact.tables.part import part_codes
from impact.words.languages import Language

_SAID = ("document", "place", "quote")
SHARED = {
    "journey": ("project_id", "name", "territory", "challenge", "arrived", "next", *_SAID),
    "phase": (
        *("phase_id", "number", "title", "planned_start", "planned_end", "planned_precision"),
        *("actual_start", "actual_end", "actual_precision", "status", "gate", "gate_met", *_SAID, "status_quote"),
    ),
    "delivery": (
        *("activity_id", "kind", "phase_id", "project_id", "planned_count", "delivered_count"),
        *("planned_hours", "delivered_hours", "qualifier", "date", *_SAID, "planned_quote"),
    ),
}
"""Columns of the shared contracts that are published, the identifier first."""
_DATES = ("planned_start", "planned_end", "actual_start", "actual_end")
_LANGUAGES: tuple[Language, ...] = ("en", "it")
_NUMBERS = ("number", "planned_count", "delivered_count", "planned_hours", "delivered_hours")


def make_process(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Copy the good rows of the shared contracts :data:`SHARED`.

    A contract of the programme's own that goes by the same name and lacks these columns is left alone.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with the views of good rows in place.
    """
    return {name: _rows(programme, connection, name) for name in SHARED}


def _rows(programme: Programme, connection: duckdb.DuckDBPyConnection, name: str) -> pd.DataFrame:
    contract = programme.contracts.get(name)
    columns = {column.removesuffix("_id"): _expression(column) for column in SHARED[name]}
    if contract is None or not _is_shared(contract):
        rows = pd.DataFrame(columns=list(columns), dtype="str")
    else:
        identified = f"{ident(SHARED[name][0])} IS NOT NULL"
        query = Select(columns, ident(programme.id, name), where=(identified,))
        rows = connection.execute(query.sql()).df()
    if name != "delivery":
        return rows
    titles = _kind_titles(programme, rows["kind"])
    return rows.assign(**titles)


def _is_shared(contract: Contract) -> bool:
    """Tell whether a contract has the columns of the shared one, as dates and numbers where those are."""
    types = {name: column.type for name, column in contract.columns.items()}
    return all(_fits(name, types.get(name)) for name in SHARED[contract.id])


def _fits(name: str, type_: str | None) -> bool:
    if name in _DATES:
        return type_ == "date"
    if name in _NUMBERS:
        return type_ in NUMERIC
    return type_ is not None


def _expression(column: str) -> str:
    return ident(column) if column in (*_DATES, *_NUMBERS) else as_text(column)


def _kind_titles(programme: Programme, kinds: pd.Series) -> dict[str, pd.Series]:
    """Return the titles of kinds of activity in both languages; a code without a title stands for itself."""
    contract = programme.contracts.get("delivery")
    column = contract.columns.get("kind") if contract else None
    codelist = programme.codelists[column.codelist] if column and column.codelist else None
    items = codelist.codes if codelist else ()
    titles = {}
    for language in _LANGUAGES:
        title_of = {item.code: in_language(item.title, language) for item in items}
        titled = kinds.map(title_of)
        titles[f"kind_{language}"] = titled.fillna(kinds)
    return titles


def due_table(warehouse: Warehouse, programme: str | None = None, *, today: datetime.date) -> pd.DataFrame:
    """Return what was promised for a day: waves, milestones, targets and phases, the earliest first.

    A wave is done when a row or a value has it, a milestone or target when it is reached, a phase when it has ended.
    What is not done is late once its day has passed, open until then. What may or may not be reached stays open.

    Parameters
    ----------
    warehouse
        Open for reading.
    programme
        One programme; all by default.
    today
        The day to look from.

    Returns
    -------
    DataFrame
        ``programme``, ``kind`` (``wave``, ``milestone``, ``target``, ``phase``), ``id`` (of the wave, finding or
        phase), ``title_en``, ``title_it``, ``due`` (last day of the date), ``attainment`` (of a milestone or target),
        ``state`` (``done``, ``late``, ``open``).
    """
    dated = warehouse.frame(_PROMISED, [programme])
    promised = pd.concat([dated, _targets(warehouse, programme)], ignore_index=True)
    due = pd.to_datetime(promised["due"].map(last_day))
    is_done = promised["done"].astype(bool)
    is_open = promised["attainment"].isin(UNDECIDED)
    late = (due < pd.Timestamp(today)) & ~is_open
    state = np.select([is_done, late], [DueState.DONE, DueState.LATE], DueState.OPEN)
    due_rows = promised.drop(columns="done").assign(due=due, state=state)
    return due_rows.sort_values(["due", "programme", "kind", "id"], ignore_index=True)


_PROMISED = """SELECT programme, 'wave' AS kind, wave AS id, title_en, title_it, date AS due, NULL AS attainment,
  (programme, wave) IN (SELECT programme, wave FROM impact.quality)
  OR (programme, wave) IN (SELECT programme, wave FROM impact.measure WHERE value IS NOT NULL) AS done
FROM impact.wave WHERE $1 IS NULL OR programme = $1 UNION ALL
SELECT programme, 'phase', phase, coalesce(title, phase), coalesce(title, phase), CAST(planned_end AS VARCHAR), NULL,
  actual_end IS NOT NULL OR coalesce(status = 'done', FALSE)
FROM impact.phase WHERE ($1 IS NULL OR programme = $1) AND planned_end IS NOT NULL
  AND status IS DISTINCT FROM 'dropped'"""


def _targets(warehouse: Warehouse, programme: str | None) -> pd.DataFrame:
    """Return the findings that were promised for a day, and what was promised on the way."""
    findings = findings_table(warehouse, programme)
    steps = read_table(warehouse, Milestone, programme)
    on_the_way = steps.loc[steps["point"] == "milestone", ["finding", "due", "attainment"]]
    dated = on_the_way.assign(due=pd.to_datetime(on_the_way["due"]).dt.strftime("%Y-%m-%d"))
    milestones = dated.merge(findings.drop(columns=["due", "attainment"]), on="finding")
    return pd.concat([_titled(findings, "target"), _titled(milestones, "milestone")], ignore_index=True)


def _titled(findings: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return those that were promised for a day; a part carries its own title behind that of the whole."""
    has_target = findings["attainment"] != AttainmentState.NO_TARGET
    promised = findings[has_target & findings["due"].notna()]
    targets = promised[["programme", "due", "attainment"]].assign(kind=kind, id=promised["finding"])
    targets["done"] = targets["attainment"] == AttainmentState.REACHED
    code = part_codes(promised)
    untitled = code.where(code != "")
    for language in _LANGUAGES:
        cut_title = promised[f"part_{language}"].fillna(untitled)
        suffix = (SEPARATOR + cut_title).fillna("")
        targets[f"title_{language}"] = promised[f"title_{language}"] + suffix
    return targets
