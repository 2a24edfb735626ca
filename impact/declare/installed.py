"""How a declaration of a kind that an installed package adds is read: by the package's model, when it is declared.

Below :mod:`impact.formulas` and :mod:`impact.designs`, whose unions of models end with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from pydantic import ValidatorFunctionWrapHandler, WrapValidator

from impact.declare.base import Declared


def or_installed(
    base: type[Declared], own: Collection[str], models: Callable[[], Mapping[str, type[Declared]]]
) -> WrapValidator:
    """Read what is declared by the model of the package that adds its ``kind``; any other as before.

    Parameters
    ----------
    base
        What the model must be to stand there.
    own
        Kinds that no package can add; for these no package is imported.
    models
        Gives the models of installed packages, by kind.
    """

    def read(declared: Any, as_before: ValidatorFunctionWrapHandler) -> Any:
        kind = declared.get("kind") if isinstance(declared, Mapping) else None
        model = models().get(kind) if isinstance(kind, str) and kind not in own else None
        if model is None or not issubclass(model, base):
            return as_before(declared)
        return model.model_validate(declared)

    return WrapValidator(read)
