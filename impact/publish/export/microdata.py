"""Rows of a contract as statistical packages hold them: what :mod:`.spss` and :mod:`.stata` share.

Of each contract there is one file, with labels of columns and codes in one language and the kinds in which values are
missing. What a package cannot hold is refused, with all of it at once; a name or a label that is too long for it is cut
and stands in full in the file beside, so that a file alone is refused where there is any. What was written is read back
and held against the rows before anybody can see it.
"""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from impact.errors import Problem, ProblemsError, UsageError
from impact.publish.export.contract_rows import KINDS, ContractRows, chosen, contract_rows, count, kind_label
from impact.publish.export.csv import safe_cell
from impact.publish.export.dossier import Dossier
from impact.publish.export.format import Format, Takes, Validation
from impact.tables.variables import Variable
from impact.validate.stored import MISSING_SUFFIX
from impact.words import Words

CODEBOOK = "codebook.csv"
"""Stands beside several files: every name and label in full, and what each code stands for."""
EXACT = 2**53
"""Whole numbers beyond are no longer exact in the doubles that both packages hold."""


@dataclass(frozen=True)
class FileColumn:
    """A column as it stands in a file.

    Parameters
    ----------
    column
        Of the contract.
    cells
        Its values, those that stand for a kind of missing among them.
    labels
        What values stand for.
    kinds
        The value that stands for each kind of missing.
    name, label
        In the file.
    form
        How values are shown, in the words of the package; empty for its own choice.
    companion
        Whether it only says in which kind the values of ``column`` are missing.
    """

    column: str
    cells: list[Any]
    labels: Mapping[Any, str] = field(default_factory=dict)
    kinds: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    label: str = ""
    form: str = ""
    companion: bool = False


@dataclass(frozen=True)
class Package:
    """What a statistical package can hold, and how its files are written and read.

    Parameters
    ----------
    name
        Its name.
    encode
        Returns the columns of the file for a column of a contract; names and labels come after.
    wrong
        Says what keeps a value of a column from being written; empty where nothing does.
    write, read
        Return the bytes of a file of columns, with its title and notes; read one back.
    longest_name, longest_label, longest_code, longest_title
        How long names, labels of columns, labels of codes and titles of files may be.
    size
        How long a text is, in what the package counts.
    reserved
        Names that it keeps to itself.
    """

    name: str
    encode: Callable[[ContractRows, Variable], list[FileColumn]]
    wrong: Callable[[Variable, Any], str]
    write: Callable[[Sequence[FileColumn], str, Sequence[str]], bytes]
    read: Callable[[Path], list[FileColumn]]
    longest_name: int
    longest_label: int
    longest_code: int
    longest_title: int
    size: Callable[[str], int]
    reserved: frozenset[str]


def companion(rows: ContractRows, variable: Variable) -> FileColumn:
    """Return a column of numbers that says in which kind the values of another are missing; 0 where they are there."""
    numbers = {kind: number for number, kind in enumerate(KINDS, 1)}
    cells = [0 if kind is None else numbers[kind] for kind in rows.kinds(variable.column)]
    labels = {number: kind_label(kind, rows.words) for kind, number in numbers.items()}
    there = rows.words("microdata.there")
    return FileColumn(variable.column, cells, {0: there} | labels, companion=True)


# ---- what a package can hold -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """A name or label that a package has no room for."""

    column: str
    what: str
    whole: str
    written: str


def encoded(package: Package, rows: ContractRows) -> tuple[list[FileColumn], list[Change]]:
    """Return the columns of a file, and what of names and labels had to be cut.

    Raises
    ------
    ProblemsError
        If values cannot be written, with the first of each column.
    """
    if problems := list(_problems(package, rows)):
        raise ProblemsError(problems)
    columns, changes = list[FileColumn](), list[Change]()
    for variable in rows.variables:
        for column in package.encode(rows, variable):
            name = _name(package, column, [other.name for other in columns], rows)
            written, cut = _cut(package, replace(column, name=name, label=_label(column, variable, rows.words)))
            if name != _own_name(column):
                changes.append(Change(column.column, "name", _own_name(column), name))
            columns.append(written)
            changes += cut
    return columns, changes


