"""Tokens: who holds one reads the SDMX service within its scope, and nothing else; who does not is told to sign in."""

from __future__ import annotations

import hashlib
import logging
import re
from pathlib import Path
from typing import Any

import flask
import pytest
import yaml
from impact_dashboards.server.access import Access, guard, read_access, scope_of_request
from impact_dashboards.server.tokens import PREFIX, access_line, digest, new_token
from typer.testing import CliRunner

from impact.cli.commands.token import app as command
from impact.errors import DeclarationError, UsageError

TOKEN, OTHER = PREFIX + "a" * 43, PREFIX + "b" * 43
FILE = f"""
sign_in: {{kind: proxy, trusted: [127.0.0.1]}}
users:
  - {{name: ada@example.org, role: evaluator, programmes: all}}
tokens:
  - {{name: istat, sha256: {digest(TOKEN)}, role: statistics_office, programmes: [one], parts: {{d: [R1]}}}}
  - {{name: region, sha256: {digest(OTHER)}, role: investor, programmes: all}}
"""


def access(folder: Path, text: str = FILE) -> Access:
    (folder / "access.yaml").write_text(text, encoding="utf-8")
    return read_access(folder / "access.yaml")


def site(read: Access | None) -> Any:
    server = flask.Flask("site", static_folder=None)

    @server.route("/<path:path>")
    def show(path: str) -> str:
        scope = scope_of_request()
        return f"data for {scope.role} {sorted(scope.programmes or ())} {sorted(scope.parts)}"

    guard(server, read)
    return server.test_client()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_opens_its_scope(tmp_path: Path) -> None:
    browser = site(access(tmp_path))
    answer = browser.get("/sdmx/v2/structure", headers=bearer(TOKEN))
    assert (answer.status_code, answer.text) == (200, "data for statistics_office ['one'] ['d']")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert browser.get("/sdmx/v1/dataflow", headers=bearer(OTHER)).text == "data for investor [] []"
    lower = {"Authorization": f"bearer  {TOKEN}"}
    assert browser.get("/sdmx/v1/dataflow", headers=lower).status_code == 200


