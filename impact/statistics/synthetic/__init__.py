"""A few treated units beside a weighted mix of others: synthetic control, its nested search, synthetic DiD."""

from impact.statistics.synthetic.control import Synthetic, synthetic_control
from impact.statistics.synthetic.difference import SyntheticDid, synthetic_did
from impact.statistics.synthetic.nested import NestedControl, nested_control
from impact.statistics.synthetic.simplex import SimplexFit, simplex_weights

__all__ = [
    "NestedControl",
    "SimplexFit",
    "Synthetic",
    "SyntheticDid",
    "nested_control",
    "simplex_weights",
    "synthetic_control",
    "synthetic_did",
]
