"""Data that fit their contract but not the question: a number is right, or refused with its reason, never silent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.bad_input.harness import GENDER, ID, Outcome, call, change, opened, typed
from tests.bad_input.harness import GOOD as LINES
from tests.bad_input.harness import HEADER as HEAD

C, I = "contracts.yaml", "indicators.yaml"  # noqa: E741
NAMES = HEAD.split(",")
ITEMS = NAMES[4:]
SCALE = "{kind: scale, items: [who1, who2, who3, who4, who5], low: 0, high: 5, aggregate: sum, multiply: 4, minimum_answered: 4}"
CHANGE = "{kind: change, of: {kind: mean, column: who1}, since: baseline}"
DESIGN = "      design: {kind: did, arm: arm, treated: treated, comparison: comparison}\n"
BASELINE = "      baseline: {wave: baseline}\n"
WHOLE = f"{ID}/wellbeing_score"


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame([typed(text) for text in LINES], columns=NAMES)


def add_column(folder: Path, name: str, column: str) -> None:
    change(folder, C, GENDER, f"{name}: {column}\n      {GENDER}")


def run(
    capsys: pytest.CaptureFixture[str], folder: Path, frame: pd.DataFrame, tmp_path: Path
) -> tuple[Outcome, dict[str, Any]]:
    """Run a frame as the survey; return the findings by name, none of them twice."""
    frame.to_csv(folder / "raw" / "survey.csv", index=False)
    outcome = call(capsys, "run", folder, "--db", tmp_path / "new.duckdb", "--json")
    found = outcome.json.get("findings", [])
    names = [row["finding"] for row in found]
    assert len(names) == len(set(names)), f"two findings have one name: {names}"
    return outcome, dict(zip(names, found, strict=True))


def by_items(frame: pd.DataFrame) -> pd.Series:
    return frame[ITEMS].astype(float).sum(axis=1) * 4


def test_the_numbers_are_those_of_pandas(
    folder: Path, tmp_path: Path, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome, found = run(capsys, folder, frame, tmp_path)
    assert outcome.code == 0
    frame["score"] = by_items(frame)
    treated = frame[(frame["arm"] == "treated") & (frame["wave"] == "end_line")]
    wide = frame.pivot_table(index=["person_id", "arm"], columns="wave", values="score")
    gains = (wide["end_line"] - wide["baseline"]).groupby("arm").mean()
    assert found[WHOLE]["value"] == pytest.approx(treated["score"].mean(), rel=1e-12)
    assert found[WHOLE]["estimate"] == pytest.approx(gains["treated"] - gains["comparison"], rel=1e-9)
    for gender, part in treated.groupby("gender"):
        assert found[f"{WHOLE}/gender={gender}"]["value"] == pytest.approx(part["score"].mean(), rel=1e-12)


def test_missing_items_are_prorated_or_left_out(
    folder: Path, tmp_path: Path, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = frame.astype(object)
    raw.loc[raw.index[::3], "who1"] = "-9"
    raw.loc[raw.index[::5], "who2"] = ""
    _, found = run(capsys, folder, raw, tmp_path)
    answers = raw[ITEMS].apply(pd.to_numeric, errors="coerce").replace(-9, float("nan"))
    raw["score"] = (answers.mean(axis=1) * 20).where(answers.notna().sum(axis=1) >= 4)
    treated = raw[(raw["arm"] == "treated") & (raw["wave"] == "end_line")]["score"]
    assert found[WHOLE]["value"] == pytest.approx(treated.mean(), rel=1e-12)
    assert found[WHOLE]["n"] == treated.count()


def _as_change(folder: Path) -> None:
    change(folder, I, SCALE, CHANGE)
    change(folder, I, BASELINE, "")
    change(folder, I, DESIGN, "")


def test_change_is_that_of_pandas(
    folder: Path, tmp_path: Path, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    _as_change(folder)
    change(folder, I, "change: 10", "value: 2")
    _, found = run(capsys, folder, frame, tmp_path)
    wide = frame.assign(who1=frame["who1"].astype(float)).pivot_table(index="person_id", columns="wave", values="who1")
    assert found[WHOLE]["value"] == pytest.approx((wide["end_line"] - wide["baseline"]).mean(), abs=1e-12)


@pytest.mark.parametrize("formula", ["change", "did"])
def test_a_person_twice_in_a_wave(
    formula: str, folder: Path, tmp_path: Path, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing says which of the two answers is the person's: no number, and the reason why."""
    add_column(folder, "record", "{type: integer, required: true}")
    change(folder, C, "key: [person_id, wave]", "key: [record]")
    if formula == "change":
        _as_change(folder)
        change(folder, I, "change: 10", "value: 2")
    twice = pd.concat([frame, frame.iloc[:2].assign(**dict.fromkeys(ITEMS, 0))])
    outcome, found = run(capsys, folder, twice.assign(record=range(len(twice))), tmp_path)
    if "problems" in outcome.json:
        assert outcome.json["problems"][0]["file"] in (C, I)
    elif formula == "did":
        assert found[WHOLE]["estimate"] is None
        assert "several rows in one wave" in found[WHOLE]["not_estimable"]
    else:
        assert found[WHOLE]["value"] is None or found[WHOLE]["flags"], "the larger answer was taken without a word"


