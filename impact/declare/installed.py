"""How a declaration of a kind that an installed package adds is read: by the package's model, when it is declared.

Below :mod:`impact.formulas` and :mod:`impact.designs`, whose unions of models end with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from pydantic import ValidatorFunctionWrapHandler, WrapValidator

from impact.declare.base import Declared


def or_installed(
    base: type[Declared], built_in: Collection[str], models: Callable[[], Mapping[str, type[Declared]]]
) -> WrapValidator:
    """Read what is declared by the model of the package that adds its ``kind``; any other as before.

    Parameters
    ----------
    base
        What the model must be to stand there.
    built_in
        Kinds that no package can add; for these no package is imported.
    models
        Gives the models of installed packages, by kind.
    """

    def installed(declared: Any) -> type[Declared] | None:
        kind = declared.get("kind") if isinstance(declared, Mapping) else None
        if not isinstance(kind, str) or kind in built_in:
            return None
        model = models().get(kind)
        return model if model and issubclass(model, base) else None

    def read(declared: Any, as_before: ValidatorFunctionWrapHandler) -> Any:
        model = installed(declared)
        return model.model_validate(declared) if model else as_before(declared)

    return WrapValidator(read)
