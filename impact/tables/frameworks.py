"""What programmes share: the frameworks they use, their checklists, and what is measured alike with the sums behind."""

from __future__ import annotations

from impact.declare.base import Level
from impact.formulas.kind import Summary
from impact.states import ElementState
from impact.tables import shared
from impact.tables.columns import Column, Holds, Json, Missing, Reach, Record, Sentence, Small, Unit, col, same

_FRAMEWORK = Column(Holds.DECLARED, {"en": "Framework id.", "it": "Id del quadro comune."})


class Framework(
    Record,
    name="framework",
    it="Una riga per quadro comune che un programma usa.",
    reach=Reach.EVERYBODY,
    sort=("framework", "programme"),
):
    """One row per framework that a programme uses."""

    programme: str = same(shared.PROGRAMME)
    framework: str = same(_FRAMEWORK)
    version: str = col(Holds.DECLARED, "Its version.", "La sua versione.")
    title_en: str = same(shared.TITLE_EN_OR_ITALIAN)
    title_it: str = same(shared.TITLE_IT_OR_ENGLISH)
    publisher_en: str = col(Holds.DECLARED, "Who publishes it, in English.", "Chi lo pubblica, in inglese.")
    publisher_it: str = col(Holds.DECLARED, "Who publishes it, in Italian.", "Chi lo pubblica, in italiano.")
    origin: Json = col(
        Holds.DECLARED,
        "Where it was taken from: document or note, as JSON.",
        "Da dove è tratto: documento o nota, in JSON.",
    )
    remarks_en: tuple[str, ...] = col(
        Holds.DECLARED,
        "What every reader of it must know, in English.",
        "Che cosa chi lo legge deve sapere, in inglese.",
    )
    remarks_it: tuple[str, ...] = col(
        Holds.DECLARED,
        "What every reader of it must know, in Italian.",
        "Che cosa chi lo legge deve sapere, in italiano.",
    )
    unfed: tuple[str, ...] = col(
        Holds.DECLARED,
        "Contracts that it requires and that no source of the programme feeds.",
        "Contratti che richiede e che nessuna fonte del programma alimenta.",
    )


class Element(
    Record,
    name="element",
    it="Una riga per elemento della lista di controllo di un quadro comune, e che cosa ne dice un programma.",
    reach=Reach.EVERYBODY,
    sort=("framework", "programme", "place"),
):
    """One row per element of a framework's checklist, and what a programme has to say to it."""

    programme: str = same(shared.PROGRAMME)
    framework: str = same(_FRAMEWORK)
    place: Small = col(Holds.DECLARED, "Its place in the list.", "Il suo posto nella lista.")
    element: str = col(Holds.DECLARED, "Code of the element.", "Codice dell'elemento.")
    title_en: str = same(shared.TITLE_EN_OR_ITALIAN)
    title_it: str = same(shared.TITLE_IT_OR_ENGLISH)
    provision_en: str = col(Holds.DECLARED, "Place in the source, in English.", "Luogo nella fonte, in inglese.")
    provision_it: str = col(Holds.DECLARED, "Place in the source, in Italian.", "Luogo nella fonte, in italiano.")
    seen_en: str | None = col(
        Holds.DECLARED,
        "On what reading of the source it rests, in English; null where nobody has seen it.",
        "Su quale lettura della fonte poggia, in inglese; vuoto se nessuno lo ha visto.",
        missing=Missing.NOT_STATED,
    )
    seen_it: str | None = col(
        Holds.DECLARED,
        "On what reading of the source it rests, in Italian; null where nobody has seen it.",
        "Su quale lettura della fonte poggia, in italiano; vuoto se nessuno lo ha visto.",
        missing=Missing.NOT_STATED,
    )
    state: ElementState = col(
        Holds.DECLARED,
        "`answered`, `missing`, `not_applicable`, or `not_verified` where nobody has seen the element in its source.",
        "`answered`, `missing`, `not_applicable`, o `not_verified` se nessuno ha visto l'elemento nella sua fonte.",
    )
    shown: Sentence | None = col(
        Holds.DECLARED,
        "What the declarations of the programme show of it by themselves, and what they do not.",
        "Che cosa ne mostrano da sole le dichiarazioni del programma, e che cosa no.",
        missing=Missing.NOT_APPLICABLE,
    )
    answer_en: str | None = col(
        Holds.DECLARED,
        "The programme's answer, or why it is not applicable, in English.",
        "La risposta del programma, o perché non si applica, in inglese.",
        missing=Missing.NOT_STATED,
    )
    answer_it: str | None = col(
        Holds.DECLARED,
        "The programme's answer, or why it is not applicable, in Italian.",
        "La risposta del programma, o perché non si applica, in italiano.",
        missing=Missing.NOT_STATED,
    )
    origin: Json | None = col(
        Holds.DECLARED,
        "Who says so: document, place, quote or note, as JSON.",
        "Chi lo dice: documento, luogo, citazione o nota, in JSON.",
        missing=Missing.NOT_APPLICABLE,
    )


