"""``derived``: a ratio, difference, share or rate of the values of two other indicators."""

from impact.formulas.derived.model import Derived
from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, never

KIND = FormulaKind(
    model=Derived,
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
