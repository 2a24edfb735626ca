"""Tokens by which programmes read the SDMX service: made here, shown once, kept as a hash in the access file."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from typing import Annotated

import flask
import yaml
from pydantic import Field, ValidationError

from impact.errors import UsageError
from impact_dashboards.server.grants import Grant

PREFIX = "impact_"
"""How a token begins: who finds one in a file sees what it is, and so do programmes that look for secrets."""
RANDOM_BYTES = 32
OPENED = "/sdmx/"
"""How the paths begin that a token opens; it opens no page."""


class Token(Grant):
    """A programme that reads.

    Parameters
    ----------
    name
        Who uses it, for whoever reads the access file.
    sha256
        Of the token, as ``impact token`` prints it; the token itself is written nowhere.
    """

    name: str = Field(min_length=1, max_length=254)
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def new_token() -> str:
    """Return a token that nobody has had before."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def digest(token: str) -> str:
    """Return what is kept of a token. It is random and long, so that a plain hash tells nothing of it."""
    return hashlib.sha256(token.encode()).hexdigest()


def access_line(name: str, sha256: str, role: str, programmes: Sequence[str], parts: Sequence[str]) -> str:
    """Return the line of the access file that lets the holder of a token in.

    Parameters
    ----------
    name, sha256, role
        Of the entry.
    programmes
        Ids, or ``all`` alone.
    parts
        As ``column=code``.

    Raises
    ------
    UsageError
        If the app would refuse the line.
    """
    codes: dict[str, list[str]] = {}
    for part in parts:
        column, equals, code = part.partition("=")
        if not equals:
            raise UsageError(f"'{part}' is no part; write column=code, such as territory=ITC11")
        codes.setdefault(column, []).append(code)
    listed = "all" if list(programmes) == ["all"] else list(programmes)
    entry = {"name": name, "sha256": sha256, "role": role, "programmes": listed} | ({"parts": codes} if codes else {})
    try:
        Token.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        where = " ".join(map(str, first["loc"]))
        told = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"the access file would not take this line: {where or 'it'}: {told}") from error
    written: str = yaml.safe_dump(entry, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1000)
    return written.strip()


def holder(tokens: Iterable[Token], presented: str) -> Token | None:
    """Return the entry of a token; None for one that is not listed, or no more.

    All entries are compared, each in a time that says nothing of how much is alike.
    """
    hashed = digest(presented)
    found = [token for token in tokens if hmac.compare_digest(token.sha256, hashed)]
    return found[0] if found else None


def presented_token() -> str | None:
    """Return the token that the request at hand carries where tokens count; None without one."""
    if not flask.request.path.startswith(OPENED):
        return None
    scheme, _, value = flask.request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.casefold() == "bearer" else None
