"""What a programme says about itself, published beside the findings: its claims, recomputed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from impact.declare import Programme
from impact.measure import measure_claims
from impact.sql import ident
from impact.store import Warehouse
from impact.store.warehouse import to_json

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
