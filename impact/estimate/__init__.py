"""What the estimates of several designs share: the rows of a case, samples, checks, results."""

from impact.estimate.result import Diagnostic, Effect, Term

__all__ = ["Diagnostic", "Effect", "Term"]
