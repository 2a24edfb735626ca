"""How a state looks: a shape, a word and a colour, everywhere the same. What the state is, `impact.judge` decides."""

from __future__ import annotations

from impact.drawing.markup import Element, h
from impact.words import Words

Attributes = dict[str, str | float]
"""Of an element of SVG, by name."""
SHAPES = {
    "reached": "circle",
    "uncertain": "triangle",
    "short": "square",
    "wrong_way": "down",
    "incomplete": "half",
    "contradictory": "cross",
    "out_of_range": "cross",
    "not_due": "clock",
    "no_target": "dash",
    "no_data": "ring",
    "suppressed": "hatch",
    "unmeasured": "dotted",
    "improved": "up",
    "worsened": "down",
    "changed": "diamond",
    "associated": "wave",
    "moved": "wave",
    "no_clear_effect": "dash",
    "not_estimable": "ring",
    "reproduced": "circle",
    "differs": "triangle",
    "not_recomputable": "ring",
    "covered": "circle",
    "partial": "triangle",
    "gap": "square",
    "overlap": "diamond",
    "supply_only": "dash",
    "unmapped": "dotted",
    "good": "circle",
    "warn": "triangle",
    "bad": "square",
    "done": "circle",
    "open": "clock",
    "late": "square",
    "behind": "square",
    "off_course": "cross",
    "concern": "down",
    "change": "diamond",
    "improvement": "up",
    "ahead": "up",
    "on_course": "circle",
    "not_measured": "ring",
    "no_path": "dash",
    "measured": "circle",
    "not_bound": "dotted",
    "answered": "circle",
    "missing": "square",
    "not_applicable": "dash",
    "not_verified": "ring",
}
"""The shape of every state; its colour goes by the class of the same name in the style sheet."""
DRAWN: dict[str, list[tuple[str, Attributes]]] = {
    "circle": [("circle", {"cx": 6, "cy": 6, "r": 5})],
    "triangle": [("path", {"d": "M6 1 11.5 11H.5Z"})],
    "square": [("rect", {"x": 1, "y": 1, "width": 10, "height": 10})],
    "diamond": [("path", {"d": "M6 0 12 6 6 12 0 6Z"})],
    "up": [("path", {"d": "M6 1 11 7H8V11H4V7H1Z"})],
    "down": [("path", {"d": "M6 11 1 5H4V1H8V5H11Z"})],
    "ring": [("circle", {"cx": 6, "cy": 6, "r": 4.2, "fill": "none", "stroke": "currentColor", "stroke-width": 1.6})],
    "dash": [("path", {"d": "M1 5H11V7H1Z"})],
    "wave": [
        ("path", {"d": "M0 8C3 0 4 0 6 6S9 12 12 4", "fill": "none", "stroke": "currentColor", "stroke-width": 2})
    ],
    "clock": [
        ("circle", {"cx": 6, "cy": 6, "r": 5, "fill": "none", "stroke": "currentColor", "stroke-width": 1.5}),
        ("path", {"d": "M6 3V6L8.5 7.5", "fill": "none", "stroke": "currentColor", "stroke-width": 1.5}),
    ],
    "half": [
        ("circle", {"cx": 6, "cy": 6, "r": 5, "fill": "none", "stroke": "currentColor", "stroke-width": 1.5}),
        ("path", {"d": "M6 1A5 5 0 0 0 6 11Z"}),
    ],
    "cross": [("path", {"d": "M2 2 10 10M10 2 2 10", "fill": "none", "stroke": "currentColor", "stroke-width": 2})],
    "hatch": [
        ("rect", {"x": 1, "y": 1, "width": 10, "height": 10, "fill": "none", "stroke": "currentColor"}),
        ("path", {"d": "M1 6 6 1M1 11 11 1M6 11 11 6", "stroke": "currentColor", "fill": "none"}),
    ],
    "dotted": [
        (
            "circle",
            {
                "cx": 6,
                "cy": 6,
                "r": 4.5,
                "fill": "none",
                "stroke": "currentColor",
                "stroke-width": 1.5,
                "stroke-dasharray": "2 2",
            },
        ),
    ],
}


def shape(state: str, *, x: float = 0, y: float = 0, size: float = 12) -> Element:
    """Return the shape of a state, for use inside a drawing; its middle lies at ``x, y``."""
    name = SHAPES[state]
    elements = [h(tag, **attributes) for tag, attributes in DRAWN[name]]
    scale = size / 12
    half = 6 * scale
    shift = f"translate({x - half:.1f} {y - half:.1f})"
    transform = f"{shift} scale({scale:.3g})"
    return h("g", elements, class_=f"shape {state}", fill="currentColor", transform=transform)


def badge(state: str, words: Words, text: str | None = None) -> Element:
    """Return the shape and the word of a state."""
    size = {"viewBox": "0 0 12 12", "width": 12, "height": 12}
    drawing = h("svg", shape(state, x=6, y=6), class_="mark", **size, aria_hidden="true")
    title = text or words(f"status.{state}")
    return h("span", drawing, " ", title, class_=f"status {state}")


def evidence(level: float | None, words: Words) -> Element:
    """Return the level of evidence as filled and empty dots, with its number for those who do not see them."""
    if level is None:
        return h("span", "–", class_="muted")
    filled = int(level)
    name = words("evidence.of", level=filled)
    size = {"viewBox": "0 0 58 12", "width": 58, "height": 12}
    return h("svg", h("title", name), dots(filled, 0, 0), class_="dots", **size, role="img", aria_label=name)


def dots(level: int, x: float, y: float) -> Element:
    """Return five dots, as many of them filled as the level says, for use inside a drawing."""
    circles = [_dot(number, filled=number < level) for number in range(5)]
    shift = f"translate({x} {y})"
    return h("g", circles, transform=shift)


def _dot(number: int, *, filled: bool) -> Element:
    return h("circle", cx=6 + 11 * number, cy=6, r=4, class_="dot on" if filled else "dot")
