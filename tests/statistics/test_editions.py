"""Editions of territories: totals are neither lost nor made, gaps are passed on, ratios are not split."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact.errors import NotEstimable
from impact.statistics.editions import Part, carried, changed_codes, conversion

SARDINIA = [
    ("Cagliari", "City", 77.0),
    ("Cagliari", "South", 23.0),
    ("Olbia", "Sassari", 16.0),
    ("Oristano", "South", 5.0),
]
tables = st.dictionaries(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from("BCDE")), st.floats(0.01, 1e4), min_size=1
).map(lambda cells: [(old, new, weight) for (old, new), weight in cells.items()])


@given(rows=tables, data=st.data())
def test_a_total_is_neither_lost_nor_made(rows: list[tuple[str, str, float]], data: st.DataObject) -> None:
    table = conversion(rows)
    values = {code: data.draw(st.floats(-1e4, 1e4)) for code in table.old}
    found = carried(values, table, measured="total")
    assert not found.lacking
    assert math.fsum(found.values.values()) == pytest.approx(math.fsum(values.values()), abs=1e-6)
    assert table.shares.sum(axis=1) == pytest.approx([1.0] * len(table.old))


@given(rows=tables, unit=st.floats(0.01, 100), order=st.randoms(use_true_random=False))
def test_order_of_rows_and_unit_of_weights_do_not_matter(rows: Any, unit: float, order: Any) -> None:
    other = conversion([(old, new, unit * weight) for old, new, weight in order.sample(rows, len(rows))])
    first = conversion(rows)
    assert (other.old, other.new) == (first.old, first.new)
    assert other.shares == pytest.approx(first.shares)


def test_values_by_hand() -> None:
    table = conversion(SARDINIA)
    found = carried({"Cagliari": 200.0, "Olbia": 30.0, "Oristano": 8.0}, table, measured="total")
    assert dict(found.values) == pytest.approx({"City": 154.0, "Sassari": 30.0, "South": 54.0})


@pytest.mark.parametrize(
    "values", [{"Cagliari": 200.0, "Olbia": 30.0}, {"Cagliari": 200.0, "Olbia": 30.0, "Oristano": None}]
)
def test_what_takes_from_a_unit_without_a_value_has_none(values: dict[str, float | None]) -> None:
    found = carried(values, conversion(SARDINIA), measured="total")
    assert dict(found.values) == pytest.approx({"City": 154.0, "Sassari": 30.0})
    assert dict(found.lacking) == {"South": ("Oristano",)}


def test_a_ratio_goes_with_a_whole_unit_only() -> None:
    table = conversion(SARDINIA)
    assert dict(carried({"Olbia": 0.25}, table, measured="ratio").values) == {"Sassari": 0.25}
    for code in ("Cagliari", "Oristano"):
        with pytest.raises(NotEstimable, match=code):
            carried({code: 0.25, "Olbia": 0.5}, table, measured="ratio")


def test_a_boundary_that_moved_is_seen_though_no_code_changed() -> None:
    """Sappada went from Belluno to Udine; both keep their codes."""
    rows = [("ITH33", "ITH33", 203_675.1), ("ITH33", "ITH42", 1_315.0), ("ITH42", "ITH42", 528_000.0)]
    table = conversion(rows)
    assert changed_codes(table.old, table.new) == ((), (), ("ITH33", "ITH42"))
    assert table.unseen_moves == (Part("ITH33", "ITH42", pytest.approx(1_315 / 204_990.1)),)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: conversion([]), "editions.no_row_or_twice"),
        (lambda: conversion([("A", "B", 1.0), ("A", "B", 2.0)]), "editions.no_row_or_twice"),
        (lambda: conversion([("A", "B", -1.0)]), "editions.weights_unusable"),
        (lambda: conversion([("A", "B", math.nan)]), "editions.weights_unusable"),
        (lambda: conversion([("A", "B", 0.0)]), "editions.weights_unusable"),
        (lambda: conversion(SARDINIA).share("Nuoro", "City"), "editions.unknown_codes"),
        (lambda: carried({"Nuoro": 1.0}, conversion(SARDINIA), measured="total"), "editions.unknown_codes"),
        (lambda: carried({"Cagliari": 1.0}, conversion(SARDINIA), measured="ratio"), "editions.ratio_split"),
        (
            lambda: carried({"Olbia": 1.0}, conversion(SARDINIA), measured="mean"),  # type: ignore[arg-type]
            "editions.no_such_measure",
        ),
    ],
)
def test_what_is_refused(make: Callable[[], object], code: str) -> None:
    with pytest.raises(NotEstimable) as refused:
        make()
    assert refused.value.reason.code == code
