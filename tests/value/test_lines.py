"""What holds for every line of value of the shipped programmes, whatever its section."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from impact.publish import findings_table, read_table
from impact.states import ValueSection, ValueState
from impact.store import Warehouse
from impact.tables.frames import to_records
from impact.tables.valuation import Valuation
from tests.support.shipped import shipped_database


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return Warehouse(shipped_database(tmp_path_factory), read_only=True)


@pytest.fixture(scope="module")
def lines(database: Warehouse) -> Sequence[Valuation]:
    return to_records(Valuation, read_table(database, Valuation))


def test_no_number_stands_without_its_interval_or_the_reason_why_it_has_none(lines: Sequence[Valuation]) -> None:
    assert len(lines) > 20
    bare = [
        (line.subject, line.item)
        for line in lines
        if not line.reason
        and (line.value is None or line.conf_low is None or line.conf_high is None)
        and not line.verdict
    ]
    assert bare == []
    assert all((line.conf_low is None) == (line.conf_high is None) for line in lines)


def test_intervals_hold_their_values(lines: Sequence[Valuation]) -> None:
    for line in lines:
        if line.value is not None and line.conf_low is not None and line.conf_high is not None:
            assert line.conf_low <= line.value <= line.conf_high, (line.subject, line.item)


def test_what_lines_rest_on_is_there_and_its_kind_travels(lines: Sequence[Valuation], database: Warehouse) -> None:
    findings = findings_table(database).set_index("finding")
    for line in lines:
        kinds = {findings.loc[name, "data_kind"] for name in line.rests_on}
        refused = line.state == ValueState.NOT_COMPUTABLE  # a refusal to mix has no figure that could be synthetic
        assert refused or "synthetic" not in kinds or line.data_kind == "synthetic", (line.subject, line.item)


def test_lines_stand_in_their_order_and_have_one_item_each(lines: Sequence[Valuation]) -> None:
    order = [section.value for section in ValueSection]
    for programme in {line.programme for line in lines}:
        of_programme = [line for line in lines if line.programme == programme]
        sections = [order.index(line.section) for line in of_programme]
        assert sections == sorted(sections)
        keys = [(line.section, line.subject, line.item) for line in of_programme]
        assert len(keys) == len(set(keys))


def test_what_could_not_be_computed_says_why(lines: Sequence[Valuation]) -> None:
    missing = [line for line in lines if line.state == ValueState.NOT_COMPUTABLE]
    assert missing
    assert all(line.reason for line in missing)
