"""SDMX files of data read back, strictly: as many rows at a time as fit in memory, all text as it stands in the file.

For what the engine itself wrote: a file of somebody else is read by :mod:`impact.ingest`, which forgives what offices
do. Here whatever the structure does not foresee is a problem. Codes stay text: 001 is no number.
"""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from impact.errors import Problem
from impact.publish.official.data_set import ARROW
from impact.publish.official.sdmx_names import flow_name, flow_of, said_of
from impact.publish.official.structure import Component, Role, Structure

Batch = Mapping[str, Sequence[str | None]]
"""Rows as text, by column."""
BATCH = 10_000
"""Rows of CSV and XML that stand in memory at once."""
SERIES = 1_000
"""Series of JSON that do."""
CSV_HEAD = ("STRUCTURE", "STRUCTURE_ID", "ACTION")
Json = dict[str, Any]


def read_csv(path: Path, structure: Structure, problems: list[Problem]) -> Iterator[Batch]:
    """Yield the rows of a file of SDMX-CSV 2.0; a cell without text is a value that is left out.

    Parameters
    ----------
    path
        Of the file.
    structure
        What it should be made of.
    problems
        Takes what is wrong with the file itself.
    """
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.reader(handle, strict=True)
        try:
            head = next(reader, [])
            problems.extend(_head_problems(head, path))
            for rows in iter(lambda: list(itertools.islice(reader, BATCH)), []):
                batch = _columns(head, rows, problems, path)
                problems.extend(_first(_reference_problems(batch, structure, path)))
                yield {name: values for name, values in batch.items() if name not in CSV_HEAD}
        except (csv.Error, UnicodeDecodeError) as error:
            problems.append(Problem(f"the file is no CSV: {error}", path.name, reader.line_num))


def _head_problems(head: Sequence[str], path: Path) -> Iterator[Problem]:
    if tuple(head[: len(CSV_HEAD)]) != CSV_HEAD:
        yield Problem("the header does not begin as SDMX-CSV 2.0 asks", path.name, 1, expected=",".join(CSV_HEAD))
    for name in sorted({name for name in head if head.count(name) > 1}):
        yield Problem(f"the header names {name} twice", path.name, 1, name)


def _columns(head: Sequence[str], rows: list[list[str]], problems: list[Problem], path: Path) -> Batch:
    """Return rows by column; a row with another number of cells is left out and named."""
    wrong = [row for row in rows if len(row) != len(head)]
    if wrong:
        what, expected = "a line has another number of cells than the header", str(len(head))
        problems.append(Problem(what, path.name, expected=expected, found=str(len(wrong[0]))))
    whole = [row for row in rows if len(row) == len(head)] if wrong else rows
    columns = list(zip(*whole, strict=True)) or [()] * len(head)
    return {name: [text or None for text in values] for name, values in zip(head, columns, strict=True)}


def _reference_problems(batch: Batch, structure: Structure, path: Path) -> Iterator[Problem]:
    expected = dict(zip(CSV_HEAD, ("dataflow", flow_name(structure), "I"), strict=True))
    for name, value in expected.items():
        other = set(batch.get(name, ())) - {value}
        if other:
            found = str(next(iter(other)) or "nothing")
            yield Problem(f"{name} is not that of the data flow", path.name, field=name, expected=value, found=found)


def _first(problems: Iterable[Problem]) -> list[Problem]:
    return list(itertools.islice(problems, 1))


# ---- JSON ------------------------------------------------------------------------------------------------------------


def json_messages(path: Path) -> Iterator[Json]:
    """Yield a file of SDMX-JSON as messages of some series each, where it has a line a series; else whole.

    Raises
    ------
    ValueError
        If it is no JSON.
    """
    with path.open(encoding="utf-8") as handle:
        head = handle.readline()
        if not head.endswith('"series": {\n'):
            yield json.loads(head + handle.read())
            return
        before = handle.readline()
        while before:
            lines = [before, *itertools.islice(handle, SERIES - 1)]
            before = handle.readline()
            body = "".join(lines)
            yield json.loads(head + (body.rstrip().removesuffix(",") + "}}]}}" if before else body))


def read_json(messages: Iterable[Json], structure: Structure, problems: list[Problem]) -> Iterator[Batch]:
    """Yield the rows of messages of SDMX-JSON 2.0, in series or in groups of dimensions as the engine writes them.

    Parameters
    ----------
    messages
        Parsed; each with the structure, and some of the series.
    structure
        What they should be made of.
    problems
        Takes what is wrong with the messages themselves.
    """
    for message in messages:
        data = message.get("data", {})
        try:
            described, (data_set,) = data["structures"][0], data["dataSets"]
            problems.extend(_first(_json_problems(described, structure)))
            yield _json_batch(described, data_set)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            problems.append(Problem(f"a place in the message leads nowhere: {type(error).__name__} {error}"))


