"""Titles: of parts, of codes and what they belong to, of columns."""

from __future__ import annotations

from impact.tables import shared
from impact.tables.columns import Holds, Json, Missing, Reach, Record, Small, col, same


class PartTitle(
    Record,
    name="part",
    it="Una riga per indicatore, colonna che lo divide e codice mostrato: l'albero che seguono i risultati "
    "delle parti.",
    reach=Reach.CODE,
    sort=("programme", "indicator", "place"),
):
    """One row per indicator, column that cuts it and code shown: the tree that findings of parts follow."""

    programme: str = same(shared.PROGRAMME)
    indicator: str = same(shared.INDICATOR)
    column: str = col(Holds.CODE, "Column that cuts the indicator.", "Colonna che divide l'indicatore.")
    code: str = col(
        Holds.CODE,
        "Code shown, one that occurs or stands above one that does.",
        "Codice mostrato: uno che ricorre, o che sta sopra uno che ricorre.",
    )
    place: Small = col(
        Holds.DECLARED,
        "Order in which parts are read, parents first.",
        "Ordine in cui si leggono le parti, prima quelle superiori.",
    )
    depth: Small = col(Holds.DECLARED, "Codes above it.", "Codici sopra di esso.")
    level: str | None = col(
        Holds.DECLARED,
        "Level in the hierarchy, such as province; null where the codelist names none.",
        "Livello nella gerarchia, come provincia; vuoto dove la lista di codici non ne nomina.",
        missing=Missing.NOT_STATED,
    )
    parent: str | None = col(
        Holds.CODE,
        "Code above it; null at the top.",
        "Codice superiore; vuoto in cima.",
        missing=Missing.NOT_APPLICABLE,
    )
    title_en: str = same(shared.TITLE_EN)
    title_it: str = same(shared.TITLE_IT)
    same_as: Json = col(
        Holds.DECLARED,
        "Codes of the same thing in other lists, such as ISTAT's, as JSON.",
        "Codici della stessa cosa in altre liste, come quelle dell'ISTAT, in JSON.",
    )
    holds: tuple[str, ...] = col(
        Holds.CODE,
        "Labels whose rows belong to it.",
        "Etichette le cui righe le appartengono.",
    )


class Label(
    Record,
    name="label",
    it="Una riga per codice di una colonna che divide i risultati, o per cui tali codici si raggruppano: il "
    "suo titolo in una lista di codici, o il suo nome nel contratto di cui è chiave.",
    reach=Reach.LABEL,
    sort=("programme", "column", "place"),
):
    """One row per code of a column that cuts findings, or that such codes are grouped by.

    Its title in a codelist, or its name in the contract whose key it is.
    """

    programme: str = same(shared.PROGRAMME)
    column: str = col(
        Holds.CODE,
        "Column that cuts or groups, whatever the contract.",
        "Colonna che divide o raggruppa, in qualunque contratto.",
    )
    code: str = col(Holds.CODE, "Code as it stands in findings.", "Codice come sta nei risultati.")
    place: Small = col(
        Holds.DECLARED,
        "Order in which the codes of a column are read, from 0.",
        "Ordine in cui si leggono i codici di una colonna, da 0.",
    )
    title_en: str = col(
        Holds.DECLARED,
        "Title in English; two with a stroke where the code means two things in two contracts.",
        "Titolo in inglese; due con una barra dove il codice significa due cose in due contratti.",
    )
    title_it: str = col(
        Holds.DECLARED,
        "Title in Italian, likewise; a name is the same in both languages.",
        "Titolo in italiano, allo stesso modo; un nome è uguale nelle due lingue.",
    )
    level: str | None = col(
        Holds.DECLARED,
        "Level in its codelist, such as province; null where there is none.",
        "Livello nella sua lista di codici, come provincia; vuoto dove non c'è.",
        missing=Missing.NOT_STATED,
    )
    parent: str | None = col(
        Holds.CODE,
        "Code above it in its codelist; null at the top.",
        "Codice superiore nella sua lista; vuoto in cima.",
        missing=Missing.NOT_APPLICABLE,
    )


