"""Verdict: what the findings that matter most come to, what would change it, what it cost. The brief is this page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import Record
from impact.publish.scope import EVERY_ROLE
from impact.states import EffectVerdict, PromiseVerdict, ValueSection
from impact.tables.finding import Finding
from impact.value.verdict import Verdict, effect_verdict, promise_verdict
from impact.words.said import Said
from impact_dashboards.page.descriptor import Chapter, Page
from impact_dashboards.page.view import (
    Block,
    ColumnSpec,
    PageContent,
    Row,
    Table,
    View,
    columns_of,
    file_columns,
    nothing,
)
from impact_dashboards.parts.findings import (
    effect_cell,
    finding_rows,
    link_of,
    state_badge,
    title_of,
    unit_of,
)
from impact_dashboards.parts.marks import ends_of, known
from impact_dashboards.parts.sentences import rich
from impact_dashboards.parts.state_marks import badge, evidence
from impact_dashboards.parts.valued import figure, figure_interval, said
from impact_dashboards.parts.verdicts import decided

HOW = "docs/how-to/write_a_brief.md"
MOST_RISKS, MOST_COSTS = 2, 4
"""Risks of a finding, the largest first, and lines of cost that stand here; the page Value has the rest."""
EFFECT_SHAPES = {
    EffectVerdict.HARM: "worsened",
    EffectVerdict.CHANGED: "changed",
    EffectVerdict.CAUSED: "improved",
    EffectVerdict.INDICATED: "uncertain",
    EffectVerdict.NOT_SHOWN: "no_clear_effect",
    EffectVerdict.NO_COMPARISON: "not_estimable",
    EffectVerdict.HIDDEN: "suppressed",
    EffectVerdict.NONE: "no_target",
}
"""The state whose shape and colour each verdict on an effect has: weak evidence never looks like proof."""
IN_FILE = (
    *("programme", "indicator", "unit", "unit_it", "direction", "baseline", "due", "conf_low", "conf_high"),
    *("effect_low", "effect_high", "attainment", "contribution", "promise_verdict", "effect_verdict"),
    *("registration", "data_kind", "suppressed"),
)


@dataclass(frozen=True)
class Reading:
    """What the page is made of: rows that decide, how many others, the verdict, lines of cost and of rules."""

    rows: Sequence[Record]
    others: int
    verdict: Verdict
    costs: Sequence[Record]
    rules: Sequence[Record]


def page(view: View) -> PageContent:
    """Return the page of one programme's verdict."""
    title, over = view.words("verdict.title"), view.words.pick(view.published.titles[view.programme], "title")
    reading = read_verdict(view, view.programme)
    if not reading.rows:
        return PageContent(title, over=over, head=nothing(view.words, "verdict.none", HOW))
    blocks = [_findings(view, reading), _changes(view, reading), _costs(view, reading)]
    is_synthetic = any(row["data_kind"] == "synthetic" for row in (*reading.rows, *reading.costs))
    lead = view.words.said(reading.verdict.said)
    return PageContent(title, blocks, lead=lead, over=over, synthetic=is_synthetic, head=_to_take_away(view))


def _to_take_away(view: View) -> Element:
    """Say how to have the page as one sheet of paper."""
    command = f"impact brief {view.programme} --lang {view.words.declared} --out {view.programme}.pdf"
    return h("p", rich(view.words, "verdict.take_away", command=h("code", command)), class_="note")


def read_verdict(view: View, programme: str) -> Reading:
    """Return the verdict on a programme with the rows of the page."""
    read = decided(view, programme)
    rows = {row["finding"]: row for row in finding_rows(view, view.published.findings(programme))}
    risks = [{"risks": _risks(read.lines, finding)} for finding in read.findings]
    of_findings = [
        rows[finding.finding] | _read(finding) | risk for finding, risk in zip(read.findings, risks, strict=True)
    ]
    numbered = [row | {"number": number} for number, row in enumerate(of_findings, start=1)]
    rules = [line for line in read.lines if line["section"] == ValueSection.RULES]
    return Reading(numbered, read.others, read.verdict, read.costs, rules)


