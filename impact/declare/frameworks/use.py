"""``use`` in ``programme.yaml``: which frameworks a programme uses, how it binds and answers them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from impact.declare.base import Declared, Id, Origin, Text
from impact.declare.frameworks.model import ElementCode, Version
from impact.declare.indicators import ExAnte, ExPost, Sample


class Binding(Declared):
    """A shared indicator in one programme: what it is looked at by, what was promised, how its rows were sampled.

    ``node`` is given where the framework leaves it open. Without ``sample`` it is the framework's.
    """

    node: Id | None = None
    ex_ante: ExAnte = ExAnte()
    ex_post: ExPost
    sample: Sample | None = None
    primary: bool = False


class Answer(Declared):
    """What a programme says of an element of a checklist: an answer, or why it is not applicable."""

    text: Text | None = None
    not_applicable: Text | None = None
    origin: Origin

    @model_validator(mode="after")
    def _one_form(self) -> Answer:
        if (self.text is None) == (self.not_applicable is None):
            raise ValueError("give either text or not_applicable")
        return self


class Use(Declared):
    """A framework that a programme uses; ``bind`` and ``answers`` reach those that it builds on too."""

    framework: Id
    version: Version
    bind: dict[Id, Binding] = Field(default_factory=dict)
    answers: dict[ElementCode, Answer] = Field(default_factory=dict)


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, dict) else value


Uses = Annotated[tuple[Use, ...], BeforeValidator(_as_list, json_schema_input_type=tuple[Use, ...] | Use)]
"""One framework, or several."""
