"""Impact measurement and evaluation: ex-ante promises against ex-post outcomes, at micro, meso and macro level.

Examples
--------
>>> import impact
>>> programme = impact.load("data/nsw")
>>> result = impact.run(programme)
>>> round(float(result.findings().query("finding == 'nsw/earnings'")["estimate"].iloc[0]), 2)
1794.34
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from impact.rooms import on_demand

if TYPE_CHECKING:
    from impact.api import Result, load, run
    from impact.declare.load import Programme
    from impact.errors import DeclarationError, FileError, ImpactError, MachineError, NotEstimable, UsageError

__all__ = [
    "DeclarationError",
    "FileError",
    "ImpactError",
    "MachineError",
    "NotEstimable",
    "Programme",
    "Result",
    "UsageError",
    "load",
    "run",
]
__getattr__ = on_demand(__name__, __file__)

import_module("impact.run")  # the room takes its name here, once and for all,
del globals()["run"]  # and gives it to the function
