"""What stands behind findings: measured values, persons found again, checks and terms of effects."""

from __future__ import annotations

from impact.states import Arm, CheckStatus
from impact.tables import shared
from impact.tables.columns import Holds, Missing, Reach, Record, Sentence, Small, Unit, col, same


class Measure(
    Record,
    name="measure",
    it="Una riga per valore misurato: indicatore, braccio, ambito, gruppo e rilevazione. I risultati si "
    "leggono da qui.",
    reach=Reach.CUT,
    sort=("programme", "indicator", "arm", "scope", "scope_value", "group_value", "wave"),
):
    """One row per measured value: indicator, arm, scope, group and wave. Findings are read from here."""

    programme: str = same(shared.PROGRAMME)
    indicator: str = same(shared.INDICATOR)
    arm: Arm = col(
        Holds.CODE,
        "`treated` or `comparison` where the design has arms, else empty.",
        "`treated` o `comparison` dove il disegno ha due gruppi, altrimenti vuoto.",
    )
    scope: str = same(shared.SCOPE)
    scope_value: str = same(shared.SCOPE_VALUE)
    group: str = same(shared.GROUP)
    group_value: str = same(shared.GROUP_VALUE)
    wave: str = col(
        Holds.CODE,
        "Wave; empty for data without waves.",
        "Rilevazione; vuota per i dati che non ne hanno.",
    )
    value: float | None = col(
        Holds.STATISTIC,
        "The value; null where no row has one.",
        "Il valore; vuoto dove nessuna riga ne ha uno.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    std_error: float | None = col(
        Holds.STATISTIC,
        "Standard error of the value; null where the method gives none.",
        "Errore standard del valore; vuoto dove il metodo non ne dà.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    conf_low: float | None = same(shared.CONF_LOW)
    conf_high: float | None = same(shared.CONF_HIGH)
    n: int = same(shared.N)
    n_missing: int = col(
        Holds.COUNT,
        "Rows that pass the filter but have no value, whatever the kind of missing.",
        "Righe che passano il filtro ma non hanno un valore, qualunque ne sia il motivo.",
        Unit.ROWS,
    )
    units_reported: int | None = same(shared.UNITS_REPORTED)
    units_expected: int | None = same(shared.UNITS_EXPECTED)
    n_clusters: int | None = col(
        Holds.COUNT,
        "Sampled clusters, where the sample has clusters.",
        "Gruppi (cluster) estratti, dove il campione ne ha.",
        Unit.CLUSTERS,
        missing=Missing.NOT_APPLICABLE,
    )
    method: Sentence = same(shared.METHOD)
    flags: tuple[str, ...] = same(shared.FLAGS)


class Linkage(
    Record,
    name="linkage",
    it="Una riga per indicatore che segue persone: quante sono state ritrovate.",
    reach=Reach.NOBODY,
    sort=("programme", "indicator", "since", "wave"),
):
    """One row per indicator that follows persons: how many were found again."""

    programme: str = same(shared.PROGRAMME)
    indicator: str = same(shared.INDICATOR)
    since: str = col(Holds.CODE, "Wave that persons are followed from.", "Rilevazione da cui le persone sono seguite.")
    wave: str = col(Holds.CODE, "Wave to which they are followed.", "Rilevazione fino a cui sono seguite.")
    linked: int = col(Holds.COUNT, "Persons with a row in both.", "Persone con una riga in entrambe.", Unit.PERSONS)
    lost: int = col(
        Holds.COUNT,
        "Persons of the first without a row in the second.",
        "Persone della prima senza una riga nella seconda.",
        Unit.PERSONS,
    )
    new: int = col(
        Holds.COUNT,
        "Persons of the second without a row in the first.",
        "Persone della seconda senza una riga nella prima.",
        Unit.PERSONS,
    )


class Diagnostic(
    Record,
    name="diagnostic",
    it="Una riga per controllo dietro un effetto.",
    reach=Reach.FINDING,
    sort=("programme", "finding", "check"),
):
    """One row per check behind an effect."""

    finding: str = col(Holds.DECLARED, "Finding whose effect is checked.", "Risultato il cui effetto è controllato.")
    programme: str = same(shared.PROGRAMME)
    indicator: str = same(shared.INDICATOR)
    check: Sentence = col(
        Holds.DECLARED,
        "`balance`, `attrition`, `placebo_wave`, `clusters` or `complete_cases`.",
        "`balance`, `attrition`, `placebo_wave`, `clusters` o `complete_cases`.",
    )
    null_hypothesis: Sentence = col(Holds.DECLARED, "What holds if all is well.", "Che cosa vale se tutto va bene.")
    value: float | None = col(
        Holds.STATISTIC,
        "Statistic: F, difference in shares lost, placebo effect, number of clusters, observations left out.",
        "Statistica: F, differenza delle quote perse, effetto placebo, numero di cluster, osservazioni lasciate fuori.",
        missing=Missing.NOT_APPLICABLE,
    )
    p_value: float | None = col(
        Holds.STATISTIC,
        "p-value of the null; null where the check is no test.",
        "p-value dell'ipotesi; vuoto dove il controllo non è un test.",
        Unit.PROBABILITY,
        missing=Missing.NOT_APPLICABLE,
    )
    status: CheckStatus = col(
        Holds.VERDICT,
        "`passed`, `failed` or `not_applicable`.",
        "`passed`, `failed` o `not_applicable`.",
    )
    detail: Sentence = col(
        Holds.REMARK,
        "The figures behind it, or why it is not applicable.",
        "I numeri dietro, o perché non si applica.",
    )


class Term(
    Record,
    name="term",
    it="Una riga per numero dietro un effetto o un indice: tempi dall'evento, coorti, pesi, altre specificazioni.",
    reach=Reach.FINDING,
    sort=("programme", "finding", "place"),
):
    """One row per number behind an effect or an index: event times, cohorts, weights, other specifications."""

    finding: str = col(Holds.DECLARED, "Finding the number stands behind.", "Risultato dietro cui sta il numero.")
    programme: str = same(shared.PROGRAMME)
    indicator: str = same(shared.INDICATOR)
    family: Sentence = col(
        Holds.DECLARED,
        "What the number is one of: `event_time`, `group`, `balance`, `specification`, `unit_weight`, …",
        "Di quale famiglia è il numero: `event_time`, `group`, `balance`, `specification`, `unit_weight`, …",
    )
    place: Small = col(Holds.DECLARED, "Order within the finding.", "Ordine all'interno del risultato.", internal=True)
    term: Sentence = col(
        Holds.CODE,
        "Which one: an event time, a cohort, a covariate, a donor.",
        "Quale: un tempo dall'evento, una coorte, una covariata, un donatore.",
    )
    estimate: float = col(
        Holds.STATISTIC,
        "The number, in the unit of the effect unless the family says otherwise (weights, sd).",
        "Il numero, nell'unità dell'effetto se la famiglia non dice altro (pesi, deviazioni standard).",
    )
    std_error: float | None = col(
        Holds.STATISTIC,
        "Its standard error; null where it has none.",
        "Il suo errore standard; vuoto dove non ne ha.",
        missing=Missing.NOT_APPLICABLE,
    )
    p_value: float | None = col(
        Holds.STATISTIC,
        "Two-sided p-value of zero.",
        "p-value a due code dello zero.",
        Unit.PROBABILITY,
        missing=Missing.NOT_APPLICABLE,
    )
    conf_low: float | None = col(
        Holds.STATISTIC,
        "Lower end of the 95 % interval.",
        "Estremo inferiore dell'intervallo al 95 %.",
        missing=Missing.NOT_APPLICABLE,
    )
    conf_high: float | None = col(
        Holds.STATISTIC,
        "Upper end of the 95 % interval.",
        "Estremo superiore dell'intervallo al 95 %.",
        missing=Missing.NOT_APPLICABLE,
    )
    n_obs: int | None = col(
        Holds.COUNT,
        "Observations behind it.",
        "Osservazioni dietro.",
        Unit.OBSERVATIONS,
        missing=Missing.NOT_APPLICABLE,
    )
    detail: Sentence = col(Holds.REMARK, "What else there is to say.", "Che cos'altro c'è da dire.")
    suppressed: str = col(
        Holds.DECLARED,
        "Why readers are not shown it: `few` or `complement`; empty where they are.",
        "Perché non è mostrato ai lettori: `few` o `complement`; vuoto dove lo è.",
        default="''",
    )
