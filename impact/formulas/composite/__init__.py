"""``composite``: one index of the values of several other indicators, which compares the codes of a column."""

from impact.formulas.composite.model import Composite
from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, never

KIND = FormulaKind(
    model=Composite,
    summary=Summary.VALUES,
    samples=Samples.CHECKED,
    own_cuts=True,
    unknown_waves=False,
    share=False,
    per_person=False,
    scaled=Scaled.NOTHING,
    parts_add_up=False,
    parts_overlap=False,
    of_all_units=False,
    grows=False,
    of_the_whole=never,
    behind=Behind.VALUES,
)
