"""Where a project stands among bodies, which claims count it, which files hold it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.figures.network import pairs_of
from impact.publish.rows import Record, rows_of
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.headings import contract_title, source_titles
from impact_dashboards.parts.state_marks import badge

# ---- the network -----------------------------------------------------------------------------------------------------


def network_block(view: View, project: Record) -> Block | None:
    """Return with whom the project's body is tied, wave by wave; None where no network has it."""
    bodies, ties = view.published.network(view.programme)
    keys = {project["code"], project["body"]} - {None}
    own = bodies[bodies["body"].isin(keys)]
    if own.empty:
        return None
    rows = [_position(view, body, bodies, ties) for body in rows_of(own)]
    extra = file_columns(["network", "wave", "body"])
    has_waves = any(row["wave_title"] for row in rows)
    shown = [spec for spec in NETWORK if has_waves or spec.key != "wave_title"]
    table = Table(columns_of(view, shown), rows, extra)
    whole = h("a", view.words("project.network_all"), href=view.address.to("network", view.programme))
    return Block("network", view.words("project.network"), table, lead=whole)


def _position(view: View, body: Record, bodies: pd.DataFrame, ties: pd.DataFrame) -> Record:
    """Return a body at a wave with how many others it is tied to, and with whom."""
    network, wave, key = body["network"], body["wave"], body["body"]
    of_wave = ties[ties["network"] == network]
    of_wave = of_wave[of_wave["wave"] == wave] if wave else of_wave
    others = {source if target == key else target for source, target in pairs_of(of_wave) if key in (source, target)}
    labels = bodies[bodies["network"] == network].set_index("body")["label"].to_dict()
    return body | {
        "title": body["label"],
        "wave_title": _wave_title(view, wave),
        "ties": len(others) if body["answered"] else None,
        "told": ", ".join(sorted(str(labels.get(other, other)) for other in others)),
    }


def _wave_title(view: View, wave: str) -> str:
    waves = {row["wave"]: row for row in rows_of(view.published.waves(view.programme))}
    return view.words.pick(waves[wave], "title") if wave in waves else wave


def _ties(view: View, row: Row) -> Node:
    return view.words("network.no_answer") if row["ties"] is None else view.words.number(row["ties"])


NETWORK = (
    ColumnSpec("title", "network.body"),
    ColumnSpec("wave_title", "project.wave"),
    ColumnSpec("ties", "project.ties", _ties, numeric=True),
    ColumnSpec("told", "project.tied_to"),
)

# ---- claims ----------------------------------------------------------------------------------------------------------


def claims_block(view: View, project: Record) -> Block | None:
    """Return the claims of the programme that count the row of the project; None where none does."""
    claims = rows_of(view.published.claims(view.programme))
    own = [claim for claim in claims if _counts(claim, project)]
    if not own:
        return None
    rows = [claim | {"title": view.words.pick(claim, "title")} for claim in own]
    lead = view.words("project.claims_lead")
    table = Table(columns_of(view, CLAIMS), rows, file_columns(["claim", "unit", "unit_it"]))
    return Block("claims", view.words("project.claims"), table, lead=lead)


def _counts(claim: Row, project: Row) -> bool:
    """Tell whether a claim was held against the row of a project."""
    used = json.loads(claim["rows_used"] or "[]")
    return any(
        one.get("contract") == project["contract"] and project["code"] in one.get("keys", ())
        for one in used
        if project["contract"] is not None
    )


def _claim(view: View, row: Row) -> Element:
    return h("a", row["title"], href=view.address.to("claims", view.programme))


def _stated(view: View, row: Row) -> str:
    return view.words.number(row["stated"], row["unit"])


def _recomputed(view: View, row: Row) -> str:
    return view.words.number(row["recomputed"], row["unit"])


def _state(view: View, row: Row) -> Element:
    return badge(row["state"], view.words)


CLAIMS = (
    ColumnSpec("title", "claims.claim", _claim),
    ColumnSpec("stated", "claims.stated", _stated, numeric=True),
    ColumnSpec("recomputed", "claims.recomputed", _recomputed, numeric=True),
    ColumnSpec("state", "finding.status", _state),
)

# ---- files -----------------------------------------------------------------------------------------------------------


def files_block(view: View, project: Record) -> Block | None:
    """Return the files that hold rows of projects, by when they were loaded; None where none does."""
    variables = view.published.variables(view.programme)
    holding = {*variables.loc[variables["column"] == project["column"], "contract"], project["contract"]}
    rows = list(_files(view, holding))
    if not rows:
        return None
    table = Table(columns_of(view, FILES), rows, file_columns(["source", "contract", "kind"]))
    return Block("files", view.words("project.files"), table, lead=view.words("project.files_lead"))


def _files(view: View, contracts: set[str | None]) -> Iterator[Record]:
    titles: dict[str, str] = source_titles(view)
    for load in rows_of(view.published.loads(view.programme)):
        if load["current"] and load["contract"] in contracts:
            mark = " †" if load["kind"] == "synthetic" else ""
            names = {
                "title": titles[load["source"]] + mark,
                "column_title": contract_title(view, load["contract"]),
                "loaded": load["loaded_at"].date(),
            }
            yield {name: load[name] for name in ("source", "contract", "kind", "file")} | names


def _loaded(view: View, row: Row) -> str:
    return view.words.date(row["loaded"])


FILES = (
    ColumnSpec("title", "project.file"),
    ColumnSpec("column_title", "project.contract"),
    ColumnSpec("file", "project.path"),
    ColumnSpec("loaded", "finding.loaded", _loaded),
)
