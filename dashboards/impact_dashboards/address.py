"""Addresses: every view is one, filters included, and opened anew it reads the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from impact.words import LANGUAGES

FORMATS = (".metadata.json", ".figure.json", ".csv", ".svg")
"""What a block of a page can be had as."""

MOST = 200
"""Filters that are read of an address; the rest of them says nothing."""


@dataclass(frozen=True)
class Address:
    """A place in the app: ``/<language>/<page>/<programme>/<item>?<filters>``.

    Parameters
    ----------
    language
        ``it`` or ``en``.
    page
        Its first part, such as ``portfolio``.
    path
        What follows: programme, indicator.
    query
        Filters, in order; a filter without a value is left out.
    block, form
        The block of the page that is asked for as a file, and its format, such as ``.csv``.
    """

    language: str
    page: str
    path: tuple[str, ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    block: str = ""
    form: str = ""

    @property
    def programme(self) -> str:
        """The programme it is about, or nothing."""
        return self.path[0] if self.path else ""

    def get(self, name: str) -> str:
        """Return the value of a filter, or nothing."""
        return dict(self.query).get(name, "")

    def to(self, page: str, *path: str, **query: str) -> str:
        """Return the link to another page in the same language."""
        return replace(self, page=page, path=path, query=_given(query), block="", form="").href

    def with_(self, **query: str) -> str:
        """Return the link to this page with some filters set, or unset where they are empty."""
        return replace(self, query=_given(dict(self.query) | query), block="", form="").href

    def file(self, block: str, form: str) -> str:
        """Return the link to a block of this page as a file."""
        return replace(self, block=block, form=form).href

    def in_language(self, language: str) -> str:
        """Return the link to this view in another language."""
        return replace(self, language=language).href

    @property
    def bare(self) -> str:
        """The address without filters."""
        return replace(self, query=(), block="", form="").href

    @property
    def href(self) -> str:
        """The address as it stands in the browser."""
        parts = [self.language, self.page, *self.path, *([self.block + self.form] if self.block else [])]
        asked = f"?{urlencode(self.query)}" if self.query else ""
        return "/" + "/".join(quote(part, safe="=") for part in parts) + asked


def _given(query: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in query.items() if value)


def read_address(text: str) -> Address | None:
    """Read an address; None where it is none of the app's.

    Parameters
    ----------
    text
        Path and query, as the browser sends them.

    Examples
    --------
    >>> read_address("/it/portfolio?status=short").get("status")
    'short'
    """
    split = urlsplit(text)
    parts = [unquote(part) for part in split.path.strip("/").split("/")]
    if split.netloc or len(parts) < 2 or parts[0] not in LANGUAGES:
        return None
    query = _given(dict(parse_qsl(split.query)[:MOST]))
    form = next((form for form in FORMATS if len(parts) > 2 and parts[-1].endswith(form)), "")
    block = parts.pop().removesuffix(form) if form else ""
    return Address(parts[0], parts[1], tuple(parts[2:]), query, block, form)
