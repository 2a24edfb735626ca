"""Packages that add to the engine, as they lie installed; and what the engine remembers of its words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from impact.words import catalogue, read, sentences

CACHES = (
    *(read.added_languages, sentences.sentences, sentences.templates, sentences._marks),
    *(catalogue.catalogue, catalogue.words_in),
)


def forget_words() -> None:
    """Have the words read anew, with those that packages and further languages add."""
    for cache in CACHES:
        cache.cache_clear()


def package(site: Path, files: Mapping[str, str], points: str) -> Path:
    """Write a package's files, by path, and what its wheel says of its entry points; return the folder for the path."""
    about = site / "tiny-1.0.dist-info"
    described = {"METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n", "entry_points.txt": points}
    about.mkdir(parents=True)
    for path, text in {**{f"{about.name}/{name}": text for name, text in described.items()}, **files}.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
    return site
