"""What an effect can say of a contribution; see :mod:`impact.judge.evidence` for who judges it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from impact.words.said import Remark, Said

REFUSED = "evidence.refused"
"""Code of the reason where a design was declared and gave no effect."""


@dataclass(frozen=True)
class Contribution:
    """What the effect says.

    ``improved``, ``worsened``, ``changed``, ``associated``, ``moved``, ``no_clear_effect`` or ``not_estimable``.
    """

    status: str
    reason: Remark


NO_EFFECT: Mapping[str, Contribution] = {
    "estimand.association": Contribution("associated", Said("evidence.association_is_no_effect")),
    "estimand.change": Contribution("moved", Said("evidence.change_is_no_effect")),
}
"""What is said of an estimate that is clear of zero, but is no effect, by the code of its estimand."""


def is_no_effect(estimand: object) -> bool:
    """Tell whether what was estimated is an association or a change without a comparison, clear of zero or not."""
    return isinstance(estimand, Said) and estimand.code in NO_EFFECT


def refused(reason: Remark) -> Said:
    """Say that a design was declared, and why it gave no effect."""
    return Said(REFUSED, reason=reason)
