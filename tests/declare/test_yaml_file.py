"""Two parsers, one reading: libyaml is quick, and PyYAML's own has the last word on what may stand in a declaration."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from impact.declare import yaml_file
from impact.declare.read import shipped
from impact.declare.yaml_file import read_yaml
from impact.errors import DeclarationError

TEXTS = (
    "a: {b, c: 1}",
    "a: {en: Why?, it: b}",
    "{? , a: b}",
    "a:\tb",
    "a: !!int 0x1f",
    "a: !!bool maybe",
    "a: !!int ''",
    "a: ! b",
    "a: &x b\nc: d\nc: e",
    "c: d\nc: e\na: *x",
    "a: b\n---\nc: d",
    "a: [b\nc: d",
    "a: b: c",
    "a: b\na: c\nd: [",
    "a: |# only\n  b",
    "a: >-\n  b\n  c\n\n  d\n",
    'a: "\\e"',
    "a: 'it''s'\nb: \"\\u00e9\\/\"",
    "a: b\x85c: d",
    "\ufeffa: \ufeffb",
    "---",
    "--- b",
    "# nothing",
    "a: [1, 0.5, 1e5, NO, true, ~, 00123, 2020-01-01, 1:20, 1_000, .5, -0]",
    "? [a]\n: b",
    "<<: {a: 1}",
    "!foo\na: b",
    "%YAML 1.1\n---\na: b",
    "a: " + "[" * 2000,
)


def reading(path: Path) -> object:
    try:
        return read_yaml(path, "x.yaml")
    except DeclarationError as error:
        return error.problems


@pytest.mark.parametrize("text", TEXTS)
def test_both_parsers_give_the_same_data_lines_and_words(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(text.encode())
    by_libyaml = reading(path)
    monkeypatch.setattr(yaml_file, "_LIBYAML", None)
    assert repr(reading(path)) == repr(by_libyaml)


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")
def test_sound_declarations_need_the_quick_parser_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(yaml_file, "_by_pyyaml", slow)
    paths = [
        path for name in ("data", "schemas") for path in shipped(name).rglob("*.yaml") if "local" not in path.parts
    ]
    assert len(paths) > 20
    for path in paths:
        read_yaml(path, path.name)
