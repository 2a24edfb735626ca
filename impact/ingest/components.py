"""Which columns of a file of official statistics are dimensions: told by what they are, not by where they stand.

A dimension has a code in every observation. What is on the list of attributes of SDMX, holds several values a cell or
has a name that no component can have is none. A column of words, or with blanks, may be a label or an attribute: it
is a doubt, and matters only if it tells observations of one territory and period apart, which
:mod:`impact.ingest.series` looks at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from impact.sql import Select, ident, literal

PERIOD, VALUE = "TIME_PERIOD", "OBS_VALUE"
STATUS, LETTER_FLAGS, CONFIDENTIAL = "OBS_STATUS", ("OBS_FLAG",), ("CONF_STATUS", "OBS_CONF")
SCALES = ("UNIT_MULT", "SCALE", "POWERCODE")
"""Attributes that say by which power of ten the values are to be multiplied."""
MEASURING = (*SCALES, "UNIT_MEASURE", "UNIT_MEAS", "UNIT", "BASE_PER", "CURRENCY", "UNIT_INDEX_BASE")
"""Attributes that change what a value means: they must be constant, or chosen, as dimensions are."""
SET = ("DATAFLOW", "STRUCTURE_ID")
"""What names the data set: it must be one, or chosen."""
_ATTRIBUTES = re.compile(
    r"ACTION|SERIES_KEY|OBS_KEY|KEY|STRUCTURE|STRUCTURE_NAME|LAST[ _]UPDATE|TIME_FORMAT|DECIMALS|IDBANK"
    r"|((NAT_)?TITLE|COMMENT|OBS_COM|NOTES?|FOOTNOTES?)(_\w+)?|\w+_COMMENT|OBS_PRE_BREAK|PRE_BREAK_VALUE|EMBARGO_(TIME|DATE)"
    r"|COLLECTION(_DETAIL)?|COMPILATION|COMPILING_ORG|COVERAGE|DISS_ORG|DOM_SER_IDS|SOURCE(_AGENCY|_PUB)?"
    r"|PUBL_(ECB|MU|PUBLIC)|BREAKS|AVAILABILITY|TIME_PER_COLLECT|REPYEAR(START|END)",
    re.IGNORECASE,
)
"""Names of attributes in the cross-domain concepts of SDMX and the structures of ECB, Eurostat, INSEE and OECD."""
_NO_DIMENSIONS = {PERIOD, VALUE, STATUS, *LETTER_FLAGS, *CONFIDENTIAL, *MEASURING}
"""Names of measures and attributes that are read for themselves."""
_COMPONENT = re.compile(r"[A-Za-z][A-Za-z0-9_\-]*")
CODE = r"[A-Za-z0-9_@$.+*/\-]+"
"""Pattern of a code: no blanks, no commas."""


@dataclass(frozen=True)
class Components:
    """Columns of the view ``observations`` that can be chosen from; ``doubtful`` are those that may be attributes."""

    names: tuple[str, ...]
    doubtful: frozenset[str] = frozenset()


def is_attribute(name: str) -> bool:
    """Whether a component of this name is an attribute or measure wherever it stands; those that measure count too."""
    return name.upper() in _NO_DIMENSIONS or _ATTRIBUTES.fullmatch(name) is not None


def components(
    connection: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    code: Callable[[str], str],
    *,
    keys: Collection[str] = (),
    attributes: Collection[str] = (),
) -> Components:
    """Tell the columns of table ``wide`` apart.

    Parameters
    ----------
    connection
        A database that holds the table ``wide``: the file with every column as text.
    names
        Names of the columns of ``wide``, in the order of the file.
    code
        Writes the SQL of a column's code, ``''`` where it is blank.
    keys, attributes
        Columns of which the file itself says that they are dimensions, or that they are none.
    """
    declared = {*keys} - {PERIOD, VALUE}
    dimensions = [name for name in names if name not in attributes and (name in declared or not is_attribute(name))]
    undeclared = [name for name in dimensions if name not in keys and name.upper() not in SET]
    tests = {}
    for name in undeclared:
        is_code = f"regexp_full_match({code(name)}, {literal(CODE)})"
        tests[name] = f"coalesce(bool_and({is_code}), TRUE)"
    query = Select({**tests, "n": "count(*)"}, "wide")
    (only_codes,) = connection.execute(query.sql()).fetchall()
    coded = dict(zip(undeclared, only_codes, strict=False))
    doubtful = {name for name in undeclared if not coded[name] or not _COMPONENT.fullmatch(name)}
    chosen_from = [name for name in names if name in dimensions or name.upper() in MEASURING]
    return Components(tuple(chosen_from), frozenset(doubtful))


def read_wide(
    connection: duckdb.DuckDBPyConnection, path: Path, names: Iterable[str], delimiter: str, *, quote: str
) -> None:
    """Read a delimited file behind its header into the table ``wide``, every column as text.

    Parameters
    ----------
    connection
        Where the table is made.
    path
        The file: as many cells in every line as there are names, or DuckDB refuses it.
    names
        What the table calls the columns.
    delimiter, quote
        What stands between cells, and around one that holds a delimiter; '' where nothing does.
    """
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    connection.execute(
        f"CREATE TABLE wide AS FROM read_csv({literal(str(path))}, auto_detect=false, header=false, skip=1,"
        f" columns={{{types}}}, delim={literal(delimiter)}, quote={literal(quote)}, escape={literal(quote)},"
        " nullstr='', strict_mode=true, max_line_size=10000000, compression='none')"
    )


def tells_apart(connection: duckdb.DuckDBPyConnection, column: str, by: Sequence[str]) -> bool:
    """Whether chosen observations that are alike in ``by`` and in their period differ in a column."""
    several = f"count(DISTINCT coalesce({ident(column)}, '')) > 1"
    keys = (*map(ident, by), "_period")
    query = Select({"apart": "TRUE"}, "chosen", group=keys, having=several, limit=1)
    row = connection.execute(query.sql()).fetchone()
    return row is not None
