"""Control charts, composite indices, growth, roll-up and editions against published figures, R, and hand counts.

Every record of these families is walked by its id. Ids that end in ``.dhis2`` and ``.source`` are what DHIS2 computes
where the engine departs from it: they are transcribed here, and shown to be another number than the engine's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impact.statistics import composite as ci
from impact.statistics import control_charts as spc
from impact.statistics.core import Floats
from impact.statistics.editions import changed_codes, conversion
from impact.statistics.roll_up import annualised, rolled_up, together, year_to_date
from impact.statistics.series import cagr, growth_class, projected
from tests.support.references import MONITORING_FIGURES, dataset, monitoring_reference, references

SCHEMAS = Path(__file__).parents[2] / "schemas" / "codelists"
OTHERS = ("period.", "dhis2.rr_small.", "logframe.")
"""Families of periods, reporting rates and logframes, which are no functions of this room."""
IDS = [name for name in references(MONITORING_FIGURES) if not name.startswith(OTHERS)]
Record = dict[str, Any]
Number = Callable[[str, Record], float]
COMPUTED: dict[str, Number] = {}


def of(*names: str) -> Callable[[Number], Number]:
    """Register what computes records: ids, or beginnings of ids that end in a dot."""

    def register(function: Number) -> Number:
        members = [
            one for one in IDS if any(one == name or (name[-1] == "." and one.startswith(name)) for name in names)
        ]
        assert members, names
        assert not set(members) & set(COMPUTED), names
        COMPUTED.update(dict.fromkeys(members, function))
        return function

    return register


def extra(name: str) -> Record:
    found: Record = monitoring_reference(name)["extra"]
    return found


def beyond(chart: spc.Chart) -> list[int]:
    """Return the periods beyond a limit, from 1."""
    return [at for at, signals in enumerate(chart.signals, 1) if any(one.rule == "beyond_limit" for one in signals)]


def limit(name: str, record: Record, chart: spc.Chart, left_out: tuple[int, ...] = ()) -> float:
    """Return what the last part of an id names, and hold the points beyond the limits.

    The records number the points without those left out.
    """
    numbered = [at for at in range(1, len(chart.values) + 1) if at - 1 not in left_out]
    expected = record["extra"].get("beyond_limits")
    assert expected is None or [numbered.index(at) + 1 for at in beyond(chart) if at in numbered] == expected
    line = name.rpartition(".")[2]
    if line in ("center", "mean"):
        return chart.center
    ends = {"lcl": chart.lower, "lpl": chart.lower, "ucl": chart.upper, "upl": chart.upper}[line]
    assert np.ptp(ends) < 1e-12, "one limit for all"
    return float(ends[0])


@of("spc.orangejuice.p.", "spc.orangejuice.p_excl.")
def orange_juice(name: str, record: Record) -> float:
    data = extra("spc.orangejuice.p.center")
    left_out = (14, 22) if "_excl" in name else ()
    chart = spc.p_chart(data["x"], [data["n"]] * len(data["x"]), left_out=left_out, rules="limits")
    return limit(name, record, chart, left_out)


@of("spc.circuit.c.", "spc.circuit.c_excl.")
def circuits(name: str, record: Record) -> float:
    left_out = (5, 19) if "_excl" in name else ()
    chart = spc.c_chart(extra("spc.circuit.c.center")["x"], left_out=left_out, rules="limits")
    return limit(name, record, chart, left_out)


@of("spc.dyedcloth.u.")
def dyed_cloth(name: str, record: Record) -> float:
    data = extra("spc.dyedcloth.u.center")
    chart = spc.u_chart(data["x"], data["n"], rules="limits", fewest=10)
    if name.endswith("center"):
        return chart.center
    assert chart.lower == pytest.approx(record["extra"]["lcl"], rel=1e-12)
    assert chart.upper == pytest.approx(record["extra"]["ucl"], rel=1e-12)
    assert beyond(chart) == record["extra"]["beyond_limits"]
    return float(chart.upper[0])


@of("spc.pcmanufact.u.")
def computers(name: str, record: Record) -> float:
    data = extra("spc.pcmanufact.u.center")
    return limit(name, record, spc.u_chart(data["x"], [data["n"]] * len(data["x"]), rules="limits"))


@of("spc.nist_flow.i.")
def nist_flow(name: str, record: Record) -> float:
    data = extra("spc.nist_flow.i.center")
    chart = spc.xmr(data["x"], constants="tabled", rules="limits", fewest=10)
    assert chart.ranges is not None
    assert chart.ranges.mean == pytest.approx(data["mean_moving_range"], rel=1e-12)
    return limit(name, record, chart)


@of("spc.nist_flow.xmr266.ucl")
def rounded_constants(name: str, record: Record) -> float:
    chart = spc.xmr(extra("spc.nist_flow.i.center")["x"], fewest=10)
    assert chart.ranges is not None
    assert chart.lower[0] == pytest.approx(record["extra"]["lpl"], rel=1e-12)
    assert chart.ranges.limit == pytest.approx(record["extra"]["mr_upper_3267"], rel=1e-12)
    assert chart.ranges.limit != pytest.approx(record["extra"]["mr_upper_3268"], rel=1e-5)
    return limit(name, {**record, "extra": {}}, chart)


@of("spc.const.")
def constants(name: str, record: Record) -> float:
    exact = spc.CONSTANTS["exact"]
    if name.endswith("D4"):
        assert spc.CONSTANTS["rounded"].ranges in record["extra"]["common_rounded"]
        return exact.ranges
    assert spc.CONSTANTS["tabled"].values == pytest.approx(record["extra"]["qcc_nist"], rel=1e-15)
    assert spc.CONSTANTS["rounded"].values == record["extra"]["wheeler_nhs"]
    return exact.values


@of("spc.viscosity.i.")
def viscosity(name: str, record: Record) -> float:
    return limit(name, record, spc.xmr(viscosities()[:20], constants="tabled", rules="limits"))


@of("spc.viscosity.we_rules")
def western_electric(_name: str, record: Record) -> float:
    chart = spc.xmr(viscosities(), constants="tabled", rules="western_electric", fixed_after=20)
    numbers = {"beyond_limit": 1, "two_of_three": 2, "four_of_five": 3, "run": 4}
    marked = {str(at + 1): numbers[chart.signals[at][0].rule] for at in chart.signalled}
    assert marked == record["extra"]["rule_by_point"]
    return len(marked)


def viscosities() -> list[float]:
    values: list[float] = extra("spc.viscosity.i.center")["x"]
    return values


@of("spc.nhs.")
def making_data_count(name: str, record: Record) -> float:
    base = name.rpartition(".")[0]
    screened = base.endswith(("visc20_screen", "visc35_fix20"))
    fixed_after = 20 if base.endswith("fix20") else None
    chart = spc.xmr(extra(f"{base}.mean")["x"], screened=screened, fixed_after=fixed_after)
    if not name.endswith("signals"):
        return limit(name, record, chart)
    words = {("beyond_limit", "above"): "Above UCL", ("run", "above"): "7 Points Above CL"}
    found: dict[str, list[int]] = {}
    for at in chart.signalled:
        found.setdefault(words[chart.signals[at][0]], []).append(at + 1)
    assert found == record["extra"]["signals"]
    return len(chart.signalled)


@of("hdi.")
def human_development(_name: str, record: Record) -> float:
    of_country = record["extra"]
    health = ci.min_max([of_country["le"]], 20, 85)
    schooling = ci.arithmetic_mean([ci.min_max([of_country["eys"], of_country["mys"]], 0, [18, 15])])
    income = ci.min_max([of_country["gnipc"]], 100, 75000, scale="log")
    assert (income[0] == 1) == (of_country["gnipc"] > 75000)
    index = float(ci.geometric_mean([[health[0], schooling[0], income[0]]])[0])
    assert index == pytest.approx(record["value"], rel=1e-12)
    assert round(index, 3) == record["published"]
    return index


@of("ampi.hand.")
def ampi_by_hand(name: str, record: Record) -> float:
    data = extra("ampi.hand.A.minus")
    _, _, unit, what = name.split(".")
    row = list(data["X"]).index(unit)
    values, reference = list(data["X"].values()), data["reference"]
    posts = ci.ampi_goalposts(values, reference)
    assert np.array(posts).T.tolist() == data["goalposts"]
    polarity = [1, -1] if what == "polarity2neg" else 1
    weights = [0.75, 0.25] if what == "weighted" else None
    phenomenon: ci.Phenomenon = "falling" if what == "plus" else "rising"
    return float(ci.ampi(values, reference, polarity=polarity, phenomenon=phenomenon, weights=weights).index[row])


@of("ampi.eu2020.")
def ampi_of_europe(_name: str, record: Record) -> float:
    scores = [[record["extra"]["normalised"][indicator] for indicator in ("employ", "finalenergy")]]
    found = ci.penalised(scores, phenomenon="rising")
    assert found.penalty[0] == pytest.approx(record["extra"]["penalty"], rel=1e-9)
    assert found.index[0] == pytest.approx(record["value"], rel=1e-12)
    assert round(float(found.index[0]), 3) == record["published"]
    return float(found.index[0])


def regions() -> Floats:
    """Return roads and trains of 34 regions, shape (34, 2)."""
    data = extra("geom.nuts1.min")
    return np.column_stack([data["roads"], data["trains"]])


@of("mpi.nuts1.")
def mpi_of_regions(name: str, record: Record) -> float:
    row = int(name.split(".")[2])
    minus = ci.mpi(regions(), polarity=[-1, 1], phenomenon="rising", sample=True)
    plus = ci.mpi(regions(), polarity=[-1, 1], phenomenon="falling", sample=True)
    assert minus.scores[row] == pytest.approx(list(record["extra"]["z"].values()), rel=1e-12)
    assert plus.index[row] == pytest.approx(record["extra"]["plus"], rel=1e-12)
    return float(minus.index[row])


@of("geom.nuts1.")
def geometric(name: str, record: Record) -> float:
    summary = {"min": np.min, "mean": np.mean, "max": np.max}[name.rpartition(".")[2]]
    found = float(summary(ci.geometric_mean(regions())))
    assert round(found, 1) == record["published"]
    return found


@of("coinr.")
def coinr(name: str, _record: Record) -> float:
    one, two, three = 1.0, 2.0, 3.0
    computed: dict[str, Floats] = {
        "gmean": ci.geometric_mean([[one, two, three]]),
        "gmean_w": ci.geometric_mean([[one, two, three]], [1, 1, 2]),
        "hmean_w": ci.harmonic_mean([[one, two, three]], [2, 1, 1]),
        "goalpost_reversed": ci.min_max([1], 0, 10, polarity=-1),
        "goalpost_above": ci.min_max([11], 0, 10),
        "dist2targ_uncapped": ci.way_to_target([0, 5, 11], 0, 10, capped=False),
    }
    return float(computed[name.partition(".")[2]][-1])


@of("cagr.")
def growth(name: str, record: Record) -> float:
    start, end, years, polarity = (int(part) for part in name.partition(".")[2].split("_"))
    rate = cagr(start, end, years)
    assert polarity in (1, -1)
    assert growth_class(rate, polarity=1 if polarity == 1 else -1) == record["extra"]["class"].replace(" ", "_")
    return rate


SPEEDS = "4 4 7 7 8 9 10 10 10 11 11 12 12 12 12 13 13 13 13 14 14 14 14 15 15 15 16 16 17 17 17 18 18 18 18 19 19 19"
SPEEDS += " 20 20 20 20 20 22 23 24 24 24 24 25"
DISTANCES = "2 10 4 22 16 10 18 26 34 17 28 14 20 24 28 26 34 34 46 26 36 60 80 20 26 54 32 40 32 40 50 42 56 76 84 36"
DISTANCES += " 46 68 32 48 52 56 64 66 54 70 92 93 120 85"
"""Speeds above in mph, and stopping distances (feet) of fifty cars: Ezekiel (1930), Methods of Correlation Analysis."""


def numbers_of(text: str) -> list[int]:
    return [int(one) for one in text.split()]


@of("trend.")
def line(name: str, record: Record) -> float:
    times, values = (
        (numbers_of(SPEEDS), numbers_of(DISTANCES)) if "cars" in name else (range(1, 9), numbers_of(record["spec"]))
    )
    found = projected(times, values, float(name.rpartition(".")[2]))
    more = record["extra"]
    assert (found.low, found.high) == pytest.approx((more["lwr"], more["upr"]), rel=1e-9)
    if "confidence" in more:
        assert found.low < more["confidence"][0] < more["confidence"][1] < found.high
    else:
        assert (found.intercept, found.slope) == pytest.approx((more["intercept"], more["slope"]), rel=1e-9)
    return found.value


@of(*(name for name in IDS if name.startswith("territory.") and "pop18_old" in extra(name)))
def share_of_an_old_unit(name: str, record: Record) -> float:
    old, new = name.split(".")[-2:]
    moved = record["extra"]["pop18"]
    rows = [(old, new, moved), (old, "elsewhere", record["extra"]["pop18_old"] - moved)]
    return conversion(rows).share(old, new)


@of("territory.2016_2021.ITG2H.pop18")
def population_of_a_new_unit(_name: str, record: Record) -> float:
    parts = record["extra"]["parts"]
    return float(conversion([(old, "ITG2H", people) for old, people in parts.items()]).weights.sum())


NUTS_2024 = """
C11 C12 C13 C14 C15 C16 C17 C18 C20 C31 C32 C33 C34 C41 C42 C43 C44 C46 C47 C48 C49 C4A C4B C4C C4D F11 F12 F13 F14 F21
F22 F31 F32 F33 F34 F35 F43 F44 F45 F46 F47 F48 F51 F52 F61 F62 F63 F64 F65 G11 G12 G13 G14 G15 G16 G17 G18 G19 G2D G2E
G2F G2G G2H H10 H20 H31 H32 H33 H34 H35 H36 H37 H41 H42 H43 H44 H51 H52 H53 H54 H55 H56 H57 H58 H59 I11 I12 I13 I14 I15
I16 I17 I18 I19 I1A I21 I22 I31 I32 I33 I34 I35 I41 I42 I43 I44 I45
"""
"""Italian units of level 3 in NUTS 2024, without their IT: Eurostat, NUTS2021-NUTS2024.xlsx."""


@of("territory.2021_2024.recoded")
def recoded(_name: str, record: Record) -> float:
    shipped = (SCHEMAS / "territory_it.yaml").read_text(encoding="utf-8")
    nuts_2021 = re.findall(r"code: (IT\w{3}), level: province", shipped)
    changes = changed_codes(nuts_2021, [f"IT{code}" for code in NUTS_2024.split()])
    assert len(changes.kept) == 107
    assert {*record["extra"]["label"], *record["extra"]["boundary"]} <= set(changes.kept)
    return len(changes.dropped) + len(changes.added)


@of("territory.sardinia_2025.municipalities_of_111")
def municipalities(_name: str, record: Record) -> float:
    counts = {code: count for code, count in record["extra"].items() if code != "cod_uts"}
    table = conversion([("111", code, count) for code, count in counts.items()])
    assert table.share("111", "118") == pytest.approx(53 / 107, rel=1e-15)
    assert {part.new for part in table.parts} == {"118", "117", "119", "116", "114"}
    return float(table.weights.sum())


def panel() -> list[list[float | None]]:
    rows: dict[str, list[float | None]] = extra("dhis2.op.SUM")["panel"]
    return list(rows.values())


@of(*(name for name in IDS if name.startswith("dhis2.op.") and not name.endswith(".dhis2")))
def operators(name: str, _record: Record) -> float:
    operator = name.split(".")[2]
    alike = {"SUM": "sum", "AVERAGE": "mean", "COUNT": "count", "MIN": "min", "MAX": "max"}
    spread = {"STDDEV": "sd", "VARIANCE": "variance"}
    in_turn = {
        "LAST": ("last", "sum"),
        "LAST_AVERAGE_ORG_UNIT": ("last", "mean"),
        "FIRST": ("first", "sum"),
        "MIN_SUM_ORG_UNIT": ("min", "sum"),
        "MAX_SUM_ORG_UNIT": ("max", "sum"),
        "AVERAGE_SUM_ORG_UNIT": ("mean", "sum"),
    }
    if operator in in_turn:
        across_time, across_units = in_turn[operator]
        return rolled_up(panel(), across_time=across_time, across_units=across_units).value  # type: ignore[arg-type]
    return together(panel(), {**alike, **spread}[operator])  # type: ignore[arg-type]


@of("dhis2.op.AVERAGE_SUM_ORG_UNIT.dhis2")
def days_as_zero(_name: str, record: Record) -> float:
    """What DHIS2 computes: a month without a report weighs in as zero. Not the engine's."""
    days = record["extra"]["days"]
    theirs = sum((value or 0) * of_days for row in panel() for value, of_days in zip(row, days, strict=True)) / sum(
        days
    )
    assert theirs < rolled_up(panel(), across_time="mean", across_units="sum").value
    return theirs


