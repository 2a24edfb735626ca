"""What readers read, on every page of the shipped programmes: no number, word or name of another language or machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pandas as pd
import pytest
from impact_dashboards.page.view import View

from impact.publish.published import ReaderTables
from impact.store import Warehouse, open_reader
from tests.support.shipped import SHIPPED, shipped_database
from tests.support.views import asked
from tests.support.written import bare, foreign, ids, left, page_of, said_on, without, words, wrong

PAGES = ("theory", "network", "territory", "monitoring", "claims", "explore", "export")
MOST = {
    "educate_girls": "girls_enrolled",
    "milano_sei_laltro": "cross_sector_ties",
    "nsw": "earnings",
    "peterborough": "events",
    "talents4coop": "participants",
    "wecare": "territory_knows_services",
}
"""The indicator of each programme that says most."""
TEXTS = ("title", "part", "summary", "assumption", "evidence", "description", "reason", "unit")
PLAIN = (
    "name",
    "challenge",
    "arrived",
    "next",
    "territory",
    "publisher",
    "document",
    "label",
    "place",
    "quote",
    "title",
    "documents",
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """All programmes that come with the engine, in one database."""
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        yield warehouse


def views(warehouse: Warehouse, programme: str, language: str, *, every: bool = False) -> Iterator[View]:
    """Yield the pages of a programme: one of each kind, or every one."""
    first = asked(warehouse, f"/{language}/portfolio?programme={programme}")
    yield first
    yield from (asked(warehouse, f"/{language}/{page}/{programme}") for page in PAGES)
    findings = first.published.findings(programme)
    shown = findings["finding"] if every else [f"{programme}/{MOST[programme]}"]
    for finding in shown:
        _, indicator, *part = finding.split("/", 2)
        asks = f"?part={quote(part[0])}" if part else ""
        yield asked(warehouse, f"/{language}/indicator/{programme}/{indicator}{asks}")


def declared(published: ReaderTables, programme: str) -> set[str]:
    """Return the texts that a programme or its data bring with them, in whatever language, and its codes."""
    frames = [
        *(read(programme) for read in (published.nodes, published.links, published.stakeholders, published.labels)),
        *(read(programme) for read in (published.cuts, published.waves, published.claims, published.deliveries)),
        *(read(programme) for read in (published.phases, published.journeys, published.map, published.findings)),
        published.network(programme)[0],
        pd.DataFrame(published.titles.values()),
    ]
    names = [f"{name}_{language}" for name in TEXTS for language in ("it", "en")]
    columns = [frame[name] for frame in frames for name in (*names, *PLAIN) if name in frame]
    said = {str(text) for column in columns for text in column.dropna().unique()}
    said |= {str(text) for each in published.loads(programme)["provenance"] for text in json.loads(each).values()}
    for each in published.claims(programme)["origin"]:
        said |= {str(text) for text in json.loads(each).values()}
    for each in published.claims(programme)["readings"]:
        said |= {str(text) for reading in json.loads(each) for text in reading["text"].values()}
    headings = published.headings(programme, "it") | published.headings(programme, "en")
    return said | set(headings.values())


def codes(published: ReaderTables, programme: str) -> set[str]:
    """Return the words that are ids of columns, waves and codes: in a sentence they stand as they are."""
    own = {column for _, column in published.headings(programme, "it")}
    own |= set(published.waves(programme)["wave"]) | set(published.labels(programme)["code"])
    return set().union(*map(words, own))


def titled(published: ReaderTables, programme: str) -> dict[str, str]:
    """Return the titles of contracts, columns that cut, waves and codes, by id."""
    headings = published.headings(programme, "it")
    of = {contract: title for (contract, column), title in headings.items() if not column}
    of |= dict(published.waves(programme)[["wave", "title_it"]].itertuples(index=False, name=None))
    of |= {code: title for (owner, _, code), title in published.label_titles("it").items() if owner == programme}
    return {name: title for name, title in of.items() if not name.isdigit() and len(name) > 2}


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("programme", SHIPPED)
def test_nothing_is_set_wrongly_on_any_page(found: Warehouse, programme: str, language: str) -> None:
    published = asked(found, f"/{language}/portfolio").published
    known, names = declared(published, programme), titled(published, programme) if language == "it" else {}
    bad = foreign(language) - codes(published, programme) - set().union(*map(words, known))
    for view in views(found, programme, language):
        texts = said_on(view, page_of(view))
        found_here = wrong(without(texts, known), language) | left(texts, bad)
        assert found_here == {}, view.address.href
        assert (bare(texts, names) | ids(texts)) - known == set(), view.address.href
