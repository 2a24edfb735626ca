"""What every published column holds, and thereby how it is protected: one list of all that can leave.

A column of the engine's tables, a column that a reader's table adds, or a word of a trace or a file that is not in the
list does not leave: a test walks all of them. :mod:`impact.publish.disclosure`, :mod:`impact.publish.beside` and
:mod:`impact.publish.scope` take from here which columns to empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Holds(StrEnum):
    """What a column holds; its protection goes by it.

    Of contracts without a ``person`` nothing is hidden, whatever it holds.
    """

    DECLARED = "declared"
    """Said before any row was read, or about bodies, documents and runs: leaves as it is."""
    PROMISE = "promise"
    """Declared, or reckoned from a measured baseline: then it goes with its cell."""
    COUNT = "count"
    """Of persons or their rows: gone with its cell; beside the tables, where something of its contract is hidden."""
    STATISTIC = "statistic"
    """Of values of persons: gone with its cell."""
    VERDICT = "verdict"
    """A word that follows from statistics: says ``suppressed`` or nothing where its cell is hidden."""
    REMARK = "remark"
    """The engine's words, in which counts may stand: gone with its cell."""
    CODE = "code"
    """A part of the programme: which parts exist is not hidden."""
    LINE = "line"
    """Which row of which file: only for roles that may open rows, and not beside hidden cells."""
    ROW = "row"
    """What stands in a single row: only for roles that may open rows."""


def _columns(**kinds: str) -> dict[str, Holds]:
    """Return the kind of each column; names stand apart by blanks, under the kind."""
    return {name: Holds(kind) for kind, names in kinds.items() for name in names.split()}


