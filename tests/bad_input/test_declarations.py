"""Declarations that do not hold together are refused before any data is read, each with its place and reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.bad_input.harness import FORMAT, GENDER, assert_refused, call, change, content

P, C, S, I = "programme.yaml", "contracts.yaml", "sources.yaml", "indicators.yaml"  # noqa: E741
PLACE = "territory: Where it takes place"
SCALE = "{kind: scale, items: [who1, who2, who3, who4, who5], low: 0, high: 5, aggregate: sum, multiply: 4, minimum_answered: 4}"
DESIGN = "{kind: did, arm: arm, treated: treated, comparison: comparison}"
TARGET = '{change: 10, due: 2024-12, origin: {note: "Example target; say where yours comes from"}}'
WHO1 = 'who1: {type: integer, min: 0, max: 5, missing: {skipped: ["-9"]}}'
BOMB = "[&a [x, x, x, x], &b [*a, *a, *a, *a], &c [*b, *b, *b, *b]]"
LINKS = "  links:\n"
MEETINGS = "    - id: meetings"
RULES = "    columns:\n      person_id"
OTHER = (
    "contracts:\n  - id: other\n    title: Other\n    unit_of_analysis: code\n    key: [code]\n"
    "    columns: {code: {type: text, required: true}}\n"
)
NODE = "    - {id: extra, stage: output, level: meso, horizon: short, title: Extra}\n"


class Bad(NamedTuple):
    """One replacement in one file and what must be said about it (about ``told`` if that is another file)."""

    file: str
    old: str
    new: str
    fragments: tuple[str, ...]
    whole: bool = False
    told: str = ""


def rule(text: str) -> tuple[str, str]:
    return RULES, f"    rules:\n      - {text}\n{RULES}"


CASES = {
    # YAML
    "tab_indentation": Bad(P, "  en: One", "\ten: One", ("valid YAML", "cannot start any token")),
    "unclosed_quote": Bad(P, PLACE, 'territory: "Where', ("valid YAML",)),
    "unclosed_bracket": Bad(P, PLACE, "territory: [a, b", ("valid YAML",)),
    "bad_indentation": Bad(P, "  it: Una frase", " it: Una frase", ("valid YAML",)),
    "duplicate_key": Bad(P, PLACE, PLACE + "\n" + PLACE, ("'territory' stands twice",)),
    "duplicate_key_deep": Bad(C, "{type: text, required: true,", "{type: text, type: text,", ("'type' stands twice",)),
    "anchor": Bad(P, PLACE, "territory: &a here", ("anchor",)),
    "alias_value": Bad(P, "name: The body that leads it", "name: &n Body, kind: *n", ("anchor",)),
    "alias_recursive": Bad(P, PLACE, "territory: &a [*a]", ("YAML",), whole=True),
    "alias_bomb": Bad(P, PLACE, f"territory: {BOMB}", ("anchor",)),
    "merge_key": Bad(P, PLACE, "<<: {territory: here}", ("unknown field '<<'",)),
    "python_tag": Bad(P, PLACE, "territory: !!python/object/apply:os.system [ls]", ("os.system",)),
    "python_name_tag": Bad(P, PLACE, "territory: !!python/name:os.system x", ("not allowed",)),
    "binary_tag": Bad(P, PLACE, "territory: !!binary aGVsbG8=", ("binary", "not allowed")),
    "own_tag": Bad(P, PLACE, "territory: !place here", ("!place",)),
    "two_documents": Bad(P, "id: template_programme", "---\nid: x\n---\nid: y", ("valid YAML",)),
    "key_that_is_a_list": Bad(P, PLACE, "? [a, b]\n: c", ("a key must be text",)),
    "other_yaml_version": Bad(P, "id: template_programme", "%YAML 3.0\n---\nid: x", ("valid YAML",)),
    "unknown_alias": Bad(P, PLACE, "territory: *nowhere", ("alias is not allowed",)),
    "deep_nesting": Bad(P, PLACE, "territory: " + "[" * 3000 + "]" * 3000, ("nested too deeply",), whole=True),
    "number_of_5000_digits": Bad(C, "min: 0", "min: " + "9" * 5000, ("valid YAML", "digits")),
    "number_of_400_digits": Bad(C, "min: 0", "min: " + "9" * 400, ("min", "number")),
    "infinite_number": Bad(C, "max: 5", "max: 1e400", ("max", "finite number")),
    "not_a_number": Bad(C, "max: 5", "max: .nan", ("max", "valid number")),
    "control_character": Bad(P, PLACE, "territory: a\x07b", ("YAML",), whole=True),
    "nul_byte": Bad(P, PLACE, "territory: a\x00b", ("YAML",), whole=True),
    "lone_surrogate": Bad(P, PLACE, 'territory: "a\\ud800b"', ("not allowed", "U+D")),
    "nul_in_a_code": Bad(C, "codes: [F, M, X]", 'codes: [F, M, "X\\0"]', ("NUL",)),
    "nul_in_a_pattern": Bad(C, '"P[0-9]{3}"', '"P\\0"', ("NUL",)),
    # fields
    "unknown_field": Bad(P, PLACE, PLACE + "\nbudget: 3", ("unknown field 'budget'",)),
    "misspelt_field": Bad(P, PLACE, "teritory: here", ("unknown field 'teritory'",)),
    "unknown_field_deep": Bad(I, "minimum_answered: 4", "minimum: 4", ("unknown field 'minimum'",)),
    "missing_field": Bad(P, PLACE, "", ("'territory' is missing",)),
    "missing_field_deep": Bad(P, "      stage: activity\n", "", ("'stage' is missing",)),
    "missing_contract_key": Bad(C, "    key: [person_id, wave]     # no two rows may share it\n", "", ("'key' is missing",)),
    "missing_provenance_title": Bad(S, "      title: Synthetic example, to be replaced by your own survey\n", "", ("'title' is missing",)),
    "list_for_text": Bad(P, PLACE, "territory: [a, b]", ("territory", "valid string")),
    "mapping_for_list": Bad(P, "  - {id: promoter, name", "  {id: promoter, name", ("stakeholders",)),
    "number_for_mapping": Bad(P, "period: {start: 2024-01, end: 2024-12}", "period: 3", ("period",)),
    "null_for_text": Bad(P, PLACE, "territory:", ("territory", "valid string")),
    "text_for_number": Bad(C, "min: 0", "min: zero", ("min", "valid number", "zero")),
    "text_for_switch": Bad(C, "required: true", "required: perhaps", ("required", "boolean")),
    "blank_title": Bad(P, "title: {en: My programme, it: Il mio programma}", 'title: "  "', ("title",)),
    "title_in_no_language": Bad(P, "title: {en: My programme,", "title: {f: Mon programme,", ("title",)),
    "no_nodes": Bad(P, "  nodes:  #", "  nodes: []\n  other:  #", ("nodes",)),
    # vocabulary
    "unknown_formula": Bad(I, "kind: scale", "kind: meen", ("meen", "mean")),
    "unknown_design": Bad(I, "kind: did", "kind: magic", ("magic", "did")),
    "unknown_stage": Bad(P, "stage: activity", "stage: action", ("stage", "activity")),
    "unknown_level": Bad(P, "      level: micro", "      level: nano", ("level", "micro")),
    "unknown_direction": Bad(I, "direction: increase", "direction: up", ("direction", "increase")),
    "unknown_role": Bad(P, "role: lead", "role: boss", ("role", "lead")),
    "unknown_wave_role": Bad(P, "role: end_line", "role: endline", ("role", "end_line")),
    "unknown_type": Bad(C, "type: text", "type: string", ("type", "text")),
    "unknown_encoding": Bad(S, FORMAT, "format: {encoding: ebcdic}", ("encoding", "utf-8")),
    "unknown_delimiter": Bad(S, FORMAT, 'format: {delimiter: ":"}', ("delimiter",)),
    "unknown_decimal": Bad(S, FORMAT, 'format: {decimal: "·"}', ("decimal",)),
    "unknown_missing_kind": Bad(C, 'missing: {skipped: ["-9"]}', 'missing: {lost: ["-9"]}', ("lost", "skipped")),
    "unknown_kind_of_data": Bad(S, "kind: synthetic ", "kind: invented ", ("kind", "synthetic")),
    "unknown_rule": Bad(C, *rule("{kind: nonsense, id: r}"), ("nonsense", "implies")),
    "unknown_check_to_warn": Bad(C, "min: 0", "warn: [size], min: 0", ("warn", "size")),
    # names
    "programme_id_with_space": Bad(P, "id: template_programme", "id: My Programme", ("id", "My Programme")),
    "programme_id_with_path": Bad(P, "id: template_programme", "id: ../up", ("id", "../up")),
    "programme_id_with_quote": Bad(P, "id: template_programme", 'id: \'a"; DROP TABLE x; --\'', ("id", "DROP TABLE")),
    "programme_id_too_long": Bad(P, "id: template_programme", "id: " + "a" * 61, ("id", "60")),
    "programme_id_empty": Bad(P, "id: template_programme", 'id: ""', ("id",)),
    "node_id_with_accent": Bad(P, "- id: wellbeing", "- id: felicità", ("id", "felicità")),
    "source_id_with_dash": Bad(S, "- id: survey_file", "- id: survey-file", ("id", "survey-file")),
    "column_with_capital": Bad(C, "gender:", "Gender:", ("Gender",)),
    "column_like_an_internal_one": Bad(C, "gender:", "_bad:", ("_bad",)),
    "column_with_two_underscores": Bad(C, "gender:", "who1__missing:", ("who1__missing",)),
    "column_with_digit_first": Bad(C, "gender:", "1st:", ("1st",)),
    # references
    "indicator_on_no_node": Bad(I, "node: wellbeing", "node: welbeing", ("hangs on no node", "meetings, wellbeing", "welbeing")),
    "indicator_on_no_contract": Bad(I, "contract: survey", "contract: surveys", ("no contract 'surveys'",)),
    "indicator_on_no_column": Bad(I, "items: [who1,", "items: [who9,", ("no column 'who9'", "who1")),
    "cut_by_no_column": Bad(I, "by: [gender]", "by: [sex]", ("no column 'sex'",)),
    "scope_of_no_column": Bad(I, "by: [gender]", "scope: [town]", ("no column 'town'",)),
    "arm_of_no_column": Bad(I, "arm: arm,", "arm: group,", ("no column 'group'",)),
    "arm_without_such_a_code": Bad(I, "treated: treated", "treated: treatment", ("no code 'treatment'",)),
    "baseline_of_no_wave": Bad(I, "baseline: {wave: baseline}", "baseline: {wave: before}", ("no wave 'before'",)),
    "outcome_of_no_wave": Bad(I, "wave: end_line", "wave: endline", ("no wave 'endline'",)),
    "placebo_of_no_wave": Bad(I, "comparison: comparison}", "comparison: comparison, placebo_wave: zero}", ("no wave 'zero'",)),
    "filter_on_no_column": Bad(I, "    by:", "    where: [{column: age, above: 3}]\n    by:", ("no column 'age'",)),
    "filter_on_no_code": Bad(I, "    by:", "    where: [{column: gender, equals: D}]\n    by:", ("no code 'D'", "F, M, X")),
    "weight_of_no_column": Bad(I, "    by:", "    sample: {weight: w}\n    by:", ("no column 'w'",)),
    "link_to_no_node": Bad(P, "to: wellbeing", "to: wealth", ("names node 'wealth'",)),
    "no_such_codelist": Bad(C, GENDER, "gender: {type: code, codelist: sexes}", ("no codelist 'sexes'",)),
    "no_such_shared_contract": Bad(C, "contracts:\n", "shared: [nothing]\ncontracts:\n", ("no shared contract or codelist 'nothing'", "fact")),
    "shared_contract_by_path": Bad(C, "contracts:\n", "shared: [../template/contracts]\ncontracts:\n", ("shared",)),
    "foreign_key_to_no_contract": Bad(C, RULES, "    foreign_keys: [{columns: [who1], references: other, to: [code]}]\n" + RULES, ("no contract 'other'",)),
    "foreign_key_to_no_column": Bad(C, RULES, "    foreign_keys: [{columns: [who1], references: survey, to: [code]}]\n" + RULES, ("no column", "code")),
    "foreign_key_of_no_column": Bad(C, RULES, "    foreign_keys: [{columns: [zz], references: survey, to: [who1]}]\n" + RULES, ("'zz'",)),
    "foreign_key_of_two_lengths": Bad(C, RULES, "    foreign_keys: [{columns: [who1, who2], references: survey, to: [who1]}]\n" + RULES, ("equally long",)),
    "foreign_key_to_itself": Bad(C, RULES, "    foreign_keys: [{columns: [who1], references: survey, to: [who2]}]\n" + RULES, ("circle", "survey"), whole=True),
    "source_for_no_contract": Bad(S, "contract: survey", "contract: interviews", ("no contract 'interviews'", "survey")),
    "rename_to_no_column": Bad(S, FORMAT, "rename: {a: zz}", ("no column 'zz'",)),
    "recode_of_no_column": Bad(S, FORMAT, "recode: {zz: {a: b}}", ("no column 'zz'",)),
    "set_of_no_column": Bad(S, FORMAT, "set: {zz: 1}", ("no column 'zz'",)),
    "renamed_twice": Bad(S, FORMAT, "rename: {a: who1, b: who1}", ("'who1' is filled twice",)),
    "renamed_and_ignored": Bad(S, FORMAT, "rename: {a: who1}\n    ignore: [a]", ("both renamed and ignored",)),
    "key_of_no_column": Bad(C, "key: [person_id, wave]", "key: [person_id, round]", ("'round'",)),
    "person_of_no_column": Bad(C, "person: person_id", "person: who", ("'who'",)),
    "wave_of_no_column": Bad(C, "    wave: wave\n", "    wave: round\n", ("'round'",)),
    "rule_of_no_column": Bad(C, *rule('{kind: compare, id: r, left: zz, operator: "<", right: who1}'), ("'zz'",)),
    # sense
    "circle": Bad(P, LINKS, LINKS + "    - {from: wellbeing, to: meetings, assumption: x}\n", ("runs in a circle", "meetings")),
    "self_link": Bad(P, LINKS, LINKS + "    - {from: meetings, to: meetings, assumption: x}\n", ("circle", "meetings")),
    "two_chains": Bad(P, LINKS, NODE + LINKS, ("not one connected chain", "extra")),
    "level_of_another_node": Bad(I, "level: micro", "level: macro", ("is macro but its node 'wellbeing' is micro",)),
    "target_against_direction": Bad(I, "change: 10", "change: -10", ("against its direction",)),
    "month_13": Bad(P, "end: 2024-12", "end: 2024-13", ("no month 13",)),
    "day_31_of_february": Bad(P, "end: 2024-12", "end: 2024-02-31", ("period", "day")),
    "year_zero": Bad(P, "start: 2024-01", 'start: "0000"', ("period", "year")),
    "italian_date": Bad(P, "end: 2024-12", "end: 31/12/2024", ("YYYY-MM-DD", "31/12/2024")),
    "month_without_zero": Bad(P, "end: 2024-12", "end: 2024-6", ("YYYY-MM",)),
    "end_before_start": Bad(P, "start: 2024-01", "start: 2025-01", ("ends before it starts",)),
    "waves_out_of_order": Bad(P, "date: 2024-02", "date: 2025-02", ("'baseline' is dated after",)),
    "due_tomorrow": Bad(I, "due: 2024-12", "due: tomorrow", ("due", "tomorrow")),
    "min_above_max": Bad(C, "min: 0, max: 5", "min: 6, max: 5", ("min 6 is above max 5",)),
    "limits_on_text": Bad(C, "type: text, required: true", "type: text, min: 1, required: true", ("min and max",)),
    "pattern_on_number": Bad(C, "min: 0", "pattern: x, min: 0", ("pattern",)),
    "pattern_not_regular": Bad(C, "P[0-9]{3}", "P[0-9{3}", ("not a regular expression",)),
    "pattern_with_flags": Bad(C, "P[0-9]{3}", "(?i)p[0-9]{3}", ("flags", "(?i:")),
    "codes_on_number": Bad(C, "min: 0", "codes: [a], min: 0", ("codes and codelist belong to type code",)),
    "codes_and_codelist": Bad(C, GENDER, "gender: {type: code, codes: [F], codelist: x}", ("either codes or codelist",)),
    "code_without_codes": Bad(C, GENDER, "gender: {type: code}", ("either codes or codelist",)),
    "no_codes": Bad(C, GENDER, "gender: {type: code, codes: []}", ("codes",)),
    "max_length_zero": Bad(C, GENDER, "gender: {type: text, max_length: 0}", ("max_length",)),
    "one_code_for_two_kinds_of_missing": Bad(C, 'missing: {skipped: ["-9"]}', 'missing: {skipped: ["-9"], refused: ["-9"]}', ("two kinds of missing",)),
    "key_that_may_be_missing": Bad(C, "person_id: {type: text, required: true,", "person_id: {type: text,", ("key column 'person_id'",)),
    "wave_that_is_a_number": Bad(C, "wave: {type: code, required: true, codes: [baseline, end_line]}", "wave: {type: integer, required: true}", ("wave column",)),
    "two_nodes_with_one_id": Bad(P, MEETINGS, "    - {id: wellbeing, stage: output, level: micro, horizon: short, title: T}\n" + MEETINGS, ("two nodes have the id 'wellbeing'",)),
    "two_waves_with_one_id": Bad(P, "id: end_line, title", "id: baseline, title", ("two waves have the id 'baseline'",)),
    "two_contracts_with_one_id": Bad(C, "contracts:\n", OTHER.replace("other", "survey"), ("two contracts are called 'survey'",), whole=True),
    "two_rules_with_one_id": Bad(C, *rule('{kind: compare, id: r, left: who1, operator: "<", right: who2}\n      - {kind: compare, id: r, left: who1, operator: ">", right: who2}'), ("two rules have the same id",)),
    "source_called_as_its_contract": Bad(S, "id: survey_file", "id: survey", ("has the id of a contract",), whole=True),
    "rule_between_two_kinds": Bad(C, *rule('{kind: compare, id: r, left: who1, operator: "<", right: gender}'), ("two kinds of column",)),
    "rule_with_two_operators": Bad(C, *rule("{kind: implies, id: r, when: {column: who1, equals: 1, above: 2}, then: {column: who2, above: 0}}"), ("exactly one of",)),
    "rule_orders_codes": Bad(C, *rule("{kind: implies, id: r, when: {column: gender, at_least: 3}, then: {column: who2, above: 0}}"), ("gender",)),
    "rule_equals_text_on_a_number": Bad(C, *rule("{kind: implies, id: r, when: {column: who1, equals: abc}, then: {column: who2, above: 0}}"), ("who1",)),
    "rule_equals_no_code": Bad(C, *rule("{kind: implies, id: r, when: {column: gender, equals: D}, then: {column: who2, above: 0}}"), ("gender", "D")),
    "filter_without_operator": Bad(I, "    by:", "    where: [{column: gender}]\n    by:", ("exactly one of", "none")),
    "filter_orders_codes": Bad(I, "    by:", "    where: [{column: gender, above: 3}]\n    by:", ("compares numbers",)),
    "filter_equals_text_on_a_number": Bad(I, "    by:", "    where: [{column: who1, equals: abc}]\n    by:", ("'who1' is integer",)),
    "filter_equals_switch_on_a_number": Bad(I, "    by:", "    where: [{column: who1, equals: true}]\n    by:", ("'who1' is integer",)),
    "scale_upside_down": Bad(I, "low: 0, high: 5", "low: 5, high: 0", ("low must be below high",)),
    "scale_reverses_no_item": Bad(I, "low: 0,", "reverse: [gender], low: 0,", ("not items",)),
    "scale_item_twice": Bad(I, "items: [who1, who2,", "items: [who1, who1,", ("stands twice",)),
    "scale_asks_too_many": Bad(I, "minimum_answered: 4", "minimum_answered: 6", ("minimum_answered",)),
    "scale_of_no_items": Bad(I, "items: [who1, who2, who3, who4, who5]", "items: []", ("items",)),
    "scale_of_codes": Bad(I, "items: [who1,", "items: [gender,", ("'gender' is code, not a number",)),
    "quantile_beyond_one": Bad(I, SCALE, "{kind: quantile, column: who1, q: 1.5}", ("q", "less than 1")),
    "threshold_with_two_limits": Bad(I, SCALE, "{kind: threshold, of: {kind: mean, column: who1}, above: 1, below: 3}", ("exactly one of",)),
    "design_on_a_sum": Bad(I, SCALE, "{kind: sum, column: who1}", ("needs an outcome per row",)),
    "design_on_nobody": Bad(C, "    person: person_id          # who is followed from wave to wave\n", "", ("names no person column",), told=I),
    "design_without_baseline": Bad(I, "      baseline: {wave: baseline}\n", "", ("baseline",)),
    "design_of_one_arm": Bad(I, "comparison: comparison}", "comparison: treated}", ("the same code",)),
    "cut_by_arm": Bad(I, "by: [gender]", "by: [arm]", ("cut by its arm column",)),
    "weight_that_is_a_code": Bad(I, "    by:", "    sample: {weight: gender}\n    by:", ("'gender' is code, not a number",)),
    "sample_of_everybody_with_weight": Bad(I, "    by:", "    sample: {weight: who1, all_units: true}\n    by:", ("all_units",)),
    "change_with_baseline": Bad(I, SCALE, "{kind: change, of: {kind: mean, column: who1}, since: baseline}", ("its baseline is zero",)),
    "target_in_two_forms": Bad(I, "change: 10", "change: 10, value: 60", ("either value or change",)),
    "target_without_origin": Bad(I, TARGET, "{change: 10, due: 2024-12}", ("'origin' is missing",)),
    "origin_that_says_nothing": Bad(I, '{note: "Example target; say where yours comes from"}', "{page: 3}", ("origin",)),
    "baseline_without_origin": Bad(I, "{wave: baseline}", "{value: 50}", ("add origin",)),
    "wave_and_period": Bad(I, "      wave: end_line\n", '      wave: end_line\n      period: "2024"\n', ("give wave for data with waves",)),
    "period_for_data_with_waves": Bad(I, "      wave: end_line\n", '      period: "2024"\n', ("must say which",)),
    "synthetic_without_generator": Bad(S, "      generator: make_synthetic.py\n", "", ("names its generator",)),
    "real_and_synthetic_together": Bad(S, "sources:\n", "sources:\n  - {id: b, file: raw/b.csv, contract: survey, provenance: {title: B, kind: real}}\n", ("mixes real and synthetic",), whole=True),
    "date_format_that_is_none": Bad(S, FORMAT, 'format: {dates: ["%Q"]}', ("dates", "%Q")),
    "date_format_in_words": Bad(S, FORMAT, 'format: {dates: ["dd/mm/yyyy"]}', ("dates", "dd/mm/yyyy")),
    "date_format_without_year": Bad(S, FORMAT, 'format: {dates: ["%d/%m"]}', ("dates", "%d/%m")),
    "path_upwards": Bad(S, "raw/survey.csv", "raw/../../secret.csv", ("outside the programme folder", "secret.csv")),
    "path_absolute": Bad(S, "raw/survey.csv", "/etc/passwd", ("outside the programme folder", "/etc/passwd")),
    "path_of_windows": Bad(S, "raw/survey.csv", r"raw\survey.csv", ("outside the programme folder",)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_refused(name: str, folder: Path, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = CASES[name]
    change(folder, bad.file, bad.old, bad.new)
    assert_refused(capsys, folder, database, file=bad.told or bad.file, fragments=bad.fragments, whole=bad.whole)


def test_a_column_that_is_not_there_is_told_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A weight is a column of the sample and one of numbers; that it is missing is one problem."""
    bad = CASES["weight_of_no_column"]
    change(folder, bad.file, bad.old, bad.new)
    problems = call(capsys, "check", folder, "--json").json["problems"]
    assert [problem["field"] for problem in problems if "no column 'w'" in problem["what"]] == [
        "wellbeing_score.sample"
    ]


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _comments(path: Path) -> None:
    path.write_bytes(b"# nothing but this\n")


