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
from impact.sql import ident

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
        tied = connection.execute(_ties_sql(programme.id, contract, formula)).df()
        listed = connection.execute(_bodies_sql(programme.id, roster, formula)).df()
        placed = listed.merge(_positions(tied, listed["body"]), on="body", how="left")
        labels = {"network": contract.id, "data_kind": programme.source_kind(contract.id)}
        bodies.append(placed.assign(**labels))
        ties.append(tied.assign(**labels))
    return {"network_body": pd.concat(bodies), "network_tie": pd.concat(ties)}


def _networks(programme: Programme) -> Iterator[tuple[Contract, Network]]:
    """Yield each network once, as the first indicator on its contract declares it."""
    seen = set()
    for indicator in programme.indicators:
        if isinstance(indicator.formula, Network) and indicator.contract not in seen:
            seen.add(indicator.contract)
            yield programme.contracts[indicator.contract], indicator.formula


def _ties_sql(programme: str, contract: Contract, formula: Network) -> str:
    wave = f"CAST({ident(contract.wave)} AS VARCHAR)" if contract.wave else "''"
    tie = "CAST(tie AS VARCHAR)" if "tie" in contract.columns else "''"
    return (
        f"SELECT {wave} AS wave, CAST({ident(formula.source)} AS VARCHAR) AS source,"
        f" CAST({ident(formula.target)} AS VARCHAR) AS target, {tie} AS tie FROM {ident(programme, contract.id)}"
        " GROUP BY ALL ORDER BY ALL"
    )


def _bodies_sql(programme: str, roster: Contract, formula: Network) -> str:
    wave = f"CAST({ident(roster.wave)} AS VARCHAR)" if roster.wave else "''"
    label = "name" if "name" in roster.columns else formula.bodies.key
    shown = [f"CAST({ident(n)} AS VARCHAR) AS {ident(n)}" for n in SHOWN if n in roster.columns]
    columns = [f"{wave} AS wave", f"CAST({ident(formula.bodies.key)} AS VARCHAR) AS body"]
    answered = condition_sql(formula.bodies.answered, roster) if formula.bodies.answered else "TRUE"
    columns += [f"CAST({ident(label)} AS VARCHAR) AS label", f"coalesce({answered}, FALSE) AS answered", *shown]
    return f"SELECT {', '.join(columns)} FROM {ident(programme, roster.id)} ORDER BY ALL"


def _positions(ties: pd.DataFrame, bodies: pd.Series) -> pd.DataFrame:
    """Return ``body, x, y`` of all waves together, so that a body stays where it is when its ties change."""
    names = sorted(bodies.unique())
    if not 1 <= len(names) <= LARGEST:
        return pd.DataFrame({"body": pd.Series(names, dtype=bodies.dtype), "x": np.nan, "y": np.nan})
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(names)
    graph.add_edges_from(ties[["source", "target"]].itertuples(index=False, name=None))
    drawn = nx.spring_layout(graph.subgraph(names), seed=1, iterations=200, method="energy")  # keeps parts together
    x, y = np.array([drawn[name] for name in names]).T
    return pd.DataFrame({"body": names, "x": x, "y": y})
