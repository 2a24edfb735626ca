"""The app: an address becomes a view, a view a page, a page HTML; Dash changes it in place when a filter changes.

The first answer holds the whole page, readable without JavaScript. Dash then takes over:
:mod:`impact_dashboards.server.component` draws the same tree, and asks for another when a filter changes. Answers are
remembered by address, scope, data and day.
"""

from __future__ import annotations

import datetime
import html
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import flask
from dash import Dash, Input, Output
from dash.exceptions import DependencyException
from werkzeug.wrappers import Response

from impact.drawing.markup import to_html, to_json
from impact.errors import UsageError
from impact.publish.published import ReaderTables
from impact.publish.scope import Scope
from impact.words import words_in
from impact.words.languages import Language
from impact.words.read import interface_languages
from impact_dashboards.page.address import ENDINGS, Address, read_address
from impact_dashboards.page.view import AddressError, PageContent, View
from impact_dashboards.pages import HOME, PAGES
from impact_dashboards.server.access import Access, guard, scope_of_request
from impact_dashboards.server.component import PageComponent
from impact_dashboards.server.files import block_file
from impact_dashboards.server.reader import Reader
from impact_dashboards.server.sdmx.answers import Asker
from impact_dashboards.server.sdmx.forms import MEDIA_TYPES
from impact_dashboards.server.sdmx.routes import service
from impact_dashboards.server.shell import frame
from impact_dashboards.server.typeface import PRELOAD

REMEMBERED = 512
CALLBACK = "/_dash-update-component"
PAGE_CONTENT = {"id": "page", "property": "content"}
"""The property that a callback may change."""
ANSWERED = (
    "/<any(",
    "/sdmx/",
    "/sign-",
    "/assets/",
    "/_dash-component-suites/",
    "/_dash-layout",
    "/_dash-dependencies",
    CALLBACK,
)
"""How the routes begin that are answered; no other one of Dash's is."""
LONGEST = 64 * 1024
"""Bytes of a question; an address is far shorter."""
UNUSED = ("dash_table", "/dcc/", "/html/", "polyfill")
"""Dash's own component libraries, as the page is one component, and what browsers before 2021 lack: not sent."""
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E"
    "%3Ccircle cx='12' cy='12' r='10' fill='none' stroke='%230d5566' stroke-width='2.5'/%3E"
    "%3Cpath d='M12 5V12H19A7 7 0 0 0 12 5Z' fill='%230d5566'/%3E%3C/svg%3E"
)
"""The app's mark; within the page, as browsers ask for a file of its own whenever the address changes."""


@dataclass(frozen=True)
class Answer:
    """A page as it is sent."""

    status: int
    title: str
    html: str
    json: str


