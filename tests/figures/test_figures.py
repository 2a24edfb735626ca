"""Figures hold what their tables hold, in either language; as SVG they lie where Plotly puts them."""

from __future__ import annotations

import inspect
import math
import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from plotly.subplots import make_subplots

from impact.drawing.markup import Element, svg_file, words_of
from impact.drawing.svg.numbers import written
from impact.drawing.svg.text import block_size
from impact.figures import (
    Point,
    effects_figure,
    figure_svg,
    network_figure,
    parts_figure,
    pool_figure,
    series_figure,
    waves_figure,
)
from impact.figures.style import dressed, number_format
from impact.figures.waves import spread
from impact.words import Words, words_in
from impact.words.said import Said
from impact.words.sentences import sentences

EN, IT = words_in("en"), words_in("it")
HOSTILE = "<script>alert('x')</script><b>"
MARGIN = {"l": 60, "r": 20, "t": 20, "b": 60}
INF = math.inf


def points(flags: list[list[str]], **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"place": range(len(flags)), "value": 1.0, "conf_low": None, "conf_high": None, "line": "whole"}
    )
    return frame.assign(**{"wave": [f"w{i}" for i in frame["place"]], "flags": flags, **columns})


def bodies(**columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"body": [*"abc"], "label": [*"abc"], "kind": None, "sector": ["s", "t", "t"]})
    return frame.assign(wave="", answered=True, x=[0.0, 1.0, 2.0], y=[0.0, 1.0, 0.0]).assign(**columns)


def terms(*rows: tuple[str, str, float, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["family", "term", "estimate", "conf_low", "conf_high"])
    families = [Said(code) if (code := f"family.{name}") in sentences() else Said("rule.named", name=name)
                for name in frame["family"]]  # fmt: skip
    events = [Said("staggered.event_time", time=int(term)) if family == "event_time" else term
              for family, term in zip(frame["family"], frame["term"], strict=True)]  # fmt: skip
    return frame.assign(place=range(len(frame)), family=families, term=events)


def drawn(figure: go.Figure, words: Words = EN, **more: Any) -> Element:
    return figure_svg(figure, **({"title": "t", "format_number": number_format(words)} | more))


def parts_of(node: Element | str, **wanted: str) -> list[Element]:
    """Return all elements of a drawing with a tag or a class, in order."""
    if isinstance(node, str):
        return []
    own = [node] if all(value in (node.tag, node.attributes.get(key)) for key, value in wanted.items()) else []
    return own + [found for child in node.children for found in parts_of(child, **wanted)]


def plain(**layout: Any) -> go.Figure:
    """Return a figure with a plot of 780 by 320 pixels, its upper left corner at 60, 20."""
    return dressed(go.Figure(), EN, height=400, margin=MARGIN, **layout)


def circles(drawing: Element) -> list[tuple[float, float]]:
    return [(float(c.attributes["cx"]), float(c.attributes["cy"])) for c in parts_of(drawing, tag="circle")]


def parts_by_class(drawing: Element, name: str) -> list[Element]:
    return parts_of(drawing, **{"class": name})


def labels(drawing: Element, anchor: str) -> list[str]:
    return [words_of(t) for t in parts_by_class(drawing, "tick") if t.attributes["text-anchor"] == anchor]


# ------------------------------------------------------------------ as SVG


@settings(max_examples=40)
@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6), part=st.floats(0, 1), turned=st.booleans())
def test_a_point_lies_where_its_range_and_domain_put_it(low: float, span: float, part: float, turned: bool) -> None:
    assume(low + span > low)
    ends = [low + span, low] if turned else [low, low + span]
    value = min(max(low + part * span, low), low + span)
    figure = plain().add_scatter(x=[value], y=[value], mode="markers")
    figure.update_xaxes(range=ends, domain=[0.25, 0.75], showticklabels=False, showgrid=False)
    figure.update_yaxes(range=ends, domain=[0.5, 1], showticklabels=False, showgrid=False)
    share = (value - ends[0]) / (ends[1] - ends[0])
    assert circles(drawn(figure)) == [
        (
            pytest.approx(60 + 780 * (0.25 + 0.5 * share), abs=0.01),
            pytest.approx(20 + 320 * 0.5 * (1 - share), abs=0.01),
        )
    ]


