"""Designs: a folder for each kind, from how it is declared to how its effect is estimated and its power simulated."""

from typing import TYPE_CHECKING

from impact.rooms import on_demand

if TYPE_CHECKING:
    from impact.designs.effect import estimate_effect

__all__ = ["estimate_effect"]
__getattr__ = on_demand(__name__, __file__)
