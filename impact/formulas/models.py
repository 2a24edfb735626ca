"""What can stand as ``formula`` in a declaration: the engine's own models, and those of installed packages."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, SerializeAsAny

from impact.formulas.base import FormulaModel
from impact.formulas.installed import or_installed
from impact.formulas.registry import FORMULAS

if TYPE_CHECKING:
    Formula = FormulaModel
else:
    _OWN = functools.reduce(operator.or_, (kind.model for kind in FORMULAS.values()))
    Formula = SerializeAsAny[Annotated[_OWN, Field(discriminator="kind"), or_installed(FormulaModel)]]
    """A model of :data:`impact.formulas.registry.FORMULAS`, told apart by ``kind``, or an installed one."""
