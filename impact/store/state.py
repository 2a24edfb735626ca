"""Up to which stage the tables of each programme are of one state; readers get whole states only."""

from __future__ import annotations

from impact.store.warehouse import Warehouse

STAGES = ("declare", "validate", "measure", "publish")


def reached(warehouse: Warehouse, programme: str) -> str:
    """Return the stage that a programme's tables have reached together."""
    rows = warehouse.rows("SELECT stage FROM impact.state WHERE programme = ?", [programme])
    return str(rows[0][0]) if rows else STAGES[0]


def set_reached(warehouse: Warehouse, programme: str, stage: str, run_id: str) -> None:
    """Write down which stage a run has brought a programme to; part of the run's transaction."""
    warehouse.connection.execute(
        "UPDATE impact.state SET stage = $1, run_id = $2,"
        " whole_run_id = CASE WHEN $1 = 'publish' THEN $2 ELSE whole_run_id END WHERE programme = $3",
        [stage, run_id, programme],
    )


def behind(warehouse: Warehouse, stage: str = "publish") -> list[str]:
    """Return the programmes that were published once and whose tables have not reached a stage again since."""
    enough = STAGES[STAGES.index(stage) :]
    rows = warehouse.rows(
        "SELECT programme FROM impact.state WHERE whole_run_id IS NOT NULL AND NOT list_contains(?, stage)"
        " ORDER BY programme",
        [list(enough)],
    )
    return [name for (name,) in rows]


def ever_whole(warehouse: Warehouse) -> bool:
    """Tell whether any programme was ever brought to the end."""
    return bool(warehouse.rows("SELECT 1 FROM impact.state WHERE whole_run_id IS NOT NULL"))


def database_id(warehouse: Warehouse) -> str:
    """Return what tells this database from any other; its copies have it too."""
    ((name,),) = warehouse.rows("SELECT database FROM impact.meta")
    return str(name)
