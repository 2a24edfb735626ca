"""What a programme declares of itself: who, when, where, its waves and its theory of change."""

from __future__ import annotations

import datetime

from impact.declare.base import Horizon, Level, Stage
from impact.tables import shared
from impact.tables.columns import Holds, Missing, Reach, Record, Small, Unit, col, same


class Programme(
    Record,
    name="programme",
    it="Una riga per programma: che cosa ne dice `programme.yaml`.",
    reach=Reach.EVERYBODY,
    sort=("programme",),
):
    """One row per programme: what `programme.yaml` says of it."""

    programme: str = same(shared.PROGRAMME)
    title_en: str = same(shared.TITLE_EN_OR_ITALIAN)
    title_it: str = same(shared.TITLE_IT_OR_ENGLISH)
    summary_en: str = col(Holds.DECLARED, "Summary in English.", "Sintesi in inglese.")
    summary_it: str = col(Holds.DECLARED, "Summary in Italian.", "Sintesi in italiano.")
    period_start: str = col(
        Holds.DECLARED,
        "First year, month or day of the programme, as declared.",
        "Primo anno, mese o giorno del programma, come dichiarato.",
    )
    period_end: str = col(
        Holds.DECLARED,
        "Last year, month or day, as declared.",
        "Ultimo anno, mese o giorno, come dichiarato.",
    )
    territory: str = col(Holds.DECLARED, "Territory, as declared.", "Territorio, come dichiarato.")
    data_kind: str = col(
        Holds.DECLARED,
        "`synthetic` if any of its sources is, else `real`.",
        "`synthetic` se lo è una delle sue fonti, altrimenti `real`.",
    )
    minimum: Small = col(
        Holds.DECLARED,
        "Fewest persons a cell may rest on and be shown.",
        "Minimo di persone su cui una cella può poggiare ed essere mostrata.",
        Unit.PERSONS,
    )


class TheoryNode(
    Record,
    name="theory_node",
    it="Una riga per passo di una teoria del cambiamento, misurato o no.",
    reach=Reach.EVERYBODY,
    sort=("programme", "place"),
):
    """One row per step of a theory of change, measured or not."""

    programme: str = same(shared.PROGRAMME)
    place: Small = col(
        Holds.DECLARED,
        "Order in which the steps are declared.",
        "Ordine in cui sono dichiarati i passi.",
    )
    node: str = col(Holds.DECLARED, "Node id; findings name it.", "Id del nodo; i risultati lo nominano.")
    stage: Stage = col(
        Holds.DECLARED,
        "input, activity, output, outcome, impact.",
        "input, activity, output, outcome, impact.",
    )
    level: Level = same(shared.LEVEL)
    horizon: Horizon = col(Holds.DECLARED, "short, medium or long.", "short, medium o long.")
    title_en: str = same(shared.TITLE_EN)
    title_it: str = same(shared.TITLE_IT)
    description_en: str | None = col(
        Holds.DECLARED,
        "Description in English; null where there is none.",
        "Descrizione in inglese; vuota dove non c'è.",
        missing=Missing.NOT_STATED,
    )
    description_it: str | None = col(
        Holds.DECLARED,
        "Description in Italian; null where there is none.",
        "Descrizione in italiano; vuota dove non c'è.",
        missing=Missing.NOT_STATED,
    )


class TheoryLink(
    Record,
    name="theory_link",
    it="Una riga per legame causale tra due passi.",
    reach=Reach.EVERYBODY,
    sort=("programme", "place"),
):
    """One row per causal claim between two steps."""

    programme: str = same(shared.PROGRAMME)
    place: Small = col(
        Holds.DECLARED,
        "Order in which the links are declared.",
        "Ordine in cui sono dichiarati i legami.",
    )
    source: str = col(Holds.DECLARED, "Node it goes from.", "Nodo da cui parte.")
    target: str = col(Holds.DECLARED, "Node it goes to.", "Nodo a cui va.")
    assumption_en: str = col(
        Holds.DECLARED,
        "Assumption it rests on, in English.",
        "Ipotesi su cui poggia, in inglese.",
    )
    assumption_it: str = col(
        Holds.DECLARED,
        "Assumption it rests on, in Italian.",
        "Ipotesi su cui poggia, in italiano.",
    )
    evidence_en: str | None = col(
        Holds.DECLARED,
        "Evidence for it, in English; null where none is stated.",
        "Prove a sostegno, in inglese; vuoto dove non ne sono dichiarate.",
        missing=Missing.NOT_STATED,
    )
    evidence_it: str | None = col(
        Holds.DECLARED,
        "Evidence for it, in Italian; null where none is stated.",
        "Prove a sostegno, in italiano; vuoto dove non ne sono dichiarate.",
        missing=Missing.NOT_STATED,
    )


