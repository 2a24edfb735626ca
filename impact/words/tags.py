"""Codes of languages: which are well formed (BCP 47), how they are written, and what a reader of one is shown.

What is checked is the form, not that anybody speaks it: the register of subtags changes every year.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?P<script>-[a-z]{4})?(?P<region>-(?:[a-z]{2}|\d{3}))?"
    r"(?P<rest>(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wy-z\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?)",
    re.IGNORECASE,
)
"""A language of two or three letters, a script of four, a region, variants, extensions and what is agreed privately."""
HOW = "a code of BCP 47 such as it, en, de, sl or de-AT: two or three letters, then what narrows it, after hyphens"


def canonical(code: str) -> str:
    """Return a code of a language as it is written: ``de-at`` is ``de-AT``, ``SR-latn`` is ``sr-Latn``.

    Raises
    ------
    ValueError
        If it is no code; says what one looks like.

    Examples
    --------
    >>> canonical("DE-at"), canonical("sr-latn-RS"), canonical("sl-ROZAJ")
    ('de-AT', 'sr-Latn-RS', 'sl-rozaj')
    """
    parts = TAG.fullmatch(code)
    if parts is None:
        meant = code.replace("_", "-")
        hint = f"; write {canonical(meant)}" if meant != code and TAG.fullmatch(meant) else ""
        raise ValueError(f"'{code}' is no code of a language; expected {HOW}{hint}")
    script, region = parts["script"] or "", parts["region"] or ""
    return parts["language"].lower() + script.title() + region.upper() + parts["rest"].lower()


def nearest(texts: Mapping[str, str], language: str) -> str | None:
    """Return the language of the texts that a reader of another one is shown as its own; None if there is none.

    A reader of ``de-AT`` reads ``de``, and one of ``de`` reads ``de-AT`` where nothing nearer is there.

    Examples
    --------
    >>> nearest({"de": "Stunden", "it": "Ore"}, "de-AT"), nearest({"de-CH": "Stunden"}, "de")
    ('de', 'de-CH')
    >>> nearest({"it": "Ore"}, "en") is None
    True
    """
    parts = language.split("-")
    wider = ["-".join(parts[:end]) for end in range(len(parts), 0, -1)]
    narrower = (code for code in texts if code.split("-")[0] == parts[0])
    return next((code for code in wider if code in texts), next(narrower, None))