@of("dhis2.annualised.documented")
def documented(_name: str, _record: Record) -> float:
    return 100 * annualised(50, 1200, periods_per_year=12)


@of("dhis2.annualised.source")
def by_days(_name: str, _record: Record) -> float:
    """What DHIS2 computes: 365 days over those of the month, in leap years too. Not the engine's."""
    return 100 * 50 / 1200 * 365 / 31


@of("dhis2.year_to_date_target")
def due_by_february(_name: str, _record: Record) -> float:
    return year_to_date(1200, 2, periods_per_year=12)


@pytest.mark.parametrize("name", IDS)
def test_a_record_is_met(name: str) -> None:
    record = monitoring_reference(name)
    tolerance = record["tolerance"]
    found = COMPUTED[name](name, record)
    assert math.isfinite(found)
    assert found == pytest.approx(record["value"], rel=min(tolerance, 1e-9), abs=0)


def test_no_record_is_left_out() -> None:
    everything = references(MONITORING_FIGURES)
    assert len(everything) == 159
    assert set(COMPUTED) == set(IDS)
    assert {name.partition(".")[0] for name in set(everything) - set(IDS)} == {"period", "dhis2", "logframe"}
    assert not [name for name in IDS if everything[name]["se"] is not None]


def test_the_whole_table_of_italian_moves() -> None:
    """Shares from the matrix itself, with what it says of Sardinia as a whole."""
    moves = dataset("monitoring/it_nuts3_moves.csv")
    sardinia = moves[(moves["from_version"] == 2016) & moves["old_code"].str.startswith("ITG2")]
    rows = sardinia[["old_code", "new_code", "pop_2018"]].itertuples(index=False)
    table = conversion((old, new, people) for old, new, people in rows)
    for name in IDS:
        if name.startswith("territory.2016_2021.ITG2") and not name.endswith("pop18"):
            old, new = name.split(".")[-2:]
            assert table.share(old, new) == pytest.approx(monitoring_reference(name)["value"], rel=1e-9), name
    assert table.unseen_moves == ()
    assert changed_codes(table.old, table.new).kept == ()
