"""What tells a signal from common variation: the points of control charts, with their limits."""

from __future__ import annotations

import datetime
from typing import Literal

from impact.periods import Every
from impact.states import Arm, Reading
from impact.tables import shared
from impact.tables.columns import Holds, Missing, Reach, Record, Unit, col, same


class ChartPoint(
    Record,
    name="chart_point",
    it="Una riga per periodo di una carta di controllo: il valore, i limiti e ciò che segnala.",
    reach=Reach.CUT,
    sort=("programme", "indicator", "arm", "scope", "scope_value", "group", "group_value", "first"),
):
    """One row per period of a control chart: the value, its limits, and what it signals."""

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
    every: Every = col(Holds.CODE, "How long each period is.", "Quanto dura ogni periodo.")
    period: str = col(Holds.CODE, "What the period is called.", "Come si chiama il periodo.")
    first: datetime.date = col(Holds.CODE, "First day.", "Primo giorno.")
    last: datetime.date = col(Holds.CODE, "Last day.", "Ultimo giorno.")
    chart: Literal["xmr", "p"] = col(
        Holds.DECLARED,
        "`xmr`: values and moving ranges; `p`: shares, each by its own number of rows.",
        "`xmr`: valori ed escursioni mobili; `p`: quote, ognuna con il suo numero di righe.",
    )
    value: float | None = col(
        Holds.STATISTIC,
        "The value of the period; null where there is none, which breaks runs.",
        "Il valore del periodo; vuoto dove non c'è, il che interrompe le serie.",
        Unit.VALUE,
        missing=Missing.UNKNOWN,
    )
    center: float | None = col(
        Holds.STATISTIC, "Middle of the chart.", "Centro della carta.", Unit.VALUE, missing=Missing.UNKNOWN
    )
    lower: float | None = col(Holds.STATISTIC, "Lower limit.", "Limite inferiore.", Unit.VALUE, missing=Missing.UNKNOWN)
    upper: float | None = col(Holds.STATISTIC, "Upper limit.", "Limite superiore.", Unit.VALUE, missing=Missing.UNKNOWN)
    rules: tuple[str, ...] = col(
        Holds.REMARK,
        "The rules that mark the point, with their side: `beyond_limit above`, `run below`, …; empty for none.",
        "Le regole che segnano il punto, con il loro lato: `beyond_limit above`, `run below`, …; vuoto se nessuna.",
    )
    reading: Reading = col(
        Holds.VERDICT,
        "`common` variation, or a signal: `concern` or `improvement` by the indicator's direction, `change` of one"
        " to be maintained.",
        "Variazione comune (`common`) o un segnale: `concern` o `improvement` secondo la direzione dell'indicatore,"
        " `change` se è da mantenere.",
    )
    chance: float = col(
        Holds.DECLARED,
        "Probability that the last value of a chart of so many periods is marked though nothing changed.",
        "Probabilità che l'ultimo valore di una carta con tanti periodi sia segnato benché nulla sia cambiato.",
        Unit.PROBABILITY,
    )
    suppressed: str = col(
        Holds.DECLARED,
        "Why readers are not shown it; empty where they are.",
        "Perché non è mostrato ai lettori; vuoto dove lo è.",
        default="''",
    )
