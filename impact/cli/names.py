"""Names that a database must hold."""

from __future__ import annotations

from impact.errors import UsageError
from impact.store.warehouse import Warehouse


def check_name(warehouse: Warehouse, programme: str | None) -> None:
    """Refuse the name of a programme that was never loaded, and say which were."""
    rows = warehouse.rows("SELECT DISTINCT programme FROM impact.load ORDER BY programme")
    names = [name for (name,) in rows]
    if programme is not None and programme not in names:
        listed = ", ".join(names) or "none"
        raise UsageError(f"the database holds no programme '{programme}'; it holds {listed}")
