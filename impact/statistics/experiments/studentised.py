"""The t statistic of many assignments at once: the regression on treatment, blocks and covariates, again and again.

By Frisch, Waugh and Lovell treatment counts beside the controls: ``d = a − φ − X̃c`` with ``φ`` the share of a block
that is treated, ``X̃`` an orthonormal basis of the covariates beside the blocks, ``c = X̃'a``. With ``e`` the outcome
beside the controls, ``τ = e'd / d'd``. The error needs the units one by one only where units are assigned and there are
covariates: without these it is made of sums over the chosen, and with clusters of the clusters' sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from impact.statistics.core import Floats, Ints, cluster_sums, floats
from impact.statistics.experiments.lots import Bools, Lots
from impact.statistics.linear.sandwich import ROUNDING

Statistic = Callable[[Bools], Floats]
"""From assignments, shape (b, g), to the t of each."""
SINGULAR = 1e-9
CANCELLED = 1e-12
"""A sum of squares below this share of what it is a difference of is what rounding leaves of none."""
PIECE = 1 << 17
"""Units times assignments that stay near the processor while they are summed."""


@dataclass(frozen=True, eq=False)
class OfUnits:
    """The statistic where units are assigned, with HC2.

    Parameters
    ----------
    lots
        Who was assigned.
    outcome
        Shape (n,): beside the controls.
    covariates
        Shape (n, p): an orthonormal basis of the covariates beside the blocks.
    """

    lots: Lots
    outcome: Floats
    covariates: Floats

    def __call__(self, chosen: Bools) -> Floats:
        """Return the t of each assignment, shape (b,); infinite where it is not defined."""
        share = self.lots.taken / self.lots.sizes
        columns = np.column_stack([self.outcome, self.covariates])
        sums = _sums(chosen, columns)
        c = sums[:, 1:]
        # d'd = Σ m_b (1 − φ_b) − c'c
        power = np.sum(self.lots.taken * (1 - share)) - np.sum(c**2, axis=1)
        defined = power > ROUNDING * len(self.outcome)
        power = np.where(defined, power, 1.0)
        effect = sums[:, 0] / power
        phi = share[self.lots.blocks]
        free = 1 - self._leverage()
        meat = np.zeros(len(chosen))
        for piece in _pieces(chosen):
            d = chosen[:, piece] - phi[piece]
            d -= c @ self.covariates[piece].T
            residuals = self.outcome[piece] - effect[:, None] * d
            d *= d
            meat += _hc2(d, residuals, free[piece] - d * (1 / power)[:, None])
        least = ROUNDING**2 * np.sum(self.outcome**2) * power
        return _t(effect, power, meat, least=np.where(defined, least, math.inf))

    def _leverage(self) -> Floats:
        """Return the leverage of the controls, shape (n,): ``1 / n_b + |x̃|²``."""
        of_blocks = 1 / self.lots.sizes
        return floats(of_blocks[self.lots.blocks] + np.sum(self.covariates**2, axis=1))

    def of_sums(self) -> OfSums:
        """Return the same statistic, as one of sums over the chosen; without covariates."""
        lots, e = self.lots, self.outcome
        share = lots.taken / lots.sizes
        # d is 1 − φ for who is chosen, −φ for others, and d'd = Σ m_b (1 − φ_b) whatever the assignment
        power = float(np.sum(lots.taken * (1 - share)))
        free = 1 - 1 / lots.sizes
        one = _over((1 - share) ** 2, free - (1 - share) ** 2 / power)
        none = _over(share**2, free - share**2 / power)
        # Σ_T w₁ (e − τ(1 − φ))² + Σ_C w₀ (e + τφ)², in powers of τ; e adds up to zero in each block
        squares = (one - none)[lots.blocks] * e**2
        products = (one * (1 - share) + none * share)[lots.blocks] * e
        of_tau = lots.taken * (one * (1 - share) ** 2 - none * share**2) + lots.sizes * none * share**2
        rest = float(np.sum(none[lots.blocks] * e**2))
        return OfSums(np.column_stack([e, squares, products]), power, rest, float(of_tau.sum()))


@dataclass(frozen=True, eq=False)
class OfSums:
    """The statistic of units without covariates: HC2 is quadratic in ``τ``, with sums over the chosen.

    Parameters
    ----------
    columns
        Shape (n, 3): what is summed over the chosen, for ``τ``, for the meat and for its product with ``τ``.
    power
        ``d'd``, the same for all assignments.
    rest, of_tau
        What is added to the meat, and to its product with ``τ²``, whoever is chosen.
    """

    columns: Floats
    power: float
    rest: float
    of_tau: float

    def __call__(self, chosen: Bools) -> Floats:
        """Return the t of each assignment, shape (b,); infinite where the outcome does not vary within the arms."""
        products, squares, crossed = _sums(chosen, self.columns).T
        effect = products / self.power
        meat = self.rest + squares - 2 * effect * crossed + effect**2 * self.of_tau
        least = CANCELLED * (self.rest + squares)
        return _t(effect, np.full(len(chosen), self.power), meat, least=least)


@dataclass(frozen=True, eq=False)
class OfClusters:
    """The statistic where clusters are assigned, with the sums of their scores (CR1 but for its constant factor).

    Parameters
    ----------
    lots
        Which clusters were assigned.
    sizes, outcome
        Shape (g,): units of each, and their sum of outcomes beside the controls.
    covariates, products
        Shape (g, p): sums of the basis, and of its products with the outcome.
    squares
        Shape (g, p²): sums of the products of each two columns of the basis.
    total
        Sum of the squares of the outcome.
    """

    lots: Lots
    sizes: Floats
    outcome: Floats
    covariates: Floats
    products: Floats
    squares: Floats
    total: float

    def __call__(self, chosen: Bools) -> Floats:
        """Return the t of each assignment, shape (b,); infinite where it is not defined."""
        a = chosen.astype(np.float64)
        starts, blocks = self.lots.starts, self.lots.blocks
        treated = np.add.reduceat(a * self.sizes, starts, axis=1)
        phi = treated / np.add.reduceat(self.sizes, starts)
        u = a - phi[:, blocks]
        c = a @ self.covariates
        crossed = np.einsum("bi,bj->bij", c, c).reshape(len(c), -1)
        # In each cluster Σ d² = u²N − 2u Σx̃'c + c'Σx̃x̃'c and Σ de = u Σe − Σex̃'c
        d2 = u**2 * self.sizes - 2 * u * (c @ self.covariates.T) + crossed @ self.squares.T
        de = u * self.outcome - c @ self.products.T
        power = d2.sum(axis=1)
        defined = power > ROUNDING * self.sizes.sum()
        power = np.where(defined, power, 1.0)
        effect = de.sum(axis=1) / power
        meat = np.sum((de - effect[:, None] * d2) ** 2, axis=1)
        least = ROUNDING**2 * self.total * power
        return _t(effect, power, meat, least=np.where(defined, least, math.inf))


def of_clusters(lots: Lots, outcome: Floats, covariates: Floats, codes: Ints, order: Ints) -> OfClusters:
    """Return the statistic of clusters, in the order of their blocks, from the units' outcome and covariates.

    Parameters
    ----------
    lots
        Which clusters were assigned.
    outcome, covariates
        As of :class:`OfUnits`, in any order.
    codes
        Shape (n,): numbers of the units' clusters.
    order
        Shape (g,): which number stands at each place of ``lots``.
    """
    n, p = covariates.shape
    squares = np.einsum("ni,nj->nij", covariates, covariates).reshape(n, p * p)
    products = covariates * outcome[:, None]
    columns = np.column_stack([np.ones(n), outcome, covariates, products, squares])
    sums = cluster_sums(columns, codes, len(order))[order]
    sizes, outcomes = sums[:, :2].T
    ends = 2 + p, 2 + 2 * p
    of_covariates, of_products, of_squares = np.split(sums, ends, axis=1)
    return OfClusters(lots, sizes, outcomes, of_covariates[:, 2:], of_products, of_squares, float(np.sum(outcome**2)))


def _t(effect: Floats, power: Floats, meat: Floats, *, least: Floats) -> Floats:
    """Return ``τ / sqrt(meat / power²)``, infinite where the meat is not more than the least."""
    positive = meat > least
    divisor = np.where(positive, meat, 1.0)
    t = effect * power / np.sqrt(divisor)
    return floats(np.where(positive, t, math.inf))


def _hc2(d2: Floats, residuals: Floats, remaining: Floats) -> Floats:
    """Return ``Σ d² r² / (1 − h)`` by row, in place; who is fitted whatever its outcome counts nothing."""
    singular = remaining <= SINGULAR
    if singular.any():
        remaining[singular] = math.inf
    residuals *= residuals
    residuals *= d2
    residuals /= remaining
    return floats(residuals.sum(axis=1))


def _over(numerator: Floats, denominator: Floats) -> Floats:
    divisor = np.where(denominator > SINGULAR, denominator, math.inf)
    return floats(numerator / divisor)


def _pieces(chosen: Bools) -> list[slice]:
    """Return the units in pieces of which all assignments stay near the processor."""
    rows, n = chosen.shape
    size = max(1, PIECE // rows)
    return [slice(start, start + size) for start in range(0, n, size)]


def _sums(chosen: Bools, columns: Floats) -> Floats:
    """Return the sums of columns over the chosen, shape (b, k)."""
    sums = np.zeros((len(chosen), columns.shape[1]))
    for piece in _pieces(chosen):
        sums += chosen[:, piece].astype(np.float64) @ columns[piece]
    return sums
