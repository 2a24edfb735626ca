"""Measured values over waves: their place in time, and the columns that show them on every page."""

from __future__ import annotations

import pandas as pd

from impact_dashboards.page.view import Column, ColumnSpec, Row, View, columns_of
from impact_dashboards.parts.findings import remarks
from impact_dashboards.parts.marks import ends_of, known

CELL = ("indicator", "arm", "scope", "scope_value", "group", "group_value", "wave")
"""What a measured value is of."""


def placed(view: View, values: pd.DataFrame) -> pd.DataFrame:
    """Place the values in time, in days where every wave is dated, else in steps; add title and date of each wave."""
    waves = view.published.waves(view.programme).set_index("wave")
    called = dict(zip(waves.index, view.words.picked(waves), strict=True))
    titles = [called.get(wave, str(wave)) for wave in values["wave"]]
    if values["wave"].isin(waves.index).all():
        days = [pd.Timestamp(waves["last_day"][wave]).toordinal() for wave in values["wave"]]
        dates = [view.words.date(str(waves["date"][wave])) for wave in values["wave"]]
        return values.assign(place=days, wave_title=titles, date=dates)
    undated = sorted(set(values["wave"]) - set(waves.index))
    order = {wave: step for step, wave in enumerate([*waves.index, *undated])}
    return values.assign(place=values["wave"].map(order), wave_title=titles, date=values["wave"])


def _n(view: View, point: Row) -> str:
    return view.words.number(point["n"])


def _n_missing(view: View, point: Row) -> str:
    return view.words.number(point["n_missing"])


def _units(view: View, point: Row) -> str:
    """Return how many units gave the value, of how many; nothing where units are not counted."""
    if not known(point["units_expected"]):
        return ""
    reported, expected = view.words.number(point["units_reported"]), view.words.number(point["units_expected"])
    return view.words("units.of", reported=reported, expected=expected)


def _remarks(view: View, point: Row) -> str:
    """Say why a value is suppressed, or what is to be known of it."""
    if point["suppressed"]:
        return view.words(f"disclosure.{point['suppressed']}")
    return "; ".join(remarks(view, point)) or "–"


BASIS = (
    ColumnSpec("n", "n", _n, numeric=True),
    ColumnSpec("n_missing", "indicator.n_missing", _n_missing, numeric=True),
    ColumnSpec("units_reported", "indicator.units", _units, numeric=True),
    ColumnSpec("suppressed", "indicator.remarks", _remarks),
)
"""How many a value rests on, and what is to be known of it."""


def value_columns(view: View, unit: str) -> list[Column]:
    """Return the columns of a value: itself, its interval, how many it rests on, what is to be known of it."""

    def value(point: Row) -> str:
        return view.words.number(point["value"], unit, ends_of(point))

    def interval(point: Row) -> str:
        return view.words.interval(point["conf_low"], point["conf_high"], unit) or "–"

    values = Column("value", view.words("finding.value"), value, numeric=True, unit=unit)
    intervals = Column("", view.words("indicator.interval"), interval, numeric=True)
    return [values, intervals, *columns_of(view, BASIS)]
