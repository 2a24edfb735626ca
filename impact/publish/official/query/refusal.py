"""Why a query is refused: the reasons that the SDMX REST interface tells apart."""

from __future__ import annotations

from enum import StrEnum

from impact.errors import UsageError


class Reason(StrEnum):
    """Why."""

    SYNTAX = "syntax"
    """It is not written as the interface asks for."""
    MEANING = "meaning"
    """It is written well, and names a component, or a value, that the structure does not have."""
    NOTHING = "nothing"
    """There is nothing of that name, or not for this reader."""
    NOT_ANSWERED = "not_answered"
    """The interface has it, this service has not."""
    FAULT = "fault"
    """The data cannot be given as they are."""


class QueryError(UsageError):
    """A query of the SDMX REST interface that is not answered.

    Parameters
    ----------
    reason
        Which of them.
    text
        What is wrong, and what to ask instead.
    """

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def bad(text: str) -> QueryError:
    """Return a refusal of what is not written as it should be."""
    return QueryError(Reason.SYNTAX, text)


def unknown(text: str) -> QueryError:
    """Return a refusal of what the structure does not have."""
    return QueryError(Reason.MEANING, text)


def nothing(text: str) -> QueryError:
    """Return a refusal of what is not there."""
    return QueryError(Reason.NOTHING, text)


def not_answered(text: str) -> QueryError:
    """Return a refusal of what this service does not do."""
    return QueryError(Reason.NOT_ANSWERED, text)
