"""The public data that come with the tests: as their source has them, each with the licence that lets it be here."""

from __future__ import annotations

import hashlib
import re

import pytest

from tests.support.references import DATA

ROWS = re.findall(
    r"^\| `(\w+\.csv)` \|[^|]+\| ([^|]+)(?:\\\|[^|]+)?\|[^|]+\| `([0-9a-f]{64})` \|$",
    (DATA / "README.md").read_text(encoding="utf-8"),
    re.M,
)
LICENCES = ("MIT", "BSD-3-Clause")


def test_each_file_has_its_row_and_each_row_its_file() -> None:
    assert [name for name, *_ in ROWS] == sorted(path.name for path in DATA.glob("*.csv"))


@pytest.mark.parametrize(("name", "licence", "digest"), ROWS)
def test_a_file_is_its_source_and_may_be_passed_on(name: str, licence: str, digest: str) -> None:
    assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == digest
    assert licence.startswith(LICENCES)
    assert f"`{name}`" in (DATA / "NOTICES.md").read_text(encoding="utf-8")
