"""Files and their rows: loads, rows set aside, unknown categories, answers, persons who return."""

from __future__ import annotations

import datetime

from impact.states import Severity
from impact.tables import shared
from impact.tables.columns import Holds, Json, Missing, Reach, Record, Sentence, Small, Unit, col, same


class Load(
    Record,
    name="load",
    it="Il registro dei caricamenti, una riga per versione di file; i caricamenti sostituiti restano nel "
    "registro, le loro righe no.",
    reach=Reach.FILE,
    sort=("programme", "source", "loaded_at"),
):
    """The ledger of loads, one row per file version; replaced loads stay in the ledger, their rows do not."""

    load_id: str = col(
        Holds.DECLARED,
        "First 16 digits of the hash of file, source, contract, codelists and engine.",
        "Prime 16 cifre dell'impronta di file, fonte, contratto, liste di codici e motore.",
    )
    programme: str = same(shared.PROGRAMME)
    source: str = same(shared.SOURCE)
    contract: str = col(
        Holds.DECLARED,
        "Contract the rows were held against.",
        "Contratto a cui le righe sono state confrontate.",
    )
    file: str = same(shared.FILE)
    sha256: str = col(Holds.DECLARED, "SHA-256 of the file's bytes.", "SHA-256 dei byte del file.")
    size: int = col(Holds.COUNT, "Size in bytes.", "Dimensione in byte.", Unit.BYTES)
    table_name: str = col(
        Holds.DECLARED,
        "Table with the rows, in the schema named after the programme.",
        "Tabella con le righe, nello schema che ha il nome del programma.",
    )
    rows_read: int = col(Holds.COUNT, "Rows read, good and bad.", "Righe lette, buone e no.", Unit.ROWS)
    rows_good: int = col(
        Holds.COUNT,
        "Rows that pass every check: on the row itself, on keys and on references.",
        "Righe che superano ogni controllo: sulla riga stessa, sulle chiavi e sui riferimenti.",
        Unit.ROWS,
    )
    rows_bad: int = col(
        Holds.COUNT,
        "Rows that fail one, and lines that are no rows.",
        "Righe che non ne superano uno, e linee che non sono righe.",
        Unit.ROWS,
    )
    rows_warned: int = col(Holds.COUNT, "Rows with at least one warning.", "Righe con almeno un avviso.", Unit.ROWS)
    kind: str = col(Holds.DECLARED, "`real` or `synthetic`.", "`real` o `synthetic`.")
    provenance: Json = col(Holds.DECLARED, "Provenance as declared, as JSON.", "Provenienza come dichiarata, in JSON.")
    line_offsets: tuple[int, ...] = col(
        Holds.LINE,
        "For each line that is no row, how many rows stand before it; gives line numbers back.",
        "Per ogni linea che non è una riga, quante righe la precedono; restituisce i numeri di linea.",
        internal=True,
    )
    multiline: bool = col(
        Holds.DECLARED,
        "Whether quoted values may hold line breaks.",
        "Se i valori tra virgolette possono andare a capo.",
    )
    loaded_at: datetime.datetime = col(Holds.DECLARED, "When it was loaded, in UTC.", "Quando fu caricato, in UTC.")
    run_id: str = col(Holds.DECLARED, "Run that loaded it.", "Calcolo che lo caricò.")
    replaced: str | None = col(
        Holds.DECLARED,
        "Load it took the place of.",
        "Caricamento di cui prese il posto.",
        missing=Missing.NOT_APPLICABLE,
    )
    changed: Json | None = col(
        Holds.COUNT,
        "Rows added, removed, changed and unchanged against that load, by key, as JSON.",
        "Righe aggiunte, tolte, cambiate e uguali rispetto a quel caricamento, per chiave, in JSON.",
        missing=Missing.NOT_APPLICABLE,
    )
    current: bool = col(Holds.DECLARED, "Whether these rows stand now.", "Se queste righe valgono ora.")


