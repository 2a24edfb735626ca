"""Dates of waves as time periods of official statistics, with their frequency and the day they end."""

from __future__ import annotations

import re

from impact.declare.base import last_day

FREQUENCIES = {
    "A": r"\d{4}",
    "S": r"\d{4}-S[12]",
    "Q": r"\d{4}-Q[1-4]",
    "M": r"\d{4}-(0[1-9]|1[0-2])",
    "D": r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])",
}
"""How a period of each frequency is written, by its code in CL_FREQ."""
_MONTHS = {"S": 6, "Q": 3}


def frequency(period: str) -> str | None:
    """Return the frequency of a period, as CL_FREQ has it; None for a text that is no period.

    Examples
    --------
    >>> frequency("2021"), frequency("2021-S1"), frequency("2021-05"), frequency("end_line")
    ('A', 'S', 'M', None)
    """
    return next((code for code, pattern in FREQUENCIES.items() if re.fullmatch(pattern, period)), None)


def last_day_of(period: str) -> str:
    """Return the day on which a period ends, as ``YYYY-MM-DD``.

    Examples
    --------
    >>> last_day_of("2021-S1"), last_day_of("2020-Q1"), last_day_of("2021")
    ('2021-06-30', '2020-03-31', '2021-12-31')
    """
    year, _, within = period.partition("-")
    months = _MONTHS.get(within[:1])
    if months is None:
        return last_day(period)
    return last_day(f"{year}-{int(within[1:]) * months:02}")


def first_day_of(period: str) -> str:
    """Return the day on which a period begins, as ``YYYY-MM-DD``.

    Examples
    --------
    >>> first_day_of("2021-S2"), first_day_of("2020-Q1"), first_day_of("2021-05"), first_day_of("2021-05-31")
    ('2021-07-01', '2020-01-01', '2021-05-01', '2021-05-31')
    """
    year, _, within = period.partition("-")
    months = _MONTHS.get(within[:1])
    if months is None:
        return period + "-01-01"[len(period) - 4 :]
    return f"{year}-{(int(within[1:]) - 1) * months + 1:02}-01"