def test_a_person_who_changes_arm(
    folder: Path, tmp_path: Path, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    frame.loc[1, "arm"] = "comparison"
    _, found = run(capsys, folder, frame, tmp_path)
    assert found[WHOLE]["estimate"] is None
    assert "change arm" in found[WHOLE]["not_estimable"]


FORMULAS = (SCALE, "{kind: count}", "{kind: sum, column: who1}", "{kind: quantile, column: who1}")


@pytest.mark.parametrize("case", [(formula, weight) for formula in FORMULAS for weight in (-30.0, 0.0)], ids=str)
def test_weights_that_cannot_be(
    case: tuple[str, float],
    folder: Path,
    tmp_path: Path,
    frame: pd.DataFrame,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A negative weight for one person, or no weight for anybody, gives no number without a word."""
    formula, weight = case
    add_column(folder, "w", "{type: number}")
    change(folder, I, "    by: [gender]", "    by: []\n    sample: {weight: w}")
    if formula != SCALE:
        change(folder, I, SCALE, formula)
        change(folder, I, DESIGN, "")
    weights = [weight if weight == 0 or number == 1 else 1.0 for number in range(len(frame))]
    outcome, found = run(capsys, folder, frame.assign(w=weights), tmp_path)
    if "problems" in outcome.json:
        return
    row = found[WHOLE]
    allowed = (None, 0.0) if formula in ("{kind: count}", "{kind: sum, column: who1}") and weight == 0 else (None,)
    silent = not any("weight" in flag for flag in row["flags"])
    assert row["value"] in allowed or not silent, (row["value"], row["flags"])


LABELS = {
    "boolean": (["true", "false"], ["true", "false"]),
    "integer": (["1", "2"], ["1", "2"]),
    "number": (["1.5", "2.5"], ["1.5", "2.5"]),
    "whole_number": (["1.0", "2.0"], None),
    "date": (["2024-01-01", "2024-01-02"], ["2024-01-01", "2024-01-02"]),
    "text": (["it's [/b] %s", "a/b=c {x}"], ["it's [/b] %s", "a/b=c {x}"]),
}


@pytest.mark.parametrize("name", LABELS)
def test_groups_of_every_type_have_their_effect(
    name: str, folder: Path, tmp_path: Path, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    texts, labels = LABELS[name]
    add_column(folder, "g", f"{{type: {name.removeprefix('whole_')}}}")
    change(folder, I, "by: [gender]", "by: [g]")
    frame["g"] = [texts[number // 4 % 2] for number in range(len(frame))]
    _, found = run(capsys, folder, frame, tmp_path)
    parts = {row["group_value"]: row for row in found.values() if row["group"] == "g"}
    assert len(parts) == 2
    assert labels is None or sorted(parts) == sorted(labels)
    frame["score"] = by_items(frame)
    wide = frame.pivot_table(index=["g", "person_id", "arm"], columns="wave", values="score")
    gains = (wide["end_line"] - wide["baseline"]).groupby(["g", "arm"]).mean().unstack()
    wanted = sorted(gains["treated"] - gains["comparison"])
    assert all(row["estimate"] is not None for row in parts.values()), [row["not_estimable"] for row in parts.values()]
    assert sorted(row["estimate"] for row in parts.values()) == pytest.approx(wanted, rel=1e-9)


def test_missing_labels_and_a_label_that_says_missing_are_two_groups(
    folder: Path, tmp_path: Path, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    change(folder, C, GENDER, "gender: {type: text}")
    frame["gender"] = [["", "(missing)", "F"][number // 2 % 3] for number in range(len(frame))]
    _, found = run(capsys, folder, frame, tmp_path)
    assert len([row for row in found.values() if row["group"] == "gender"]) == 3


def test_one_column_as_group_and_scope(
    folder: Path, tmp_path: Path, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    """Either refused or two findings with two names."""
    change(folder, I, "by: [gender]", "by: [gender]\n    scope: [gender]")
    run(capsys, folder, frame, tmp_path)


@pytest.mark.parametrize("wave", ["T0 (it's)", "%s", "a\\b", "{relation}", "1", "[/b]"])
def test_waves_called_anything(
    wave: str, folder: Path, tmp_path: Path, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    quoted = "'" + wave.replace("'", "''") + "'"
    change(folder, "programme.yaml", "id: baseline", f"id: {quoted}")
    change(folder, C, "[baseline, end_line]", f"[{quoted}, end_line]")
    change(folder, I, "wave: baseline", f"wave: {quoted}")
    _, plain = run(capsys, folder, frame.replace({"wave": {"baseline": wave}}), tmp_path)
    frame["score"] = by_items(frame)
    before = frame[(frame["arm"] == "treated") & (frame["wave"] == "baseline")]["score"].mean()
    assert plain, "the wave's name was not taken"
    assert plain[WHOLE]["baseline"] == pytest.approx(before, rel=1e-12)


def test_a_filter_that_selects_by_a_number_on_text(
    folder: Path, tmp_path: Path, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    """``true`` and ``1.50`` are not how the text stands in the data: refused, not silently nobody."""
    change(folder, C, GENDER, "gender: {type: text}")
    change(folder, I, "    by: [gender]", "    where: [{column: gender, equals: true}]\n    by: []")
    frame["gender"] = "true"
    outcome, found = run(capsys, folder, frame, tmp_path)
    assert "problems" in outcome.json or found[WHOLE]["n"] == 10


def test_provenance_corrected_reaches_ledger_and_findings(
    folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(folder, "sources.yaml", "kind: synthetic ", "kind: real ")
    assert call(capsys, "run", folder, "--db", database).code == 0
    with opened(database) as connection:
        kinds = connection.execute(
            "SELECT (SELECT kind FROM impact.load WHERE current), (SELECT any_value(data_kind) FROM impact.finding)"
        ).fetchall()
    assert kinds == [("real", "real")]


def test_the_definition_s_line_follows_the_file(
    folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(folder, I, "indicators:\n", "\n\n\nindicators:\n")
    assert call(capsys, "run", folder, "--db", database).code == 0
    place = (folder / I).read_text().splitlines().index("  - id: wellbeing_score") + 1
    with opened(database) as connection:
        assert connection.execute("SELECT line FROM impact.definition").fetchall() == [(place,)]


def test_an_indicator_renamed_leaves_nothing_behind(
    folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(folder, I, "id: wellbeing_score", "id: other")
    assert call(capsys, "run", folder, "--db", database).code == 0
    with opened(database) as connection:
        for table in ("definition", "measure", "finding", "diagnostic"):
            found = connection.execute(f"SELECT DISTINCT indicator FROM impact.{table}").fetchall()
            assert found == [("other",)], table


def test_a_source_renamed_leaves_its_rows_once(
    folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(folder, "sources.yaml", "id: survey_file", "id: other_file")
    assert call(capsys, "run", folder, "--db", database).code == 0
    with opened(database) as connection:
        rows = connection.execute(f"SELECT _source, count(*) FROM {ID}.survey GROUP BY ALL").fetchall()
        ledger = connection.execute("SELECT source, current FROM impact.load ORDER BY ALL").fetchall()
    assert rows == [("other_file", len(LINES))]
    assert ledger == [("other_file", True), ("survey_file", False)]