class Quarantine(
    Record,
    name="quarantine",
    it="Una riga per motivo; una riga di file con tre motivi sta tre volte. `severity` distingue le righe "
    "accantonate da quelle solo segnalate.",
    reach=Reach.ROW,
    sort=("programme", "source", "line", "severity", "column", "rule"),
):
    """One row per reason; a row of a file with three reasons stands three times.

    `severity` tells rows set aside from rows only warned about.
    """

    programme: str = same(shared.PROGRAMME)
    source: str = same(shared.SOURCE)
    load_id: str = col(Holds.DECLARED, "Load the row came in.", "Caricamento con cui arrivò la riga.", internal=True)
    file: str = same(shared.FILE)
    line: int = col(
        Holds.LINE,
        "Line in the file, header is line 1; with `multiline: true`, and in workbooks and Parquet, place of "
        "the record plus one.",
        "Riga nel file, l'intestazione è la 1; con `multiline: true`, e in cartelle di lavoro e Parquet, "
        "posto del record più uno.",
    )
    severity: Severity = col(
        Holds.DECLARED,
        "`error`: set aside. `warning`: kept, the reason recorded.",
        "`error`: accantonata. `warning`: tenuta, con il motivo annotato.",
    )
    column: str = col(
        Holds.DECLARED,
        "Column, or columns joined by a comma; empty where the whole line cannot be read.",
        "Colonna, o colonne unite da una virgola; vuota dove l'intera riga non si legge.",
    )
    rule: str = col(
        Holds.DECLARED,
        "Check that failed, or id of the declared rule.",
        "Controllo non superato, o id della regola dichiarata.",
    )
    expected: Sentence = col(Holds.DECLARED, "What was expected.", "Che cosa ci si aspettava.")
    value: str | None = col(
        Holds.ROW,
        "What was found, as text; two values are joined by ` | ` for a rule, by a comma for a key.",
        "Che cosa si è trovato, come testo; due valori sono uniti da ` | ` per una regola, da una virgola per"
        " una chiave.",
        missing=Missing.UNKNOWN,
    )
    payload: Json | None = col(
        Holds.ROW,
        "The whole row as JSON.",
        "L'intera riga in JSON.",
        missing=Missing.NOT_APPLICABLE,
    )
    ordinal: int | None = col(
        Holds.LINE,
        "Place among the file's rows, from 0; only for keys and references, judged over all files.",
        "Posto tra le righe del file, da 0; solo per chiavi e riferimenti, giudicati su tutti i file.",
        missing=Missing.NOT_APPLICABLE,
        internal=True,
    )


class Unmapped(
    Record,
    name="unmapped",
    it="Una riga per categoria che sta in righe buone (bisogni, servizi, spese) e in nessuna lista di codici.",
    reach=Reach.NOBODY,
    sort=("programme", "source", "column", "category"),
):
    """One row per category that stands in good rows (needs, services, expenditure) and in no codelist."""

    programme: str = same(shared.PROGRAMME)
    source: str = same(shared.SOURCE)
    contract: str = col(Holds.DECLARED, "Contract it feeds.", "Contratto che alimenta.")
    column: str = col(Holds.DECLARED, "Column of the category.", "Colonna della categoria.")
    category: str = col(Holds.ROW, "The category as the source writes it.", "La categoria come la scrive la fonte.")
    rows: int = col(Holds.COUNT, "Rows that carry it.", "Righe che la portano.", Unit.ROWS)


