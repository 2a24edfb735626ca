"""Estimate: each declared design gives an effect with its uncertainty and diagnostics, or the reason there is none."""

from impact.estimate.designs import estimate_effect
from impact.estimate.result import Diagnostic, Effect, Term

__all__ = ["Diagnostic", "Effect", "Term", "estimate_effect"]