def _problems(package: Package, rows: ContractRows) -> Iterator[Problem]:
    for variable in rows.variables:
        reasons = [
            (line, value, reason)
            for line, value in enumerate(rows.values(variable.column), 1)
            if value is not None and (reason := package.wrong(variable, value))
        ]
        if reasons:
            line, value, reason = reasons[0]
            yield Problem(
                f"{package.name} cannot hold {len(reasons):,} of the values of '{variable.column}': {reason}",
                f"contract {rows.contract}",
                line,
                variable.column,
                found=repr(value)[:80],
                fix="Take Parquet, which holds every value.",
            )


def _own_name(column: FileColumn) -> str:
    return column.column + (MISSING_SUFFIX if column.companion else "")


def _name(package: Package, column: FileColumn, taken: Sequence[str], rows: ContractRows) -> str:
    """Return a name that the package takes: as it is, or cut and numbered."""
    own = _own_name(column)
    name = f"{own}_" if own in package.reserved else own
    others = {variable.column for variable in rows.variables if variable.column != own} | set(taken)
    number = 0
    while len(name) > package.longest_name or name in others:
        number += 1
        name = f"{own[: package.longest_name - len(str(number)) - 1]}_{number}"
    return name


def _label(column: FileColumn, variable: Variable, words: Words) -> str:
    """Return the label of a column: its title, or else its name; with its unit."""
    title = getattr(variable, f"title_{words.declared}") or variable.column
    label = f"{title} ({variable.unit})" if variable.unit else title
    return words("microdata.companion", title=label) if column.companion else label


def _cut(package: Package, column: FileColumn) -> tuple[FileColumn, list[Change]]:
    """Cut labels that are too long, part those that are alike, and tell which."""
    changes = []
    label = shortened(package, column.label, package.longest_label)
    if label != column.label:
        changes.append(Change(column.column, "label", column.label, label))
    labels = dict[Any, str]()
    for value, text in column.labels.items():
        labels[value] = _apart(package, value, text, labels.values())
        if labels[value] != text:
            changes.append(Change(column.column, f"label of {value}", text, labels[value]))
    return replace(column, label=label, labels=labels), changes


def _apart(package: Package, value: Any, text: str, others: Collection[str]) -> str:
    """Return the label of a value, unlike all others: who tabulates labels would count two alike as one answer."""
    label = shortened(package, text, package.longest_code)
    if label not in others:
        return label
    ending = f" [{value}]"
    return shortened(package, text, package.longest_code - package.size(ending)) + ending


def shortened(package: Package, text: str, longest: int) -> str:
    """Return a text that is no longer than a package has room for; what is cut ends with an ellipsis."""
    if package.size(text) <= longest:
        return text
    cut = text[:longest]
    while package.size(cut + "…") > longest:
        cut = cut[:-1]
    return cut + "…"


# ---- files -----------------------------------------------------------------------------------------------------------


def write_alone(package: Package, dossier: Dossier) -> bytes:
    """Return the file of one contract.

    Raises
    ------
    UsageError
        If there are several contracts, or the file would need one beside it.
    """
    names = chosen(dossier)
    if len(names) != 1:
        raise UsageError(f"one file holds one contract: name it with --table, of {', '.join(names)}; or name a ZIP")
    rows = contract_rows(dossier, names[0])
    columns, changes = encoded(package, rows)
    if changes:
        first = changes[0]
        raise UsageError(
            f"{package.name} has no room for {len(changes)} names or labels of '{rows.contract}', such as"
            f" '{first.whole[:60]}' of {first.column}: let --out be a folder or a ZIP, where {CODEBOOK} has them whole"
        )
    return _bytes(package, dossier, rows, columns)


def pack(package: Package, suffix: str, dossier: Dossier) -> dict[str, bytes]:
    """Return a file for each contract, and the codebook of all."""
    files: dict[str, bytes] = {}
    lines: list[tuple[object, ...]] = [CODEBOOK_HEAD]
    for name in chosen(dossier):
        rows = contract_rows(dossier, name)
        columns, changes = encoded(package, rows)
        files[name + suffix] = _bytes(package, dossier, rows, columns)
        lines += _codebook(rows, columns, changes)
    return files | {CODEBOOK: _csv(lines)}


