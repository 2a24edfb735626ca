"""The effect of a finding: estimate, design, checks with their nulls, numbers behind it, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
import plotly.graph_objects as go

from impact.drawing.markup import Element, Node, h
from impact.figures import effects_figure, family_name
from impact.publish.protect import HETEROGENEITY
from impact.publish.published import EFFECTS, REFUSED
from impact.publish.rows import Record, rows_of
from impact.publish.trace import Trace
from impact.states import AttainmentState, EffectVerdict
from impact.tables.frames import to_frame
from impact.tables.results import Diagnostic, Term
from impact.value.verdict import effect_verdict
from impact.words.said import Said, says
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.facts import Fact, fact_grid
from impact_dashboards.parts.findings import drawn_unit, effect_cell
from impact_dashboards.parts.marks import ends_of, known
from impact_dashboards.parts.state_marks import badge, evidence

CHECK_STATES = {"passed": "good", "failed": "bad", "not_applicable": "open", "warning": "warn"}
BEARINGS = {"passed": "supports", "failed": "weakens", "warning": "weakens", "not_applicable": "unmade"}
"""What a check says of the effect, by its status; in the order in which readers see them."""
LOWERED = ("lowered_for_failed", "lowered_for_unmade")
"""Endings of the sentences that name the checks for which the evidence was lowered."""
MOST_DRAWN = 40
"""Terms up to which a drawing of them can be read."""


def effect_blocks(view: View, row: Row, trace: Trace) -> list[Block]:
    """Return the block on the effect with its checks; none where it is suppressed."""
    if row["attainment"] == AttainmentState.SUPPRESSED:
        return []
    return [_effect(view, row, trace.diagnostics)]


def terms_blocks(view: View, row: Row, trace: Trace) -> list[Block]:
    """Return the block on the numbers behind the effect, where there are some that may be shown."""
    if row["attainment"] == AttainmentState.SUPPRESSED or not trace.terms:
        return []
    return [_terms(view, row, to_frame(Term, trace.terms))]


def heterogeneity(view: View, cut: str, parts: Sequence[Row], trace: Trace) -> Node:
    """Say whether the effect differs between the groups of a cut, or that this was not tested.

    Nothing is said where fewer than two groups have an effect that may be shown, nor where one is suppressed: a
    test of all of them would tell of it.
    """
    hidden = any(part["attainment"] == AttainmentState.SUPPRESSED for part in parts)
    compared = effect_verdict(trace.finding) is not EffectVerdict.NO_COMPARISON
    if hidden or not compared or sum(known(part["estimate"]) for part in parts) < 2:
        return None
    check = next((check for check in trace.diagnostics if _tests(check, cut)), None)
    if check is None:
        return h("p", view.words("subgroups.untested"), class_="note")
    detail = view.words.said(check.detail)
    p = "" if check.p_value is None else view.words("effect.p", value=view.words.p_value(check.p_value))
    detail = " · ".join(filter(None, (p, detail)))
    return h("p", view.words(f"subgroups.{check.status}", detail=detail))


def _tests(check: Diagnostic, cut: str) -> bool:
    return says(check.check, HETEROGENEITY) and isinstance(check.check, Said) and check.check.values["name"] == cut


# ---- the effect and its checks ---------------------------------------------------------------------------------------


def _check_name(view: View, check: Row) -> str:
    """Return the name of a check, and of what it is of, in words."""
    name = view.words.said(check["check"])
    kind, _, subject = name.partition(" ")
    title = kind.replace("_", " ")
    return f"{title} {subject}" if subject else title


def _check_state(view: View, check: Row) -> Element:
    state = CHECK_STATES.get(check["status"], "open")
    mark = badge(state, view.words, view.words(f"check.{check['status']}"))
    return h("span", mark, h("small", view.words("check.critical"))) if check["critical"] else mark


def _check_p(view: View, check: Row) -> str:
    return view.words.p_value(check["p_value"]).removeprefix("= ")


CHECKS = (
    ColumnSpec("check", "effect.check", _check_name),
    ColumnSpec("status", "finding.status", _check_state),
    ColumnSpec("null", "effect.null"),
    ColumnSpec("p_value", "p", _check_p, numeric=True),
    ColumnSpec("told", "effect.detail"),
)


def _check_row(view: View, check: Diagnostic, lowering: Sequence[object]) -> Record:
    """Return a check with its sentences in the reader's language, and whether it cost the evidence a level."""
    null_hypothesis = view.words.said(check.null_hypothesis)
    detail = view.words.said(check.detail)
    fields = vars(check)
    bearing = "groups" if says(check.check, HETEROGENEITY) else BEARINGS[check.status]
    group = view.words(f"check.group.{bearing}")
    return {**fields, "null": null_hypothesis, "told": detail, "group": group, "critical": check.check in lowering}


def _lowering(reason: object) -> list[object]:
    """Return the checks for which the evidence was lowered, as the reason for its level names them."""
    if not isinstance(reason, Said):
        return []
    values = [part for value in reason.values.values() for part in (value if isinstance(value, tuple) else (value,))]
    if reason.code.endswith(LOWERED):
        return list(values)
    return [check for part in values for check in _lowering(part)]


def _group(row: Row) -> str:
    return str(row["group"])


