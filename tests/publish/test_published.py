"""What a run publishes beside its findings: declarations, quality of rows, process, what is due; counted by hand."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import impact
from impact.declare import load_programme, shipped
from impact.publish import (
    due_table,
    read_table,
    validity_table,
)
from impact.publish.theory import make_theory
from impact.run.flow import run_programme
from impact.store import Warehouse
from impact.tables.columns import Record
from impact.tables.declared import Programme, Stakeholder, TheoryLink, TheoryNode, Wave
from impact.tables.files import Quality, Response
from impact.tables.process import Delivery, Phase
from tests.support.programmes import edit, indicator, template, written
from tests.support.shipped import SHIPPED, shipped_database, shipped_result

KINDS = ["missing", "skipped", "not_applicable", "refused", "suppressed"]
WAVES = [
    {"id": "c", "title": {"en": "Last", "it": "Ultima"}, "date": "2021", "role": "end_line"},
    {"id": "a", "title": "First", "date": "2019-02", "role": "baseline"},
    {"id": "d", "title": "Later", "date": "2030-02", "role": "follow_up"},
    {"id": "b", "title": "Middle", "date": "2020-05-03", "role": "series"},
]
ANSWERS = [
    *[("1", "a", "5"), ("2", "a", "R"), ("3", "a", None)],
    *[("1", "b", "S"), ("3", "b", "4"), ("4", "b", "N")],
    *[("1", "c", "X"), ("2", "c", "2"), ("4", "c", "R"), ("5", "c", "1")],
    *[("5", "c", "1"), ("6", "c", "7"), ("6", "c", "8")],  # repeated, and twice in contradiction
]
ROWS = pd.DataFrame(ANSWERS, columns=["person", "wave", "answer"]).astype({"person": "str"})
MISSING = "missing: {refused: [R], skipped: [S], not_applicable: [N], suppressed: [X]}"
COUNT = indicator("n", formula={"kind": "count"}, ex_post={"wave": "c"})


def answered(folder: Path, *indicators: dict[str, Any], waves: list[dict[str, Any]] = WAVES) -> Path:
    """Write the programme of the answers above, its persons named p1 and so on so that they stay text."""
    frame = ROWS.assign(person="p" + ROWS["person"])
    written(folder, frame, indicators or [COUNT], key=("person", "wave"), wave="wave", waves=waves)
    edit(folder / "contracts.yaml", "answer: {type: text, required: false}", "answer: {type: text, " + MISSING + "}")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the database of that programme."""
    path = tmp_path_factory.mktemp("made")
    impact.run(answered(path / "p"), path / "x.duckdb").close()
    return path / "x.duckdb"


