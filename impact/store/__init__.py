"""Store: one DuckDB file with the rows, their lineage, and the published results."""

from impact.store.snapshot import open_reader, publish_snapshot, published_copy
from impact.store.state import STAGES
from impact.store.warehouse import Load, Warehouse

__all__ = ["STAGES", "Load", "Warehouse", "open_reader", "publish_snapshot", "published_copy"]