def _effect(view: View, row: Row, checks: Sequence[Diagnostic]) -> Block:
    lowering = _lowering(row["evidence_reason"])
    rows = [_check_row(view, check, lowering) for check in checks]
    order = [view.words(f"check.group.{name}") for name in ("supports", "weakens", "unmade", "groups")]
    ordered = sorted(rows, key=lambda check: (order.index(check["group"]), not check["critical"]))
    table = Table(columns_of(view, CHECKS), ordered, file_columns(["value"]), group=_group)
    content = fact_grid(*_effect_facts(view, row)) if known(row["estimate"]) else _not_estimated(view, row)
    return Block("effect", view.words("effect.title"), table if rows else None, body=content)


def _not_estimated(view: View, row: Row) -> Node:
    """Return why there is no effect, and what the evidence is then."""
    state = badge(row["contribution"], view.words)
    reason = view.words.said(row["evidence_reason"])
    if says(row["evidence_reason"], REFUSED):
        return h("p", state, " ", reason)
    why = h("p", state, " ", _why(view, row))
    level = evidence(row["evidence_level"], view.words)
    rating = h("p", level, h("small", reason))
    return [why, rating]


def _why(view: View, row: Row) -> str:
    """Say why there is no effect: none was looked for, or the design could not give one."""
    if not row["not_estimable"]:
        return view.words("effect.no_design")
    reason = view.words.said(row["not_estimable"])
    return view.words("effect.none", why=reason)


def _effect_facts(view: View, row: Row) -> Iterator[Fact]:
    """Yield the effect and all that it rests on."""
    words = view.words
    level = evidence(row["evidence_level"], words)
    reason = words.said(row["evidence_reason"])
    std_error, inference = words.error(row["std_error"], row["unit"]), words.said(row["inference"])
    error = f"{std_error} · {inference}"
    yield Fact(words("finding.effect"), [effect_cell(view, row), badge(row["contribution"], words)])
    yield Fact(words("effect.design"), words.said(row["design"]))
    yield Fact(words("effect.estimand"), words.said(row["estimand"]))
    yield Fact(words("effect.error"), error)
    yield Fact(words("effect.p_title"), _p_values(view, row))
    yield Fact(words("effect.n"), words.number(row["n_obs"]))
    yield Fact(words("effect.clusters"), words.number(row["n_clusters"]))
    yield Fact(words("finding.evidence"), [level, h("small", reason)])


def _p_values(view: View, row: Row) -> str:
    """Return the p-value, and the one adjusted for the family of tests where there is one."""
    p = view.words("effect.p", value=view.words.p_value(row["p_value"]))
    if not known(row["p_adjusted"]):
        return p
    value = view.words.p_value(row["p_adjusted"])
    how = view.words.said(row["adjustment"])
    adjusted = view.words("effect.p_adjusted", value=value, how=how)
    return f"{p} · {adjusted}"


# ---- the numbers behind it -------------------------------------------------------------------------------------------


def _term_family(view: View, term: Row) -> str:
    return family_name(term["family"], view.words)


def _term_value(view: View, term: Row) -> str:
    """Write the number of a term: an effect as the effect is written, any other as a number."""
    if term["family"] in EFFECTS:
        return view.words.gain(term["estimate"], term["unit"], ends_of(term))
    return view.words.number(term["estimate"], within=ends_of(term))


def _term_interval(view: View, term: Row) -> str:
    """Write the interval of a term: of an effect as the effect is written, of any other as numbers."""
    is_effect = term["family"] in EFFECTS
    unit = term["unit"] if is_effect else ""
    low, high = term["conf_low"], term["conf_high"]
    return view.words.interval(low, high, unit, gain=is_effect) or "–"


def _term_n(view: View, term: Row) -> str:
    return view.words.number(term["n_obs"])


def _term_detail(view: View, term: Row) -> str:
    return view.words.said(term["detail"])


TERMS = (
    ColumnSpec("term", "effect.term"),
    ColumnSpec("family", "effect.family", _term_family),
    ColumnSpec("estimate", "effect.estimate", _term_value, numeric=True),
    ColumnSpec("", "indicator.interval", _term_interval, numeric=True),
    ColumnSpec("n_obs", "n", _term_n, numeric=True),
    ColumnSpec("detail", "effect.detail", _term_detail),
)
TERMS_IN_FILE = ("std_error", "p_value", "conf_low", "conf_high")


def _term_row(view: View, row: Row, term: Record) -> Record:
    """Return a term with its name in the reader's language and the unit of the indicator."""
    return term | {"term": view.words.said(term["term"]), "unit": row["unit"]}


def _terms(view: View, row: Row, terms: pd.DataFrame) -> Block:
    """Return the numbers behind an effect, drawn where several of them are effects too."""
    rows = [_term_row(view, row, term) for term in rows_of(terms)]
    columns = columns_of(view, TERMS)
    table = Table(columns, rows, file_columns(TERMS_IN_FILE))
    title, figure = view.words("effect.terms"), _terms_figure(view, row, terms)
    return Block("terms", title, table, figure=figure, folded=True)


def _terms_figure(view: View, row: Row, terms: pd.DataFrame) -> go.Figure | None:
    """Return the drawing of the terms that are effects; None where there is one alone, or too many to be read."""
    if "conf_low" not in terms:
        return None
    drawn = terms[terms["family"].isin(EFFECTS) & terms["conf_low"].notna()]
    if not 1 < len(drawn) <= MOST_DRAWN:
        return None
    ordered = drawn.assign(place=range(len(drawn)))
    return effects_figure(ordered, drawn_unit(view.words, row), view.words)
