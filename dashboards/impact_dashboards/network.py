"""The network of a programme: bodies and ties before and after, and every measure with its uncertainty."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import dcc, html

from impact.figures import network_figure
from impact.publish import definition_kinds, findings_table, network_bodies_table, network_ties_table, wave_days
from impact.store import Warehouse
from impact.words import words_in
from impact_dashboards.parts import finding_table, mark, nothing, synthetic_banner, table


def has_network(warehouse: Warehouse, programme: str) -> bool:
    """Tell whether a programme has a network."""
    return len(network_bodies_table(warehouse, programme)) > 0


def network_page(warehouse: Warehouse, programme: str) -> list[Any]:
    """Return the page of one programme's networks."""
    bodies, ties = network_bodies_table(warehouse, programme), network_ties_table(warehouse, programme)
    findings = findings_table(warehouse, programme)
    kinds = definition_kinds(warehouse, programme)
    measured = findings[findings["indicator"].map(kinds) == "network"]
    head = [html.H1(f"Network: {programme}"), *synthetic_banner(measured)]
    if bodies.empty:
        return [*head, nothing("This programme declares no network.", "docs/how-to/measure_a_network.md")]
    order = {wave: place for place, wave in enumerate(wave_days(warehouse, programme))}
    in_time = ties.sort_values("wave", key=lambda waves: waves.map(order), kind="stable", na_position="last")
    drawings = [
        part
        for name in bodies["network"].unique()
        for part in _drawing(bodies[bodies["network"] == name], in_time[in_time["network"] == name])
    ]
    return [*head, *drawings, html.Section([html.H2("Measures"), finding_table(measured)])]


def _drawing(bodies: pd.DataFrame, ties: pd.DataFrame) -> list[Any]:
    waves = {str(wave): str(wave).replace("_", " ") for wave in ties["wave"].unique()}
    count, sign = bodies["body"].nunique(), mark(bodies["data_kind"].iloc[0])
    where = ", at the same place in every drawing" if len(waves) > 1 else ""
    once = "" if len(waves) > 1 else " It was measured once, so there is no change to show."
    tied = html.Details([html.Summary(f"All {len(ties)} ties as a table"), _tie_table(bodies, ties)])
    if ties.empty or bodies["x"].isna().all():
        why = "No tie between them is known." if ties.empty else "They are too many for a drawing that says anything."
        return [html.P(f"{count} bodies{sign}. {why}"), tied]
    figure = network_figure(bodies, ties, waves, words_in("en"))
    caption = html.Figcaption(f"{count} bodies{where}{sign}.{once}")
    return [html.Section([html.Figure([caption, dcc.Graph(figure=figure, config={"displaylogo": False})]), tied])]


def _tie_table(bodies: pd.DataFrame, ties: pd.DataFrame) -> html.Table:
    label = bodies.drop_duplicates("body").set_index("body")["label"]
    named = ties.assign(source=ties["source"].map(label), target=ties["target"].map(label))
    rows = [
        html.Tr([html.Th(source, scope="row"), html.Td(target), html.Td(tie), html.Td(wave.replace("_", " "))])
        for source, target, tie, wave in named[["source", "target", "tie", "wave"]].itertuples(index=False, name=None)
    ]
    return table(("From", "To", "Tie", "Wave"), rows)
