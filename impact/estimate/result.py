"""The one shape in which every design reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnostic:
    """A check of an assumption: its null, what came out, and whether it passed.

    ``status`` is ``passed``, ``failed`` or ``not_applicable``; in the last case ``detail`` says why.
    """

    check: str
    null_hypothesis: str
    value: float | None
    p_value: float | None
    status: str
    detail: str


@dataclass(frozen=True)
class Effect:
    """An effect, tidy: one row, in the unit of the outcome.

    ``inference`` names the rule behind the standard error and the reference distribution.
    """

    term: str
    estimand: str
    design: str
    estimate: float
    std_error: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    unit: str
    n_obs: int
    n_clusters: int | None
    inference: str
    diagnostics: tuple[Diagnostic, ...] = ()

    def summary(self) -> str:
        """Return one deterministic line of text.

        Examples
        --------
        >>> Effect("treat", "ITT", "randomised", 2.0, 1.0, 2.0, 0.05, 0.0, 4.0, "points", 40, None, "HC2").summary()
        'randomised ITT 2 points (0 to 4), SE 1 by HC2, n = 40'
        """
        return (
            f"{self.design} {self.estimand} {self.estimate:g} {self.unit} ({self.conf_low:g} to {self.conf_high:g}),"
            f" SE {self.std_error:g} by {self.inference}, n = {self.n_obs}"
        )
