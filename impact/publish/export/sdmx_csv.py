"""SDMX-CSV 2.0: a line an observation, codes alone; keys, attributes and statuses as the structure has them.

Written by DuckDB: the libraries that read it guess types, and write keys of their own (see ``docs/how-to``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from impact.publish.export.dossier import Dossier
from impact.publish.export.format import Chunks, Format, Takes
from impact.publish.export.sdmx_check import check_csv
from impact.publish.official.data_set import DataSet
from impact.publish.official.sdmx_names import flow_name
from impact.publish.official.sdmx_structure import write_structure_of
from impact.publish.official.stream import copied
from impact.sql import as_text, literal


def write_sdmx_csv(data_set: DataSet) -> Iterator[bytes]:
    """Write the observations of a data set."""
    structure = data_set.structure
    head = {"STRUCTURE": literal("dataflow"), "STRUCTURE_ID": literal(flow_name(structure)), "ACTION": literal("I")}
    cells = {component.id: as_text(component.id) for component in structure.components}
    return copied(data_set, head | cells, {"FORMAT": "csv", "HEADER": "true"})


def write_sdmx_csv_before(data_set: DataSet) -> Iterator[bytes]:
    """Write the observations of a data set as SDMX-CSV 1.0, which knows data flows alone, and no action."""
    structure = data_set.structure
    cells = {component.id: as_text(component.id) for component in structure.components}
    return copied(data_set, {"DATAFLOW": literal(flow_name(structure))} | cells, {"FORMAT": "csv", "HEADER": "true"})


def _write(dossier: Dossier) -> Chunks:
    return write_sdmx_csv(dossier.data_set)


def _pack(dossier: Dossier) -> Mapping[str, Chunks]:
    structure = write_structure_of(dossier.data_set, "ml-3.0")
    return {"data.csv": _write(dossier), "structure.xml": structure}


FORMAT = Format(
    ".sdmx.csv",
    "application/vnd.sdmx.data+csv;version=2.0.0",
    Takes.DOSSIER,
    _write,
    _pack,
    check=check_csv,
)
