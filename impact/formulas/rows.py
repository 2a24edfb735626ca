"""The engine's formulas that give each row a value, of which a change can be taken."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, SerializeAsAny

from impact.formulas import days, mean, proportion, scale, threshold
from impact.formulas.base import RowFormula
from impact.formulas.installed import or_installed

ROW_FORMULAS = (mean.KIND, proportion.KIND, scale.KIND, threshold.KIND, days.KIND)

if TYPE_CHECKING:
    PerRow = RowFormula
else:
    _OWN = functools.reduce(operator.or_, (kind.model for kind in ROW_FORMULAS))
    PerRow = SerializeAsAny[Annotated[_OWN, Field(discriminator="kind"), or_installed(RowFormula)]]
    """What can stand as ``of`` in a change."""
