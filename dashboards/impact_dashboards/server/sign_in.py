"""Who asks: by OpenID Connect with a session cookie, or by the header of a trusted proxy.

Also the pages that stand before the app; called by the guard of :mod:`impact_dashboards.server.access`.
"""

from __future__ import annotations

import datetime
import html
import importlib
import ipaddress
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit

import flask
from pydantic import AfterValidator, Field, IPvAnyNetwork
from werkzeug.wrappers import Response

from impact.declare.base import Declared
from impact.drawing.markup import h, to_html
from impact.errors import UsageError
from impact.words import words_in
from impact.words.languages import Language
from impact.words.read import interface_languages

KEY = "IMPACT_SESSION_KEY"
KEY_LENGTH = 32
LIFETIME = datetime.timedelta(hours=8)
SECONDS = 10
"""How long the issuer may take to answer."""
START, CALLBACK, END = "/sign-in", "/sign-in/callback", "/sign-out"
LOOK = """body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem;color:#1a1a1a}
a{display:inline-block;padding:.6rem 1rem;background:#1a4d7a;color:#fff;border-radius:4px;text-decoration:none}"""


@dataclass(frozen=True)
class Asked:
    """How one learns who asks.

    Parameters
    ----------
    who
        Returns the name of the reader of the request at hand, None without one.
    open
        Endpoints that are served before anybody has a name.
    start
        Where readers sign in; nothing where a proxy does that.
    """

    who: Callable[[], str | None]
    open: frozenset[str] = frozenset()
    start: str = ""


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine's own.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0"), is_loopback("")
    (True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(value: str) -> str:
    """Check an address of a service: https, or http on this machine, without anything secret in it."""
    split = urlsplit(value)
    safe = split.scheme == "https" or (split.scheme == "http" and is_loopback(split.hostname or ""))
    if not safe or not split.hostname or split.username or split.query or split.fragment:
        raise ValueError("an address begins with https:// (http:// only on this machine) and names a host")
    return value


Service = Annotated[str, AfterValidator(_origin)]
Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]


class Oidc(Declared):
    """Sign-in by OpenID Connect.

    Parameters
    ----------
    issuer
        The service that knows the readers, as it names itself.
    client_id, client_secret_env
        How the app is registered there; the secret stands in an environment variable of this name.
    address
        Where readers open the app; ``<address>/sign-in/callback`` is registered at the issuer.
    """

    kind: Literal["oidc"]
    issuer: Service
    client_id: str = Field(min_length=1)
    client_secret_env: Variable
    address: Service


