"""Serve the published findings on this machine; started by ``impact demo --serve``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
from dash import Dash, Input, Output, dcc, html

from impact.errors import UsageError
from impact.publish import findings_table, trace_finding
from impact.render import LEVELS, term_lines
from impact.store import Warehouse, open_reader
from impact_dashboards.claims import claims_page, has_claims
from impact_dashboards.network import has_network, network_page
from impact_dashboards.parts import HEADS, finding_row, finding_table, link, synthetic_banner, table
from impact_dashboards.projects import has_projects, projects_page
from impact_dashboards.territory import has_territory, territory_page

HOST = "127.0.0.1"


@dataclass(frozen=True)
class View:
    """A page of one programme: its word in the menu, whether there is something on it, and its content."""

    words: str
    holds: Callable[[Warehouse, str], bool]
    build: Callable[[Warehouse, str], list[Any]]


VIEWS = {
    "network": View("Network", has_network, network_page),
    "territory": View("Territory", has_territory, territory_page),
    "claims": View("Claims", has_claims, claims_page),
    "projects": View("Projects", has_projects, projects_page),
}
"""Pages of one programme by the first part of their address, ``/network/<programme>``."""


def create_app(db: str | Path) -> Dash:
    """Return the Dash app over a database.

    Parameters
    ----------
    db
        A DuckDB file written by the engine; what was published of it last is opened for each page, so that no run is
        blocked by a reader, nor a reader by a run.

    Raises
    ------
    UsageError
        If there is no such database.
    """
    with open_reader(db):
        pass
    app = Dash(__name__, title="Impact", update_title="", assets_folder="assets")
    app.layout = html.Div([dcc.Location(id="url", refresh="callback-nav"), html.Main(id="page")])

    @app.callback(Output("page", "children"), Input("url", "pathname"))
    def show(pathname: str | None) -> list[Any]:
        with open_reader(db) as warehouse:
            return page(warehouse, unquote(pathname or "/").strip("/"))

    return app


def page(warehouse: Warehouse, path: str) -> list[Any]:
    """Return a page's content: all findings, one programme's, a view of it, or the path of one finding.

    Parameters
    ----------
    warehouse
        Open for reading.
    path
        ``""``, a programme, ``view/programme`` (:data:`VIEWS`), or ``programme/indicator[/part=value]``.
    """
    findings = findings_table(warehouse)
    programmes = list(dict.fromkeys(findings["programme"]))
    first, _, rest = path.partition("/")
    view = VIEWS.get(first) if rest in programmes else None
    menu = _menu(warehouse, programmes, rest if view else first)
    if view:
        return [menu, *view.build(warehouse, rest)]
    if "/" in path and (first in programmes or first not in VIEWS):
        try:
            return [menu, *_finding_page(trace_finding(warehouse, path))]
        except UsageError as error:
            return [menu, html.H1("No such finding"), html.P(str(error))]
    if path and path not in programmes:
        return [menu, html.H1("No such programme"), html.P(f"The database holds {', '.join(programmes)}.")]
    shown = findings[findings["programme"] == path] if path else findings
    return [menu, html.H1(path or "Findings"), *_headline(shown), *_levels(shown, parts=bool(path))]


def _menu(warehouse: Warehouse, programmes: list[str], current: str) -> html.Nav:
    held = [(name, view) for name, view in VIEWS.items() if current in programmes and view.holds(warehouse, current)]
    views = [link(view.words, f"/{name}/{current}") for name, view in held]
    lists: list[list[Any]] = [[link("All programmes", "/"), *(link(name, f"/{name}") for name in programmes)]]
    lists += [[html.Strong(current), *views]] if views else []
    return html.Nav([html.Div(links) for links in lists])


def _headline(findings: pd.DataFrame) -> list[Any]:
    real = findings["data_kind"] == "real"
    whole = findings[(findings["scope"] == "programme") & (findings["group"] == "all") & real]
    promised = whole[whole["target"].notna()]
    reached = int((promised["attainment"] == "reached").sum())
    effects = whole[whole["estimate"].notna()]
    better = int((effects["contribution"] == "improved").sum())
    parts: list[Any] = [
        html.P(
            [
                html.Strong(f"{reached} of {len(promised)} promises"),
                " were reached beyond doubt; ",
                html.Strong(f"{better} of {len(effects)} effects"),
                " that a design could estimate are improvements. Synthetic data are not counted.",
            ],
            className="headline",
        )
    ]
    return [*synthetic_banner(findings), *parts]


def _levels(findings: pd.DataFrame, *, parts: bool) -> list[Any]:
    shown = findings if parts else findings[(findings["scope"] == "programme") & (findings["group"] == "all")]
    sections = []
    for level, words in LEVELS.items():
        rows = shown[shown["level"] == level]
        if len(rows):
            sections.append(html.Section([html.H2(f"{level.capitalize()}: {words}"), finding_table(rows)]))
    return sections


def _finding_page(trace: dict[str, Any]) -> list[Any]:
    finding, definition = trace["finding"], trace["definition"]
    checks = [
        html.Li(f"{check['check']}: {check['status']}. Null: {check['null_hypothesis']}. {check['detail']}")
        for check in trace["diagnostics"]
    ]
    sources = [
        html.Li(
            f"{s['file']} ({s['kind']}): {s['rows_used']} rows used; sha256 {s['sha256']}; {s['provenance']['title']}"
        )
        for s in trace["sources"]
    ]
    return [
        html.H1(finding["title_en"]),
        table(HEADS, [finding_row(finding)]),
        html.P(f"Evidence: {finding['evidence_reason']}. Plan: {finding['registration']}."),
        html.P(f"No effect: not estimable because {finding['not_estimable']}." if finding["not_estimable"] else ""),
        html.H2("Checks"),
        html.Ul(checks or [html.Li("None: no effect was estimated.")]),
        html.H2("Numbers behind the effect"),
        html.Ul([html.Li(line) for line in term_lines(trace["terms"])] or [html.Li("None.")]),
        html.H2("Definition"),
        html.P(f"{definition['file']}, line {definition['line']}, hash {definition['definition_hash'][:12]}"),
        html.Pre(definition["query"]),
        html.H2("Rows"),
        html.Ul(sources),
        html.P(f"Run {trace['run']['run_id']} by engine {trace['run']['engine']}."),
    ]


def serve(db: str | Path, port: int = 8050) -> None:
    """Serve the app on the loopback address until interrupted.

    Parameters
    ----------
    db
        The database.
    port
        On 127.0.0.1; nothing listens beyond this machine.
    """
    create_app(db).run(host=HOST, port=port, debug=False)
