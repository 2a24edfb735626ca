"""Validate: a declared contract becomes a Pandera schema; good rows pass, bad rows are quarantined with reasons."""

from typing import TYPE_CHECKING

from impact.rooms import on_demand

if TYPE_CHECKING:
    from impact.validate.compile import CompiledContract, compile_contract
    from impact.validate.cross import cross_reasons
    from impact.validate.load import LoadReport, stage_rows
    from impact.validate.reference import validate_frame
    from impact.validate.schema import to_pandera

__all__ = [
    "CompiledContract",
    "LoadReport",
    "compile_contract",
    "cross_reasons",
    "stage_rows",
    "to_pandera",
    "validate_frame",
]
__getattr__ = on_demand(__name__, __file__)