def _read(finding: Finding) -> Record:
    return {"promise_verdict": promise_verdict(finding), "effect_verdict": effect_verdict(finding)}


def _risks(lines: Sequence[Record], finding: Finding) -> list[Record]:
    """Return the risks of a finding that have a size, the largest first."""
    of_finding = (line for line in lines if line["section"] == ValueSection.OUTCOMES)
    of_finding = (line for line in of_finding if line["subject"] == finding.indicator and known(line["value"]))
    sized = [line for line in of_finding if line["item"].startswith("risk/")]
    return sorted(sized, key=lambda line: -line["value"])


# ---- the findings ----------------------------------------------------------------------------------------------------


def _findings(view: View, reading: Reading) -> Block:
    rows = [row | {"risk": _risk_text(view, row)} for row in reading.rows]
    table = Table(columns_of(view, FINDINGS), rows, file_columns(IN_FILE))
    after = [_others(view, reading), _rules(view, reading)]
    return Block("findings", view.words("verdict.findings"), table, after=after)


def _others(view: View, reading: Reading) -> Element:
    """Say how many other findings there are that could have stood here, and where they stand."""
    if not reading.others:
        return h("p", view.words("verdict.no_others"), class_="note")
    href = view.address.to("portfolio", programme=view.programme)
    where = h("a", view.words("menu.portfolio"), href=href)
    key = "verdict.other" if reading.others == 1 else "verdict.others"
    return h("p", rich(view.words, key, number=view.words.number(reading.others), where=where), class_="note")


def _rules(view: View, reading: Reading) -> list[Element]:
    """Say whether the rules by which outcomes are valued were registered before these could be known."""
    said_of = [(said(view, line["verdict"]), said(view, line["reason"])) for line in reading.rules]
    return [h("p", view.words("verdict.rules", state=state, why=why), class_="note") for state, why in said_of]


def _name(view: View, row: Row) -> Node:
    """Return the number and the indicator as the link to its finding, above its unit and its id."""
    name = h("a", f"{row['number']}. {title_of(view, row)}", href=link_of(view, row))
    return [name, h("small", unit_of(view.words, row)), h("small", h("code", row["indicator"]))]


def _promise(view: View, row: Row) -> Node:
    """Return the target, from where and by when."""
    if not known(row["target"]):
        return h("small", view.words("verdict.no_target"))
    words, unit = view.words, row["unit"]
    baseline = words("verdict.from", value=words.number(row["baseline"], unit)) if known(row["baseline"]) else ""
    due = words("verdict.by", day=words.date(row["due"])) if row["due"] else ""
    below = [h("small", text) for text in (baseline, due) if text]
    return [h("strong", words.number(row["target"], unit)), below]


def _result(view: View, row: Row) -> Node:
    """Return the value with its interval or why it has none, and what the promise came to."""
    if row["suppressed"]:
        return h("small", view.words(f"disclosure.{row['suppressed']}"))
    state = None if row["promise_verdict"] == PromiseVerdict.NONE else state_badge(view, row)
    if not known(row["value"]):
        return state or "–"
    value = h("strong", view.words.number(row["value"], row["unit"], ends_of(row)))
    ends = view.words.interval(row["conf_low"], row["conf_high"], row["unit"]) or view.words.said(row["method"])
    return [value, h("small", ends), state]


def _effect(view: View, row: Row) -> Node:
    """Return the effect with its interval, and what is known of the cause."""
    found = EffectVerdict(row["effect_verdict"])
    mark = badge(EFFECT_SHAPES[found], view.words, view.words.said(Said(f"verdicts.effect.{found}")))
    return [effect_cell(view, row), mark] if known(row["estimate"]) else mark


def _certainty(view: View, row: Row) -> Node:
    """Return the level of evidence, where an effect is looked for, and whether the plan was registered."""
    level, plan = row["evidence_level"], h("small", view.words(f"verdict.plan.{row['registration']}"))
    if row["effect_verdict"] in (EffectVerdict.NONE, EffectVerdict.HIDDEN):
        return plan
    if not known(level):
        return [h("small", view.words("verdict.no_evidence")), plan]
    return [evidence(level, view.words), h("small", view.words("evidence.of", level=int(level))), plan]


