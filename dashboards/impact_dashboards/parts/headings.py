"""What contracts, their columns and their files are called: by their titles, or by their names as they stand."""

from __future__ import annotations

import json

from impact_dashboards.page.view import View


def contract_title(view: View, contract: str) -> str:
    """Return the title of a contract."""
    return view.published.headings(view.programme, view.words.language).get((contract, ""), contract)


def column_title(view: View, contract: str, column: str) -> str:
    """Return the title of a column."""
    language = view.words.language
    headings = view.published.headings(view.programme, language)
    title = headings.get((contract, column))
    if title:
        return title
    return view.published.cut_titles(language).get(column, column)


def source_titles(view: View) -> dict[str, str]:
    """Return the title of each source, in the words of its provenance; read once for the data as they are."""
    return view.published.cached_value(f"source titles {view.programme}", lambda: _source_titles(view))


def _source_titles(view: View) -> dict[str, str]:
    loads = view.published.loads(view.programme)
    provenances = zip(loads["source"], map(json.loads, loads["provenance"]), strict=True)
    return {source: str(provenance.get("title") or source) for source, provenance in provenances}


def source_contracts(view: View) -> dict[str, str]:
    """Return the contract of each source."""
    loads = view.published.loads(view.programme)
    pairs = zip(loads["source"], loads["contract"], strict=True)
    return dict(pairs)
