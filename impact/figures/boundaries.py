"""The boundaries that come with the engine, by the code of their area; maps are drawn of these."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from impact.declare import shipped
from impact.drawing.shapes import Shape, project, read_shapes


@functools.cache
def boundaries() -> dict[str, Shape]:
    """Return every area that is shipped, by code, in degrees."""
    shapes: dict[str, Shape] = {}
    for path in sorted((shipped("schemas") / "geo").glob("*.geojson")):
        shapes |= read_shapes(path)
    return shapes


def has_geometry(codes: Iterable[str]) -> bool:
    """Tell whether there are codes, and boundaries are shipped for all of them."""
    areas = set(codes)
    return bool(areas) and areas <= boundaries().keys()


def projected(codes: Iterable[str], width: float, margin: float) -> tuple[dict[str, Shape], float]:
    """Return the shapes of areas in a drawing, by code, and the height that they take in pixels.

    Parameters
    ----------
    codes
        Of the areas, such as ``ITC11``.
    width, margin
        Pixels of the drawing, and of what it leaves free on each side.

    Raises
    ------
    ValueError
        If there is no area, or no boundary for one of them; :func:`has_geometry` tells before.
    """
    areas = list(dict.fromkeys(codes))
    shapes = boundaries()
    if not has_geometry(areas):
        without = set(areas) - shapes.keys()
        missing = sorted(without)
        names = ", ".join(missing) or "no areas"
        raise ValueError(f"no boundaries for {names}")
    ordered = [shapes[code] for code in areas]
    return project(ordered, width, margin)
