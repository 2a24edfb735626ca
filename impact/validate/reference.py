"""The same contract on pandas, by Pandera itself: the oracle of the compiled pass, and the way for a data frame.

Reading of text is written again here, by other means, so that a test can hold one against the other.
"""

from __future__ import annotations

import datetime
import re
import warnings
import zoneinfo
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandas.api.types import pandas_dtype
from pandera.errors import SchemaErrors, SchemaWarning

from impact.declare.contracts import Column, Contract
from impact.declare.load import Programme
from impact.declare.sources import FileFormat
from impact.validate.compile import (
    FALSE_WORDS,
    FIRST_DATE,
    LAST_DATE,
    OFFSET_PATTERN,
    TRUE_WORDS,
    UNSEEN,
    WHITE_SPACE,
    key_columns,
)
from impact.validate.schema import PANDAS_TYPES, to_pandera

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def validate_frame(programme: Programme, contract: Contract, texts: pd.DataFrame, form: FileFormat) -> pd.DataFrame:
    """Return every failure of a frame of text against a contract.

    Parameters
    ----------
    programme
        The programme, whose codelists the columns of codes name.
    contract
        What each row must be.
    texts
        All columns of the contract as text, NA where blank; its index numbers the rows.
    form
        How the file writes numbers and dates: its decimal mark and date formats.

    Returns
    -------
    pandas.DataFrame
        ``row, column, rule``: errors only, sorted, one line per failure.
    """
    failures: list[tuple[Any, str, str]] = []
    typed = {}
    for name, column in contract.columns.items():
        raw = texts[name].str.strip(WHITE_SPACE).mask(lambda text: text == "")
        codes = [code for group in column.missing.values() for code in group]
        given = raw.mask(raw.isin(codes))
        values = given.map(lambda text, column=column: _read(text, column, form), na_action="ignore")
        unread = given.notna() & values.isna()
        failures += [(row, name, "type") for row in texts.index[unread]]
        if column.type in ("text", "code") and name in key_columns(contract):
            unseen = (
                raw.map(lambda text: bool({*text} & {*UNSEEN}), na_action="ignore").fillna(value=False).astype(bool)
            )
            failures += [(row, name, "invisible") for row in texts.index[unseen]]
        typed[name] = values.astype(pandas_dtype(PANDAS_TYPES[column.type]))
        if column.required and "required" not in column.warn:
            failures += [(row, name, "required") for row in texts.index[values.isna() & ~unread]]
    failures += _pandera_failures(to_pandera(programme, contract), pd.DataFrame(typed, index=texts.index))
    frame = pd.DataFrame(failures, columns=["row", "column", "rule"]).drop_duplicates()
    return frame.sort_values(["row", "column", "rule"], ignore_index=True)


def _pandera_failures(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> list[tuple[Any, str, str]]:
    for column in schema.columns.values():
        column.nullable = True  # required is judged on the text, where a value that cannot be read is no absence
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SchemaWarning)
            schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        of_rules = cases["schema_context"] == "DataFrameSchema"
        names = []
        for of_rule, name, check in zip(of_rules, cases["column"], cases["check"], strict=True):
            names.append(_rule_columns(schema, check) if of_rule else name)
        return list(zip(cases["index"], names, cases["check"], strict=True))
    return []


def _rule_columns(schema: pa.DataFrameSchema, name: str) -> str:
    check = next(check for check in schema.checks if check.name == name)
    statistics = dict(check.statistics)
    if "comparison" in statistics:
        return f"{statistics['left']}, {statistics['right']}"
    premise, conclusion = statistics["when"], statistics["then"]
    return f"{premise.column}, {conclusion.column}"


def _read(text: str, column: Column, form: FileFormat) -> Any:
    if column.type == "boolean":
        return _read_boolean(text.lower())
    if column.type == "date":
        return _read_date(text, form)
    if column.type not in ("integer", "number"):
        return text
    if form.decimal == ",":
        text = text.replace(".", "x").replace(",", ".")
    if not _NUMBER.fullmatch(text) or abs(float(text)) == float("inf"):
        return None
    number = float(text)
    if column.type == "number":
        return number
    return int(number) if number.is_integer() and abs(number) < 2**63 else None


def _read_boolean(text: str) -> bool | None:
    if text in TRUE_WORDS:
        return True
    return False if text in FALSE_WORDS else None


def _read_date(text: str, form: FileFormat) -> datetime.datetime | None:
    for pattern in (*form.days, *form.moments):
        try:
            moment = datetime.datetime.strptime(text, pattern)
        except ValueError:
            continue
        if moment.tzinfo is not None:
            if not re.search(OFFSET_PATTERN, text):
                continue
            moment = moment.astimezone(zoneinfo.ZoneInfo(form.zone or "UTC")).replace(tzinfo=None)
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        return day if FIRST_DATE <= day.date().isoformat() <= LAST_DATE else None
    return None
