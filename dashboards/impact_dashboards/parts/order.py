"""Values in order, and how far the order can be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from impact.publish.published import COMPLETE
from impact.words import Words
from impact.words.said import says
from impact_dashboards.page.view import Row
from impact_dashboards.parts.marks import known

NO_INTERVAL = "join.no_interval"
"""Code of a method that says why there is no interval."""


def ranked(rows: Sequence[Row]) -> list[Row]:
    """Return rows from the highest value to the lowest; those without one below, suppressed ones last."""

    def order(row: Row) -> tuple[bool, bool, float]:
        value = row["value"]
        is_suppressed = row["attainment"] == "suppressed"
        return is_suppressed, not known(value), -(value or 0.0)

    return sorted(rows, key=order)


@dataclass(frozen=True)
class _Neighbours:
    """What is known of the order of ranked rows.

    Parameters
    ----------
    pairs, overlapping
        Pairs of neighbours that have intervals, and how many of them overlap.
    blind
        Values without an interval although they are no complete counts.
    counted
        Whether all of several values are complete counts.
    """

    pairs: int
    overlapping: int
    blind: Sequence[Row]
    counted: bool


def _neighbours(rows: Sequence[Row]) -> _Neighbours:
    valued = [row for row in rows if known(row["value"])]
    pairs = [pair for pair in pairwise(valued) if all(known(row["conf_low"]) for row in pair)]
    overlapping = sum(high["conf_low"] <= low["conf_high"] for high, low in pairs)
    exact = [row for row in valued if not known(row["conf_low"])]
    blind = [row for row in exact if row["method"] != COMPLETE] if len(valued) > 1 else []
    counted = len(valued) > 1 and not blind and len(exact) == len(valued)
    return _Neighbours(len(pairs), overlapping, blind, counted)


def is_uncertain(rows: Sequence[Row]) -> bool:
    """Tell whether the order of ranked rows is uncertain."""
    neighbours = _neighbours(rows)
    return bool(neighbours.overlapping or neighbours.blind)


def order_words(words: Words, rows: Sequence[Row]) -> str:
    """Say how far the order of ranked rows can be trusted: which intervals of neighbours overlap or are not known."""
    return " ".join(_order_sentences(words, _neighbours(rows)))


def _order_sentences(words: Words, neighbours: _Neighbours) -> Iterator[str]:
    if neighbours.overlapping:
        yield words("territory.order.unsure", count=neighbours.overlapping, of=neighbours.pairs)
    elif neighbours.pairs:
        yield words("territory.order.sure")
    if neighbours.blind:
        yield words("territory.order.blind", count=len(neighbours.blind), why=_why(words, neighbours.blind))
    if neighbours.counted:
        yield words("territory.order.counted")


def _why(words: Words, rows: Sequence[Row]) -> str:
    """Return the reasons for which values have no interval."""
    methods = dict.fromkeys(row["method"] for row in rows)
    reasons = [method.values["why"] if says(method, NO_INTERVAL) else method for method in methods]
    sentences = map(words.said, reasons)
    stated = filter(None, sentences)
    return "; ".join(stated)
