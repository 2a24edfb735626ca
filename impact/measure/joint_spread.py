"""How a value varies that is reckoned from several indicators of the same rows: their covariance comes of these rows.

Before :mod:`impact.measure.derived`, after the sums of :mod:`impact.measure.cells`. A value ``f(R₁, …, R_m)`` of ratios
of sums is linearised by Taylor: ``z = Σ_k ∂f/∂R_k · w(y_k − R_k·x_k) / Σwx_k``, so that one variance, that of ``Σz``,
holds all covariances. Its squares are a quadratic form in the sums that were taken; what they are multiplied by
differs from domain to domain. Reference: Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, ch. 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import duckdb
import numpy as np

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.formulas.registry import kind_of
from impact.measure.additive import Layout, Place, SampledWave, gathered, layout_of
from impact.measure.breakdown import cut_codelists
from impact.measure.cells import Cells, sum_jointly
from impact.measure.domains import Domains
from impact.measure.measurement import Domain
from impact.measure.moments import joined, portions_of, simple_variance
from impact.measure.operands import every_wave, place_of
from impact.measure.spread import Frame, Scores, Spread, design_variance
from impact.measure.summed_rows import contract_rows
from impact.statistics.core import Floats, Ints


@dataclass(frozen=True)
class Linear:
    """How D values move with the indicators that they are reckoned from.

    Parameters
    ----------
    leaves
        The indicators, of one contract and with the same sample.
    slopes
        By the id of a leaf, shape (D,): the derivative of each value by it; NaN where there is no value.
    domains
        Of the values. Rows that are not told apart by wave are those of every wave.
    """

    leaves: Sequence[Indicator]
    slopes: Mapping[str, Floats]
    domains: Sequence[Domain]


@dataclass(frozen=True)
class JointSpread:
    """The spread of D values, and the rows behind each, shape (D,)."""

    spread: Spread
    n: Ints


@dataclass(frozen=True)
class _Block:
    """Cells that are reckoned with together, and the values that are of them.

    Parameters
    ----------
    cells, inside
        The cells, and which of them.
    domains
        Those of each value, among the cells inside.
    numbers
        The numbers of the values.
    frame
        The sample, cell by cell; None where it is a simple one of each domain.
    """

    cells: Cells
    inside: Ints | slice
    domains: Domains
    numbers: list[int]
    frame: Frame | None

    def sums(self, name: str) -> Floats:
        """Return what was taken of each cell."""
        values: Floats = self.cells.taken[name][self.inside]
        return values


def joint_spread(
    connection: duckdb.DuckDBPyConnection, programme: Programme, indicator: Indicator, linear: Linear
) -> JointSpread:
    """Return how values vary because the rows of one contract were sampled.

    Parameters
    ----------
    connection, programme
        Holds the views of the programme's good rows.
    indicator
        Whose values they are; says by what they are cut.
    linear
        How they move with the indicators of the contract that they are reckoned from.
    """
    leaves, domains = linear.leaves, linear.domains
    contract = programme.contracts[leaves[0].contract]
    rows = contract_rows(programme.id, contract, leaves)
    summed = sum_jointly(connection, rows, leaves, (*indicator.scope, *indicator.by))
    sampled = indicator.model_copy(update={"sample": leaves[0].sample})
    layout = layout_of(sampled, summed, cut_codelists(programme, indicator))
    each, counts = [], np.zeros(len(domains), dtype=np.int64)
    for block in _blocks(layout, domains):
        counts[block.numbers] = block.domains.add(block.sums("_any"))
        form = _Form(block, _coefficients(block, linear))
        spread = form.simple() if block.frame is None else form.designed(block.frame)
        each.append((np.array(block.numbers), spread))
    return JointSpread(gathered(each, len(domains)), counts)


def _blocks(layout: Layout, domains: Sequence[Domain]) -> Iterator[_Block]:
    """Yield the cells in blocks: as they were grouped, and wave by wave where a sample was designed."""
    numbers = {place_of(name): number for number, name in enumerate(layout.names)}
    places = map(place_of, domains)
    wanted = [numbers.get(place, numbers.get(every_wave(place), -1)) for place in places]
    if layout.sample.columns():
        for wave in layout.sampled:
            yield _block(wave, wanted, wave.inside, wave.frame)
        return
    for place in layout.parts:
        yield _block(place, wanted, slice(None), None)


def _block(place: Place | SampledWave, wanted: Sequence[int], inside: Ints | slice, frame: Frame | None) -> _Block:
    """Return the values whose domains are of a place; ``wanted`` has the number of each among all domains."""
    local = {number: index for index, number in enumerate(place.numbers.tolist())}
    values = [value for value, number in enumerate(wanted) if number in local]
    domains = place.domains.of([local[wanted[value]] for value in values])
    return _Block(place.cells, inside, domains, values, frame)


def _coefficients(block: _Block, linear: Linear) -> Floats:
    """Return what the scores of a row are multiplied by in each value to give what is linearised, shape (D, 2m)."""
    coefficients = np.zeros((len(block.numbers), 2 * len(linear.leaves)))
    for number, leaf in enumerate(linear.leaves):
        slope = np.nan_to_num(linear.slopes[leaf.id][block.numbers])
        if kind_of(leaf.formula).summary.total:
            coefficients[:, 2 * number] = slope
            continue
        above, below = (block.domains.add(block.sums(f"score:{2 * number + place}")) for place in (0, 1))
        scaled = np.divide(slope, below, out=np.zeros(len(slope)), where=below != 0)
        coefficients[:, 2 * number] = scaled
        coefficients[:, 2 * number + 1] = -scaled * np.divide(above, below, out=np.zeros(len(slope)), where=below != 0)
    return coefficients


@dataclass(frozen=True)
class _Form:
    """The linearised variables of a block's values: what scores are multiplied by in each, shape (D, S)."""

    block: _Block
    coefficients: Floats

    def simple(self) -> Spread:
        """Return the variances of simple random samples of the domains themselves."""
        domains = self.block.domains
        n = domains.add(self.block.sums("_any"))

        def add(name: str) -> Floats:
            return domains.add(self.block.sums(name))

        squares, gross, size = self._squares(self.coefficients, add, n)
        return simple_variance(n.astype(np.int64), squares, gross, size)

    def designed(self, frame: Frame) -> Spread:
        """Return the variances under a sample design."""
        portions = []
        for portion, numbers in portions_of(self.block.domains, frame):
            portions.append(design_variance(self._scores(portion, self.coefficients[numbers]), frame, portion))
        return joined(portions)

    def _scores(self, domains: Domains, coefficients: Floats) -> Scores:
        of_cell = coefficients[domains.number]

        def pick(name: str) -> Floats:
            values: Floats = self.block.sums(name)[domains.cells]
            return values

        n = pick("_any")
        totals = np.zeros(len(n))
        for score in range(of_cell.shape[1]):
            totals += of_cell[:, score] * pick(f"score:{score}")
        squares, gross, size = self._squares(of_cell, pick, n)
        return Scores(n, totals, squares, gross, size, np.zeros(len(n), dtype=bool))

    def _squares(self, coefficients: Floats, sums: Callable[[str], Floats], n: Floats) -> tuple[Floats, Floats, Floats]:
        """Return ``Σz²``, the squares that were added up to give it, and the amounts that were for ``Σz``."""
        squares, gross, size = np.zeros(len(n)), np.zeros(len(n)), np.zeros(len(n))
        for i, j in combinations_with_replacement(range(coefficients.shape[1]), 2):
            product = coefficients[:, i] * coefficients[:, j] * sums(f"score:{i}:{j}")
            squares += product if i == j else 2 * product
            if i == j:
                gross += product
                size += np.sqrt(product * n)  # Σ|z| is at most √(n·Σz²)
        return squares, gross, size