_PART = "arm scope scope_value group group_value wave"
_CELL = "n units_reported units_expected n_clusters"
_ESTIMATE = "std_error conf_low conf_high"
TABLES: Mapping[str, Mapping[str, Holds]] = {
    "meta": _columns(declared="version database"),
    "state": _columns(declared="programme stage run_id whole_run_id"),
    "run": _columns(
        declared="run_id programme started_at finished_at engine plan_hash sources_loaded indicators_computed stage"
    ),
    "load": _columns(
        declared="load_id programme source contract file sha256 table_name kind provenance multiline loaded_at run_id"
        " replaced current",
        count="rows_read rows_good rows_bad rows_warned size changed",
        line="line_offsets",
    ),
    "quarantine": _columns(
        declared="programme source load_id file severity column rule expected", line="line ordinal", row="value payload"
    ),
    "plan": _columns(declared="programme plan_hash seen_at plan changes"),
    "sentence": _columns(declared="programme language", remark="said text"),
    "definition": _columns(
        declared="programme indicator definition_hash file line definition query selection fingerprint run_id"
    ),
    "measure": _columns(
        declared="programme indicator",
        code=_PART,
        statistic=f"value {_ESTIMATE}",
        count=f"{_CELL} n_missing",
        remark="method flags",
    ),
    "linkage": _columns(declared="programme indicator", code="since wave", count="linked lost new"),
    "finding": _columns(
        declared="finding programme indicator title_en title_it node stage level period unit unit_it direction due"
        " forecast forecast_low forecast_high forecast_of registered_at plan_hash registration estimand design family"
        " adjustment data_kind run_id definition_hash",
        code="scope scope_value group group_value",
        promise="baseline target",
        statistic="value conf_low conf_high comparison comparison_baseline estimate std_error statistic p_value"
        " effect_low effect_high p_adjusted progress forecast_hit forecast_crps evidence_level",
        count=f"{_CELL} baseline_reported baseline_expected n_obs",
        verdict="progress_state attainment contribution",
        remark="inference not_estimable method evidence_reason flags",
    ),
    "diagnostic": _columns(
        declared="finding programme indicator check null_hypothesis", statistic="value p_value", verdict="status",
        remark="detail",
    ),
    "term": _columns(
        declared="finding programme indicator family place suppressed",
        code="term",
        statistic=f"estimate {_ESTIMATE} p_value",
        count="n_obs",
        remark="detail",
    ),
    "suppression": _columns(
        declared="programme indicator reason minimum finding hides_baseline hides_target", code=_PART
    ),
    "withheld": _columns(declared="programme contract what", code="wave"),
    "network_body": _columns(
        declared="programme network wave body label answered kind sector territory x y data_kind"
    ),
    "network_tie": _columns(declared="programme network wave source target tie data_kind"),
    "part": _columns(declared="programme indicator place depth level title_en title_it same_as",
                     code="column code parent holds"),
    "label": _columns(declared="programme place title_en title_it level", code="column code parent"),
    "membership": _columns(declared="programme", code="column code by of"),
    "cut": _columns(declared="programme column title_en title_it is_territory"),
    "heading": _columns(declared="programme contract column title_en title_it"),
    "map_cell": _columns(
        declared="programme contract supply match wave territory theme target_group title_en title_it needs voices"
        " severity services partial_services bodies capacity users state documents"
    ),
    "unmapped": _columns(declared="programme source contract column", row="category", count="rows"),
    "claim": _columns(
        declared="programme claim title_it title_en level unit unit_it stated qualifier origin data_kind run_id",
        statistic="recomputed difference relative_difference",
        verdict="state",
        remark="reason_it reason_en formula readings",
        line="rows_used",
    ),
    "journey": _columns(declared="programme project name territory challenge arrived next document place quote"),
    "programme": _columns(
        declared="programme title_en title_it summary_en summary_it period_start period_end territory data_kind minimum"
    ),
    "theory_node": _columns(
        declared="programme place node stage level horizon title_en title_it description_en description_it"
    ),
    "theory_link": _columns(
        declared="programme place source target assumption_en assumption_it evidence_en evidence_it"
    ),
    "wave": _columns(declared="programme place wave title_en title_it date last_day role"),
    "stakeholder": _columns(declared="programme place stakeholder name role kind"),
    "quality": _columns(
        declared="programme contract place column required", code="wave",
        count="rows answered missing skipped not_applicable refused suppressed",
    ),
    "response": _columns(declared="programme contract place", code="wave since", count="persons linked lost new"),
    "phase": _columns(
        declared="programme phase number title planned_start planned_end planned_precision actual_start actual_end"
        " actual_precision status gate gate_met document place quote status_quote"
    ),
    "delivery": _columns(
        declared="programme activity kind kind_en kind_it phase project planned_count delivered_count planned_hours"
        " delivered_hours qualifier date document place quote planned_quote"
    ),
}  # fmt: skip
"""By the engine's tables, as :mod:`impact.store.tables` makes them."""
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
    " meaning series series_title value_of measure planned delivered table",
    statistic="before after",
    count="complete valid unique share share_linked share_lost count",
    remark="told flagged",
    line="_row _source",
)
"""What pages call columns of the tables, or make of them: it is as empty as what it is made of."""


def columns_of(table: str, *kinds: Holds) -> tuple[str, ...]:
    """Return the columns of a table that hold something of these kinds, in their order."""
    return tuple(name for name, holds in TABLES[table].items() if holds in kinds)


FROM_PERSONS = (*columns_of("finding", Holds.COUNT, Holds.STATISTIC), "inference", "not_estimable")
"""What a finding does not say where it is suppressed, besides promises, verdicts and other remarks."""
MEASURED = columns_of("measure", Holds.COUNT, Holds.STATISTIC)
OF_FILES = (*columns_of("load", Holds.COUNT), "duplicates", "share_good", "share_warned", "share_duplicates")
"""What is counted of a file."""
ANSWERS = columns_of("quality", Holds.COUNT)
RETURNED = columns_of("response", Holds.COUNT)
OF_CLAIMS = columns_of("claim", Holds.STATISTIC)
"""What records give for a claim."""
