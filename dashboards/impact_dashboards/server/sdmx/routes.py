"""Addresses below ``/sdmx/``: a path becomes a query, a query an answer, with what HTTP needs to keep it."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import flask
from werkzeug.http import generate_etag
from werkzeug.wrappers import Response

from impact.errors import UsageError
from impact.publish.official.query.data import DataQuery
from impact.publish.official.query.refusal import QueryError
from impact.publish.official.query.resources import Api
from impact.publish.official.query.rest import Query, read_query
from impact_dashboards.server.sdmx.answers import Asker, answer
from impact_dashboards.server.sdmx.forms import DATA, STRUCTURE, Form, choose_form
from impact_dashboards.server.sdmx.refusals import (
    CODES,
    INTERNAL,
    NO_FORM,
    NO_RESULTS,
    NOT_IMPLEMENTED,
    STATUS,
    refused,
)

AT_ONCE = 4 << 20
"""Bytes of an answer that is sent as a whole; a larger one is sent piece by piece."""
MISSING = "nothing is selected by this query"
"""Opens what one reader may see: gives who asks, and the time at which it was published."""
Opening = Callable[[], AbstractContextManager[tuple[Asker, datetime.datetime]]]


def service(opening: Opening) -> flask.Blueprint:
    """Return the addresses of the service.

    Parameters
    ----------
    opening
        Opens what the reader of the request at hand may see.
    """
    routes = flask.Blueprint("impact_sdmx", __name__)

    @routes.route("/sdmx/<any('v1', 'v2'):api>/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def show(api: Api, path: str) -> Response:
        if flask.request.method not in ("GET", "HEAD"):
            return refused(api, 501, NOT_IMPLEMENTED, "this service is read only: GET and HEAD")
        response = _shown(api, path, opening)
        response.vary.update(("Accept", "Authorization", "Cookie"))
        return response

    return routes


def _shown(api: Api, path: str, opening: Opening) -> Response:
    try:
        query = read_query(api, path, flask.request.query_string.decode("latin-1"))
        forms = DATA[api] if isinstance(query, DataQuery) else STRUCTURE[api]
        form = choose_form(forms, flask.request.accept_mimetypes)
        if form is None:
            offered = ", ".join(one.media_type for one in forms)
            return refused(api, 406, NO_FORM, f"this is answered as {offered}")
        with opening() as (asker, published_at):
            return _answered(api, query, form, asker, published_at)
    except QueryError as error:
        return refused(api, STATUS[api][error.reason], CODES[error.reason], str(error))
    except UsageError as error:  # what is in reach cannot be written in this form
        return refused(api, 500, INTERNAL, str(error))


def _answered(api: Api, query: Query, form: Form, asker: Asker, published_at: datetime.datetime) -> Response:
    """Return the answer, or say that nothing has changed since the reader asked last."""
    tag = _tag(query, form, asker)
    if _has_tag(tag):  # nobody has it who was not sent this answer
        return _dated(flask.Response(status=304), tag, published_at)
    pieces = answer(query, asker, form)
    begun, rest = _begun(pieces)
    if not begun:
        return _nothing(api)
    if _is_kept(published_at):
        return _dated(flask.Response(status=304), tag, published_at)
    content = itertools.chain(begun, rest) if rest is not None else b"".join(begun)
    return _dated(flask.Response(content, 200, content_type=form.media_type), tag, published_at)


def _dated(response: flask.Response, tag: str, published_at: datetime.datetime) -> flask.Response:
    response.set_etag(tag, weak=True)
    response.last_modified = published_at
    return response


def _tag(query: Query, form: Form, asker: Asker) -> str:
    """Return what stays the same as long as the answer does: it follows from these and from nothing else."""
    parts = (query, form.media_type, asker.version, asker.day.isoformat(), asker.published.scope.key)
    return generate_etag(repr(parts).encode())


def _has_tag(tag: str) -> bool:
    """Tell whether the reader names this very answer as one that it has."""
    named = flask.request.if_none_match
    return not named.star_tag and bool(named.contains_weak(tag))


def _is_kept(published_at: datetime.datetime) -> bool:
    """Tell whether the reader has what there is: any answer at all, or where no tag is sent one of this time."""
    request = flask.request
    if request.if_none_match:
        return bool(request.if_none_match.star_tag)
    since = request.if_modified_since
    return since is not None and published_at.replace(microsecond=0) <= since


def _begun(pieces: Iterator[bytes]) -> tuple[list[bytes], Iterator[bytes] | None]:
    """Return the first pieces of an answer, and the rest of one that is too large to be sent as a whole."""
    begun, size = [], 0
    for piece in pieces:
        begun.append(piece)
        size += len(piece)
        if size > AT_ONCE:
            return begun, pieces
    return begun, None


def _nothing(api: Api) -> Response:
    """Say that a query found nothing: 404 in REST 1.5, in REST 2 an answer without content."""
    return refused(api, 404, NO_RESULTS, MISSING) if api == "v1" else flask.Response(status=204)
