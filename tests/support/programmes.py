"""Small programmes for tests: made from the template that ``impact init`` copies, or written around a frame."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
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
    kinds = {"i": "integer", "f": "number"}
    columns = {
        str(name): {"type": kinds.get(frame[name].dtype.kind, "text"), "required": name in (*key, person, wave)}
        for name in frame.columns
    }
    contract = {"id": "rows", "title": "Rows", "unit_of_analysis": "row", "key": list(key), "columns": columns}
    contract |= {name: column for name, column in (("person", person), ("wave", wave)) if column}
    node = {"id": "outcome", "stage": "outcome", "level": "micro", "horizon": "short", "title": "Outcome"}
    header = {"id": "made", "title": "Made", "summary": "Made for a test", "territory": "none", "waves": list(waves)}
    header |= {"period": {"start": "1900", "end": "2020"}, "theory_of_change": {"nodes": [node]}}
    provenance = {"title": "Made", "kind": "synthetic", "generator": "the test"}
    source = {"id": "data", "file": "raw/data.csv", "contract": "rows", "provenance": provenance}
    files = {"programme": header, "contracts": {"contracts": [contract]}, "sources": {"sources": [source]}}
    files |= {"indicators": {"indicators": list(indicators)}} | ({"evaluation": evaluation} if evaluation else {})
    (folder / "raw").mkdir(parents=True)
    for name, content in files.items():
        plain = json.loads(json.dumps(content))  # what stands twice is written twice: the loader takes no aliases
        text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, default_flow_style=None)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    frame.to_csv(folder / "raw" / "data.csv", index=False)
    return folder