def _json_problems(described: Json, structure: Structure) -> Iterator[Problem]:
    """Yield what differs from the structure: the data flow, the components, the codes and their names."""
    flow = flow_of(structure).urn
    named = [link.get("urn") for link in described.get("links", ()) if link.get("rel") == "dataflow"]
    if named != [flow]:
        yield Problem("the message is of another data flow", field="links", expected=flow, found=str(named))
    for level, expected in _levels(structure).items():
        kind, place = level
        components = described[kind].get(place, [])
        if [c["id"] for c in components] != [c.id for c in expected]:
            found = ", ".join(c["id"] for c in components)
            yield Problem(f"the {kind} of {place} are others", expected=", ".join(c.id for c in expected), found=found)
        for component, its in zip(components, expected, strict=False):
            yield from _label_problems(component, its, structure)


def _levels(structure: Structure) -> dict[tuple[str, str], list[Component]]:
    """Return the components by kind and level, as a message has them."""
    of_indicator = [component for component in structure.attributes if said_of(component)]
    return {
        ("dimensions", "series"): list(structure.dimensions),
        ("dimensions", "observation"): list(structure.of_role(Role.TIME)),
        ("measures", "observation"): list(structure.of_role(Role.MEASURE)),
        ("attributes", "dimensionGroup"): of_indicator,
        ("attributes", "observation"): [c for c in structure.attributes if c not in of_indicator],
    }


def _label_problems(component: Json, its: Component, structure: Structure) -> Iterator[Problem]:
    codelist = structure.codelist_of(its.id)
    if component["id"] != its.id or codelist is None:
        return
    names = {code.id: dict(code.names) for code in codelist.codes}
    for value in component.get("values", ()):
        code = value.get("id")
        if code not in names:
            yield Problem(f"{its.id} has a code that is not in {codelist.id}", field=its.id, found=str(code))
        elif value.get("names") != names[code]:
            yield Problem(f"a code has another name than in {codelist.id}", field=its.id, found=str(value))


def _json_batch(described: Json, data_set: Json) -> Batch:
    """Return the rows of one message by column."""
    series, (time,) = described["dimensions"]["series"], described["dimensions"]["observation"]
    observed = [*described["measures"]["observation"], *described["attributes"]["observation"]]
    grouped = described["attributes"]["dimensionGroup"]
    said = {_place_of(key): [_text(c, v) for c, v in zip(grouped, values, strict=True)]
            for key, values in data_set["dimensionGroupAttributes"].items()}  # fmt: skip
    indicator = [component["id"] for component in series].index("INDICATOR")
    rows = []
    for key, content in data_set["series"].items():
        places = key.split(":")
        fixed = [_at(c, int(place)) for c, place in zip(series, places, strict=True)]
        of_group = said[int(places[indicator])]
        for period, cells in content["observations"].items():
            values = [_text(c, cell) for c, cell in zip(observed, cells, strict=True)]
            rows.append([*fixed, _at(time, int(period)), *of_group, *values])
    names = [component["id"] for component in (*series, time, *grouped, *observed)]
    return dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())


def _place_of(key: str) -> int:
    """Return the one place that a group names, such as 4 in ``::4:``."""
    (place,) = filter(None, key.split(":"))
    return int(place)


def _at(component: Json, place: int) -> str:
    """Return the value that stands at a place; a place below zero, which Python would count from the end, is none."""
    if place < 0:
        raise IndexError(place)
    value = component["values"][place]
    return str(value["id"] if "id" in value else value["value"])


def _text(component: Json, cell: Any) -> str | None:
    """Return a cell as text: what it says, by its place where values are listed; a number as JSON writes it."""
    if cell is None:
        return None
    if "values" in component:
        if type(cell) is not int:
            raise TypeError(f"{component['id']} has {cell!r} for a place")
        return _at(component, cell)
    return cell if isinstance(cell, str) and component["id"] not in _NUMBERS else json.dumps(cell)


_NUMBERS = ("OBS_VALUE", "N_OBS")
"""Components of numbers: a text in their place keeps its quotes, and is no number then."""


def columns_in_order(structure: Structure, batch: Batch) -> list[str]:
    """Return the columns of a batch in the order of the structure, those it does not know last."""
    known = [component.id for component in structure.components if component.id in batch]
    return [*known, *(name for name in batch if name not in known)]


def is_number(component: Component) -> bool:
    """Tell whether the values of a component are numbers."""
    return component.text in ARROW
