"""What contracts declare of every column: the codebook of the rows, which leaves without any of them."""

from __future__ import annotations

from typing import Literal

from impact.tables import shared
from impact.tables.columns import Holds, Json, Missing, Reach, Record, Small, col, same

ColumnType = Literal["text", "code", "integer", "number", "boolean", "date"]


class Variable(
    Record,
    name="variable",
    it="Una riga per colonna di un contratto: tipo, unità, limiti, codici con i titoli, e come si dice che un valore "
    "manca.",
    reach=Reach.EVERYBODY,
    sort=("programme", "contract", "place"),
):
    """One row per column of a contract: type, unit, limits, codes with titles, how a value is said to be missing."""

    programme: str = same(shared.PROGRAMME)
    contract: str = same(shared.CONTRACT)
    place: Small = col(
        Holds.DECLARED, "Order of the columns of a contract, from 1.", "Ordine delle colonne di un contratto, da 1."
    )
    column: str = col(Holds.DECLARED, "Column.", "Colonna.")
    type: ColumnType = col(Holds.DECLARED, "What its values are.", "Che cosa sono i suoi valori.")
    title_en: str | None = col(
        Holds.DECLARED,
        "Title in English: its own, or that of its codelist.",
        "Titolo in inglese: il suo, o quello della sua lista di codici.",
        missing=Missing.NOT_STATED,
    )
    title_it: str | None = col(
        Holds.DECLARED, "Title in Italian, likewise.", "Titolo in italiano, allo stesso modo.",
        missing=Missing.NOT_STATED,
    )  # fmt: skip
    unit: str = col(Holds.DECLARED, "Unit; empty where it has none.", "Unità; vuoto dove non ne ha.")
    required: bool = col(
        Holds.DECLARED, "Whether a row without a value is set aside.", "Se una riga senza valore è accantonata."
    )
    min: float | None = col(
        Holds.DECLARED, "Least value allowed.", "Valore minimo ammesso.", missing=Missing.NOT_APPLICABLE
    )
    max: float | None = col(
        Holds.DECLARED, "Largest value allowed.", "Valore massimo ammesso.", missing=Missing.NOT_APPLICABLE
    )
    pattern: str | None = col(
        Holds.DECLARED,
        "Pattern that the whole text matches.",
        "Espressione che il testo intero rispetta.",
        missing=Missing.NOT_APPLICABLE,
    )
    max_length: Small | None = col(
        Holds.DECLARED, "Most characters.", "Numero massimo di caratteri.", missing=Missing.NOT_APPLICABLE
    )
    roles: tuple[str, ...] = col(
        Holds.DECLARED,
        "What it is for: `key`, `person`, `wave`, `status`; by the samples of indicators `weight`, `strata`, "
        "`cluster`, `population`.",
        "A che cosa serve: `key`, `person`, `wave`, `status`; secondo i campioni degli indicatori `weight`, `strata`, "
        "`cluster`, `population`.",
    )
    codes: Json = col(
        Holds.CODE,
        "Codes in order, each with `code` and, where it has them, `title_en` and `title_it`, as JSON.",
        "Codici in ordine, ciascuno con `code` e, dove li ha, `title_en` e `title_it`, in JSON.",
    )
    missing: Json = col(
        Holds.DECLARED,
        "Codes by kind of missing, as JSON: `missing`, `skipped`, `not_applicable`, `refused`, `suppressed`.",
        "Codici per tipo di mancanza, in JSON: `missing`, `skipped`, `not_applicable`, `refused`, `suppressed`.",
    )
    warns: tuple[str, ...] = col(
        Holds.DECLARED,
        "Checks that only warn: a row that fails one stays.",
        "Controlli che segnalano soltanto: una riga che non ne supera uno resta.",
    )
    unit_of_analysis: str = col(
        Holds.DECLARED, "What a row of the contract is about.", "Di che cosa parla una riga del contratto."
    )
    with_rows: bool = col(Holds.DECLARED, "Whether a source feeds the contract.", "Se una fonte alimenta il contratto.")