def records(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    plain = frame[list(columns)].astype(object)
    return [tuple(row) for row in plain.where(plain.notna(), None).itertuples(index=False)]


# ---- quality -----------------------------------------------------------------------------------------------------


def test_answers_and_kinds_of_missing_are_those_counted_by_hand(made: Path) -> None:
    with Warehouse(made, read_only=True) as warehouse:
        table = read_table(warehouse, Quality, "made")
    assert records(table[table["column"] == "answer"], "wave", "rows", "answered", *KINDS, "required") == [
        ("a", 3, 1, 1, 0, 0, 1, 0, False),
        ("b", 3, 1, 0, 1, 1, 0, 0, False),
        ("c", 4, 2, 0, 0, 0, 1, 1, False),
    ]
    assert list(dict.fromkeys(table["column"])) == ["person", "wave", "answer"]  # as the contract orders them
    person = table[table["column"] == "person"]
    assert person["required"].all()
    assert (person["answered"] == person["rows"]).all()


def test_who_came_back_is_counted_from_the_wave_before_in_time(made: Path) -> None:
    with Warehouse(made, read_only=True) as warehouse:
        table = read_table(warehouse, Response, "made")
    assert records(table, "contract", "place", "wave", "since", "persons", "linked", "lost", "new") == [
        ("rows", 1, "a", None, 3, None, None, None),
        ("rows", 2, "b", "a", 3, 2, 1, 1),
        ("rows", 3, "c", "b", 4, 2, 1, 2),  # one of the new was in the first wave, and not in the second
    ]


def test_validity_counts_rows_set_aside_over_all_files(made: Path) -> None:
    with Warehouse(made, read_only=True) as warehouse:
        table = validity_table(warehouse, "made")
    shown = ("source", "file", "kind", "rows_read", "rows_good", "rows_bad", "rows_warned", "duplicates")
    assert records(table, *shown) == [("data", "raw/data.csv", "synthetic", 13, 10, 3, 0, 3)]
    shares = table[["share_good", "share_warned", "share_duplicates"]].iloc[0]
    assert list(shares) == pytest.approx([10 / 13, 0, 3 / 13])


def test_a_contract_without_waves_has_one_row_per_column_and_no_response(tmp_path: Path) -> None:
    frame = pd.DataFrame({"person": ["x", "y"], "y": [1.5, None]})
    result = impact.run(written(tmp_path / "p", frame, [indicator("n", formula={"kind": "count"})]))
    assert records(result.quality(), "column", "wave", "rows", "answered", "missing") == [
        ("person", "", 2, 2, 0),
        ("y", "", 2, 1, 1),
    ]
    assert result.response().empty
    result.close()


def test_quality_follows_the_file_and_leaves_other_programmes_alone(tmp_path: Path) -> None:
    db, folder = tmp_path / "x.duckdb", answered(tmp_path / "p")
    impact.run(template(tmp_path), db).close()
    result = impact.run(folder, db)
    before = read_table(result.warehouse, Quality, "sample")
    assert len(before)
    result.close()
    edit(folder / "raw" / "data.csv", "p3,a,", "p3,a,9")
    result = impact.run(folder, db)
    first = result.quality().query("column == 'answer' and wave == 'a'")
    assert records(first, "answered", "missing") == [(2, 0)]
    pd.testing.assert_frame_equal(read_table(result.warehouse, Quality, "sample"), before)
    result.close()


def test_a_wave_moved_in_time_moves_the_response(tmp_path: Path) -> None:
    db, folder = tmp_path / "x.duckdb", answered(tmp_path / "p")
    impact.run(folder, db).close()
    edit(folder / "programme.yaml", "2020-05-03", "2018-05-03")
    result = impact.run(folder, db)
    assert records(result.response(), "wave", "since", "linked") == [("b", None, None), ("a", "b", 2), ("c", "a", 2)]
    result.close()


@pytest.mark.parametrize("name", [name for name in SHIPPED if name != "wecare"])
def test_quality_of_the_shipped_programmes_is_that_of_their_rows(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    result = shipped_result(tmp_path_factory, name)
    table = result.quality()
    assert (table["rows"] == table[["answered", *KINDS]].sum(axis=1)).all()
    for contract, part in table.groupby("contract"):
        rows = result.warehouse.frame(f'SELECT * FROM "{name}"."{contract}"')
        counted = part.groupby("column")[["rows", "answered", *KINDS]].sum()
        for column, counts in counted.iterrows():
            assert (counts["rows"], counts["answered"]) == (len(rows), rows[column].notna().sum())
            if f"{column}__missing" in rows:
                known = rows[f"{column}__missing"].value_counts()
                assert counts[KINDS].to_dict() == {kind: known.get(kind, 0) for kind in KINDS}
    if name == "nsw":  # the same 445 men in every year
        assert records(result.response(), "persons", "linked", "lost", "new") == [(445, None, None, None)] + 2 * [
            (445, 445, 0, 0)
        ]
    result.close()


@pytest.mark.parametrize("until", ["validate", "measure"])
def test_nothing_is_published_before_its_stage(tmp_path: Path, until: str) -> None:
    programme = load_programme(answered(tmp_path / "p"))
    with Warehouse(":memory:") as warehouse:
        run_programme(programme, warehouse, until=until)
        assert read_table(warehouse, Programme).empty
        assert read_table(warehouse, Quality).empty
        run_programme(programme, warehouse)  # no file has changed since
        assert len(read_table(warehouse, Programme)) == 1
        assert len(read_table(warehouse, Quality)) == 9
        assert run_programme(programme, warehouse).run_id is None
        ((runs,),) = warehouse.rows("SELECT count(*) FROM impact.run")
        assert runs == 2


# ---- theory ------------------------------------------------------------------------------------------------------


def test_waves_are_published_in_order_of_time_with_their_last_day(made: Path) -> None:
    with Warehouse(made, read_only=True) as warehouse:
        table = read_table(warehouse, Wave, "made")
    assert records(table.assign(last_day=table["last_day"].dt.strftime("%Y-%m-%d")), "place", "wave", "last_day") == [
        (1, "a", "2019-02-28"),
        (2, "b", "2020-05-03"),
        (3, "c", "2021-12-31"),
        (4, "d", "2030-02-28"),
    ]
    assert records(table.iloc[[2]], "title_en", "title_it", "date", "role") == [("Last", "Ultima", "2021", "end_line")]


def test_theory_and_stakeholders_are_published_as_they_are_declared(tmp_path: Path) -> None:
    folder = written(tmp_path / "p", ROWS.assign(id=range(len(ROWS))), [COUNT | {"ex_post": {"period": "2020"}}], key=("id",), person=None)  # fmt: skip
    path = folder / "programme.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").partition("theory_of_change")[0]
        + "stakeholders: [{id: z, name: Zed, role: funder}, {id: y, name: Ypsilon, role: lead, kind: body}]\n"
        "theory_of_change:\n"
        "  nodes:\n"
        "    - {id: work, stage: activity, level: meso, horizon: short, title: {it: Lavoro}, description: {en: Why}}\n"
        "    - {id: outcome, stage: outcome, level: micro, horizon: long, title: {it: Esito, en: Outcome}}\n"
        "  links: [{from: work, to: outcome, assumption: {en: If}}]\n",
        encoding="utf-8",
    )
    with impact.run(folder).warehouse as warehouse:
        nodes, links = read_table(warehouse, TheoryNode), read_table(warehouse, TheoryLink)
        assert records(read_table(warehouse, Stakeholder), "place", "stakeholder", "name", "role", "kind") == [
            (1, "z", "Zed", "funder", ""),
            (2, "y", "Ypsilon", "lead", "body"),
        ]
        shown = ("title_en", "summary_it", "period_start", "period_end", "territory", "data_kind", "minimum")
        assert records(read_table(warehouse, Programme), *shown) == [
            ("Made", "Made for a test", "1900", "2020", "none", "synthetic", 10)
        ]
    titles = ("node", "stage", "level", "horizon", "title_en", "title_it", "description_en", "description_it")
    assert records(nodes, *titles) == [
        (
            "work",
            "activity",
            "meso",
            "short",
            "Lavoro",
            "Lavoro",
            "Why",
            "Why",
        ),  # what is not translated stands in both
        ("outcome", "outcome", "micro", "long", "Outcome", "Esito", None, None),
    ]
    assert records(links, "source", "target", "assumption_en", "assumption_it", "evidence_en", "evidence_it") == [
        ("work", "outcome", "If", "If", None, None)
    ]