# What plotly.js draws on axes of 780 and of 320 pixels (4.1.1, read from the page it makes in Chromium).
TICKS = [
    ((0, 1), "0 0.2 0.4 0.6 0.8 1", None),
    ((0, 10), "0 2 4 6 8 10", None),
    ((-3.2, 7.9), "−2 0 2 4 6", None),
    ((1234, 98765), "10,000 20,000 30,000 40,000 50,000 60,000 70,000 80,000 90,000", "20,000 40,000 60,000 80,000"),
    ((0.0012, 0.0049), "0.0015 0.002 0.0025 0.003 0.0035 0.004 0.0045", None),
    ((-1, -0.2), "−1 −0.9 −0.8 −0.7 −0.6 −0.5 −0.4 −0.3 −0.2", None),
    ((10, 0), "10 8 6 4 2 0", None),
    ((21.1, 37.3), "22 24 26 28 30 32 34 36", None),
    ((0, 200), "0 50 100 150 200", None),
    ((0, 0.2), "0 0.05 0.1 0.15 0.2", None),
]


@pytest.mark.parametrize(("ends", "across", "up"), TICKS)
def test_ticks_are_those_of_plotly(ends: tuple[float, float], across: str, up: str | None) -> None:
    figure = plain().add_scatter(x=ends, y=ends, mode="markers").update_xaxes(range=ends).update_yaxes(range=ends)
    drawing = drawn(figure)
    assert sorted(labels(drawing, "middle")) == sorted(across.split())
    assert sorted(labels(drawing, "end")) == sorted((up or across).split())


@pytest.mark.parametrize(
    ("value", "tickformat", "step", "english", "italian"),
    [
        (0.25, ".0%", 0.05, "25%", "25 %"),
        (0.125, ".1%", 0.05, "12.5%", "12,5 %"),
        (-0.05, "+.0%", 0.05, "−5%", "−5 %"),
        (0.05, "+.0%", 0.05, "+5%", "+5 %"),
        (12345.0, ",d", 1, "12,345", "12.345"),
        (12345.5, ".1f", 1, "12345.5", "12345,5"),
        (-1234.5, "", 0.5, "−1,234.5", "−1.234,5"),
        (2.0, "", 0.5, "2", "2"),
        (-0.0, "", 0.5, "0", "0"),
    ],
)
def test_numbers_are_written_as_the_reader_writes_them(
    value: float, tickformat: str, step: float, english: str, italian: str
) -> None:
    assert (
        written(value, tickformat, step, number_format(EN)),
        written(value, tickformat, step, number_format(IT)),
    ) == (english, italian)


def test_given_ticks_keep_their_words_and_places() -> None:
    figure = plain().add_scatter(x=[0, 4], y=[0, 1], mode="markers")
    figure.update_xaxes(range=[0, 4], tickvals=[1, 3, 9], ticktext=["first", "a &lt; b", "outside"])
    at = {words_of(t): float(t.attributes["x"]) for t in parts_by_class(drawn(figure), "tick")}
    assert at["first"] == 60 + 780 / 4
    assert at["a < b"] == 60 + 780 * 3 / 4
    assert "outside" not in at


@settings(max_examples=40)
@given(st.integers(2, 60), st.integers(300, 1200))
def test_words_below_an_axis_stay_apart_and_the_last_stays(count: int, width: int) -> None:
    names = [f"wave {i}" for i in range(count)]
    figure = plain().add_scatter(x=list(range(count)), y=[0.0] * count, mode="markers")
    figure.update_xaxes(tickvals=list(range(count)), ticktext=names, range=[-0.5, count - 0.5])
    shown = [t for t in parts_by_class(drawn(figure, width=width), "tick") if t.attributes["text-anchor"] == "middle"]
    ends = [(float(t.attributes["x"]), block_size(words_of(t), 11)[0] / 2) for t in shown]
    assert words_of(shown[-1]) == names[-1]
    assert all(a + wide <= b - broad + 2 for (a, wide), (b, broad) in pairwise(ends))


