"""``network``: a measure of the ties between bodies."""

from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, never
from impact.formulas.network.model import Network

KIND = FormulaKind(
    model=Network,
    summary=Summary.OWN,
    samples=Samples.CHECKED,
    own_cuts=False,
    unknown_waves=True,
    share=False,
    per_person=False,
    scaled=Scaled.NOTHING,
    parts_add_up=False,
    parts_overlap=False,
    of_all_units=False,
    grows=False,
    of_the_whole=never,
    behind=Behind.OTHER,
)
