"""What contracts, their columns and their files are called: by their titles, or by their names as they stand."""

from __future__ import annotations

import json

from impact_dashboards.page.view import View


def contract_title(view: View, contract: str) -> str:
    """Return the title of a contract."""
    return view.published.headings(view.programme, view.words.declared).get((contract, ""), contract)


def column_title(view: View, contract: str, column: str) -> str:
    """Return the title of a column."""
    own = view.published.headings(view.programme, view.words.declared).get((contract, column))
    return own or view.published.cut_titles(view.words.declared).get(column, column)


def source_titles(view: View) -> dict[str, str]:
    """Return the title of each source, in the words of its provenance."""
    loads = view.published.loads(view.programme)
    named = zip(loads["source"], loads["provenance"], strict=True)
    return {source: str(json.loads(provenance).get("title") or source) for source, provenance in named}


def source_contracts(view: View) -> dict[str, str]:
    """Return the contract of each source."""
    loads = view.published.loads(view.programme)
    return dict(zip(loads["source"], loads["contract"], strict=True))