def test_a_title_alone_is_a_change_of_the_run(tmp_path: Path) -> None:
    db, folder = tmp_path / "x.duckdb", answered(tmp_path / "p")
    impact.run(folder, db).close()
    edit(folder / "programme.yaml", "title: Made", "title: {en: Made, it: Fatto}")
    for runs in (2, 2):  # once, and then there is nothing new
        result = impact.run(folder, db)
        assert (result.report.loaded, result.report.computed) == ((), ())
        assert result.warehouse.rows("SELECT count(*) FROM impact.run") == [(runs,)]
        assert records(read_table(result.warehouse, Programme), "title_en", "title_it") == [("Made", "Fatto")]
        result.close()


@pytest.mark.parametrize("name", SHIPPED)
def test_theory_of_the_shipped_programmes_is_whole(name: str) -> None:
    programme = load_programme(shipped("data") / name)
    with Warehouse(":memory:") as warehouse:
        for table, frame in make_theory(programme, warehouse.connection).items():
            warehouse.append(table, frame.assign(programme=name))
        theory = programme.header.theory_of_change
        nodes, links = read_table(warehouse, TheoryNode, name), read_table(warehouse, TheoryLink, name)
        assert nodes["node"].tolist() == [node.id for node in theory.nodes]
        assert list(zip(links["source"], links["target"], strict=True)) == [(n.source, n.target) for n in theory.links]
        waves = read_table(warehouse, Wave, name)
        assert set(waves["wave"]) == {wave.id for wave in programme.header.waves}
        assert waves["last_day"].is_monotonic_increasing


