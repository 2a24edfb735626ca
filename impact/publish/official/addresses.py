"""Where the pages of a programme stand on the web, as the address its ``home`` declares; what exports point to.

Each address is that of a page of the app, or of a place on it. The Italian page is the one that is pointed to; it
links to the other language.
"""

from __future__ import annotations

from urllib.parse import quote

NUTS = "http://data.europa.eu/nuts/code/"
"""IRI of a region, before its code; by the EU Publications Office."""
LANGUAGE = "it"


def page_address(home: str, page: str, *path: str) -> str:
    """Return the address of a page of the app.

    Parameters
    ----------
    home
        The address under which the app stands, as ``export.yaml`` declares it.
    page
        Its name, such as ``export``.
    *path
        What follows, such as programme and indicator.
    """
    return "/".join([home, LANGUAGE, page, *(quote(piece, safe="") for piece in path)])


def definition_address(home: str, programme: str, indicator: str) -> str:
    """Return the stable address of the definition of an indicator.

    Examples
    --------
    >>> definition_address("https://impact.example.org", "wecare", "loneliness")
    'https://impact.example.org/it/definition/wecare/loneliness'
    """
    return page_address(home, "definition", programme, indicator)


def place_address(address: str, kind: str, name: str = "") -> str:
    """Return the address of a place on a page: what a page tells of, and has no page of its own.

    Examples
    --------
    >>> place_address("https://e.org/it/theory/p", "node", "work")
    'https://e.org/it/theory/p#node-work'
    """
    return f"{address}#{kind}" + (f"-{quote(name, safe='')}" if name else "")


def catalogue_address(home: str, programme: str) -> str:
    """Return the address of a programme's entry in the catalogue."""
    return page_address(home, "catalogue", programme)


def export_address(home: str, programme: str) -> str:
    """Return the address of the page that a programme's observations are had from."""
    return page_address(home, "export", programme)


def observations_address(home: str, programme: str, suffix: str) -> str:
    """Return the address of a programme's observations in a format, by the ending of its file."""
    return f"{export_address(home, programme)}/observations{suffix}"
