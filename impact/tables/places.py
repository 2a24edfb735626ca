"""Networks of bodies, and maps of needs and supply."""

from __future__ import annotations

from impact.states import MapState
from impact.tables import shared
from impact.tables.columns import Holds, Json, Missing, Reach, Record, Unit, col, same


class NetworkBody(
    Record,
    name="network_body",
    it="Una riga per ente, rete e rilevazione, con un posto nel disegno che vale in tutte le rilevazioni.",
    reach=Reach.COLUMNS,
    cuts={"territory": "territory", "kind": "kind", "sector": "sector"},
    sort=("programme", "network", "wave", "body"),
):
    """One row per body, network and wave, with one place for drawing that holds in all waves."""

    programme: str = same(shared.PROGRAMME)
    network: str = same(shared.NETWORK)
    wave: str = col(
        Holds.DECLARED,
        "Wave the body is listed in; empty where the roster has no waves.",
        "Rilevazione in cui l'ente è elencato; vuota dove l'elenco non ne ha.",
    )
    body: str = col(Holds.DECLARED, "Key of the body.", "Chiave dell'ente.")
    label: str = col(Holds.DECLARED, "Its name, or the key.", "Il suo nome, o la chiave.")
    answered: bool = col(
        Holds.DECLARED,
        "Whether its ties are known in the wave; a body that did not answer is in no measure.",
        "Se i suoi legami sono noti nella rilevazione; un ente che non ha risposto non è in alcuna misura.",
    )
    kind: str | None = col(
        Holds.DECLARED,
        "Kind of organisation, where the roster has it.",
        "Tipo di organizzazione, dove l'elenco lo ha.",
        missing=Missing.NOT_STATED,
    )
    sector: str | None = col(
        Holds.DECLARED,
        "Sector, where the roster has it.",
        "Settore, dove l'elenco lo ha.",
        missing=Missing.NOT_STATED,
    )
    territory: str | None = col(
        Holds.DECLARED,
        "Territory, where the roster has it.",
        "Territorio, dove l'elenco lo ha.",
        missing=Missing.NOT_STATED,
    )
    x: float | None = col(
        Holds.DECLARED,
        "Place in a drawing, from -1 to 1; null beyond 1,000 bodies.",
        "Posto in un disegno, da -1 a 1; vuoto oltre i 1.000 enti.",
        missing=Missing.NOT_APPLICABLE,
    )
    y: float | None = col(
        Holds.DECLARED,
        "Place in a drawing, from -1 to 1; null beyond 1,000 bodies.",
        "Posto in un disegno, da -1 a 1; vuoto oltre i 1.000 enti.",
        missing=Missing.NOT_APPLICABLE,
    )
    data_kind: str = same(shared.DATA_KIND)


class NetworkTie(
    Record,
    name="network_tie",
    it="Una riga per legame, rete e rilevazione.",
    reach=Reach.TIE,
    sort=("programme", "network", "wave", "source", "target", "tie"),
):
    """One row per tie, network and wave."""

    programme: str = same(shared.PROGRAMME)
    network: str = same(shared.NETWORK)
    wave: str = col(
        Holds.DECLARED,
        "Wave of the tie; empty without waves.",
        "Rilevazione del legame; vuota senza rilevazioni.",
    )
    source: str = col(Holds.DECLARED, "Body it goes from.", "Ente da cui parte.")
    target: str = col(Holds.DECLARED, "Body it goes to.", "Ente a cui va.")
    tie: str = col(
        Holds.DECLARED,
        "Kind of tie; empty where the contract has none.",
        "Tipo di legame; vuoto dove il contratto non ne ha.",
    )
    data_kind: str = same(shared.DATA_KIND)


class MapCell(
    Record,
    name="map_cell",
    it="Una riga per cella di una mappa di bisogni e offerta, e rilevazione: che cosa vi serve, e che cosa "
    "vi risponde.",
    reach=Reach.COLUMNS,
    cuts={"territory": "territory", "theme": "theme", "target_group": "target_group"},
    sort=("programme", "contract", "supply", "match", "wave", "territory", "theme", "target_group", "state"),
):
    """One row per cell of a map of needs and supply, and wave: what is needed there, and what answers it."""

    programme: str = same(shared.PROGRAMME)
    contract: str = col(Holds.DECLARED, "Contract of the needs.", "Contratto dei bisogni.")
    supply: str = col(Holds.DECLARED, "Contract of the services.", "Contratto dei servizi.")
    match: str = col(Holds.DECLARED, "Columns that are compared.", "Colonne confrontate.")
    wave: str = col(Holds.DECLARED, "Wave; empty without waves.", "Rilevazione; vuota senza rilevazioni.")
    territory: str | None = col(
        Holds.DECLARED,
        "Territory; empty where it is not compared.",
        "Territorio; vuoto dove non è confrontato.",
        missing=Missing.NOT_APPLICABLE,
    )
    theme: str | None = col(
        Holds.DECLARED,
        "Theme; empty where it is not compared.",
        "Tema; vuoto dove non è confrontato.",
        missing=Missing.NOT_APPLICABLE,
    )
    target_group: str | None = col(
        Holds.DECLARED,
        "Target group; empty where it is not compared.",
        "Gruppo di destinatari; vuoto dove non è confrontato.",
        missing=Missing.NOT_APPLICABLE,
    )
    title_en: str = col(Holds.DECLARED, "Titles of the codes in English.", "Titoli dei codici in inglese.")
    title_it: str = col(Holds.DECLARED, "Titles of the codes in Italian.", "Titoli dei codici in italiano.")
    needs: int = col(Holds.DECLARED, "Rows of needs in the cell.", "Righe di bisogni nella cella.", Unit.ROWS)
    voices: float | None = col(
        Holds.DECLARED,
        "People who voiced them, added up; null where not stated.",
        "Persone che li hanno espressi, sommate; vuoto dove non detto.",
        Unit.PERSONS,
        missing=Missing.NOT_STATED,
    )
    severity: float | None = col(
        Holds.DECLARED,
        "Highest severity stated.",
        "Gravità più alta indicata.",
        missing=Missing.NOT_STATED,
    )
    services: int = col(Holds.DECLARED, "Services that cover the cell.", "Servizi che coprono la cella.", Unit.SERVICES)
    partial_services: int = col(
        Holds.DECLARED,
        "Services that reach a part of it only.",
        "Servizi che ne raggiungono solo una parte.",
        Unit.SERVICES,
    )
    bodies: int = col(
        Holds.DECLARED,
        "Different bodies among the services that cover it.",
        "Enti diversi tra i servizi che la coprono.",
        Unit.BODIES,
    )
    capacity: float | None = col(
        Holds.DECLARED,
        "Capacity of these services, added up; null where not stated.",
        "Capienza di questi servizi, sommata; vuota dove non detta.",
        missing=Missing.NOT_STATED,
    )
    users: float | None = col(
        Holds.DECLARED,
        "Users of these services, added up; null where not stated.",
        "Utenti di questi servizi, sommati; vuoto dove non detto.",
        Unit.PERSONS,
        missing=Missing.NOT_STATED,
    )
    state: MapState = col(
        Holds.DECLARED,
        "`covered`, `partial`, `gap`, `overlap`, `supply_only` or `unmapped`.",
        "`covered`, `partial`, `gap`, `overlap`, `supply_only` o `unmapped`.",
    )
    documents: Json = col(
        Holds.DECLARED,
        "Needs and services of the cell with document, place and quote, as JSON.",
        "Bisogni e servizi della cella con documento, luogo e citazione, in JSON.",
    )
