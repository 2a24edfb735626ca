"""Measure: indicator declarations become SQL; one pass per contract gives value, n and spread by scope, group, wave."""

from typing import TYPE_CHECKING

from impact.rooms import on_demand

if TYPE_CHECKING:
    from impact.measure.claims import measure_claims
    from impact.measure.complete import is_counted
    from impact.measure.engine import Measures, measure_indicators
    from impact.measure.measurement import INCOMPLETE
    from impact.measure.obs_flags import refuse_breaks
    from impact.measure.unit_rows import treated_cells, unit_frame, unit_sql, wave_values

__all__ = [
    "INCOMPLETE",
    "Measures",
    "is_counted",
    "measure_claims",
    "measure_indicators",
    "refuse_breaks",
    "treated_cells",
    "unit_frame",
    "unit_sql",
    "wave_values",
]
__getattr__ = on_demand(__name__, __file__)
