"""Every body of a network, with its ties at each wave or that it did not answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.figures.network import pairs_of
from impact.publish.rows import Record, rows_of
from impact_dashboards.page.view import Block, Column, ColumnSpec, Row, Table, View, columns_of
from impact_dashboards.pages.network.net import Net, code_words
from impact_dashboards.parts.projects import project_link, projects_of
from impact_dashboards.parts.sentences import source_list


def _label(view: View, row: Row) -> Node:
    """Return a body, above the projects that it answers for."""
    own = [project for project in projects_of(view, view.programme).values() if row["body"] in _keys(project)]
    links = [piece for project in own for piece in (" · ", project_link(view, project))][1:]
    return [row["label"], h("small", links)] if links else row["label"]


def _keys(project: Row) -> tuple[str | None, ...]:
    """Return by what a network may know a project: the body that answers for it, or itself."""
    return project["body"], project["code"]


LABEL = ColumnSpec("label", "network.body", _label)
CODES = {
    "kind": ColumnSpec("kind", "network.kind"),
    "sector": ColumnSpec("sector", "network.sector"),
    "territory": ColumnSpec("territory", "network.territory"),
}
"""Columns of the roster that hold codes."""


def bodies_block(view: View, net: Net) -> Block:
    """Return every body, with its ties at each wave or that it did not answer."""
    bodies = net.bodies.sort_values("label").drop_duplicates("body")
    extra = [Column("body", "id"), Column("data_kind", "data kind")]
    table = Table(_columns(view, net, bodies), _rows(view, net, bodies), extra)
    silent = [_silent(view, net, wave) for wave in net.waves]
    answered = h("p", [*filter(None, silent)] or view.words("network.all_answered"))
    lead = view.words("network.same_place") if net.is_repeated else None
    sources = source_list(view.words, view.published.contract_sources(view.programme, net.name))
    title = view.words("network.bodies")
    return Block("bodies", title, table, lead=lead, body=answered, folded=True, after=sources)


def _columns(view: View, net: Net, bodies: pd.DataFrame) -> list[Column]:
    """Return name, codes as far as any body has them, and ties wave by wave."""
    coded = [spec for name, spec in CODES.items() if bodies[name].notna().any()]
    ties = [_ties_column(view, wave, title) for wave, title in net.waves.items()]
    return [*columns_of(view, [LABEL, *coded]), *ties]


def _ties_column(view: View, wave: str, title: str) -> Column:
    return Column(f"ties_{wave}", view.words("network.ties_at", wave=title), numeric=True)


def _rows(view: View, net: Net, bodies: pd.DataFrame) -> list[Record]:
    titles = {column: _code_titles(view, net, column) for column in CODES}
    degrees = {wave: _degrees(*net.at(wave)) for wave in net.waves}
    return [_row(view, net, body, titles, degrees) for body in rows_of(bodies)]


def _row(
    view: View,
    net: Net,
    body: Record,
    titles: Mapping[str, Mapping[str, str]],
    degrees: Mapping[str, Mapping[str, int]],
) -> Record:
    """Return a body with its codes in words and its ties at each wave."""
    coded = {column: title.get(body[column], body[column]) for column, title in titles.items()}
    ties = {f"ties_{wave}": _ties_of(view, net, body["body"], wave, degree) for wave, degree in degrees.items()}
    return {name: body[name] for name in ("body", "label", "data_kind")} | coded | ties


def _code_titles(view: View, net: Net, column: str) -> dict[str, str]:
    """Return words for the codes of a column of the roster."""
    stated = net.bodies[column].dropna()
    codes = stated.unique()
    return {code: _code_title(view, column, code) for code in codes}


def _code_title(view: View, column: str, code: str) -> str:
    key = f"figure.{column}.{code}"
    return view.words(key) if view.words.has(key) else code_words(view, column, code)


def _degrees(bodies: pd.DataFrame, ties: pd.DataFrame) -> dict[str, int]:
    """Return with how many others each body is tied at a wave."""
    pairs = pairs_of(ties)
    mutual = [*pairs, *((target, source) for source, target in pairs)]
    neighbours = pd.DataFrame(mutual, columns=["body", "neighbour"]).drop_duplicates()
    counts = neighbours.groupby("body").size()
    return {str(body): int(counts.get(body, 0)) for body in bodies["body"]}


def _ties_of(view: View, net: Net, body: str, wave: str, degrees: Mapping[str, int]) -> Any:
    """Return with how many others a body is tied, or that it is not listed or did not answer."""
    if body not in degrees:
        return view.words("network.not_listed")
    bodies, _ = net.at(wave)
    rows = bodies[bodies["body"] == body]
    if not rows["answered"].all():
        return view.words("network.no_answer")
    return degrees[body]


def _silent(view: View, net: Net, wave: str) -> Element | None:
    """Name the bodies that did not answer at a wave."""
    bodies, _ = net.at(wave)
    names = list(bodies.loc[~bodies["answered"], "label"])
    if not names:
        return None
    title, listed = net.waves[wave], ", ".join(names)
    sentence = view.words("network.silent", count=len(names), wave=title, names=listed)
    return h("span", sentence, " ")
