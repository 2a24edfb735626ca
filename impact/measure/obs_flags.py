"""Flags of official statistics: from letters on rows to words on values, and to breaks in a series."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from impact.declare.contracts import Contract
from impact.errors import NotEstimable
from impact.sql import as_text
from impact.words.said import Said

WORDS = {
    "b": "break",
    "e": "estimated",
    "f": "forecast",
    "p": "provisional",
    "s": "estimated",
    "u": "low_reliability",
}
"""Letters that a reader of the value has to know of; the others stay on the rows."""
BREAK = "b"


def letters_sql(contract: Contract) -> str:
    """Write the flags of a row; '' where the contract declares no column for them."""
    return f"coalesce({as_text(contract.status)}, '')" if contract.status else "''"


def status_words(letters: Iterable[str | None]) -> list[str]:
    """Return the words of the flags given, sorted, each once.

    Examples
    --------
    >>> status_words(["bp", None, "p", "d"])
    ['break', 'provisional']
    """
    texts = [flags for flags in letters if isinstance(flags, str)]
    raised = set().union(*texts)
    return sorted({WORDS[letter] for letter in raised & WORDS.keys()})


def refuse_breaks(series: pd.DataFrame, waves: Sequence[str]) -> None:
    """Refuse series that break after the first of their waves: what lies on both sides does not compare.

    Parameters
    ----------
    series
        A row per unit and wave, with ``_wave`` and ``_status``, as :func:`impact.measure.wave_values` returns it.
    waves
        The waves that are used, in order of time; the first may carry the flag of a break.

    Raises
    ------
    NotEstimable
        With the first break, and whose it is where there are several units.
    """
    later = list(waves)[1:]
    flagged = series["_status"].str.contains(BREAK, regex=False)
    broken = series[flagged & series["_wave"].isin(later)]
    if broken.empty:
        return
    order = broken["_wave"].map({wave: position for position, wave in enumerate(waves)})
    first = broken.assign(_order=order).sort_values(["_order", "_unit"]).iloc[0]
    raise NotEstimable(_break_of(first["_unit"], first["_wave"]), Said("values.series_without_break"))


def _break_of(unit: str, wave: str) -> Said:
    """Say in which wave a series breaks, and of which unit where it is not the only one ('')."""
    if not unit:
        return Said("values.series_breaks", wave=wave, flag=BREAK)
    return Said("values.series_of_unit_breaks", unit=unit, wave=wave, flag=BREAK)
