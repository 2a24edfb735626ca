"""The network of a programme: bodies and ties before and after, and every measure with its uncertainty."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import dcc, html

from impact.figures import network_figure
from impact.publish import definition_kinds, findings_table, network_bodies_table, network_ties_table
from impact.store import Warehouse
from impact_dashboards.parts import finding_table, nothing, synthetic_banner


def network_page(warehouse: Warehouse, programme: str) -> list[Any]:
    """Return the page of one programme's networks."""
    bodies, ties = network_bodies_table(warehouse, programme), network_ties_table(warehouse, programme)
    findings = findings_table(warehouse, programme)
    kinds = definition_kinds(warehouse, programme)
    measured = findings[findings["indicator"].map(kinds) == "network"]
    head = [html.H1("Network"), *synthetic_banner(measured)]
    if bodies.empty:
        return [*head, nothing("This programme declares no network.", "docs/how-to/measure_a_network.md")]
    drawings = [
        part
        for network in bodies["network"].unique()
        for part in _drawing(bodies[bodies["network"] == network], ties[ties["network"] == network])
    ]
    return [*head, *drawings, html.H2("Measures"), finding_table(measured)]


def _drawing(bodies: pd.DataFrame, ties: pd.DataFrame) -> list[Any]:
    waves = {str(wave): str(wave).replace("_", " ") for wave in ties["wave"].unique()}
    once = "" if len(waves) > 1 else " It was measured in one wave, so there is no change to show."
    words = f"{bodies['body'].nunique()} bodies, at the same place in every drawing.{once}"
    figure = network_figure(bodies, ties, waves)
    return [
        html.Figure([html.Figcaption(words), dcc.Graph(figure=figure, config={"displaylogo": False})]),
        html.Details([html.Summary(f"All {len(ties)} ties as a table"), _tie_table(bodies, ties)]),
    ]


def _tie_table(bodies: pd.DataFrame, ties: pd.DataFrame) -> html.Table:
    label = bodies.drop_duplicates("body").set_index("body")["label"]
    named = ties.assign(source=ties["source"].map(label), target=ties["target"].map(label))
    columns = ["wave", "source", "target", "tie"]
    rows = [html.Tr([html.Td(text) for text in row]) for row in named[columns].itertuples(index=False, name=None)]
    head = html.Thead(html.Tr([html.Th(text, scope="col") for text in ("Wave", "From", "To", "Tie")]))
    return html.Table([head, html.Tbody(rows)])
