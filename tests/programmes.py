"""Small programmes for tests, made from the template that ``impact init`` copies."""

from __future__ import annotations

import shutil
from pathlib import Path

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
