"""Measured values over waves: their place in time, and the columns that show them on every page."""

from __future__ import annotations

import pandas as pd

from impact.words import Words
from impact_dashboards.page.view import Column, Row, View
from impact_dashboards.parts.findings import remarks
from impact_dashboards.parts.marks import known

CELL = ("indicator", "arm", "scope", "scope_value", "group", "group_value", "wave")
"""What a measured value is of."""


def placed(view: View, values: pd.DataFrame) -> pd.DataFrame:
    """Place the values in time: in days where every wave is dated, else in steps."""
    waves = view.published.waves(view.programme).set_index("wave")
    order = {wave: place for place, wave in enumerate([*waves.index, *sorted(set(values["wave"]) - set(waves.index))])}
    dated = values["wave"].isin(waves.index).all()
    days = [pd.Timestamp(waves["last_day"][wave]).toordinal() if dated else order[wave] for wave in values["wave"]]
    titles = [str(waves[f"title_{view.words.declared}"].get(wave, wave)) for wave in values["wave"]]
    dates = [view.words.date(str(waves["date"][wave])) if dated else wave for wave in values["wave"]]
    return values.assign(place=days, wave_title=titles, date=dates)


def value_columns(view: View, unit: str) -> list[Column]:
    """Return the columns of a value: itself, its interval, how many it rests on, what is to be known of it."""
    words = view.words

    def interval(point: Row) -> str:
        return words.interval(point["conf_low"], point["conf_high"], unit) or "–"

    return [
        Column(
            "value", words("finding.value"), lambda point: words.number(point["value"], unit), numeric=True, unit=unit
        ),
        Column("", words("indicator.interval"), interval, numeric=True),
        Column("n", "n", lambda point: words.number(point["n"]), numeric=True),
        Column("n_missing", words("indicator.n_missing"), lambda point: words.number(point["n_missing"]), numeric=True),
        Column("units_reported", words("indicator.units"), lambda point: _units(words, point), numeric=True),
        Column("suppressed", words("indicator.remarks"), lambda point: _remark(view, point)),
    ]


def _units(words: Words, point: Row) -> str:
    """Return how many units gave the value, of how many; nothing where units are not counted."""
    if not known(point["units_expected"]):
        return ""
    return words(
        "units.of", reported=words.number(point["units_reported"]), expected=words.number(point["units_expected"])
    )


def _remark(view: View, point: Row) -> str:
    if point["suppressed"]:
        return view.words(f"disclosure.{point['suppressed']}")
    return "; ".join(remarks(view, point)) or "–"