class SharedIndicator(
    Record,
    name="shared_indicator",
    it="Una riga per indicatore di un quadro comune e programma, con le somme dietro il valore dell'insieme.",
    reach=Reach.NOBODY,
    sort=("framework", "place", "programme"),
):
    """One row per indicator of a framework and programme that uses it, with the sums behind the value of the whole."""

    programme: str = same(shared.PROGRAMME)
    framework: str = same(_FRAMEWORK)
    place: Small = col(Holds.DECLARED, "Its place in the framework.", "Il suo posto nel quadro comune.")
    indicator: str = same(shared.INDICATOR)
    title_en: str = same(shared.TITLE_EN_OR_ITALIAN)
    title_it: str = same(shared.TITLE_IT_OR_ENGLISH)
    level: Level = same(shared.LEVEL)
    unit: str = col(Holds.DECLARED, "Unit of the value, in English.", "Unità del valore, in inglese.")
    unit_it: str = same(shared.UNIT_IT)
    required: bool = col(
        Holds.DECLARED,
        "Whether whoever uses the framework owes it.",
        "Se chi usa il quadro comune lo deve.",
    )
    finding: str | None = col(
        Holds.DECLARED,
        "The finding of the whole; null where the programme does not bind it.",
        "Il risultato dell'insieme; vuoto se il programma non lo lega.",
        missing=Missing.NOT_APPLICABLE,
    )
    shared_hash: str = col(
        Holds.DECLARED,
        "SHA-256 of what is measured: the same in every programme, whatever it promises.",
        "SHA-256 di ciò che si misura: lo stesso in ogni programma, qualunque cosa prometta.",
    )
    summary: Summary = col(
        Holds.DECLARED,
        "What the value is of its rows: `mean`, `ratio`, `total`, `rows`; of other kinds values do not add up.",
        "Che cosa è il valore delle sue righe: `mean`, `ratio`, `total`, `rows`; di altri i valori non si sommano.",
    )
    own_weights: bool = col(
        Holds.DECLARED,
        "Whether the programme weighs rows by a column of its own choice, on a scale that others need not have.",
        "Se il programma pesa le righe con una colonna scelta da sé, su una scala che altri possono non avere.",
    )
    numerator: float | None = col(
        Holds.STATISTIC,
        "Sum of the numerators of its rows: of values for a mean, 1 each where a condition holds for a share.",
        "Somma dei numeratori delle righe: dei valori per una media, 1 dove vale la condizione per una quota.",
        missing=Missing.UNKNOWN,
    )
    denominator: float | None = col(
        Holds.STATISTIC,
        "Sum of the denominators: rows, or their weights, for a mean; null for totals.",
        "Somma dei denominatori: righe, o i loro pesi, per una media; vuoto per i totali.",
        missing=Missing.UNKNOWN,
    )
    std_error: float | None = col(
        Holds.STATISTIC,
        "Standard error of the value; null where it has none.",
        "Errore standard del valore; vuoto dove non ne ha.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    n_clusters: int | None = col(
        Holds.COUNT,
        "Sampled clusters behind it, where the sample has clusters.",
        "Gruppi (cluster) estratti dietro di esso, dove il campione ne ha.",
        Unit.CLUSTERS,
        missing=Missing.NOT_APPLICABLE,
    )
