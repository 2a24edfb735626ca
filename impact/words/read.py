"""Read the catalogues of this room: with libyaml where it is there, which is as safe and ten times as fast.

Files of ``app/`` and ``sentences/`` hold both languages of the house side by side: ``key: {it: …, en: …}``. A further
language is one file, ``languages/<code>.yaml``, with ``marks`` (see :data:`impact.words.numbers.MARKS`), ``app`` and
``sentences``, each ``key: text``; the code is one that Unicode's locale data know, and ``app`` says at least what the
language calls itself (``language.<code>``). What the file does not say yet is said in English, marked as English. An
installed package adds texts of its own by an entry point ``impact.words``, a package with the same folders.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal, TypeAlias, TypedDict

import yaml

from impact.words.languages import FALLBACK, LANGUAGES, Language

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NAME = "language."
"""Begins the keys of what languages call themselves, the same in every language: their files bring it."""
FOLDER: Traversable = files("impact.words")


Entry: TypeAlias = "str | dict[str, str]"
"""A text, or its two forms, ``one`` and ``many``; sentences have a single one."""


class AddedLanguage(TypedDict):
    """What the file of a further language holds."""

    marks: list[str]
    app: dict[str, Entry]
    sentences: dict[str, Entry]


def texts_of(catalogue: Literal["app", "sentences"]) -> dict[str, dict[str, Entry]]:
    """Return every key of a catalogue with its text by language."""
    texts: dict[str, dict[str, Entry]] = {}
    for folder in _folders():
        for path in _catalogues(folder / catalogue):
            added_texts = _load(path)
            _refuse_known(texts.keys() & added_texts.keys(), folder)
            texts |= added_texts
    for language, added in added_languages().items():
        for key, text in added[catalogue].items():
            is_name = key.startswith(NAME) and key not in texts
            said = dict.fromkeys(LANGUAGES, text) if is_name else texts.get(key, {})
            texts[key] = {**said, language: text}
        _refuse_unknown(texts, language)
    return texts


def interface_languages() -> tuple[Language, ...]:
    """Return the languages that readers can have: the two of the house, then those that have a file."""
    return (*LANGUAGES, *added_languages())


def _refuse_unknown(texts: dict[str, dict[str, Entry]], language: str) -> None:
    unknown = sorted(key for key, said in texts.items() if FALLBACK not in said)
    if unknown:
        raise ValueError(f"languages/{language}.yaml has texts for what is never said: {', '.join(unknown)}")


def _folders() -> Iterator[Traversable]:
    """Yield the engine's folder, and those of packages that register theirs under ``impact.words``."""
    yield FOLDER
    for point in sorted(entry_points(group="impact.words"), key=lambda point: point.name):
        yield files(point.module)


def _refuse_known(keys: set[str], folder: Traversable) -> None:
    if keys:
        raise ValueError(f"{folder.name} has texts for what is said already: {', '.join(sorted(keys))}")


@functools.cache
def added_languages() -> dict[str, AddedLanguage]:
    """Return what the files of further languages hold, by language."""
    return {path.name.removesuffix(".yaml"): _load(path) for path in _catalogues(FOLDER / "languages")}


def _catalogues(folder: Traversable) -> list[Traversable]:
    """Return the YAML files of a folder in the order of their names; none where there is no folder."""
    if not folder.is_dir():
        return []
    paths = [path for path in folder.iterdir() if path.name.endswith(".yaml")]
    return sorted(paths, key=lambda path: path.name)


def catalogues_hash() -> str:
    """Return a hash of all that the catalogues hold, those of further languages and of installed packages included."""
    digest = hashlib.sha256()
    for folder in _folders():
        for catalogue in ("app", "sentences", "languages"):
            for path in _catalogues(folder / catalogue):
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _load(path: Traversable) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - safe, both of them
