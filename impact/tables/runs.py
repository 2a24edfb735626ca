"""Runs and what they were of: layout, stages, plans, definitions."""

from __future__ import annotations

import datetime

from impact.tables import shared
from impact.tables.columns import Holds, Json, Missing, Reach, Record, Small, col, same


class Meta(
    Record,
    name="meta",
    it="Una riga: che cosa è questa base di dati.",
    reach=Reach.EVERYBODY,
    sort=("database",),
):
    """One row: what this database is."""

    version: Small = col(Holds.DECLARED, "Layout of the tables.", "Struttura delle tabelle.")
    database: str = col(
        Holds.DECLARED,
        "What tells this database from any other; its copies have it too.",
        "Che cosa distingue questa base di dati da ogni altra; lo hanno anche le sue copie.",
    )


class State(
    Record,
    name="state",
    it="Una riga per programma: fino a quale fase le sue tabelle sono di uno stesso stato.",
    reach=Reach.EVERYBODY,
    sort=("programme",),
):
    """One row per programme: up to which stage its tables are of one state."""

    programme: str = col(Holds.DECLARED, "Programme id.", "Id del programma.", key=True)
    stage: str = col(
        Holds.DECLARED,
        "Stage that its tables have reached together: declare, validate, measure, publish.",
        "Fase che le sue tabelle hanno raggiunto insieme: declare, validate, measure, publish.",
    )
    run_id: str | None = col(
        Holds.DECLARED,
        "Run that brought them there; null before the first.",
        "Calcolo che ve le ha portate; vuoto prima del primo.",
        missing=Missing.NOT_APPLICABLE,
    )
    whole_run_id: str | None = col(
        Holds.DECLARED,
        "Last run that went to the end; null before the first.",
        "Ultimo calcolo arrivato alla fine; vuoto prima del primo.",
        missing=Missing.NOT_APPLICABLE,
    )


class Derivation(
    Record,
    name="derivation",
    it="Una riga per programma: da che cosa è fatto ciò che segue da righe e risultati.",
    reach=Reach.EVERYBODY,
    sort=("programme",),
):
    """One row per programme: of what that is made which follows from rows and results."""

    programme: str = col(Holds.DECLARED, "Programme id.", "Id del programma.", key=True)
    made_of: str = col(
        Holds.DECLARED,
        "SHA-256 of declarations, words and version of the engine.",
        "SHA-256 di dichiarazioni, parole e versione del motore.",
    )


class Run(
    Record,
    name="run",
    it="Una riga per calcolo che ha cambiato qualcosa.",
    reach=Reach.EVERYBODY,
    sort=("run_id",),
):
    """One row per run that changed anything."""

    run_id: str = col(
        Holds.DECLARED,
        "Run id: when it started, in UTC.",
        "Id del calcolo: quando cominciò, in UTC.",
        key=True,
    )
    programme: str = same(shared.PROGRAMME)
    started_at: datetime.datetime = col(Holds.DECLARED, "When it started, in UTC.", "Quando cominciò, in UTC.")
    finished_at: datetime.datetime = col(Holds.DECLARED, "When it ended, in UTC.", "Quando finì, in UTC.")
    engine: str = col(Holds.DECLARED, "Version of the engine.", "Versione del motore.")
    plan_hash: str = col(
        Holds.DECLARED,
        "SHA-256 of the whole plan as it stood.",
        "SHA-256 dell'intero piano come era.",
    )
    sources_loaded: Small = col(Holds.DECLARED, "Sources that had changed.", "Fonti che erano cambiate.")
    indicators_computed: Small = col(Holds.DECLARED, "Indicators computed anew.", "Indicatori calcolati di nuovo.")
    stage: str = col(Holds.DECLARED, "Last stage of the run.", "Ultima fase del calcolo.")


class Plan(
    Record,
    name="plan",
    it="Una riga per piano che un programma ha avuto in un calcolo: i suoi indicatori come pianificati.",
    reach=Reach.EVERYBODY,
    sort=("programme", "seen_at"),
):
    """One row per plan that a programme had in a run: its indicators as planned."""

    programme: str = same(shared.PROGRAMME)
    plan_hash: str = col(Holds.DECLARED, "SHA-256 of the whole plan.", "SHA-256 dell'intero piano.")
    seen_at: datetime.datetime = col(
        Holds.DECLARED,
        "When a run saw it first, in UTC.",
        "Quando un calcolo lo vide la prima volta, in UTC.",
    )
    plan: Json = col(
        Holds.DECLARED,
        "What is planned, by indicator, as JSON.",
        "Che cosa è pianificato, per indicatore, in JSON.",
    )
    changes: Json = col(
        Holds.DECLARED,
        "What differs from the plan before, as JSON.",
        "Che cosa differisce dal piano precedente, in JSON.",
    )


class Definition(
    Record,
    name="definition",
    it="Una riga per indicatore: la sua dichiarazione, e lo SQL che ne viene.",
    reach=Reach.EVERYBODY,
    sort=("programme", "indicator"),
):
    """One row per indicator: its declaration, and the SQL made of it."""

    programme: str = same(shared.PROGRAMME)
    indicator: str = same(shared.INDICATOR)
    definition_hash: str = col(
        Holds.DECLARED,
        "SHA-256 of what is planned for the indicator.",
        "SHA-256 di quanto è pianificato per l'indicatore.",
    )
    file: str = col(
        Holds.DECLARED,
        "File that declares it, relative to the programme folder.",
        "File che lo dichiara, relativo alla cartella del programma.",
    )
    line: Small | None = col(
        Holds.DECLARED,
        "Line of that file; null where it is not known.",
        "Riga di quel file; vuota dove non è nota.",
        missing=Missing.UNKNOWN,
    )
    definition: Json = col(
        Holds.DECLARED,
        "The indicator as declared, as JSON.",
        "L'indicatore come dichiarato, in JSON.",
    )
    query: str = col(Holds.DECLARED, "SQL that computes its value.", "SQL che ne calcola il valore.")
    selection: str = col(
        Holds.DECLARED,
        "SQL condition that its rows fulfil.",
        "Condizione SQL che le sue righe soddisfano.",
    )
    fingerprint: str = col(
        Holds.DECLARED,
        "Hash of all that its results depend on: where it is the same, nothing is computed.",
        "Impronta di tutto ciò da cui dipendono i suoi risultati: dove è uguale, nulla si calcola.",
    )
    run_id: str = col(Holds.DECLARED, "Run that computed it.", "Calcolo che lo ha calcolato.")


class Sentence(
    Record,
    name="sentence",
    it="Una riga per frase delle tabelle di un programma e per lingua, per chi le interroga in SQL.",
    reach=Reach.NOBODY,
    sort=("programme", "said", "language"),
):
    """One row per sentence in a programme's tables and language, for who queries them with SQL."""

    programme: str = same(shared.PROGRAMME)
    said: Json = col(
        Holds.REMARK,
        "The sentence as the tables hold it: its code and values as JSON, or a text.",
        "La frase come sta nelle tabelle: codice e valori in JSON, o un testo.",
    )
    language: str = col(Holds.DECLARED, "Language of the text: `en` or `it`.", "Lingua del testo: `en` o `it`.")
    text: str = col(Holds.REMARK, "The sentence, written out.", "La frase, per esteso.")
