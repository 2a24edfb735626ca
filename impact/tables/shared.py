"""Columns that several tables have: each is described once."""

from __future__ import annotations

from impact.tables.columns import Column, Holds, Missing, Unit

PROGRAMME = Column(Holds.DECLARED, {"en": "Programme id.", "it": "Id del programma."})
INDICATOR = Column(Holds.DECLARED, {"en": "Indicator id.", "it": "Id dell'indicatore."})
TITLE_EN = Column(Holds.DECLARED, {"en": "Title in English.", "it": "Titolo in inglese."})
TITLE_IT = Column(Holds.DECLARED, {"en": "Title in Italian.", "it": "Titolo in italiano."})
DATA_KIND = Column(Holds.DECLARED, {"en": "`real` or `synthetic`.", "it": "`real` o `synthetic`."})
LEVEL = Column(Holds.DECLARED, {"en": "micro, meso or macro.", "it": "micro, meso o macro."})
PLACE = Column(Holds.DECLARED, {"en": "Page or heading.", "it": "Pagina o titolo."}, missing=Missing.NOT_STATED)
SOURCE = Column(Holds.DECLARED, {"en": "Source id.", "it": "Id della fonte."})
CONF_HIGH = Column(
    Holds.STATISTIC,
    {
        "en": "Upper end of the 95 % interval of the value; null where there is none.",
        "it": "Estremo superiore dell'intervallo al 95 % del valore; vuoto dove non c'è.",
    },
    unit=Unit.VALUE,
    missing=Missing.UNKNOWN,
)
CONF_LOW = Column(
    Holds.STATISTIC,
    {
        "en": "Lower end of the 95 % interval of the value; null where there is none.",
        "it": "Estremo inferiore dell'intervallo al 95 % del valore; vuoto dove non c'è.",
    },
    unit=Unit.VALUE,
    missing=Missing.UNKNOWN,
)
CONTRACT = Column(Holds.DECLARED, {"en": "Contract of the rows.", "it": "Contratto delle righe."})
DOCUMENT = Column(Holds.DECLARED, {"en": "Document.", "it": "Documento."}, missing=Missing.NOT_STATED)
FILE = Column(
    Holds.DECLARED,
    {"en": "File, relative to the programme folder.", "it": "File, relativo alla cartella del programma."},
)
FLAGS = Column(
    Holds.REMARK,
    {
        "en": (
            "Cautions: `small_n`, `few_clusters`, `no_interval`, `no_data`, `incomplete`; how sums were stated: "
            "`about`, …"
        ),
        "it": (
            "Cautele: `small_n`, `few_clusters`, `no_interval`, `no_data`, `incomplete`; come furono dette le "
            "somme: `about`, …"
        ),
    },
)
GROUP = Column(
    Holds.CODE,
    {"en": "`all`, or the column that splits the people.", "it": "`all`, o la colonna che divide le persone."},
)
GROUP_VALUE = Column(
    Holds.CODE,
    {
        "en": "Value of that column; empty for everybody; `(no value)` for rows without one.",
        "it": "Valore di quella colonna; vuoto per tutti; `(no value)` per le righe che non ne hanno.",
    },
)
METHOD = Column(
    Holds.REMARK, {"en": "How value and interval were computed.", "it": "Come sono calcolati valore e intervallo."}
)
N = Column(
    Holds.COUNT,
    {
        "en": "Rows with a value behind `value` (linked persons for a change).",
        "it": "Righe con un valore dietro `value` (persone ritrovate, per un cambiamento).",
    },
    unit=Unit.ROWS,
)
NETWORK = Column(Holds.DECLARED, {"en": "Contract of the ties.", "it": "Contratto dei legami."})
QUOTE = Column(Holds.DECLARED, {"en": "Wording.", "it": "Parole del documento."}, missing=Missing.NOT_STATED)
SCOPE = Column(
    Holds.CODE,
    {
        "en": "`programme`, or the column that cuts the programme into projects or territories.",
        "it": "`programme`, o la colonna che divide il programma in progetti o territori.",
    },
)
SCOPE_VALUE = Column(
    Holds.CODE,
    {
        "en": "Value of that column; empty for the whole programme.",
        "it": "Valore di quella colonna; vuoto per l'intero programma.",
    },
)
TITLE_EN_OR_ITALIAN = Column(
    Holds.DECLARED,
    {
        "en": "Title in English (Italian where there is no English one).",
        "it": "Titolo in inglese (in italiano dove non c'è in inglese).",
    },
)
TITLE_IT_OR_ENGLISH = Column(
    Holds.DECLARED,
    {
        "en": "Title in Italian (English where there is no Italian one).",
        "it": "Titolo in italiano (in inglese dove non c'è in italiano).",
    },
)
UNIT_IT = Column(
    Holds.DECLARED,
    {
        "en": "Unit in Italian; as declared where it is not translated.",
        "it": "Unità in italiano; come dichiarata, dove non è tradotta.",
    },
)
UNITS_EXPECTED = Column(
    Holds.COUNT,
    {
        "en": (
            "Units awaited: known from another wave or from the register, blank values and rows set aside "
            "included. Where they are more than `units_reported`, the value is incomplete."
        ),
        "it": (
            "Unità attese: note da un'altra rilevazione o dal registro, valori in bianco e righe accantonate "
            "comprese. Se sono più di `units_reported`, il valore è incompleto."
        ),
    },
    unit=Unit.UNITS,
    missing=Missing.NOT_APPLICABLE,
)
UNITS_REPORTED = Column(
    Holds.COUNT,
    {
        "en": "Units with a value, for counts and totals; null for samples.",
        "it": "Unità con un valore, per conteggi e totali; vuoto per i campioni.",
    },
    unit=Unit.UNITS,
    missing=Missing.NOT_APPLICABLE,
)