class Wave(
    Record,
    name="wave",
    it="Una riga per rilevazione che un programma dichiara, le serie scritte per esteso.",
    reach=Reach.EVERYBODY,
    sort=("programme", "place"),
):
    """One row per wave that a programme declares, series written out."""

    programme: str = same(shared.PROGRAMME)
    place: Small = col(Holds.DECLARED, "Place in time, from 1.", "Posto nel tempo, da 1.")
    wave: str = col(Holds.DECLARED, "Wave as it stands in the data.", "Rilevazione come sta nei dati.")
    title_en: str = same(shared.TITLE_EN)
    title_it: str = same(shared.TITLE_IT)
    date: str = col(
        Holds.DECLARED,
        "Year, month or day its collection ended, as declared.",
        "Anno, mese o giorno in cui la raccolta finì, come dichiarato.",
    )
    last_day: datetime.date = col(Holds.DECLARED, "Last day of that date.", "Ultimo giorno di quella data.")
    role: str = col(
        Holds.DECLARED,
        "`pre_baseline`, `baseline`, `midline`, `end_line`, `follow_up` or `series`.",
        "`pre_baseline`, `baseline`, `midline`, `end_line`, `follow_up` o `series`.",
    )


class Stakeholder(
    Record,
    name="stakeholder",
    it="Una riga per ente o gruppo che ha una parte in un programma.",
    reach=Reach.EVERYBODY,
    sort=("programme", "place"),
):
    """One row per body or group with a part in a programme."""

    programme: str = same(shared.PROGRAMME)
    place: Small = col(Holds.DECLARED, "Order in which they are declared.", "Ordine in cui sono dichiarati.")
    stakeholder: str = col(Holds.DECLARED, "Stakeholder id.", "Id del soggetto.")
    name: str = col(Holds.DECLARED, "Name.", "Nome.")
    role: str = col(
        Holds.DECLARED,
        "`funder`, `lead`, `partner`, `beneficiary`, `evaluator` or `supporter`.",
        "`funder`, `lead`, `partner`, `beneficiary`, `evaluator` o `supporter`.",
    )
    kind: str = col(Holds.DECLARED, "Kind of body; empty where not stated.", "Tipo di ente; vuoto dove non detto.")


class Contact(
    Record,
    name="contact",
    it="Una riga per referente: un ruolo con l'ente o il nome che lo ricopre, e di che cosa risponde.",
    reach=Reach.EVERYBODY,
    sort=("programme", "place"),
):
    """One row per contact: a role with the body or the name that has it, and what it answers for.

    A contact that answers for nothing in particular answers for everything that no other one is named for; of which
    projects, the table `project` says.
    """

    programme: str = same(shared.PROGRAMME)
    place: Small = col(Holds.DECLARED, "Order in which they are declared.", "Ordine in cui sono dichiarati.")
    contact: str = col(Holds.DECLARED, "Contact id.", "Id del referente.")
    role_en: str = col(Holds.DECLARED, "Role in English.", "Ruolo in inglese.")
    role_it: str = col(Holds.DECLARED, "Role in Italian.", "Ruolo in italiano.")
    body: str | None = col(
        Holds.DECLARED,
        "Stakeholder id of the body that has the role.",
        "Id del soggetto che ricopre il ruolo.",
        missing=Missing.NOT_STATED,
    )
    name: str | None = col(
        Holds.DECLARED,
        "Name of who has the role.",
        "Nome di chi ricopre il ruolo.",
        missing=Missing.NOT_STATED,
    )
    reach: str | None = col(
        Holds.DECLARED,
        "How to ask: a mailbox, a telephone number, a page.",
        "Come rivolgersi: una casella di posta, un telefono, una pagina.",
        missing=Missing.NOT_STATED,
    )
    everything: bool = col(
        Holds.DECLARED,
        "Whether it answers for all that no other contact is named for.",
        "Se risponde di tutto ciò per cui nessun altro è nominato.",
    )
    waves: tuple[str, ...] = col(Holds.DECLARED, "Waves it answers for.", "Rilevazioni di cui risponde.")
    indicators: tuple[str, ...] = col(Holds.DECLARED, "Indicators it answers for.", "Indicatori di cui risponde.")
    contracts: tuple[str, ...] = col(Holds.DECLARED, "Contracts it answers for.", "Contratti di cui risponde.")
