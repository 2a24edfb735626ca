"""The languages of texts that people read: the two of the catalogues, and those that a file beside them adds."""

from __future__ import annotations

from typing import Literal

Language = Literal["it", "en"]
LANGUAGES: tuple[Language, ...] = ("it", "en")
