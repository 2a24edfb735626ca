"""What was promised on the way, how values stand to it, and whether the targets of parts add up to the whole's."""

from __future__ import annotations

import datetime
from typing import Literal

from impact.states import Arm, AttainmentState, CourseState, ProgressState, TargetSumState
from impact.tables import shared
from impact.tables.columns import Holds, Json, Missing, Reach, Record, SentenceOrNothing, Small, Unit, col, same

Point = Literal["milestone", "now", "end"]
"""A day with a promise of its own; the last day with data, between two of them; the last promise."""
Of = Literal["period", "to_date", "wave"]
"""Of what a value is: a period, everything up to a day, or what was found at a day."""


class Milestone(
    Record,
    name="milestone",
    it="Una riga per giorno del percorso di un traguardo: indicatore, ambito, gruppo e scadenza.",
    reach=Reach.CUT,
    sort=("programme", "indicator", "arm", "scope", "scope_value", "group", "group_value", "due", "of", "point"),
):
    """One row per day on the path of a target: indicator, scope, group and due date."""

    programme: str = same(shared.PROGRAMME)
    finding: str = col(Holds.DECLARED, "Finding whose target it is.", "Risultato di cui è il traguardo.")
    indicator: str = same(shared.INDICATOR)
    arm: Arm = col(
        Holds.CODE,
        "`treated` where the design has arms, else empty.",
        "`treated` dove il disegno ha due gruppi, altrimenti vuoto.",
    )
    scope: str = same(shared.SCOPE)
    scope_value: str = same(shared.SCOPE_VALUE)
    group: str = same(shared.GROUP)
    group_value: str = same(shared.GROUP_VALUE)
    number: Small = col(
        Holds.DECLARED,
        "Place among the milestones of the part, from 1; 0 between two of them.",
        "Posto fra le tappe della parte, da 1; 0 fra due di esse.",
    )
    point: Point = col(
        Holds.CODE,
        "`milestone`; `end` for the last promise; `now` for the last day with data, where the path goes on between.",
        "`milestone` per una tappa; `end` per l'ultima promessa; `now` per l'ultimo giorno con dati, fra due tappe.",
    )
    due: datetime.date = col(Holds.CODE, "Day it is due.", "Giorno della scadenza.")
    of: Of = col(
        Holds.CODE,
        "Of what promise and value are: the `period` that ends then, everything `to_date`, or what a `wave` found.",
        "Di che cosa sono promessa e valore: il `period` che finisce allora, tutto fino ad allora (`to_date`), o ciò "
        "che una rilevazione (`wave`) ha trovato.",
    )
    target: float | None = col(
        Holds.PROMISE,
        "What is promised; null where nothing is, or a change from a baseline that is not known.",
        "Che cosa è promesso; vuoto se nulla, o se è un cambiamento da una partenza non nota.",
        Unit.VALUE,
        missing=Missing.NOT_STATED,
    )
    origin: Json = col(
        Holds.DECLARED,
        "Where the promise comes from, as JSON; empty for what lies between two of them.",
        "Da dove viene la promessa, in JSON; vuoto per ciò che sta fra due di esse.",
    )
    baseline: float | None = col(
        Holds.PROMISE,
        "Where the part stood before; null where it is not known.",
        "Da dove partiva la parte; vuoto dove non si sa.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    seen: str = col(
        Holds.CODE,
        "Period or wave of the value; empty where none is of that day.",
        "Periodo o rilevazione del valore; vuoto dove nessuno è di quel giorno.",
    )
    seen_on: datetime.date | None = col(
        Holds.CODE,
        "Its last day; null where there is none.",
        "Il suo ultimo giorno; vuoto dove non c'è.",
        missing=Missing.NOT_APPLICABLE,
    )
    value: float | None = col(
        Holds.STATISTIC,
        "The value that is held against the promise; null where there is none.",
        "Il valore confrontato con la promessa; vuoto dove non c'è.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    conf_low: float | None = same(shared.CONF_LOW)
    conf_high: float | None = same(shared.CONF_HIGH)
    attainment: AttainmentState = col(
        Holds.VERDICT,
        "Whether the promise was kept, as for findings.",
        "Se la promessa fu mantenuta, come per i risultati.",
    )
    progress: float | None = col(
        Holds.STATISTIC,
        "(value − baseline)/(target − baseline); null with the reason in `progress_state`.",
        "(valore − partenza)/(traguardo − partenza); vuoto con il motivo in `progress_state`.",
        Unit.RATIO,
        missing=Missing.UNKNOWN,
    )
    progress_state: ProgressState = col(
        Holds.VERDICT, "Why there is a progress, or none.", "Perché c'è un avanzamento, o non c'è."
    )
    course: CourseState = col(
        Holds.VERDICT,
        "`ahead`, `on_course` or `behind`, by the interval; else why this cannot be said.",
        "`ahead`, `on_course` o `behind`, secondo l'intervallo; altrimenti perché non si può dire.",
    )
    gap: float | None = col(
        Holds.STATISTIC,
        "Value less promise: above zero the value is larger, whichever is better.",
        "Valore meno promessa: sopra zero il valore è maggiore, qualunque sia il meglio.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    projection: float | None = col(
        Holds.STATISTIC,
        "Where a straight line through the periods so far would lead on that day; no value, and no promise.",
        "Dove porterebbe quel giorno una retta per i periodi finora; non è un valore, né una promessa.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    projection_low: float | None = col(
        Holds.STATISTIC,
        "Lower end of its 95 % prediction interval.",
        "Estremo inferiore del suo intervallo di previsione al 95 %.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    projection_high: float | None = col(
        Holds.STATISTIC,
        "Upper end of its 95 % prediction interval.",
        "Estremo superiore del suo intervallo di previsione al 95 %.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    projection_n: int | None = col(
        Holds.COUNT,
        "Periods that the line goes through.",
        "Periodi per cui passa la retta.",
        missing=Missing.UNKNOWN,
    )
    not_projected: SentenceOrNothing = col(
        Holds.REMARK,
        "Why there is no projection; empty where there is one, or the day has passed.",
        "Perché non c'è una proiezione; vuoto dove c'è, o il giorno è passato.",
    )
    suppressed: str = col(
        Holds.DECLARED,
        "Why readers are not shown it: `few` persons behind one of its periods; empty where they are.",
        "Perché non è mostrato ai lettori: `few`, poche persone dietro uno dei suoi periodi; vuoto dove lo è.",
        default="''",
    )


class TargetSum(
    Record,
    name="target_sum",
    it="Una riga per scadenza in cui le parti hanno una promessa: la loro somma e la promessa dell'insieme.",
    reach=Reach.NOBODY,
    sort=("programme", "indicator", "column", "due", "point"),
):
    """One row per day for which parts are promised something: their sum, and the promise of the whole."""

    programme: str = same(shared.PROGRAMME)
    indicator: str = same(shared.INDICATOR)
    column: str = col(Holds.DECLARED, "Column of the parts.", "Colonna delle parti.")
    point: Point = col(
        Holds.CODE,
        "`milestone`; `end` for the last promise of each part.",
        "`milestone` per una tappa; `end` per l'ultima promessa di ogni parte.",
    )
    due: datetime.date = col(
        Holds.CODE, "Day it is due; the latest, of the end.", "Giorno della scadenza; l'ultimo, per la fine."
    )
    parts: int = col(Holds.DECLARED, "Parts with a promise.", "Parti con una promessa.")
    without: int = col(
        Holds.DECLARED, "Parts with a finding and no promise.", "Parti con un risultato e senza promessa."
    )
    total: float | None = col(
        Holds.DECLARED,
        "Sum of what parts are promised; null where it does not add up.",
        "Somma di ciò che è promesso alle parti; vuoto dove non si somma.",
        Unit.VALUE,
        missing=Missing.NOT_APPLICABLE,
    )
    whole: float | None = col(
        Holds.DECLARED,
        "What the whole is promised; null where nothing is.",
        "Ciò che è promesso all'insieme; vuoto se nulla.",
        Unit.VALUE,
        missing=Missing.NOT_STATED,
    )
    difference: float | None = col(
        Holds.DECLARED,
        "`total` less `whole`: above zero parts are promised more than the whole.",
        "`total` meno `whole`: sopra zero alle parti è promesso più che all'insieme.",
        Unit.VALUE,
        missing=Missing.NOT_APPLICABLE,
    )
    state: TargetSumState = col(
        Holds.DECLARED,
        "`same`, `differs`, `no_whole`, or `not_added` for what does not add up over parts.",
        "`same`, `differs`, `no_whole`, o `not_added` per ciò che non si somma fra le parti.",
    )
    reason: SentenceOrNothing = col(
        Holds.DECLARED,
        "Why they are not added; empty where they are.",
        "Perché non si sommano; vuoto dove si sommano.",
    )
