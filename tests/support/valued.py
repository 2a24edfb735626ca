"""Lines of value for tests: a programme is run, and its lines and findings are found by their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from impact.declare import load_programme
from impact.errors import DeclarationError
from impact.publish.published import ReaderTables
from impact.publish.scope import EVERYTHING
from impact.publish.tables import findings_table, read_table
from impact.run.flow import run_programme
from impact.store import Warehouse
from impact.tables.frames import to_records
from impact.tables.valuation import Valuation

SAID = {"origin": {"note": "said in a test"}}


@dataclass(frozen=True)
class Valued:
    """A run: its lines as the run wrote them, those that readers see, and its findings by name."""

    lines: Mapping[tuple[str, str], Valuation]
    read: Mapping[tuple[str, str], Valuation]
    findings: pd.DataFrame

    def line(self, item: str, subject: str = "pool") -> Valuation:
        """Return a line of a subject."""
        return self.lines[subject, item]

    def number(self, item: str, subject: str = "pool") -> tuple[float | None, float | None, float | None]:
        """Return the figure of a line with its interval."""
        line = self.line(item, subject)
        return line.value, line.conf_low, line.conf_high

    def items(self, subject: str = "pool") -> list[str]:
        """Return the lines of a subject, in order."""
        return [item for of, item in self.lines if of == subject]


def valued(folder: Path) -> Valued:
    """Run a programme in memory."""
    with Warehouse(":memory:") as warehouse:
        programme = load_programme(folder)
        run_programme(programme, warehouse)
        written = to_records(Valuation, read_table(warehouse, Valuation, programme.id))
        read = to_records(Valuation, ReaderTables(warehouse, EVERYTHING).valuations(programme.id))
        findings = findings_table(warehouse, programme.id).set_index("finding")
    return Valued(_named(written), _named(read), findings)


def _named(lines: list[Valuation]) -> dict[tuple[str, str], Valuation]:
    names = [(line.subject, line.item) for line in lines]
    assert len(set(names)) == len(names), "an item stands once in its subject"
    return dict(zip(names, lines, strict=True))


def problems(folder: Path) -> list[Any]:
    """Return the problems that a run finds in the declarations of a programme."""
    try:
        valued(folder)
    except DeclarationError as error:
        return list(error.problems)
    return []