# ---- process -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def talents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shipped_database(tmp_path_factory)


@pytest.mark.parametrize(
    ("file", "table", "key", "published"),
    [("phases", Phase, "phase_id", "phase"), ("deliveries", Delivery, "activity_id", "activity")],
)
def test_phases_and_deliveries_are_published_word_for_word(
    talents: Path, file: str, table: type[Record], key: str, published: str
) -> None:
    raw = pd.read_csv(shipped("data") / "talents4coop" / "raw" / f"{file}.csv", dtype=str).sort_values(key)
    with Warehouse(talents, read_only=True) as warehouse:
        found = read_table(warehouse, table, "talents4coop").sort_values(published)
    assert found[published].tolist() == raw[key].tolist()
    for name in set(raw.columns) - {key}:
        column = found[name.removesuffix("_id")]
        if column.dtype.kind == "M":
            column = column.dt.strftime("%Y-%m-%d")
        wanted = raw[name].astype(float) if column.dtype.kind in "if" else raw[name]
        assert [None if pd.isna(value) else value for value in column] == [
            None if pd.isna(value) else value for value in wanted
        ], name


def test_kinds_of_delivery_carry_their_titles(talents: Path) -> None:
    with Warehouse(talents, read_only=True) as warehouse:
        table = read_table(warehouse, Delivery, "talents4coop").set_index("kind")
    assert table.loc["training", ["kind_en", "kind_it"]].tolist() == ["Training", "Formazione"]


def test_phases_follow_their_file(tmp_path: Path) -> None:
    db, folder = tmp_path / "x.duckdb", phased(tmp_path / "p")
    impact.run(folder, db).close()
    edit(folder / "raw" / "phases.csv", "one,1,Start", "one,1,Beginning")
    result = impact.run(folder, db)
    assert read_table(result.warehouse, Phase)["title"].tolist()[0] == "Beginning"
    result.close()


