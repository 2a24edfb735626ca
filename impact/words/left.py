"""How many texts the file of a further language has yet, and which are left: ``python -m impact.words.left [CODE]``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Literal

from impact.words.languages import LANGUAGES, Language
from impact.words.read import interface_languages, texts_of

CATALOGUES: tuple[Literal["app", "sentences"], ...] = ("app", "sentences")


def left(language: Language) -> dict[Literal["app", "sentences"], list[str]]:
    """Return by catalogue the keys that a language lacks, and so are said in English."""
    return {name: [key for key, said in texts_of(name).items() if language not in said] for name in CATALOGUES}


def lines(names: Sequence[str]) -> Iterator[str]:
    """Yield a line for each language and catalogue; for languages that are named, the keys that are left too."""
    for language in names or interface_languages()[len(LANGUAGES) :]:
        for catalogue, keys in left(language).items():
            every = len(texts_of(catalogue))
            yield f"{language} {catalogue}: {every - len(keys)} of {every}"
            yield from (f"  {key}" for key in keys if names)


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lines(sys.argv[1:]))
