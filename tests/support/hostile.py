"""A programme with markup in every text that a reader may see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from impact.declare import load_programme
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.programmes import indicator, written

HOSTILE = "<script>alert('x')</script><b>"
PERSONS = 48


def hostile_database(folder: Path) -> Path:
    """Run the programme into a database."""
    made = written(folder / "made", _rows(), [_indicator()], person="person")
    _everywhere(made / "programme.yaml", ("title", "summary", "territory", "assumption"))
    (made / "claims.yaml").write_text(json.dumps({"claims": [_claim()]}))
    sources = yaml.safe_load((made / "sources.yaml").read_text())
    for source in sources["sources"]:
        source["provenance"] |= {
            "title": HOSTILE,
            "publisher": HOSTILE,
            "licence": HOSTILE,
            "url": "javascript:alert(1)",
        }
    (made / "sources.yaml").write_text(yaml.safe_dump(sources))
    with Warehouse(folder / "made.duckdb") as warehouse:
        run_programme(load_programme(made), warehouse)
    return folder / "made.duckdb"


def _rows() -> pd.DataFrame:
    half = PERSONS // 2
    return pd.DataFrame({"person": [f"{HOSTILE}{i}" for i in range(PERSONS)], "territory": [HOSTILE] * half + ["x"] * half,
                         "y": range(PERSONS)})  # fmt: skip


def _indicator() -> dict[str, Any]:
    return indicator("n", title=HOSTILE, scope=["territory"], unit=HOSTILE, note=HOSTILE)


def _claim() -> dict[str, Any]:
    stated = {"value": 2, "origin": {"note": HOSTILE, "quote": HOSTILE}}
    count = {"count": {"contract": "rows"}}
    return {"id": "c", "title": HOSTILE, "level": "meso", "unit": HOSTILE, "stated": stated, "recompute": count}


def _everywhere(path: Path, names: tuple[str, ...]) -> None:
    """Put markup into every field of these names."""

    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: HOSTILE if key in names else changed(inner) for key, inner in value.items()}
        return [changed(inner) for inner in value] if isinstance(value, list) else value

    path.write_text(yaml.safe_dump(changed(yaml.safe_load(path.read_text())), sort_keys=False))
