"""Read the catalogues of this room: with libyaml where it is there, which is as safe and ten times as fast.

Files of ``app/`` and ``sentences/`` hold both languages of the house side by side: ``key: {it: …, en: …}``. A further
language is one file, ``languages/<code>.yaml``, with ``marks`` (see :data:`impact.words.numbers.MARKS`), ``app`` and
``sentences``, each ``key: text``; the code is one that Unicode's locale data know.
"""

from __future__ import annotations

import functools
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FOLDER: Traversable = files("impact.words")


def texts_of(part: str) -> dict[str, dict[str, Any]]:
    """Return every key of ``app`` or ``sentences`` with its text by language."""
    texts: dict[str, dict[str, Any]] = {}
    for catalogue in _read(FOLDER / part).values():
        texts |= catalogue
    for language, added in added_languages().items():
        for key, text in added[part].items():
            texts[key] = texts[key] | {language: text}
    return texts


@functools.cache
def added_languages() -> dict[str, dict[str, Any]]:
    """Return what the files of further languages hold, by language."""
    return _read(FOLDER / "languages")


def _read(folder: Traversable) -> dict[str, Any]:
    paths = sorted(folder.iterdir(), key=lambda path: path.name) if folder.is_dir() else []
    return {path.name.removesuffix(".yaml"): _load(path) for path in paths if path.name.endswith(".yaml")}


def _load(path: Traversable) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - safe, both of them
