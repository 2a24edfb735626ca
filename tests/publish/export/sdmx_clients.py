"""SDMX files read back by others: pysdmx, sdmx1, and for SDMX-JSON 2.0 data a reader written from its field guide alone.

Each returns the rows in the columns of the structure, all text but the value, None where something is missing: to both
packages, an empty cell of CSV is an empty text.
"""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import sdmx
import sdmx.reader.xml.v30  # before any file of 2.1 is read: see findings/sdmx1_two_editions.sh
from pysdmx.io import get_datasets, read_sdmx
from pysdmx.model import Codelist

Row = dict[str, Any]
logging.getLogger("sdmx").setLevel(logging.ERROR)


def by_pysdmx(data: Path, structure: Path) -> list[Row]:
    """Read a message with its structure, held against the standard's schema; days and counts come back as such."""
    (data_set,) = get_datasets(data, structure, validate=True)
    frame = data_set.data.astype(object)
    return [_plain(row) for row in frame.where(frame.notna(), None).to_dict("records")]


def by_sdmx1(data: Path, structure: Path) -> list[Row]:
    """Read a message with its structure; attributes of series and of observations stand with each observation."""
    (definition,) = _message(structure).structure.values()
    options = {"format": "csv"} if data.suffix == ".csv" else {}
    (data_set,) = _message(data, structure=definition, **options).data
    return [_observed(observation) for observation in data_set.obs]


def _message(path: Path, **options: Any) -> Any:
    return sdmx.read_sdmx(io.BytesIO(path.read_bytes()), **options)  # of a path, it leaves the file open


def _observed(observation: Any) -> Row:
    key = {name: value.value for name, value in observation.key.values.items()}
    attributes = {name: value.value for name, value in observation.attrib.items()}
    value = observation.value
    return {name: _code(of) for name, of in (key | attributes).items()} | {"OBS_VALUE": _number(value)}


def _code(value: Any) -> Any:
    return getattr(value, "id", value) or None


def _number(value: Any) -> float | None:
    return None if value in (None, "") or pd.isna(value) else float(value)


def _plain(row: Row) -> Row:
    return {
        str(name): _number(v) if name == "OBS_VALUE" else None if v in (None, "") else str(v) for name, v in row.items()
    }


def labels_by_pysdmx(structure: Path) -> dict[str, dict[str, str]]:
    """Return the English names of codes, by list: pysdmx keeps one language."""
    validate = structure.suffix == ".xml"  # for JSON it would need packages that are not there
    lists = [
        artefact
        for artefact in read_sdmx(structure, validate=validate).structures or ()
        if isinstance(artefact, Codelist)
    ]
    return {codelist.id: {code.id: code.name for code in codelist.items} for codelist in lists}


def labels_by_sdmx1(structure: Path) -> dict[str, dict[str, dict[str, str]]]:
    """Return the names of codes in each language, by list."""
    lists = _message(structure).codelist
    return {id: {code.id: dict(code.name.localizations) for code in codes} for id, codes in lists.items()}


def by_csv(text: str) -> list[Row]:
    """Read SDMX-CSV 2.0 by the rules of RFC 4180: a cell without text is left out."""
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    head = ("STRUCTURE", "STRUCTURE_ID", "ACTION")
    return [{name: _cell(name, text) for name, text in row.items() if name not in head} for row in rows]


def _cell(name: str, text: str) -> Any:
    return (float(text) if name == "OBS_VALUE" else text) if text else None


def by_field_guide(text: str) -> list[Row]:
    """Read data of SDMX-JSON 2.0 as its field guide says: places in ``values`` where there are some, else the values."""
    data = json.loads(text)["data"]
    structure, data_set = data["structures"][0], data["dataSets"][0]
    return list(_series(structure, data_set))


def _series(structure: Any, data_set: Any) -> Iterator[Row]:
    dimensions, attributes = structure["dimensions"], structure["attributes"]
    in_order = [*dimensions["series"], *dimensions["observation"]]
    for key, series in data_set["series"].items():
        for place, cells in series["observations"].items():
            places = [*map(int, key.split(":")), int(place)]
            row = {c["id"]: _value(c["values"][p]) for c, p in zip(in_order, places, strict=True)}
            for group, said in data_set["dimensionGroupAttributes"].items():
                if all(not part or int(part) == p for part, p in zip(group.split(":"), places, strict=True)):
                    row |= _cells(attributes["dimensionGroup"], said)
            yield row | _cells([*structure["measures"]["observation"], *attributes["observation"]], cells)


def _cells(components: Any, cells: Any) -> Row:
    return {c["id"]: _in(c, cell) for c, cell in zip(components, cells, strict=True)}


def _in(component: Any, cell: Any) -> Any:
    if cell is None or "values" not in component:
        return None if cell is None else float(cell) if component["id"] == "OBS_VALUE" else str(cell)
    return _value(component["values"][cell])


def _value(value: Any) -> Any:
    return value["id"] if "id" in value else value["value"]
