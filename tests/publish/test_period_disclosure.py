"""Who has every value by period computes none of what few persons stand behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from impact.declare import load_programme
from impact.publish.published import ReaderTables
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.programmes import indicator, programme_folder

MONTHS = [f"2024-{month:02}" for month in range(1, 7)]
HOURS: dict[str, Any] = {"formula": {"kind": "sum", "column": "hours"}, "over_time": "flow"}
TREE = {"north": None, "south": None, "n1": "north", "n2": "north"}


def persons(counts: Mapping[str, Sequence[int]]) -> pd.DataFrame:
    """Return a row for each person, place and month: how many there are of each month."""
    rows = [
        (place, f"{month}-10", f"{place}{number}", number + 1)
        for place, of_place in counts.items()
        for month, count in zip(MONTHS, of_place, strict=True)
        for number in range(count)
    ]
    return pd.DataFrame(rows, columns=["place", "day", "who", "hours"])


def published(folder: Path, frame: pd.DataFrame, indicators: list[dict[str, Any]]) -> dict[str, pd.DataFrame]:
    """Run a programme of persons by month and place; return what readers see of it."""
    columns = {
        "place": {"type": "code", "codelist": "places", "required": True},
        "day": {"type": "date", "required": True},
        "who": {"type": "text", "required": True},
        "hours": {"type": "number"},
    }
    contract: dict[str, Any] = {
        "id": "rows",
        "title": "Rows",
        "unit_of_analysis": "visit",
        "key": ["who", "day"],
        "person": "who",
    }
    contract |= {"period": {"column": "day", "every": "month", "empty": "no_report"}, "columns": columns}
    codes = [{"code": code, "title": code} | ({"parent": up} if up else {}) for code, up in TREE.items()]
    places = [{"id": "places", "title": "Places", "codes": codes}]
    programme_folder(folder, {"data": (contract, frame)}, indicators, codelists=places)
    programme = load_programme(folder)
    with Warehouse(":memory:") as warehouse:
        run_programme(programme, warehouse)
        tables = ReaderTables(warehouse)
        return {
            "period_value": tables.period_values(programme.id),
            "finding": tables.findings(programme.id),
            "measure": tables.measures(programme.id),
        }


def rest(values: pd.DataFrame, whole: str, parts: list[str]) -> pd.Series:
    """Return what an attacker has of a code beyond those below it: by period, of those where all is shown."""
    wide = values.pivot_table(index=["every", "period"], columns="scope_value", values="value")
    if not {whole, *parts} <= set(wide.columns):
        return pd.Series(dtype=float, index=wide.index[:0])
    return (wide[whole] - wide[parts].sum(axis=1, min_count=len(parts))).dropna()


def test_what_a_code_holds_beyond_those_below_it_hides_their_column(tmp_path: Path) -> None:
    frame = persons({"south": [15] * 6, "n1": [15] * 6, "n2": [15] * 6, "north": [2] * 6})
    others = frame["day"].str[5:7] + frame["who"]
    frame["who"] = frame["who"].mask(frame["place"] == "north", others)  # two persons a month, twelve in all
    shown = published(tmp_path / "p", frame, [indicator("hours", scope=["place"], sample={"all_units": True}, **HOURS)])
    found = rest(shown["period_value"], "north", ["n1", "n2"])
    months = [period for every, period in found.index if every == "month"]
    assert not months, f"the hours of two persons a month are told: {found['month'].to_dict()}"
    assert ("year", "2024") in found.index  # of twelve persons


def test_one_person_of_many_rows_is_no_cover_beyond_the_codes_below(tmp_path: Path) -> None:
    frame = persons({"south": [15] * 6, "n1": [15] * 6, "n2": [15] * 6, "north": [2] * 6})
    shown = published(tmp_path / "p", frame, [indicator("hours", scope=["place"], sample={"all_units": True}, **HOURS)])
    found = rest(shown["period_value"], "north", ["n1", "n2"])
    assert found.empty, f"the hours of two persons with twelve rows are told: {found.to_dict()}"
    findings = shown["finding"].assign(every="", period="")
    total = rest(findings, "north", ["n1", "n2"])
    assert total.empty, f"the hours of two persons with twelve rows are told: {total.to_dict()}"


def test_how_many_lack_a_value_is_not_told_by_period_where_it_is_withheld(tmp_path: Path) -> None:
    frame = persons({"south": [15] * 6, "n1": [15] * 6, "n2": [15] * 6, "north": [2] + [0] * 5})
    frame["hours"] = frame["hours"].mask((frame["place"] == "south") & (frame["hours"] == 1))
    shown = published(tmp_path / "p", frame, [indicator("hours", scope=["place"], sample={"all_units": True}, **HOURS)])
    found, by_period = (shown[name].query("scope == 'programme'") for name in ("measure", "period_value"))
    assert found["n"].tolist() == [266]
    assert found["n_missing"].isna().all()  # six, in a contract of which cells are hidden
    told = by_period.loc[by_period["n_missing"] > 0, ["period", "n_missing"]]
    assert told.empty, f"who lacks a value is told by period: {told.to_dict('records')}"
    assert (by_period["value"] > 0).all()
