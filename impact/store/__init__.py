"""Store: one DuckDB file with the rows, their lineage, and the published results."""

from impact.store.warehouse import Load, Warehouse

__all__ = ["Load", "Warehouse"]
