"""Which numbers of a programme IATI has a place for, and what they are measured in there."""

from __future__ import annotations

from impact.publish.export.dossier import Dossier
from impact.publish.export.linked.facts import IndicatorSaid, ProgrammeSaid
from impact.publish.export.linked.figures import Figure, figures, results

MEASURED_IN = {"BASELINE": "baseline", "TARGET": "target", "VALUE": "actual"}
"""The element of each measure that IATI has one for; bounds, forecasts and effects have none."""
PERCENTAGE, UNIT = "2", "1"
"""Codes of the list IndicatorMeasure."""


def reported(dossier: Dossier, said: ProgrammeSaid) -> list[Figure]:
    """Return the figures that IATI has a place for: baselines, targets and values of the programme itself."""
    every = figures(dossier.data_set, said.mapping.area)
    return [figure for measure in MEASURED_IN for figure in results(every, measure)]


def measure_of(said: ProgrammeSaid, indicator: IndicatorSaid) -> tuple[str, int]:
    """Return the code of what an indicator is measured in, and what its values are multiplied by for it."""
    is_percent = indicator.share or indicator.units["en"] == "percent"
    measure = said.linked.iati.measures.get(indicator.id, PERCENTAGE if is_percent else UNIT)
    return measure, 100 if indicator.share and measure == PERCENTAGE else 1
