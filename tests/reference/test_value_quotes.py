"""What the two bond programmes quote stands in the records that they name, word for word or as a figure."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from impact.declare import shipped
from tests.support.references import value_reference

BONDS = ("peterborough", "educate_girls")


def quotes(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the record, the documents and the words of every quote of a programme."""
    for path in sorted(folder.glob("*.yaml")):
        yield from _origins(yaml.safe_load(path.read_text(encoding="utf-8")))
    for path in sorted((folder / "raw").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            yield from ((row["place"], row["document"], row["quote"]) for row in csv.DictReader(file) if row["quote"])


def _origins(declared: Any) -> Iterator[tuple[str, str, str]]:
    children = declared.values() if isinstance(declared, dict) else declared if isinstance(declared, list) else ()
    if isinstance(declared, dict) and isinstance(declared.get("quote"), str):
        yield str(declared["page"]), str(declared["document"]), declared["quote"]
    for child in children:
        yield from _origins(child)


def stated(record: Any) -> Iterator[str | float]:
    """Yield every text and every figure of a record."""
    if isinstance(record, dict | list):
        for child in record.values() if isinstance(record, dict) else record:
            yield from stated(child)
    elif isinstance(record, str | int | float) and not isinstance(record, bool):
        yield record


def is_in(quote: str, record: dict[str, Any]) -> bool:
    found = list(stated(record))
    is_figure = quote.replace(".", "", 1).isdigit()
    if is_figure and float(quote) in [float(each) for each in found if not isinstance(each, str)]:
        return True
    return any(quote in each for each in found if isinstance(each, str))


@pytest.mark.parametrize("bond", BONDS)
def test_what_is_quoted_stands_in_its_record(bond: str, subtests: pytest.Subtests) -> None:
    found = list(quotes(shipped("data") / bond))
    assert len(found) > 5
    for place, documents, quote in found:
        with subtests.test(place=place, quote=quote):
            record = value_reference(place)
            assert is_in(quote, record), f"{quote!r} is in neither the texts nor the figures of {place}"
            assert all(each in record["source"] for each in documents.split(", "))
