"""What is counted beside the tables leaves only where it tells of no hidden cell: files, answers, persons who return.

A small project may have a file of its own, a wave of its own, or questions of its own. What each contract withholds is
written at the end of a run (:func:`withheld_counts`); readers pass side tables through the other functions. The holder
of the database, at the command line and in Python, sees all of it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import pandas as pd

from impact.declare import Programme
from impact.declare.contracts import Contract
from impact.publish.inventory import ANSWERS, OF_CLAIMS, OF_FILES, RETURNED
from impact.publish.trace import Trace, TracedFile
from impact.sql import EVERY_COLUMN, Select, as_text, ident
from impact.states import ClaimState
from impact.store import Warehouse
from impact.tables.part import of_whole
from impact.tables.results import Linkage

LINES, FEW, FILES, WAVE, ANSWERED = "lines", "few", "files", "wave", "answered"
"""What a contract withholds. ``lines``: which rows; of every contract with persons. ``few``: counts below the minimum
that stand beside what is published; where any of its cells is hidden. ``files``: what is counted of its files; where
several files, or waves that are hidden, would tell a part by what the others leave. ``wave``: how many rows and persons
a wave has, where the whole of it is hidden. ``answered``: how many answered each question in a wave, where that is
hidden of the whole."""
Whole = tuple[str, str, str]
"""A contract and a wave of which the whole is hidden: all rows (``wave``), or those that ``answered``."""
COLUMNS = ["contract", "wave", "what"]
UNITS = (("units_reported", "units_expected"), ("baseline_reported", "baseline_expected"))
Counted = tuple[str, str, int]
_NOT_RECOMPUTED = {
    "state": ClaimState.NOT_RECOMPUTABLE.value,
    "reason_en": "not shown: few persons stand behind it, or it would tell of them",
    "reason_it": "non mostrato: riguarda poche persone, o le farebbe conoscere",
    "formula": "",
    "readings": "[]",
}
"""What a claim says in place of what records would tell of few persons."""


# ---- what is withheld ------------------------------------------------------------------------------------------------


def withheld_counts(
    programme: Programme, connection: duckdb.DuckDBPyConnection, touched: Collection[str], wholes: Collection[Whole]
) -> pd.DataFrame:
    """Return what each contract with persons withholds.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with the views of good rows in place.
    touched
        The contracts of which a cell is hidden.
    wholes
        Contracts and waves of which the whole is, and of what.
    """
    fed = {source.contract for source in programme.sources}
    of_persons = {name: contract for name, contract in programme.contracts.items() if contract.person and name in fed}
    counted = {name: _persons(connection, programme.id, contract) for name, contract in of_persons.items()}
    return decide_withheld(counted, touched, wholes, programme.header.disclosure.minimum)


def _persons(connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract) -> list[Counted]:
    """Count the persons of each file and of each wave."""
    wave = f"coalesce({as_text(contract.wave)}, '')" if contract.wave else "''"
    counted = {
        "kind": "CASE grouping(_source) WHEN 0 THEN 'file' ELSE 'wave' END",
        "place": "coalesce(_source, wave)",
        "persons": f"count(DISTINCT {ident(contract.person or '')})",
    }
    rows = Select({**EVERY_COLUMN, "wave": wave}, ident(programme, contract.id))
    query = Select(counted, rows, group=("GROUPING SETS ((_source), (wave))",))
    return connection.execute(query.sql()).fetchall()


def decide_withheld(
    counted: Mapping[str, Sequence[Counted]],
    touched: Collection[str],
    wholes: Collection[Whole],
    minimum: int,
) -> pd.DataFrame:
    """Decide what contracts withhold; pure.

    Parameters
    ----------
    counted
        Of each contract with persons: ``file`` or ``wave``, its name, the persons in it.
    touched, wholes, minimum
        As for :func:`withheld_counts`, and the smallest number of persons that is shown.
    """
    rows: list[tuple[str, str, str]] = []
    for contract, counts in counted.items():
        few = {(kind, name) for kind, name, persons in counts if 0 < persons < minimum}
        waves = {name for kind, name in few if kind == WAVE} | _hidden_waves(wholes, contract, WAVE)
        rows.append((contract, "", LINES))
        if not (few or waves or contract in touched):
            continue
        rows.append((contract, "", FEW))
        n_files = sum(kind == "file" for kind, _, _ in counts)
        if n_files > 1 or waves:
            rows.append((contract, "", FILES))
        rows += [(contract, wave, WAVE) for wave in sorted(waves)]
        rows += [(contract, wave, ANSWERED) for wave in sorted(_hidden_waves(wholes, contract, ANSWERED))]
    return pd.DataFrame(rows, columns=COLUMNS)


def _hidden_waves(wholes: Collection[Whole], contract: str, what: str) -> set[str]:
    return {wave for name, wave, of in wholes if (name, of) == (contract, what)}


def withheld_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return what contracts withhold, a row each, with the smallest number of persons that is shown."""
    return warehouse.frame(
        "SELECT w.*, p.minimum FROM impact.withheld w JOIN impact.programme p USING (programme)"
        " WHERE $1 IS NULL OR programme = $1 ORDER BY programme, contract, what, wave",
        [programme],
    )


