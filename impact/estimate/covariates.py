"""What covariates are called: as declared, or by the engine where they are the outcome at an earlier wave."""

from __future__ import annotations

from impact.words.said import Said, Text

EARLIER = "outcome "
"""How the column of an earlier outcome begins; no declared column has a blank in its name."""


def earlier_outcome(wave: str | None) -> str:
    """Return the column of the outcome at an earlier wave."""
    return f"{EARLIER}{wave}"


def covariate(column: object) -> Text:
    """Return what a column is called in a sentence: as it is declared, or in words where the engine made it.

    Examples
    --------
    >>> str(covariate("outcome 1975")), covariate("race=black")
    ('outcome 1975', 'race=black')
    """
    name = str(column)
    return Said("checks.earlier_outcome", wave=name.removeprefix(EARLIER)) if name.startswith(EARLIER) else name
