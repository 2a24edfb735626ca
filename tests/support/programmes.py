"""Small programmes for tests: made from the template that ``impact init`` copies, or written around a frame."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from impact.declare import shipped


def template(folder: Path, name: str = "sample") -> Path:
    """Copy the template into a folder under a name of its own."""
    target = folder / name
    shutil.copytree(shipped("schemas") / "template", target)
    for path in target.glob("*.yaml"):
        path.write_text(path.read_text(encoding="utf-8").replace("template_programme", name), encoding="utf-8")
    return target


def edit(path: Path, old: str, new: str) -> None:
    """Replace a piece of a file that must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def indicator(name: str, design: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Declare an indicator: by default the mean of ``y``, looked at in the year 2020."""
    after = fields.pop("ex_post", {"period": "2020"})
    declared = {
        "id": name,
        "title": name,
        "node": "outcome",
        "level": "micro",
        "unit": "points",
        "direction": "increase",
    }
    declared |= {"contract": "rows", "formula": {"kind": "mean", "column": "y"}, **fields}
    return declared | {"ex_post": after | ({"design": design} if design else {})}


def contract(name: str, frame: pd.DataFrame, *, key: Sequence[str], **fields: Any) -> dict[str, Any]:
    """Declare the contract of a frame: its columns are integers, numbers, else text; ``fields`` add to it."""
    kinds = {"i": "integer", "f": "number"}
    required = (*key, fields.get("person"), fields.get("wave"))
    columns = {
        str(column): {"type": kinds.get(frame[column].dtype.kind, "text"), "required": column in required}
        for column in frame.columns
    }
    declared = {"id": name, "title": name.capitalize(), "unit_of_analysis": "row", "key": list(key)}
    return declared | {"columns": columns} | {name: value for name, value in fields.items() if value}


def written(
    folder: Path,
    frame: pd.DataFrame,
    indicators: Sequence[dict[str, Any]],
    *,
    key: Sequence[str] = ("person",),
    person: str | None = "person",
    wave: str | None = None,
    waves: Sequence[dict[str, Any]] = (),
    **evaluation: Any,
) -> Path:
    """Write a programme folder for a frame: contracts from its columns (integers, numbers, else text), then the rest.

    ``evaluation`` is what ``evaluation.yaml`` holds; without it there is no such file.
    """
    declared = contract("rows", frame, key=key, person=person, wave=wave)
    files = {"evaluation": evaluation} if evaluation else {}
    return programme_folder(folder, {"data": (declared, frame)}, indicators, waves=waves, **files)


def programme_folder(
    folder: Path,
    tables: Mapping[str, tuple[dict[str, Any], pd.DataFrame]],
    indicators: Sequence[dict[str, Any]],
    *,
    waves: Sequence[dict[str, Any]] = (),
    codelists: Sequence[dict[str, Any]] = (),
    **files: dict[str, Any],
) -> Path:
    """Write a programme folder; ``tables`` are the contract and the rows of each source, ``files`` further declarations."""
    levels = {"outcome": "micro"}
    for declared in indicators:
        levels.setdefault(declared["node"], declared["level"])
    nodes = [
        {"id": node, "stage": "outcome", "level": level, "horizon": "short", "title": node.capitalize()}
        for node, level in levels.items()
    ]
    links = [{"from": "outcome", "to": node, "assumption": "Made"} for node in levels if node != "outcome"]
    header = {"id": "made", "title": "Made", "summary": "Made for a test", "territory": "none", "waves": list(waves)}
    header |= {"period": {"start": "1900", "end": "2020"}, "theory_of_change": {"nodes": nodes, "links": links}}
    provenance = {"title": "Made", "kind": "synthetic", "generator": "the test"}
    sources = [
        {"id": source, "file": f"raw/{source}.csv", "contract": declared["id"], "provenance": provenance}
        for source, (declared, _) in tables.items()
    ]
    contracts = {"contracts": [declared for declared, _ in tables.values()]}
    contracts |= {"codelists": list(codelists)} if codelists else {}
    written_files = {"programme": header, "contracts": contracts, "sources": {"sources": sources}}
    written_files |= {"indicators": {"indicators": list(indicators)}} | files
    (folder / "raw").mkdir(parents=True)
    for name, content in written_files.items():
        plain = json.loads(json.dumps(content))  # what stands twice is written twice: the loader takes no aliases
        text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, default_flow_style=None)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    for source, (_, frame) in tables.items():
        frame.to_csv(folder / "raw" / f"{source}.csv", index=False)
    return folder
