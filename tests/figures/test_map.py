"""The map of a territory: boundaries against official areas and neighbours, labels, outlines, classes, what is kept back."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import sqlite3
import struct
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from impact.declare import shipped
from impact.drawing.markup import Element, svg_file, words_of
from impact.drawing.shapes import (
    Point,
    Ring,
    Shape,
    hatching,
    label_point,
    outline,
)
from impact.figures.boundaries import boundaries, has_geometry, projected
from impact.figures.map import FILLS, LABEL, MARGIN, TEXTS, WIDTH, classes, map_drawing
from impact.words import words_in

GEO = shipped("schemas") / "geo"
# ISTAT, Superfici delle unità amministrative a fini statistici, in square kilometres: Torino 6,826.91 and Piemonte
# 25,387.07, as cited in Wikipedia's articles on the metropolitan city and the region; Biella 913 and
# Verbano-Cusio-Ossola 2,261 also in globalgeografia.com. The eight add up to the region.
KM2 = {"TO": 6827, "CN": 6895, "AL": 3559, "AT": 1510, "BI": 913, "NO": 1340, "VB": 2261, "VC": 2082}
# Asti reaches Liguria between Cuneo and Alessandria; Biella has Vercelli on three sides.
NEIGHBOURS = "AL-AT AL-TO AL-VC AT-CN AT-TO BI-TO BI-VC CN-TO NO-VB NO-VC TO-VC VB-VC"
QUADRANTS = {
    "quadrante 1": frozenset({"ITC16"}),
    "quadrante 2": frozenset({"ITC12", "ITC13", "ITC14", "ITC15"}),
    "quadrante 3": frozenset({"ITC17", "ITC18"}),
    "quadrante 4": frozenset({"ITC11"}),
}
VALUES = {
    "ITC11": 34.4,
    "ITC12": 20.6,
    "ITC13": 11.5,
    "ITC14": 12.2,
    "ITC15": 19.8,
    "ITC16": 22.5,
    "ITC17": 14.7,
    "ITC18": 18.0,
}
IT, EN = words_in("it"), words_in("en")


def areas(**changes: dict[str, Any]) -> pd.DataFrame:
    names = {feature["id"]: feature["properties"]["name"] for feature in collection()["features"]}
    rows = [
        {"code": code, "name": names[code], "value": value, "state": "", "href": f"/f/{code}"}
        for code, value in VALUES.items()
    ]
    return pd.DataFrame([row | changes.get(row["code"], {}) for row in rows])


def draw(frame: pd.DataFrame | None = None, **options: Any) -> Element:
    options = {"unit": "‰", "outlines": QUADRANTS} | options
    return map_drawing(areas() if frame is None else frame, options.pop("words", IT), **options)


def collection() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((GEO / "it_piemonte.geojson").read_text(encoding="utf-8"))
    return read


def every(node: Element | str) -> Iterator[Element]:
    if isinstance(node, Element):
        yield node
        for child in node.children:
            yield from every(child)


def found(drawing: Element, **looks: str) -> list[Element]:
    return [
        one
        for one in every(drawing)
        if all(one.attributes.get(k.rstrip("_").replace("_", "-")) == v for k, v in looks.items())
    ]


def area(drawing: Element, code: str) -> Element:
    (one,) = found(drawing, href=f"/f/{code}")
    return one


def inside(point: Point, rings: tuple[Ring, ...]) -> bool:
    x, y = point
    crossed = 0
    for ring in rings:
        for (a, b), (c, d) in pairwise(ring):
            crossed += (b > y) != (d > y) and x < a + (y - b) * (c - a) / (d - b)
    return crossed % 2 == 1


def edges(shape: Shape) -> set[tuple[Point, Point]]:
    return {edge for ring in shape.rings for edge in pairwise(ring)}


def km2(ring: Ring) -> float:
    """Area on the WGS 84 ellipsoid: each edge sweeps a strip down to the equator."""
    major, flat = 6378.137, 1 / 298.257223563
    e = math.sqrt(flat * (2 - flat))

    def swept(degrees: float) -> float:
        sine = math.sin(math.radians(degrees))
        return (major * (1 - flat)) ** 2 / 2 * (sine / (1 - (e * sine) ** 2) + math.atanh(e * sine) / e)

    return -sum(math.radians(u - x) * (swept(y) + swept(v)) / 2 for (x, y), (u, v) in pairwise(ring))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_boundaries_say_where_they_come_from_and_use_the_shared_codes() -> None:
    read = collection()
    assert "Natural Earth" in read["source"]
    assert read["licence"] == "Public domain"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", read["retrieved"])
    declared = yaml.safe_load((shipped("schemas") / "codelists" / "territory_it.yaml").read_text(encoding="utf-8"))
    official = {
        code["code"]: code["same_as"]["plate"]
        for code in declared["codelists"][0]["codes"]
        if code.get("parent") == "ITC1"
    }
    assert {f["properties"]["code"]: f["properties"]["abbreviation"] for f in read["features"]} == official


def test_areas_are_the_official_ones() -> None:
    size = {shape.abbreviation: sum(map(km2, shape.rings)) for shape in boundaries().values()}
    assert size == {plate: pytest.approx(official, rel=0.025) for plate, official in KM2.items()}
    assert sum(KM2.values()) == 25387
    assert sum(size.values()) == pytest.approx(25387, rel=0.005)


def test_neighbours_share_their_borders_point_by_point() -> None:
    shapes = list(boundaries().values())
    pairs = set()
    for one in shapes:
        for other in shapes:
            if one.code < other.code and edges(one) & {(end, start) for start, end in edges(other)}:
                pairs.add("-".join(sorted((one.abbreviation, other.abbreviation))))
    assert pairs == set(NEIGHBOURS.split())
    walked = Counter(edge for shape in shapes for edge in edges(shape))
    assert set(walked.values()) == {1}
    assert len(outline(shapes)) == 1


def test_outline_keeps_an_island_and_a_hole() -> None:
    def square(x: float, y: float) -> Ring:
        return ((x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1), (x, y))

    around = [Shape("", "", (square(x, y),)) for x in range(3) for y in range(3) if (x, y) != (1, 1)]
    rings = outline([*around, Shape("", "", (square(9, 9),))])
    assert sorted(len(ring) - 1 for ring in rings) == [4, 4, 12]
    assert all(ring[0] == ring[-1] for ring in rings)


def test_has_geometry() -> None:
    assert has_geometry(VALUES)
    assert has_geometry(["ITC11"])
    assert not has_geometry([])
    assert not has_geometry(["ITC11", "ITC4C"])
    with pytest.raises(ValueError, match="no boundaries for ITC4C"):
        draw(areas(ITC11={"code": "ITC4C"}))


def test_quadrants_of_the_example_are_made_of_shipped_provinces() -> None:
    declared = yaml.safe_load((shipped("data") / "wecare" / "contracts.yaml").read_text(encoding="utf-8"))
    codes = next(one for one in declared["codelists"] if one["id"] == "territory")["codes"]
    groups: dict[str, set[str]] = {}
    for code in codes:
        if code["level"] == "province":
            groups.setdefault(code["parent"], set()).add(code["code"])
    assert sorted(map(sorted, groups.values())) == sorted(map(sorted, QUADRANTS.values()))
    assert has_geometry(set().union(*groups.values()))


def test_labels_lie_inside_their_areas() -> None:
    shapes, _ = projected(VALUES, WIDTH, MARGIN)
    drawing = draw()
    for code, shape in shapes.items():
        x, y = label_point(shape, *LABEL)
        wide, high = LABEL[0] / 2, LABEL[1] / 2
        corners = [(x + a * wide, y + b * high) for a in (-1, 0, 1) for b in (-1, 0, 1)]
        assert all(inside(corner, shape.rings) for corner in corners), code
        lines = [one for one in every(area(drawing, code)) if one.tag == "text"]
        assert [words_of(line) for line in lines] == [shape.abbreviation, IT.number(VALUES[code])]
        assert all(inside((float(line.attributes["x"]), float(line.attributes["y"])), shape.rings) for line in lines)


def test_outlines_have_no_inner_borders() -> None:
    shapes, _ = projected(VALUES, WIDTH, MARGIN)
    drawn = [one.attributes["d"] for one in found(draw(), class_="map-outline")]
    for path, codes in zip(drawn, QUADRANTS.values(), strict=True):
        borders = Counter(frozenset(edge) for code in codes for edge in edges(shapes[code]))
        outer = {frozenset(f"{x:.1f},{y:.1f}" for x, y in border) for border, times in borders.items() if times == 1}
        rings = [re.findall(r"[\d.]+,[\d.]+", ring) for ring in path.split("Z")]
        assert {frozenset(step) for ring in rings if ring for step in pairwise([*ring, ring[0]])} == outer
        assert (len(outer) < len(borders)) == (len(codes) > 1)
    assert len(found(draw(outlines=None), class_="map-outline")) == 1


def test_each_area_is_a_link_with_a_name() -> None:
    drawing = draw()
    assert area(drawing, "ITC11").attributes["aria-label"] == f"Torino: {IT.number(34.4)} ‰, quadrante 4"
    assert len(found(drawing, class_="map-area")) == 8
    assert drawing.attributes["aria-label"] == "Mappa del territorio"
    english = draw(areas(ITC11={"value": 0.344}), unit="share", words=EN, outlines=None)
    assert area(english, "ITC11").attributes["aria-label"] == "Torino: 34.4%"
    still = draw(areas(ITC11={"href": None}))
    assert not found(still, href="/f/ITC11")
    assert found(still, role="img", aria_label=f"Torino: {IT.number(34.4)} ‰, quadrante 4")


def test_nothing_of_a_suppressed_value_is_in_the_drawing() -> None:
    kept = {"state": "suppressed", "value": 777.125}
    drawing = draw(areas(ITC13=kept))
    text = svg_file(drawing)
    assert "777" not in text
    assert area(drawing, "ITC13").attributes["aria-label"] == "Biella: soppresso, quadrante 2"
    lines = [words_of(one) for one in every(area(drawing, "ITC13")) if one.tag == "text"]
    assert lines == ["BI"]
    for other in (None, math.nan, -5.0, 21.0):
        assert svg_file(draw(areas(ITC13=kept | {"value": other}))) == text


def test_no_data_and_unknown_states_show_no_value() -> None:
    for change in ({"state": "no_data"}, {"value": None}, {"state": "unheard_of"}):
        drawing = draw(areas(ITC15=change), words=EN)
        assert area(drawing, "ITC15").attributes["aria-label"] == "Novara: no data, quadrante 2"
        assert "suppressed" not in words_of(drawing)
        assert EN.number(19.8) not in svg_file(drawing)
    nothing = draw(areas().assign(state="suppressed"))
    legend = next(one for one in every(nothing) if one.attributes.get("class") == "map-legend")
    assert words_of(legend) == "Valori in ‰ soppresso"


def test_hatching_stays_inside() -> None:
    shapes, _ = projected(VALUES, WIDTH, MARGIN)
    for shape in shapes.values():
        lines = hatching(shape.rings, 7)
        assert len(lines) > 10
        assert all(inside(((a + c) / 2, (b + d) / 2), shape.rings) for (a, b), (c, d) in lines)


def test_hostile_names_are_text() -> None:
    name = '"><script>alert(1)</script>{name}'
    drawing = draw(areas(ITC11={"name": name}), outlines={name: frozenset(VALUES)}, unit="<b>")
    text = svg_file(drawing)
    assert "<script" not in text
    assert "<b>" not in text
    assert area(drawing, "ITC11").attributes["aria-label"] == f"{name}: {IT.number(34.4)} <b>, {name}"
    with pytest.raises(ValueError, match="no address"):
        draw(areas(ITC11={"href": "javascript:alert(1)"}))


def test_colours_keep_order_and_labels_can_be_read() -> None:
    light = [luminance(fill) for fill in FILLS]
    assert all(before > after + 0.08 for before, after in pairwise(light))
    for fill, text in zip(FILLS, TEXTS, strict=True):
        dark, bright = sorted((luminance(fill), luminance(text)))
        assert (bright + 0.05) / (dark + 0.05) >= 4.5


def test_legend_is_in_the_language_of_the_reader() -> None:
    legend = next(one for one in every(draw()) if one.attributes.get("class") == "map-legend")
    assert words_of(legend) == "Valori in ‰ 10–15 15–20 20–25 25–30 30–35"
    frame = areas().assign(value=lambda rows: rows["value"] * 1000)
    shown = [words_of(draw(frame, words=words)) for words in (IT, EN)]
    assert "10.000–15.000" in shown[0]
    assert "10,000–15,000" in shown[1]


def test_classes_of_given_values() -> None:
    assert classes([]) is None
    for values, limits in {
        (12.2, 34.4): [10, 15, 20, 25, 30, 35],
        (1, 10): [0, 2, 4, 6, 8, 10],
        (0.1, 0.3): [0.1, 0.15, 0.2, 0.25, 0.3, 0.35],
        (20,): [20, 25, 30, 35, 40, 45],
        (0,): [0, 0.2, 0.4, 0.6, 0.8, 1],
    }.items():
        found_classes = classes(values)
        assert found_classes is not None
        assert found_classes.limits == pytest.approx(limits)


@given(st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 3)), min_size=1, max_size=12))
def test_classes_hold_every_value_in_order(values: list[float]) -> None:
    scale = classes(values)
    assert scale is not None
    slack = 1e-6 * scale.step
    for value in values:
        level = scale.of(value)
        assert scale.start + level * scale.step - slack <= value <= scale.start + (level + 1) * scale.step + slack
    levels = [scale.of(value) for value in sorted(values)]
    assert levels == sorted(levels)
    assert re.fullmatch(r"[125]e[+-]\d+", f"{scale.step:.0e}")


@pytest.fixture
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_geo", GEO / "make_geo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blob(order: str, envelope: int, *rings: list[Point]) -> bytes:
    """Write a multipolygon of one part as a GeoPackage does."""
    mark = b"\x01" if order == "<" else b"\x00"
    head = b"GP\x00" + bytes([envelope << 1 | 1]) + struct.pack("<i", 4326) + bytes((0, 32, 48, 48, 64)[envelope])
    part = mark + struct.pack(f"{order}II", 3, len(rings))
    for ring in rings:
        part += struct.pack(f"{order}I", len(ring)) + b"".join(struct.pack(f"{order}dd", *point) for point in ring)
    return head + mark + struct.pack(f"{order}II", 6, 1) + part


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("envelope", [0, 1, 4])
def test_geopackage_is_read(maker: ModuleType, order: str, envelope: int) -> None:
    ring, hole = [(0.0, 0.0), (0.0, 9.0), (9.0, 9.0), (0.0, 0.0)], [(1.0, 2.0), (1.0, 3.0), (2.0, 3.0), (1.0, 2.0)]
    assert maker.geometry(blob(order, envelope, ring, hole)) == [[ring, hole]]


def test_boundaries_are_made_from_a_geopackage(maker: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "world.gpkg"
    database = sqlite3.connect(source)
    database.execute("CREATE TABLE states_provinces (iso_a2, name, geom)")
    clockwise = [(7.00004, 45.0), (7.0, 46.0), (8.0, 46.0), (8.00001, 46.0), (7.00004, 45.0)]
    rows = [("IT", english, blob("<", 1, clockwise)) for *_, english in maker.provinces()]
    database.executemany("INSERT INTO states_provinces VALUES (?, ?, ?)", rows)
    database.commit()
    database.close()
    read = json.loads(maker.written(maker.collection(source)))
    assert [feature["id"] for feature in read["features"]] == [feature["id"] for feature in collection()["features"]]
    assert read["features"][0]["geometry"]["coordinates"] == [[[[7, 45], [8, 46], [7, 46], [7, 45]]]]
