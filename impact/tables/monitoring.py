"""What coordinators follow over time: values by period, reports that are due, the units that owe them."""

from __future__ import annotations

import datetime

from impact.periods import Every
from impact.states import Arm, PeriodState, UnitFate
from impact.tables import shared
from impact.tables.columns import Holds, Missing, Reach, Record, Sentence, Small, Unit, col, same


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
        "`value`; `zero` or `no_report` for a period without a row, as declared; `not_due` where no report was owed;"
        " `no_value` where no row has one.",
        "`value`; `zero` o `no_report` per un periodo senza righe, come dichiarato; `not_due` se nessun rapporto era"
        " dovuto; `no_value` se nessuna riga ne ha uno.",
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
    reports_due: int | None = col(
        Holds.DECLARED,
        "Reports that are owed of the period; null where none are, where the period is shorter than theirs, or where"
        " the part is not of who owes them.",
        "Rapporti dovuti del periodo; vuoto dove non ce ne sono, dove il periodo è più breve del loro, o dove la parte"
        " non è di chi li deve.",
        missing=Missing.NOT_APPLICABLE,
    )
    reports_received: int | None = col(
        Holds.DECLARED,
        "Reports that are owed of the period and have come.",
        "Rapporti dovuti del periodo che sono arrivati.",
        missing=Missing.NOT_APPLICABLE,
    )
    method: Sentence = same(shared.METHOD)
    flags: tuple[str, ...] = same(shared.FLAGS)
    suppressed: str = col(
        Holds.DECLARED,
        "Why readers are not shown it: `few` persons behind one of these periods; empty where they are.",
        "Perché non è mostrato ai lettori: `few`, poche persone dietro uno di questi periodi; vuoto dove lo è.",
        default="''",
    )


class HeirValue(
    PeriodValue,
    name="heir_value",
    it="Una riga per valore di un periodo per unità di oggi, con il passato delle unità di cui ha preso il posto.",
    reach=Reach.NOBODY,
    sort=("programme", "indicator", "arm", "scope", "scope_value", "group", "group_value", "first", "last"),
):
    """One row per value of a period by unit as it is today, with the past of the units whose place it has taken.

    Readers of parts see none: less its own values, a unit's are those of the units before it.
    """


class Report(
    Record,
    name="report",
    it="Una riga per rapporto, dovuto o arrivato: un'unità in un periodo.",
    reach=Reach.CODE,
    sort=("programme", "contract", "first", "column", "code"),
):
    """One row per report that is owed or came: of one unit in one period."""

    programme: str = same(shared.PROGRAMME)
    contract: str = same(shared.CONTRACT)
    column: str = col(Holds.DECLARED, "Column that says whose report it is.", "Colonna che dice di chi è il rapporto.")
    code: str = col(Holds.DECLARED, "The unit that owes it.", "L'unità che lo deve.")
    every: Every = col(
        Holds.DECLARED,
        "How long its period is: `month`, `quarter`, `half_year`, `year`.",
        "Quanto dura il suo periodo: `month`, `quarter`, `half_year`, `year`.",
    )
    year_starts: Small = col(Holds.DECLARED, "Month with which years start.", "Mese con cui cominciano gli anni.")
    period: str = col(
        Holds.DECLARED,
        "What the period is called; `2024/25` is the year that starts in 2024.",
        "Come si chiama il periodo; `2024/25` è l'anno che comincia nel 2024.",
    )
    first: datetime.date = col(Holds.DECLARED, "First day of the period.", "Primo giorno del periodo.")
    last: datetime.date = col(Holds.DECLARED, "Last day of the period.", "Ultimo giorno del periodo.")
    deadline: datetime.date = col(
        Holds.DECLARED, "Last day on which it is on time.", "Ultimo giorno in cui è puntuale."
    )
    owed: bool = col(
        Holds.DECLARED,
        "Whether the unit owes it: open on or before the first day, not closed before the last.",
        "Se l'unità lo deve: aperta al più tardi il primo giorno, non chiusa prima dell'ultimo.",
    )
    reports: int = col(
        Holds.DECLARED,
        "On how many days it came; 0 where it has not, 1 where no day is known.",
        "In quanti giorni è arrivato; 0 se non è arrivato, 1 se nessun giorno è noto.",
    )
    received: datetime.date | None = col(
        Holds.DECLARED,
        "First day on which it came; null where it has not, or where nobody knows.",
        "Primo giorno in cui è arrivato; vuoto se non è arrivato o se non si sa.",
        missing=Missing.NOT_STATED,
    )
    corrected: datetime.date | None = col(
        Holds.DECLARED,
        "Last day on which it was corrected.",
        "Ultimo giorno in cui è stato corretto.",
        missing=Missing.NOT_STATED,
    )


class ReportingUnit(
    Record,
    name="reporting_unit",
    it="Una riga per unità che deve rapporti: quando ha aperto e chiuso, e chi ne ha preso il posto.",
    reach=Reach.CODE,
    sort=("programme", "contract", "column", "code"),
):
    """One row per unit that owes reports: when it opened and closed, and who has taken its place."""

    programme: str = same(shared.PROGRAMME)
    contract: str = same(shared.CONTRACT)
    column: str = col(Holds.DECLARED, "Column that says whose report it is.", "Colonna che dice di chi è il rapporto.")
    code: str = col(Holds.DECLARED, "The unit.", "L'unità.")
    opened: datetime.date | None = col(
        Holds.DECLARED,
        "First day on which it was open; null where it has always been.",
        "Primo giorno in cui era aperta; vuoto se lo è sempre stata.",
        missing=Missing.NOT_STATED,
    )
    closed: datetime.date | None = col(
        Holds.DECLARED,
        "Last day on which it was open; null where it still is.",
        "Ultimo giorno in cui era aperta; vuoto se lo è ancora.",
        missing=Missing.NOT_STATED,
    )
    fate: UnitFate = col(
        Holds.DECLARED,
        "`stands`, `closed`, `succeeded` (one unit has its place: renamed or merged), `split` or `circular`.",
        "`stands`, `closed`, `succeeded` (una sola ne ha preso il posto: rinominata o fusa), `split` o `circular`.",
    )
    successors: tuple[str, ...] = col(Holds.DECLARED, "Who took over from it.", "Chi ne ha preso il posto.")
    heir: str = col(
        Holds.DECLARED,
        "The unit under which its past is counted today; of one that was split, itself.",
        "L'unità sotto cui oggi è contato il suo passato; se è stata divisa, lei stessa.",
    )
