"""A small programme with needs and services, written out for a test."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

TERRITORIES = {"region": None, "north": "region", "south": "region", "town_a": "north", "town_b": "north"}
GROUPS = {"all": None, "older": "all", "carers": "all", "children": "all"}
THEMES = {"care": None, "work": None, "housing": None}
WAVES = [
    {"id": "before", "title": "Before", "date": "2020", "role": "baseline"},
    {"id": "after", "title": "After", "date": "2021", "role": "end_line"},
]
NEED = {"source": "documents", "document": "Test", "place": "1", "quote": "made for a test"}
SUPPLY = {"service": "Service", "document": "Test", "place": "1", "quote": "made for a test"}


def codelist(name: str, codes: dict[str, str | None]) -> dict[str, Any]:
    """Declare a codelist from codes and the code above each."""
    items = [{"code": code, "title": code.title()} | ({"parent": up} if up else {}) for code, up in codes.items()]
    return {"id": name, "title": name, "codes": items}


def needs(*rows: tuple[str, str, str], **columns: Sequence[Any]) -> pd.DataFrame:
    """Write needs from territory, theme and target group."""
    frame = pd.DataFrame(rows, columns=["territory", "theme", "target_group"])
    frame.insert(0, "need_id", [f"n{i}" for i in range(len(frame))])
    return frame.assign(**NEED).assign(**columns)


def services(*rows: tuple[str, str, str, str], **columns: Sequence[Any]) -> pd.DataFrame:
    """Write services from body, territory, theme and target group; '' is a body that is not named."""
    frame = pd.DataFrame(rows, columns=["organisation_id", "territory", "theme", "target_group"])
    frame.insert(0, "service_id", [f"s{i}" for i in range(len(frame))])
    return frame.assign(**SUPPLY).assign(**columns)


def mapped(name: str, measure: str = "coverage", /, **fields: Any) -> dict[str, Any]:
    """Declare an indicator that maps needs and supply; ``formula`` adds to its formula."""
    formula = {"kind": "territory_map", "measure": measure, "supply": "supply", **fields.pop("formula", {})}
    after = fields.pop("ex_post", {"period": "2021"})
    declared = {"id": name, "title": name, "node": "territory", "level": "macro", "unit": "share"}
    declared |= {"direction": "increase", "contract": "need", "formula": formula, "ex_post": after}
    return declared | fields


def programme(
    folder: Path,
    need: pd.DataFrame,
    supply: pd.DataFrame,
    indicators: Sequence[dict[str, Any]],
    *,
    territories: dict[str, str | None] = TERRITORIES,
    bodies: Sequence[str] = ("body_a", "body_b", "body_c"),
    waves: Sequence[dict[str, Any]] = WAVES,
    crosswalk: dict[str, str] | None = None,
) -> Path:
    """Write a programme folder with needs, services and the bodies that offer them."""
    node = {"id": "territory", "stage": "impact", "level": "macro", "horizon": "long", "title": "Territory"}
    header = {"id": "mapped", "title": "Mapped", "summary": "Made for a test", "territory": "none"}
    header |= {"period": {"start": "2020", "end": "2021"}, "waves": list(waves)}
    header |= {"theory_of_change": {"nodes": [node]}}
    lists = [codelist("territory", territories), codelist("theme", THEMES), codelist("target_group", GROUPS)]
    made = {"title": "Made", "kind": "synthetic", "generator": "the test"}
    sources = [
        {"id": f"{name}_rows", "file": f"raw/{name}.csv", "contract": name, "provenance": made}
        for name in ("organisation", "need", "supply")
    ]
    sources[2] |= {"crosswalk": crosswalk} if crosswalk else {}
    files = {
        "programme": header,
        "contracts": {"shared": ["organisation", "need", "supply"], "codelists": lists},
        "sources": {"sources": sources},
        "indicators": {"indicators": list(indicators)},
    }
    named = pd.DataFrame({"organisation_id": list(bodies), "name": list(bodies)})
    named = named.assign(kind="association", role="partner", document="Test", quote="made for a test")
    (folder / "raw").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        text = yaml.safe_dump(json.loads(json.dumps(content)), sort_keys=False, default_flow_style=None)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    for name, frame in (("organisation", named), ("need", need), ("supply", supply)):
        frame.to_csv(folder / "raw" / f"{name}.csv", index=False)
    return folder
