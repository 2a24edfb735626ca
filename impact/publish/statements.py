"""What a programme says about itself, published beside the findings: recomputed claims, and where each project went."""

from __future__ import annotations

from typing import Any

import pandas as pd

from impact.declare import Programme
from impact.measure import measure_claims
from impact.sql import ident, literal
from impact.store import Warehouse
from impact.store.warehouse import to_json

JOURNEY = ("project_id", "name", "territory", "challenge", "arrived", "next", "document", "place", "quote")
_JSON = ("readings", "origin", "rows_used")
_NUMBERS = ("stated", "recomputed", "difference", "relative_difference")


def renew_claims(programme: Programme, warehouse: Warehouse, run_id: str) -> bool:
    """Recompute the claims and write them where they differ from those published; tell whether they did.

    Parameters
    ----------
    programme
        With its claims, possibly none.
    warehouse
        In the run's transaction, with the views of good rows in place.
    run_id
        Stamped on what is written.
    """
    fresh = measure_claims(warehouse.connection, programme).assign(programme=programme.id)
    fresh = fresh.assign(**{name: [to_json(value) for value in fresh[name]] for name in _JSON})
    fresh = fresh.astype(dict.fromkeys(_NUMBERS, "float64")).sort_values("claim")
    names = ", ".join(ident(name) for name in fresh.columns)
    known = warehouse.rows(f"SELECT {names} FROM impact.claim WHERE programme = ? ORDER BY claim", [programme.id])
    if [tuple(map(_none, row)) for row in fresh.itertuples(index=False)] == known:
        return False
    warehouse.connection.execute("DELETE FROM impact.claim WHERE programme = ?", [programme.id])
    warehouse.append("claim", fresh.assign(run_id=run_id))
    return True


def _none(value: Any) -> Any:
    return None if isinstance(value, float) and pd.isna(value) else value


def renew_journeys(programme: Programme, warehouse: Warehouse) -> bool:
    """Copy the good rows of the shared contract ``journey`` where they differ from those published; tell whether."""
    contract = programme.contracts.get("journey")
    shared = contract is not None and set(JOURNEY) <= set(contract.columns)
    columns = ", ".join(f"CAST({ident(name)} AS VARCHAR) AS {ident(_published(name))}" for name in JOURNEY)
    good = f"SELECT {literal(programme.id)} AS programme, {columns} FROM {ident(programme.id, 'journey')}"
    fresh = good if shared else "SELECT * FROM impact.journey WHERE FALSE"
    known = f"SELECT * FROM impact.journey WHERE programme = {literal(programme.id)}"
    ((changed,),) = warehouse.rows(
        f"SELECT count(*) FROM ((({fresh}) EXCEPT ALL ({known})) UNION ALL (({known}) EXCEPT ALL ({fresh})))"
    )
    if changed:
        warehouse.connection.execute("DELETE FROM impact.journey WHERE programme = ?", [programme.id])
        warehouse.connection.execute(f"INSERT INTO impact.journey BY NAME ({fresh})")
    return bool(changed)


def _published(column: str) -> str:
    return "project" if column == "project_id" else column