def test_long_words_widen_a_drawing_rather_than_hide_the_plot() -> None:
    figure = plain().add_scatter(x=[0, 1], y=[0, 1], mode="markers")
    figure.update_xaxes(range=[0, 1]).update_yaxes(range=[0, 1], tickvals=[0], ticktext=["word " * 20])
    drawing = drawn(figure, width=300)
    (left, _), (right, _) = circles(drawing)
    assert right - left == 40
    assert float(drawing.attributes["viewBox"].split()[2]) == pytest.approx(right + 20)


def test_a_line_is_interrupted_where_a_value_is_missing() -> None:
    figure = plain().add_scatter(x=[0, 1, 2, 3, 4], y=[1, 2, None, math.nan, 2], mode="lines")
    (path,) = parts_of(parts_by_class(drawn(figure), "trace")[0], tag="path")
    assert path.attributes["d"].count("M") == 2
    assert path.attributes["d"].count("L") == 1


def test_error_bars_end_where_the_intervals_end() -> None:
    error = {"type": "data", "symmetric": False, "array": [2.0], "arrayminus": [1.0], "width": 0, "thickness": 1}
    figure = plain().add_scatter(x=[5], y=[5], error_x=error, error_y={"type": "data", "array": [5]}, mode="markers")
    figure.update_xaxes(range=[0, 10]).update_yaxes(range=[0, 10])
    across, up = (path.attributes["d"] for path in parts_of(drawn(figure), tag="path"))
    assert across == "M372 180H606"
    assert up.startswith("M450 340V20")


def test_areas_close_and_reach_down_to_the_trace_before() -> None:
    figure = plain().add_scatter(x=[0, 1], y=[0, 0], mode="lines")
    figure.add_scatter(x=[0, 1], y=[1, 1], mode="none", fill="tonexty", fillcolor="rgba(1, 2, 3, 0.5)")
    figure.add_scatter(x=[0, 1, 1], y=[0, 0, 1], mode="none", fill="toself", fillcolor="#123456")
    figure.update_xaxes(range=[0, 1]).update_yaxes(range=[0, 1])
    _, band, own = (path.attributes for path in parts_of(drawn(figure), tag="path"))
    assert band["d"] == "M60 20L840 20L840 340L60 340Z"
    assert (band["fill"], band["fill-opacity"]) == ("rgb(1,2,3)", "0.5")
    assert own["d"] == "M60 340L840 340L840 20Z"


def test_bars_stand_on_zero() -> None:
    figure = plain().add_bar(x=["a", "b"], y=[2, -1]).update_xaxes(type="category").update_yaxes(range=[-2, 2])
    _, first, second = (r.attributes for r in parts_of(drawn(figure), tag="rect"))
    assert (first["x"], first["y"], first["width"], first["height"]) == ("99", "20", "312", "160")
    assert (second["y"], second["height"]) == ("180", "80")


def test_lines_and_boxes_lie_on_axes_domains_and_paper() -> None:
    figure = plain().add_scatter(x=[0, 10], y=[0, 10], mode="markers").update_xaxes(range=[0, 10], domain=[0, 0.5])
    figure.update_yaxes(range=[0, 10]).add_hline(y=5).add_vline(x=5, layer="below")
    figure.add_shape(type="rect", xref="paper", yref="y", x0=0, x1=1, y0=0, y1=10, fillcolor="red", line_width=0)
    below, line, box = (shape.attributes for shape in parts_by_class(drawn(figure), "shape"))
    assert (below["x1"], below["x2"], below["y1"], below["y2"]) == ("255", "255", "340", "20")
    assert (line["x1"], line["x2"], line["y1"]) == ("60", "450", "180")
    assert (box["x"], box["width"], box["height"]) == ("60", "780", "320")


