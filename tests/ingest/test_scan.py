"""One pass over the bytes of a text file finds what plain patterns find, however its blocks are cut."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact.ingest import text
from impact.ingest.raw import TRIMMED

PIECES = ("a", "1", ",", ",", '"', '"', "\n", "\n", "\r", "\r\n", "\0", "\t", " ", "\xa0", "\u200b", "è", "’", ',""\n')
ODD = re.compile("|".join(re.escape(space) for space in TRIMMED if space not in "\r\n"))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Draw a text of some of the pieces, so that what is rare together is not rare."""
    pieces = draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6))
    return "".join(draw(st.lists(st.sampled_from(pieces), max_size=30)))


@settings(max_examples=400, deadline=None)
@given(content=texts(), delimiter=st.sampled_from(",;\t|"), chunk=st.sampled_from([3, 7, 1 << 22]))
def test_the_scan_finds_what_patterns_find(
    tmp_path_factory: pytest.TempPathFactory, content: str, delimiter: str, chunk: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "scanned.csv"
    path.write_bytes(content.encode())
    source: Any = SimpleNamespace(id="x", file="x", format=SimpleNamespace(quote='"', delimiter=delimiter))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(text, "CHUNK", chunk)
        scan = text._scan(Path(path), source)
    assert scan.nul == content.count("\0")
    assert scan.crlf == content.count("\r\n")
    assert scan.lone_cr == content.count("\r") - content.count("\r\n")
    assert scan.lines == content.count("\n") + 1
    assert scan.odd_spaces == (ODD.search(content) is not None)
    assert scan.unclosed == sum(line.count('"') % 2 for line in content.split("\n"))
    assert scan.surplus == (re.search(re.escape(delimiter) + r'(?:"")?\r?(?:\n|\Z)', content) is not None)
    if not scan.lone_cr:
        assert scan.blank == (re.search(r"(?m)(?:\A|\n)\r?\n", content) is not None)
