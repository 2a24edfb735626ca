"""What a programme declares about itself leaves as tables: who, when, where, its waves and its theory of change."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import duckdb
import pandas as pd

from impact.declare import Programme, in_language, last_day
from impact.declare.base import Text
from impact.declare.programme import Wave
from impact.tables import declared
from impact.tables.columns import Record
from impact.tables.frames import to_frame


def make_theory(programme: Programme, _: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Return what ``programme.yaml`` says as tables: the programme, its theory of change, waves, who has a part.

    Parameters
    ----------
    programme
        As declared; nothing is asked of the database.
    """
    rows: dict[type[Record], Sequence[Record]] = {}
    rows[declared.Programme] = [_programme(programme)]
    rows[declared.TheoryNode] = _nodes(programme)
    rows[declared.TheoryLink] = _links(programme)
    rows[declared.Wave] = _waves(programme)
    rows[declared.Stakeholder] = _stakeholders(programme)
    rows[declared.Contact] = _contacts(programme)
    return {record.TABLE.name: to_frame(record, of_table) for record, of_table in rows.items()}


def waves_in_time(programme: Programme) -> list[Wave]:
    """Return the waves in order of time; those that end on the same day as they are declared."""
    return sorted(programme.header.waves, key=lambda wave: last_day(wave.date))


def _programme(programme: Programme) -> declared.Programme:
    header = programme.header
    return declared.Programme(
        programme=programme.id,
        title_en=in_language(header.title, "en"),
        title_it=in_language(header.title, "it"),
        summary_en=in_language(header.summary, "en"),
        summary_it=in_language(header.summary, "it"),
        period_start=header.period.start,
        period_end=header.period.end,
        territory=header.territory,
        data_kind=programme.source_kind(*programme.contracts),
        minimum=header.disclosure.minimum,
    )


def _nodes(programme: Programme) -> list[declared.TheoryNode]:
    return [
        declared.TheoryNode(
            programme=programme.id,
            place=number,
            node=node.id,
            stage=node.stage,
            level=node.level,
            horizon=node.horizon,
            title_en=in_language(node.title, "en"),
            title_it=in_language(node.title, "it"),
            description_en=_english(node.description),
            description_it=_italian(node.description),
        )
        for number, node in enumerate(programme.header.theory_of_change.nodes, 1)
    ]


def _links(programme: Programme) -> list[declared.TheoryLink]:
    return [
        declared.TheoryLink(
            programme=programme.id,
            place=number,
            source=link.source,
            target=link.target,
            assumption_en=in_language(link.assumption, "en"),
            assumption_it=in_language(link.assumption, "it"),
            evidence_en=_english(link.evidence),
            evidence_it=_italian(link.evidence),
        )
        for number, link in enumerate(programme.header.theory_of_change.links, 1)
    ]


def _waves(programme: Programme) -> list[declared.Wave]:
    return [
        declared.Wave(
            programme=programme.id,
            place=number,
            wave=wave.id,
            title_en=in_language(wave.title, "en"),
            title_it=in_language(wave.title, "it"),
            date=wave.date,
            last_day=datetime.date.fromisoformat(last_day(wave.date)),
            role=wave.role,
        )
        for number, wave in enumerate(waves_in_time(programme), 1)
    ]


def _stakeholders(programme: Programme) -> list[declared.Stakeholder]:
    return [
        declared.Stakeholder(
            programme=programme.id, place=number, stakeholder=body.id, name=body.name, role=body.role, kind=body.kind
        )
        for number, body in enumerate(programme.header.stakeholders, 1)
    ]


def _contacts(programme: Programme) -> list[declared.Contact]:
    contacts = []
    for number, contact in enumerate(programme.header.contacts, 1):
        answers = contact.answers_for
        contacts.append(
            declared.Contact(
                programme=programme.id,
                place=number,
                contact=contact.id,
                role_en=in_language(contact.role, "en"),
                role_it=in_language(contact.role, "it"),
                body=contact.body,
                name=contact.name,
                reach=contact.reach,
                everything=answers is None,
                waves=answers.waves if answers else (),
                indicators=answers.indicators if answers else (),
                contracts=answers.contracts if answers else (),
            )
        )
    return contacts


def _english(text: Text | None) -> str | None:
    return in_language(text, "en") if text else None


def _italian(text: Text | None) -> str | None:
    return in_language(text, "it") if text else None
