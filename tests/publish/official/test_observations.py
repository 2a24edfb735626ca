"""Observations are the numbers of findings and measures, each once, with its place, its time and why it may be missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import impact
from impact.declare import check_programme, load_programme, shipped
from impact.errors import DeclarationError, ProblemsError, UsageError
from impact.publish.export.dossier import dossier_of
from impact.publish.official.check import data_set_problems
from impact.publish.official.data_set import DataSet, Selection
from impact.publish.published import ReaderTables
from impact.publish.scope import OUTSIDE
from impact.run.flow import run_programme
from impact.store import Warehouse, open_reader
from impact.tables.part import MISSING_GROUP
from impact.words import words_in
from tests.cases import test_disclose
from tests.cases.test_disclose import projects
from tests.support.programmes import contract as a_contract
from tests.support.programmes import edit, programme_folder, template
from tests.support.programmes import indicator as an_indicator
from tests.support.shipped import SHIPPED, shipped_database

KEYS = ["FREQ", "REF_AREA", "INDICATOR", "MEASURE", "ARM", "POPULATION", "PART", "TIME_PERIOD"]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> ReaderTables:
    return ReaderTables(open_reader(shipped_database(tmp_path_factory)).__enter__(), OUTSIDE)


@pytest.fixture(scope="module")
def data_set(published: ReaderTables) -> DataSet:
    return dossier_of(published, "wecare", words_in("en"), "v").data_set


@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_is_there_once(published: ReaderTables, name: str) -> None:
    rows = published.observations(name).to_pandas()
    measures, findings = published.measures(name), published.findings(name)
    values = rows[rows["MEASURE"] == "VALUE"]
    assert len(values) == len(measures)
    assert sorted(values["OBS_VALUE"].dropna()) == sorted(measures["value"].dropna())
    assert values["N_OBS"].sum() == measures["n"].sum()
    for measure, column in (("VALUE_LOW", "conf_low"), ("VALUE_HIGH", "conf_high")):
        assert sorted(rows[rows["MEASURE"] == measure]["OBS_VALUE"]) == sorted(measures[column].dropna())
    columns = {"BASELINE": "baseline", "TARGET": "target", "EFFECT": "estimate", "EFFECT_LOW": "effect_low"}
    for measure, column in columns.items():
        assert sorted(rows[rows["MEASURE"] == measure]["OBS_VALUE"]) == sorted(findings[column].dropna()), measure


@pytest.mark.parametrize("name", SHIPPED)
def test_observations_hold_together_with_their_structure(published: ReaderTables, name: str) -> None:
    assert data_set_problems(published.structures(name)[-1], published.observations(name)) == []


def test_a_number_stands_in_its_place_and_time(published: ReaderTables) -> None:
    rows = published.observations("wecare").to_pandas()
    measures = published.measures("wecare")
    official = rows[(rows["INDICATOR"] == "knows_services") & (rows["MEASURE"] == "VALUE") & (rows["ARM"] == "TREATED")]
    whole = official[(official["PART"] == "_T") & (official["POPULATION"] == "_T")].set_index(["SEX", "TIME_PERIOD"])
    ours = measures[(measures["indicator"] == "knows_services") & (measures["arm"] == "treated")]
    for sex, code in (("all", "_T"), ("female", "F"), ("male", "M")):
        for wave, period in (("baseline", "2019-12"), ("end_line", "2021-05")):
            cut = ours["group"].eq("all") if sex == "all" else ours["group_value"].eq(sex)
            (value,) = ours[cut & ours["wave"].eq(wave) & ours["scope"].eq("programme")]["value"]
            assert whole.loc[(code, period), "OBS_VALUE"] == value
    target = rows[(rows["INDICATOR"] == "quadrant_workshops") & (rows["MEASURE"] == "TARGET")].iloc[0]
    assert (target["OBS_VALUE"], target["TIME_PERIOD"], target["REF_DATE"]) == (16, "2021-06", "2021-06-30")
    assert (target["REF_AREA"], target["UNIT_MEASURE"], target["LEVEL"]) == ("ITC1", "WORKSHOPS", "meso")


@pytest.mark.parametrize("name", ["nsw", "wecare"])
def test_a_promise_is_of_the_arm_that_its_value_is_of(published: ReaderTables, name: str) -> None:
    rows = published.observations(name).to_pandas()
    part = [
        key for key in rows.columns[: list(rows.columns).index("TIME_PERIOD")] if key not in ("MEASURE", "ARM", "FREQ")
    ]
    values = rows[rows["MEASURE"] == "VALUE"]
    arms = {key: set(group) for key, group in values.groupby(part)["ARM"]}
    promised = rows[rows["MEASURE"].isin(["BASELINE", "TARGET"])]
    found = [(arms[tuple(row[part])], row["ARM"]) for _, row in promised.iterrows()]
    assert all(arm == ("TREATED" if "TREATED" in there else "_T") for there, arm in found)
    assert {arm for _, arm in found} == {"TREATED", "_T"}
    both = promised.merge(values, on=[*part, "ARM", "TIME_PERIOD"])
    measured = both[both["MEASURE_x"] == "BASELINE"]
    assert len(measured) > 10
    assert (measured["OBS_VALUE_x"] == measured["OBS_VALUE_y"]).all()


def test_an_effect_keeps_the_cautions_of_its_finding(published: ReaderTables) -> None:
    rows = published.observations("milano_sei_laltro").to_pandas()
    findings = published.findings("milano_sei_laltro")
    flags = findings[findings["estimate"].notna()]["flags"]
    effects = rows[rows["MEASURE"] == "EFFECT"]["FLAGS"].dropna()
    assert "both_waves" in " ".join(effects)
    assert sorted(effects) == sorted(" ".join(sorted(raised)) for raised in flags if len(raised))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_share_has_decimals_even_where_it_is_stated(published: ReaderTables, name: str) -> None:
    rows = published.observations(name).to_pandas()
    assert set(rows[rows["UNIT_MEASURE"] == "SHARE"]["DECIMALS"]) <= {"4"}
    whole = rows[(rows["DECIMALS"] == "0") & rows["OBS_VALUE"].notna()]["OBS_VALUE"]
    assert (whole == whole.round()).all()


def test_a_step_of_a_series_is_a_year_and_not_its_last_month(published: ReaderTables) -> None:
    rows = published.observations("wecare").to_pandas()
    series = rows[(rows["INDICATOR"] == "adult_training") & (rows["MEASURE"] == "VALUE")]
    assert set(series["FREQ"]) == {"A"}
    assert {"2000", "2019"} <= set(series["TIME_PERIOD"])
    assert set(series[series["TIME_PERIOD"] == "2000"]["REF_DATE"]) == {"2000-12-31"}


def test_a_territory_with_an_official_code_is_an_area_and_a_part_of_our_own_is_not(published: ReaderTables) -> None:
    rows = published.observations("wecare").to_pandas()
    areas = set(rows["REF_AREA"])
    assert {"ITC1", "ITC11", "ITC16"} <= areas <= {"ITC1", *(f"ITC1{i}" for i in range(1, 9))}
    quadrants = rows[rows["PART"].str.startswith("territory-")]
    assert set(quadrants["REF_AREA"]) == {"ITC1"}
    assert {"territory-to", "territory-ITC1"} <= set(quadrants["PART"])  # Piedmont as a part is not the whole


def test_what_is_hidden_has_no_number_and_says_why(tmp_path: Path) -> None:
    with open_reader(projects(tmp_path / "one", 4)) as warehouse:
        rows = ReaderTables(warehouse, OUTSIDE).observations("p").to_pandas()
    hidden = rows[rows["OBS_STATUS"] == "Q"]
    assert set(zip(hidden["CONF_STATUS"], hidden["MISSING_KIND"], strict=True)) == {("A", "few"), ("D", "complement")}
    assert hidden[["OBS_VALUE", "N_OBS", "FLAGS"]].isna().all(axis=None)
    assert set(rows[rows["OBS_STATUS"] != "Q"]["CONF_STATUS"]) == {"F"}


def test_a_declared_target_stands_beside_an_outcome_that_is_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = {"value": 0.5, "due": "2030", "origin": {"note": "made"}}
    original = test_disclose.declared
    monkeypatch.setattr(
        test_disclose,
        "declared",
        lambda *args, **fields: original(
            *args, **fields | ({"ex_ante": fields["ex_ante"] | {"target": target}} if "ex_ante" in fields else {})
        ),
    )
    with open_reader(projects(tmp_path / "one", 4)) as warehouse:
        published = ReaderTables(warehouse, OUTSIDE)
        rows, structure = published.observations("p"), published.structures("p")[-1]
    assert data_set_problems(structure, rows) == []
    targets = rows.to_pandas().query("MEASURE == 'TARGET' and POPULATION == 'project-small'")
    assert set(zip(targets["OBS_VALUE"], targets["OBS_STATUS"], targets["CONF_STATUS"], strict=True)) == {
        (0.5, "A", "F")
    }


# ---- what cannot be placed -------------------------------------------------------------------------------------------


def people(folder: Path, **fields: object) -> Path:
    """Write a programme of 40 persons in two waves, cut by where they live."""
    frame = pd.DataFrame(
        {
            "person": range(80),
            "wave": ["a", "b"] * 40,
            "y": [1.0, 2.0] * 40,
            "place": ["x", "y", fields.pop("third", "z"), None] * 20,
        }
    )
    declared = a_contract("rows", frame, key=("person", "wave"), wave="wave")
    waves = [
        {"id": "a", "title": "a", "date": "2020", "role": "baseline"},
        {"id": "b", "title": "b", "date": fields.pop("second", "2021"), "role": "end_line"},
    ]
    indicators = [an_indicator("level", ex_post={"wave": "b"}, by=["place"])]
    return programme_folder(folder, {"data": (declared, frame)}, indicators, waves=waves)


def exported(folder: Path) -> pa.Table:
    result = impact.run(folder)
    try:
        return ReaderTables(result.warehouse).observations(result.report.programme)
    finally:
        result.close()


def test_codes_of_the_data_that_a_mapping_leaves_out_are_named_all_at_once(tmp_path: Path) -> None:
    folder = people(tmp_path / "p")
    (folder / "export.yaml").write_text("cuts: {place: {dimension: PLACE, codes: {x: X1}}}\n")
    with pytest.raises(ProblemsError) as refused:
        exported(folder)
    assert [problem.what for problem in refused.value.problems] == [
        "the code 'y' of 'place' has no official code",
        "the code 'z' of 'place' has no official code",
    ]
    assert {problem.field for problem in refused.value.problems} == {"cuts.place"}
    (folder / "export.yaml").write_text("cuts: {place: {dimension: PLACE, codes: {x: X1}, own: [y, z]}}\n")
    rows = exported(folder).to_pandas()
    assert set(zip(rows["PLACE"], rows["POPULATION"], strict=True)) == {
        ("_T", "_T"), ("X1", "_T"), ("_T", "place-y"), ("_T", "place-z"), ("_U", "_T"),
    }  # fmt: skip
    assert MISSING_GROUP not in rows.to_csv()


@pytest.mark.parametrize(
    ("export", "unknown", "nothing"),
    [
        ("{}", ("_T", "place-@5fU"), ("_T", "place-_U")),
        ("cuts: {place: {dimension: PLACE, codes: {x: X, y: Y, _U: _U}}}", ("_U", "_T"), ("_T", "place-_U")),
        ("cuts: {place: {dimension: PLACE, codes: {x: X, y: Y, _U: Z}}}", ("Z", "_T"), ("_U", "_T")),
    ],
)
def test_a_code_that_says_unknown_is_told_from_rows_that_say_nothing(
    tmp_path: Path, export: str, unknown: tuple[str, str], nothing: tuple[str, str]
) -> None:
    folder = people(tmp_path / "p", third="_U")
    (folder / "export.yaml").write_text(export)
    rows = exported(folder).to_pandas()
    place = rows["PLACE"] if "PLACE" in rows else pd.Series("_T", rows.index)
    found = set(zip(place, rows["POPULATION"], strict=True))
    assert {unknown, nothing} <= found
    assert len(found) == 5


def test_a_code_that_becomes_another_part_is_more_than_a_label(tmp_path: Path) -> None:
    folder, found = people(tmp_path / "p"), []
    with Warehouse(tmp_path / "p.duckdb") as warehouse:
        for codes in ("{x: A, y: B, z: C}", "{x: B, y: A, z: C}"):
            (folder / "export.yaml").write_text(f"cuts: {{place: {{dimension: PLACE, codes: {codes}}}}}\n")
            programme = load_programme(folder)
            run_programme(programme, warehouse)
            found.append(ReaderTables(warehouse).structures(programme.id)[-1].version)
    assert found == ["1.0.0", "2.0.0"]


def test_two_waves_of_one_period_are_refused_and_told_apart_by_the_mapping(tmp_path: Path) -> None:
    folder = people(tmp_path / "p", second="2020")
    with pytest.raises(
        ProblemsError, match=r"two observations have one key: FREQ A, .*waves a, b periods of their own"
    ):
        exported(folder)
    (folder / "export.yaml").write_text("periods: {a: 2020-S1, b: 2020-S2}\n")
    rows = exported(folder).to_pandas()
    assert set(zip(rows["FREQ"], rows["TIME_PERIOD"], rows["REF_DATE"], strict=True)) == {
        ("S", "2020-S1", "2020-06-30"), ("S", "2020-S2", "2020-12-31"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(areas=("ITC2",)), "no observation has REF_AREA 'ITC2'; the nearest are ITC1"),
        (Selection(periods=("2021-07",)), "no observation has TIME_PERIOD '2021-07'; the nearest are 2021-0"),
        (Selection(indicators=("knows_service",)), "the nearest are knows_services"),
    ],
)
def test_a_code_that_nothing_has_is_answered_with_the_nearest(
    published: ReaderTables, selection: Selection, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        dossier_of(published, "wecare", words_in("en"), "v", selection)


def test_a_selection_leaves_what_it_names(published: ReaderTables) -> None:
    selection = Selection(("ITC1",), ("2021-05", "2021-06"), ("who5", "lead_bodies"))
    rows = dossier_of(published, "wecare", words_in("en"), "v", selection).data_set.rows.to_pandas()
    every = published.observations("wecare").to_pandas()
    wanted = every["REF_AREA"].eq("ITC1") & every["TIME_PERIOD"].isin(selection.periods)
    wanted &= every["INDICATOR"].isin(selection.indicators)
    assert rows.to_csv(index=False) == every[wanted].to_csv(index=False)
    assert 2 < len(rows) < len(every)


# ---- export.yaml -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cuts: {gender: {dimension: SEX, codes: {F: F}}}", "2 codes have no official code; found M, X"),
        ("cuts: {gender: {dimension: SEX, same: all, own: [Y]}}", "the column has no code 'Y'"),
        ("cuts: {gendre: {dimension: SEX, same: all}}", "no indicator is cut by 'gendre'; expected gender"),
        ("cuts: {gender: {dimension: FREQ, same: all}}", "FREQ is a component of every data structure"),
        ("cuts: {gender: {dimension: AREA, same: all}}", "AREA is taken by official formats"),
        *(
            (f"cuts: {{gender: {{dimension: {name}, same: all}}}}", f"{name} is taken by official formats")
            for name in ("STRUCTURE", "STRUCTURE_ID", "ACTION", "DATAFLOW", "OBS_KEY")
        ),
        ("cuts: {gender: {dimension: SEX, codes: {F: _T, M: M}, own: [X]}}", "'F' becomes '_T', the code of the whole"),
        (
            "cuts: {gender: {dimension: REF_AREA, codes: {F: ITC1, M: '12'}}}",
            "'12' is not written as a code of NUTS2021",
        ),
        ("area: {code: Piemonte, title: P}", "'Piemonte' is not written as a code of NUTS2021"),
        ("periods: {endline: 2021-S1}", "no such thing: 'endline'; expected baseline, end_line"),
        ("units: {point: {code: P, title: P}}", "no such thing: 'point'"),
        ("decimals: {wellbeing: 1}", "no such thing: 'wellbeing'; expected wellbeing_score"),
    ],
)
def test_a_mapping_of_what_is_not_there_is_refused(tmp_path: Path, text: str, said: str) -> None:
    folder = template(tmp_path)
    (folder / "export.yaml").write_text(text)
    problems = check_programme(load_programme(folder))
    assert said in " ".join(f"{problem.what}; expected {problem.expected} found {problem.found}" if problem.expected else
                            f"{problem.what}; found {problem.found}" for problem in problems)  # fmt: skip
    assert {problem.file for problem in problems} == {"export.yaml"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agency: 1BAD", "agency"),
        ("periods: {baseline: 2021-S3}", "periods"),
        ("periods: {baseline: 2021-02-30}", "day is out of range for month"),
        ("cuts: {gender: {dimension: sex, same: all}}", "dimension"),
        ("cuts: {gender: {dimension: SEX, codes: {F: A, M: A}}}", "two codes become 'A'"),
        ("cuts: {gender: {dimension: SEX, codes: {F: A}, own: [F]}}", "'F' stands in two of codes, same and own"),
        ("licence: CC BY", "licence"),
        ("nothing: 1", "unknown field 'nothing'"),
    ],
)
def test_a_mapping_that_is_ill_formed_is_refused(tmp_path: Path, text: str, said: str) -> None:
    folder = template(tmp_path)
    (folder / "export.yaml").write_text(text)
    with pytest.raises(DeclarationError, match=said):
        load_programme(folder)


def test_units_that_differ_by_a_power_of_ten_alone_have_one_code(tmp_path: Path) -> None:
    folder = tmp_path / "wecare"
    shutil.copytree(shipped("data") / "wecare", folder)
    edit(folder / "indicators.yaml", "unit: {en: events, it: eventi}", "unit: thousand EUR")
    edit(
        folder / "export.yaml",
        "units:\n",
        "units:\n  thousand EUR: {code: EUR, multiplier: 3, title: {en: Euro, it: Euro}}\n",
    )
    assert check_programme(load_programme(folder)) == []
    edit(folder / "export.yaml", "multiplier: 3, ", "")
    assert any("have one code, EUR" in problem.what for problem in check_programme(load_programme(folder)))


def test_two_units_under_one_code_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "wecare"
    shutil.copytree(shipped("data") / "wecare", folder)
    edit(folder / "indicators.yaml", "unit: {en: events, it: eventi}", "unit: {en: points - 0 100, it: punti}")
    assert any("have one code, POINTS_0_100" in problem.what for problem in check_programme(load_programme(folder)))


# ---- defects ---------------------------------------------------------------------------------------------------------

Rows = list[dict[str, Any]]
Mutate = Callable[[Rows], Rows]


def put(column: str, value: object) -> Mutate:
    """Return what puts a value into a column of the first row."""
    return lambda rows: [rows[0] | {column: value}, *rows[1:]]


MUTANTS: dict[str, tuple[Mutate, str]] = {
    **{f"no {name}": (put(name, None), f"{name} is missing") for name in KEYS},
    **{
        f"bad {name}": (put(name, "??"), f"{name} has a code that is not in")
        for name in ("FREQ", "REF_AREA", "INDICATOR", "MEASURE", "ARM", "POPULATION", "PART", "SEX", "UNIT_MEASURE",
                     "UNIT_MULT", "DECIMALS", "LEVEL", "DATA_KIND", "OBS_STATUS", "CONF_STATUS", "EVIDENCE_LEVEL")
    },
    **{f"no {name}": (put(name, None), f"{name} is missing") for name in ("UNIT_MEASURE", "OBS_STATUS", "CONF_STATUS")},
    "an empty code": (put("REF_AREA", ""), "REF_AREA is missing"),
    "no number": (put("OBS_VALUE", float("nan")), "OBS_VALUE is no finite number"),
    "an endless number": (put("OBS_VALUE", float("inf")), "OBS_VALUE is no finite number"),
    "a value and no reason": (put("OBS_VALUE", None), "nothing says why there is no value"),
    "a value that is said to be missing": (put("OBS_STATUS", "O"), "a value stands beside a status"),
    "a value with a reason for its absence": (put("MISSING_KIND", "missing"), "a value stands beside a status"),
    "free beside a value of few": (put("CONF_STATUS", "A"), "CONF_STATUS is not that of MISSING_KIND"),
    "fewer than none": (put("N_OBS", -1), "N_OBS is below zero"),
    "a year among months": (put("FREQ", "M"), "TIME_PERIOD is not written as its FREQ"),
    "a thirteenth month": (put("TIME_PERIOD", "2021-13"), "TIME_PERIOD is not written as its FREQ"),
    "a day that is none": (put("REF_DATE", "2021-02-30"), "REF_DATE is no day"),
    "a day in words": (put("REF_DATE", "yesterday"), "REF_DATE is no day"),
    "a key twice": (lambda rows: [*rows, rows[0]], "2 observations have one key"),
    "a column too few": (lambda rows: [{k: v for k, v in row.items() if k != "ARM"} for row in rows], "there is no column ARM"),
    "a column too many": (lambda rows: [row | {"EXTRA": "x"} for row in rows], "the structure has no component EXTRA"),
}  # fmt: skip


@pytest.mark.parametrize("defect", MUTANTS)
def test_a_single_defect_is_named(data_set: DataSet, defect: str) -> None:
    mutate, said = MUTANTS[defect]
    defective = mutate(data_set.rows.to_pylist())
    types = {field.name: field.type for field in data_set.rows.schema}
    columns = {name: [row[name] for row in defective] for name in defective[0]}
    rows = pa.table({name: pa.array(values, types.get(name, pa.string())) for name, values in columns.items()})
    problems = data_set_problems(data_set.structure, rows)
    assert any(said in problem.what for problem in problems), problems