@pytest.mark.parametrize(
    "presented",
    [
        "",
        "x",
        PREFIX,
        TOKEN[:-1],
        TOKEN + "a",
        TOKEN.upper(),
        digest(TOKEN),
        f"{TOKEN} {TOKEN}",
        f"{TOKEN},{OTHER}",
        "è" * 40,
    ],
)
def test_what_is_no_token_is_refused(tmp_path: Path, presented: str) -> None:
    answer = site(access(tmp_path)).get(
        "/sdmx/v2/structure", headers={"Authorization": f"Bearer {presented}".encode("latin-1")}
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert "data for" not in answer.text


@pytest.mark.parametrize("path", ["/it/portfolio", "/", "/sdmx", "/sdmx2/v2", "/SDMX/v2/structure", "//sdmx/v2", "/_dash-layout", "/it/sdmx/v2", "/sign-in"])  # fmt: skip
def test_a_token_opens_nothing_else(tmp_path: Path, path: str) -> None:
    answer = site(access(tmp_path)).get(path, headers=bearer(TOKEN))
    assert answer.status_code == 403
    assert "data for" not in answer.text


def test_a_token_is_nowhere_but_in_its_header(tmp_path: Path) -> None:
    browser = site(access(tmp_path))
    for path, headers in (
        (f"/sdmx/v2/structure?token={TOKEN}&access_token={TOKEN}", {}),
        ("/sdmx/v2/structure", {"Authorization": f"Basic {TOKEN}"}),
        ("/sdmx/v2/structure", {"Authorization": TOKEN}),
        ("/sdmx/v2/structure", {"X-Authorization": f"Bearer {TOKEN}"}),
        ("/sdmx/v2/structure", {"Cookie": f"token={TOKEN}"}),
    ):
        assert browser.get(path, headers=headers).status_code == 401


def test_a_line_that_is_taken_out_is_a_token_revoked(tmp_path: Path) -> None:
    revoked = "\n".join(line for line in FILE.splitlines() if "istat" not in line)
    browser = site(access(tmp_path, revoked))
    assert browser.get("/sdmx/v2/structure", headers=bearer(TOKEN)).status_code == 401
    assert browser.get("/sdmx/v2/structure", headers=bearer(OTHER)).status_code == 200


def test_who_is_signed_in_needs_none(tmp_path: Path) -> None:
    browser = site(access(tmp_path))
    ada, eve = {"X-Forwarded-User": "ada@example.org"}, {"X-Forwarded-User": "eve@example.org"}
    assert browser.get("/sdmx/v2/structure", headers=ada).text == "data for evaluator [] []"
    assert browser.get("/sdmx/v2/structure", headers=ada | bearer("x")).status_code == 401
    assert browser.get("/sdmx/v2/structure", headers=eve).status_code == 403
    nobody = browser.get("/sdmx/v2/structure")
    assert (nobody.status_code, nobody.mimetype) == (401, "application/json")
    assert b'ErrorMessage code="110"' in browser.get("/sdmx/v1/dataflow").data


def test_without_sign_in_the_machine_reads_everything(tmp_path: Path) -> None:
    browser = site(None)
    assert browser.get("/sdmx/v2/structure").text == "data for evaluator [] []"
    assert browser.get("/sdmx/v2/structure", headers=bearer("x")).status_code == 200
    assert browser.get("/sdmx/v2/structure", headers={"Host": "rebound.example"}).status_code == 403


def test_a_token_is_not_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    browser = site(access(tmp_path))
    for token in (TOKEN, TOKEN[:-1]):
        browser.get("/sdmx/v2/structure", headers=bearer(token))
    assert PREFIX not in caplog.text


@pytest.mark.parametrize(
    ("changed", "to", "told"),
    [
        (digest(TOKEN), TOKEN, "tokens.0.sha256"),
        (digest(OTHER), digest(TOKEN), "each token stands once"),
        ("name: region", "name: ISTAT", "each name of a token stands once; found twice: istat"),
        ("role: investor", "role: owner", "'evaluator', 'investor', 'coordinator' or 'statistics_office'"),
        ("programmes: [one]", "programmes: all", "name the programmes"),
        ("{d: [R1]}", "{}", "tokens.0.parts: too short"),
    ],
)
def test_a_wrong_line_is_refused_in_words(tmp_path: Path, changed: str, to: str, told: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        access(tmp_path, FILE.replace(changed, to))
    assert told in str(caught.value)


# ---- how one is made -------------------------------------------------------------------------------------------------


def test_tokens_are_random_and_long() -> None:
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(PREFIX + r"[\w-]{43}", token) for token in made)
    assert digest(TOKEN) == hashlib.sha256(TOKEN.encode()).hexdigest()


def test_the_command_shows_a_token_once_and_the_line_that_lets_it_in(tmp_path: Path) -> None:
    given = ["ISTAT, Torino", "--programme", "one", "--part", "d=R1", "--part", "d=001"]
    printed = CliRunner().invoke(command, given, catch_exceptions=False).stdout
    (token,) = re.findall(PREFIX + r"[\w-]{43}", printed)
    line = printed.rstrip().splitlines()[-1]
    assert token not in line
    (entry,) = yaml.safe_load(line)
    assert entry == {
        "name": "ISTAT, Torino",
        "sha256": digest(token),
        "role": "statistics_office",
        "programmes": ["one"],
        "parts": {"d": ["R1", "001"]},
    }
    browser = site(access(tmp_path, FILE + line))
    assert browser.get("/sdmx/v2/structure", headers=bearer(token)).text == "data for statistics_office ['one'] ['d']"


@pytest.mark.parametrize(
    ("role", "programmes", "parts", "told"),
    [
        ("owner", ["one"], [], "role"),
        ("investor", [], [], "programmes"),
        ("investor", ["One Two"], [], "programmes"),
        ("investor", ["all"], ["d=R1"], "name the programmes"),
        ("investor", ["one"], ["d"], "'d' is no part"),
    ],
)
def test_a_line_that_the_app_would_refuse_is_not_made(
    role: str, programmes: list[str], parts: list[str], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        access_line("istat", digest(TOKEN), role, programmes, parts)
