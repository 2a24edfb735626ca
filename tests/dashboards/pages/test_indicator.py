"""The indicator's page: conclusion first, checks by what they say, groups with their test before the numbers behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from impact_dashboards.server.app import create_app

from tests.support.shipped import shipped_database


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    db: Path = shipped_database(tmp_path_factory)
    made: FlaskClient = create_app(db).server.test_client()
    return made


def sections(client: FlaskClient, path: str) -> dict[str, str]:
    """Return the words of each block of a page by its name, in order."""
    text = client.get(path).get_data(as_text=True)
    found = re.findall(r'<section[^>]*id="([^"]+)"[^>]*>(.*?)</section>', text, re.DOTALL)
    return {name: " ".join(re.sub(r"<[^>]+>", " ", body).split()) for name, body in found}


def test_the_conclusion_comes_first_and_the_groups_before_the_numbers_behind(client: FlaskClient) -> None:
    blocks = sections(client, "/en/indicator/wecare/loneliness")
    names = list(blocks)
    assert names[0] == "conclusion"
    assert names.index("by-sex") < names.index("terms")
    said = blocks["conclusion"]
    assert "The promise is not kept: 5.313 against a target of 4.98." in said
    assert "Weak evidence indicates an improvement: −0.36" in said
    assert "Evidence at level 2 of 5." in said
    assert "What could change this conclusion" in said


def test_checks_stand_by_what_they_say_and_critical_ones_are_marked(client: FlaskClient) -> None:
    effect = sections(client, "/en/indicator/wecare/loneliness")["effect"]
    heads = ["Supports the estimate", "Weakens the estimate", "Could not be made"]
    places = [effect.index(head) for head in heads]
    assert places == sorted(places)
    marked = [place.start() for place in re.finditer("critical: lowers the level of evidence", effect)]
    assert len(marked) == 1
    assert marked[0] > places[-1]


@pytest.mark.parametrize("indicator", ["nsw/earnings", "wecare/loneliness"])
def test_groups_have_the_test_of_their_difference(client: FlaskClient, indicator: str) -> None:
    groups = [words for name, words in sections(client, f"/en/indicator/{indicator}").items() if name.startswith("by-")]
    assert groups
    assert any("between these groups (p = " in words for words in groups)


def test_a_change_has_no_test_of_effects(client: FlaskClient) -> None:
    groups = sections(client, "/en/indicator/milano_sei_laltro/cross_sector_ties")
    assert "between the groups" not in groups["by-tie"]
    assert "there is no comparison" in groups["conclusion"]
