"""Nothing leaves that tells of a few persons: which cells are hidden, and the tables without them.

At the end of a run :func:`renew_suppressions` writes which cells are hidden; readers pass every table through one of
the functions below. The rules are those of :mod:`impact.statistics.suppression`. Only indicators whose contract
declares a ``person`` are touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.judge.findings import finding_id
from impact.measure.persons import Cell, counts_persons, person_counts
from impact.publish.tables import read_table, renew_tables
from impact.statistics.suppression import Table, Total, suppress
from impact.store import Warehouse

EFFECT = "effect"
"""Stands for the arm of a cell that counts what an effect was estimated from."""
PART = ["scope", "scope_value", "group", "group_value"]
CELL = ["programme", "indicator", "arm", *PART, "wave"]
COLUMNS = [*CELL, "reason", "minimum", "finding", "hides_baseline", "hides_target"]
FROM_PERSONS = (
    "value", "conf_low", "conf_high", "n", "units_reported", "units_expected", "baseline_reported",
    "baseline_expected", "comparison", "comparison_baseline", "estimate", "std_error", "statistic",
    "p_value", "effect_low", "effect_high", "p_adjusted", "n_obs", "n_clusters", "inference", "not_estimable",
    "progress", "forecast_hit", "forecast_crps", "evidence_level",
)  # fmt: skip
"""What a finding does not say where it is suppressed, besides texts in which counts may stand."""
MEASURED = (
    "value",
    "std_error",
    "conf_low",
    "conf_high",
    "n",
    "n_missing",
    "units_reported",
    "units_expected",
    "n_clusters",
)
LEFT_OUT = "leave_one_out"
OF_GROUPS = "effect on those reached"
REPEATED = ("did", "panel", "staggered")
"""Designs whose ``n_obs`` counts a person once for each wave."""
SERIES = ("interrupted_time_series", "synthetic_control")
"""Designs whose ``n_obs`` counts units and waves, not persons."""
Key = tuple[str, str, str]
"""Arm, the column that cuts ('' for the whole) and its code."""


# ---- what is hidden -------------------------------------------------------------------------------------------------


def renew_suppressions(programme: Programme, warehouse: Warehouse) -> bool:
    """Find the cells that may not leave and write them where they differ from those published; tell whether they did.

    Parameters
    ----------
    programme
        As declared.
    warehouse
        In the run's transaction, with measures, parts, findings and terms written.
    """
    cells = [cell for indicator in _personal(programme) for cell in _hidden(programme, warehouse, indicator)]
    hidden = pd.DataFrame(cells, columns=COLUMNS)
    terms = _renew_terms(programme, warehouse, set(hidden["finding"].dropna()))
    return renew_tables(warehouse, programme.id, {"suppression": hidden}) or terms


def _personal(programme: Programme) -> list[Indicator]:
    return [one for one in programme.indicators if programme.contracts[one.contract].person]


def _hidden(programme: Programme, warehouse: Warehouse, indicator: Indicator) -> Iterator[dict[str, Any]]:
    """Yield the suppressed cells of an indicator."""
    minimum, findings = programme.header.disclosure.minimum, _finding_names(warehouse, programme.id, indicator.id)
    query = 'SELECT "column", code, parent FROM impact.part WHERE programme = ? AND indicator = ?'
    above = {(column, code): parent for column, code, parent in warehouse.rows(query, [programme.id, indicator.id])}
    for _, cells in _cells(programme, warehouse, indicator).groupby("wave", sort=False):
        rows = _records(cells)
        table = cell_table([_key(row) for row in rows], cells["n"].tolist(), cells["persons"].tolist(), above)
        hidden, few = suppress(table, minimum), table.few(minimum)
        for place in np.flatnonzero(hidden[: len(rows)]):
            reason = "few" if few[place] else "complement"
            cell = {name: rows[place][name] for name in CELL} | {"reason": reason, "minimum": minimum}
            yield cell | _shown_in(indicator, rows[place], findings)


def _cells(programme: Programme, warehouse: Warehouse, indicator: Indicator) -> pd.DataFrame:
    """Return what is counted of an indicator: rows behind its values, and those its effects were estimated from."""
    measured = warehouse.frame(
        "SELECT * FROM impact.measure WHERE programme = $1 AND indicator = $2 UNION ALL BY NAME"
        ' SELECT programme, indicator, $3 AS arm, scope, scope_value, "group", group_value, $4 AS wave, n_obs AS n'
        " FROM impact.finding WHERE programme = $1 AND indicator = $2 AND n_obs IS NOT NULL AND NOT $5"
        ' ORDER BY wave, arm, scope, "group", scope_value, group_value',
        [programme.id, indicator.id, EFFECT, indicator.ex_post.wave or "", _of_series(indicator)],
    )
    # a part that fell silent tells how many are awaited there
    behind = measured["n"].where(measured["n"] > 0, measured["units_expected"].fillna(0)).astype("int64")
    cells = measured[[*CELL, "n"]].assign(persons=behind)
    contract = programme.contracts[indicator.contract]
    if not counts_persons(indicator, contract):
        counted = person_counts(warehouse.connection, programme.id, contract, indicator)
        cells["persons"] = [counted.get(_place(row), row["n"]) for row in _records(cells)]
    return cells.assign(
        persons=cells["persons"].where(cells["arm"] != EFFECT, -(-cells["n"] // _waves(programme, indicator)))
    )


def _waves(programme: Programme, indicator: Indicator) -> int:
    """Return in how many waves one person may count among the observations of an effect."""
    design = indicator.ex_post.design
    if design is None or design.kind not in REPEATED:
        return 1
    return 2 if design.kind == "did" else max(len(programme.header.waves), 1)


def _records(cells: pd.DataFrame) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", cells.to_dict("records"))


def _place(row: Mapping[str, Any]) -> Cell:
    arm, column, code = _key(row)
    return arm, row["wave"], column, code


def _of_series(indicator: Indicator) -> bool:
    design = indicator.ex_post.design
    return design is not None and design.kind in SERIES


def _key(row: Mapping[str, Any]) -> Key:
    if row["scope"] != "programme":
        return row["arm"], row["scope"], row["scope_value"]
    return (row["arm"], "", "") if row["group"] == "all" else (row["arm"], row["group"], row["group_value"])


def cell_table(
    keys: Sequence[Key], counts: Sequence[int], persons: Sequence[int], above: Mapping[tuple[str, str], str | None]
) -> Table:
    """Return the cells of one indicator and wave with all that adds up among them.

    Codes add up to the code above them or to the whole, arms to all arms. What a total holds beyond its parts comes
    after the cells given: it is shown nowhere, but is known as soon as all parts are.

    Parameters
    ----------
    keys
        Arm, column and code of each cell.
    counts, persons
        Rows behind each, and different persons.
    above
        The code above each column and code, where it has one.

    Examples
    --------
    >>> table = cell_table([("", "", ""), ("", "sex", "f")], [12, 9], [12, 9], {})
    >>> table.totals, table.counts.tolist()
    ((Total(whole=0, parts=(1, 2)),), [12, 9, 3])
    """
    numbers, people, totals = list(counts), list(persons), []
    for whole, parts in _sums(keys, above):
        rest = numbers[whole] - sum(numbers[part] for part in parts)
        if rest < 0:  # parts that overlap: nothing can be computed from them
            continue
        if rest:
            numbers.append(rest)
            people.append(rest)
        totals.append(Total(whole, (*parts, len(numbers) - 1) if rest else tuple(parts)))
    shown = np.arange(len(numbers)) < len(keys)
    return Table(np.array(numbers, dtype=np.int64), np.array(people, dtype=np.int64), shown, tuple(totals))


def _sums(keys: Sequence[Key], above: Mapping[tuple[str, str], str | None]) -> list[tuple[int, list[int]]]:
    places = {key: place for place, key in enumerate(keys)}
    parts: dict[tuple[Key, str], list[int]] = {}
    for (arm, column, code), place in places.items():
        if column:
            upper = (arm, column, above.get((column, code)) or "")
            parts.setdefault((upper if upper in places else (arm, "", ""), column), []).append(place)
        if arm not in ("", EFFECT):
            parts.setdefault((("", column, code), EFFECT), []).append(place)
    return [(places[whole], found) for (whole, _), found in parts.items() if whole in places]


def _finding_names(warehouse: Warehouse, programme: str, indicator: str) -> set[str]:
    query = "SELECT finding FROM impact.finding WHERE programme = ? AND indicator = ?"
    return {name for (name,) in warehouse.rows(query, [programme, indicator])}


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


def _renew_terms(programme: Programme, warehouse: Warehouse, hidden: set[str]) -> bool:
    """Mark the terms that name few persons, or a group whose own finding is suppressed; tell whether marks changed."""
    terms = warehouse.frame(
        "SELECT t.*, f.n_obs AS total FROM impact.term t JOIN impact.finding f USING (finding)"
        " WHERE t.programme = ? ORDER BY finding, place",
        [programme.id],
    )
    changed = []
    for indicator in programme.indicators:
        own = terms[terms["indicator"] == indicator.id]
        marks = _marks(programme, indicator, own, hidden)
        stale = own["suppressed"] != marks
        changed += list(zip(marks[stale], own.loc[stale, "finding"], own.loc[stale, "place"], strict=True))
    for mark, finding, place in changed:
        warehouse.connection.execute(
            "UPDATE impact.term SET suppressed = ? WHERE finding = ? AND place = ?", [mark, finding, int(place)]
        )
    return bool(changed)


def _marks(programme: Programme, indicator: Indicator, terms: pd.DataFrame, hidden: set[str]) -> pd.Series:
    """Return for each term '' or the reason why it may not leave."""
    marks = pd.Series("", index=terms.index)
    own, *scaled = programme.behind(indicator)
    if programme.contracts[own.contract].person and not _of_series(own):
        for (_, family), found in terms[terms["n_obs"].notna()].groupby(["finding", "family"]):
            counted = found["total"] - found["n_obs"] if family == LEFT_OUT else found["n_obs"]
            persons = (-(-counted // _waves(programme, own))).astype("int64").tolist()
            few = _few_terms(persons, programme.header.disclosure.minimum)
            marks.loc[found.index] = pd.Series(few, index=found.index)
    for other in scaled:
        named = f"{programme.id}/{other.id}/" + terms["term"]
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
