"""What readers are not shown: hidden cells, and what contracts withhold of counts beside the tables."""

from __future__ import annotations

from impact.states import Arm, Reason
from impact.tables import shared
from impact.tables.columns import Holds, Missing, Reach, Record, Unit, col, same


class Suppression(
    Record,
    name="suppression",
    it="Una riga per cella che non è mostrata ai lettori.",
    reach=Reach.CUT,
    sort=("programme", "indicator", "arm", "scope", "group", "scope_value", "group_value", "wave"),
):
    """One row per cell that readers are not shown."""

    programme: str = same(shared.PROGRAMME)
    indicator: str = same(shared.INDICATOR)
    arm: Arm = col(
        Holds.CODE,
        "Arm of the cell; `effect` for what an effect was estimated from.",
        "Braccio della cella; `effect` per ciò da cui un effetto fu stimato.",
    )
    scope: str = col(Holds.CODE, "As in findings.", "Come nei risultati.")
    scope_value: str = col(Holds.CODE, "As in findings.", "Come nei risultati.")
    group: str = col(Holds.CODE, "As in findings.", "Come nei risultati.")
    group_value: str = col(Holds.CODE, "As in findings.", "Come nei risultati.")
    wave: str = col(Holds.CODE, "Wave of the cell.", "Rilevazione della cella.")
    reason: Reason = col(
        Holds.DECLARED,
        "`few`: fewer persons than the minimum stand behind it, or behind another number of the same rows. "
        "`complement`: with it, another could be computed.",
        "`few`: dietro di essa, o dietro un altro numero delle stesse righe, stanno meno persone del minimo. "
        "`complement`: con essa se ne potrebbe calcolare un'altra.",
    )
    minimum: int = col(Holds.DECLARED, "The minimum in force.", "Il minimo in vigore.", Unit.PERSONS)
    finding: str | None = col(
        Holds.DECLARED,
        "Finding that rests on the cell; null where none does.",
        "Risultato che poggia sulla cella; vuoto se nessuno.",
        missing=Missing.NOT_APPLICABLE,
    )
    hides_baseline: bool = col(
        Holds.DECLARED,
        "Whether that finding's baseline was measured, and so is hidden with it.",
        "Se la partenza di quel risultato fu misurata, e dunque è nascosta con esso.",
    )
    hides_target: bool = col(
        Holds.DECLARED,
        "Whether its target was reckoned from such a baseline.",
        "Se il suo traguardo fu calcolato da una tale partenza.",
    )


class Withheld(
    Record,
    name="withheld",
    it="Una riga per cosa che un contratto su persone trattiene di ciò che si conta accanto alle tabelle.",
    reach=Reach.EVERYBODY,
    sort=("programme", "contract", "what", "wave"),
):
    """One row per thing that a contract about persons withholds of what is counted beside the tables."""

    programme: str = same(shared.PROGRAMME)
    contract: str = col(Holds.DECLARED, "Contract id.", "Id del contratto.")
    wave: str = col(Holds.CODE, "Wave of which it holds; empty for all.", "Rilevazione per cui vale; vuota per tutte.")
    what: str = col(
        Holds.DECLARED,
        "`lines`: which rows. `few`: counts below the minimum. `files`: what is counted of its files. `wave`:"
        " how many rows and persons the wave has. `answered`: how many answered each question in it.",
        "`lines`: quali righe. `few`: conteggi sotto il minimo. `files`: ciò che si conta dei suoi file. "
        "`wave`: quante righe e persone ha la rilevazione. `answered`: quanti vi hanno risposto a ciascuna "
        "domanda.",
    )
