"""What a programme declares about itself leaves as tables: who, when, where, its waves and its theory of change."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd

from impact.declare import Programme, in_language, last_day
from impact.declare.base import Text
from impact.declare.programme import Wave
from impact.publish.tables import read_table
from impact.store import Warehouse


def make_theory(programme: Programme, _: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Return what ``programme.yaml`` says as tables: the programme, its theory of change, waves and stakeholders.

    Parameters
    ----------
    programme
        As declared; nothing is asked of the database.
    """
    return {
        "programme": pd.DataFrame([_programme(programme)]),
        "theory_node": _nodes(programme),
        "theory_link": _links(programme),
        "wave": _waves(programme),
        "stakeholder": _stakeholders(programme),
    }


def waves_in_time(programme: Programme) -> list[Wave]:
    """Return the waves in order of time; those that end on the same day as they are declared."""
    return sorted(programme.header.waves, key=lambda wave: last_day(wave.date))


def _programme(programme: Programme) -> dict[str, Any]:
    header = programme.header
    return {
        **_both("title", header.title),
        **_both("summary", header.summary),
        "period_start": header.period.start,
        "period_end": header.period.end,
        "territory": header.territory,
        "data_kind": programme.source_kind(*programme.contracts),
        "minimum": header.disclosure.minimum,
    }


def _nodes(programme: Programme) -> pd.DataFrame:
    rows = [
        {"node": node.id, "stage": node.stage, "level": node.level, "horizon": node.horizon}
        | _both("title", node.title)
        | _both("description", node.description)
        for node in programme.header.theory_of_change.nodes
    ]
    return _placed(rows, "node", "stage", "level", "horizon", *_both("title"), *_both("description"))


def _links(programme: Programme) -> pd.DataFrame:
    rows = [
        {"source": link.source, "target": link.target}
        | _both("assumption", link.assumption)
        | _both("evidence", link.evidence)
        for link in programme.header.theory_of_change.links
    ]
    return _placed(rows, "source", "target", *_both("assumption"), *_both("evidence"))


def _waves(programme: Programme) -> pd.DataFrame:
    rows = [
        _both("title", wave.title)
        | {"wave": wave.id, "date": wave.date, "last_day": last_day(wave.date), "role": wave.role}
        for wave in waves_in_time(programme)
    ]
    return _placed(rows, "wave", "date", "last_day", "role", *_both("title"))


def _stakeholders(programme: Programme) -> pd.DataFrame:
    rows = [
        {"stakeholder": body.id, "name": body.name, "role": body.role, "kind": body.kind}
        for body in programme.header.stakeholders
    ]
    return _placed(rows, "stakeholder", "name", "role", "kind")


def _both(name: str, text: Text | None = None) -> dict[str, str | None]:
    """Return a text under its name in either language."""
    return {
        f"{name}_en": in_language(text, "en") if text else None,
        f"{name}_it": in_language(text, "it") if text else None,
    }


def _placed(rows: list[dict[str, Any]], *columns: str) -> pd.DataFrame:
    """Return rows as a frame that keeps their order, and its columns where there is none."""
    return pd.DataFrame(rows, columns=list(columns)).assign(place=range(1, len(rows) + 1))


def programmes_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the programmes with title, summary, period and territory."""
    return read_table(warehouse, "programme", programme, "programme")


def nodes_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the steps of the theories of change, as they are declared."""
    return read_table(warehouse, "theory_node", programme, "programme, place")


def links_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the causal claims between the steps, each with its assumption and evidence."""
    return read_table(warehouse, "theory_link", programme, "programme, place")


def waves_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the waves in order of time."""
    return read_table(warehouse, "wave", programme, "programme, place")


def stakeholders_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the bodies and groups with a part in the programmes, as they are declared."""
    return read_table(warehouse, "stakeholder", programme, "programme, place")
