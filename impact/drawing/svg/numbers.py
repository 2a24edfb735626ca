"""Numbers at the ticks of an axis: how many digits, which sign; the reader's language comes with the caller."""

from __future__ import annotations

import math
import re
from typing import Protocol

TICKFORMAT = re.compile(r"(?P<sign>\+?)(?P<thousands>,?)(\.(?P<digits>\d))?(?P<kind>[%fd])")
"""The part of d3's language of formats that figures here use."""


class FormatNumber(Protocol):
    """Writes numbers as the reader's language does; :func:`impact.figures.style.number_format` makes one."""

    def __call__(self, size: float, pattern: str, /) -> str:
        """Write a number that is not negative.

        Parameters
        ----------
        size
            The number without its sign; of a share, its hundredfold.
        pattern
            Of Unicode's locale data, such as ``#,##0.0``; with a ``%`` at its end the number is a percentage.
        """


def written(value: float, tickformat: str, step: float, format_number: FormatNumber) -> str:
    """Write the number of a tick.

    Parameters
    ----------
    value
        In the unit of the axis; a share between 0 and 1.
    tickformat
        Of d3, the part of it that figures here use: ``+ , .1 % f d``. Empty: as many digits as the step needs.
    step
        Distance between two ticks, in the unit of the axis.
    format_number
        Writes the number without its sign.

    Raises
    ------
    ValueError
        For another format.

    Examples
    --------
    >>> from babel.numbers import format_decimal
    >>> written(-1234.5, "", 0.5, lambda size, pattern: format_decimal(size, pattern, locale="it"))
    '−1.234,5'
    """
    if not tickformat:
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        pattern = "#,##0." + "#" * digits if digits else "#,##0"
        return _signed(value, pattern, format_number)
    match = TICKFORMAT.fullmatch(tickformat)
    if match is None:
        raise ValueError(f"a drawing has no tickformat '{tickformat}'")
    number = 100 * value if match["kind"] == "%" else value
    has_sign = bool(match["sign"])
    return _signed(number, _pattern(match), format_number, plus=has_sign)


def _pattern(match: re.Match[str]) -> str:
    """Return the pattern of Unicode's locale data for a format of d3's."""
    fewest = 0 if match["kind"] == "d" else 6
    digits = int(match["digits"] or fewest)
    pattern = "#,##0" if match["thousands"] else "0"
    if digits:
        pattern += "." + "0" * digits
    return f"{pattern}%" if match["kind"] == "%" else pattern


def _signed(value: float, pattern: str, format_number: FormatNumber, *, plus: bool = False) -> str:
    """Write a number with its sign; nought has none, however it came about."""
    size = format_number(abs(value), pattern)
    if not any(digit in size for digit in "123456789"):
        return size
    sign = "−" if value < 0 else "+" if plus else ""
    return sign + size
