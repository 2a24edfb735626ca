"""Totals that a programme reported are recomputed from the views of good rows; the state of each is decided here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Required, TypedDict

import duckdb
import pandas as pd

from impact.declare.base import Text, in_language
from impact.declare.claims import Claim, FactLeaf, Leaf, NamesLeaf, Reading, Tree, leaves, records_of
from impact.declare.load import Programme
from impact.measure.claim_sql import (
    LEAF_COLUMNS,
    LeafRow,
    Query,
    claim_query,
    formula_text,
    leaf_text,
    names_query,
    plain,
)

EQUAL = 1e-9
"""Two numbers are equal if they differ by no more than this share of the larger: the noise of binary arithmetic."""
Sentence = dict[str, str]
"""By language."""


class UsedRows(TypedDict, total=False):
    """What a leaf rests on: rows of a contract, or, for a plain number, where it comes from."""

    leaf: Required[str]
    origin: dict[str, str]
    contract: str
    rows: int
    keys: list[str]
    qualifiers: list[str]
    set_aside: int


class RecomputedReading(TypedDict, total=False):
    """A possible reading of a claim, and what records give for it where it says how."""

    text: Required[Sentence]
    formula: str
    recomputed: float | None
    gives_the_stated: bool
    because: Sentence | None
    rows_used: list[UsedRows]


class ClaimRow(TypedDict):
    """A claim beside what records give; see :class:`impact.tables.process.Claim` for the columns."""

    claim: str
    title_it: str
    title_en: str
    level: str
    unit: str
    unit_it: str
    stated: float
    qualifier: str
    recomputed: float | None
    difference: float | None
    relative_difference: float | None
    state: str
    reason_it: str
    reason_en: str
    formula: str
    readings: list[RecomputedReading]
    origin: dict[str, str]
    rows_used: list[UsedRows]
    data_kind: str


_QUALIFIED = {
    "exact": {"it": "", "en": ""},
    "about": {"it": "circa ", "en": "about "},
    "more_than": {"it": "più di ", "en": "more than "},
    "at_most": {"it": "al massimo ", "en": "at most "},
}


@dataclass(frozen=True)
class Recomputed:
    """What records give.

    Parameters
    ----------
    value
        The number, or None where there is none.
    names
        The different names found, for a list.
    formula
        The recomputation with the value of each leaf, for reading.
    rows
        Per leaf: contract, number of rows, first keys, qualifiers of the figures, rows of the contract set aside.
    because
        Why there is no value, in both languages.
    """

    value: float | None
    names: tuple[str, ...]
    formula: str
    rows: tuple[UsedRows, ...]
    because: Sentence | None = None


def measure_claims(connection: duckdb.DuckDBPyConnection, programme: Programme) -> pd.DataFrame:
    """Recompute every claim of a programme.

    Parameters
    ----------
    connection
        Holds the views of the programme's good rows and its quarantine.
    programme
        The programme; its ``claims.yaml`` says what is recomputed.

    Returns
    -------
    DataFrame
        A row per claim in the order of the declaration; ``readings``, ``origin`` and ``rows_used`` are plain objects.
    """
    set_aside = _set_aside(connection, programme)
    rows = [_row(connection, programme, claim, set_aside) for claim in programme.claims]
    columns = list(ClaimRow.__annotations__)
    return pd.DataFrame(rows, columns=columns)


def recompute(
    connection: duckdb.DuckDBPyConnection, programme: Programme, tree: Tree, set_aside: dict[str, int]
) -> Recomputed:
    """Recompute one tree; without a value where a row is missing, a value is missing, or a divisor is zero."""
    if isinstance(tree, NamesLeaf):
        query = names_query(programme.id, programme.contracts, tree)
        (leaf_row,) = _leaf_rows(_only_row(connection, query))
        names = tuple(leaf_row.value)
        return _recomputed(query, [leaf_row], float(len(names)), formula_text(tree, [None]), set_aside, names=names)
    query = claim_query(programme.id, programme.contracts, tree)
    value, *cells = _only_row(connection, query)
    leaf_rows = _leaf_rows(cells)
    formula = formula_text(tree, [row.value for row in leaf_rows])
    return _recomputed(query, leaf_rows, value, formula, set_aside)


def _only_row(connection: duckdb.DuckDBPyConnection, query: Query) -> tuple[Any, ...]:
    (row,) = connection.execute(query.sql, list(query.parameters)).fetchall()
    return row


def _leaf_rows(cells: Sequence[Any]) -> list[LeafRow]:
    """Return what a query returned of each leaf: its columns stand side by side."""
    width = len(LEAF_COLUMNS)
    starts = range(0, len(cells), width)
    return [LeafRow(*cells[start : start + width]) for start in starts]


def _recomputed(
    query: Query,
    leaf_rows: Sequence[LeafRow],
    value: float | None,
    formula: str,
    set_aside: dict[str, int],
    *,
    names: tuple[str, ...] = (),
) -> Recomputed:
    pairs = list(zip(query.leaves, leaf_rows, strict=True))
    used = tuple(_used(leaf, leaf_row, set_aside) for leaf, leaf_row in pairs)
    because = _because(pairs, value)
    return Recomputed(None if because else value, names, formula, used, because)


def _used(leaf: Leaf, row: LeafRow, set_aside: dict[str, int]) -> UsedRows:
    records = records_of(leaf)
    if records is None:
        origin = leaf.value.origin.model_dump(exclude_none=True)  # type: ignore[union-attr]
        return {"leaf": leaf_text(leaf), "origin": origin}
    used: UsedRows = {
        "leaf": leaf_text(leaf),
        "contract": records.contract,
        "rows": row.rows,
        "keys": list(row.keys),
        "qualifiers": list(row.qualifiers),
    }
    if records.contract in set_aside:
        used["set_aside"] = set_aside[records.contract]
    return used


def _because(pairs: Sequence[tuple[Leaf, LeafRow]], value: float | None) -> Sentence | None:
    for leaf, row in pairs:
        name = leaf_text(leaf)
        if isinstance(leaf, FactLeaf) and row.rows != 1:
            count = row.rows
            return {
                "it": f"il fatto '{name}' sta in {count} righe valide, non in una",
                "en": f"the fact '{name}' stands in {count} good rows, not in one",
            }
        if row.gaps:
            count = row.gaps
            return {"it": f"{name}: manca il valore in {count} righe", "en": f"{name}: no value in {count} rows"}
        if row.value is None:
            return {"it": f"{name}: nessuna riga valida", "en": f"{name}: no good row"}
    if value is None:
        return {"it": "il divisore è zero", "en": "the divisor is zero"}
    if not math.isfinite(value):
        return {
            "it": "il risultato supera i numeri rappresentabili",
            "en": "the result is beyond what numbers can hold",
        }
    return None


def _set_aside(connection: duckdb.DuckDBPyConnection, programme: Programme) -> dict[str, int]:
    """Return how many rows of each contract are in the quarantine; contracts with none are left out."""
    query = (
        "SELECT source, count(DISTINCT line) FROM impact.quarantine"
        " WHERE programme = ? AND severity = 'error' GROUP BY source"
    )
    counts = dict(connection.execute(query, [programme.id]).fetchall())
    total: dict[str, int] = {}
    for source in programme.sources:
        if source.id in counts:
            of_source = int(counts[source.id])
            total[source.contract] = total.get(source.contract, 0) + of_source
    return total


def equal(a: float, b: float) -> bool:
    """Tell whether two numbers are the same but for the noise of binary arithmetic.

    Examples
    --------
    >>> equal(11.17 + 1.28 + 0.18, 12.63), equal(12.63, 12.58), equal(0.0, 1e-300)
    (True, False, False)
    """
    return abs(a - b) <= EQUAL * max(abs(a), abs(b))


def holds(stated: Decimal, qualifier: str, recomputed: float) -> bool:
    """Tell whether a stated figure is what records give, read as it was stated.

    Parameters
    ----------
    stated
        The figure with the decimals it was written with.
    qualifier
        ``exact``: equal. ``more_than``: records give strictly more. ``at_most``: no more. ``about``: equal after both
        are rounded (half away from zero) to the last decimal the figure is written with.
    recomputed
        The figure that the good rows give, in the unit of the stated one.

    Examples
    --------
    >>> holds(Decimal("177"), "about", 171.0), holds(Decimal("177"), "about", 176.6)
    (False, True)
    >>> holds(Decimal("140"), "more_than", 140.0), holds(Decimal("140"), "at_most", 140.0)
    (False, True)
    """
    same = equal(float(stated), recomputed)
    if qualifier == "more_than":
        return recomputed > float(stated) and not same
    if qualifier == "at_most":
        return recomputed < float(stated) or same
    if qualifier == "about" and not same:
        step = Decimal(1).scaleb(int(stated.as_tuple().exponent))
        near = Decimal(f"{recomputed:.15g}")
        return abs(near - stated) < step and near.quantize(step, rounding=ROUND_HALF_UP) == stated
    return same


def _row(
    connection: duckdb.DuckDBPyConnection, programme: Programme, claim: Claim, set_aside: dict[str, int]
) -> ClaimRow:
    recomputed = recompute(connection, programme, claim.recompute, set_aside) if claim.recompute else None
    state, reason = _state(claim, recomputed)
    stated = _stated_figure(claim)
    value = recomputed.value if recomputed else None
    difference = None if value is None else _difference(stated, value)
    relative = difference / abs(stated) if difference is not None and stated else None
    readings = [_reading(connection, programme, claim, reading, set_aside) for reading in claim.readings]
    return {
        "claim": claim.id,
        "title_it": in_language(claim.title, "it"),
        "title_en": in_language(claim.title),
        "level": claim.level,
        "unit": in_language(claim.unit),
        "unit_it": in_language(claim.unit, "it"),
        "stated": stated,
        "qualifier": claim.stated.qualifier,
        "recomputed": value,
        "difference": difference,
        "relative_difference": relative,
        "state": state,
        "reason_it": reason["it"],
        "reason_en": reason["en"],
        "formula": recomputed.formula if recomputed else "",
        "readings": readings,
        "origin": claim.stated.origin.model_dump(exclude_none=True),
        "rows_used": list(recomputed.rows) if recomputed else [],
        "data_kind": _data_kind(programme, claim),
    }


def _stated_figure(claim: Claim) -> float:
    """Return the number that a claim states; of a list, how many names it has."""
    if claim.stated.items is not None:
        return float(len(claim.stated.items))
    return float(claim.stated.value or 0)


def _difference(stated: float, recomputed: float) -> float:
    """Return by how much a recomputation is off; 0 where the two are equal."""
    return 0.0 if equal(stated, recomputed) else recomputed - stated


def _data_kind(programme: Programme, claim: Claim) -> str:
    """Tell whether any of the records that a claim rests on is synthetic."""
    if not claim.recompute:
        return "real"
    records = [records_of(leaf) for leaf in leaves(claim.recompute)]
    kinds = {programme.source_kind(read.contract) for read in records if read}
    return "synthetic" if "synthetic" in kinds else "real"


def _reading(
    connection: duckdb.DuckDBPyConnection,
    programme: Programme,
    claim: Claim,
    reading: Reading,
    set_aside: dict[str, int],
) -> RecomputedReading:
    text = _in_both_languages(reading.text)
    if reading.recompute is None:
        return {"text": text}
    recomputed = recompute(connection, programme, reading.recompute, set_aside)
    return {
        "text": text,
        "formula": recomputed.formula,
        "recomputed": recomputed.value,
        "gives_the_stated": _gives(claim, recomputed.value),
        "because": recomputed.because,
        "rows_used": list(recomputed.rows),
    }


def _gives(claim: Claim, recomputed: float | None) -> bool:
    """Tell whether a recomputed value is the number that a claim states."""
    stated = claim.stated.value
    if stated is None or recomputed is None:
        return False
    return holds(stated, claim.stated.qualifier, recomputed)


def _in_both_languages(text: Text) -> Sentence:
    return {"it": in_language(text, "it"), "en": in_language(text)}


def _state(claim: Claim, recomputed: Recomputed | None) -> tuple[str, Sentence]:
    """Return the state of a claim, and why it has it."""
    if recomputed is None:
        return "not_recomputable", _in_both_languages(claim.not_recomputable or {})
    if recomputed.because:
        return "not_recomputable", recomputed.because
    if claim.stated.items is not None:
        return _list_state(claim.stated.items, recomputed)
    state = "reproduced" if _gives(claim, recomputed.value) else "differs"
    return state, _comparison(claim, recomputed)


def _list_state(items: tuple[str, ...], recomputed: Recomputed) -> tuple[str, Sentence]:
    absent = [name for name in recomputed.names if name not in items]
    extra = [name for name in items if name not in recomputed.names]
    if not absent and not extra:
        return "reproduced", {"it": "gli stessi nomi", "en": "the same names"}
    italian = {"nei dati, non nell'elenco": absent, "nell'elenco, non nei dati": extra}
    english = {"in the records, not in the list": absent, "in the list, not in the records": extra}
    return "differs", {"it": _differences(italian), "en": _differences(english)}


def _differences(names_by_kind: dict[str, list[str]]) -> str:
    texts = [f"{kind}: {', '.join(names)}" for kind, names in names_by_kind.items() if names]
    return "; ".join(texts)


def _comparison(claim: Claim, recomputed: Recomputed) -> Sentence:
    """Say what was stated, what records give, and by how much they differ."""
    stated = float(claim.stated.value or 0)
    value = float(recomputed.value or 0)
    difference = _difference_text(stated, _difference(stated, value))
    qualifier = _QUALIFIED[claim.stated.qualifier]
    english = f"stated {qualifier['en']}{plain(stated)}, recomputed {plain(value)}: difference {difference}"
    stated_it, value_it = _italian(plain(stated)), _italian(plain(value))
    difference_it = _italian(difference.replace("%", " %"))
    italian = f"dichiarato {qualifier['it']}{stated_it}, ricalcolato {value_it}: differenza {difference_it}"
    return {"it": italian + _caution(recomputed, "it"), "en": english + _caution(recomputed, "en")}


def _difference_text(stated: float, difference: float) -> str:
    """Write a difference, with its share of the stated figure where there is one."""
    if not difference:
        return "0"
    share = f" ({100 * difference / abs(stated):+.3g}%)" if stated else ""
    return f"{difference:+.12g}{share}"


def _italian(number: str) -> str:
    return number.replace(".", ",")


def _caution(recomputed: Recomputed, language: str) -> str:
    """Say what makes a recomputation less than exact: figures stated loosely, rows set aside."""
    loose: dict[str, None] = {}
    set_aside: dict[str, int] = {}
    for row in recomputed.rows:
        if qualifiers := row.get("qualifiers"):
            loose[f"{row['leaf']} ({', '.join(qualifiers)})"] = None
        if count := row.get("set_aside"):
            set_aside[row["contract"]] = count
    not_exact, in_quarantine = _CAUTIONS[language]
    text = f"; {not_exact}: {', '.join(loose)}" if loose else ""
    if set_aside:
        counts = ", ".join(f"{contract} {count}" for contract, count in set_aside.items())
        text += f"; {in_quarantine}: {counts}"
    return text


_CAUTIONS = {
    "it": ("si basa su cifre non esatte", "righe in quarantena, non contate"),
    "en": ("rests on figures that are not exact", "rows in quarantine, not counted"),
}
"""What is said before figures that are not exact, and before rows that were set aside."""
