"""An invented programme of any size, seeded: persons at two waves, columns that cut them, and many indicators."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import yaml

from impact.declare.load import Programme, load_programme

PROGRAMME = "made"
WAVES = ("before", "after")
CUTS = {f"cut{number}": 2 + number % 5 for number in range(1, 10)}
"""Nine columns that cut, of 2 to 6 codes."""
VALUES = tuple(f"value{number}" for number in range(1, 51))
CLUSTERS, STRATA = 500, 10


def declared(name: str, column: str, **fields: Any) -> dict[str, Any]:
    """Declare an indicator: the mean of a column after."""
    indicator = {"id": name, "title": name, "node": "outcome", "level": "micro", "unit": "points"}
    indicator |= {"direction": "increase", "contract": "rows", "formula": {"kind": "mean", "column": column}}
    return indicator | {"ex_ante": {"baseline": {"wave": WAVES[0]}}, "ex_post": {"wave": WAVES[1]}} | fields


def write_declarations(folder: Path, indicators: Sequence[Mapping[str, Any]]) -> None:
    """Write a programme whose rows lie in the database, see :func:`write_rows`."""
    columns: dict[str, Any] = {"person": {"type": "text", "required": True}}
    columns["wave"] = {"type": "code", "codes": list(WAVES), "required": True}
    columns |= {name: {"type": "code", "codes": [f"c{code}" for code in range(size)]} for name, size in CUTS.items()}
    columns |= {name: {"type": "number"} for name in ("weight", *VALUES)}
    columns |= {name: {"type": "text"} for name in ("cluster", "stratum")}
    columns["arm"] = {"type": "code", "codes": ["0", "1"]}
    contract = {"id": "rows", "title": "Rows", "unit_of_analysis": "person and wave", "key": ["person", "wave"]}
    contract |= {"person": "person", "wave": "wave", "columns": columns}
    node = {"id": "outcome", "stage": "outcome", "level": "micro", "horizon": "short", "title": "Outcome"}
    roles = ("baseline", "end_line")
    waves = [{"id": wave, "title": wave, "date": str(2020 + i), "role": roles[i]} for i, wave in enumerate(WAVES)]
    header = {"id": PROGRAMME, "title": "Invented", "summary": "Invented for a benchmark", "territory": "none"}
    header |= {"period": {"start": "2020", "end": "2021"}, "waves": waves}
    header |= {"theory_of_change": {"nodes": [node], "links": []}}
    provenance = {"title": "Invented", "kind": "synthetic", "generator": "benchmarks/speed/made.py"}
    source = {"id": "answers", "file": "raw/answers.csv", "contract": "rows", "provenance": provenance}
    files = {"programme": header, "contracts": {"contracts": [contract]}, "sources": {"sources": [source]}}
    for name, content in (files | {"indicators": {"indicators": list(indicators)}}).items():
        write_yaml(folder / f"{name}.yaml", content)


def write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    """Write a declaration; what stands twice is written twice, for aliases are refused."""
    plain = json.loads(json.dumps(content))
    path.write_text(yaml.safe_dump(plain, sort_keys=False), encoding="utf-8")


def write_rows(path: Path, rows: int) -> None:
    """Write the good rows of the contract into a database: half of the persons are treated, and gain."""
    cuts = ", ".join(
        f"'c' || CAST(hash(i * 31 + {seed}) % {size} AS VARCHAR) AS {name}"
        for seed, (name, size) in enumerate(CUTS.items())
    )
    values = ", ".join(_value(name, seed) for seed, name in enumerate(VALUES))
    treated = "hash(i * 7 + 5) % 2"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE SCHEMA {PROGRAMME}")
        connection.execute(
            f"CREATE TABLE {PROGRAMME}.rows AS SELECT 'P' || lpad(CAST(i AS VARCHAR), 8, '0') AS person,"
            f" CASE t WHEN 0 THEN '{WAVES[0]}' ELSE '{WAVES[1]}' END AS wave, {cuts},"
            f" 0.5 + (hash(i * 13 + 1) % 1000) / 500.0 AS weight, {values},"
            f" 'K' || CAST(i % {CLUSTERS} AS VARCHAR) AS cluster, 'S' || CAST(i % {STRATA} AS VARCHAR) AS stratum,"
            f" CAST({treated} AS VARCHAR) AS arm, 'rows' AS _source, i * 2 + t AS _row"
            f" FROM range({rows // 2}) persons(i), range(2) waves(t)"
        )


def read(folder: Path) -> Programme:
    """Return the programme of a folder."""
    return load_programme(folder)


def _value(name: str, seed: int) -> str:
    """Write a column: of two, one is a scale of five points and one a number; three in a hundred are missing."""
    uniform = f"(hash(i * 100 + t * 50 + {seed}) % 1000003) / 1000003.0"
    person = f"(hash(i * 3 + {seed}) % 1000) / 1000.0"
    value = (
        f"1 + floor(5 * {uniform})" if seed % 2 else f"100 * ({uniform} + {person} + 0.1 * t * (hash(i * 7 + 5) % 2))"
    )
    missing = f"hash(i * 100 + t * 50 + {seed + 7919}) % 100 < 3"
    return f"CASE WHEN {missing} THEN NULL ELSE CAST({value} AS DOUBLE) END AS {name}"
