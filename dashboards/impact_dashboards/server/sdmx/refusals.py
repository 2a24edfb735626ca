"""What is wrong, as SDMX says it: an error message in XML or JSON, with the code of the standard.

Codes are those of the guidelines for web services of SDMX 2.1, which both editions of the interface use.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping

import flask

from impact.publish.official.query.refusal import Reason
from impact.publish.official.query.resources import Api
from impact.publish.official.sdmx_xml import namespaces

NO_RESULTS, UNAUTHORIZED, SYNTAX, SEMANTIC, INTERNAL, NOT_IMPLEMENTED, NO_FORM = 100, 110, 140, 150, 500, 501, 1406
"""Codes of the standard; the last is of this service: there is none of the forms that were asked for."""
CODES: Mapping[Reason, int] = {
    Reason.SYNTAX: SYNTAX,
    Reason.MEANING: SEMANTIC,
    Reason.NOTHING: NO_RESULTS,
    Reason.NOT_ANSWERED: NOT_IMPLEMENTED,
    Reason.FAULT: INTERNAL,
}
STATUS: Mapping[Api, Mapping[Reason, int]] = {
    "v2": {Reason.SYNTAX: 400, Reason.MEANING: 422, Reason.NOTHING: 404, Reason.NOT_ANSWERED: 501, Reason.FAULT: 500},
    "v1": {Reason.SYNTAX: 400, Reason.MEANING: 400, Reason.NOTHING: 404, Reason.NOT_ANSWERED: 501, Reason.FAULT: 500},
}
"""REST 1.5 would have 403 for what has no meaning; that says here, as everywhere in the app, that one has no right."""
BEARER = 'Bearer realm="impact"'


def refused(api: Api, status: int, code: int, text: str) -> flask.Response:
    """Return an error message, in the form that the reader accepts: XML by default in REST 1.5, else JSON."""
    content, kind = (_xml(api, code, text), "application/xml") if _wants_xml(api) else (None, "application/json")
    response = flask.Response(content or _json(code, text), status, mimetype=kind if content else "application/json")
    if status == 401:
        response.headers["WWW-Authenticate"] = BEARER
    return response


def api_of(path: str) -> Api:
    """Return the edition of the interface that a path is of."""
    return "v1" if path.startswith("/sdmx/v1/") else "v2"


def no_right(known: bool) -> flask.Response:
    """Return what somebody is told who has no right: to say who it is, or that this is known and not enough."""
    api = api_of(flask.request.path)
    if known:
        return refused(api, 403, UNAUTHORIZED, "you are not in the list of readers")
    return refused(api, 401, UNAUTHORIZED, "sign in, or send a token: Authorization: Bearer …")


def _wants_xml(api: Api) -> bool:
    accepted = " ".join(name for name, weight in flask.request.accept_mimetypes if weight)
    if "json" in accepted:
        return False
    return "xml" in accepted or api == "v1"


def _json(code: int, text: str) -> str:
    return json.dumps({"errors": [{"code": code, "title": text}]}, ensure_ascii=False)


def _xml(api: Api, code: int, text: str) -> bytes | None:
    """Return an error message of SDMX-ML; None where the package is missing that writes XML."""
    try:
        etree = importlib.import_module("lxml.etree")
    except ImportError:
        return None
    spaces = namespaces("2.1" if api == "v1" else "3.0")
    used = {prefix: spaces[prefix] for prefix in ("mes", "com")}
    error = etree.Element(f"{{{used['mes']}}}Error", nsmap=used)
    message = etree.SubElement(error, f"{{{used['mes']}}}ErrorMessage", code=str(code))
    said = etree.SubElement(message, f"{{{used['com']}}}Text")
    said.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    said.text = text
    written: bytes = etree.tostring(error, xml_declaration=True, encoding="UTF-8")
    return written
