"""Theory of change: what is meant to lead to what, with the state and the evidence of every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from impact.drawing.markup import Element, Node, h
from impact.publish.published import together
from impact.publish.rows import rows_of
from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.descriptor import Chapter, Page
from impact_dashboards.page.view import Block, Column, PageContent, Row, Table, View
from impact_dashboards.pages.theory.chain import Card, Tie, chain_drawing
from impact_dashboards.parts.findings import all_rows, finding_table, widest_cut
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.state_marks import badge, evidence

STAGES = ("input", "activity", "output", "outcome", "impact")
HORIZONS = ("short", "medium", "long")
HOW = "docs/how-to/define_an_indicator.md"


def page(view: View) -> PageContent:
    """Return the page: the chain, the step that is chosen, and the assumptions behind the links."""
    words = view.words
    nodes, links = rows_of(view.published.nodes(view.programme)), rows_of(view.published.links(view.programme))
    within = [row for row in all_rows(view) if row["programme"] == view.programme]
    cut = widest_cut(within)
    rows = [row for row in within if row["cut"] == cut]
    steps = {node["node"]: _step(view, node, [row for row in rows if row["node"] == node["node"]]) for node in nodes}
    chosen = view.chosen("node", list(steps))
    bare = [step for step in steps.values() if step["state"] == "unmeasured"]
    lead = [
        words("theory.lead"),
        " ",
        h("strong", words("theory.bare", count=len(bare))) if bare else words("theory.all_measured"),
    ]
    blocks = [_chain(view, steps, links, chosen), _links(view, steps, links)]
    if chosen:
        blocks.insert(1, _chosen(view, steps, links, chosen, [row for row in rows if row["node"] == chosen]))
    synthetic = any(row["data_kind"] == "synthetic" for row in rows)
    return PageContent(words("theory.title"), blocks, lead=lead, synthetic=synthetic)


def _step(view: View, node: dict[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    """Return a step with its state, the value that has this state, and the best evidence of any effect on it."""
    levels = [row["evidence_level"] for row in rows if known(row["estimate"]) and known(row["evidence_level"])]
    state = together((row["attainment"], known(row["target"])) for row in rows)
    first = next((row for row in _told_first(rows) if row["attainment"] == state), None)
    horizon = view.words(f"horizon.{node['horizon']}")
    return node | {
        "title": view.words.pick(node, "title"),
        "state": state,
        "indicators": len(rows),
        "evidence_level": int(max(levels)) if levels else None,
        "value": _value(view, first, len(rows)),
        "value_of": first["indicator"] if first else None,
        "column": f"{node['stage']}_{node['horizon']}" if node["stage"] == "outcome" else node["stage"],
        "column_title": view.words(f"stage.{node['stage']}") + (f" · {horizon}" if node["stage"] == "outcome" else ""),
    }


def _told_first(rows: Sequence[Row]) -> list[Row]:
    """Return the findings whose value may stand for a step: those promised, or else those that have a value."""
    return [row for row in rows if known(row["target"])] or [row for row in rows if known(row["value"])]


def _value(view: View, row: Row | None, count: int) -> str:
    """Return what stands on a card: one value against its promise, with how many more there are."""
    if row is None:
        return ""
    value = view.words.number(row["value"], row["unit"])
    if known(row["target"]):
        value = view.words("theory.of", value=value, target=view.words.number(row["target"], row["unit"]))
    mark = " †" if row["data_kind"] == "synthetic" else ""
    return value + mark + (f" +{count - 1}" if count > 1 else "")


def _chain(view: View, steps: dict[str, Any], links: list[dict[str, Any]], chosen: str) -> Block:
    words = view.words
    order = [stage if stage != "outcome" else f"outcome_{horizon}" for stage in STAGES for horizon in HORIZONS]
    titles = {step["column"]: step["column_title"] for step in steps.values()}
    columns = {column: titles[column] for column in dict.fromkeys(order) if column in titles}
    cards = [
        Card(
            step["node"],
            step["column"],
            step["title"],
            step["state"],
            step["value"],
            step["evidence_level"],
            view.address.with_(node=step["node"]),
        )
        for step in steps.values()
    ]
    ties = [
        Tie(
            link["source"],
            link["target"],
            bool(link[f"evidence_{words.language}"]),
            words.pick(link, "assumption"),
            view.address.with_(node=link["target"]) + "#links",
        )
        for link in links
    ]
    around = {step: _around(step, steps, links) for step in steps}
    rows = [step | {"after": around[name][0], "before": around[name][1]} for name, step in steps.items()]
    table = Table(
        [
            Column(
                "title",
                words("theory.step"),
                lambda row: h("a", row["title"], href=view.address.with_(node=row["node"]), data_live=True),
            ),
            Column("column_title", words("theory.stage")),
            Column("level", words("filter.level"), lambda row: words(f"level.{row['level']}")),
            Column("state", words("finding.status"), lambda row: badge(row["state"], words)),
            Column("value", words("finding.value")),
            Column("evidence_level", words("finding.evidence"), lambda row: evidence(row["evidence_level"], words)),
            Column("after", words("theory.depends")),
            Column("before", words("theory.feeds")),
        ],
        rows,
        [Column(key, key) for key in ("node", "stage", "horizon", "indicators", "value_of")],
    )
    drawing = chain_drawing(cards, ties, columns, words, chosen)
    return Block(
        "chain",
        words("theory.chain"),
        table,
        lead=words("theory.read"),
        drawing=drawing,
        folded=True,
        body=_legend(view, steps),
    )


def _legend(view: View, steps: dict[str, Any]) -> Element:
    states = dict.fromkeys(step["state"] for step in steps.values())
    doubt = h("span", h("strong", "?"), " ", view.words("theory.doubt"), class_="status")
    return h("p", [badge(state, view.words) for state in states], evidence(3, view.words), doubt, class_="legend")


def _around(name: str, steps: dict[str, Any], links: list[dict[str, Any]]) -> tuple[str, str]:
    """Return what a step depends on and what it feeds, as titles."""
    after = [steps[link["source"]]["title"] for link in links if link["target"] == name and link["source"] in steps]
    before = [steps[link["target"]]["title"] for link in links if link["source"] == name and link["target"] in steps]
    return "; ".join(after), "; ".join(before)


def _chosen(view: View, steps: dict[str, Any], links: list[dict[str, Any]], chosen: str, rows: Sequence[Row]) -> Block:
    words, step = view.words, steps[chosen]

    def listed(names: list[str]) -> Node:
        linked = [
            h("li", h("a", steps[name]["title"], href=view.address.with_(node=name), data_live=True)) for name in names
        ]
        return h("ul", linked) if linked else h("p", words("theory.none"), class_="muted")

    described = step[f"description_{words.language}"]
    facts: list[tuple[str, Node]] = [
        (words("finding.status"), badge(step["state"], words)),
        (words("theory.place"), f"{step['column_title']} · {words('level.' + step['level'])}"),
        (words("theory.depends"), listed([link["source"] for link in links if link["target"] == chosen])),
        (words("theory.feeds"), listed([link["target"] for link in links if link["source"] == chosen])),
    ]
    body = [
        h("p", described) if described else None,
        h("dl", [[h("dt", name), h("dd", value)] for name, value in facts]),
    ]
    none = None if rows else h("p", words("theory.unmeasured"), " ", h("code", HOW), class_="empty")
    return Block("step", step["title"], finding_table(view, rows) if rows else None, body=[body, none])


def _links(view: View, steps: dict[str, Any], links: list[dict[str, Any]]) -> Block:
    words, language = view.words, view.words.language
    rows = [
        link
        | {
            "source_title": steps[link["source"]]["title"],
            "target_title": steps[link["target"]]["title"],
            "assumption": words.pick(link, "assumption"),
            "evidence": link[f"evidence_{language}"],
        }
        for link in links
        if link["source"] in steps and link["target"] in steps
    ]
    unproven = sum(not row["evidence"] for row in rows)
    table = Table(
        [
            Column("source_title", words("theory.from")),
            Column("target_title", words("theory.to")),
            Column("assumption", words("theory.assumption")),
            Column(
                "evidence",
                words("theory.evidence"),
                lambda row: row["evidence"] or badge("unmeasured", words, words("theory.no_evidence")),
            ),
        ],
        rows,
        [Column("source", "source"), Column("target", "target")],
    )
    return Block("links", words("theory.links"), table, lead=words("theory.links_lead", count=unproven, of=len(rows)))


def _has_theory(view: View, programme: str) -> bool:
    return len(view.published.nodes(programme)) > 0


PAGE = Page(
    name="theory",
    title="menu.theory",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(),
    has_content=_has_theory,
    examples=(
        "theory",
        "theory/wecare?node=less_lonely",
    ),
)
