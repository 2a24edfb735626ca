"""SDMX-ML 2.1, 3.0 and 3.1: one pass of an XML parser, in which every observation must come out.

Structure-specific and generic data are read alike: what stands in the data set, its groups, a series and an
observation goes to the observation, the nearest first. Schemas are not asked: files of statistics offices break them
and read whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import duckdb
import pandas as pd

from impact.declare.sources import Source
from impact.ingest.components import MEASURING, PERIOD, VALUE, Components, is_attribute
from impact.ingest.sdmx import error, observations
from impact.ingest.xml_parser import RefusedError, local, strict_parser

MAX_XML = 200_000_000
EXPECTED = "data in SDMX-ML 2.1, 3.0 or 3.1, structure-specific or generic"
_ROOT = re.compile(
    r"http://www\.sdmx\.org/resources/sdmxml/schemas/v(2_1|3_0|3_1)/message "
    r"(StructureSpecific|Generic)(TimeSeries)?Data"
)
_NO_DATA = ("Annotations", "DataProvider", "Metadata", "KeyFamilyRef")
_OWN = ("action", "structureRef", "setID", "dataScope", "type", "validFromDate", "validToDate")
_KEYS = ("SeriesKey", "ObsKey", "GroupKey")
Values = dict[str, str]
_ByCodes = dict[tuple[str | None, ...], list[Values]]
"""What is said of groups, by the codes that tell them: those of the names of their key."""


@dataclass
class _Level:
    """What one data set, group, series or observation says: its key as far as it is told, and the rest."""

    key: Values = field(default_factory=dict)
    rest: Values = field(default_factory=dict)


@dataclass
class _Table:
    """The observations as columns of equal length, and what the file says of the columns."""

    columns: dict[str, list[str | None]] = field(default_factory=dict)
    count: int = 0
    keys: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    open_ones: set[str] = field(default_factory=set)

    def add(self, row: Mapping[str, str]) -> None:
        """Append an observation."""
        for name, value in row.items():
            column = self.columns.setdefault(name, [])
            column.extend([None] * (self.count - len(column)))
            column.append(value)
        self.count += 1

    def column(self, name: str) -> list[str | None]:
        """Return a column at its full length."""
        column = self.columns.setdefault(name, [])
        column.extend([None] * (self.count - len(column)))
        return column


def sdmx_ml_observations(connection: duckdb.DuckDBPyConnection, path: Path, source: Source) -> Components:
    """Make the view ``observations`` from SDMX-ML.

    Generic data tell dimensions from attributes; in structure-specific data what stands beside the period of an
    observation of a series is an attribute, and the rest is told as in :mod:`impact.ingest.components`.

    Raises
    ------
    FileError
        If the file is not SDMX-ML in UTF-8, takes data back, is cut by who sent it, or loses observations in reading.
    """
    table = _parsed(_read(path, source), source)
    if not table.count:
        raise error(source, "the file has no observations", "observations", fix="Download it again.")
    names = list(table.columns)
    missing = sorted({PERIOD, VALUE}.difference(names))
    if missing:
        what = f"the file has no {' and no '.join(missing)}"
        raise error(source, what, f"{PERIOD} and {VALUE}", ", ".join(names))
    frame = pd.DataFrame({name: table.column(name) for name in names}, dtype=object)
    connection.register("_parsed", frame)
    connection.execute("CREATE TABLE wide AS SELECT * FROM _parsed")
    connection.unregister("_parsed")
    attributes = table.attributes - table.open_ones - table.keys
    return observations(connection, source, names, keys=table.keys, attributes=attributes)


def _read(path: Path, source: Source) -> bytes:
    if path.stat().st_size > MAX_XML:
        fix = "Download only the series that are needed, or the CSV."
        raise error(source, "the file is too large to be read as XML", f"at most {MAX_XML:,} bytes", fix=fix)
    return path.read_bytes().removeprefix(b"\xef\xbb\xbf").lstrip()


def _parsed(content: bytes, source: Source) -> _Table:
    """Read the whole file, in UTF-8, well formed and without a document type."""
    reader = _Reader()
    try:
        reader.parser.Parse(content, True)
    except RefusedError as refused:
        what, expected = (*refused.args, EXPECTED)[:2]
        raise error(source, what, expected, fix="Download it again, or as SDMX-CSV.") from None
    except expat.ExpatError as problem:
        what = "the file is not XML that can be read"
        raise error(source, what, "SDMX-ML", str(problem), "Download it again.") from problem
    if reader.seen != reader.read:
        found = f"{reader.read} of {reader.seen} read"
        raise error(source, "not every observation could be read", "all of them", found, "Download it as CSV.")
    return reader.table


class _Reader:
    """Follows the elements of a message; the rows come out in :attr:`table`."""

    def __init__(self) -> None:
        self.table = _Table()
        self.seen = self.read = 0
        self.path: list[str] = []
        self.skipping = 0
        self.at_observation: Values = {}
        self.data_set: _Level | None = None
        self.groups: list[_Level] = []
        self.first = 0
        self.set_name = ""
        self.series: _Level | None = None
        self.group: _Level | None = None
        self.obs: _Level | None = None
        self.component = ""
        self.texts: list[str] = []
        self.parser = strict_parser(self._start, self._end, self.texts.append, "utf-8")
        self.parser.XmlDeclHandler = _check_encoding

    def _start(self, name: str, attributes: Values) -> None:
        element = local(name)
        if not self.path and not _ROOT.fullmatch(name):
            raise RefusedError(f"the file is not SDMX-ML that can be read: it begins with {element}")
        self.seen += element == "Obs"
        self.texts.clear()
        self.path.append(element)
        if self.skipping or element in _NO_DATA:
            self.skipping += 1
        elif begin := _BEGIN.get(element):
            begin(self, attributes)

    def _end(self, _: str) -> None:
        element = self.path.pop()
        if self.skipping:
            self.skipping -= 1
        elif end := _END.get(element):
            end(self)

    def _structure(self, attributes: Values) -> None:
        if "structureID" in attributes:
            self.at_observation[attributes["structureID"]] = attributes.get("dimensionAtObservation", PERIOD)

    def _message(self, attributes: Values) -> None:
        if attributes.get("severity", "").lower() == "error":
            code = attributes.get("code", "")
            raise RefusedError(f"the sender says that the message is not whole (code {code})", "a whole message")

    def _begin_set(self, attributes: Values) -> None:
        of_set = {local(name): value for name, value in attributes.items()}
        _refuse_deletion(of_set.get("action", ""))
        self.set_name = of_set.get("structureRef", "")
        measuring = {name: value for name, value in attributes.items() if name.upper() in MEASURING}
        self.data_set = _Level(rest=measuring)
        self.groups = []
        self.first = self.table.count

    def _begin_group(self, attributes: Values) -> None:
        self.group = _Level(rest=_plain(attributes))

    def _begin_series(self, attributes: Values) -> None:
        self.series = _Level(rest=_plain(attributes))
        self.table.open_ones.update(self.series.rest)

    def _begin_obs(self, attributes: Values) -> None:
        self.obs = _Level(rest=_plain(attributes))
        names = self.obs.rest
        if self.series is not None and PERIOD in names:
            self.table.attributes.update(names)
        else:
            self.table.open_ones.update(names)

    def _dimension(self, attributes: Values) -> None:
        name = attributes.get("id") or self.at_observation.get(self.set_name, PERIOD)
        if self.obs is None:
            return
        if name == "AllDimensions":
            name = PERIOD
        self.obs.key[name] = attributes.get("value", "")
        self.table.keys.update(self.obs.key)

    def _observed(self, attributes: Values) -> None:
        if self.obs is not None:
            self.obs.rest[attributes.get("id", VALUE)] = attributes.get("value", "")

    def _begin_value(self, attributes: Values) -> None:
        """Keep a value of a key or of the attributes of generic data."""
        parent = self.path[-2]
        if "id" not in attributes or not (parent in _KEYS or parent == "Attributes"):
            return
        name, value, level = attributes["id"], attributes.get("value", ""), self._level()
        if parent in _KEYS:
            level.key[name] = value
            self.table.keys.add(name)
        else:
            level.rest[name] = value
            self.table.attributes.add(name)

    def _begin_component(self, attributes: Values) -> None:
        self.component = attributes.get("id", "")

    def _end_value(self) -> None:
        """Keep a value of a component that may have several: only attributes and measures can."""
        name = self.component
        if self.path[-1:] != ["Comp"] or not name:
            return
        values, text = self._level().rest, "".join(self.texts).strip()
        values[name] = f"{values[name]};{text}" if name in values else text
        self.table.attributes.add(name)

    def _level(self) -> _Level:
        return self.obs or self.group or self.series or self.data_set or _Level()

    def _end_action(self) -> None:
        _refuse_deletion("".join(self.texts).strip())

    def _end_obs(self) -> None:
        series, obs = self.series or _Level(), self.obs or _Level()
        row = {"DATAFLOW": self.set_name, **series.rest, **series.key, **obs.rest, **obs.key}
        self.obs = None
        if self.data_set is not None and row.get(PERIOD, "").strip():
            self.read += 1
            self.table.add(row)

    def _end_series(self) -> None:
        self.series = None

    def _end_group(self) -> None:
        if self.group is not None:
            self.groups.append(self.group)
        self.group = None

    def _end_set(self) -> None:
        if self.data_set is not None:
            _spread(self.table, self.first, self.groups)
            _spread(self.table, self.first, [self.data_set])
        self.data_set = None


_BEGIN: dict[str, Callable[[_Reader, Values], None]] = {
    "Structure": _Reader._structure,
    "Message": _Reader._message,
    "DataSet": _Reader._begin_set,
    "Group": _Reader._begin_group,
    "Atts": _Reader._begin_group,
    "Series": _Reader._begin_series,
    "Obs": _Reader._begin_obs,
    "ObsDimension": _Reader._dimension,
    "ObsValue": _Reader._observed,
    "Value": _Reader._begin_value,
    "Comp": _Reader._begin_component,
}
_END: dict[str, Callable[[_Reader], None]] = {
    "DataSetAction": _Reader._end_action,
    "Value": _Reader._end_value,
    "Obs": _Reader._end_obs,
    "Series": _Reader._end_series,
    "Group": _Reader._end_group,
    "Atts": _Reader._end_group,
    "DataSet": _Reader._end_set,
}


def _plain(attributes: Values) -> Values:
    """Return the components among the attributes of an element: they have no name space."""
    return {name: value for name, value in attributes.items() if " " not in name and name not in _OWN}


def _check_encoding(_: str, encoding: str | None, __: int) -> None:
    # another reader would believe the declaration, and see another text than the one read here
    if encoding and encoding.upper().replace("_", "-") not in ("UTF-8", "UTF8"):
        raise RefusedError(f"the file says that its encoding is {encoding}", "SDMX-ML in UTF-8")


def _refuse_deletion(action: str) -> None:
    if action.lower() in ("delete", "d"):
        raise RefusedError("the data set takes observations back (action Delete)", "data as they stand")


def _spread(table: _Table, first: int, groups: list[_Level]) -> None:
    """Give what is said of groups to their observations, where these do not say it themselves.

    In structure-specific data the key of a group is told by its names that every observation of the data set has.
    """
    if table.count == first:
        return
    full = _full(table, first)
    by_key: dict[tuple[str, ...], _ByCodes] = {}
    for group in groups:
        key = group.key or {name: code for name, code in group.rest.items() if name in full}
        attributes = {name: value for name, value in group.rest.items() if name not in key}
        table.attributes.update(attributes)
        names = tuple(sorted(key))
        codes = tuple(key[name] for name in names)
        by_key.setdefault(names, {}).setdefault(codes, []).append(attributes)
    for names, of_groups in by_key.items():
        _give(table, first, names, of_groups)


def _full(table: _Table, first: int) -> set[str]:
    """Return the names of which every observation from ``first`` on says a value."""
    return {name for name in table.columns if not is_attribute(name) and all(table.column(name)[first:])}


def _give(table: _Table, first: int, names: tuple[str, ...], of_groups: _ByCodes) -> None:
    """Write the attributes of groups into the rows with their codes; refuse those that measure and have no row."""
    keys = [table.column(name) for name in names]
    met = set()
    for row in range(first, table.count):
        codes = tuple(column[row] for column in keys)
        met.add(codes)
        for attributes in of_groups.get(codes, ()):
            for name, value in attributes.items():
                column = table.column(name)
                column[row] = column[row] or value
    for codes, levels in of_groups.items():
        if codes in met:
            continue
        lost = {name for attributes in levels for name in attributes if name.upper() in MEASURING}
        if lost:
            key = ", ".join(f"{name}={code}" for name, code in zip(names, codes, strict=True))
            raise RefusedError(f"{', '.join(sorted(lost))} of a group belongs to no observation: {key}")
