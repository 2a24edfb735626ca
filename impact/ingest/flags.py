"""Flags of observations by list: letters of Eurostat, whole codes of SDMX; what is on no list stays as it is.

Shared by the readers of official statistics. A status that is understood becomes letters, sorted, each once
(:data:`SORTED`); one that is not stays whole, so that its row is set aside or recoded as declared, never read in part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from impact.declare.contracts import FLAGS, SORTED_FLAGS
from impact.sql import literal

LETTERS = FLAGS
"""Every letter a flag can have: those of Eurostat, and those of the SDMX code list of observation status."""
SORTED = SORTED_FLAGS
"""Pattern of flags as they are written: letters of the list, sorted, each once."""
OBS_STATUS = {
    "A": "", "B": "b", "D": "d", "E": "e", "F": "f", "G": "g", "H": "h", "I": "i", "J": "j", "K": "k", "L": "l",
    "M": "m", "N": "n", "O": "o", "P": "p", "Q": "c", "S": "t", "U": "u", "V": "v", "W": "w",
    "a": "", "q": "c", **{letter: letter for letter in LETTERS},
}  # fmt: skip
"""The SDMX code list CL_OBS_STATUS as flags: Q is suppressed, S a special event; small letters are Eurostat's."""
NAMES = (
    "(normal|estimate|provisional|revised|forecast|break|time series break|confidential|imputed"
    "|low reliability|unreliable"
    "|definition differs|missing|not significant|not applicable|experimental|preliminary|special)"
)
"""How the names of statuses begin, which stand in the place of codes in files that were asked for with names only."""
COMBINED = 3
"""Letters that may stand in any order; longer combinations are sorted where they are no words."""


@dataclass(frozen=True)
class Flag:
    """SQL of one column of flags: its letters, whether it is understood, and the text that stands if it is not."""

    letters: str
    known: str
    raw: str


def letter_flags(text: str) -> Flag:
    """Read flags of a letter each, as in ``bp``: letters of the list, none twice; a word is not one."""
    split = f"string_split({text}, '')"
    ordered = f"length({text}) <= {COMBINED} OR regexp_full_match({text}, {literal(SORTED)})"
    distinct = f"length({text}) = len(list_distinct({split}))"
    on_list = f"regexp_full_match({text}, '[{LETTERS}]+')"
    understood = f"({text} = '' OR ({on_list} AND {distinct} AND ({ordered})))"
    return Flag(text, understood, text)


def status_codes(text: str) -> Flag:
    """Read whole codes of observation status, one or several; text that is not on the list stays, in capitals."""
    codes = f"list_filter(regexp_split_to_array({text}, '[;,|\\s]+'), lambda code: code <> '')"
    cases = [f"WHEN {literal(code)} THEN {literal(flag)}" for code, flag in OBS_STATUS.items()]
    flags = f"list_transform({codes}, lambda code: CASE code {' '.join(cases)} END)"
    understood = f"(len(list_filter({flags}, lambda flag: flag IS NULL)) = 0)"
    return Flag(f"array_to_string({flags}, '')", understood, f"upper({text})")


def confidentiality(text: str) -> Flag:
    """Read a code of confidentiality: a letter; all but F, which is free, say confidential."""
    code = f"upper({text})"
    letters = f"CASE WHEN {code} IN ('', 'F') THEN '' ELSE 'c' END"
    understood = f"(length({text}) <= 1)"
    return Flag(letters, understood, code)


def flags_sql(columns: Sequence[Flag]) -> str:
    """Write the status of an observation: sorted letters if every column is understood, else what is not, whole."""
    if not columns:
        return "''"
    understood = " AND ".join(column.known for column in columns)
    together = " || ".join(f"({column.letters})" for column in columns)
    letters = f"array_to_string(list_sort(list_distinct(string_split({together}, ''))), '')"
    texts = ", ".join(f"CASE WHEN {flag.known} THEN {flag.letters} ELSE {flag.raw} END" for flag in columns)
    raw = f"array_to_string(list_filter([{texts}], lambda part: part <> ''), ';')"
    return f"CASE WHEN {understood} THEN {letters} ELSE {raw} END"