class Memory:
    """The answers given last, by what they depend on; shared by the threads of a worker."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._size, self._lock = size, threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what is kept under a key; make it if nothing is."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        value = make()
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return value


COMPRESSED = [
    "application/javascript",
    "application/json",
    "application/xml",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/plain",
    *MEDIA_TYPES,
]
"""Media types that are packed for whoever can unpack them."""


class Site:
    """Answers addresses from what is published.

    Parameters
    ----------
    db
        A DuckDB file written by the engine.
    """

    def __init__(self, db: str | Path) -> None:
        self.reader = Reader(db)
        self.memory = Memory()
        self.started = datetime.datetime.now(tz=datetime.UTC)

    def answer(self, address: Address, scope: Scope) -> Answer:
        """Return the page at an address, for a reader who may see so much."""
        answer: Answer = self._remembered("page", address, scope, self._page)
        return answer

    def file(self, address: Address, scope: Scope) -> bytes | None:
        """Return the file at an address; None if there is none."""
        content: bytes | None = self._remembered("file", address, scope, self._file)
        return content

    @contextmanager
    def asker(self) -> Iterator[tuple[Asker, datetime.datetime]]:
        """Give the SDMX service what the reader of the request at hand may see, and since when it is so.

        Who may see what is read when the app starts: what a reader was sent before then may have been of other parts.
        """
        edition, day, scope = self.reader.edition(), today(), scope_of_request()
        midnight = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
        with edition.open() as warehouse:
            published = ReaderTables(warehouse, scope, self._tables(scope, edition.version))
            yield Asker(published, edition.version, day), max(midnight, edition.published_at, self.started)

    def _tables(self, scope: Scope, version: str) -> dict[Hashable, Any]:
        """Return where tables are kept that have been read of this data for this scope."""
        tables: dict[Hashable, Any] = self.memory.get(("tables", scope, version), dict)
        return tables

    def _remembered(self, kind: str, address: Address, scope: Scope, make: Callable[..., Any]) -> Any:
        edition, day = self.reader.edition(), today()

        def made() -> Any:
            with edition.open() as warehouse:
                published = ReaderTables(warehouse, scope, self._tables(scope, edition.version))
                view = View(published, published.words(address.language), address, day, version=edition.version)
                return make(view, edition.version)

        return self.memory.get((kind, address, scope, edition.version, day), made)

    def _page(self, view: View, version: str) -> Answer:
        content = _content(view)
        if view.address.form and content.found:  # that there is such a file was found out before
            content = PageContent(view.words("missing.file"), lead=view.words("missing.file_lead"), found=False)
        foot = view.words("shell.foot", version=version, date=view.words.date(view.today))
        menu = [page for page in PAGES.values() if page.opens(view.published.scope)]
        tree = frame(view, content, menu, foot)
        return Answer(200 if content.found else 404, content.title, to_html(tree), to_json(tree))

    def _file(self, view: View, version: str) -> bytes | None:
        return block_file(view, _content(view), version)


def today() -> datetime.date:
    """Return the day it is, in UTC as all times of the database."""
    return datetime.datetime.now(tz=datetime.UTC).date()


def _content(view: View) -> PageContent:
    """Return the page of a view, or a page that says what there is where there is none."""
    words, address = view.words, view.address
    page = PAGES.get(address.page)
    if page is None or not page.opens(view.published.scope):
        return PageContent(words("missing.page"), lead=words("missing.page_lead"), found=False)
    if address.programme and address.programme not in view.published.titles:
        programmes = ", ".join(view.published.titles)
        return PageContent(
            words("missing.programme"), lead=words("missing.programme_lead", known=programmes), found=False
        )
    try:
        content = page.content(view)
        view.check()
        return content
    except AddressError as error:
        return PageContent(error.title, lead=str(error), found=False)
    except UsageError as error:
        return PageContent(words("missing.finding"), lead=words.said(str(error)), found=False)


class App(Dash):
    """Dash with the page already in its first answer.

    Parameters
    ----------
    site
        What answers its addresses; set by :func:`create_app`.
    """

    site: Site

    def interpolate_index(self, **parts: str) -> str:  # type: ignore[override]
        """Write the document around a page; see :meth:`dash.Dash.interpolate_index`."""
        answer: Answer = flask.g.answer
        language: Language = flask.g.language
        scripts = "\n".join(line for line in parts["scripts"].splitlines() if not any(word in line for word in UNUSED))
        title = html.escape(f"{answer.title} · {words_in(language)('shell.name')}")
        return f"""<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="{ICON}">
{PRELOAD}{parts["css"]}</head>
<body><div id="first">{answer.html}</div>{parts["app_entry"]}
<div>{parts["config"]}{scripts}{parts["renderer"]}</div></body></html>"""


def create_app(db: str | Path, *, access: Access | None = None, key: str | None = None) -> App:
    """Return the app over a database.

    Parameters
    ----------
    db
        A DuckDB file written by the engine; what was published of it last is read, so that no run is blocked by a
        reader, nor a reader by a run.
    access
        Who signs in and may see what; without it the app serves this machine alone, and everything.
    key
        Signs the sessions of readers, the same in every worker.

    Raises
    ------
    UsageError
        If nothing is published of it, or sign-in cannot be set up.
    """
    site = Site(db)
    site.reader.check()
    assets = Path(__file__).parents[1] / "assets"
    server: Any = flask.Flask("impact_dashboards")
    server.config.update(COMPRESS_MIMETYPES=COMPRESSED, COMPRESS_ALGORITHM_STREAMING=["br", "gzip", "deflate"])
    app = App(
        "impact_dashboards",
        server=server,
        title="Impact",
        update_title="",
        assets_ignore="plotly",  # loaded only where a reader asks for it
        compress=True,
        serve_locally=True,
        assets_folder=str(assets),
    )
    app.site = site
    app.layout = PageComponent(id="page")
    app.server.config["MAX_CONTENT_LENGTH"] = LONGEST

    @app.callback(Output("page", "content"), Input("page", "address"), prevent_initial_call=True)
    def show(asked: str) -> str:
        address = read_address(asked)
        if address is None or address.form:
            raise UsageError(f"'{asked}' is no address of this app")
        return site.answer(address, scope_of_request()).json

    guard(app.server, access, hashes=app.csp_hashes(), key=key)
    app.server.register_blueprint(service(site.asker))
    _routes(app, site)
    return app


def _is_dash_page(rule: Any) -> bool:
    """Tell whether Dash would answer with a page of its own: for whatever no other route knows, or for developers."""
    return rule is None or not rule.rule.startswith(ANSWERED)


def _asks_for_a_page(request: flask.Request) -> bool:
    """Tell whether a body is what the page's own script sends: a single address of this app."""
    try:
        question: Any = request.get_json(silent=True)
        (field,) = question["inputs"]
        changes_page = question["output"] == "page.content" and question["outputs"] == PAGE_CONTENT
        is_address = (field["id"], field["property"]) == ("page", "address")
        address = read_address(str(field["value"]))
        return changes_page and is_address and _is_page(address)
    except (KeyError, TypeError, ValueError, RecursionError):
        return False


