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

from impact.api import Result, load, run
from impact.declare import Programme
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
