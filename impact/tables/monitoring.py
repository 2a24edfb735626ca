"""What coordinators follow over time: values by period."""

from __future__ import annotations

import datetime

from impact.periods import Every
from impact.states import Arm, PeriodState
from impact.tables import shared
from impact.tables.columns import Holds, Missing, Reach, Record, Sentence, Unit, col, same


class PeriodValue(
    Record,
    name="period_value",
    it="Una riga per valore di un periodo: indicatore, braccio, ambito, gruppo e mese, trimestre, semestre o anno.",
    reach=Reach.CUT,
    sort=("programme", "indicator", "arm", "scope", "scope_value", "group", "group_value", "first", "last"),
):
    """One row per value of a period: indicator, arm, scope, group and month, quarter, half-year or year."""

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
    every: Every = col(
        Holds.CODE,
        "How long the period is: `month`, `quarter`, `half_year`, `year`.",
        "Quanto dura il periodo: `month`, `quarter`, `half_year`, `year`.",
    )
    period: str = col(
        Holds.CODE,
        "What the period is called; `2024/25` is the year that starts in 2024.",
        "Come si chiama il periodo; `2024/25` è l'anno che comincia nel 2024.",
    )
    first: datetime.date = col(Holds.CODE, "First day.", "Primo giorno.")
    last: datetime.date = col(Holds.CODE, "Last day.", "Ultimo giorno.")
    partial: bool = col(
        Holds.CODE,
        "Whether the rows of the contract begin or end inside the period.",
        "Se le righe del contratto cominciano o finiscono dentro il periodo.",
    )
    state: PeriodState = col(
        Holds.VERDICT,
        "`value`; `zero` or `no_report` for a period without a row, as declared; `no_value` where no row has one.",
        "`value`; `zero` o `no_report` per un periodo senza righe, come dichiarato; `no_value` se nessuna ne ha uno.",
    )
    value: float | None = col(
        Holds.STATISTIC,
        "The value of the period; of a running total, what the period added.",
        "Il valore del periodo; di un totale progressivo, ciò che il periodo ha aggiunto.",
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
    to_date: float | None = col(
        Holds.STATISTIC,
        "The value of everything from the first row to the end of the period; null for a stock.",
        "Il valore di tutto dalla prima riga alla fine del periodo; vuoto per una consistenza.",
        Unit.VALUE,
        missing=Missing.NOT_APPLICABLE,
    )
    to_date_low: float | None = col(
        Holds.STATISTIC,
        "Lower end of the 95 % interval of `to_date`; null where there is none.",
        "Estremo inferiore dell'intervallo al 95 % di `to_date`; vuoto dove non c'è.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    to_date_high: float | None = col(
        Holds.STATISTIC,
        "Upper end of the 95 % interval of `to_date`; null where there is none.",
        "Estremo superiore dell'intervallo al 95 % di `to_date`; vuoto dove non c'è.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    method: Sentence = same(shared.METHOD)
    flags: tuple[str, ...] = same(shared.FLAGS)
    suppressed: str = col(
        Holds.DECLARED,
        "Why readers are not shown it: `few` persons behind one of these periods; empty where they are.",
        "Perché non è mostrato ai lettori: `few`, poche persone dietro uno di questi periodi; vuoto dove lo è.",
        default="''",
    )
