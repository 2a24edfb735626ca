"""What a programme says about itself, published beside the findings: its claims, recomputed."""

from __future__ import annotations

import duckdb
import pandas as pd

from impact.declare import Programme
from impact.measure import measure_claims
from impact.store.warehouse import to_json

_JSON = ("readings", "origin", "rows_used")
_NUMBERS = ("stated", "recomputed", "difference", "relative_difference")


def make_claims(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Return the claims, each beside what records give, in the order of their ids.

    Parameters
    ----------
    programme
        With its claims, possibly none.
    connection
        In the run's transaction, with the views of good rows in place.
    """
    claims = measure_claims(connection, programme)
    texts = {name: [to_json(value) for value in claims[name]] for name in _JSON}
    typed = claims.assign(**texts).astype(dict.fromkeys(_NUMBERS, "float64"))
    return {"claim": typed.sort_values("claim")}
