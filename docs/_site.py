"""Copy together what the documentation site is made of: ``python docs/_site.py && python -m zensical build``.

The source is the Markdown of the repository. Pages, and the files they link to, go to ``build/pages`` as they lie, so
that a link is the same in the repository and on the site. Zensical, set up in ``zensical.toml``, makes ``build/site``
of them, with search, and stops at a link to a page or a heading that is not there; the menu is the list of
``docs/index.md``.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
STAGE = ROOT / "build" / "pages"
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


def pages() -> list[Path]:
    """Return the Markdown pages that are published."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("findings/*.md")])


def linked_files(page: Path) -> Iterator[Path]:
    """Return the files a page links to, outside its code blocks; a folder has no page of its own on a site."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in LINK.findall(text):
        file = (page.parent / target).resolve()
        if not file.is_file():
            raise SystemExit(f"docs/_site.py: {page.relative_to(ROOT)} links to {target}, which is no file")
        yield file


def stage() -> None:
    """Copy the pages and what they link to, each to its own place below ``build/pages``."""
    shutil.rmtree(STAGE, ignore_errors=True)
    for file in {file for page in pages() for file in (page, *linked_files(page))}:
        copy = STAGE / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


if __name__ == "__main__":
    stage()
