"""The languages of texts that people read."""

from __future__ import annotations

from typing import Literal

Language = Literal["it", "en"]
LANGUAGES: tuple[Language, ...] = ("it", "en")
