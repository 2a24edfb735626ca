"""Programmes that declare what linked data needs: made up for tests under example.org, never in the shipped folders."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from impact.declare.linked import Linked
from impact.publish.export.dossier import Dossier, dossier_of
from impact.publish.official.data_set import EVERY_OBSERVATION, Selection
from impact.publish.published import ReaderTables
from impact.publish.scope import OUTSIDE, Scope
from impact.store import Warehouse
from impact.store.snapshot import data_version, publish_snapshot
from impact.words import words_in
from impact.words.languages import Language
from tests.support.shipped import shipped_database

ROLES = {"funder": "1", "lead": "2"}
HOME = "https://impact.example.org/app"


def declared(stakeholders: dict[str, str]) -> dict[str, Any]:
    """Return what a programme of some stakeholders, with their roles, declares for every format of linked data."""
    return {
        "home": HOME,
        "cids": {"organisation": {"id": "https://example.org/org/region", "name": "Regione d'esempio & figli"}},
        "iati": {
            "activity": "XI-EXAMPLE-1-A",
            "reporting_org": {"ref": "XI-EXAMPLE-1", "type": "11", "name": "Regione d'esempio & figli"},
            "status": "4",
            "dates": "actual",
            "participants": {name: ROLES.get(role, "4") for name, role in stakeholders.items()},
            "countries": {"IT": 60, "FR": 40},
            "sectors": [{"code": "16010", "percentage": 75.5}, {"code": "15110", "percentage": 24.5}],
        },
        "dcat": {
            "profile": "DCAT-AP_IT",
            "themes": ["SOCI", "GOVE"],
            "frequency": "ANNUAL",
            "keywords": {"it": ["welfare"], "en": ["welfare", "social innovation"]},
            "publisher_identifier": "r_esempi",
            "holder": {"name": "Titolare d'esempio", "identifier": "t_esempi"},
        },
    }


PUBLISHED = {
    "publisher": "Regione d'esempio",
    "email": "dati@example.org",
    "licence": "https://example.org/licences/by-4.0",
}


def linked_database(factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the database of the shipped programmes, each of which declares all that linked data needs."""
    path = factory.mktemp("linked") / "linked.duckdb"
    shutil.copy(shipped_database(factory), path)
    return declare(path)


def declare(path: Path) -> Path:
    """Let every programme of a database declare all that linked data needs, and publish it."""
    with Warehouse(path) as warehouse:
        for programme, content in warehouse.rows("SELECT programme, content FROM impact.structure_mapping"):
            query = "SELECT stakeholder, role FROM impact.stakeholder WHERE programme = ?"
            stakeholders = dict(warehouse.rows(query, [programme]))
            if not stakeholders:
                row = [programme, 1, "region", "Region", "funder", ""]
                warehouse.connection.execute("INSERT INTO impact.stakeholder VALUES (?, ?, ?, ?, ?, ?)", row)
                stakeholders = {"region": "funder"}
            blocks = Linked.model_validate(declared(stakeholders))
            mapping = json.loads(content) | PUBLISHED | {"declared": blocks.model_dump(mode="json")}
            warehouse.connection.execute(
                "UPDATE impact.structure_mapping SET content = ? WHERE programme = ?", [json.dumps(mapping), programme]
            )
        publish_snapshot(warehouse)
    return path


def schema(*names: str) -> Path:
    """Return a schema of the reference data; the test is skipped where they are not there."""
    folder = os.environ.get("IMPACT_REFERENCE_DATA")
    path = Path(folder or "", "schemas", *names)
    if not folder or not path.is_file():
        pytest.skip(f"IMPACT_REFERENCE_DATA does not lead to schemas/{'/'.join(names)}")
    return path


def dossier(
    warehouse: Warehouse,
    programme: str,
    *,
    scope: Scope = OUTSIDE,
    language: Language = "it",
    selection: Selection = EVERY_OBSERVATION,
) -> Dossier:
    """Return a programme as a reader may have it."""
    published = ReaderTables(warehouse, scope)
    return dossier_of(published, programme, words_in(language), data_version(warehouse), selection)