def _latin(path: Path) -> None:
    path.write_bytes(path.read_bytes() + "\n# perché\n".encode("latin-1"))


def _utf16(path: Path) -> None:
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))


def _huge(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"#" * 5_000_001)


def _list(path: Path) -> None:
    path.write_text("- a\n- b\n")


def _word(path: Path) -> None:
    path.write_text("hello\n")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


WHOLE: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (Path.unlink, "missing"),
    "empty": (_empty, "empty"),
    "only_comments": (_comments, "empty"),
    "latin_1": (_latin, "not UTF-8"),
    "utf_16": (_utf16, "not UTF-8"),
    "binary": (_binary, "not UTF-8"),
    "huge": (_huge, "larger than 5,000,000 bytes"),
    "a_list": (_list, "dictionary"),
    "a_word": (_word, "dictionary"),
    "a_folder": (_folder, "cannot be read"),
}


@pytest.mark.parametrize("spoil", WHOLE)
@pytest.mark.parametrize("file", [P, I])
def test_whole_file_refused(
    spoil: str, file: str, folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    action, fragment = WHOLE[spoil]
    action(folder / file)
    assert_refused(capsys, folder, database, file=file, fragments=(fragment,), whole=True)


def test_all_problems_of_all_files_at_once(folder: Path, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / C).unlink()
    change(folder, P, PLACE, "teritory: here")
    change(folder, I, "kind: scale", "kind: meen")
    outcome = call(capsys, "run", folder, "--db", database, "--json")
    assert outcome.code == 1
    assert {problem["file"] for problem in outcome.json["problems"]} == {P, C, I}


@pytest.mark.parametrize(("name", "code"), [("temp", 2), ("main", 2), ("impact", 2), ("system", 2)])
def test_a_programme_cannot_be_called_like_the_database_s_own(
    name: str, code: int, folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(database)
    change(folder, P, "template_programme", name)
    outcome = call(capsys, "run", folder, "--db", database)
    assert outcome.code == code
    assert f"'{name}'" in outcome.text
    assert content(database) == before


def test_foreign_keys_between_two_kinds_of_column(
    folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(folder, C, "contracts:\n", OTHER)
    keys = "    foreign_keys: [{columns: [who1], references: other, to: [code]}]\n"
    change(folder, C, "    unit_of_analysis: person and wave\n", "    unit_of_analysis: person and wave\n" + keys)
    source = "sources:\n  - {id: o, file: raw/o.csv, contract: other, provenance: {title: O, kind: real}}\n"
    change(folder, S, "sources:\n", source)
    (folder / "raw" / "o.csv").write_text("code\n1\nabc\n")
    assert_refused(capsys, folder, database, file=C, fragments=("who1",))


def test_a_source_for_nothing_leaves_the_indicator_unfed(
    folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / S).write_text("sources: []\n")
    assert_refused(capsys, folder, database, file=I, fragments=("no source feeds contract 'survey'",))


def test_check_says_the_same_as_run_without_data(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(folder, I, "node: wellbeing", "node: nowhere")
    (folder / "raw" / "survey.csv").unlink()
    outcome = call(capsys, "check", folder, "--json")
    assert outcome.code == 1
    assert [problem["file"] for problem in outcome.json["problems"]] == [I]
    assert "hangs on no node" in call(capsys, "check", folder).out
