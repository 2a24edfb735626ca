"""No text leaves its picture, in the widest of the fonts that stand in for a missing one."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import plotly.graph_objects as go
import pytest

from impact.drawing.markup import Element, words_of
from impact.drawing.svg.text import block_size, text_lines, text_width
from impact.figures import Point, figure_svg, network_figure, parts_figure, waves_figure
from impact.figures.style import dressed, number_format
from impact.words import words_in

IT = words_in("it")
WIDTHS = (360, 560, 1160)
LONG = "Associazione Giovani Imprenditori di Confcooperative Romagna"
WIDEST = [
    ("confronto 4.554,80", True, 10.77),
    ("comparison 4,554.80", True, 11.83),
    ("−14.9 pp [−18.8 pp; −11.0 pp]", False, 15.71),
    ("[−14,9 p.p.; −11,0 p.p.]", False, 12.01),
    ("Whole programme", False, 9.3),
    ("1.234.567", False, 5.09),
]
"""Texts, whether bold, and their length in DejaVu Sans, in sizes of the font."""
BEFORE = {"start": 0.0, "middle": 0.5, "end": 1.0}
"""Which part of a text lies left of where it hangs."""


def drawn(figure: go.Figure, width: int) -> Element:
    return figure_svg(figure, title="A figure", format_number=number_format(IT), width=width)


def texts(element: Element) -> Iterator[Element]:
    """Yield the texts that lie level."""
    if element.tag == "text" and "transform" not in element.attributes:
        yield element
    for child in element.children:
        if isinstance(child, Element):
            yield from texts(child)


def markup(text: Element) -> str:
    """Return a text as it was given: its lines apart, what is bold in it marked."""
    pieces = []
    for child in text.children:
        if isinstance(child, Element) and "x" in child.attributes:
            pieces.append(markup(child) + "<br>")
        elif isinstance(child, Element):
            pieces.append(f"<b>{words_of(child)}</b>")
        else:
            pieces.append(child)
    return "".join(pieces)


def outside(drawing: Element) -> list[str]:
    """Return the texts that leave the picture to the left or to the right."""
    picture = float(str(drawing.attributes["viewBox"]).split()[2])
    left_out = []
    for text in texts(drawing):
        width, _ = block_size(markup(text), float(str(text.attributes["font-size"])))
        left = float(str(text.attributes["x"])) - width * BEFORE[str(text.attributes["text-anchor"])]
        if left < -0.01 or left + width > picture + 0.01:
            left_out.append(words_of(text))
    return left_out


@pytest.mark.parametrize(("text", "bold", "length"), WIDEST)
def test_a_text_is_estimated_a_little_above_its_length(text: str, bold: bool, length: float) -> None:
    assert length <= text_width(text, 1.0, bold=bold) <= 1.1 * length


@pytest.mark.parametrize("width", WIDTHS)
def test_a_label_at_the_end_of_a_line_stays_inside(width: int) -> None:
    points = pd.DataFrame(
        {"place": [0, 1] * 2, "wave": ["1975", "1978"] * 2, "line": ["treated"] * 2 + ["comparison"] * 2}
    ).assign(value=[1532.06, 6349.14, 1266.91, 4554.8], conf_low=None, conf_high=None, flags=[[]] * 4)
    figure = waves_figure(points, "dollari", IT, baseline=Point(0, 1532.06), target=Point(1, 123456.78), due="1978-12")
    drawing = drawn(figure, width)
    assert "confronto 4.555 ex post" in [" ".join(words_of(text).split()) for text in texts(drawing)]
    assert outside(drawing) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_line_at_the_edge_has_its_words_inside(width: int) -> None:
    parts = pd.DataFrame({"part": ["A", "B"], "value": [0.1, 0.9], "conf_low": None, "conf_high": None})
    drawing = drawn(parts_figure(parts, "share", IT, baseline=0.001, target=0.999), width)
    assert outside(drawing) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_name_of_a_body_at_the_edge_stays_inside(width: int) -> None:
    bodies = pd.DataFrame({"body": [*"ab"], "label": [LONG[::2], LONG[1::2]], "kind": None, "sector": ["s", "t"]})
    bodies = bodies.assign(wave="", answered=True, x=[0.0, 1.0], y=[0.0, 1.0])
    ties = pd.DataFrame({"source": ["a"], "target": ["b"], "wave": "w"})
    assert outside(drawn(network_figure(bodies, ties, {"w": "Wave"}, IT), width)) == []


def test_a_long_name_in_the_legend_is_broken_between_words() -> None:
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 1], name=f"{LONG} {LONG}", mode="lines"))
    drawing = drawn(dressed(figure, IT, height=400, showlegend=True, legend={"y": -0.2}), WIDTHS[0])
    (name,) = (text for text in texts(drawing) if LONG[:12] in words_of(text))
    assert len(text_lines(markup(name))) > 2
    assert outside(drawing) == []
