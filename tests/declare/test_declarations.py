"""Declarations: schemas generated from the models, and facts that stand in their documents word for word."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from impact.declare import check_programme, load_programme, shipped
from impact.declare.load import FILES, OPTIONAL
from impact.declare.schemas import json_schemas
from impact.declare.yaml_file import read_yaml

PROGRAMMES = sorted(path.parent for path in shipped("data").glob("*/programme.yaml"))
DOCUMENTS = os.environ.get("IMPACT_DOCUMENTS", "")


def test_committed_schemas_are_those_of_the_models() -> None:
    for name, schema in json_schemas().items():
        committed = json.loads((shipped("schemas") / "json" / name).read_text(encoding="utf-8"))
        assert committed == json.loads(json.dumps(schema)), (
            f"run: python -m impact.declare.schemas schemas/json ({name})"
        )


@pytest.mark.parametrize("folder", [*PROGRAMMES, shipped("schemas") / "template"], ids=lambda path: path.name)
def test_shipped_programmes_hold_together_and_pass_the_schemas(folder: Path) -> None:
    assert check_programme(load_programme(folder)) == []
    for name, schema in json_schemas().items():
        file = name.replace(".schema.json", ".yaml")
        if file not in FILES:  # a portfolio is of several programmes
            continue
        if file in OPTIONAL and not (folder / file).exists():
            continue
        data, _ = read_yaml(folder / file, name)
        jsonschema.validate(data, schema)


def test_the_shipped_portfolio_passes_its_schema() -> None:
    data, _ = read_yaml(shipped("data") / "portfolio.yaml", "portfolio.yaml")
    jsonschema.validate(data, json_schemas()["portfolio.schema.json"])


ELSEWHERE = ("nsw", "peterborough", "educate_girls")
"""Programmes without documents there: microdata, and contracts whose quotes tests/reference/test_value_quotes.py holds."""


def plain(text: str) -> str:
    """Join line breaks and end-of-line hyphens, fold white space."""
    return re.sub(r"\s+", " ", re.sub(r"-\s*\n\s*", "-", text.replace("\u00ad", "")))


@pytest.mark.skipif(
    not DOCUMENTS, reason="set IMPACT_DOCUMENTS to the folder with the programmes' documents (not shipped)"
)
def test_every_quote_stands_in_a_document(subtests: pytest.Subtests) -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path(DOCUMENTS).glob("*.txt"))]
    whole = " ".join(variant for text in texts for variant in (plain(text), re.sub(r"\s+", " ", text)))
    for folder in (path for path in PROGRAMMES if path.name not in ELSEWHERE):
        with subtests.test(folder.name):
            quotes = list(quotes_of(folder))
            assert len(quotes) > 10
            assert [quote for quote in quotes if re.sub(r"\s+", " ", quote) not in whole] == []


def quotes_of(folder: Path) -> Iterator[str]:
    for path in sorted((folder / "raw").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as handle:
            yield from (row["quote"] for row in csv.DictReader(handle) if row.get("quote"))


@pytest.mark.parametrize("script", ["wecare/make_synthetic.py", "milano_sei_laltro/make_synthetic.py"])
def test_synthetic_data_come_from_their_scripts(tmp_path: Path, script: str) -> None:
    """Run in a copy: the files come out byte for byte as they are committed."""
    source = shipped("data") / script
    copy = tmp_path / source.parent.name
    (copy / "raw").mkdir(parents=True)
    for path in source.parent.glob("*.py"):
        (copy / path.name).write_bytes(path.read_bytes())
    for path in (source.parent / "raw").glob("*.csv"):
        (copy / "raw" / path.name).write_bytes(path.read_bytes())
    synthetic = {s.file for s in load_programme(source.parent).sources if s.provenance.kind == "synthetic"}
    for name in synthetic:
        (copy / name).unlink(missing_ok=True)
    subprocess.run([sys.executable, str(copy / source.name)], check=True, capture_output=True)
    for name in synthetic:
        assert (copy / name).read_bytes() == (source.parent / name).read_bytes(), name