def _bytes(package: Package, dossier: Dossier, rows: ContractRows, columns: Sequence[FileColumn]) -> bytes:
    title = shortened(package, rows.title, package.longest_title)
    return package.write(columns, title, _notes(dossier))


def _notes(dossier: Dossier) -> list[str]:
    notes = [f"{dossier.programme}, {dossier.words('microdata.version', version=dossier.origin.version)}"]
    return [*notes, dossier.words("microdata.synthetic")] if dossier.origin.synthetic else notes


CODEBOOK_HEAD = ("contract", "column", "name", "what", "value", "stands_for", "text")


def _codebook(
    rows: ContractRows, columns: Sequence[FileColumn], changes: Sequence[Change]
) -> Iterator[tuple[object, ...]]:
    """Yield lines of what each column, code and kind of missing of a file stands for, texts in full."""
    whole = {(change.column, change.what): change.whole for change in changes}
    for column in columns:
        head = (rows.contract, column.column, column.name)
        yield (*head, "column", "", "", whole.get((column.column, "label"), column.label))
        kinds = {value: kind for kind, value in column.kinds.items()}
        for value, text in column.labels.items():
            full = whole.get((column.column, f"label of {value}"), text)
            yield (*head, "missing" if value in kinds else "code", value, kinds.get(value, ""), full)


def _csv(lines: Sequence[tuple[object, ...]]) -> bytes:
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerows([safe_cell(cell) for cell in line] for line in lines)
    return sink.getvalue().encode("utf-8")


# ---- what was written ------------------------------------------------------------------------------------------------


def check(package: Package, suffix: str, dossier: Dossier, files: Mapping[str, Path]) -> list[Problem]:
    """Return where files, read back, are not what the rows say: names, labels, codes, kinds of missing, cells."""
    names = chosen(dossier)
    problems: list[Problem] = []
    for file, path in files.items():
        if file == CODEBOOK:
            continue
        contract = names[0] if len(names) == 1 else file.removesuffix(suffix)
        expected, _ = encoded(package, contract_rows(dossier, contract))
        problems += _differences(file, expected, package.read(path))
    return problems


def _differences(file: str, expected: Sequence[FileColumn], found: Sequence[FileColumn]) -> Iterator[Problem]:
    names = [[column.name for column in columns] for columns in (expected, found)]
    if names[0] != names[1]:
        yield Problem("the columns differ", file, expected=", ".join(names[0]), found=", ".join(names[1]))
        return
    for wanted, read in zip(expected, found, strict=True):
        for what in ("label", "labels", "kinds"):
            if (one := getattr(wanted, what)) != (other := getattr(read, what)):
                yield Problem(f"the {what} differ", file, field=wanted.name, expected=str(one), found=str(other))
        yield from _cell_differences(file, wanted, read)


def _cell_differences(file: str, expected: FileColumn, found: FileColumn) -> Iterator[Problem]:
    if len(expected.cells) != len(found.cells):
        yield Problem("rows are missing", file, expected=str(len(expected.cells)), found=str(len(found.cells)))
        return
    for line, (one, other) in enumerate(zip(expected.cells, found.cells, strict=True), 1):
        if one != other or isinstance(one, str) != isinstance(other, str):
            yield Problem("a cell differs", file, line, expected.name, repr(one), repr(other))
            return


# ---- the format ------------------------------------------------------------------------------------------------------


def format_of(package: Package, suffix: str, media_type: str, read_by: str) -> Format:
    """Return the format of a statistical package.

    Parameters
    ----------
    package
        What it can hold.
    suffix, media_type
        Of its files.
    read_by
        The libraries that read files back.
    """
    return Format(
        suffix,
        media_type,
        Takes.DOSSIER,
        functools.partial(write_alone, package),
        functools.partial(pack, package, suffix),
        check=functools.partial(check, package, suffix),
        validation=lambda: Validation(read_by),
        of_rows=True,
        counted=count,
        needs="pyreadstat",
    )
