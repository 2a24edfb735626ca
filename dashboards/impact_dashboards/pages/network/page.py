"""Network: who is tied to whom before and after, with every measure and its uncertainty. The meso level."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import plotly.graph_objects as go

from impact.drawing.markup import Element, Node, h
from impact.figures import network_figure
from impact.figures.network import pairs_of, tie_classes
from impact.publish.rows import Record, rows_of
from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.descriptor import Chapter, Page
from impact_dashboards.page.view import (
    Block,
    Choice,
    ColumnSpec,
    PageContent,
    Row,
    Table,
    View,
    columns_of,
    file_columns,
    nothing,
)
from impact_dashboards.pages.network.bodies import bodies_block
from impact_dashboards.pages.network.measures import measure_blocks
from impact_dashboards.pages.network.net import Net, read_net
from impact_dashboards.parts.findings import whole_only
from impact_dashboards.parts.marks import ends_of, known
from impact_dashboards.parts.sentences import rich

HOW = "docs/how-to/measure_a_network.md"
LEGEND = 150
"""Pixels below each drawing for its legend: as much in all, so that a body lies at the same place."""


def page(view: View) -> PageContent:
    """Return the page: a sentence, a drawing per wave, the measures, the bodies."""
    over, net = view.words.pick(view.published.titles[view.programme], "title"), read_net(view)
    if net is None:
        empty = nothing(view.words, "network.none", HOW)
        return PageContent(view.words("network.title_once"), over=over, head=empty)
    measured = _measured(view, net.name)
    kinds = pd.concat([net.bodies["data_kind"], measured["data_kind"]])
    return PageContent(
        view.words("network.title" if net.is_repeated else "network.title_once"),
        [*_drawings(view, net), *measure_blocks(view, measured, net.kind), bodies_block(view, net)],
        lead=_headline(view, measured, net.kind),
        over=over,
        choices=_choices(view, net),
        synthetic=bool((kinds == "synthetic").any()),
        head=_limits(view, net),
    )


def _measured(view: View, name: str) -> pd.DataFrame:
    """Return the findings on a network."""
    kinds, contracts = view.published.kinds(view.programme), view.published.contracts(view.programme)
    indicators = [code for code, kind in kinds.items() if kind == "network" and contracts[code] == name]
    return view.findings[view.findings["indicator"].isin(indicators)]


def _choices(view: View, net: Net) -> list[Choice]:
    """Return the filters that leave a choice."""
    every = {"": view.words("filters.all")}
    network = Choice("network", view.words("network.what"), net.names, net.name)
    tie = Choice("tie", view.words("network.tie_kind"), every | dict(net.kinds), net.kind)
    territory = Choice("territory", view.words("network.territory"), every | dict(net.territories), net.territory)
    return [choice for choice in (network, tie, territory) if len(choice.options.keys() - {""}) > 1]


def _limits(view: View, net: Net) -> Node:
    """Say what the filters leave out."""
    limits = []
    if net.kind:
        limits.append(view.words("network.of_kind", kind=net.kinds[net.kind]))
    if net.territory:
        limits.append(view.words("network.of_territory", place=net.territories[net.territory]))
    return h("p", " ".join(limits), class_="note") if limits else None


# ---- the sentence ----------------------------------------------------------------------------------------------------


def _headline(view: View, measured: pd.DataFrame, kind: str) -> Node:
    """Return ties before and after, and the first share across groups; a change is called one."""
    of_kind = measured[(measured["group"] == "tie") & (measured["group_value"] == kind)]
    rows = _by_measure(view, of_kind if kind else whole_only(measured))
    sentences: list[Node] = []
    if "ties" in rows:
        sentences += [_ties_moved(view, rows["ties"]), " "]
    if "cross_group_share" in rows:
        sentences += [_share_moved(view, rows["cross_group_share"]), " "]
    return sentences or None


def _by_measure(view: View, findings: pd.DataFrame) -> dict[str, Row]:
    """Return the first finding with a value of each measure."""
    measures = view.published.formula_measures(view.programme)
    first: dict[str, Row] = {}
    for row in rows_of(findings):
        if known(row["value"]):
            measure = str(measures[row["indicator"]])
            first.setdefault(measure, row)
    return first


def _ties_moved(view: View, row: Row) -> Node:
    moved = _moved(view, "ties", row)
    return _changed(view, row, moved) if "both_waves" in row["flags"] else moved


def _share_moved(view: View, row: Row) -> Node:
    return _changed(view, row, _moved(view, "share", row, title=view.words.pick(row, "title")))


def _moved(view: View, name: str, row: Row, **texts: Node) -> Node:
    """Return how a measure moved."""
    value = h("strong", view.words.number(row["value"], row["unit"], ends_of(row)))
    if not known(row["baseline"]):
        return rich(view.words, f"network.{name}_once", after=value, **texts)
    baseline = h("strong", view.words.number(row["baseline"], row["unit"]))
    return rich(view.words, f"network.{name}_moved", after=value, before=baseline, **texts)


def _changed(view: View, row: Row, moved: Node) -> Node:
    """Add the change with its interval, and of which bodies it is where the two waves have not the same."""
    if not known(row["baseline"]) or not known(row["estimate"]):
        return moved
    gain = view.words.gain(row["estimate"], row["unit"], ends_of(row, "effect"))
    interval = view.words.interval(row["effect_low"], row["effect_high"], row["unit"], gain=True)
    if "both_waves" not in row["flags"]:
        return [moved, " ", view.words("network.moved_by", gain=gain, interval=interval)]
    return [moved, " ", view.words("network.moved_by_both", count=int(row["n_obs"]), gain=gain, interval=interval)]


# ---- the drawings ----------------------------------------------------------------------------------------------------


def _drawings(view: View, net: Net) -> Iterator[Block]:
    since = None
    for number, wave in enumerate(net.waves, start=1):
        yield _drawing(view, net, number, wave, since)
        since = wave


def _drawing(view: View, net: Net, number: int, wave: str, since: str | None) -> Block:
    """Return the drawing of a wave, with its ties as a table."""
    bodies, ties = net.at(wave)
    before = None if since is None else pairs_of(net.at(since)[1])
    classes = tie_classes(ties, bodies, before)
    reason = _why_not_drawn(bodies, ties)
    empty = h("p", view.words(reason), class_="empty") if reason else None
    counted = len(classes) - _touching(bodies, classes)
    return Block(
        f"wave-{number}",
        _title(view, net, number, wave),
        _tie_table(view, net, bodies, ties.merge(classes, how="left")),
        lead=view.words("network.drawn", bodies=bodies["body"].nunique(), count=counted),
        figure=None if reason else _figure(view, net, wave, since),
        body=[empty, _remarks(view, bodies, classes)],
        folded=True,
        half=net.is_repeated,
    )


def _why_not_drawn(bodies: pd.DataFrame, ties: pd.DataFrame) -> str:
    """Return the key of why there is no drawing; nothing where there is one."""
    if ties.empty:
        return "network.no_ties"
    return "network.too_many" if bodies["x"].isna().all() else ""


def _figure(view: View, net: Net, wave: str, since: str | None) -> go.Figure:
    figure = network_figure(net.bodies, net.ties, {wave: ""}, view.words, since=since)
    legend = {"b": LEGEND} if net.is_repeated else {}
    return figure.update_layout(height=580, margin={"t": 8} | legend)


def _title(view: View, net: Net, number: int, wave: str) -> str:
    title = net.waves[wave]
    if len(net.waves) != 2:
        return title
    return view.words("network.before" if number == 1 else "network.after", wave=title)


def _touching(bodies: pd.DataFrame, classes: pd.DataFrame) -> int:
    """Return how many pairs touch a body that did not answer: the measures leave them out."""
    silent = set(bodies.loc[~bodies["answered"], "body"])
    from_silent = classes["source"].isin(silent)
    to_silent = classes["target"].isin(silent)
    touching = from_silent | to_silent
    return int(touching.sum())


def _remarks(view: View, bodies: pd.DataFrame, classes: pd.DataFrame) -> Element | None:
    """Say how many pairs are new across sectors, and how many the measures leave out."""
    new = int((classes["kind"] == "new").sum())
    counts = {"fresh": new, "uncounted": _touching(bodies, classes)}
    remarks = [view.words(f"network.{name}", count=count) for name, count in counts.items() if count]
    return h("p", " ".join(remarks), class_="note") if remarks else None


SOURCE, TARGET = ColumnSpec("from", "network.from"), ColumnSpec("to", "network.to")
TIE, SECTORS = ColumnSpec("tie", "network.tie_kind"), ColumnSpec("sectors", "network.sectors")
TIES_IN_FILE = ("source", "target", "tie_code", "class", "wave", "data_kind")


def _tie_table(view: View, net: Net, bodies: pd.DataFrame, ties: pd.DataFrame) -> Table:
    labels = bodies.drop_duplicates("body").set_index("body")["label"]
    rows = [_tie_row(view, net, labels, tie) for tie in rows_of(ties)]
    columns = columns_of(view, [SOURCE, TARGET, *([TIE] if net.kinds else []), SECTORS])
    return Table(columns, rows, file_columns(TIES_IN_FILE))


def _tie_row(view: View, net: Net, labels: pd.Series, tie: Record) -> Record:
    """Return a tie with its ends, its kind and its class in words."""
    ends = {"from": labels[tie["source"]], "to": labels[tie["target"]]}
    kinds = {"tie": net.kinds.get(tie["tie"], tie["tie"] or None), "tie_code": tie["tie"]}
    classes = {"sectors": view.words(f"network.class.{tie['kind']}"), "class": tie["kind"]}
    return tie | ends | kinds | classes


def _has_network(view: View, programme: str) -> bool:
    bodies, _ = view.published.network(programme)
    return len(bodies) > 0


PAGE = Page(
    name="network",
    title="menu.network",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(body=("wave", "measures")),
    has_content=_has_network,
    examples=(
        "network/milano_sei_laltro",
        "network/nsw",
    ),
)
