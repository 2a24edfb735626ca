"""Which rows of contracts are wanted, and what is declared of them: for the formats that are made of rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import pandas as pd

from impact.errors import UsageError
from impact.publish.export.dossier import Dossier
from impact.tables.frames import to_records
from impact.tables.variables import Variable
from impact.validate.stored import MISSING_SUFFIX
from impact.words import Words

MOST_CELLS = 5_000_000
"""Cells of a contract: rows times columns."""
KINDS = ("missing", "skipped", "not_applicable", "refused", "suppressed")
"""The kinds in which a value may be missing, in the order of their codes."""


@dataclass(frozen=True)
class ContractRows:
    """The good rows of a contract, with what it declares of its columns.

    Parameters
    ----------
    contract, title
        Its id and its title.
    variables
        Of its columns, in order.
    frame
        As :meth:`impact.publish.published.ReaderTables.whole_records` returns it.
    words
        Of the language of labels.
    """

    contract: str
    title: str
    variables: tuple[Variable, ...]
    frame: pd.DataFrame
    words: Words

    def values(self, column: str) -> list[Any]:
        """Return the values of a column, None where one is missing."""
        return list(self.frame[column])

    def kinds(self, column: str) -> list[str | None]:
        """Return the kind in which each value is missing, None where it is there."""
        return list(self.frame[column + MISSING_SUFFIX])


def chosen(dossier: Dossier) -> list[str]:
    """Return the contracts whose rows are wanted: those that are named, or all that have rows.

    Raises
    ------
    UsageError
        If rows were not asked for, or the reader may not have them, or there is no such contract.
    """
    published, programme = dossier.published, dossier.programme
    if not (dossier.rows and published.scope.opens("records")):
        raise UsageError("this format holds rows of contracts, of persons among them: ask for them with --rows")
    there = list(published.record_contracts(programme)["contract"])
    for name in dossier.contracts:
        if name not in there:
            near = get_close_matches(name, there, n=3)
            listed = ", ".join([*near, *(other for other in there if other not in near)]) or "none"
            raise UsageError(f"there are no rows of a contract '{name}'; there are {listed}")
    return list(dict.fromkeys(dossier.contracts)) or there


def contract_rows(dossier: Dossier, contract: str) -> ContractRows:
    """Return the rows of a contract that is among those chosen."""
    published, programme, words = dossier.published, dossier.programme, dossier.words
    declared = published.variables(programme)
    variables = to_records(Variable, declared[declared["contract"] == contract])
    if not variables:
        raise UsageError(f"what '{contract}' declares is not kept yet: run '{programme}' again with `impact run`")
    frame = published.whole_records(programme, contract, MOST_CELLS)
    title = published.headings(programme, words.declared).get((contract, ""), contract)
    return ContractRows(contract, title, tuple(variables), frame, words)


def count(dossier: Dossier) -> int:
    """Return how many rows are wanted."""
    counted = dossier.published.record_contracts(dossier.programme)
    return int(counted.loc[counted["contract"].isin(chosen(dossier)), "rows"].sum())


def codes_of(variable: Variable, words: Words) -> dict[str, str]:
    """Return the codes of a column with their titles; a code without one is empty."""
    title = f"title_{words.declared}"
    return {item["code"]: item.get(title, "") for item in json.loads(variable.codes)}


def kinds_of(variable: Variable) -> list[str]:
    """Return the kinds of missing that a column declares beside the blank, in order."""
    declared = json.loads(variable.missing)
    return [kind for kind in KINDS[1:] if kind in declared]


def kind_label(kind: str, words: Words) -> str:
    """Return what a kind of missing is called."""
    return words(f"official.missing.{kind}")
