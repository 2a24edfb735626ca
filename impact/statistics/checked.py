"""What scores, ranks and weights refuse: missing numbers, shapes that do not fit, shares and levels that are none."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.words.said import Said


def known(*values: ArrayLike) -> list[Floats]:
    """Return numbers as arrays of one shape, none of them missing or infinite.

    Raises
    ------
    NotEstimable
        If a number is missing or infinite, or shapes do not fit.

    Examples
    --------
    >>> [array.tolist() for array in known([1, 2], 0)]
    [[1.0, 2.0], [0.0, 0.0]]
    """
    arrays = [floats(array) for array in values]
    for array in arrays:
        if not np.isfinite(array).all():
            raise NotEstimable(Said("scoring.number_missing"), Said("scoring.finite_numbers"))
    try:
        return [floats(array) for array in np.broadcast_arrays(*arrays)]
    except ValueError:
        shapes = tuple(str(array.shape) for array in arrays)
        raise NotEstimable(
            Said("scoring.shapes_do_not_fit", shapes=shapes), Said("scoring.one_number_per_forecast")
        ) from None


def listed(*values: ArrayLike) -> list[Floats]:
    """Return numbers as lists of one length, at least one, none of them missing or infinite.

    Raises
    ------
    NotEstimable
        As :func:`known`; if there is no number, or arrays have more than one dimension.

    Examples
    --------
    >>> listed([1, 2])[0].shape
    (2,)
    """
    arrays = known(*values)
    if arrays[0].ndim != 1 or not arrays[0].size:
        raise NotEstimable(Said("scoring.no_list_of_forecasts"), Said("scoring.one_number_per_forecast"))
    return arrays


def positive(*values: Floats) -> None:
    """Refuse a scale, shape or rate that is not above zero.

    Examples
    --------
    >>> positive(np.array([1.0]))
    """
    if not all((array > 0).all() for array in values):
        raise NotEstimable(
            Said("statistics.scale_shape_not_positive_range_empty"), Said("statistics.scales_shapes_above_zero")
        )


def probabilities(values: Floats) -> None:
    """Refuse probabilities outside 0 to 1.

    Examples
    --------
    >>> probabilities(np.array([0.0, 0.5, 1.0]))
    """
    wrong = (values < 0) | (values > 1)
    if wrong.any():
        first = float(values[wrong].flat[0])
        raise NotEstimable(Said("scoring.probability_outside", value=first), Said("scoring.probabilities_0_to_1"))


def inside(level: float) -> None:
    """Refuse a level that is not inside 0 and 1.

    Examples
    --------
    >>> inside(0.95)
    """
    if not 0 < level < 1:
        raise NotEstimable(
            Said("statistics.probability_not_inside_0_1", level=level), Said("statistics.level_such_0_9")
        )
