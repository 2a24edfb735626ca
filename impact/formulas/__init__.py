"""Formulas: a module or folder for each kind, with its model, its SQL and a descriptor of all that is true of it."""

from typing import TYPE_CHECKING

from impact.rooms import on_demand

if TYPE_CHECKING:
    from impact.formulas.order_statistics import quantile_of_counts

__all__ = ["quantile_of_counts"]
__getattr__ = on_demand(__name__, __file__)
