"""The effect of a finding: estimate, design, checks with their nulls, numbers behind it, or why there is none."""

from __future__ import annotations

from typing import Any

import pandas as pd

from impact.drawing.markup import Node, h
from impact.figures import effects_figure
from impact.publish.published import EFFECTS, NAMED, REFUSED
from impact.publish.rows import rows_of
from impact.words import Words
from impact_dashboards.page.view import Block, Column, Row, Table, View
from impact_dashboards.parts.findings import drawn_unit, effect_cell
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.state_marks import badge, evidence

CHECKS = {"passed": "good", "failed": "bad", "not_applicable": "open", "warning": "warn"}
MANY = 40


def effect_blocks(view: View, row: Row, trace: dict[str, Any]) -> list[Block]:
    """Return the blocks on the effect: itself with its checks, and the numbers behind it."""
    if row["attainment"] == "suppressed":
        return []
    blocks = [_effect(view, row, trace["diagnostics"])]
    terms = pd.DataFrame(trace["terms"])
    return [*blocks, *([_terms(view, row, terms)] if len(terms) else [])]


def _effect(view: View, row: Row, checks: list[dict[str, Any]]) -> Block:
    words = view.words
    rows = [
        check | {"null": words.said(check["null_hypothesis"]), "told": words.said(check["detail"])} for check in checks
    ]
    table = Table(
        [
            Column("check", words("effect.check"), lambda check: _check(words, check["check"])),
            Column(
                "status",
                words("finding.status"),
                lambda check: badge(CHECKS.get(check["status"], "open"), words, words(f"check.{check['status']}")),
            ),
            Column("null", words("effect.null")),
            Column("p_value", "p", lambda check: words.p_value(check["p_value"]).removeprefix("= "), numeric=True),
            Column("told", words("effect.detail")),
        ],
        rows,
        [Column("value", "value")],
    )
    return Block("effect", words("effect.title"), table if rows else None, body=_facts(view, row))


def _facts(view: View, row: Row) -> Node:
    words = view.words
    reason = words.said(row["evidence_reason"])
    if not known(row["estimate"]):
        if str(row["evidence_reason"]).startswith(REFUSED):
            return h("p", badge(row["contribution"], words), " ", reason)
        why = (
            words("effect.none", why=words.said(row["not_estimable"]))
            if row["not_estimable"]
            else words("effect.no_design")
        )
        return [
            h("p", badge(row["contribution"], words), " ", why),
            h("p", evidence(row["evidence_level"], words), h("small", reason)),
        ]
    p = words("effect.p", value=words.p_value(row["p_value"]))
    adjusted = (
        words("effect.p_adjusted", value=words.p_value(row["p_adjusted"]), how=words.said(row["adjustment"]))
        if known(row["p_adjusted"])
        else ""
    )
    facts = [
        (words("finding.effect"), [effect_cell(view, row), badge(row["contribution"], words)]),
        (words("effect.design"), words.said(row["design"])),
        (words("effect.estimand"), words.said(row["estimand"])),
        (
            words("effect.error"),
            f"{words.size(row['std_error'], row['unit'])} · {words.said(row['inference'])}",
        ),
        (words("effect.p_title"), " · ".join(filter(None, (p, adjusted)))),
        (words("effect.n"), words.number(row["n_obs"])),
        (words("effect.clusters"), words.number(row["n_clusters"])),
        (words("finding.evidence"), [evidence(row["evidence_level"], words), h("small", reason)]),
    ]
    return h("dl", [h("div", h("dt", name), h("dd", value)) for name, value in facts], class_="facts")


def _check(words: Words, name: str) -> str:
    """Return the name of a check, and of what it is of, in words."""
    kind, _, of = words.said(name).partition(" ")
    return " ".join(filter(None, (kind.replace("_", " "), of)))


def _family(view: View, name: str) -> str:
    key = f"figure.family.{name}"
    return view.words(key) if view.words.has(key) else view.words.said(name.replace("_", " "))


def _term(view: View, term: Row) -> str:
    words, name = view.words, str(term["term"])
    return words.named(name) if term["family"] in NAMED else words.said(name)


def _estimate(view: View, row: Row, term: Row) -> str:
    """Write the number of a term: an effect as the effect is written, any other as a number."""
    words, value = view.words, term["estimate"]
    return words.gain(value, row["unit"]) if term["family"] in EFFECTS else words.number(value)


def _interval(view: View, row: Row, term: Row) -> str:
    effect = term["family"] in EFFECTS
    ends = view.words.interval(term["conf_low"], term["conf_high"], row["unit"] if effect else "", gain=effect)
    return ends or "–"


def _terms(view: View, row: Row, terms: pd.DataFrame) -> Block:
    words = view.words
    table = Table(
        [
            Column("term", words("effect.term")),
            Column("family", words("effect.family"), lambda term: _family(view, term["family"])),
            Column("estimate", words("effect.estimate"), lambda term: _estimate(view, row, term), numeric=True),
            Column("", words("indicator.interval"), lambda term: _interval(view, row, term), numeric=True),
            Column("n_obs", "n", lambda term: words.number(term["n_obs"]), numeric=True),
            Column("detail", words("effect.detail"), lambda term: words.said(term["detail"])),
        ],
        [term | {"term": _term(view, term)} for term in rows_of(terms)],
        [Column(key, key) for key in ("std_error", "p_value", "conf_low", "conf_high")],
    )
    drawn = terms[terms["family"].isin(EFFECTS) & terms["conf_low"].notna()] if "conf_low" in terms else terms.iloc[:0]
    drawn = drawn.assign(place=range(len(drawn)))
    figure = effects_figure(drawn, drawn_unit(words, row), words) if 1 < len(drawn) <= MANY else None
    return Block("terms", words("effect.terms"), table, figure=figure, folded=True)
