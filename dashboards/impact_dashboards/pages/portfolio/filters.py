"""The filters of the portfolio: what each offers, what it asks for, which rows it leaves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from impact.states import WORST_FIRST
from impact_dashboards.page.view import Choice, Row, View
from impact_dashboards.parts.findings import all_rows
from impact_dashboards.parts.promises import NO_STATES, STAGES, Rows, in_stage

LEVELS = ("micro", "meso", "macro")
DATA = ("real", "synthetic")
GROUPS = ("programme", "level", "indicator")
SORTS = ("gap", "effect", "certainty", "date")
"""By what findings can be sorted within their groups."""


# ---- what is asked for -----------------------------------------------------------------------------------------------


def asked_filters(view: View) -> dict[str, str]:
    """Return what each filter asks for: anything in reach, though other filters may leave nothing of it."""
    rows = all_rows(view)
    offered: dict[str, Collection[str]] = {
        "programme": view.published.titles,
        "cut": _cuts(rows),
        "indicator": {row["indicator"] for row in rows},
        "level": LEVELS,
        "stage": STAGES,
        "status": {*NO_STATES, *WORST_FIRST, *(row["attainment"] for row in rows)},
        "data": DATA,
        "group": {*GROUPS, *view.published.memberships()["by"]},
        "sort": SORTS,
    }
    return {name: view.chosen(name, choices) for name, choices in offered.items()}


def _cuts(rows: Iterable[Row]) -> list[str]:
    return sorted({row["cut"] for row in rows} - {""})


def filtered(asked: Mapping[str, str], rows: Rows) -> list[Row]:
    """Return the rows that the filters leave."""
    equal = {"indicator": asked["indicator"], "level": asked["level"], "data_kind": asked["data"]}
    status, stage = asked["status"], asked["stage"]
    if status not in NO_STATES:
        equal["attainment"] = status
    matching = [row for row in rows if _matches(row, equal)]
    of_stage = [row for row in matching if in_stage(row, stage)]
    if status not in NO_STATES:
        return of_stage
    return list(filter(NO_STATES[status], of_stage))


def _matches(row: Row, equal: Mapping[str, str]) -> bool:
    return all(value in ("", row[name]) for name, value in equal.items())


# ---- what is offered -------------------------------------------------------------------------------------------------


def filter_choices(view: View, asked: Mapping[str, str], reach: Rows, of_cut: Rows) -> list[Choice]:
    """Return the filters; what is asked for is among their options, even where other filters leave nothing of it.

    Parameters
    ----------
    view
        What was asked for.
    asked
        The value of each filter.
    reach
        The rows of the programme that is chosen.
    of_cut
        Those of them that are of the parts chosen.
    """
    options = {
        "programme": _all(view, _programmes(view)),
        "cut": _cut_options(view, reach, asked["cut"]),
        "indicator": _all(view, _indicators(view, of_cut, asked["indicator"])),
        "level": _all(view, _levels(view)),
        "stage": _all(view, _stages(view)),
        "status": _all(view, _statuses(view, of_cut, asked["status"])),
        "data": _all(view, _kinds(view)),
        "group": _groups(view, of_cut, asked["cut"]),
        "sort": {"": view.words("sort.none")} | {name: view.words(f"sort.{name}") for name in SORTS},
    }
    values = dict(asked)
    if asked["group"] not in options["group"]:
        values["group"] = GROUPS[0]
    return [Choice(name, view.words(f"filter.{name}"), options[name], values[name]) for name in options]


def _cut_options(view: View, rows: Rows, asked: str) -> dict[str, str]:
    return {"": view.words("finding.whole")} | _cut_titles(view, [*_cuts(rows), asked])


def _all(view: View, options: Mapping[str, str]) -> dict[str, str]:
    """Return options below the one that stands for all."""
    return {"": view.words("filters.all")} | dict(options)


def _levels(view: View) -> dict[str, str]:
    return {level: view.words(f"level.{level}") for level in LEVELS}


def _stages(view: View) -> dict[str, str]:
    return {stage: view.words(f"portfolio.{stage}") for stage in STAGES}


def _kinds(view: View) -> dict[str, str]:
    return {kind: view.words(f"data.{kind}") for kind in DATA}


def _programmes(view: View) -> dict[str, str]:
    return {name: view.words.pick(row, "title") for name, row in view.published.titles.items()}


def _indicators(view: View, rows: Rows, asked: str) -> dict[str, str]:
    """Return the indicators of the rows, and the one asked for, with their titles."""
    of_asked = [row for row in all_rows(view) if row["indicator"] == asked]
    return {row["indicator"]: view.words.pick(row, "title") for row in [*rows, *of_asked]}


def _statuses(view: View, rows: Rows, asked: str) -> dict[str, str]:
    states = dict.fromkeys([*(row["attainment"] for row in rows), asked])
    options = {name: view.words(f"portfolio.{name}") for name in NO_STATES}
    return options | {state: view.words(f"status.{state}") for state in states if state and state not in NO_STATES}


def _cut_titles(view: View, cuts: Iterable[str]) -> dict[str, str]:
    titles = view.published.cut_titles(view.words.language)
    return {cut: titles.get(cut, cut) for cut in cuts if cut}


def _groups(view: View, rows: Rows, cut: str) -> dict[str, str]:
    """Return by what rows can be grouped: what every row has, and what their parts belong to."""
    groups = {name: view.words(f"group.{name}") for name in GROUPS}
    members = memberships(view, rows, cut)
    columns = [member.by for member in members]
    return groups | _cut_titles(view, columns)


class Member(NamedTuple):
    """A part of a programme that belongs to a group, such as a project to a quadrant."""

    programme: str
    code: str
    by: str
    group: str


def memberships(view: View, rows: Rows, cut: str) -> list[Member]:
    """Return what the parts of the rows belong to; the whole belongs to nothing."""
    members: list[Member] = []
    if not cut:
        return members
    programmes = dict.fromkeys(row["programme"] for row in rows)
    for programme in programmes:
        table = view.published.memberships(programme)
        of_cut = table[table["column"] == cut]
        texts = of_cut[["programme", "code", "by", "of"]].astype(str)
        members += map(Member._make, texts.itertuples(index=False, name=None))
    return members