# ---- tables without it -----------------------------------------------------------------------------------------------


def protect_files(files: pd.DataFrame, withheld: pd.DataFrame) -> pd.DataFrame:
    """Return files without what is counted of them, where their contract withholds it."""
    counts = [name for name in OF_FILES if name in files]
    closed = _withholds(files, withheld, FILES)
    return _emptied(files, counts, closed)


def protect_answers(answers: pd.DataFrame, withheld: pd.DataFrame) -> pd.DataFrame:
    """Return answers without rows of hidden waves, and without any count of a column of which one is of few."""
    closed = _withholds(answers, withheld, WAVE, by_wave=True)
    hidden = closed | _withholds(answers, withheld, ANSWERED, by_wave=True)
    hidden |= _few(answers, ANSWERS, withheld)
    rows, *counts = ANSWERS
    emptied = _emptied(answers, counts, hidden)
    return _emptied(emptied, [rows], closed)


def protect_returned(returned: pd.DataFrame, withheld: pd.DataFrame) -> pd.DataFrame:
    """Return who came back without hidden waves, those that follow them, and rows of which one count is of few."""
    closed = _withholds(returned, withheld, WAVE, by_wave=True)
    earlier_wave = returned["since"].fillna("\0")
    since = returned.assign(wave=earlier_wave)
    hidden = closed | _withholds(since, withheld, WAVE, by_wave=True)
    hidden |= _few(returned, RETURNED, withheld)
    persons, *counts = RETURNED
    emptied = _emptied(returned, counts, hidden)
    return _emptied(emptied, [persons], closed)


def protect_missing(
    frame: pd.DataFrame, withheld: pd.DataFrame, contracts: Mapping[tuple[str, str], str]
) -> pd.DataFrame:
    """Return measures or findings without the number of those who lack a value, where few do or it would tell of rows.

    With it the rows of a part are known, which may be hidden for another variable's sake: of parts it leaves only where
    nothing of the contract is hidden.

    Parameters
    ----------
    frame
        With ``programme``, ``indicator`` and what cuts it.
    withheld
        As :func:`withheld_table` returns it.
    contracts
        Of each programme and indicator.
    """
    indicators = zip(frame["programme"], frame["indicator"], strict=True)
    counted = frame.assign(contract=[contracts.get(indicator, "") for indicator in indicators])
    of_cuts = ~of_whole(frame) & _withholds(counted, withheld, FEW)
    if "n_missing" in counted:
        counted = _without_missing(counted, withheld, of_cuts)
    for units in UNITS:
        if units[0] in counted:
            counted = _without_units(counted, withheld, of_cuts, units)
    return counted.drop(columns="contract")


