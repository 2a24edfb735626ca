"""Who reads the app: the access file, the guard before every request, the scope of the reader who asks.

Without an access file the app serves whoever sits at the machine, and nobody else. With one, every request is refused
until :mod:`impact_dashboards.server.sign_in` says who asks and the file lists that name; or, of the SDMX service alone,
until a token is presented that the file lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import flask
from pydantic import Field, model_validator
from werkzeug.wrappers import Response

from impact.declare.base import Declared
from impact.declare.read import read_declaration
from impact.errors import UsageError
from impact.publish.scope import EVERYTHING, Scope
from impact_dashboards.server.grants import Grant
from impact_dashboards.server.sdmx.refusals import no_right
from impact_dashboards.server.sign_in import (
    Asked,
    Oidc,
    Proxy,
    denied,
    is_loopback,
    readers_of_issuer,
    readers_of_proxy,
)
from impact_dashboards.server.tokens import OPENED, Token, holder, presented_token

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
STATIC = ("/assets/", "/_dash-component-suites/")
"""What is the same for every reader and holds no data."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class User(Grant):
    """A reader.

    Parameters
    ----------
    name
        Email address, as the issuer or the proxy says it.
    """

    name: str = Field(min_length=3, max_length=254)


class Access(Declared):
    """The access file: how readers sign in, who they are, and which programmes read by a token."""

    sign_in: Annotated[Oidc | Proxy, Field(discriminator="kind")]
    users: tuple[User, ...] = Field(min_length=1)
    tokens: tuple[Token, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> Access:
        _refuse_repeated("name", [user.name.casefold() for user in self.users])
        _refuse_repeated("name of a token", [token.name.casefold() for token in self.tokens])
        _refuse_repeated("token", [token.sha256 for token in self.tokens])
        return self

    def user(self, name: str | None) -> User | None:
        """Return the user of a name, whatever its case; None if there is none."""
        return next((user for user in self.users if name and user.name.casefold() == name.casefold()), None)


def _refuse_repeated(what: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        listed = ", ".join(repeated)
        raise ValueError(f"each {what} stands once; found twice: {listed}")


def read_access(path: str | Path) -> Access:
    """Read an access file.

    Raises
    ------
    DeclarationError
        With every problem, its line and what to do.
    """
    return read_declaration(Path(path), Access, Path(path).name)[0]


def refuse_exposed(host: str, access: Access | None) -> None:
    """Refuse to listen beyond this machine without sign-in.

    Raises
    ------
    UsageError
        If the address is not a loopback address and there is no access file.
    """
    if access is None and not is_loopback(host):
        address = host or "every address"
        raise UsageError(
            f"the app would listen on '{address}' for whoever comes by; listen on 127.0.0.1, or say in"
            " an access file who may read (docs/how-to/serve_the_app.md)"
        )


def scope_of_request() -> Scope:
    """Return what the reader of the request at hand may see.

    Raises
    ------
    RuntimeError
        If no guard stands before the request.
    """
    scope = flask.g.get("scope")
    if not isinstance(scope, Scope):
        raise RuntimeError("no guard has said what this request may see")
    return scope


def guard(server: flask.Flask, access: Access | None, *, hashes: Iterable[str] = (), key: str | None = None) -> None:
    """Put a guard before every request of an app, and the headers of a careful site on every answer.

    Parameters
    ----------
    server
        Of the app; no request may have been served.
    access
        Who may read; None serves this machine, and everything.
    hashes
        Of the inline scripts that a page has, such as ``'sha256-…'``.
    key
        Signs the session cookies; the same in all workers. By default that of the environment, see
        :func:`impact_dashboards.server.sign_in.session_key`.

    Raises
    ------
    UsageError
        If a secret or a library is missing.
    """
    identity = _asked(server, access, key)
    policy = content_policy(hashes)

    def admit() -> Response | None:
        if _from_elsewhere(flask.request):
            return flask.Response("This request comes from another site.\n", 403, mimetype="text/plain")
        if access is None:
            return _admit_machine()
        return None if flask.request.endpoint in identity.open else _admit_reader(access, identity)

    def secure(response: flask.Response) -> flask.Response:
        response.headers.update(HEADERS | {"Content-Security-Policy": policy})
        is_static = flask.request.path.startswith(STATIC)
        if access is not None and not is_static:
            response.headers["Cache-Control"] = "private, no-store"
        return response

    server.before_request(admit)
    server.after_request(secure)


def _asked(server: flask.Flask, access: Access | None, key: str | None) -> Asked:
    if access is None:
        return Asked(lambda: None)
    if isinstance(access.sign_in, Proxy):
        return readers_of_proxy(access.sign_in)
    return readers_of_issuer(server, access.sign_in, key)


def _admit_machine() -> Response | None:
    """Admit a request to this machine by its own name: a site that points its name here must not read along."""
    host = urlsplit(f"//{flask.request.host}").hostname or ""
    if not is_loopback(host):
        return flask.Response(
            f"This app is not served as '{host}'; open it at 127.0.0.1.\n", 403, mimetype="text/plain"
        )
    flask.g.scope = EVERYTHING
    return None


def _admit_reader(access: Access, asked: Asked) -> Response | None:
    token = presented_token()
    if token is not None:
        return _admit_machine_reader(access, token)
    name = asked.who()
    user = access.user(name)
    if user is None:
        return no_right(known=name is not None) if flask.request.path.startswith(OPENED) else denied(asked, name)
    flask.g.scope, flask.g.reader = user.scope, user.name
    return None


def _admit_machine_reader(access: Access, token: str) -> Response | None:
    """Admit who presents a token; one that is not listed is refused, whoever else may be signed in."""
    entry = holder(access.tokens, token)
    if entry is None:
        return no_right(known=False)
    flask.g.scope, flask.g.reader = entry.scope, entry.name
    return None


def _from_elsewhere(request: flask.Request) -> bool:
    """Tell whether another site makes a browser send this, as Go's ``http.CrossOriginProtection`` does.

    Browsers say so in ``Sec-Fetch-Site``, older ones in ``Origin``; what sends neither is no browser, and has no
    cookies to misuse.
    """
    if request.method in SAFE:
        return False
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and urlsplit(origin).netloc != request.host


def content_policy(hashes: Iterable[str] = ()) -> str:
    """Return the Content-Security-Policy: nothing from elsewhere, no script but files and those of the hashes.

    Raises
    ------
    ValueError
        For a hash that is none.
    """
    scripts = ["'self'"]
    for digest in hashes:
        if not re.fullmatch(r"'sha(256|384|512)-[A-Za-z0-9+/=]+'", digest):
            raise ValueError(f"{digest} is no hash of a script, such as 'sha256-…'")
        scripts.append(digest)
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(scripts),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
