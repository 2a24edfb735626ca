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
    found = {letter for flags in letters if isinstance(flags, str) for letter in flags}
    return sorted({word for letter, word in WORDS.items() if letter in found})


def refuse_breaks(found: pd.DataFrame, waves: Sequence[str]) -> None:
    """Refuse series that break after the first of their waves: what lies on both sides does not compare.

    Parameters
    ----------
    found
        A row per unit and wave, with ``_wave`` and ``_status``, as :func:`impact.measure.wave_values` returns it.
    waves
        The waves that are used, in order of time; the first may carry the flag of a break.

    Raises
    ------
    NotEstimable
        With the first break, and whose it is where there are several units.
    """
    later = {wave: place for place, wave in enumerate(waves) if place}
    broken = found[found["_status"].str.contains(BREAK, regex=False) & found["_wave"].isin(later)]
    if broken.empty:
        return
    first = broken.assign(_place=broken["_wave"].map(later)).sort_values(["_place", "_unit"]).iloc[0]
    raise NotEstimable(
        Said("values.series_of_unit_breaks", unit=first["_unit"], wave=first["_wave"], flag=BREAK)
        if first["_unit"]
        else Said("values.series_breaks", wave=first["_wave"], flag=BREAK),
        Said("values.series_without_break"),
    )
