"""What a line of the access file gives: a role, programmes, parts of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from impact.declare.base import Code, ColumnName, Declared, Id
from impact.publish.scope import Role, Scope

Codes = Annotated[tuple[Code, ...], Field(min_length=1)]


def _some(programmes: Any) -> Any:
    """Check that programmes are named: an empty list could be meant for nothing or for everything."""
    if programmes != "all" and not (isinstance(programmes, list) and programmes):
        raise ValueError("name the programmes in a list, at least one, or write all")
    return programmes


class Grant(Declared):
    """What a reader may see.

    Parameters
    ----------
    role
        What kind of pages.
    programmes
        Whose results, at least one, or ``all``.
    parts
        Codes by column, at least one of each, where the reader sees parts only; without this field the reader sees
        all parts. See :class:`impact.publish.scope.Scope`.
    """

    role: Role
    programmes: Annotated[Literal["all"] | tuple[Id, ...], BeforeValidator(_some)]
    parts: dict[ColumnName, Codes] = Field(default_factory=dict, min_length=1)

    @model_validator(mode="after")
    def _parts_of_programmes(self) -> Grant:
        if self.parts and self.programmes == "all":
            raise ValueError("codes of parts mean something within a programme; name the programmes")
        return self

    @property
    def scope(self) -> Scope:
        """What the reader may see."""
        programmes = None if self.programmes == "all" else frozenset(self.programmes)
        codes_in_reach = {column: frozenset(codes) for column, codes in self.parts.items()}
        return Scope(programmes, codes_in_reach, self.role)
