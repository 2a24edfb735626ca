"""Findings: a row per indicator and part, with promise, outcome, effect and judgement."""

from __future__ import annotations

from impact.declare.base import Level, Stage
from impact.states import AttainmentState, ContributionState, ProgressState, Registration
from impact.tables import shared
from impact.tables.columns import Holds, Missing, Reach, Record, Sentence, SentenceOrNothing, Small, Unit, col, same


class Finding(
    Record,
    name="finding",
    it="Una riga per indicatore e parte (programma, territorio o progetto, gruppo): la promessa accanto a "
    "ciò che si è trovato, l'effetto e il giudizio.",
    reach=Reach.CUT,
    sort=("programme", "level", "indicator", "finding"),
):
    """One row per indicator and part (programme, territory or project, group).

    The promise beside what was found, the effect and the judgement.
    """

    finding: str = col(
        Holds.DECLARED,
        "Stable name: `programme/indicator`, then `/column=value` for a part.",
        "Nome stabile: `programme/indicator`, poi `/column=value` per una parte.",
    )
    programme: str = same(shared.PROGRAMME)
    indicator: str = same(shared.INDICATOR)
    title_en: str = same(shared.TITLE_EN_OR_ITALIAN)
    title_it: str = same(shared.TITLE_IT_OR_ENGLISH)
    node: str = col(
        Holds.DECLARED,
        "Node of the theory of change the indicator hangs on.",
        "Nodo della teoria del cambiamento a cui l'indicatore è legato.",
    )
    stage: Stage = col(
        Holds.DECLARED,
        "Stage of that node: input, activity, output, outcome, impact.",
        "Fase di quel nodo: input, activity, output, outcome, impact.",
    )
    level: Level = same(shared.LEVEL)
    scope: str = same(shared.SCOPE)
    scope_value: str = same(shared.SCOPE_VALUE)
    group: str = same(shared.GROUP)
    group_value: str = same(shared.GROUP_VALUE)
    period: str = col(
        Holds.DECLARED,
        "Wave, or period, at which the outcome was looked at.",
        "Rilevazione, o periodo, in cui si è guardato l'esito.",
    )
    unit: str = col(
        Holds.DECLARED,
        "Unit of the value as declared, in English; `share` is shown as a percentage.",
        "Unità del valore, in inglese; `share` si mostra come percentuale.",
    )
    unit_it: str = same(shared.UNIT_IT)
    direction: str = col(
        Holds.DECLARED,
        "Which way is better: increase, decrease, maintain.",
        "Quale verso è meglio: increase, decrease, maintain.",
    )
    baseline: float | None = col(
        Holds.PROMISE,
        "Value before, in the arm the finding reports; null where none is declared or found. Where units are "
        "missing, that of the units behind the value; null where not all of them gave one before.",
        "Valore prima, nel gruppo di cui si dà il valore; vuoto se non dichiarato o non trovato. Dove mancano"
        " unità, quello delle unità che hanno dato il valore; vuoto se non lo diedero tutte anche prima.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    target: float | None = col(
        Holds.PROMISE,
        "Promised value; a promised change is added to the baseline. Null for parts of a promised total.",
        "Valore promesso; un cambiamento promesso è sommato alla partenza. Vuoto per le parti di un totale promesso.",
        Unit.VALUE,
        missing=Missing.NOT_STATED,
    )
    due: str | None = col(
        Holds.DECLARED,
        "Date by which it was promised, as declared.",
        "Data entro cui era promesso, come dichiarata.",
        missing=Missing.NOT_STATED,
    )
    forecast: float | None = col(
        Holds.DECLARED,
        "Mean of what was forecast, ex ante, for the value or the effect.",
        "Media di quanto previsto, ex ante, per il valore o per l'effetto.",
        Unit.VALUE,
        missing=Missing.NOT_STATED,
    )
    forecast_low: float | None = col(
        Holds.DECLARED,
        "Lower end of the forecast's 95 % interval.",
        "Estremo inferiore dell'intervallo al 95 % della previsione.",
        Unit.VALUE,
        missing=Missing.NOT_STATED,
    )
    forecast_high: float | None = col(
        Holds.DECLARED,
        "Upper end of the forecast's 95 % interval.",
        "Estremo superiore dell'intervallo al 95 % della previsione.",
        Unit.VALUE,
        missing=Missing.NOT_STATED,
    )
    forecast_of: str | None = col(
        Holds.DECLARED,
        "`value` or `effect`: what the forecast is of.",
        "`value` o `effect`: di che cosa è la previsione.",
        missing=Missing.NOT_STATED,
    )
    forecast_hit: bool | None = col(
        Holds.STATISTIC,
        "Whether the forecast's 95 % interval, widened by the error of what was observed, held it.",
        "Se l'intervallo al 95 % della previsione, allargato dell'errore di ciò che è stato osservato, lo conteneva.",
        missing=Missing.UNKNOWN,
    )
    forecast_crps: float | None = col(
        Holds.STATISTIC,
        "Continuous ranked probability score of the forecast, in its unit; less is better.",
        "Continuous ranked probability score (CRPS) della previsione, nella sua unità; meno è meglio.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    registered_at: str | None = col(
        Holds.DECLARED,
        "When the plan of this indicator was first registered before its outcome could be known.",
        "Quando il piano di questo indicatore fu registrato la prima volta, prima che l'esito si potesse conoscere.",
        missing=Missing.NOT_STATED,
    )
    plan_hash: str = col(
        Holds.DECLARED,
        "SHA-256 of the whole plan as it stood in the run.",
        "SHA-256 dell'intero piano come era nel calcolo.",
    )
    registration: Registration = col(
        Holds.DECLARED,
        "`registered`, `amended` or `exploratory`.",
        "`registered`, `amended` o `exploratory`.",
    )
    value: float | None = col(
        Holds.STATISTIC,
        "Value found: of the treated where the design has a comparison, else of everybody.",
        "Valore trovato: dei trattati dove il disegno ha un confronto, altrimenti di tutti.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    conf_low: float | None = same(shared.CONF_LOW)
    conf_high: float | None = same(shared.CONF_HIGH)
    n: int = same(shared.N)
    units_reported: int | None = same(shared.UNITS_REPORTED)
    units_expected: int | None = same(shared.UNITS_EXPECTED)
    baseline_reported: int | None = col(
        Holds.COUNT,
        "As `units_reported`, at the baseline wave.",
        "Come `units_reported`, nella rilevazione di partenza.",
        Unit.UNITS,
        missing=Missing.NOT_APPLICABLE,
    )
    baseline_expected: int | None = col(
        Holds.COUNT,
        "As `units_expected`, at the baseline wave.",
        "Come `units_expected`, nella rilevazione di partenza.",
        Unit.UNITS,
        missing=Missing.NOT_APPLICABLE,
    )
    method: Sentence = same(shared.METHOD)
    comparison: float | None = col(
        Holds.STATISTIC,
        "Value of the comparison arm at the same wave.",
        "Valore del gruppo di confronto nella stessa rilevazione.",
        Unit.VALUE,
        missing=Missing.NOT_APPLICABLE,
    )
    comparison_baseline: float | None = col(
        Holds.STATISTIC,
        "Value of the comparison arm at the baseline wave.",
        "Valore del gruppo di confronto nella rilevazione di partenza.",
        Unit.VALUE,
        missing=Missing.NOT_APPLICABLE,
    )
    estimand: Sentence | None = col(
        Holds.DECLARED,
        "What the effect is an effect on: ITT, LATE, ATT, ATE, at the cutoff, …; or `association`.",
        "Su che cosa è l'effetto: ITT, LATE, ATT, ATE, alla soglia, …; oppure `association`.",
        missing=Missing.UNKNOWN,
    )
    design: Sentence | None = col(
        Holds.DECLARED,
        "Design and estimator that gave the effect.",
        "Disegno e stimatore che hanno dato l'effetto.",
        missing=Missing.UNKNOWN,
    )
    estimate: float | None = col(
        Holds.STATISTIC,
        "The effect, in the unit of the value; null where it is not estimable.",
        "L'effetto, nell'unità del valore; vuoto dove non si può stimare.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    std_error: float | None = col(
        Holds.STATISTIC,
        "Standard error of the effect.",
        "Errore standard dell'effetto.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    statistic: float | None = col(
        Holds.STATISTIC,
        "Test statistic of the null of no effect.",
        "Statistica del test dell'ipotesi di nessun effetto.",
        Unit.RATIO,
        missing=Missing.UNKNOWN,
    )
    p_value: float | None = col(
        Holds.STATISTIC,
        "Two-sided p-value of the null of no effect.",
        "p-value a due code dell'ipotesi di nessun effetto.",
        Unit.PROBABILITY,
        missing=Missing.UNKNOWN,
    )
    effect_low: float | None = col(
        Holds.STATISTIC,
        "Lower end of the 95 % interval of the effect.",
        "Estremo inferiore dell'intervallo al 95 % dell'effetto.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    effect_high: float | None = col(
        Holds.STATISTIC,
        "Upper end of the 95 % interval of the effect.",
        "Estremo superiore dell'intervallo al 95 % dell'effetto.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    family: str | None = col(
        Holds.DECLARED,
        "Family of outcomes in `evaluation.yaml` that the effect is tested with; null outside a family.",
        "Famiglia di esiti in `evaluation.yaml` con cui l'effetto è saggiato; vuota fuori da una famiglia.",
        missing=Missing.NOT_APPLICABLE,
    )
    p_adjusted: float | None = col(
        Holds.STATISTIC,
        "p-value adjusted over the family.",
        "p-value corretto per la famiglia di esiti.",
        Unit.PROBABILITY,
        missing=Missing.NOT_APPLICABLE,
    )
    adjustment: Sentence | None = col(
        Holds.DECLARED,
        "How it was adjusted, over how many outcomes.",
        "Come è stato corretto, e per quanti esiti.",
        missing=Missing.NOT_APPLICABLE,
    )
    n_obs: int | None = col(
        Holds.COUNT,
        "Observations in the regression (two per person in difference-in-differences).",
        "Osservazioni nella regressione (due per persona nella differenza nelle differenze).",
        Unit.OBSERVATIONS,
        missing=Missing.UNKNOWN,
    )
    n_clusters: int | None = col(
        Holds.COUNT,
        "Clusters behind the standard error of the effect; null where errors are not clustered.",
        "Gruppi (cluster) dietro l'errore standard dell'effetto; vuoto dove gli errori non sono raggruppati.",
        Unit.CLUSTERS,
        missing=Missing.NOT_APPLICABLE,
    )
    inference: Sentence | None = col(
        Holds.REMARK,
        "Rule of the standard error and its reference distribution.",
        "Regola dell'errore standard e sua distribuzione di riferimento.",
        missing=Missing.UNKNOWN,
    )
    not_estimable: Sentence | None = col(
        Holds.REMARK,
        "Why there is no effect; completes “not estimable because …”.",
        "Perché non c'è un effetto; completa «non stimabile perché …».",
        missing=Missing.NOT_APPLICABLE,
    )
    progress: float | None = col(
        Holds.STATISTIC,
        "(value − baseline) / (target − baseline); null where `progress_state` says why.",
        "(valore − partenza) / (traguardo − partenza); dove è vuoto, `progress_state` dice perché.",
        Unit.RATIO,
        missing=Missing.UNKNOWN,
    )
    progress_state: ProgressState = col(
        Holds.VERDICT,
        "`measured`, `wrong_way`, `no_gap`, `no_baseline`, `no_target`, `no_data`, `incomplete`, "
        "`contradictory` or `out_of_range`.",
        "`measured`, `wrong_way`, `no_gap`, `no_baseline`, `no_target`, `no_data`, `incomplete`, "
        "`contradictory` o `out_of_range`.",
    )
    attainment: AttainmentState = col(
        Holds.VERDICT,
        "`reached`, `uncertain`, `incomplete`, `short`, `wrong_way`, `contradictory`, `out_of_range`, "
        "`not_due`, `no_target` or `no_data`.",
        "`reached`, `uncertain`, `incomplete`, `short`, `wrong_way`, `contradictory`, `out_of_range`, "
        "`not_due`, `no_target` o `no_data`.",
    )
    contribution: ContributionState = col(
        Holds.VERDICT,
        "`improved`, `worsened`, `changed`, `associated`, `moved`, `no_clear_effect`, `not_estimable`.",
        "`improved`, `worsened`, `changed`, `associated`, `moved`, `no_clear_effect`, `not_estimable`.",
    )
    evidence_level: Small | None = col(
        Holds.STATISTIC,
        "1 to 5, how far the design supports a causal claim; null without comparison and baseline.",
        "Da 1 a 5, quanto il disegno sostiene un'affermazione causale; vuoto senza confronto e partenza.",
        missing=Missing.NOT_APPLICABLE,
    )
    evidence_reason: SentenceOrNothing = col(Holds.REMARK, "Why that level.", "Perché quel livello.")
    data_kind: str = col(
        Holds.DECLARED,
        "`real` or `synthetic`, of the sources behind the value.",
        "`real` o `synthetic`, secondo le fonti dietro il valore.",
    )
    flags: tuple[str, ...] = same(shared.FLAGS)
    run_id: str = col(
        Holds.DECLARED,
        "Run that computed the finding; see `impact.run`.",
        "Calcolo che ha dato il risultato; vedi `impact.run`.",
    )
    definition_hash: str = col(
        Holds.DECLARED,
        "SHA-256 of what is planned for the indicator; see `impact.definition`.",
        "SHA-256 di quanto è pianificato per l'indicatore; vedi `impact.definition`.",
    )
