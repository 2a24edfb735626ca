"""Addresses: every view is one, filters included, and opened anew it reads the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from impact.publish.export import Format, all_formats, people, table_formats
from impact.publish.export.programme import ZIP
from impact.words.read import interface_languages


@dataclass(frozen=True)
class Ending:
    """What the end of an address asks for: a block in a format, or, packed, several tables of it as a ZIP."""

    form: Format
    packed: bool = False

    @property
    def media_type(self) -> str:
        """Of the file that is sent."""
        return "application/zip" if self.packed else self.form.media_type


def _endings() -> dict[str, Ending]:
    """Return what a block of a page can be had as, the longest ending first."""
    formats = (*all_formats().values(), people.FORMAT)
    single = {form.suffix: Ending(form) for form in formats if form.is_ready}
    packed = {f".{name}{ZIP}": Ending(form, packed=True) for name, form in table_formats().items()}
    return dict(sorted((single | packed).items(), key=lambda item: -len(item[0])))


ENDINGS: Mapping[str, Ending] = _endings()

MOST = 200
"""Filters that an address may hold."""


@dataclass(frozen=True)
class Address:
    """A place in the app: ``/<language>/<page>/<programme>/<item>?<filters>``.

    Parameters
    ----------
    language
        The first piece of the path: ``it``, ``en``, or one that a file adds.
    page
        Its first part, such as ``portfolio``.
    path
        What follows: programme, indicator.
    query
        Filters that have a value, in order.
    blank
        Names of filters without a value, as a form sends them: each stands for all.
    block, form
        The block of the page that is asked for as a file, and its format, such as ``.csv``.
    """

    language: str
    page: str
    path: tuple[str, ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    blank: tuple[str, ...] = ()
    block: str = ""
    form: str = ""

    @property
    def programme(self) -> str:
        """The programme it is about, or nothing."""
        return self.path[0] if self.path else ""

    @property
    def names(self) -> list[str]:
        """The names of all filters, as often as they stand there."""
        return [*(name for name, _ in self.query), *self.blank]

    def get(self, name: str) -> str:
        """Return the value of a filter, or nothing."""
        return dict(self.query).get(name, "")

    def to(self, page: str, *path: str, **query: str) -> str:
        """Return the link to another page in the same language."""
        return replace(self, page=page, path=path, query=_with_value(query), blank=(), block="", form="").href

    def with_(self, **query: str) -> str:
        """Return the link to this page with some filters set, or unset where they are empty."""
        return replace(self, query=_with_value(dict(self.query) | query), blank=(), block="", form="").href

    def file(self, block: str, form: str) -> str:
        """Return the link to a block of this page as a file."""
        return replace(self, block=block, form=form).href

    def in_language(self, language: str) -> str:
        """Return the link to this view in another language."""
        return replace(self, language=language).href

    @property
    def bare(self) -> str:
        """The address without filters."""
        return replace(self, query=(), blank=(), block="", form="").href

    @property
    def href(self) -> str:
        """The address as it stands in the browser."""
        pieces = [self.language, self.page, *self.path, *([self.block + self.form] if self.block else [])]
        filters = f"?{urlencode(self.query)}" if self.query else ""
        return "/" + "/".join(quote(piece, safe="=") for piece in pieces) + filters


def _with_value(query: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in query.items() if value)


def read_address(text: str) -> Address | None:
    """Read an address; None where it is none of the app's.

    What its filters say is not known here: :meth:`impact_dashboards.page.view.View.check` refuses what a page does not
    know.

    Parameters
    ----------
    text
        Path and query, as the browser sends them: what is not ASCII stands as ``%`` and two digits.

    Examples
    --------
    >>> read_address("/it/portfolio?status=short").get("status")
    'short'
    """
    if not (text.isascii() and text.isprintable()) or text.count("&") >= MOST:
        return None
    split = urlsplit(text)
    pieces = [unquote(piece) for piece in split.path.strip("/").split("/")]
    if split.scheme or split.netloc or len(pieces) < 2 or pieces[0] not in interface_languages() or not all(pieces):
        return None
    filters = parse_qsl(split.query, keep_blank_values=True)
    query = tuple((name, value) for name, value in filters if value)
    blank = tuple(name for name, value in filters if not value)
    form = next((form for form in ENDINGS if len(pieces) > 2 and pieces[-1].endswith(form)), "")
    block = pieces.pop().removesuffix(form) if form else ""
    return Address(pieces[0], pieces[1], tuple(pieces[2:]), query, blank, block, form)