class Quality(
    Record,
    name="quality",
    it="Una riga per contratto, rilevazione e colonna: quante righe buone hanno risposta, e perché le altre "
    "no. `rows` è la somma di `answered` e dei cinque modi di mancare.",
    reach=Reach.NOBODY,
    sort=("programme", "contract", "place", "wave"),
):
    """One row per contract, wave and column: how many good rows were answered, and why the others were not.

    `rows` is the sum of `answered` and the five kinds of missing.
    """

    programme: str = same(shared.PROGRAMME)
    contract: str = same(shared.CONTRACT)
    place: Small = col(
        Holds.DECLARED,
        "Order of the columns in the contract.",
        "Ordine delle colonne nel contratto.",
        internal=True,
    )
    column: str = col(Holds.DECLARED, "Column of the contract.", "Colonna del contratto.")
    wave: str = col(
        Holds.CODE,
        "Wave; empty for contracts without waves, and for rows without one.",
        "Rilevazione; vuota per contratti senza rilevazioni, e per righe che non ne hanno.",
    )
    required: bool = col(Holds.DECLARED, "Whether the contract requires a value.", "Se il contratto esige un valore.")
    rows: int = col(Holds.COUNT, "Good rows.", "Righe buone.", Unit.ROWS)
    answered: int = col(Holds.COUNT, "Those with a value.", "Quelle con un valore.", Unit.ROWS)
    missing: int = col(
        Holds.COUNT,
        "Those that are blank, or carry a code for missing.",
        "Quelle in bianco, o con un codice di mancante.",
        Unit.ROWS,
    )
    skipped: int = col(
        Holds.COUNT,
        "Those with a code for a question passed over.",
        "Quelle con un codice di domanda saltata.",
        Unit.ROWS,
    )
    not_applicable: int = col(
        Holds.COUNT,
        "Those with a code for a question that does not apply.",
        "Quelle con un codice di domanda che non si applica.",
        Unit.ROWS,
    )
    refused: int = col(Holds.COUNT, "Those with a code for a refusal.", "Quelle con un codice di rifiuto.", Unit.ROWS)
    suppressed: int = col(
        Holds.COUNT,
        "Those with a code for a value held back.",
        "Quelle con un codice di valore trattenuto.",
        Unit.ROWS,
    )


class Response(
    Record,
    name="response",
    it="Una riga per rilevazione di ogni contratto che segue persone: chi c'è, e chi c'era in quella prima.",
    reach=Reach.NOBODY,
    sort=("programme", "contract", "place"),
):
    """One row per wave of each contract that follows persons: who is there, and who of the wave before."""

    programme: str = same(shared.PROGRAMME)
    contract: str = same(shared.CONTRACT)
    place: Small = col(
        Holds.DECLARED,
        "Place in time among the waves that have rows of the contract, from 1.",
        "Posto nel tempo tra le rilevazioni che hanno righe del contratto, da 1.",
    )
    wave: str = col(Holds.CODE, "Wave.", "Rilevazione.")
    since: str | None = col(
        Holds.CODE,
        "Wave before it; null for the first.",
        "Rilevazione precedente; vuota per la prima.",
        missing=Missing.NOT_APPLICABLE,
    )
    persons: int = col(
        Holds.COUNT,
        "Persons with a good row in the wave.",
        "Persone con una riga buona nella rilevazione.",
        Unit.PERSONS,
    )
    linked: int | None = col(
        Holds.COUNT,
        "Those of them with a row in the wave before; null for the first.",
        "Quelle di loro con una riga nella rilevazione precedente; vuoto per la prima.",
        Unit.PERSONS,
        missing=Missing.NOT_APPLICABLE,
    )
    lost: int | None = col(
        Holds.COUNT,
        "Persons of the wave before without a row in this one; null for the first.",
        "Persone della rilevazione precedente senza una riga in questa; vuoto per la prima.",
        Unit.PERSONS,
        missing=Missing.NOT_APPLICABLE,
    )
    new: int | None = col(
        Holds.COUNT,
        "Persons without a row in the wave before, come back from an earlier one or not; null for the first.",
        "Persone senza una riga nella rilevazione precedente, tornate da una ancora prima o no; vuoto per la prima.",
        Unit.PERSONS,
        missing=Missing.NOT_APPLICABLE,
    )
