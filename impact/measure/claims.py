"""Totals that a programme reported are recomputed from the views of good rows; the state of each is decided here."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Required, TypedDict

import duckdb
import pandas as pd

from impact.declare.base import in_language
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
    return pd.DataFrame(rows, columns=list(ClaimRow.__annotations__))


def recompute(
    connection: duckdb.DuckDBPyConnection, programme: Programme, tree: Tree, set_aside: dict[str, int]
) -> Recomputed:
    """Recompute one tree; without a value where a row is missing, a value is missing, or a divisor is zero."""
    names = isinstance(tree, NamesLeaf)
    write: Callable[..., Query] = names_query if names else claim_query
    query = write(programme.id, programme.contracts, tree)
    row = connection.execute(query.sql, list(query.parameters)).fetchall()[0]
    cells = list(row) if names else list(row[1:])
    width = len(LEAF_COLUMNS)
    leaf_rows = [LeafRow(*cells[start : start + width]) for start in range(0, len(cells), width)]
    pairs = list(zip(query.leaves, leaf_rows, strict=True))
    used = tuple(_used(leaf, leaf_row, set_aside) for leaf, leaf_row in pairs)
    listed = tuple(leaf_rows[0].value) if names else ()
    value = float(len(listed)) if names else row[0]
    because = _because(pairs, value)
    formula = formula_text(tree, [None if names else leaf_row.value for leaf_row in leaf_rows])
    return Recomputed(None if because else value, listed, formula, used, because)


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
    counts = dict(
        connection.execute(
            "SELECT source, count(DISTINCT line) FROM impact.quarantine"
            " WHERE programme = ? AND severity = 'error' GROUP BY source",
            [programme.id],
        ).fetchall()
    )
    total: dict[str, int] = {}
    for source in programme.sources:
        if source.id in counts:
            total[source.contract] = total.get(source.contract, 0) + int(counts[source.id])
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
    stated, items = claim.stated.value, claim.stated.items
    recomputed = recompute(connection, programme, claim.recompute, set_aside) if claim.recompute else None
    state, reason = _state(claim, recomputed)
    figure = float(len(items)) if items is not None else float(stated or 0)
    value = recomputed.value if recomputed else None
    gap = None if value is None else 0.0 if equal(value, figure) else value - figure
    return {
        "claim": claim.id,
        "title_it": in_language(claim.title, "it"),
        "title_en": in_language(claim.title),
        "level": claim.level,
        "unit": in_language(claim.unit),
        "unit_it": in_language(claim.unit, "it"),
        "stated": figure,
        "qualifier": claim.stated.qualifier,
        "recomputed": value,
        "difference": gap,
        "relative_difference": gap / abs(figure) if gap is not None and figure else None,
        "state": state,
        "reason_it": reason["it"],
        "reason_en": reason["en"],
        "formula": recomputed.formula if recomputed else "",
        "readings": [_reading(connection, programme, claim, reading, set_aside) for reading in claim.readings],
        "origin": claim.stated.origin.model_dump(exclude_none=True),
        "rows_used": list(recomputed.rows) if recomputed else [],
        "data_kind": _kind(programme, claim),
    }


def _kind(programme: Programme, claim: Claim) -> str:
    read = [records_of(leaf) for leaf in leaves(claim.recompute)] if claim.recompute else []
    kinds = {programme.source_kind(records.contract) for records in read if records}
    return "synthetic" if "synthetic" in kinds else "real"


def _reading(
    connection: duckdb.DuckDBPyConnection,
    programme: Programme,
    claim: Claim,
    reading: Reading,
    set_aside: dict[str, int],
) -> RecomputedReading:
    text = {"it": in_language(reading.text, "it"), "en": in_language(reading.text)}
    if reading.recompute is None:
        return {"text": text}
    recomputed = recompute(connection, programme, reading.recompute, set_aside)
    stated = claim.stated.value
    agrees = (
        recomputed.value is not None and stated is not None and holds(stated, claim.stated.qualifier, recomputed.value)
    )
    return {
        "text": text,
        "formula": recomputed.formula,
        "recomputed": recomputed.value,
        "gives_the_stated": agrees,
        "because": recomputed.because,
        "rows_used": list(recomputed.rows),
    }


def _state(claim: Claim, found: Recomputed | None) -> tuple[str, Sentence]:
    if found is None:
        text = claim.not_recomputable or {}
        return "not_recomputable", {"it": in_language(text, "it"), "en": in_language(text)}
    if found.because:
        return "not_recomputable", found.because
    if claim.stated.items is not None:
        return _list_state(claim.stated.items, found)
    assert found.value is not None and claim.stated.value is not None  # noqa: S101, PT018 - no reason, so a value
    right = holds(claim.stated.value, claim.stated.qualifier, found.value)
    return "reproduced" if right else "differs", _comparison(claim, found)


def _list_state(items: tuple[str, ...], found: Recomputed) -> tuple[str, Sentence]:
    absent = [name for name in found.names if name not in items]
    extra = [name for name in items if name not in found.names]
    if not absent and not extra:
        return "reproduced", {"it": "gli stessi nomi", "en": "the same names"}
    differences = {
        "it": [("nei dati, non nell'elenco", absent), ("nell'elenco, non nei dati", extra)],
        "en": [("in the records, not in the list", absent), ("in the list, not in the records", extra)],
    }
    reason = {
        language: "; ".join(f"{what}: {', '.join(names)}" for what, names in pairs if names)
        for language, pairs in differences.items()
    }
    return "differs", reason


def _comparison(claim: Claim, found: Recomputed) -> Sentence:
    stated, value = float(claim.stated.value or 0), float(found.value or 0)
    gap = 0.0 if equal(stated, value) else value - stated
    share = f" ({100 * gap / abs(stated):+.3g}%)" if gap and stated else ""
    qualified, by = _QUALIFIED[claim.stated.qualifier], f"{gap:+.12g}{share}" if gap else "0"
    english = f"stated {qualified['en']}{plain(stated)}, recomputed {plain(value)}: difference {by}"
    numbers = (plain(stated), plain(value), by.replace("%", " %"))
    stated_text, again, apart = (number.replace(".", ",") for number in numbers)
    italian = f"dichiarato {qualified['it']}{stated_text}, ricalcolato {again}: differenza {apart}"
    return {"it": italian + _caution(found, "it"), "en": english + _caution(found, "en")}


def _caution(found: Recomputed, language: str) -> str:
    """Say what makes a recomputation less than exact: figures stated loosely, rows set aside."""
    loose = [f"{row['leaf']} ({', '.join(row['qualifiers'])})" for row in found.rows if row.get("qualifiers")]
    aside = {row["contract"]: row["set_aside"] for row in found.rows if row.get("set_aside")}
    words = {"it": "si basa su cifre non esatte: ", "en": "rests on figures that are not exact: "}[language]
    gone = {"it": "righe in quarantena, non contate: ", "en": "rows in quarantine, not counted: "}[language]
    text = f"; {words}{', '.join(dict.fromkeys(loose))}" if loose else ""
    return text + (f"; {gone}{', '.join(f'{name} {count}' for name, count in aside.items())}" if aside else "")