@pytest.mark.parametrize("columns", ["{phase_id: {type: text, required: true}}", "text dates"])
def test_a_contract_of_ones_own_called_phase_is_left_alone(tmp_path: Path, columns: str) -> None:
    folder = phased(tmp_path / "p")
    if columns == "text dates":
        names = (folder / "raw" / "phases.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
        columns = "{" + ", ".join(f"{name}: {{type: text, required: {str(name == 'phase_id').lower()}}}" for name in names) + "}"  # fmt: skip
    else:
        (folder / "raw" / "phases.csv").write_text("phase_id\none\n", encoding="utf-8")
    edit(folder / "contracts.yaml", "shared: [phase]\n", "")
    with (folder / "contracts.yaml").open("a", encoding="utf-8") as handle:
        handle.write(f"- {{id: phase, title: Own, unit_of_analysis: phase, key: [phase_id], columns: {columns}}}\n")
    with impact.run(folder).warehouse as warehouse:
        assert warehouse.rows("SELECT count(*) > 0 FROM made.phase") == [(True,)]
        assert read_table(warehouse, Phase).empty


# ---- what is due -------------------------------------------------------------------------------------------------

PHASES = """phase_id,number,title,planned_start,planned_end,planned_precision,actual_start,actual_end,actual_precision,status,document,quote
one,1,Start,,2020-01-31,month,,2020-03-01,day,,d,q
two,2,Work,,2020-02-29,month,,,,in_progress,d,q
three,3,Word,,2020-02-15,day,,,,done,d,q
four,4,Gone,,2020-02-15,day,,,,dropped,d,q
five,5,Whenever,,,,,,,planned,d,q
"""


def phased(folder: Path, *indicators: dict[str, Any]) -> Path:
    """Write the programme of the answers with phases of its own."""
    answered(folder, *indicators)
    (folder / "raw" / "phases.csv").write_text(PHASES, encoding="utf-8")
    path = folder / "contracts.yaml"
    path.write_text("shared: [phase]\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    with (folder / "sources.yaml").open("a", encoding="utf-8") as handle:
        handle.write(
            "- {id: phases, file: raw/phases.csv, contract: phase,"
            " provenance: {title: Made, kind: synthetic, generator: the test}}\n"
        )
    return folder


def promised(name: str, value: float, **fields: Any) -> dict[str, Any]:
    """Declare how many answers the last wave has, promised for February 2021; there are 4."""
    target = {"value": value, "due": "2021-02", "origin": {"note": "made"}}
    declared = indicator(name, formula={"kind": "count"}, ex_post={"wave": "c"}, ex_ante={"target": target})
    return declared | {"sample": {"all_units": True}} | fields


@pytest.fixture(scope="module")
def due(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("due")
    indicators = [
        promised("reached", 4),
        promised("short", 5, where=[{"column": "person", "not_equals": "p6"}]),
        promised("incomplete", 5),  # two rows of p6 contradict one another
        promised("elsewhere", 5, ex_post={"wave": "d"}),  # a wave without rows
        promised("parts", 4, by=["answer"]),
    ]
    folder = phased(path / "p", *indicators)
    edit(folder / "contracts.yaml", "  wave: wave\n", "  wave: wave\n  units_vary: true\n")
    impact.run(folder, path / "x.duckdb").close()
    return path / "x.duckdb"


def states(path: Path, day: str) -> dict[tuple[str, str], str]:
    with Warehouse(path, read_only=True) as warehouse:
        table = due_table(warehouse, "made", today=datetime.date.fromisoformat(day))
    return {(row.kind, row.id.removeprefix("made/")): row.state for row in table.itertuples()}


def test_what_is_due_is_done_late_or_open(due: Path) -> None:
    always = {("wave", wave): "done" for wave in "abc"} | {("phase", "one"): "done", ("phase", "three"): "done"}
    always |= {("target", "reached"): "done", ("target", "parts"): "done"}
    always |= {("target", "incomplete"): "open"}  # nobody can say that it was missed
    late = {("phase", "two"), ("target", "short"), ("target", "elsewhere"), ("wave", "d")}
    found = states(due, "2020-02-29")
    assert found == always | dict.fromkeys(late, "open")  # the last day itself is in time
    found = states(due, "2020-03-01")
    assert {key for key, state in found.items() if state == "late"} == {("phase", "two")}
    found = states(due, "2021-03-01")
    assert {key for key, state in found.items() if state == "late"} == late - {("wave", "d")}
    found = states(due, "2030-03-01")
    assert found == always | dict.fromkeys(late, "late")


def test_what_is_due_stands_in_order_with_its_titles(due: Path) -> None:
    with Warehouse(due, read_only=True) as warehouse:
        table = due_table(warehouse, "made", today=datetime.date(2020, 1, 1))
        assert len(due_table(warehouse, today=datetime.date(2020, 1, 1))) == len(table)
        assert due_table(warehouse, "other", today=datetime.date(2020, 1, 1)).empty
    assert table["due"].is_monotonic_increasing
    rows = table.set_index("id")
    assert rows.loc["two", ["title_en", "title_it"]].tolist() == ["Work", "Work"]
    assert rows.loc["c", ["title_en", "title_it"]].tolist() == ["Last", "Ultima"]
    assert rows.loc["made/short", "attainment"] == "short"
    assert str(rows.loc["made/short", "due"].date()) == "2021-02-28"


def test_a_target_that_may_be_reached_is_not_late(tmp_path: Path) -> None:
    frame = pd.DataFrame({"person": [f"p{i}" for i in range(20)], "part": ["x", "y"] * 10, "y": [0.0, 1, 2, 3] * 5})
    target = {"value": 1.6, "due": "2019", "origin": {"note": "made"}}
    declared = indicator("unsure", ex_ante={"target": target}, by=["part"])
    result = impact.run(written(tmp_path / "p", frame, [declared]))
    assert set(result.findings()["attainment"]) == {"uncertain"}
    table = due_table(result.warehouse, today=datetime.date(2024, 1, 1))
    result.close()
    assert set(table["state"]) == {"open"}
    assert table["title_en"].tolist() == ["unsure", "unsure · x", "unsure · y"]