class Proxy(Declared):
    """Sign-in by a proxy that names the reader in a header.

    Parameters
    ----------
    header
        Which the proxy sets on every request, whatever came with it.
    trusted
        Addresses or networks of the proxy; a header from anywhere else counts for nothing.
    """

    kind: Literal["proxy"]
    header: str = Field(default="X-Forwarded-User", pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    trusted: tuple[IPvAnyNetwork, ...] = Field(min_length=1)


def session_key(given: str | None = None) -> str:
    """Return the key that signs session cookies: the one given, that of ``IMPACT_SESSION_KEY``, or a new one.

    Raises
    ------
    UsageError
        If it is short.
    """
    key = given or os.environ.get(KEY) or secrets.token_urlsafe(KEY_LENGTH)
    if len(key) < KEY_LENGTH:
        raise UsageError(f"the session key ({KEY}) needs {KEY_LENGTH} characters or more, chosen at random")
    return key


def readers_of_proxy(proxy: Proxy) -> Asked:
    """Learn who asks from a header, if the request itself comes from a trusted address."""

    def who() -> str | None:
        try:
            sender = ipaddress.ip_address(flask.request.environ.get("REMOTE_ADDR", ""))
        except ValueError:
            return None
        return flask.request.headers.get(proxy.header) if any(sender in network for network in proxy.trusted) else None

    return Asked(who)


def readers_of_issuer(server: flask.Flask, issuer: Oidc, key: str | None) -> Asked:
    """Learn who asks from a session, which begins when an issuer says who it is.

    Raises
    ------
    UsageError
        If the secret or a library is missing.
    """
    secret = os.environ.get(issuer.client_secret_env)
    if not secret:
        raise UsageError(
            f"the environment variable {issuer.client_secret_env} is not set; it holds the client's secret"
        )
    login = _libraries("flask_login")
    server.config.update(
        SECRET_KEY=session_key(key),
        SESSION_COOKIE_NAME="__Host-impact",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=LIFETIME,
    )
    manager = login.LoginManager(server)

    class Reader(login.UserMixin):  # type: ignore[misc, name-defined]
        def __init__(self, name: str) -> None:
            self.id = name

    manager.user_loader(Reader)
    routes = _routes(_client(server, issuer, secret), issuer, lambda name: login.login_user(Reader(name)))
    server.register_blueprint(routes)

    def who() -> str | None:
        name = login.current_user.get_id()
        return None if name is None else str(name)

    return Asked(who, frozenset(f"{routes.name}.{view}" for view in ("start", "callback", "end")), START)


def _libraries(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(
            f"sign-in by OpenID Connect needs {error.name}; pip install 'impact-engine[sign-in]'"
        ) from error


def _client(server: flask.Flask, issuer: Oidc, secret: str) -> Any:
    """Return Authlib's client of the issuer: the code flow with PKCE, state and nonce."""
    registry = _libraries("authlib.integrations.flask_client").OAuth(server)
    return registry.register(
        "impact_issuer",
        client_id=issuer.client_id,
        client_secret=secret,
        server_metadata_url=f"{issuer.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email", "code_challenge_method": "S256", "default_timeout": SECONDS},
    )


def _routes(client: Any, issuer: Oidc, enter: Callable[[str], Any]) -> flask.Blueprint:
    routes = flask.Blueprint("impact_sign_in", __name__)
    failures: tuple[type[Exception], ...] = (*_failures(), KeyError, RuntimeError, ValueError)

    @routes.get(START)
    def start() -> Response:
        flask.session["next"] = _own(flask.request.args.get("next", ""))
        address = issuer.address.rstrip("/")
        try:
            return client.authorize_redirect(f"{address}{CALLBACK}")  # type: ignore[no-any-return]
        except failures:
            return _failed()

    @routes.get(CALLBACK)
    def callback() -> Response:
        onward = _own(flask.session.get("next", ""))
        try:
            name = _confirmed(client, issuer)
        except failures:
            return _failed()
        flask.session.clear()
        flask.session.permanent = True
        enter(name)
        return flask.redirect(onward)

    @routes.post(END)
    def end() -> Response:
        flask.session.clear()
        return _page("access.out", "access.out_lead", 200, ("access.sign_in", START))

    return routes


def _failures() -> tuple[type[Exception], ...]:
    """Return what Authlib raises where an issuer does not answer as it should."""
    return (
        _libraries("authlib.common.errors").AuthlibBaseError,
        _libraries("joserfc.errors").JoseError,
        _libraries("requests").RequestException,
    )


def _confirmed(client: Any, issuer: Oidc) -> str:
    """Return the email address that the issuer vouches for, from a token that is its own and meant for this app."""
    claims = {
        "iss": {"essential": True, "values": [issuer.issuer]},
        "aud": {"essential": True, "values": [issuer.client_id]},
    }
    token = client.authorize_access_token(claims_options=claims)
    user = token.get("userinfo") or {}
    email = user.get("email")
    if user.get("email_verified") is not True or not isinstance(email, str):
        raise ValueError("the issuer does not vouch for an email address")
    return email


def _own(address: str) -> str:
    """Return an address if it is a path of this app, or its first page."""
    begins_a_host = address.startswith(("//", "/\\"))
    is_path = address.startswith("/") and not begins_a_host
    return address if is_path and address.isprintable() else "/"


def _failed() -> Response:
    flask.current_app.logger.warning("sign-in failed", exc_info=True)
    flask.session.clear()
    return _page("access.failed", "access.failed_lead", 403, ("access.again", START))


def denied(asked: Asked, name: str | None) -> Response:
    """Return what a reader sees who has no name yet, or none that is listed."""
    if name is None and asked.start:
        path = flask.request.full_path.rstrip("?") if flask.request.method == "GET" else "/"
        link = ("access.sign_in", f"{asked.start}?{urlencode({'next': path})}")
        return _page("access.sign_in", "access.sign_in_lead", 401, link)
    return _page("access.denied", "access.denied_lead", 403, name=name)


def _page(title: str, lead: str, status: int, link: tuple[str, str] | None = None, name: str | None = None) -> Response:
    """Write a page that needs nothing else: no script, no file."""
    language = _language()
    words = words_in(language)
    action = h("p", h("a", words(link[0]), href=link[1])) if link else None
    body = h("main", h("h1", words(title)), h("p", words(lead, name=name or words("access.nobody"))), action)
    text = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport"'
        f' content="width=device-width, initial-scale=1"><title>{html.escape(words(title))}</title>'
        f"<style>{LOOK}</style></head><body>{to_html(body)}</body></html>"
    )
    return flask.Response(text, status, mimetype="text/html")


def _language() -> Language:
    """Return the language of the address that was asked for, or the first that the reader's browser prefers."""
    first = flask.request.path.strip("/").partition("/")[0]
    prefix = first or flask.request.args.get("next", "").strip("/").partition("/")[0]
    offered = interface_languages()
    best = flask.request.accept_languages.best_match(offered, default=offered[0])
    return prefix if prefix in offered else best
