"""The languages of the house, in which tables have columns and every text is; what readers can have is in `read`."""

from __future__ import annotations

from typing import TypeAlias

Language: TypeAlias = str
"""A code of BCP 47, as :func:`impact.words.tags.canonical` writes it."""
LANGUAGES: tuple[Language, ...] = ("it", "en")
FALLBACK: Language = "en"
"""What a reader gets where a language lacks a text, marked as what it is."""


class InLanguage(str):
    """A text in another language than the reader's: an element of a page says so, where the text stands alone.

    Parameters
    ----------
    text
        The text.
    language
        Which one it is in.
    """

    __slots__ = ("language",)

    language: Language

    def __new__(cls, text: str, language: Language) -> InLanguage:
        """Return the text with its language."""
        made = super().__new__(cls, text)
        made.language = language
        return made

    def __add__(self, more: str) -> InLanguage:
        """Return it with a mark behind, which is nobody's language."""
        return InLanguage(str(self) + more, self.language)
