"""Read the catalogues of this room: with libyaml where it is there, which is as safe and ten times as fast."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def catalogue_files(folder: str) -> Iterator[Any]:
    """Yield what stands in each catalogue of a folder beside this module, in order of name."""
    for path in sorted((files("impact.words") / folder).iterdir(), key=lambda path: path.name):
        if path.name.endswith(".yaml"):
            yield yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - safe, both of them