def protect_missing_by_period(
    frame: pd.DataFrame, withheld: pd.DataFrame, contracts: Mapping[str, str]
) -> pd.DataFrame:
    """Return values by period without the number of those who lack a value, where anything of the contract is hidden.

    Periods add up, and parts: what a few lack in one of them is what the others leave of a longer one.

    Parameters
    ----------
    frame
        Of one programme, with ``programme``, ``indicator`` and ``n_missing``.
    withheld
        As :func:`withheld_table` returns it.
    contracts
        Of each indicator.
    """
    counted = frame.assign(contract=frame["indicator"].map(contracts).fillna(""))
    closed = _withholds(counted, withheld, FEW) & _above_zero(frame["n_missing"])
    return _emptied(frame, ["n_missing"], closed)


def _without_missing(counted: pd.DataFrame, withheld: pd.DataFrame, of_cuts: pd.Series) -> pd.DataFrame:
    closed = of_cuts | _withholds(counted, withheld, WAVE, by_wave=True)
    closed &= _above_zero(counted["n_missing"])
    closed |= _few(counted, ["n_missing"], withheld)
    return _emptied(counted, ["n_missing"], closed)


def _without_units(
    counted: pd.DataFrame, withheld: pd.DataFrame, of_cuts: pd.Series, units: tuple[str, str]
) -> pd.DataFrame:
    """Return rows without how many units reported and were expected, where those that did not could be told."""
    reported, expected = units
    lacking = counted.assign(lacking=counted[expected] - counted[reported])
    closed = of_cuts & _above_zero(lacking["lacking"])
    closed |= _few(lacking, ["lacking"], withheld)
    return _emptied(counted, units, closed)


@dataclass(frozen=True)
class _PersonRows:
    """Rows about persons that a claim's number comes from.

    Parameters
    ----------
    rows, minimum
        How many they are, and the smallest number that is shown.
    withheld
        Whether counts of their contract are withheld.
    """

    rows: int
    minimum: int
    withheld: bool

    @property
    def tell_of_few(self) -> bool:
        """Whether what is computed from them would tell of few persons."""
        return self.withheld or 0 < self.rows < self.minimum


def _above_zero(counts: pd.Series) -> pd.Series:
    return pd.Series((pd.to_numeric(counts) > 0).fillna(value=False).to_numpy(dtype=bool), index=counts.index)


def protect_categories(categories: pd.DataFrame, withheld: pd.DataFrame) -> pd.DataFrame:
    """Return unknown categories without those that few rows about persons hold."""
    return categories[~_few(categories, ["rows"], withheld, what=LINES)].reset_index(drop=True)


def protect_claims(claims: pd.DataFrame, withheld: pd.DataFrame, *, rows: bool) -> pd.DataFrame:
    """Return claims without what records give, where that would tell of few persons.

    Parameters
    ----------
    claims
        Rows of :class:`impact.tables.process.Claim`.
    withheld
        As :func:`withheld_table` returns it.
    rows
        Whether the reader may see rows: which keys a number comes from, is told.
    """
    used = _person_rows(claims, withheld)
    closed = _flags(claims, (any(leaf.tell_of_few for leaf in leaves) for leaves in used))
    unkeyed = closed | _flags(claims, (bool(leaves) and not rows for leaves in used))
    emptied = _emptied(claims, OF_CLAIMS, closed)
    masked = {name: emptied[name].mask(closed, text) for name, text in _NOT_RECOMPUTED.items()}
    return emptied.assign(**masked, rows_used=emptied["rows_used"].mask(unkeyed, "[]"))


def _person_rows(claims: pd.DataFrame, withheld: pd.DataFrame) -> list[list[_PersonRows]]:
    """Return for each claim the rows about persons that it comes from."""
    limits, touched = _limits(withheld, LINES), _limits(withheld, FEW)
    used: list[list[_PersonRows]] = []
    for programme, text in zip(claims["programme"], claims["rows_used"], strict=True):
        leaves = json.loads(text) if isinstance(text, str) else []
        used.append([])
        for leaf in leaves:
            contract = (programme, leaf.get("contract"))
            if contract in limits:
                used[-1].append(_PersonRows(leaf["rows"], limits[contract], contract in touched))
    return used


