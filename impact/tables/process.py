"""What documents say: claims beside what records give, journeys of projects, phases, deliveries."""

from __future__ import annotations

import datetime

from impact.declare.base import Level
from impact.declare.claims import Qualifier
from impact.states import ClaimState
from impact.tables import shared
from impact.tables.columns import Holds, Json, Missing, Reach, Record, Unit, col, same


class Claim(
    Record,
    name="claim",
    it="Una riga per totale che un programma ha riportato di sé, accanto a ciò che ne danno i registri.",
    reach=Reach.NOBODY,
    sort=("programme", "level", "claim"),
):
    """One row per total a programme reported about itself, beside what its records give."""

    programme: str = same(shared.PROGRAMME)
    claim: str = col(Holds.DECLARED, "Claim id.", "Id della dichiarazione.")
    title_it: str = same(shared.TITLE_IT)
    title_en: str = same(shared.TITLE_EN)
    level: Level = same(shared.LEVEL)
    unit: str = col(Holds.DECLARED, "Unit of the figure, in English.", "Unità della cifra, in inglese.")
    unit_it: str = same(shared.UNIT_IT)
    stated: float = col(
        Holds.DECLARED,
        "Figure as reported; of a list, the number of its names.",
        "Cifra come riportata; di un elenco, il numero dei suoi nomi.",
        Unit.VALUE,
    )
    qualifier: Qualifier = col(
        Holds.DECLARED,
        "How it was stated: `exact`, `about`, `more_than`, `at_most`.",
        "Come fu detta: `exact`, `about`, `more_than`, `at_most`.",
    )
    recomputed: float | None = col(
        Holds.STATISTIC,
        "What the records give; null where they cannot.",
        "Che cosa danno i registri; vuoto dove non possono.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    difference: float | None = col(
        Holds.STATISTIC,
        "Recomputed minus stated.",
        "Ricalcolato meno dichiarato.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    relative_difference: float | None = col(
        Holds.STATISTIC,
        "Difference over the size of what was stated; null where that is zero.",
        "Differenza sulla grandezza del dichiarato; vuota dove questo è zero.",
        Unit.RATIO,
        missing=Missing.NOT_APPLICABLE,
    )
    state: ClaimState = col(
        Holds.VERDICT,
        "`reproduced`, `differs` or `not_recomputable`.",
        "`reproduced`, `differs` o `not_recomputable`.",
    )
    reason_it: str = col(Holds.REMARK, "Why, in Italian.", "Perché, in italiano.")
    reason_en: str = col(Holds.REMARK, "Why, in English.", "Perché, in inglese.")
    formula: str = col(
        Holds.REMARK,
        "How it was recomputed, with the numbers used.",
        "Come è stato ricalcolato, con i numeri usati.",
    )
    readings: Json = col(
        Holds.REMARK,
        "Possible readings, some with a number of their own, as JSON.",
        "Letture possibili, alcune con un numero proprio, in JSON.",
    )
    origin: Json = col(Holds.DECLARED, "Document, place and quote, as JSON.", "Documento, luogo e citazione, in JSON.")
    rows_used: Json = col(
        Holds.LINE,
        "Per contract the rows used and up to 20 of their keys, as JSON.",
        "Per contratto le righe usate e fino a 20 delle loro chiavi, in JSON.",
    )
    data_kind: str = same(shared.DATA_KIND)
    run_id: str = col(Holds.DECLARED, "Run that recomputed it.", "Calcolo che l'ha ricalcolato.")


class Journey(
    Record,
    name="journey",
    it="Una riga per progetto: da dove è partito, dove è arrivato e che cosa viene poi, con le parole del documento.",
    reach=Reach.COLUMNS,
    cuts={"project_id": "project", "territory": "territory"},
    sort=("programme", "project"),
):
    """One row per project: where it started, where it arrived and what comes next, in the document's words."""

    programme: str = same(shared.PROGRAMME)
    project: str = col(Holds.DECLARED, "Project id.", "Id del progetto.")
    name: str = col(Holds.DECLARED, "Name of the project.", "Nome del progetto.")
    territory: str | None = col(
        Holds.DECLARED,
        "Territory as the document names it.",
        "Territorio come lo nomina il documento.",
        missing=Missing.NOT_STATED,
    )
    challenge: str | None = col(Holds.DECLARED, "Where it started.", "Da dove è partito.", missing=Missing.NOT_STATED)
    arrived: str | None = col(
        Holds.DECLARED,
        "Where it arrived; null where not stated.",
        "Dove è arrivato; vuoto dove non detto.",
        missing=Missing.NOT_STATED,
    )
    next: str | None = col(
        Holds.DECLARED,
        "What comes next; null where not stated.",
        "Che cosa viene poi; vuoto dove non detto.",
        missing=Missing.NOT_STATED,
    )
    document: str = col(Holds.DECLARED, "Document.", "Documento.")
    place: str | None = same(shared.PLACE)
    quote: str = col(Holds.DECLARED, "Wording.", "Parole del documento.")