def _risk(view: View, row: Row) -> Node:
    shown = row["risks"][:MOST_RISKS]
    return [h("small", _one_risk(view, line)) for line in shown] or h("small", view.words("verdict.no_risk"))


def _one_risk(view: View, line: Row) -> str:
    kind, degree = view.words.said(line["label"].values["kind"]), view.words.said(line["verdict"])
    size = f"{view.words.number(line['value'], within=ends_of(line))} {unit_of(view.words, line)}"
    return view.words("verdict.risk_of", kind=kind, degree=degree, size=size)


def _risk_text(view: View, row: Row) -> str:
    return "; ".join(_one_risk(view, line) for line in row["risks"])


FINDINGS = (
    ColumnSpec("finding", "verdict.outcome", _name),
    ColumnSpec("target", "verdict.promise", _promise, numeric=True),
    ColumnSpec("value", "verdict.result", _result, numeric=True),
    ColumnSpec("estimate", "verdict.effect_title", _effect, numeric=True),
    ColumnSpec("evidence_level", "verdict.certainty", _certainty),
    ColumnSpec("risk", "verdict.risk", _risk),
)


# ---- what would change it --------------------------------------------------------------------------------------------


def _changes(view: View, reading: Reading) -> Block:
    """Return what would change the verdict, the weakest link first."""
    title = view.words("verdict.changes")
    rows = [
        {"need": need.said, "findings": ", ".join(need.findings), "of": _of(view, need.findings, reading.rows)}
        for need in reading.verdict.needs
    ]
    if not rows:
        return Block("changes", title, body=h("p", view.words("verdict.no_changes"), class_="note"))
    table = Table(columns_of(view, CHANGES), rows)
    return Block("changes", title, table, lead=view.words("verdict.changes_lead"))


def _of(view: View, names: Sequence[str], rows: Sequence[Row]) -> str:
    """Return what a need is of: the programme, all that stands above, or some of it, several by their numbers."""
    if not names:
        return view.words("finding.whole")
    if len(names) == len(rows) > 1:
        return view.words("verdict.all_of_them")
    of = [row for row in rows if row["finding"] in names]
    if len(of) == 1:
        return f"{of[0]['number']}. {title_of(view, of[0])}"
    return view.words("verdict.numbered", numbers=", ".join(str(row["number"]) for row in of))


def _need(view: View, row: Row) -> str:
    return view.words.said(row["need"])


def _need_of(view: View, row: Row) -> str:
    return str(row["of"])


CHANGES = (ColumnSpec("need", "verdict.need", _need), ColumnSpec("findings", "verdict.of", _need_of))


# ---- what it cost ----------------------------------------------------------------------------------------------------


def _costs(view: View, reading: Reading) -> Block:
    title = view.words("verdict.costs")
    if not reading.costs:
        return Block("costs", title, body=h("p", view.words("verdict.no_costs"), class_="note"))
    more = len(reading.costs) - MOST_COSTS
    after = h("p", view.words("verdict.more_costs", count=more), class_="note") if more > 0 else None
    table = Table(columns_of(view, COSTS), reading.costs[:MOST_COSTS], file_columns(("conf_low", "conf_high", "unit")))
    return Block("costs", title, table, after=after)


def _cost_name(view: View, line: Row) -> str:
    mark = " †" if line["data_kind"] == "synthetic" else ""
    return f"{view.words.pick(line, 'subject')}{mark}: {view.words.said(line['label'])}"


def _cost(view: View, line: Row) -> Node:
    ends = figure_interval(view, line) or said(view, line["reason"])
    return [h("strong", figure(view, line)), h("small", ends)]


COSTS = (ColumnSpec("item", "verdict.cost", _cost_name), ColumnSpec("value", "value.figure", _cost, numeric=True))


def _has_verdict(view: View, programme: str) -> bool:
    return bool(decided(view, programme).findings)


PAGE = Page(
    name="verdict",
    title="menu.verdict",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(body=("findings", "changes", "costs")),
    has_content=_has_verdict,
    examples=("verdict/wecare", "verdict/nsw"),
)
