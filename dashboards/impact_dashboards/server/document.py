"""A document that stands by itself, such as the report: HTML that needs nothing but itself, or printed to PDF."""

from __future__ import annotations

import html
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from impact.drawing.markup import Element, h, to_html
from impact.errors import UsageError
from impact.files import check_apart, check_place, copy_file, write_file
from impact.publish.published import ReaderTables
from impact.words.languages import Language
from impact_dashboards.page.address import Address
from impact_dashboards.page.view import View
from impact_dashboards.server.app import today
from impact_dashboards.server.reader import Reader
from impact_dashboards.server.typeface import style_alone

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-pdf-header-footer")
DROPPED = frozenset({"data-live", "data-plot", "data-plotly", "data-words", "data-at-once", "data-png", "download"})


def write_document(db: str | Path, out: Path, what: str, make: Callable[[], str]) -> None:
    """Write a document as HTML or PDF, by the ending of the file's name.

    Parameters
    ----------
    db
        The database that it is made from.
    out
        The file; it ends with ``.html`` or ``.pdf``.
    what
        What the document is called in errors, such as ``report``.
    make
        Returns the HTML; called once everything else is known to be right.

    Raises
    ------
    UsageError
        If the file is neither or is the database, or a PDF is asked for and there is no browser to print it.
    """
    check_place(out, ".html", ".pdf")
    check_apart(out, Path(db), what)
    browser = _browser() if out.suffix.lower() == ".pdf" else ""
    text = make()
    if not browser:
        write_file(out, text)
        return
    _print(browser, text, out, what)


@contextmanager
def published_view(db: str | Path, programme: str, address: Address) -> Iterator[View]:
    """Give what an address asks for, of all that is published; it can be read until the block ends.

    Raises
    ------
    UsageError
        If nothing is published of the programme.
    """
    edition = Reader(db).edition()
    with edition.open() as warehouse:
        published = ReaderTables(warehouse)
        if programme not in published.titles:
            programmes = ", ".join(published.titles)
            raise UsageError(f"nothing is published of a programme '{programme}'; the database holds {programmes}")
        yield View(published, published.words(address.language), address, today(), version=edition.version)


def document(title: str, language: Language, body: Element | str) -> str:
    """Return a document around its body, with the style of the app in it."""
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style_alone()}</style></head>'
        f"<body>{to_html(body)}</body></html>\n"
    )


def synthetic_warning(view: View) -> Element:
    """Return the warning that stands above synthetic data."""
    return h("p", h("strong", view.words("banner.synthetic")), class_="report-banner", role="note")


def walk(node: Element | str) -> Iterator[Element]:
    """Yield an element and all within it."""
    if isinstance(node, Element):
        yield node
        for child in node.children:
            yield from walk(child)


def alone(node: Element | str, leads: Callable[[str], str]) -> Element | str:
    """Return a tree that stands by itself: nothing in it waits for a script, nothing is folded away.

    Parameters
    ----------
    node
        A tree as the app draws it.
    leads
        Returns where a link of the app leads in the document; nothing where it has no such place.
    """
    if isinstance(node, str):
        return node
    attributes = {name: value for name, value in node.attributes.items() if name not in DROPPED}
    children = tuple(alone(child, leads) for child in node.children)
    if node.tag == "a":
        href = leads(str(attributes.pop("href", "")))
        if href:
            attributes["href"] = href
    if node.tag == "details":
        attributes["open"] = True
    return Element(node.tag, attributes, children)


def _browser() -> str:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise UsageError(
            "a PDF is printed by Chromium, Chrome or Edge, and none is on the path; write .html and print that"
        )
    return browser


def _print(browser: str, text: str, out: Path, what: str) -> None:
    """Print a document with a browser that reaches nothing but the document itself."""
    with tempfile.TemporaryDirectory(prefix="impact-print-") as folder:
        page, printed = Path(folder) / "page.html", Path(folder) / "page.pdf"
        write_file(page, text)
        command = [browser, *FLAGS, f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}", page.as_uri()]
        process = subprocess.run(command, capture_output=True, timeout=300, check=False)  # noqa: S603 - a browser found on the path
        if not printed.is_file():
            raise UsageError(
                f"{browser} did not print the {what}: {process.stderr.decode(errors='replace').strip()[-300:]}"
            )
        copy_file(printed, out)