def _is_page(address: Address | None) -> bool:
    return address is not None and not address.form


def _said(text: str, status: int) -> Response:
    return flask.Response(f"{text}\n", status, mimetype="text/plain")


def _content_type(media_type: str) -> str:
    """Return what a file is sent as: of text, with its encoding."""
    is_text = media_type.startswith("text/") or media_type == "image/svg+xml"
    return f"{media_type}; charset=utf-8" if is_text else media_type


def _routes(app: App, site: Site) -> None:
    """Answer the addresses of the app; Dash itself answers for its scripts and callbacks only."""
    server: flask.Flask = app.server
    offered = interface_languages()
    quoted = ", ".join(f"'{language}'" for language in offered)
    languages = f"<any({quoted}):language>"

    @server.before_request
    def elsewhere() -> Response | None:
        path = flask.request.path
        if flask.request.routing_exception is not None:
            return None
        if "//" not in path and not _is_dash_page(flask.request.url_rule):
            return None if path != CALLBACK or _asks_for_a_page(flask.request) else _said("No such question.", 400)
        language = flask.request.accept_languages.best_match(offered, default=offered[0])
        if path == "/":
            return flask.redirect(Address(language, HOME.name).href)
        return document(Address(language, path.strip("/").split("/")[0]))

    @server.errorhandler(DependencyException)
    def no_such_script(error: Exception) -> Response:
        return _said("No such file.", 404)

    @server.route(f"/{languages}/")
    def home(language: str) -> Response:
        return flask.redirect(Address(language, HOME.name).href)

    @server.route(f"/{languages}/<path:path>")
    def view(language: str, path: str) -> Response:
        asked_for = f"{quote(flask.request.path)}?{flask.request.query_string.decode('latin-1')}"
        address = read_address(asked_for) or Address(language, "")
        content = site.file(address, scope_of_request()) if address.form else None
        if content is None:
            return document(address)
        return Response(content, 200, content_type=_content_type(ENDINGS[address.form].media_type))

    def document(address: Address) -> Response:
        answer = site.answer(address, scope_of_request())
        flask.g.answer, flask.g.language = answer, address.language
        written: str = app.index()  # type: ignore[no-untyped-call]
        return Response(written, answer.status, mimetype="text/html")