def test_a_legend_wraps_and_names_a_group_once() -> None:
    figure = plain(legend={"y": -0.1})
    for name in ("one", "two", "one"):
        figure.add_scatter(x=[0], y=[0], name=name * 12, legendgroup=name, showlegend=len(figure.data) < 2)
    wide, narrow = (
        [t for e in parts_by_class(drawn(figure, width=w), "entry") for t in parts_of(e, tag="text")]
        for w in (860, 300)
    )
    assert [words_of(t) for t in wide] == ["one" * 12, "two" * 12]
    assert wide[0].attributes["y"] == wide[1].attributes["y"]
    assert float(narrow[0].attributes["y"]) < float(narrow[1].attributes["y"])


def test_a_drawing_is_an_image_with_a_title_and_text_is_text() -> None:
    figure = plain().add_scatter(x=[0], y=[0], mode="markers+text", text=["&lt;b&gt; &amp;"], textposition="top right")
    drawing = drawn(figure, title=HOSTILE)
    assert (drawing.attributes["role"], drawing.attributes["viewBox"]) == ("img", "0 0 860 400")
    assert "<b> &" in words_of(drawing)
    assert words_of(drawing.children[0]) == HOSTILE
    root = ET.fromstring(svg_file(drawing).encode())  # noqa: S314
    assert root[0].text == HOSTILE
    assert not [e for e in root.iter() if e.get("style") or e.tag.endswith("script")]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda f: f.add_pie(values=[1]), "pie"),
        (lambda f: f.update_xaxes(type="log"), "log"),
        (lambda f: f.update_traces(line_shape="spline"), "line.shape"),
        (lambda f: f.update_traces(line_dash="5px 2px"), "dash"),
        (lambda f: f.update_traces(marker_symbol="bowtie"), "bowtie"),
        (lambda f: f.update_traces(marker_size=[1, 2]), "marker.size"),
        (lambda f: f.update_traces(fill="tozeroy"), "tozeroy"),
        (lambda f: f.update_traces(fill="toself"), "fillcolor"),
        (lambda f: f.update_traces(text="<a href='x'>y</a>", mode="text"), "<a"),
        (lambda f: f.add_annotation(text="a", x=0, y=0), "showarrow"),
        (lambda f: f.add_shape(type="circle", x0=0, x1=1, y0=0, y1=1), "circle"),
        (lambda f: f.update_layout(title="a"), "title"),
        (lambda f: f.update_layout(legend_orientation="v"), "orientation"),
        (lambda f: f.update_layout(template="plotly_white"), "template"),
        (lambda f: f.update_xaxes(tickformat="~s"), "~s"),
        (lambda f: f.update_xaxes(range=[0, 0.5]), "beyond"),
        (lambda f: f.add_scatter(x=["a"], y=[1]), "category"),
        (lambda f: f.add_bar(x=[1], y=[1]).add_bar(x=[1], y=[1]), "two bar traces"),
        (lambda f: f.update_layout(barmode="stack"), "barmode"),
        (lambda f: f.update_layout(height=100), "room"),
    ],
)
def test_what_is_not_drawn_is_refused_by_name(change: Any, named: str) -> None:
    figure = plain().add_scatter(x=[0, 1], y=[0, 1], mode="lines+markers")
    drawn(figure)
    change(figure)
    with pytest.raises(ValueError, match=named):
        drawn(figure)


# ------------------------------------------------------------------ series


@settings(max_examples=40)
@given(
    st.lists(st.sets(st.sampled_from(["break", "provisional", "few_clusters"])).map(sorted), min_size=1, max_size=40)
)
def test_a_line_has_a_piece_more_for_each_break(flags: list[list[str]]) -> None:
    figure = series_figure(points(flags), "points", EN)
    lines = [trace for trace in figure.data if trace.mode != "markers"]
    assert len(lines) == 1 + sum("break" in some for some in flags[1:])
    assert [wave for line in lines for wave in line.text] == [f"w{i}" for i in range(len(flags))]
    assert sum(trace.showlegend is not False for trace in lines) == 1
    ticks = figure.layout.xaxis.tickvals
    assert len(ticks) <= 12
    assert ticks[0] == len(flags) - 1
    drawn(figure)


