"""Network: who is tied to whom before and after, with every measure and its uncertainty. The meso level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.figures import network_figure
from impact.figures.network import pairs_of, tie_classes
from impact.publish.rows import rows_of
from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.descriptor import Chapter, Page
from impact_dashboards.page.view import Block, Choice, Column, PageContent, Row, Table, View, nothing
from impact_dashboards.pages.network.measures import measure_blocks
from impact_dashboards.pages.network.net import Net, code_words, read_net
from impact_dashboards.parts.findings import whole_only
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.sentences import rich, source_list

HOW = "docs/how-to/measure_a_network.md"
LEGEND = 150
"""Pixels below each drawing for its legend: as much in all, so that a body lies at the same place."""


def page(view: View) -> PageContent:
    """Return the page: a sentence, a drawing per wave, the measures, the bodies."""
    words = view.words
    over, net = words.pick(view.published.titles[view.programme], "title"), read_net(view)
    if net is None:
        return PageContent(words("network.title_once"), over=over, head=nothing(words, "network.none", HOW))
    measured = _measured(view, net.name)
    shown = pd.concat([net.bodies["data_kind"], measured["data_kind"]])
    return PageContent(
        words("network.title" if len(net.waves) > 1 else "network.title_once"),
        [*_drawings(view, net), *measure_blocks(view, measured, net.kind), _bodies(view, net)],
        lead=_headline(view, measured, net.kind),
        over=over,
        choices=_choices(view, net),
        synthetic=bool((shown == "synthetic").any()),
        head=_limits(view, net),
    )


def _measured(view: View, name: str) -> pd.DataFrame:
    """Return the findings on a network."""
    kinds, contracts = view.published.kinds(view.programme), view.published.contracts(view.programme)
    own = [code for code, kind in kinds.items() if kind == "network" and contracts[code] == name]
    return view.findings[view.findings["indicator"].isin(own)]


def _choices(view: View, net: Net) -> list[Choice]:
    """Return the filters that leave a choice."""
    words, every = view.words, {"": view.words("filters.all")}
    choices = [
        Choice("network", words("network.what"), net.names, net.name),
        Choice("tie", words("network.tie_kind"), every | dict(net.kinds), net.kind),
        Choice("territory", words("network.territory"), every | dict(net.places), net.place),
    ]
    return [choice for choice in choices if len(choice.options.keys() - {""}) > 1]


def _limits(view: View, net: Net) -> Node:
    """Say what the filters leave out."""
    said = [view.words("network.of_kind", kind=net.kinds[net.kind])] if net.kind else []
    said += [view.words("network.of_territory", place=net.places[net.place])] if net.place else []
    return h("p", " ".join(said), class_="note") if said else None


# ---- the sentence ----------------------------------------------------------------------------------------------------


def _headline(view: View, measured: pd.DataFrame, kind: str) -> Node:
    """Return ties before and after, and the first share across groups; a change is called one."""
    measures = view.published.formula_measures(view.programme)
    here = measured[(measured["group"] == "tie") & (measured["group_value"] == kind)] if kind else whole_only(measured)
    rows = {str(measures[row["indicator"]]): row for row in reversed(rows_of(here)) if known(row["value"])}
    said = [_moved(view, "ties", rows["ties"])] if "ties" in rows else []
    said += [_moved(view, "share", rows["cross_group_share"])] if "cross_group_share" in rows else []
    return [[sentence, " "] for sentence in said] or None


def _moved(view: View, name: str, row: Row) -> Node:
    """Return how a measure moved, and of which bodies each number is where the two waves have not the same."""
    words, unit = view.words, row["unit"]
    parts: dict[str, Node] = {"after": h("strong", words.number(row["value"], unit))}
    parts |= {"title": words.pick(row, "title")} if name == "share" else {}
    if not known(row["baseline"]):
        return rich(words, f"network.{name}_once", **parts)
    parts |= {"before": h("strong", words.number(row["baseline"], unit))}
    moved = rich(words, f"network.{name}_moved", **parts)
    if not known(row["estimate"]) or (name == "ties" and "both_waves" not in row["flags"]):
        return moved
    ends = words.interval(row["effect_low"], row["effect_high"], unit, gain=True)
    changed = {"gain": words.gain(row["estimate"], unit), "interval": ends}
    if "both_waves" not in row["flags"]:
        return [moved, " ", words("network.moved_by", **changed)]
    return [moved, " ", words("network.moved_by_both", count=int(row["n_obs"]), **changed)]


# ---- the drawings ----------------------------------------------------------------------------------------------------


def _drawings(view: View, net: Net) -> Iterator[Block]:
    since = None
    for place, wave in enumerate(net.waves):
        yield _drawing(view, net, place, wave, since)
        since = wave


def _drawing(view: View, net: Net, place: int, wave: str, since: str | None) -> Block:
    words = view.words
    bodies, ties = net.at(wave)
    classes = tie_classes(ties, bodies, None if since is None else pairs_of(net.at(since)[1]))
    why = "network.no_ties" if ties.empty else "network.too_many" if bodies["x"].isna().all() else ""
    figure = None if why else _figure(view, net, wave, since)
    return Block(
        f"wave-{place + 1}",
        _title(view, net, place, wave),
        _tie_table(view, net, bodies, ties.merge(classes, how="left")),
        lead=words("network.drawn", bodies=bodies["body"].nunique(), count=len(classes) - _touching(bodies, classes)),
        figure=figure,
        body=[h("p", words(why), class_="empty") if why else None, _remarks(view, bodies, classes)],
        folded=True,
        half=len(net.waves) > 1,
    )


def _figure(view: View, net: Net, wave: str, since: str | None) -> Any:
    figure = network_figure(net.bodies, net.ties, {wave: ""}, view.words, since=since)
    room = {"b": LEGEND} if len(net.waves) > 1 else {}
    return figure.update_layout(height=580, margin={"t": 8} | room)


def _title(view: View, net: Net, place: int, wave: str) -> str:
    title = net.waves[wave]
    if len(net.waves) == 2:
        return view.words("network.after" if place else "network.before", wave=title)
    return title


def _touching(bodies: pd.DataFrame, classes: pd.DataFrame) -> int:
    """Return how many pairs touch a body that did not answer: the measures leave them out."""
    silent = set(bodies.loc[~bodies["answered"], "body"])
    return int((classes["source"].isin(silent) | classes["target"].isin(silent)).sum())


def _remarks(view: View, bodies: pd.DataFrame, classes: pd.DataFrame) -> Element | None:
    """Say how many pairs are new across sectors, and how many the measures leave out."""
    counts = {"fresh": int((classes["kind"] == "new").sum()), "uncounted": _touching(bodies, classes)}
    said = [view.words(f"network.{name}", count=count) for name, count in counts.items() if count]
    return h("p", " ".join(said), class_="note") if said else None


def _tie_table(view: View, net: Net, bodies: pd.DataFrame, ties: pd.DataFrame) -> Table:
    words, label = view.words, bodies.drop_duplicates("body").set_index("body")["label"]
    rows = [
        {"from": label[row["source"]], "to": label[row["target"]], "tie": net.kinds.get(row["tie"], row["tie"] or None)}
        | {"sectors": words(f"network.class.{row['kind']}"), "class": row["kind"], "source": row["source"]}
        | {"target": row["target"], "tie_code": row["tie"], "wave": row["wave"], "data_kind": row["data_kind"]}
        for row in rows_of(ties)
    ]
    columns = [Column("from", words("network.from")), Column("to", words("network.to"))]
    columns += [Column("tie", words("network.tie_kind"))] if net.kinds else []
    columns += [Column("sectors", words("network.sectors"))]
    extra = [
        Column(key, key.replace("_", " ")) for key in ("source", "target", "tie_code", "class", "wave", "data_kind")
    ]
    return Table(columns, rows, extra)


# ---- the bodies ------------------------------------------------------------------------------------------------------


def _bodies(view: View, net: Net) -> Block:
    """Return every body, with its ties at each wave or that it did not answer."""
    words = view.words
    degrees = {wave: _degrees(*net.at(wave)) for wave in net.waves}
    said = {code: _codes(view, net, code) for code in ("kind", "sector", "territory")}
    first = net.bodies.sort_values("label").drop_duplicates("body")
    rows = [
        {"body": row["body"], "label": row["label"], "data_kind": row["data_kind"]}
        | {name: titles.get(row[name], row[name]) for name, titles in said.items()}
        | {f"ties_{wave}": _ties_of(view, net, row["body"], wave, degree) for wave, degree in degrees.items()}
        for row in rows_of(first)
    ]
    columns = [Column("label", words("network.body"))]
    columns += [Column(name, words(f"network.{name}")) for name in said if first[name].notna().any()]
    columns += [
        Column(f"ties_{wave}", words("network.ties_at", wave=title), numeric=True) for wave, title in net.waves.items()
    ]
    table = Table(columns, rows, [Column("body", "id"), Column("data_kind", "data kind")])
    silent = [_silent(view, net, wave) for wave in net.waves]
    body = h("p", [*filter(None, silent)] or words("network.all_answered"))
    lead = words("network.same_place") if len(net.waves) > 1 else None
    sources = source_list(words, view.published.contract_sources(view.programme, net.name))
    return Block("bodies", words("network.bodies"), table, lead=lead, body=body, folded=True, after=sources)


def _codes(view: View, net: Net, name: str) -> dict[str, str]:
    """Return words for the codes of a column of the roster."""

    def said(code: str) -> str:
        key = f"figure.{name}.{code}"
        return view.words(key) if view.words.has(key) else code_words(view, name, code)

    return {code: said(code) for code in net.bodies[name].dropna().unique()}


def _degrees(bodies: pd.DataFrame, ties: pd.DataFrame) -> dict[str, int]:
    """Return with how many others each body is tied at a wave."""
    both = pd.DataFrame(
        [*pairs_of(ties), *((target, source) for source, target in pairs_of(ties))], columns=["body", "other"]
    )
    counts = both.drop_duplicates().groupby("body").size()
    return {str(body): int(counts.get(body, 0)) for body in bodies["body"]}


def _ties_of(view: View, net: Net, body: str, wave: str, degrees: Mapping[str, int]) -> Any:
    if body not in degrees:
        return view.words("network.not_listed")
    bodies, _ = net.at(wave)
    answered = bool(bodies.loc[bodies["body"] == body, "answered"].all())
    return degrees[body] if answered else view.words("network.no_answer")


def _silent(view: View, net: Net, wave: str) -> Element | None:
    bodies, _ = net.at(wave)
    names = list(bodies.loc[~bodies["answered"], "label"])
    if not names:
        return None
    return h("span", view.words("network.silent", count=len(names), wave=net.waves[wave], names=", ".join(names)), " ")


def _has_network(view: View, programme: str) -> bool:
    bodies, _ = view.published.network(programme)
    return len(bodies) > 0


PAGE = Page(
    name="network",
    title="menu.network",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(),
    has_content=_has_network,
    examples=(
        "network/milano_sei_laltro",
        "network/nsw",
    ),
)