class Phase(
    Record,
    name="phase",
    it="Una riga per fase di un processo, dal contratto condiviso `phase`.",
    reach=Reach.EVERYBODY,
    sort=("programme", "number", "phase"),
):
    """One row per phase of a process, from the shared contract `phase`."""

    programme: str = same(shared.PROGRAMME)
    phase: str = col(Holds.DECLARED, "Phase id.", "Id della fase.")
    number: int | None = col(
        Holds.DECLARED,
        "Number, as the document counts or orders the phases.",
        "Numero, come il documento conta o ordina le fasi.",
        missing=Missing.NOT_STATED,
    )
    title: str | None = col(
        Holds.DECLARED,
        "Title, in the document's words.",
        "Titolo, con le parole del documento.",
        missing=Missing.NOT_STATED,
    )
    planned_start: datetime.date | None = col(
        Holds.DECLARED,
        "Planned start; of a month or year, the first day.",
        "Inizio previsto; di un mese o anno, il primo giorno.",
        missing=Missing.NOT_STATED,
    )
    planned_end: datetime.date | None = col(
        Holds.DECLARED,
        "Planned end; of a month or year, the last day.",
        "Fine prevista; di un mese o anno, l'ultimo giorno.",
        missing=Missing.NOT_STATED,
    )
    planned_precision: str | None = col(
        Holds.DECLARED,
        "How finely the planned dates are stated: day, month, year.",
        "Con quale precisione sono dette le date previste: day, month, year.",
        missing=Missing.NOT_STATED,
    )
    actual_start: datetime.date | None = col(
        Holds.DECLARED,
        "Actual start.",
        "Inizio effettivo.",
        missing=Missing.NOT_STATED,
    )
    actual_end: datetime.date | None = col(Holds.DECLARED, "Actual end.", "Fine effettiva.", missing=Missing.NOT_STATED)
    actual_precision: str | None = col(
        Holds.DECLARED,
        "How finely the actual dates are stated.",
        "Con quale precisione sono dette le date effettive.",
        missing=Missing.NOT_STATED,
    )
    status: str | None = col(
        Holds.DECLARED,
        "`done`, `in_progress`, `planned` or `dropped`; null where not stated.",
        "`done`, `in_progress`, `planned` o `dropped`; vuoto dove non detto.",
        missing=Missing.NOT_STATED,
    )
    gate: str | None = col(
        Holds.DECLARED,
        "What must hold before the next phase.",
        "Che cosa deve valere prima della fase successiva.",
        missing=Missing.NOT_STATED,
    )
    gate_met: str | None = col(
        Holds.DECLARED,
        "`yes` or `no`; null where not stated.",
        "`yes` o `no`; vuoto dove non detto.",
        missing=Missing.NOT_STATED,
    )
    document: str | None = same(shared.DOCUMENT)
    place: str | None = same(shared.PLACE)
    quote: str | None = same(shared.QUOTE)
    status_quote: str | None = col(
        Holds.DECLARED,
        "Wording for the status, where the quote does not say it.",
        "Parole per lo stato, dove la citazione non lo dice.",
        missing=Missing.NOT_STATED,
    )


class Delivery(
    Record,
    name="delivery",
    it="Una riga per attività, il previsto accanto al realizzato, dal contratto condiviso `delivery`.",
    reach=Reach.COLUMNS,
    cuts={"project_id": "project", "phase_id": "phase"},
    sort=("programme", "kind", "activity"),
):
    """One row per activity, planned beside delivered, from the shared contract `delivery`."""

    programme: str = same(shared.PROGRAMME)
    activity: str = col(Holds.DECLARED, "Activity id.", "Id dell'attività.")
    kind: str | None = col(Holds.DECLARED, "Kind of activity.", "Tipo di attività.", missing=Missing.NOT_STATED)
    kind_en: str | None = col(
        Holds.DECLARED,
        "Title of the kind in English.",
        "Titolo del tipo in inglese.",
        missing=Missing.NOT_STATED,
    )
    kind_it: str | None = col(
        Holds.DECLARED,
        "Title of the kind in Italian.",
        "Titolo del tipo in italiano.",
        missing=Missing.NOT_STATED,
    )
    phase: str | None = col(
        Holds.DECLARED,
        "Phase it belongs to; null where not stated.",
        "Fase a cui appartiene; vuota dove non detta.",
        missing=Missing.NOT_STATED,
    )
    project: str | None = col(
        Holds.DECLARED,
        "Project it was for; null where not stated.",
        "Progetto per cui era; vuoto dove non detto.",
        missing=Missing.NOT_STATED,
    )
    planned_count: float | None = col(
        Holds.DECLARED,
        "How many were planned; null where not stated.",
        "Quante erano previste; vuoto dove non detto.",
        Unit.ACTIVITIES,
        missing=Missing.NOT_STATED,
    )
    delivered_count: float | None = col(
        Holds.DECLARED,
        "How many were delivered; null where not stated.",
        "Quante sono state realizzate; vuoto dove non detto.",
        Unit.ACTIVITIES,
        missing=Missing.NOT_STATED,
    )
    planned_hours: float | None = col(
        Holds.DECLARED,
        "Hours planned in all.",
        "Ore previste in tutto.",
        Unit.HOURS,
        missing=Missing.NOT_STATED,
    )
    delivered_hours: float | None = col(
        Holds.DECLARED,
        "Hours delivered in all.",
        "Ore realizzate in tutto.",
        Unit.HOURS,
        missing=Missing.NOT_STATED,
    )
    qualifier: str | None = col(
        Holds.DECLARED,
        "How what was delivered is stated: `exact`, `about`, `more_than`, `at_most`.",
        "Come è detto ciò che è stato realizzato: `exact`, `about`, `more_than`, `at_most`.",
        missing=Missing.NOT_STATED,
    )
    date: str | None = col(
        Holds.DECLARED,
        "Year, month or day, as finely as stated.",
        "Anno, mese o giorno, con la precisione con cui è detto.",
        missing=Missing.NOT_STATED,
    )
    document: str | None = same(shared.DOCUMENT)
    place: str | None = same(shared.PLACE)
    quote: str | None = same(shared.QUOTE)
    planned_quote: str | None = col(
        Holds.DECLARED,
        "Wording for what was planned.",
        "Parole per ciò che era previsto.",
        missing=Missing.NOT_STATED,
    )
