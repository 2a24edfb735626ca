"""The typeface Inter: a file beside the app, a part of the document in a report that stands by itself."""

from __future__ import annotations

import base64
import functools
from pathlib import Path

ASSETS = Path(__file__).parents[1] / "assets"
LATIN = "vendor/inter-latin.woff2"
PRELOAD = f'<link rel="preload" href="/assets/{LATIN}" as="font" type="font/woff2" crossorigin>'
"""Asks for the file with the page, before a style sheet has been read that names it."""
EXTENDED = "inter-latin-ext"


@functools.cache
def style_alone() -> str:
    """Return the app's style for a document that fetches nothing: the Latin letters within, others by the fallback."""
    letters = base64.b64encode((ASSETS / LATIN).read_bytes()).decode("ascii")
    faces = (ASSETS / "type.css").read_text(encoding="utf-8").splitlines()
    within = [line.replace(LATIN, f"data:font/woff2;base64,{letters}") for line in faces if EXTENDED not in line]
    return "\n".join([*within, (ASSETS / "app.css").read_text(encoding="utf-8")])