def test_an_interval_is_drawn_around_its_value() -> None:
    bars = series_figure(points([[]], value=5.0, conf_low=3.0, conf_high=9.0), "points", EN).data[0].error_y
    assert (list(bars.array), list(bars.arrayminus)) == ([4.0], [2.0])


# ------------------------------------------------------------------ waves


WAVES = points([[]] * 4, line=["treated", "treated", "comparison", "comparison"], place=[0, 10, 0, 10], value=[0.3, 0.5, 0.32, 0.4], conf_low=[0.25, 0.45, 0.3, 0.35], conf_high=[0.35, 0.55, 0.36, 0.45])  # fmt: skip


def promised(**changed: Any) -> go.Figure:
    changed = {"baseline": Point(0, 0.3), "target": Point(12, 0.6), "due": "2021-05"} | changed
    return waves_figure(WAVES, "share", changed.pop("words", EN), **changed)


def test_the_promise_is_dashed_from_baseline_to_target_at_its_date() -> None:
    figure = promised()
    (path,) = [trace for trace in figure.data if trace.line.dash == "dash"]
    assert (list(path.x), list(path.y)) == ([0, 12], [0.3, 0.6])
    (mark,) = [trace for trace in figure.data if trace.marker.symbol == "line-ew"]
    assert (list(mark.x), list(mark.y)) == ([12], [0.6])
    assert not [t for t in waves_figure(WAVES, "share", EN, target=Point(12, 0.6)).data if t.line.dash == "dash"]


def test_each_line_has_its_words_at_its_end_in_either_language() -> None:
    forecast = Point(10, 0.42, 0.4, 0.44)
    english = [words_of(note) for note in parts_by_class(drawn(promised(forecast=forecast)), "note")]
    assert english == [
        "comparison 40.0% ex post",
        "forecast 42.0% [40.0%; 44.0%]",
        "estimate 50.0% ex post",
        "target 60.0% ex ante, by May 2021",
    ]
    italian = [words_of(note) for note in parts_by_class(drawn(promised(words=IT), words=IT), "note")]
    assert [text.split()[0] for text in italian] == ["confronto", "stima", "traguardo"]


def test_the_estimate_has_band_and_whiskers_and_the_comparison_whiskers() -> None:
    figure = promised()
    (band,) = [trace for trace in figure.data if trace.fill == "toself"]
    assert list(band.y) == [0.35, 0.55, 0.45, 0.25]
    arms = [trace for trace in figure.data if trace.error_y.array is not None]
    assert [list(arm.y) for arm in arms] == [[0.32, 0.4], [0.3, 0.5]]
    low, high = figure.layout.yaxis.range
    assert low < 0.25
    assert high > 0.6


def test_a_break_interrupts_the_estimate_and_is_named() -> None:
    figure = waves_figure(points([[], [], ["break"], []], line="", value=[1.0, 2, 3, 4]), "points", EN)
    assert [len(trace.x) for trace in figure.data] == [2, 2, 1]
    entries = [words_of(entry) for entry in parts_by_class(drawn(figure), "entry")]
    assert entries == ["break: not comparable with the values before"]


def test_one_wave_or_none_is_drawn_too() -> None:
    one = drawn(waves_figure(points([[]], line=""), "points", EN))
    none = drawn(waves_figure(points([[]], line="", value=None), "points", EN, target=Point(3, 5.0)))
    assert [len(circles(drawing)) for drawing in (one, none)] == [1, 0]


@given(st.lists(st.floats(0, 250), min_size=1, max_size=5).map(sorted))
def test_labels_stay_apart_in_order_and_within_the_plot(places: list[float]) -> None:
    moved = spread(places, 34, 280)
    assert all(b - a >= 34 - 1e-9 for a, b in pairwise(moved))
    assert moved[-1] <= 280 - 17


