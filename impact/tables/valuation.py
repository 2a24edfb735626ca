"""What a decision needs: a line for each figure of value, with its interval or why it has none."""

from __future__ import annotations

from impact.states import ValueSection, ValueState
from impact.tables import shared
from impact.tables.columns import (
    Holds,
    Json,
    Missing,
    Reach,
    Record,
    Sentence,
    SentenceOrNothing,
    Small,
    Unit,
    col,
    same,
)


class Valuation(
    Record,
    name="valuation",
    it="Una riga per cifra o giudizio di valore: dimensioni dell'impatto, effetti raccolti, costi, pagamenti.",
    reach=Reach.NOBODY,
    sort=("programme", "place"),
):
    """One row per figure or verdict of value: dimensions of impact, pooled effects, costs, payments."""

    programme: str = same(shared.PROGRAMME)
    place: Small = col(Holds.DECLARED, "Its place in the order of reading.", "Il suo posto nell'ordine di lettura.")
    section: ValueSection = col(
        Holds.DECLARED,
        "`rules`, `outcomes`, `pools`, `forecasts`, `costs`, `social_return`, `payments` or `rewards`.",
        "`rules`, `outcomes`, `pools`, `forecasts`, `costs`, `social_return`, `payments` o `rewards`.",
    )
    subject: str = col(
        Holds.DECLARED,
        "What it is of: an indicator, or an id of `value.yaml`.",
        "Di che cosa è: un indicatore, o un id di `value.yaml`.",
    )
    subject_en: str = same(shared.TITLE_EN_OR_ITALIAN)
    subject_it: str = same(shared.TITLE_IT_OR_ENGLISH)
    item: str = col(
        Holds.DECLARED,
        "Which line of the subject, as a code that stays.",
        "Quale riga del soggetto, con un codice che resta.",
    )
    label: Sentence = col(Holds.DECLARED, "The same in words.", "Lo stesso in parole.")
    unit: str = col(Holds.DECLARED, "Unit of the value, in English.", "Unità del valore, in inglese.")
    unit_it: str = same(shared.UNIT_IT)
    value: float | None = col(
        Holds.STATISTIC,
        "The figure; null where `reason` says why, or where the line is a verdict.",
        "La cifra; vuota dove `reason` dice perché, o dove la riga è un giudizio.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    conf_low: float | None = same(shared.CONF_LOW)
    conf_high: float | None = same(shared.CONF_HIGH)
    difference: bool = col(
        Holds.DECLARED,
        "Whether the figure is a difference: it has a sign, and of shares it is in percentage points.",
        "Se la cifra è una differenza: ha un segno, e tra quote è in punti percentuali.",
    )
    state: ValueState = col(
        Holds.VERDICT,
        "`measured`, `declared` or `not_computable`.",
        "`measured`, `declared` o `not_computable`.",
    )
    verdict: Sentence | None = col(
        Holds.REMARK,
        "What follows by rule, where the line is a verdict and not a number.",
        "Che cosa segue per regola, dove la riga è un giudizio e non un numero.",
        missing=Missing.NOT_APPLICABLE,
    )
    method: Sentence | None = col(
        Holds.REMARK,
        "How it was computed, with the convention chosen where tools differ.",
        "Come è calcolata, con la convenzione scelta dove gli strumenti differiscono.",
        missing=Missing.NOT_APPLICABLE,
    )
    reason: SentenceOrNothing = col(
        Holds.REMARK,
        "Why there is no number, no interval or no class; why a verdict is what it is.",
        "Perché non c'è un numero, un intervallo o una classe; perché un giudizio è quello che è.",
    )
    note_en: str | None = col(
        Holds.DECLARED,
        "What is declared in words, in English.",
        "Che cosa è dichiarato, in inglese.",
        missing=Missing.NOT_APPLICABLE,
    )
    note_it: str | None = col(
        Holds.DECLARED,
        "What is declared in words, in Italian.",
        "Che cosa è dichiarato, in italiano.",
        missing=Missing.NOT_APPLICABLE,
    )
    rests_on: tuple[str, ...] = col(Holds.DECLARED, "The findings that it rests on.", "I risultati su cui poggia.")
    origin: Json | None = col(
        Holds.DECLARED,
        "Who says what was declared: document, place, quote or note, as JSON.",
        "Chi dice ciò che è dichiarato: documento, luogo, citazione o nota, in JSON.",
        missing=Missing.NOT_APPLICABLE,
    )
    data_kind: str = same(shared.DATA_KIND)
    run_id: str = col(Holds.DECLARED, "Run that computed it.", "Calcolo che l'ha data.")
