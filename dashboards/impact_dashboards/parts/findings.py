"""Findings as rows of a table: the same columns on every page, and in every file."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence

import pandas as pd

from impact.declare import last_day
from impact.drawing.markup import Element, Node, h
from impact.publish.published import NO_EFFECT, REFUSED
from impact.publish.rows import Record, rows_of
from impact.states import NO_WAY
from impact.tables.columns import Table as Described
from impact.tables.finding import Finding
from impact.tables.part import Part, cut_columns, of_whole, part_codes, read_finding
from impact.tables.results import Measure
from impact.words import Words
from impact.words.said import says
from impact_dashboards.page.view import Column, ColumnSpec, Fold, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.marks import ends_of, known, progress_scale, whisker
from impact_dashboards.parts.projects import project_link, project_of
from impact_dashboards.parts.state_marks import badge, evidence

STALE = 90
"""Days after which a file that nobody has loaded again is called stale."""
OLD = 365
"""Days after which data are called old: by the last day of what they are about, whenever they were loaded."""
KEPT = (
    "finding", "programme", "indicator", "node", "stage", "level", "scope", "scope_value", "group", "group_value",
    "period", "unit", "unit_it", "direction", "baseline", "target", "due", "forecast", "forecast_low",
    "forecast_high",
    "forecast_of",
    "forecast_hit", "value", "conf_low", "conf_high", "n", "units_reported", "units_expected",
    "baseline_reported", "baseline_expected", "method", "comparison", "comparison_baseline", "estimand",
    "design", "estimate", "std_error", "p_value", "p_adjusted", "effect_low", "effect_high", "n_obs", "n_clusters",
    "inference", "not_estimable", "progress", "progress_state", "attainment", "contribution", "evidence_level",
    "registration", "registered_at", "plan_hash", "data_kind", "run_id", "definition_hash", "suppressed",
)  # fmt: skip
"""What a file of findings holds, beside the columns that are shown."""
OF_MEASURES = ("arm", "wave", "n_missing")
"""What a file of measures holds besides."""


def column_meaning(words: Words, key: str, table: Described = Finding.TABLE) -> str:
    """Return what a column of a file of findings or measures means; nothing where it is none of theirs."""
    column = table.columns.get(key) or Measure.TABLE.columns.get(key)
    is_described = key in KEPT or key in OF_MEASURES
    if column and is_described:
        return column.meaning[words.declared]
    if key == "suppressed":
        return words("column.suppressed")
    return ""


# ---- which findings --------------------------------------------------------------------------------------------------


def whole_only(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings of whole programmes."""
    return findings[of_whole(findings)]