# ------------------------------------------------------------------ effects and parts


def test_effects_stand_beside_zero_with_their_intervals() -> None:
    figure = effects_figure(
        terms(("event_time", "-1", 0.01, -0.02, 0.04), ("event_time", "+0", 0.1, 0.05, 0.15)), "share", EN
    )
    (trace,) = figure.data
    assert list(trace.x) == pytest.approx([1.0, 10.0])
    assert list(trace.error_x.array) == pytest.approx([3.0, 5.0])
    assert list(figure.layout.yaxis.ticktext) == ["1 period before", "at entry"]
    low, high = figure.layout.xaxis.range
    assert low < -2 < 15 < high
    assert [shape.x0 for shape in figure.layout.shapes] == [0]
    assert "+10.0 pp [+5.0 pp; +15.0 pp]" in words_of(drawn(figure))


def test_families_have_headings_and_intervals_without_an_end_an_arrow() -> None:
    found = terms(
        ("aggregate", "simple", 1.0, 0.0, 2.0),
        ("anderson_rubin", "LATE", 1.0, -INF, 3.0),
        ("x_y", "z", 1.0, None, None),
    )
    figure = effects_figure(found, "points", IT)
    assert [name for name in figure.layout.yaxis.ticktext if name.startswith("<b>")] == [
        "<b>Medie degli effetti</b>",
        "<b>Anderson–Rubin</b>",
        "<b>x y</b>",
    ]
    assert [trace.marker.symbol for trace in figure.data] == ["circle", "triangle-left"]
    assert len(parts_by_class(drawn(figure, words=IT), "point")) == 4


def test_parts_keep_their_order_their_state_and_say_what_is_missing() -> None:
    parts = pd.DataFrame(
        [
            ("a", 0.3, 0.2, 0.4, "reached", ""),
            (HOSTILE, 0.1, 0.05, 0.15, "short", ""),
            ("c", None, None, None, "suppressed", "hidden"),
        ],
        columns=["part", "value", "conf_low", "conf_high", "attainment", "note"],
    )
    figure = parts_figure(parts, "share", EN, baseline=0.1, target=0.25)
    assert {trace.marker.symbol: list(trace.y) for trace in figure.data} == {"circle": [0], "square": [1]}
    assert [shape.x0 for shape in figure.layout.shapes] == [0.1, 0.25]
    text = words_of(drawn(figure))
    assert "<script>alert" in text
    assert all(said in text for said in ("hidden", "target 25.0%", "baseline 10.0%", "Reached", "30.0% [20.0%; 40.0%]"))


def pool(**columns: Any) -> pd.DataFrame:
    rows = [
        ("part", "a", 0.1, 0.05, 0.15, ""),
        ("part", "b", None, None, None, "not estimable"),
        ("pooled", "Pooled", 0.1, 0.05, 0.15, ""),
        ("prediction", "A new part", 0.1, -INF, INF, ""),
    ]
    frame = pd.DataFrame(rows, columns=["role", "name", "value", "conf_low", "conf_high", "note"])
    return frame.assign(**columns)


def test_a_pool_has_its_parts_its_mean_and_where_a_new_part_lies() -> None:
    figure = pool_figure(pool(), "share", EN)
    places = {trace.marker.symbol: (list(trace.x), list(trace.y)) for trace in figure.data}
    assert places["circle"] == ([10.0], [0])
    assert places["diamond"] == ([10.0], [2])
    assert places["line-ns"] == ([10.0], [3])
    assert {"triangle-left", "triangle-right"} < set(places)
    assert [shape.x0 for shape in figure.layout.shapes] == [0]
    assert list(figure.layout.yaxis.ticktext) == ["a", "b", "Pooled", "A new part"]
    text = words_of(drawn(figure))
    assert "not estimable" in text
    assert text.count("+10.0 pp [+5.0 pp; +15.0 pp]") == 2 * 2  # beside the row, and as the title of its point