class Membership(
    Record,
    name="membership",
    it="Una riga per codice della chiave di un contratto e codice a cui appartiene: nelle colonne di quel "
    "contratto, o attraverso un contratto che lega i due.",
    reach=Reach.CODE,
    sort=("programme", "column", "code", "by", "of"),
):
    """One row per code of a contract's key and code it belongs to.

    In that contract's own columns, or through a contract that links the two.
    """

    programme: str = same(shared.PROGRAMME)
    column: str = col(
        Holds.CODE,
        "Column that cuts findings, such as `project_id`.",
        "Colonna che divide i risultati, come `project_id`.",
    )
    code: str = col(Holds.CODE, "Code of that column.", "Codice di quella colonna.")
    by: str = col(
        Holds.CODE,
        "Column it is grouped by, such as `quadrant` or `theme`.",
        "Colonna per cui è raggruppato, come `quadrant` o `theme`.",
    )
    of: str = col(
        Holds.CODE,
        "Code it has there; a code that has several stands in several rows.",
        "Codice che vi ha; un codice che ne ha più d'uno sta in più righe.",
    )


class Cut(
    Record,
    name="cut",
    it="Una riga per colonna che divide i risultati, o per cui i codici si raggruppano.",
    reach=Reach.EVERYBODY,
    sort=("programme", "column"),
):
    """One row per column that cuts findings, or that codes are grouped by."""

    programme: str = same(shared.PROGRAMME)
    column: str = col(Holds.DECLARED, "Column that cuts or groups.", "Colonna che divide o raggruppa.")
    title_en: str = col(
        Holds.DECLARED,
        "Title of the column in English: as declared, else the codelist's, else its name in words.",
        "Titolo della colonna in inglese: come dichiarato, altrimenti quello della lista di codici, "
        "altrimenti il suo nome in parole.",
    )
    title_it: str = col(
        Holds.DECLARED,
        "Title of the column in Italian, likewise.",
        "Titolo della colonna in italiano, allo stesso modo.",
    )
    is_territory: bool = col(
        Holds.DECLARED,
        "Whether its codes are territories: the column of that name, codelists with levels, and columns that "
        "hold no other codes than these.",
        "Se i suoi codici sono territori: la colonna di quel nome, le liste di codici con livelli, e le "
        "colonne che non hanno altri codici che questi.",
    )


class Heading(
    Record,
    name="heading",
    it="Una riga per contratto, e per ogni sua colonna che ha un titolo.",
    reach=Reach.EVERYBODY,
    sort=("programme", "contract", "column"),
):
    """One row per contract, and per column of it that has a title."""

    programme: str = same(shared.PROGRAMME)
    contract: str = col(Holds.DECLARED, "Contract.", "Contratto.")
    column: str = col(
        Holds.DECLARED,
        "Column, or empty for the contract itself.",
        "Colonna, o vuoto per il contratto stesso.",
    )
    title_en: str = same(shared.TITLE_EN)
    title_it: str = col(
        Holds.DECLARED,
        "Title in Italian; as declared where it is not translated.",
        "Titolo in italiano; come dichiarato dove non è tradotto.",
    )


class Project(
    Record,
    name="project",
    it="Una riga per progetto: le parti di un programma che `programme.yaml` dichiara essere i suoi progetti.",
    reach=Reach.CODE,
    sort=("programme", "place"),
):
    """One row per project: the parts of a programme that `programme.yaml` declares to be its projects."""

    programme: str = same(shared.PROGRAMME)
    column: str = col(Holds.CODE, "Column that holds the project.", "Colonna che contiene il progetto.")
    code: str = col(Holds.CODE, "Code of the project.", "Codice del progetto.")
    place: Small = col(Holds.DECLARED, "Order in which they are listed, from 0.", "Ordine in cui sono elencati, da 0.")
    title_en: str = same(shared.TITLE_EN)
    title_it: str = same(shared.TITLE_IT)
    responsible: str | None = col(
        Holds.DECLARED,
        "Body that answers for it, as its list names it.",
        "Ente che ne risponde, come lo nomina l'elenco.",
        missing=Missing.NOT_STATED,
    )
    body: str | None = col(
        Holds.DECLARED,
        "Key of that body in the networks.",
        "Chiave di quell'ente nelle reti.",
        missing=Missing.NOT_STATED,
    )
    contract: str | None = col(
        Holds.DECLARED,
        "Contract with a row for each project; null where they are those of a codelist.",
        "Contratto con una riga per progetto; vuoto se sono quelli di una lista di codici.",
        missing=Missing.NOT_APPLICABLE,
    )
    contacts: tuple[str, ...] = col(Holds.DECLARED, "Contacts that answer for it.", "Referenti che ne rispondono.")
