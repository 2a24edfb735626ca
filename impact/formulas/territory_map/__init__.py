"""``territory_map``: needs against supply."""

from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary
from impact.formulas.territory_map.model import TerritoryMap


def _counts_cells(formula: TerritoryMap) -> bool:
    """Tell whether the value is a number of cells, not a share of them."""
    return formula.measure != "coverage"


KIND = FormulaKind(
    model=TerritoryMap,
    summary=Summary.OWN,
    samples=Samples.CHECKED,
    own_cuts=True,
    unknown_waves=True,
    share=False,
    per_person=False,
    scaled=Scaled.NOTHING,
    parts_add_up=False,
    parts_overlap=False,
    of_all_units=False,
    grows=False,
    of_the_whole=_counts_cells,
    behind=Behind.OTHER,
)
