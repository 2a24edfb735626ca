"""What every published column holds, and thereby how it is protected: one list of all that can leave.

A column of the engine's tables, a column that a reader's table adds, or a word of a trace or a file that is not in the
list does not leave: a test walks all of them. :mod:`impact.publish.protect`, :mod:`impact.publish.beside` and
:mod:`impact.publish.scope` take from here which columns to empty.
"""

from __future__ import annotations

from collections.abc import Mapping

from impact.tables.columns import Holds
from impact.tables.registry import TABLES


def _columns(**kinds: str) -> dict[str, Holds]:
    """Return the kind of each column; names stand apart by blanks, under the kind."""
    return {name: Holds(kind) for kind, names in kinds.items() for name in names.split()}


ADDED: Mapping[str, Holds] = _columns(
    declared="part_en part_it part_depth suppressed id title_en title_it due"
    " attainment state kind programme source file contract loaded_at title publisher document url licence retrieved"
    " generator",
    count="duplicates share_good share_warned share_duplicates rows_used rows",
    line="first_lines",
)
"""What readers' tables and traces add to the columns of the engine's."""
ON_PAGES: Mapping[str, Holds] = _columns(
    declared="dated loaded days column_title wave_title part indicators assumption evidence source_title target_title"
    " where change null class from to sectors tie_code ties target_group_title territory_title theme_title place_level"
    " meaning series series_title value_of measure planned delivered table findings"
    " start end modified frequency synthetic format media_type held day seen owner",
    statistic="before after",
    verdict="promise_verdict effect_verdict",
    count="complete valid unique share share_linked share_lost count missed passed failed",
    remark="told flagged need risk",
    line="_row _source",
)
"""What pages call columns of the tables, or make of them: it is as empty as what it is made of."""


def columns_of(table: str, *kinds: Holds) -> tuple[str, ...]:
    """Return the columns of a table that hold something of these kinds, in their order."""
    return TABLES[table].names(*kinds)


FROM_PERSONS = (Holds.COUNT, Holds.STATISTIC, Holds.VERDICT, Holds.REMARK)
"""What a row does not say where it is suppressed; of its promises those that were reckoned from persons."""
OF_FILES = (*columns_of("load", Holds.COUNT), "duplicates", "share_good", "share_warned", "share_duplicates")
"""What is counted of a file."""
ANSWERS = columns_of("quality", Holds.COUNT)
RETURNED = columns_of("response", Holds.COUNT)
OF_CLAIMS = columns_of("claim", Holds.STATISTIC)
"""What records give for a claim."""
