"""Findings as rows of a table: the same columns on every page, and in every file."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from impact.declare import last_day
from impact.drawing.markup import Element, Node, h
from impact.publish.published import REFUSED
from impact.publish.rows import rows_of
from impact.words import Words
from impact_dashboards.page.view import Column, Row, Table, View
from impact_dashboards.parts.marks import known, whisker
from impact_dashboards.parts.state_marks import badge, evidence

NO_PATH = ("incomplete", "contradictory", "out_of_range")
"""States in which there is no way from baseline to target to draw a value on."""
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


def whole_only(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings of whole programmes."""
    return findings[(findings["scope"] == "programme") & (findings["group"] == "all")]


def whole(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings of whole programmes; for a reader of parts, who sees none of these, those of the parts."""
    found = whole_only(findings)
    return findings if found.empty else found


def cut_columns(findings: pd.DataFrame) -> pd.Series:
    """Return the column that each finding is cut by; empty for the whole."""
    return findings["scope"].where(findings["scope"] != "programme", findings["group"]).replace("all", "")


def part_codes(findings: pd.DataFrame) -> pd.Series:
    """Return the code of the part each finding is of; empty for the whole."""
    return findings["scope_value"].where(findings["scope"] != "programme", findings["group_value"])


def title_of(view: View, row: Row) -> str:
    """Return the indicator's title, marked where it rests on synthetic data."""
    return view.words.pick(row, "title") + (" †" if row["data_kind"] == "synthetic" else "")


def drawn_unit(words: Words, row: Row) -> str:
    """Return the unit of a finding in the reader's language, for a drawing; ``share`` stays, it is drawn in percent."""
    return str(row["unit_it"] if words.language == "it" and row["unit"] != "share" else row["unit"])


def unit_of(words: Words, row: Row) -> str:
    """Return the unit of a finding or claim as a word in the reader's language."""
    return words("unit.share") if row["unit"] == "share" else drawn_unit(words, row)


def part_of(view: View, row: Row) -> str:
    """Return the name of the part a finding is of; the whole's where it is of no part."""
    _, _, part = str(row["finding"]).partition("/")[2].partition("/")
    if not part:
        return view.words("finding.whole")
    titled = row.get(f"part_{view.words.language}")
    return str(titled) if titled else part.partition("=")[2] or part


def link_of(view: View, row: Row) -> str:
    """Return where a finding is explained."""
    part = str(row["finding"]).split("/", 2)[2:]
    return view.address.to(
        "indicator", str(row["programme"]), str(row["indicator"]), **({"part": part[0]} if part else {})
    )


def finding_rows(view: View, findings: pd.DataFrame) -> list[dict[str, Any]]:
    """Return findings as rows: with the column that cuts them and their code, when their data end and were loaded."""
    names = [str(name) for name in findings["programme"].unique()]
    loaded = {name: loaded_days(view, name) for name in names}
    waves = {name: view.published.days(name) for name in names}
    parts = findings.assign(cut=cut_columns(findings), code=part_codes(findings))
    return [
        row
        | {"loaded": loaded[row["programme"]].get(row["indicator"])}
        | {"dated": _dated(row["period"], waves[row["programme"]]) if known(row["value"]) else None}
        for row in rows_of(parts)
    ]


def _dated(period: str | None, waves: Mapping[str, str]) -> datetime.date | None:
    """Return the last day of a wave or period."""
    if not period:
        return None
    return datetime.date.fromisoformat(waves.get(period) or last_day(period))


def all_rows(view: View) -> list[dict[str, Any]]:
    """Return all findings in reach as rows, made once for the data as they are."""
    return view.published.cached_value("finding rows", lambda: finding_rows(view, view.published.findings()))


def widest_cut(rows: Sequence[Row]) -> str:
    """Return the column that cuts the widest parts in reach: none, but for a reader who sees parts only."""
    cuts = sorted({str(row["cut"]) for row in rows})
    return cuts[0] if cuts else ""


def loaded_days(view: View, programme: str) -> dict[str, datetime.date]:
    """Return the day on which the data behind each indicator were loaded last."""
    loads = view.published.loads(programme)
    last = loads[loads["current"]].groupby("contract")["loaded_at"].max()
    days = {contract: moment.date() for contract, moment in last.items()}
    return {
        indicator: days[contract]
        for indicator, contract in view.published.contracts(programme).items()
        if contract in days
    }


def age(view: View, row: Row) -> int | None:
    """Return how many days ago what the data behind a finding are about had ended, whenever they were loaded."""
    return None if row["dated"] is None else max((view.today - row["dated"]).days, 0)


def finding_table(view: View, rows: Sequence[Row], *, parts: bool = False, group: Any = None) -> Table:
    """Return findings as a table: promise, drawing, outcome, status, effect, evidence, freshness."""
    words = view.words
    shown = [
        Column("finding", words("finding.name"), lambda row: _name(view, row, parts=parts)),
        Column("", words("finding.drawing"), lambda row: _drawing(view, row)),
        Column(
            "value",
            words("finding.value"),
            lambda row: value_cell(view, row),
            numeric=True,
            meaning=words("meaning.value"),
        ),
        Column(
            "attainment",
            words("finding.status"),
            lambda row: state_badge(view, row),
            meaning=words("meaning.attainment"),
        ),
        Column(
            "estimate",
            words("finding.effect"),
            lambda row: effect_cell(view, row),
            numeric=True,
            meaning=words("meaning.estimate"),
        ),
        Column(
            "evidence_level",
            words("finding.evidence"),
            lambda row: _evidence(view, row),
            meaning=words("meaning.evidence"),
        ),
        Column(
            "dated",
            words("finding.dated"),
            lambda row: _dated_cell(view, row),
            numeric=True,
            meaning=words("meaning.dated"),
        ),
    ]
    language = words.language
    extra = [Column(f"title_{language}", words("finding.title")), Column(f"part_{language}", words("finding.part"))]
    extra += [Column(key, key.replace("_", " ")) for key in KEPT]
    extra += [Column("loaded", words("finding.loaded"), meaning=words("meaning.loaded"))]
    return Table(shown, rows, extra, group)


def _name(view: View, row: Row, *, parts: bool) -> Node:
    name = part_of(view, row) if parts else title_of(view, row)
    of_part = "/" in str(row["finding"]).partition("/")[2]
    under = (
        title_of(view, row)
        if parts
        else " · ".join(filter(None, (part_of(view, row) if of_part else "", unit_of(view.words, row))))
    )
    return [h("a", name, href=link_of(view, row)), h("small", under)]


def _drawing(view: View, row: Row) -> Node:
    if row["attainment"] == "suppressed":
        return h("small", view.words(f"disclosure.{row['suppressed']}"))
    if row["attainment"] in NO_PATH:
        return h("small", view.words(f"meaning.{row['attainment']}"))
    return whisker(row, in_words(view, row))


def in_words(view: View, row: Row) -> str:
    """Return what a finding's drawing shows as a sentence."""
    words, unit = view.words, row["unit"]
    ends = words.interval(row["conf_low"], row["conf_high"], unit)
    said = [f"{part_of(view, row)}: {words.number(row['value'], unit)} {ends}"]
    said += [f"{words('finding.baseline')} {words.number(row['baseline'], unit)}"] if known(row["baseline"]) else []
    said += [f"{words('finding.target')} {words.number(row['target'], unit)}"] if known(row["target"]) else []
    return ", ".join(text.strip() for text in said)


def value_cell(view: View, row: Row) -> Node:
    """Return a value as it was stated, with its interval and what was promised."""
    words, unit = view.words, row["unit"]
    if not known(row["value"]):
        return h("span", "–", class_="muted")
    qualified = [words(f"qualifier.{flag}") for flag in row["flags"] if words.has(f"qualifier.{flag}")]
    promised = known(row["target"])
    ends = words.interval(row["conf_low"], row["conf_high"], unit)
    return [
        h("strong", " ".join([*qualified, words.number(row["value"], unit)])),
        h("small", ends) if ends else None,
        h("small", words("finding.promised", value=words.number(row["target"], unit))) if promised else None,
    ]


def effect_cell(view: View, row: Row) -> Node:
    """Return an effect with its interval and what it says; a change is called a change."""
    words, unit = view.words, row["unit"]
    if not known(row["estimate"]):
        return h("span", "–", class_="muted")
    kind = row["estimand"] if row["estimand"] in ("change", "association") else "effect"
    return [
        words.gain(row["estimate"], unit),
        h("small", words.interval(row["effect_low"], row["effect_high"], unit, gain=True)),
        h("small", words(f"estimand.{kind}")) if kind != "effect" else None,
    ]


def state_badge(view: View, row: Row) -> Element:
    """Return the state of a promise; of how many units the value is, where some are missing."""
    counts = unit_words(view, row)
    said = f"{view.words('status.' + row['attainment'])} ({counts})" if counts else None
    return badge(row["attainment"], view.words, said)


def unit_words(view: View, row: Row) -> str:
    """Return of how many of the units a value is, in words; nothing where none is missing."""
    if "incomplete" not in row["flags"] or not known(row["units_expected"]):
        return ""
    return view.words("units.some", reported=int(row["units_reported"]), count=int(row["units_expected"]))


def _evidence(view: View, row: Row) -> Node:
    level = row["evidence_level"]
    refused = str(row["evidence_reason"]).startswith(REFUSED)
    silent = row["contribution"] == "suppressed" or (row["contribution"] == "not_estimable" and not refused)
    said = None if silent else badge(row["contribution"], view.words)
    return [evidence(level, view.words), h("small", said) if said is not None else None]


def _dated_cell(view: View, row: Row) -> Element:
    days = age(view, row)
    if days is None:
        return h("span", "–", class_="muted")
    return h("span", view.words.date(row["dated"]), class_="stale" if days > OLD else None)


def remarks(view: View, row: Row) -> list[str]:
    """Return in words what is to be known of a finding's value before it is compared."""
    said = [view.words(f"flag.{flag}") for flag in row["flags"] if view.words.has(f"flag.{flag}")]
    counts = unit_words(view, row)
    return [f"{text}: {counts}" if counts and text == view.words("flag.incomplete") else text for text in said]