def protect_trace(trace: Trace, withheld: pd.DataFrame, *, rows: bool) -> Trace:
    """Return the path of a number without lines and counts that its contracts withhold.

    Parameters
    ----------
    trace
        As :func:`impact.publish.trace_finding` tells it.
    withheld
        Of its programme.
    rows
        Whether the reader may see rows.
    """
    limits = {contract: minimum for (_, contract), minimum in _limits(withheld, FEW).items()}
    minimum = limits.get(trace.declared["contract"], 0)
    linkage = tuple(link for link in trace.linkage if not _is_of_few(link, minimum))
    files = tuple(_file(file, withheld, rows=rows) for file in trace.files)
    return replace(trace, linkage=linkage, files=files)


def _is_of_few(link: Linkage, minimum: int) -> bool:
    return any(0 < persons < minimum for persons in (link.linked, link.lost, link.new))


def _file(file: TracedFile, withheld: pd.DataFrame, *, rows: bool) -> TracedFile:
    of_contract = withheld["contract"] == file.load.contract
    kinds = set(withheld.loc[of_contract, "what"])
    protected = replace(file, counted=FILES not in kinds)
    if FEW in kinds:
        return without_rows(protected)
    if LINES in kinds and not rows:
        return replace(protected, first_lines=())
    return protected


def without_rows(file: TracedFile) -> TracedFile:
    """Return a file without its rows used: hidden cells could be told from them."""
    return replace(file, rows_used=None, first_lines=())


def _limits(withheld: pd.DataFrame, what: str) -> dict[tuple[str, str], int]:
    """Return the minimum of each programme and contract that withholds something."""
    rows = withheld[withheld["what"] == what]
    contracts = zip(rows["programme"], rows["contract"], strict=True)
    minimums = map(int, rows["minimum"])
    return dict(zip(contracts, minimums, strict=True))


def _withholds(frame: pd.DataFrame, withheld: pd.DataFrame, what: str, *, by_wave: bool = False) -> pd.Series:
    """Return which rows are of a contract (and wave) that withholds something."""
    by = ["programme", "contract"]
    if by_wave:
        by.append("wave")
    closing = withheld[withheld["what"] == what]
    closed = set(_tuples(closing[by]))
    rows = _tuples(frame[by])
    return _flags(frame, (row in closed for row in rows))


def _tuples(frame: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    return frame.itertuples(index=False, name=None)


def _flags(frame: pd.DataFrame, values: Iterable[bool]) -> pd.Series:
    return pd.Series(list(values), index=frame.index, dtype=bool)


def _few(frame: pd.DataFrame, names: Sequence[str], withheld: pd.DataFrame, *, what: str = FEW) -> pd.Series:
    """Return which rows have a count below the minimum, of a contract that withholds those."""
    minimum = _minimum_of(frame, withheld, what)
    counts = frame[list(names)].apply(pd.to_numeric)
    few = (counts > 0) & counts.lt(minimum, axis=0)
    certain = few.fillna(value=False).to_numpy(dtype=bool)
    return _flags(frame, certain.any(axis=1))


def _minimum_of(frame: pd.DataFrame, withheld: pd.DataFrame, what: str) -> pd.Series:
    """Return for each row the smallest number of persons that its contract shows; 0 where it withholds nothing."""
    limits = _limits(withheld, what)
    contracts = zip(frame["programme"], frame["contract"], strict=True)
    return pd.Series([limits.get(contract, 0) for contract in contracts], index=frame.index, dtype="int64")


def _emptied(frame: pd.DataFrame, names: Sequence[str], closed: pd.Series) -> pd.DataFrame:
    """Return a frame without what some rows hold in some columns; whole numbers stay whole."""
    if not closed.any():
        return frame
    integers = [name for name in names if pd.api.types.is_integer_dtype(frame[name])]
    typed = frame.astype(dict.fromkeys(integers, "Int64"))
    return typed.assign(**{name: typed[name].mask(closed) for name in names})
