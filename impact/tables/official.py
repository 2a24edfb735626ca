"""What official statistics are told of a programme: its data structure, edition by edition, and the mapping to it."""

from __future__ import annotations

from impact.tables import shared
from impact.tables.columns import Holds, Json, Reach, Record, Small, col, same


class StructureEdition(
    Record,
    name="structure",
    it="Una riga per edizione della struttura dei dati di un programma: dimensioni, attributi e liste di codici.",
    reach=Reach.EVERYBODY,
    sort=("programme", "place"),
):
    """One row per edition of a programme's data structure: dimensions, attributes and code lists."""

    programme: str = same(shared.PROGRAMME)
    place: Small = col(Holds.DECLARED, "Order of the editions, from 1.", "Ordine delle edizioni, da 1.")
    version: str = col(
        Holds.DECLARED,
        "Semantic version: major, minor, patch.",
        "Versione semantica: maggiore, minore, correzione.",
    )
    change: str = col(
        Holds.DECLARED,
        "What raised it: `major`, `minor` or `patch`; empty for the first.",
        "Che cosa l'ha alzata: `major`, `minor` o `patch`; vuoto per la prima.",
    )
    content: Json = col(
        Holds.CODE,
        "Components and code lists, with names in both languages, as JSON.",
        "Componenti e liste di codici, con i nomi in entrambe le lingue, in JSON.",
    )


class StructureMapping(
    Record,
    name="structure_mapping",
    it="Una riga per programma: come parti, rilevazioni e unità si chiamano nella sua struttura dei dati.",
    reach=Reach.EVERYBODY,
    sort=("programme",),
):
    """One row per programme: how parts, waves and units are called in its data structure."""

    programme: str = same(shared.PROGRAMME)
    content: Json = col(
        Holds.CODE,
        "Official code of each part, period of each wave, unit of each indicator, as JSON.",
        "Codice ufficiale di ogni parte, periodo di ogni rilevazione, unità di ogni indicatore, in JSON.",
    )
    unmapped: tuple[str, ...] = col(
        Holds.CODE,
        "Codes that `export.yaml` leaves without an official one, as `column=code`; exports wait for them.",
        "Codici che `export.yaml` lascia senza uno ufficiale, come `column=code`; le esportazioni li attendono.",
    )