def whole(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings of whole programmes; for a reader of parts, who sees none of these, those of the parts."""
    of_programmes = whole_only(findings)
    return findings if of_programmes.empty else of_programmes


def widest_cut(rows: Sequence[Row]) -> str:
    """Return the column that cuts the widest parts in reach: none, but for a reader who sees parts only."""
    return min((str(row["cut"]) for row in rows), default="")


# ---- what a finding is called ----------------------------------------------------------------------------------------


def title_of(view: View, row: Row) -> str:
    """Return the indicator's title, marked where it rests on synthetic data."""
    return view.words.pick(row, "title") + (" †" if row["data_kind"] == "synthetic" else "")


def drawn_unit(words: Words, row: Row) -> str:
    """Return the unit of a finding in the reader's language, for a drawing; ``share`` stays, it is drawn in percent."""
    if row["unit"] == "share":
        return "share"
    in_columns = {"programme": row.get("programme", ""), "unit_en": row["unit"], "unit_it": row["unit_it"]}
    return words.pick(in_columns, "unit")


def unit_of(words: Words, row: Row) -> str:
    """Return the unit of a finding or claim as a word in the reader's language."""
    return words("unit.share") if row["unit"] == "share" else drawn_unit(words, row)


def part_path(row: Row) -> str:
    """Return how an address names the part a finding is of, such as ``project_id=draios``; empty for the whole."""
    return str(Part.of(row))


def part_of(view: View, row: Row) -> str:
    """Return the name of the part a finding is of; the whole's where it is of no part."""
    part = Part.of(row)
    if part.is_whole:
        return view.words("finding.whole")
    return view.words.pick(row, "part") if row.get("part_en") else part.code or str(part)


def link_of(view: View, row: Row) -> str:
    """Return where a finding is explained."""
    name = str(row["finding"])
    programme, indicator, cell = read_finding(name)
    return view.address.to("indicator", programme, indicator, part=str(cell))


# ---- rows ------------------------------------------------------------------------------------------------------------


def finding_rows(view: View, findings: pd.DataFrame) -> list[Record]:
    """Return findings as rows: with the column that cuts them and their code, when their data end and were loaded."""
    programmes = [str(name) for name in findings["programme"].unique()]
    loaded = {name: loaded_days(view, name) for name in programmes}
    waves = {name: view.published.days(name) for name in programmes}
    cut, code = cut_columns(findings), part_codes(findings)
    rows = rows_of(findings.assign(cut=cut, code=code))
    for row in rows:
        programme = row["programme"]
        row["loaded"] = loaded[programme].get(row["indicator"])
        row["dated"] = _dated(row, waves[programme])
    return rows


def _dated(row: Row, waves: Mapping[str, str]) -> datetime.date | None:
    """Return the last day of the wave or period that a value is of."""
    period = row["period"]
    if not period or not known(row["value"]):
        return None
    day = waves.get(period) or last_day(period)
    return datetime.date.fromisoformat(day)


def all_rows(view: View) -> list[Record]:
    """Return all findings in reach as rows, made once for the data as they are."""
    return view.published.cached_value("finding rows", lambda: finding_rows(view, view.published.findings()))


def loaded_days(view: View, programme: str) -> dict[str, datetime.date]:
    """Return the day on which the data behind each indicator were loaded last."""
    loads = view.published.loads(programme)
    last = loads[loads["current"]].groupby("contract")["loaded_at"].max()
    days = {contract: moment.date() for contract, moment in last.items()}
    contracts = view.published.contracts(programme)
    return {indicator: days[contract] for indicator, contract in contracts.items() if contract in days}


def age(view: View, row: Row) -> int | None:
    """Return how many days ago what the data behind a finding are about had ended, whenever they were loaded."""
    return None if row["dated"] is None else max((view.today - row["dated"]).days, 0)


# ---- cells -----------------------------------------------------------------------------------------------------------


def _muted() -> Element:
    return h("span", "–", class_="muted")


def _whole_name(view: View, row: Row) -> Node:
    """Return the indicator as the link to its finding, above its part, if it is of one, and its unit."""
    part = [_part_link(view, row), " · "] if part_path(row) else []
    return [h("a", title_of(view, row), href=link_of(view, row)), h("small", part, unit_of(view.words, row))]


def _part_link(view: View, row: Row) -> Node:
    """Return the name of a part, as the link to its page where it is a project."""
    project, name = project_of(view, row), part_of(view, row)
    return name if project is None else project_link(view, project, name)


def _part_name(view: View, row: Row) -> Node:
    """Return the part above the indicator; a project leads to its page, the indicator to the finding."""
    title = title_of(view, row)
    if project_of(view, row) is None:
        return [h("a", part_of(view, row), href=link_of(view, row)), h("small", title)]
    return [_part_link(view, row), h("small", h("a", title, href=link_of(view, row)))]


def _drawing(view: View, row: Row) -> Node:
    """Draw a finding, or say why it cannot be drawn; below it what leads to its parts, side by side."""
    state = row["attainment"]
    if state == "suppressed":
        return h("small", view.words(f"disclosure.{row['suppressed']}"))
    if state in NO_WAY:
        return h("small", view.words(f"meaning.{state}"))
    text = in_words(view, row)
    links = row.get("parts")
    parts = h("small", view.words("finding.parts"), [[" ", link] for link in links], class_="parts") if links else None
    return [whisker(row, text, scale=row.get("scale")), parts]


def _has_drawing(row: Row) -> bool:
    """Tell whether a finding can be drawn, or is to say why not."""
    is_explained = row["attainment"] == "suppressed" or row["attainment"] in NO_WAY
    return is_explained or (known(row["value"]) and (row.get("scale") or progress_scale(row)) is not None)


def in_words(view: View, row: Row) -> str:
    """Return what a finding's drawing shows as a sentence."""
    interval = view.words.interval(row["conf_low"], row["conf_high"], row["unit"])
    value = f"{part_of(view, row)}: {view.words.number(row['value'], row['unit'], ends_of(row))} {interval}"
    return ", ".join([value.strip(), *_promise_words(view, row)])


def _promise_words(view: View, row: Row) -> Iterator[str]:
    """Yield baseline and target, as far as they are known."""
    if known(row["baseline"]):
        yield f"{view.words('finding.baseline')} {view.words.number(row['baseline'], row['unit'])}"
    if known(row["target"]):
        yield f"{view.words('finding.target')} {view.words.number(row['target'], row['unit'])}"


def value_cell(view: View, row: Row) -> Node:
    """Return a value as it was stated, with its interval and what was promised."""
    if not known(row["value"]):
        return _muted()
    unit = row["unit"]
    number = view.words.number(row["value"], unit, ends_of(row))
    value = h("strong", " ".join([*_qualifiers(view, row), number]))
    interval = view.words.interval(row["conf_low"], row["conf_high"], unit)
    ends = h("small", interval) if interval else None
    return [value, ends, _promised(view, row)]


def _qualifiers(view: View, row: Row) -> list[str]:
    """Return how exactly a value was stated: about, more than, at most."""
    keys = [f"qualifier.{flag}" for flag in row["flags"]]
    return [view.words(key) for key in keys if view.words.has(key)]


def _promised(view: View, row: Row) -> Element | None:
    """Say what was promised; nothing where nothing was."""
    if not known(row["target"]):
        return None
    target = view.words.number(row["target"], row["unit"])
    return h("small", view.words("finding.promised", value=target))


def effect_cell(view: View, row: Row) -> Node:
    """Return an effect with its interval and what it says; a change is called a change."""
    if not known(row["estimate"]):
        return _muted()
    unit, estimand = row["unit"], row["estimand"].code
    effect = view.words.gain(row["estimate"], unit, ends_of(row, "effect"))
    interval = view.words.interval(row["effect_low"], row["effect_high"], unit, gain=True)
    ends = h("small", interval)
    if estimand not in NO_EFFECT:
        return [effect, ends, None]
    return [effect, ends, h("small", view.words(estimand))]


def state_badge(view: View, row: Row) -> Element:
    """Return the state of a promise; of how many units the value is, where some are missing."""
    state, units = row["attainment"], unit_words(view, row)
    if not units:
        return badge(state, view.words)
    title = view.words(f"status.{state}")
    return badge(state, view.words, f"{title} ({units})")


def _status(view: View, row: Row) -> Node:
    """Return the state of a promise; where the effect seems to say the contrary, what both together mean."""
    state = state_badge(view, row)
    key = f"both.{row['attainment']}.{row['contribution']}"
    return [state, h("small", view.words(key), class_="both")] if view.words.has(key) else [state, None]


def unit_words(view: View, row: Row) -> str:
    """Return of how many of the units a value is, in words; nothing where none is missing."""
    if "incomplete" not in row["flags"] or not known(row["units_expected"]):
        return ""
    reported = int(row["units_reported"])
    expected = int(row["units_expected"])
    return view.words("units.some", reported=reported, count=expected)


def _evidence(view: View, row: Row) -> Node:
    """Return the level of evidence, and what the effect says where there is one or it was refused."""
    level = evidence(row["evidence_level"], view.words)
    if not _has_verdict(row):
        return [level, None]
    verdict = badge(row["contribution"], view.words)
    return [level, h("small", verdict)]


def _has_verdict(row: Row) -> bool:
    """Tell whether something is said about what was caused: an effect, or that none could be estimated."""
    state = row["contribution"]
    return state not in ("suppressed", "not_estimable") or (
        state == "not_estimable" and says(row["evidence_reason"], REFUSED)
    )


def _has_evidence(row: Row) -> bool:
    return row["evidence_level"] is not None or _has_verdict(row)


def _has_effect(row: Row) -> bool:
    return known(row["estimate"])


def _dated_cell(view: View, row: Row) -> Element:
    """Write the day up to which data go, set off where that is long ago."""
    days = age(view, row)
    if days is None:
        return _muted()
    return h("span", view.words.date(row["dated"]), class_="stale" if days > OLD else None)


def remarks(view: View, row: Row) -> list[str]:
    """Return in words what is to be known of a finding's value before it is compared."""
    flags = [flag for flag in row["flags"] if view.words.has(f"flag.{flag}")]
    return [_remark(view, row, flag) for flag in flags]


def _remark(view: View, row: Row, flag: str) -> str:
    """Return a flag in words; of a value of some units, with of how many."""
    text = view.words(f"flag.{flag}")
    if flag != "incomplete":
        return text
    units = unit_words(view, row)
    return f"{text}: {units}" if units else text


# ---- the table -------------------------------------------------------------------------------------------------------

WHOLE_NAME = ColumnSpec("finding", "finding.name", _whole_name)
PART_NAME = ColumnSpec("finding", "finding.name", _part_name)
FINDINGS = (
    ColumnSpec("", "finding.drawing", _drawing, has=_has_drawing),
    ColumnSpec("value", "finding.value", value_cell, numeric=True, meaning="meaning.value"),
    ColumnSpec("attainment", "finding.status", _status, meaning="meaning.attainment"),
    ColumnSpec("estimate", "finding.effect", effect_cell, numeric=True, meaning="meaning.estimate", has=_has_effect),
    ColumnSpec("evidence_level", "finding.evidence", _evidence, meaning="meaning.evidence", has=_has_evidence),
    ColumnSpec("dated", "finding.dated", _dated_cell, numeric=True, meaning="meaning.dated"),
)
LOADED = ColumnSpec("loaded", "finding.loaded", meaning="meaning.loaded")


def text_columns(view: View) -> list[Column]:
    """Return the columns of a file that call a finding by its indicator and its part, in the reader's language."""
    language = view.words.declared
    titles = Column(f"title_{language}", view.words("finding.title"))
    part_titles = Column(f"part_{language}", view.words("finding.part"))
    return [titles, part_titles]


def finding_table(
    view: View,
    rows: Sequence[Row],
    *,
    by_part: bool = False,
    group: Callable[[Row], str] | None = None,
    fold: Fold | None = None,
    above: Callable[[Sequence[Row]], Element | None] | None = None,
) -> Table:
    """Return findings as a table: promise, drawing, outcome, status, effect, evidence, freshness.

    Parameters
    ----------
    view
        What was asked for.
    rows
        Findings, as :func:`finding_rows` returns them.
    by_part
        Whether a row is called by its part rather than by its indicator.
    group, fold, above
        As of a table.
    """
    columns = columns_of(view, (PART_NAME if by_part else WHOLE_NAME, *FINDINGS))
    extra = [*text_columns(view), *file_columns(KEPT), LOADED.column(view)]
    return Table(columns, rows, extra, group, fold=fold, above=above)
