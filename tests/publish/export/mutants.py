"""SDMX files with a single defect each, and the rule that rejects it: cells of a row, then what a file says of itself.

A defect of a cell is made in every format; which rule says so differs: in SDMX-ML mostly the schema of the structure.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lxml import etree

SHOWN, HIDDEN = "shown", "hidden"
"""Which row gets the defect: the first with a value, or the first without."""
ENUMERATION = r"schema refuses it.*\[facet 'enumeration'\]"
REQUIRED = r"schema refuses it.*is required but missing"
TYPE = r"schema refuses it.*is not a valid value of the (atomic|union) type"
NOWHERE = "a place in the message leads nowhere"


@dataclass(frozen=True)
class Cell:
    """A defect of one cell.

    Parameters
    ----------
    column, value
        What is put where; None takes away what is there.
    rule
        What the check says of it.
    row
        Which row.
    ml, json
        What it says in these formats, where another rule comes first.
    """

    column: str
    value: Any
    rule: str
    row: str = SHOWN
    ml: str = ""
    json: str = ""


def _bad(column: str, row: str = SHOWN) -> Cell:
    return Cell(column, "NOWHERE", f"{column} has a code that is not in CL_", row, ml=ENUMERATION)


def _none(column: str, json: str = "") -> Cell:
    return Cell(column, None, f"{column} is missing", ml=REQUIRED, json=json)


_CODED = ("FREQ", "REF_AREA", "INDICATOR", "MEASURE", "ARM", "POPULATION", "PART", "UNIT_MEASURE", "UNIT_MULT", "DECIMALS",
          "LEVEL", "DATA_KIND", "OBS_STATUS", "CONF_STATUS", "EVIDENCE_LEVEL")  # fmt: skip
_KEYS = ("FREQ", "REF_AREA", "INDICATOR", "MEASURE", "ARM", "POPULATION", "PART", "TIME_PERIOD")
_SAID = ("UNIT_MEASURE", "UNIT_MULT", "DECIMALS", "LEVEL", "DATA_KIND", "OBS_STATUS", "CONF_STATUS")
_PERIOD = "TIME_PERIOD is not written as its FREQ asks for"
_STANDS = "a value stands beside a status that says there is none"
CELLS: dict[str, Cell] = {
    **{f"unknown code of {column}": _bad(column) for column in _CODED},
    "unknown code of MISSING_KIND": _bad("MISSING_KIND", HIDDEN),
    **{f"no {column}": _none(column, NOWHERE) for column in _KEYS},
    **{f"no {column}": _none(column) for column in _SAID},
    "a value in words": Cell("OBS_VALUE", "twelve", "OBS_VALUE is no number", ml=TYPE),
    "a value that is no number": Cell("OBS_VALUE", "NaN", "OBS_VALUE is no number"),
    "a value without end": Cell("OBS_VALUE", "INF", "OBS_VALUE is no number"),
    "half a case": Cell("N_OBS", 3.5, "N_OBS is no number", ml=TYPE),
    "fewer cases than none": Cell("N_OBS", -1, "N_OBS is below zero", ml=TYPE),
    "a day that is none": Cell("REF_DATE", "2021-02-30", "REF_DATE is no day", ml=TYPE),
    "a day in words": Cell("REF_DATE", "yesterday", "REF_DATE is no day", ml=TYPE),
    "a day with a zone": Cell("REF_DATE", "2021-02-28Z", "REF_DATE is no day"),
    "a thirteenth month": Cell("TIME_PERIOD", "2021-13", _PERIOD, ml=TYPE),
    "a half year among months": Cell("TIME_PERIOD", "2021-S1", _PERIOD),
    "the frequency of years beside a month": Cell("FREQ", "A", _PERIOD),
    "a value that is said to be hidden": Cell("OBS_STATUS", "Q", _STANDS),
    "a value that is said to be missing": Cell("OBS_STATUS", "O", _STANDS),
    "a value with a reason for which there is none": Cell("MISSING_KIND", "few", _STANDS),
    "a value said to be confidential": Cell("CONF_STATUS", "A", "CONF_STATUS is not that of MISSING_KIND"),
    "a hidden value that is there": Cell("OBS_VALUE", 3.25, _STANDS, HIDDEN),
    "a hidden value said to be normal": Cell("OBS_STATUS", "A", "OBS_STATUS is not that of MISSING_KIND", HIDDEN),
    "a hidden value said to be free": Cell("CONF_STATUS", "F", "CONF_STATUS is not that of MISSING_KIND", HIDDEN),
    "a hidden value without a reason": Cell("MISSING_KIND", None, "nothing says why there is no value", HIDDEN),
    "a reason that is another": Cell("MISSING_KIND", "refused", "OBS_STATUS is not that of MISSING_KIND", HIDDEN),
}

# ---- one cell, in each format ----------------------------------------------------------------------------------------


def in_csv(text: str, cell: Cell) -> str:
    """Put a defect into SDMX-CSV."""
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    value, column = head.index("OBS_VALUE"), head.index(cell.column)
    row = next(row for row in rows if bool(row[value]) is (cell.row == SHOWN))
    row[column] = "" if cell.value is None else str(cell.value)
    sink = io.StringIO(newline="")
    csv.writer(sink, lineterminator="\n").writerows([head, *rows])
    return sink.getvalue()


def in_ml(text: str, cell: Cell) -> str:
    """Put a defect into SDMX-ML: at the series, or at the observation."""
    root = etree.fromstring(text.encode("utf-8"))
    row = next(obs for obs in root.iter("Obs") if ("OBS_VALUE" in obs.attrib) is (cell.row == SHOWN))
    series = row.getparent()
    at = series if cell.column in series.attrib else row
    if cell.value is None:
        del at.attrib[cell.column]
    else:
        at.set(cell.column, str(cell.value))
    return etree.tostring(root, encoding="unicode")


def in_json(text: str, cell: Cell) -> str:
    """Put a defect into SDMX-JSON: a new value at the end of those of the component, and its place where it stands."""
    message = json.loads(text)
    structure, data_set = message["data"]["structures"][0], message["data"]["dataSets"][0]
    levels = {"series": structure["dimensions"]["series"], "time": structure["dimensions"]["observation"],
              "group": structure["attributes"]["dimensionGroup"],
              "cells": [*structure["measures"]["observation"], *structure["attributes"]["observation"]]}  # fmt: skip
    level, place = next((level, i) for level, cs in levels.items() for i, c in enumerate(cs) if c["id"] == cell.column)
    new = _place(levels[level][place], cell.value)
    key, period = _row(data_set["series"], cell.row)
    observations = data_set["series"][key]["observations"]
    if level == "series":
        data_set["series"][_changed(key, place, new)] = data_set["series"].pop(key)
    elif level == "time":
        observations[_changed(period, 0, new)] = observations.pop(period)
    elif level == "group":
        indicator = key.split(":")[[c["id"] for c in levels["series"]].index("INDICATOR")]
        group = next(g for g in data_set["dimensionGroupAttributes"] if g.strip(":") == indicator)
        data_set["dimensionGroupAttributes"][group][place] = new
    else:
        observations[period][place] = new
    return json.dumps(message)


def _place(component: dict[str, Any], value: Any) -> Any:
    """Return the place of a value among those of a component, which gets it where it has it not; a number as it is."""
    if value is None or component["id"] in ("OBS_VALUE", "N_OBS"):
        return value
    values = component.setdefault("values", [])
    coded = "format" not in component
    entry = {"id": value, "name": value, "names": LABELS.get((component["id"], value), {"en": value, "it": value})}
    same = [i for i, other in enumerate(values) if value == other.get("id" if coded else "value")]
    if not same:
        values.append(entry if coded else {"value": value})
    return same[0] if same else len(values) - 1


LABELS: dict[tuple[str, str], dict[str, str]] = {}
"""Names of codes by component, so that a mutant has no other defect than its own; the test fills it."""


def _row(series: dict[str, Any], row: str) -> tuple[str, str]:
    return next(
        (key, period)
        for key, content in series.items()
        for period, cells in content["observations"].items()
        if (cells[0] is not None) is (row == SHOWN)
    )


def _changed(key: str, place: int, new: Any) -> str:
    parts = key.split(":")
    parts[place] = "9999" if new is None else str(new)
    return ":".join(parts)


IN: dict[str, Callable[[str, Cell], str]] = {
    "sdmx-csv": in_csv,
    "sdmx-ml-2.1": in_ml,
    "sdmx-ml-3.0": in_ml,
    "sdmx-json": in_json,
}

# ---- what a file says of itself --------------------------------------------------------------------------------------

Change = Callable[[str], str]


def sub(pattern: str, new: str, count: int = 1) -> Change:
    """Return what replaces a pattern, and fails where there is nothing to replace."""

    def change(text: str) -> str:
        changed, n = re.subn(pattern, new, text, count=count)
        assert n > 0, pattern
        return changed

    return change


def _in_message(edit: Callable[[Any, Any], Any]) -> Change:
    def change(text: str) -> str:
        message = json.loads(text)
        edit(message["data"]["structures"][0], message["data"]["dataSets"][0])
        return json.dumps(message)

    return change


def _twice(_structure: Any, data_set: Any) -> None:
    """Add the first observation again, under a period that is listed twice."""
    values = _structure["dimensions"]["observation"][0]["values"]
    values.append(dict(values[0], annotations=[0]))
    for content in data_set["series"].values():
        if "0" in content["observations"]:
            content["observations"][str(len(values) - 1)] = content["observations"]["0"]


def _swapped(text: str) -> str:
    head, first, second, *rest = text.split("\n")
    return "\n".join([head, second, first, *rest])


def _first_cells(data_set: Any) -> Any:
    return next(iter(next(iter(data_set["series"].values()))["observations"].values()))


_FLOW = r"DF_P\(1\.0\.0\)"
_ANOTHER_FLOW = "the message is of another data flow"
_LOST = "rows are lost, or too many"
_ML: dict[str, tuple[Change, str]] = {
    "an attribute that the structure has not": (sub("<Obs ", '<Obs COLOUR="red" '), "schema refuses it.*'COLOUR' is not allowed"),
    "a dimension at the observation": (sub("<Obs ", '<Obs FREQ="M" '), "schema refuses it.*'FREQ' is not allowed"),
    "an observation outside a series": (sub("</Series>", '</Series><Obs TIME_PERIOD="2021"/>'), "schema refuses it"),
    "a series without an observation": (sub("<Obs [^>]*/>\n", "", 0), "schema refuses it.*Missing child"),
    "the structure of another version": (sub(r"DSD_P\(1\.0\.0\)", "DSD_P(2.0.0)", 0), "schema refuses it.*does not resolve"),
    "the structure of another agency": (sub(r"P:DSD_P\(", "Q:DSD_P(", 0), "schema refuses it.*does not resolve"),
    "the wrong action": (sub('ss:action="Information"', 'ss:action="Delete"'), "the action is another"),
    "an action that there is not": (sub('ss:action="Information"', 'ss:action="Burn"'), "schema refuses it"),
    "no header": (sub(r"(?s)<mes:Header>.*</mes:Header>\n", ""), "schema refuses it"),
    "no sender": (sub("<mes:Sender [^>]*/>", ""), "schema refuses it"),
    "a file cut short": (lambda text: text[: len(text) * 2 // 3], "schema refuses it.*(expected|end of|Premature|Couldn't|EndTag|attributes)"),
    "an entity": (sub(r'WAVE="[^"]*"', 'WAVE="&wave;"'), "Entity 'wave' not defined"),
    "a type of document": (sub(r"\?>\n", '?><!DOCTYPE x [<!ENTITY wave "w">]>'), "has a type of document of its own"),
    "the same observation twice": (sub(r"(<Obs [^>]*/>\n)", r"\1\1"), "2 observations have one key"),
    "an observation lost": (sub(r"(?s)(<Obs [^>]*/>\n)(<Obs [^>]*/>\n)", r"\1"), _LOST),
    "a digit lost": (sub(r'OBS_VALUE="(\d+\.\d+)\d"', r'OBS_VALUE="\1"'), "is not the one that was to be written"),
}  # fmt: skip
FILES: dict[str, dict[str, tuple[Change, str]]] = {
    "sdmx-csv": {
        "no action in the header": (sub("ACTION,", "ACT,"), "the header does not begin as SDMX-CSV 2.0 asks"),
        "the header of SDMX-CSV 1.0": (sub("STRUCTURE,STRUCTURE_ID,ACTION", "DATAFLOW,X,Y"), "the header does not begin"),
        "a column that the structure has not": (sub("EVIDENCE_LEVEL", "COLOUR"), "no component COLOUR"),
        "no column of a dimension": (sub(",ARM,", ",ARMS,"), "there is no column ARM"),
        "a column twice": (sub("EVIDENCE_LEVEL", "WAVE"), "the header names WAVE twice"),
        "another version": (sub(_FLOW, "DF_P(1.0.1)"), "STRUCTURE_ID is not that of the data flow"),
        "another agency": (sub("P:DF_P", "Q:DF_P"), "STRUCTURE_ID is not that of the data flow"),
        "another kind of structure": (sub("\ndataflow,", "\ndatastructure,"), "STRUCTURE is not that of the data flow"),
        "an action that deletes": (sub(r"\),I,", "),D,"), "ACTION is not that of the data flow"),
        "no action": (sub(r"\),I,", "),,"), "ACTION is not that of the data flow"),
        "a cell too many": (sub("\ndataflow,", "\ndataflow,x,"), "a line has another number of cells"),
        "semicolons": (lambda text: text.replace(",", ";"), "the header does not begin"),
        "a quote that never ends": (lambda text: text + 'dataflow,"P', "the file is no CSV"),
        "a line twice": (lambda text: text + text.split("\n")[-2] + "\n", "2 observations have one key"),
        "a line lost": (lambda text: "\n".join(text.split("\n")[:-2]) + "\n", _LOST),
        "lines in another order": (_swapped, "is not the one that was to be written"),
    },
    "sdmx-ml-2.1": {**_ML, "another data flow": (sub('id="DF_P" version="1.0.0"', 'id="DF_P" version="1.1.0"'), _ANOTHER_FLOW)},
    "sdmx-ml-3.0": {**_ML, "another data flow": (sub(f"Dataflow=P:{_FLOW}", "Dataflow=P:DF_P(1.1.0)"), _ANOTHER_FLOW)},
    "sdmx-json": {
        "another data flow": (sub(rf"Dataflow=P:{_FLOW}", "Dataflow=P:DF_P(1.1.0)"), _ANOTHER_FLOW),
        "a code with another name": (_in_message(lambda s, d: s["dimensions"]["series"][0]["values"][0]["names"].update(it="Mai")), "a code has another name"),
        "dimensions in another order": (_in_message(lambda s, d: s["dimensions"]["series"].reverse()), "the dimensions of series are others"),
        "a dimension that the structure has not": (_in_message(lambda s, d: s["dimensions"]["series"][0].update(id="COLOUR")), "the dimensions of series are others"),
        "an attribute too few": (_in_message(lambda s, d: s["attributes"]["observation"].pop()), "the attributes of observation are others"),
        "a place beyond the list": (_in_message(lambda s, d: _first_cells(d).__setitem__(1, 99)), NOWHERE),
        "a place below zero": (_in_message(lambda s, d: _first_cells(d).__setitem__(1, -1)), NOWHERE),
        "a text for a place": (_in_message(lambda s, d: _first_cells(d).__setitem__(1, "A")), NOWHERE),
        "a cell too few": (_in_message(lambda s, d: _first_cells(d).pop()), NOWHERE),
        "a value as text": (_in_message(lambda s, d: _first_cells(d).__setitem__(0, "1.5")), "OBS_VALUE is no number"),
        "an action that there is not": (sub('"action": "Information"', '"action": "Burn"'), "schema refuses it"),
        "no links": (_in_message(lambda s, d: d.pop("links")), "schema refuses it"),
        "no sender": (sub(r', "sender": \{"id": "P"\}', ""), "schema refuses it"),
        "a key with letters": (_in_message(lambda s, d: d["series"].update({"a:b": {}})), "schema refuses it"),
        "a file cut short": (lambda text: text[: len(text) * 2 // 3], "the file is no JSON"),
        "the same observation twice": (_in_message(_twice), "2 observations have one key"),
        "an observation lost": (_in_message(lambda s, d: d["series"].pop(next(iter(d["series"])))), _LOST),
        "a digit lost": (_in_message(lambda s, d: _first_cells(d).__setitem__(0, round(_first_cells(d)[0], 1) + 0.1)), "is not the one that was to be written"),
    },
}  # fmt: skip


STRUCTURES: dict[str, tuple[Change, str]] = {
    "a code with another name": (sub(">Monthly<", ">Weekly<"), "the list CL_FREQ is not that of the structure"),
    "a code with no name in Italian": (sub('<com:Name xml:lang="it">Mensile</com:Name>', ""), "the list CL_FREQ is not"),
    "a code lost": (sub(r'(?s)<str:Code id="M">.*?</str:Code>', ""), "the list CL_FREQ is not that of the structure"),
    "a code with a blank": (sub('<str:Code id="M">', '<str:Code id="M M">'), "schema refuses it"),
    "the structure of another version": (sub(r"DataStructure=P:DSD_P\(1\.0\.0\)", "DataStructure=P:DSD_P(1.2.0)"), r"leads nowhere: DataStructure=P:DSD_P\(1.2.0\)"),
    "a list of another agency": (sub(r"Codelist=P:CL_FREQ\(1\.0\.0\)</str:Enum", "Codelist=Q:CL_FREQ(1.0.0)</str:Enum"), "leads nowhere: Codelist=Q:CL_FREQ"),
    "another concept": (sub(r"\.FREQ</str:ConceptIdentity>", ".FREQUENCY</str:ConceptIdentity>"), "leads nowhere: Concept=P:CS_P"),
    "a constraint of another flow": (sub(r"Dataflow=P:DF_P\(1\.0\.0\)</str:Dataflow>", "Dataflow=P:DF_P(1.0.1)</str:Dataflow>"), "leads nowhere: Dataflow=P:DF_P"),
    "a dimension without a concept": (sub(r"(?s)<str:ConceptIdentity>.*?</str:ConceptIdentity>", ""), "schema refuses it"),
}  # fmt: skip
"""Defects of the structure message of SDMX-ML 3.0."""