# ------------------------------------------------------------------ networks


def test_new_ties_across_sectors_lie_on_top() -> None:
    ties = pd.DataFrame({"source": ["b", "a", "b"], "target": ["c", "b", "c"], "wave": ["w", "v", "v"]})
    figure = network_figure(bodies(), ties, {"w": "before", "v": "after"}, EN)
    lines = [trace for trace in figure.data if trace.mode == "lines" and trace.xaxis == "x2" and len(trace.x)]
    assert [trace.name for trace in lines] == ["ties within a sector", "new ties across sectors"]
    assert lines[-1].line.width > lines[0].line.width
    assert [words_of(note) for note in parts_by_class(drawn(figure), "note")] == ["before", "after"]


def test_ties_of_bodies_without_a_sector_are_not_put_within_one() -> None:
    ties = pd.DataFrame({"source": ["a", "a"], "target": ["b", "c"], "wave": "w"})
    figure = network_figure(bodies(sector=["s", "s", None]), ties, {"w": "w"}, EN)
    lines = {trace.name: len(trace.x) // 3 for trace in figure.data if trace.mode == "lines" and len(trace.x)}
    assert lines == {"ties, sector not stated": 1, "ties within a sector": 1}
    assert [list(trace.text) for trace in figure.data if trace.mode == "markers+text"] == [[*"abc"]]


def test_kinds_have_their_shape_and_their_word_in_either_language() -> None:
    ties = pd.DataFrame({"source": ["a"], "target": ["b"], "wave": "w"})
    some = bodies(kind=["sme", "public_body", "own_kind"], answered=[True, False, True])
    shapes = {t.name: t.marker.symbol for t in network_figure(some, ties, {"w": "w"}, IT).data if t.mode != "lines"}
    assert shapes == {
        "ente pubblico, non ha risposto": "square-open",
        "own kind": "cross",
        "piccola o media impresa": "triangle-down",
    }


# ------------------------------------------------------------------ all of them


def test_drawings_escape_what_they_write() -> None:
    ties = pd.DataFrame({"source": ["a"], "target": ["b"], "wave": ["w"]})
    told = points([[]], line=HOSTILE, wave=HOSTILE)
    part = pd.DataFrame({"part": [HOSTILE], "value": 1.0, "conf_low": 0.0, "conf_high": 2.0})
    for figure in (
        series_figure(told, HOSTILE, EN),
        waves_figure(told.assign(line=""), HOSTILE, EN),
        network_figure(bodies(label=HOSTILE, kind=HOSTILE), ties, {"w": HOSTILE}, EN),
        effects_figure(terms((HOSTILE, HOSTILE, 1.0, 0.0, 2.0)), HOSTILE, EN),
        parts_figure(part, HOSTILE, EN),
        pool_figure(pool(name=HOSTILE, note=HOSTILE), HOSTILE, EN),
    ):
        picture = figure.to_json().replace("\\u003c", "<").replace("\\u003e", ">")
        assert "<script" not in picture
        assert "&lt;script" in picture
        drawing = svg_file(drawn(figure, width=900))
        assert "<script" not in drawing
        assert "&lt;script" in drawing


@pytest.mark.parametrize(
    "make", [series_figure, waves_figure, network_figure, effects_figure, parts_figure, pool_figure]
)
def test_every_figure_takes_its_words_from_outside(make: Any) -> None:
    assert "words" in inspect.signature(make).parameters


def test_subplots_keep_to_their_columns() -> None:
    figure = make_subplots(1, 2, horizontal_spacing=0.1)
    for column in (1, 2):
        figure.add_scatter(x=[0, 1], y=[0, 1], mode="markers", row=1, col=column)
    figure.update_xaxes(range=[0, 1], visible=False).update_yaxes(range=[0, 1], visible=False)
    found = circles(drawn(dressed(figure, EN, height=400, margin=MARGIN, showlegend=False)))
    assert [x for x, _ in found] == pytest.approx([60, 60 + 0.45 * 780, 60 + 0.55 * 780, 840])
