"""Values in order, and how far the order can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from impact.publish.published import COMPLETE
from impact.words import Words
from impact_dashboards.page.view import Row
from impact_dashboards.parts.marks import known


def ranked(rows: Sequence[Row]) -> list[Row]:
    """Return rows from the highest value to the lowest; those without one below, suppressed ones last."""

    def order(row: Row) -> tuple[bool, bool, float]:
        return row["attainment"] == "suppressed", not known(row["value"]), -(row["value"] or 0.0)

    return sorted(rows, key=order)


def _neighbours(rows: Sequence[Row]) -> tuple[int, int, int]:
    """Return how many pairs of neighbours have intervals, how many of them overlap, how many values have none."""
    valued = [row for row in rows if known(row["value"])]
    pairs = [pair for pair in pairwise(valued) if all(known(row["conf_low"]) for row in pair)]
    blind = len(_blind(valued)) if len(valued) > 1 else 0
    return len(pairs), sum(high["conf_low"] <= low["conf_high"] for high, low in pairs), blind


def _blind(rows: Sequence[Row]) -> list[Row]:
    """Return the rows whose value has no interval although it is not a complete count."""
    return [row for row in rows if not known(row["conf_low"]) and row["method"] != COMPLETE]


def is_uncertain(rows: Sequence[Row]) -> bool:
    """Tell whether the order of ranked rows is uncertain."""
    _, unsure, blind = _neighbours(rows)
    return bool(unsure or blind)


def order_words(words: Words, rows: Sequence[Row]) -> str:
    """Say how far the order of ranked rows can be trusted: which intervals of neighbours overlap or are not known."""
    pairs, unsure, blind = _neighbours(rows)
    valued = [row for row in rows if known(row["value"])]
    said = [words("territory.order.unsure", count=unsure, of=pairs)] if unsure else []
    said += [words("territory.order.sure")] if pairs and not unsure else []
    said += [words("territory.order.blind", count=blind, why=_why(words, valued))] if blind else []
    counted = len(valued) > 1 and not blind and not any(known(row["conf_low"]) for row in valued)
    return " ".join([*said, words("territory.order.counted")] if counted else said)


def _why(words: Words, rows: Sequence[Row]) -> str:
    """Return the reasons for which values have no interval."""
    reasons = dict.fromkeys(str(row["method"]).removeprefix("no interval: ") for row in _blind(rows))
    return "; ".join(filter(None, map(words.said, reasons)))
