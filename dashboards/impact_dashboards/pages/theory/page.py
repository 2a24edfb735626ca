"""Theory of change: what is meant to lead to what, with the state and the evidence of every step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import Record
from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.descriptor import Chapter, Page
from impact_dashboards.page.view import Block, ColumnSpec, PageContent, Row, Table, View, columns_of, file_columns
from impact_dashboards.pages.theory.chain import Card, Chain, Tie, chain_drawing
from impact_dashboards.pages.theory.listed import chain_list
from impact_dashboards.pages.theory.steps import Step, Theory, read_theory
from impact_dashboards.parts.facts import Fact, fact_list
from impact_dashboards.parts.findings import finding_table
from impact_dashboards.parts.state_marks import badge, evidence

HOW = "docs/how-to/define_an_indicator.md"
UNMEASURED = "unmeasured"


def page(view: View) -> PageContent:
    """Return the page: the chain, the step that is chosen, and the assumptions behind the links."""
    theory = read_theory(view)
    chosen = view.chosen("node", list(theory.steps))
    blocks = [_chain(view, theory, chosen), _links(view, theory)]
    if chosen:
        step = theory.steps[chosen]
        blocks.insert(1, _chosen(view, theory, step))
    title, lead = view.words("theory.title"), _lead(view, theory)
    return PageContent(title, blocks, lead=lead, synthetic=theory.synthetic)


def _lead(view: View, theory: Theory) -> Node:
    """Return what the page shows, and how many steps nothing measures."""
    states = [step.state for step in theory.steps.values()]
    unmeasured = states.count(UNMEASURED)
    lead = view.words("theory.lead")
    if not unmeasured:
        return [lead, " ", view.words("theory.all_measured")]
    count = view.words("theory.bare", count=unmeasured)
    return [lead, " ", h("strong", count)]


# ---- the chain -------------------------------------------------------------------------------------------------------


def _step_link(view: View, step: Row) -> Element:
    return h("a", step["title"], href=view.address.with_(node=step["node"]), data_live=True)


def _level(view: View, step: Row) -> str:
    return view.words(f"level.{step['level']}")


def _state(view: View, step: Row) -> Element:
    return badge(step["state"], view.words)


def _evidence(view: View, step: Row) -> Element:
    return evidence(step["evidence_level"], view.words)


STEPS = (
    ColumnSpec("title", "theory.step", _step_link),
    ColumnSpec("column_title", "theory.stage"),
    ColumnSpec("level", "filter.level", _level),
    ColumnSpec("state", "finding.status", _state),
    ColumnSpec("value", "finding.value"),
    ColumnSpec("evidence_level", "finding.evidence", _evidence),
    ColumnSpec("after", "theory.depends"),
    ColumnSpec("before", "theory.feeds"),
)
STEPS_IN_FILE = ("node", "stage", "horizon", "indicators", "value_of")


def _chain(view: View, theory: Theory, chosen: str) -> Block:
    """Return the theory as a drawing, and its steps as a table."""
    rows = [_step_row(theory, step) for step in theory.steps.values()]
    table = Table(columns_of(view, STEPS), rows, file_columns(STEPS_IN_FILE))
    cards = [_card(view, step) for step in theory.steps.values()]
    ties = [_tie(view, link) for link in theory.links]
    chain = Chain(cards, ties, theory.columns, chosen)
    drawing, body = chain_drawing(chain, view.words), [chain_list(chain, view.words), _legend(view, theory)]
    lead = view.words("theory.read")
    return Block("chain", view.words("theory.chain"), table, lead=lead, drawing=drawing, folded=True, body=body)


def _step_row(theory: Theory, step: Step) -> Record:
    """Return a step as a row of the table, with what it depends on and what it feeds."""
    causes = theory.titles(theory.causes(step))
    effects = theory.titles(theory.effects(step))
    neighbours = {"after": "; ".join(causes), "before": "; ".join(effects)}
    return step.row | neighbours


def _card(view: View, step: Step) -> Card:
    return Card(
        id=step.node,
        column=step.column,
        title=step.title,
        state=step.state,
        value=step.value,
        evidence=step.evidence_level,
        href=view.address.with_(node=step.node),
    )


def _tie(view: View, link: Row) -> Tie:
    return Tie(
        source=link["source"],
        target=link["target"],
        proven=bool(link[f"evidence_{view.words.declared}"]),
        assumption=view.words.pick(link, "assumption"),
        href=view.address.with_(node=link["target"]) + "#links",
    )


def _legend(view: View, theory: Theory) -> Element:
    states = dict.fromkeys(step.state for step in theory.steps.values())
    badges = [badge(state, view.words) for state in states]
    doubt = h("span", h("strong", "?"), " ", view.words("theory.doubt"), class_="status")
    return h("p", badges, evidence(3, view.words), doubt, class_="legend")


# ---- the step that is chosen -----------------------------------------------------------------------------------------


def _chosen(view: View, theory: Theory, step: Step) -> Block:
    """Return a step with its links and its findings."""
    description = step.row[f"description_{view.words.declared}"]
    facts = fact_list(_step_facts(view, theory, step))
    content = [h("p", description) if description else None, facts]
    if step.findings:
        return Block("step", step.title, finding_table(view, step.findings), body=[content, None])
    unmeasured = h("p", view.words("theory.unmeasured"), " ", h("code", HOW), class_="empty")
    return Block("step", step.title, body=[content, unmeasured])


def _step_facts(view: View, theory: Theory, step: Step) -> Iterable[Fact]:
    words = view.words
    level = words(f"level.{step.row['level']}")
    yield Fact(words("finding.status"), badge(step.state, words))
    yield Fact(words("theory.place"), f"{step.column_title} · {level}")
    yield Fact(words("theory.depends"), _step_list(view, theory, theory.causes(step)))
    yield Fact(words("theory.feeds"), _step_list(view, theory, theory.effects(step)))


def _step_list(view: View, theory: Theory, nodes: Sequence[str]) -> Element:
    """Return steps as links, or that there are none."""
    if not nodes:
        return h("p", view.words("theory.none"), class_="muted")
    rows = [theory.steps[node].row for node in nodes]
    links = [_step_link(view, row) for row in rows]
    return h("ul", [h("li", link) for link in links])


# ---- the links -------------------------------------------------------------------------------------------------------


def _proof(view: View, link: Row) -> Node:
    """Return the evidence for a link, or that there is none."""
    if link["evidence"]:
        return str(link["evidence"])
    return badge(UNMEASURED, view.words, view.words("theory.no_evidence"))


LINKS = (
    ColumnSpec("source_title", "theory.from"),
    ColumnSpec("target_title", "theory.to"),
    ColumnSpec("assumption", "theory.assumption"),
    ColumnSpec("evidence", "theory.evidence", _proof),
)


def _links(view: View, theory: Theory) -> Block:
    """Return the causal claims with their assumptions and the evidence for them."""
    rows = [_link_row(view, theory, link) for link in theory.links if theory.has_ends(link)]
    table = Table(columns_of(view, LINKS), rows, file_columns(["source", "target"]))
    unproven = sum(not row["evidence"] for row in rows)
    lead = view.words("theory.links_lead", count=unproven, of=len(rows))
    return Block("links", view.words("theory.links"), table, lead=lead)


def _link_row(view: View, theory: Theory, link: Record) -> Record:
    """Return a link with its words in the reader's language."""
    source, target = theory.titles([link["source"], link["target"]])
    ends = {"source_title": source, "target_title": target}
    assumption = view.words.pick(link, "assumption")
    proof = link[f"evidence_{view.words.declared}"]
    texts = {"assumption": assumption, "evidence": proof}
    return link | ends | texts


def _has_theory(view: View, programme: str) -> bool:
    return len(view.published.nodes(programme)) > 0


PAGE = Page(
    name="theory",
    title="menu.theory",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(body=("chain",)),
    has_content=_has_theory,
    examples=(
        "theory",
        "theory/wecare?node=less_lonely",
    ),
)
