"""A framework that two small programmes share: their persons, hours, jobs and costs are few enough for sums by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from tests.support.programmes import indicator, programme_folder

CONTRACT: dict[str, Any] = {
    "id": "clients",
    "title": "Clients",
    "unit_of_analysis": "client",
    "key": ["client"],
    "columns": {
        "client": {"type": "text", "required": True},
        "hours": {"type": "number", "min": 0},
        "cost": {"type": "number", "min": 0},
        "job": {"type": "integer", "min": 0, "max": 1},
    },
}
SHARED: list[dict[str, Any]] = [
    {
        "id": "in_work",
        "unit": "share",
        "node": "work",
        "formula": {"kind": "proportion", "of": {"column": "job", "equals": 1}},
    },
    {"id": "hour_cost", "unit": "euro", "formula": {"kind": "ratio", "numerator": "cost", "denominator": "hours"}},
    {"id": "hours_given", "unit": "hours", "formula": {"kind": "sum", "column": "hours"}},
    {"id": "clients_met", "unit": "clients", "formula": {"kind": "count_distinct", "column": "client"}},
    {"id": "mean_hours", "unit": "hours", "formula": {"kind": "mean", "column": "hours"}},
]
WORK = {"id": "work", "stage": "outcome", "level": "micro", "horizon": "long", "title": "Work"}
FRAMEWORK: dict[str, Any] = {
    "id": "common",
    "version": "1.0",
    "title": "Common",
    "publisher": "The test",
    "source": {"note": "made"},
    "nodes": [WORK],
    "required": {"contracts": ["clients"], "indicators": ["in_work", "hour_cost"]},
}
FIRST = pd.DataFrame(
    {"client": list("abcd"), "hours": [10, 20, 30, 40], "cost": [100, 300, 200, 400], "job": [1, 0, 0, 0]}
)
SECOND = pd.DataFrame(
    {"client": list("pqrstu"), "hours": [1, 2, 3, 4, 5, 5], "cost": [50, 60, 70, 80, 90, 50], "job": [1, 1, 1, 0, 1, 1]}
)
"""In the first 100 hours for 1,000 euro and 1 of 4 in work; in the second 20 hours for 400 euro and 5 of 6 in work."""


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write a declaration."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = json.loads(json.dumps(content))
    path.write_text(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), encoding="utf-8")


def framework(
    root: Path, contract: Mapping[str, Any] = CONTRACT, shared: Sequence[dict[str, Any]] = SHARED, **file: Any
) -> Path:
    """Write the framework into ``frameworks/``, some of its files otherwise, and return its folder."""
    header = FRAMEWORK | file
    folder = root / "frameworks" / str(header["id"])
    write(folder / "framework.yaml", header)
    if contract:
        write(folder / "contracts.yaml", {"contracts": [contract]})
    declared = [_shared(fields) for fields in shared]
    if declared:
        write(folder / "indicators.yaml", {"indicators": declared})
    return folder


def _shared(fields: dict[str, Any]) -> dict[str, Any]:
    return {"title": fields["id"], "level": "micro", "direction": "increase", "contract": "clients"} | fields


def binding(name: str, **fields: Any) -> dict[str, Any]:
    """Return how a programme binds an indicator: to the year 2020, on its own node where none is shared."""
    shared = next((one for one in SHARED if one["id"] == name), {})
    node = {} if "node" in shared else {"node": "outcome"}
    return node | {"ex_post": {"period": "2020"}} | fields


def programme(
    root: Path, name: str, frame: pd.DataFrame, bind: Mapping[str, dict[str, Any]] | Sequence[str], **use: Any
) -> Path:
    """Write a programme that uses the framework, and return its folder; the node of the framework is linked."""
    bound = dict(bind) if isinstance(bind, Mapping) else {one: binding(one) for one in bind}
    folder = programme_folder(
        root / name,
        {"data": (CONTRACT, frame)},
        [indicator("own", contract="clients", formula={"kind": "mean", "column": "hours"})],
    )
    header = yaml.safe_load((folder / "programme.yaml").read_text("utf-8"))
    header |= {"id": name, "title": name.capitalize()}
    header["use"] = [{"framework": "common", "version": "1.0", "bind": bound} | use]
    if "in_work" in bound:
        header["theory_of_change"]["links"] = [{"from": "outcome", "to": "work", "assumption": "Made"}]
    write(folder / "programme.yaml", header)
    write(folder / "contracts.yaml", {"contracts": []})
    return folder
