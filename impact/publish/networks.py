"""Networks leave as two tables, bodies and ties, with one position per body that holds in every wave."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import networkx as nx
import numpy as np
import pandas as pd

from impact.declare import Programme
from impact.declare.conditions import condition_sql
from impact.declare.contracts import Contract
from impact.formulas.network.model import Network
from impact.sql import ALL, Select, as_text, ident, text_columns, text_or_blank

SHOWN = ("kind", "sector", "territory")
"""Columns of a roster that readers see; the label is its ``name``, or else the key."""
BODY = ["network", "wave", "body", "label", "answered", *SHOWN, "x", "y", "data_kind"]
TIE = ["network", "wave", "source", "target", "tie", "data_kind"]
LARGEST = 1000
"""Bodies beyond which a drawing says nothing; the tables are written all the same, without positions."""


def make_networks(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Return bodies and ties of every network that an indicator measures.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with the views of good rows in place.
    """
    bodies, ties = [pd.DataFrame(columns=BODY)], [pd.DataFrame(columns=TIE)]
    for contract, formula in _networks(programme):
        roster = programme.contracts[formula.bodies.contract]
        tied = connection.execute(_ties(programme.id, contract, formula).sql()).df()
        listed = connection.execute(_bodies(programme.id, roster, formula).sql()).df()
        positions = _positions(tied, listed["body"])
        positioned = listed.merge(positions, on="body", how="left")
        labels = {"network": contract.id, "data_kind": programme.source_kind(contract.id)}
        bodies.append(positioned.assign(**labels))
        ties.append(tied.assign(**labels))
    return {"network_body": pd.concat(bodies), "network_tie": pd.concat(ties)}


def _networks(programme: Programme) -> Iterator[tuple[Contract, Network]]:
    """Yield each network once, as the first indicator on its contract declares it."""
    contracts = set()
    for indicator in programme.indicators:
        if isinstance(indicator.formula, Network) and indicator.contract not in contracts:
            contracts.add(indicator.contract)
            yield programme.contracts[indicator.contract], indicator.formula


def _ties(programme: str, contract: Contract, formula: Network) -> Select:
    tie = {
        "wave": text_or_blank(contract.wave),
        "source": as_text(formula.source),
        "target": as_text(formula.target),
        "tie": text_or_blank("tie" if "tie" in contract.columns else None),
    }
    return Select(tie, ident(programme, contract.id), group=ALL, order=ALL)


def _bodies(programme: str, roster: Contract, formula: Network) -> Select:
    key, answered = formula.bodies.key, formula.bodies.answered
    label = "name" if "name" in roster.columns else key
    condition = condition_sql(answered, roster) if answered else "TRUE"
    shown_columns = text_columns(name for name in SHOWN if name in roster.columns)
    body = {
        "wave": text_or_blank(roster.wave),
        "body": as_text(key),
        "label": as_text(label),
        "answered": f"coalesce({condition}, FALSE)",
        **shown_columns,
    }
    return Select(body, ident(programme, roster.id), order=ALL)


def _positions(ties: pd.DataFrame, bodies: pd.Series) -> pd.DataFrame:
    """Return ``body, x, y`` of all waves together, so that a body stays where it is when its ties change."""
    names = sorted(bodies.unique())
    if not 1 <= len(names) <= LARGEST:
        blank = pd.DataFrame({"body": pd.Series(names, dtype=bodies.dtype)})
        return blank.assign(x=np.nan, y=np.nan)
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(names)
    pairs = ties[["source", "target"]].itertuples(index=False, name=None)
    graph.add_edges_from(pairs)
    roster = graph.subgraph(names)
    layout = nx.spring_layout(roster, seed=1, iterations=200, method="energy")  # keeps components together
    x, y = np.array([layout[name] for name in names]).T
    return pd.DataFrame({"body": names, "x": x, "y": y})
