"""What is counted beside the tables leaves only where it tells of no hidden cell: files, answers, persons who return.

A small project may have a file of its own, a wave of its own, or questions of its own. What each contract withholds is
written at the end of a run (:func:`withheld_counts`); readers pass side tables through the other functions. The holder
of the database, at the command line and in Python, sees all of it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

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
_NOT_SHOWN = {
    "en": "not shown: few persons stand behind it, or it would tell of them",
    "it": "non mostrato: riguarda poche persone, o le farebbe conoscere",
}


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
    counted = {
        name: _persons(connection, programme.id, contract)
        for name, contract in programme.contracts.items()
        if contract.person and name in fed
    }
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
    for name, places in counted.items():
        few = {(kind, place) for kind, place, persons in places if 0 < persons < minimum}
        off = {(wave, what) for owner, wave, what in wholes if owner == name}
        hidden = {place for kind, place in few if kind == WAVE} | {wave for wave, what in off if what == WAVE}
        rows.append((name, "", LINES))
        if name in touched or few or hidden:
            several = sum(kind == "file" for kind, _, _ in places) > 1
            rows += [(name, "", FEW), *([(name, "", FILES)] if several or hidden else [])]
            rows += [(name, place, WAVE) for place in sorted(hidden)]
            rows += [(name, wave, what) for wave, what in sorted(off) if what == ANSWERED]
    return pd.DataFrame(rows, columns=COLUMNS)


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
    closed = _named(files, withheld, FILES)
    return _emptied(files, [name for name in OF_FILES if name in files], closed)


def protect_answers(answers: pd.DataFrame, withheld: pd.DataFrame) -> pd.DataFrame:
    """Return answers without rows of hidden waves, and without any count of a column of which one is of few."""
    closed = _named(answers, withheld, WAVE, by_wave=True)
    few = _few(answers, ANSWERS, withheld) | _named(answers, withheld, ANSWERED, by_wave=True)
    return _emptied(_emptied(answers, ANSWERS[1:], closed | few), ANSWERS[:1], closed)


def protect_returned(returned: pd.DataFrame, withheld: pd.DataFrame) -> pd.DataFrame:
    """Return who came back without hidden waves, those that follow them, and rows of which one count is of few."""
    closed = _named(returned, withheld, WAVE, by_wave=True)
    followed = _named(returned.assign(wave=returned["since"].fillna("\0")), withheld, WAVE, by_wave=True)
    few = _few(returned, RETURNED, withheld)
    return _emptied(_emptied(returned, RETURNED[1:], closed | followed | few), RETURNED[:1], closed)


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
    places = zip(frame["programme"], frame["indicator"], strict=True)
    counted = frame.assign(contract=[contracts.get(place, "") for place in places])
    part = ~of_whole(frame) & _named(counted, withheld, FEW)
    if "n_missing" in counted:
        closed = part | _named(counted, withheld, WAVE, by_wave=True)
        counted = _emptied(
            counted,
            ["n_missing"],
            _few(counted, ["n_missing"], withheld) | (closed & _above_zero(counted["n_missing"])),
        )
    for reported, expected in (pair for pair in UNITS if pair[0] in counted):
        lacking = counted.assign(lacking=counted[expected] - counted[reported])
        closed = _few(lacking, ["lacking"], withheld) | (part & _above_zero(lacking["lacking"]))
        counted = _emptied(counted, [reported, expected], closed)
    return counted.drop(columns="contract")


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
    used = [json.loads(text) if isinstance(text, str) else [] for text in claims["rows_used"]]
    limits = _limits(withheld, LINES)
    of_persons = [[leaf for leaf in leaves if (name, leaf.get("contract")) in limits]
                  for name, leaves in zip(claims["programme"], used, strict=True)]  # fmt: skip
    touched = set(_limits(withheld, FEW))
    closed = pd.Series(
        [
            any(
                (name, leaf["contract"]) in touched or 0 < leaf["rows"] < limits[name, leaf["contract"]]
                for leaf in leaves
            )
            for name, leaves in zip(claims["programme"], of_persons, strict=True)
        ],
        index=claims.index,
        dtype=bool,
    )
    claims_left = _emptied(claims, OF_CLAIMS, closed)
    said = {
        f"reason_{language}": claims_left[f"reason_{language}"].mask(closed, text)
        for language, text in _NOT_SHOWN.items()
    }
    emptied = {name: claims_left[name].mask(closed, text) for name, text in (("formula", ""), ("readings", "[]"))}
    claims_left = claims_left.assign(
        state=claims_left["state"].mask(closed, ClaimState.NOT_RECOMPUTABLE.value), **emptied, **said
    )
    keyed = pd.Series([bool(leaves) and not rows for leaves in of_persons], index=claims.index, dtype=bool)
    return claims_left.assign(rows_used=claims_left["rows_used"].mask(closed | keyed, "[]"))


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
    limits = {name: minimum for (_, name), minimum in _limits(withheld, FEW).items()}
    minimum = limits.get(trace.declared["contract"], 0)
    links = [link for link in trace.linkage if not any(0 < n < minimum for n in (link.linked, link.lost, link.new))]
    files = tuple(_file(file, withheld, rows=rows) for file in trace.files)
    return replace(trace, linkage=tuple(links), files=files)


def _file(file: TracedFile, withheld: pd.DataFrame, *, rows: bool) -> TracedFile:
    of_contract = set(withheld.loc[withheld["contract"] == file.load.contract, "what"])
    file = replace(file, counted=FILES not in of_contract)
    if FEW in of_contract:
        return without_rows(file)
    return replace(file, first_lines=()) if LINES in of_contract and not rows else file


def without_rows(file: TracedFile) -> TracedFile:
    """Return a file without its rows used: hidden cells could be told from them."""
    return replace(file, rows_used=None, first_lines=())


def _limits(withheld: pd.DataFrame, what: str) -> dict[tuple[str, str], int]:
    """Return the minimum of each programme and contract that withholds something."""
    rows = withheld[withheld["what"] == what]
    places = zip(rows["programme"], rows["contract"], strict=True)
    return {place: int(minimum) for place, minimum in zip(places, rows["minimum"], strict=True)}


def _named(frame: pd.DataFrame, withheld: pd.DataFrame, what: str, *, by_wave: bool = False) -> pd.Series:
    """Return which rows are of a contract (and wave) that withholds something."""
    by = ["programme", "contract", *(["wave"] if by_wave else [])]
    contracts = set(withheld.loc[withheld["what"] == what, by].itertuples(index=False, name=None))
    rows = frame[by].itertuples(index=False, name=None)
    return pd.Series([row in contracts for row in rows], index=frame.index, dtype=bool)


def _few(frame: pd.DataFrame, names: Sequence[str], withheld: pd.DataFrame, *, what: str = FEW) -> pd.Series:
    """Return which rows have a count below the minimum, of a contract that withholds those."""
    limits = _limits(withheld, what)
    places = zip(frame["programme"], frame["contract"], strict=True)
    minimum = pd.Series([limits.get(place, 0) for place in places], index=frame.index, dtype="int64")
    counts = frame[list(names)].apply(pd.to_numeric)
    few = (counts > 0) & counts.lt(minimum, axis=0)
    return pd.Series(few.fillna(value=False).to_numpy(dtype=bool).any(axis=1), index=frame.index)


def _emptied(frame: pd.DataFrame, names: Sequence[str], closed: pd.Series) -> pd.DataFrame:
    """Return a frame without what some rows hold in some columns; whole numbers stay whole."""
    if not closed.any():
        return frame
    kinds = {name: "Int64" for name in names if pd.api.types.is_integer_dtype(frame[name])}
    typed = frame.astype(kinds)
    return typed.assign(**{name: typed[name].mask(closed) for name in names})
