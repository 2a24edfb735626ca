"""What the README shows is what the commands print."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

import pytest

from impact.cli.main import main
from tests.support.shipped import shipped_words

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def blocks(start: str) -> list[str]:
    """Return the lines of the first plain code block after a heading or phrase."""
    after = README[README.index(start) :]
    found = re.search(r"\n```\n(.*?)\n```", after, re.DOTALL)
    assert found
    return [line for line in found[1].splitlines() if line.strip() and line != "…"]


def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    monkeypatch.setattr(sys, "argv", ["impact", *words])
    with contextlib.suppress(SystemExit):
        main()
    return capsys.readouterr().out


def test_demo_prints_what_the_readme_shows(tmp_path_factory: pytest.TempPathFactory) -> None:
    out = shipped_words(tmp_path_factory)
    for line in blocks("## What it prints"):
        assert line in out


def test_worked_example_is_the_template_and_prints_what_the_readme_shows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    printed(monkeypatch, capsys, "init", "my_programme")
    out = printed(monkeypatch, capsys, "run", "my_programme")
    for line in blocks("`impact run my_programme` prints"):
        assert line.rstrip("─ ") in out
    yaml = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert yaml
    words = re.sub(r"\s+", " ", re.sub(r"#.*", "", yaml[1]))
    template = (tmp_path / "my_programme" / "indicators.yaml").read_text(encoding="utf-8")
    template = re.sub(r"\s+", " ", template[template.index("- id:") :])
    assert words.strip() in template
