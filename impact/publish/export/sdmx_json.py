"""SDMX-JSON 2.0: series with their observations; codes stand once, with their names in both languages, then by place.

What an attribute says of an indicator stands with the groups of dimensions, once an indicator. An observation is a
list: its value, then its attributes in order, null where one is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pyarrow as pa

from impact.publish.export.dossier import Dossier
from impact.publish.export.format import Chunks, Format, Takes
from impact.publish.export.sdmx_check import JSON, check_json, validation
from impact.publish.official.data_set import ARROW, DataSet
from impact.publish.official.sdmx_names import definition_of, flow_of, said_of, sender
from impact.publish.official.sdmx_structure import write_structure_of
from impact.publish.official.sdmx_structure_json import LANGUAGES_IN_ORDER, named
from impact.publish.official.stream import TABLE, encoded, in_series, texts
from impact.publish.official.structure import Component, Role, Structure
from impact.sql import Select, as_text, columns, ident, literal

SCHEMA = (
    "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/data-message/tools/schemas/2.0.0/"
    "sdmx-json-data-schema.json"
)
Json = dict[str, Any]
Values = Mapping[str, list[str]]
"""The values that occur in each column of text, in the order of their places."""


def write_data(data_set: DataSet) -> Iterator[bytes]:
    """Write the observations of a data set."""
    structure = data_set.structure
    placed, values = encoded(data_set)
    yield _head(data_set, values, _groups(structure, placed.rows)).encode("utf-8")
    for text in texts(placed, in_series(_series(structure), _observation(structure), close="}},\n", between=",")):
        yield text.encode("utf-8")
    yield ("}}" if data_set.rows.num_rows else "").encode() + b"}}]}}\n"


# ---- observations ----------------------------------------------------------------------------------------------------


def _series(structure: Structure) -> str:
    """Return the expression of the key of a series and what opens it."""
    key = " || ':' || ".join(as_text(component.id) for component in structure.dimensions)
    return f"""'"' || {key} || {literal('":{"observations":{')}"""


def _observation(structure: Structure) -> str:
    """Return the expression of an observation: the place of its period, then value and attributes."""
    (time,) = structure.of_role(Role.TIME)
    parts = [*structure.of_role(Role.MEASURE), *_of_observations(structure)]
    listed = " || ',' || ".join(f"coalesce({as_text(component.id)}, 'null')" for component in parts) or literal("")
    return f"""'"' || {as_text(time.id)} || '":[' || {listed} || ']'"""


def _of_observations(structure: Structure) -> list[Component]:
    return [component for component in structure.attributes if not said_of(component)]


def _of_indicators(structure: Structure) -> list[Component]:
    return [component for component in structure.attributes if said_of(component)]


def _groups(structure: Structure, rows: pa.Table) -> Json:
    """Return what is said of each indicator, by its place among the dimensions."""
    dimensions = [component.id for component in structure.of_role(Role.DIMENSION, Role.TIME)]
    place = dimensions.index("INDICATOR")
    names = ["INDICATOR", *(component.id for component in _of_indicators(structure))]
    query = Select(columns(names), TABLE, distinct=True, order=(ident("INDICATOR"),))
    with duckdb.connect() as connection:
        connection.register(TABLE, rows.select(names))
        found = connection.sql(query.sql()).fetchall()
    after = len(dimensions) - place - 1
    return {f"{':' * place}{indicator}{':' * after}": said for indicator, *said in found}


# ---- what they are made of -------------------------------------------------------------------------------------------


def _head(data_set: DataSet, values: Values, groups: Json) -> str:
    """Return all that stands before the first series; the object is open at its end."""
    structure = data_set.structure
    meta = {
        "schema": SCHEMA,
        "id": structure.flow,
        "test": False,
        "prepared": f"{data_set.origin.date.isoformat()}T00:00:00Z",
        "contentLanguages": LANGUAGES_IN_ORDER,
        "sender": {"id": sender(structure.agency)},
    }
    links = [{"urn": flow_of(structure).urn, "rel": "dataflow"}]
    data = {"structure": 0, "action": "Information", "links": links, "dimensionGroupAttributes": groups, "series": {}}
    message = {"meta": meta, "data": {"structures": [_structure(structure, values)], "dataSets": [data]}}
    return json.dumps(message, ensure_ascii=False).removesuffix("}}]}}") + "\n"


def _structure(structure: Structure, values: Values) -> Json:
    """Return the components, each with the values that occur; those of which there are none are left out."""
    series = [_dimension(structure, component, place, values) for place, component in enumerate(structure.dimensions)]
    (time,) = structure.of_role(Role.TIME)
    observation = [_dimension(structure, time, len(series), values)]
    there = bool(observation[0]["values"])
    links = [
        {"urn": flow_of(structure).urn, "rel": "dataflow"},
        {"urn": definition_of(structure).urn, "rel": "structure"},
    ]
    return {
        "links": links,
        **named(structure.names),
        "dimensions": {"dataSet": [], "series": series if there else [], "observation": observation if there else []},
        "measures": {"observation": [_measure(component) for component in structure.of_role(Role.MEASURE)]},
        "attributes": {
            "dataSet": [],
            "dimensionGroup": [_attribute(structure, component, values) for component in _of_indicators(structure)],
            "series": [],
            "observation": [_attribute(structure, component, values) for component in _of_observations(structure)],
        },
    }


def _dimension(structure: Structure, component: Component, place: int, values: Values) -> Json:
    head = {"id": component.id, **named(component.names), "keyPosition": place}
    if not component.codelist:
        head["format"] = {"dataType": component.text.value}
    return head | {"values": _values(structure, component, values)}


def _measure(component: Component) -> Json:
    return {"id": component.id, **named(component.names), "isMandatory": False, "format": {"dataType": component.text}}


def _attribute(structure: Structure, component: Component, values: Values) -> Json:
    dimension = said_of(component)
    relationship: Json = {"dimensions": [dimension]} if dimension else {"observation": {}}
    head = {"id": component.id, **named(component.names), "isMandatory": component.mandatory}
    head["relationship"] = relationship
    if not component.codelist:
        head["format"] = {"dataType": component.text.value}
    listed = _values(structure, component, values) if component.text not in ARROW else []
    return head | ({"values": listed} if listed else {})


def _values(structure: Structure, component: Component, values: Values) -> list[Json]:
    """Return the values of a component that occur, with their names where they are codes."""
    codelist = structure.codelist_of(component.id)
    if codelist is None:
        return [{"value": value} for value in values[component.id]]
    codes = {code.id: code for code in codelist.codes}
    return [{"id": id, **named(codes[id].names)} for id in values[component.id]]


# ---- the format ------------------------------------------------------------------------------------------------------


def _write(dossier: Dossier) -> Chunks:
    return write_data(dossier.data_set)


def _pack(dossier: Dossier) -> Mapping[str, Chunks]:
    structure = write_structure_of(dossier.data_set, "json-2.0")
    return {"data.json": _write(dossier), "structure.json": structure}


FORMAT = Format(
    ".sdmx.json",
    "application/vnd.sdmx.data+json;version=2.0.0",
    Takes.DOSSIER,
    _write,
    _pack,
    check=check_json,
    validation=lambda: validation("SDMX-JSON 2.0", JSON),
)
