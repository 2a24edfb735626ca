"""SDMX data files: CSV 1.0 and 2.0, and ML 2.1 and 3.0, read into the table ``observations``.

CSV is read here, as text: readers that guess types lose the zeros of a code like 001. ML goes through pysdmx (the extra
``sdmx``) once it is known to be UTF-8 without a document type, and every observation in it must come out.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.parsers import expat

import duckdb
import pandas as pd

from impact.declare.sources import Source
from impact.errors import FileError, Problem
from impact.sql import ident, literal

PERIOD, VALUE = "TIME_PERIOD", "OBS_VALUE"
STATUS, OWN_FLAGS, CONFIDENTIAL = "OBS_STATUS", ("OBS_FLAG",), ("CONF_STATUS", "OBS_CONF")
MEASURING = ("UNIT_MULT", "UNIT_MEASURE", "UNIT", "BASE_PER")
"""Attributes that change what a value means: they must be constant, or chosen, as dimensions are."""
TECHNICAL = ("ACTION", "SERIES_KEY", "OBS_KEY", "STRUCTURE", "STRUCTURE_NAME", "LAST UPDATE", "TIME_FORMAT", "DECIMALS")
_NOT_WANTED = {PERIOD, VALUE, STATUS, *OWN_FLAGS, *CONFIDENTIAL, *TECHNICAL}
_FIRST = ("DATAFLOW", "STRUCTURE", "STRUCTURE_ID", "ACTION")
MAX_XML = 200_000_000


def sdmx_csv_observations(connection: duckdb.DuckDBPyConnection, path: Path, source: Source) -> tuple[str, ...]:
    """Make the view ``observations`` from SDMX-CSV; what stands before the value is a dimension.

    Raises
    ------
    FileError
        If the header is not that of SDMX-CSV, a line has another number of cells, or the file takes data back.
    """
    header = _csv_header(path, source)
    names = [name.partition(": ")[0].strip() for name in header]
    if len({name.lower() for name in names}) < len(names):
        raise _error(source, "the header names a column twice", found=", ".join(names)[:200])
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    connection.execute(
        f"CREATE TABLE wide AS SELECT * FROM read_csv({literal(str(path))}, auto_detect=false, header=false, skip=1,"
        f" columns={{{columns}}}, delim=',', quote='\"', escape='\"', nullstr='', strict_mode=true,"
        " max_line_size=10000000, compression='none')"
    )
    _refuse_deletions(connection, names, source)
    labelled = [name for name, written in zip(names, header, strict=True) if ": " in written]
    before = names[: names.index(VALUE)]
    dimensions = tuple(n for n in names if n not in _NOT_WANTED and (n in before or n.upper() in MEASURING))
    _make_view(connection, names, dimensions, labelled)
    return dimensions


def _csv_header(path: Path, source: Source) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            header = next(csv.reader(handle, strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise _error(source, "the header line cannot be read", "SDMX-CSV in UTF-8", str(error)) from error
    codes = [name.partition(": ")[0].strip() for name in header]
    if not codes or codes[0] not in _FIRST or PERIOD not in codes or VALUE not in codes:
        expected = f"columns separated by commas: DATAFLOW (or STRUCTURE, STRUCTURE_ID), …, {PERIOD}, {VALUE}"
        fix = "Download it as SDMX-CSV, or declare the format it has: eurostat_tsv, sdmx_ml."
        raise _error(source, "the first line is not that of SDMX-CSV", expected, ",".join(header)[:120], fix)
    return header


def _refuse_deletions(connection: duckdb.DuckDBPyConnection, names: Sequence[str], source: Source) -> None:
    if "ACTION" not in names:
        return
    rows = connection.execute("SELECT count(*) FROM wide WHERE upper(trim(\"ACTION\")) = 'D'").fetchall()
    if rows[0][0]:
        fix = "Ask for the data as it stands, not for the changes to it."
        raise _error(source, f"the file takes {rows[0][0]} observations back", "ACTION I, A, R or M", "ACTION D", fix)


def sdmx_ml_observations(connection: duckdb.DuckDBPyConnection, path: Path, source: Source) -> tuple[str, ...]:
    """Make the view ``observations`` from SDMX-ML: structure-specific 2.1 and 3.0, generic 2.1.

    The file does not tell dimensions from attributes: a column that is blank somewhere is no dimension.

    Raises
    ------
    FileError
        If pysdmx is missing, the file is not SDMX-ML in UTF-8, has a document type, or loses observations in reading.
    """
    content = _read_xml(path, source)
    scan = _scan(content, source)
    frame = _parsed(content, source)
    if found := {PERIOD, VALUE} - set(frame.columns):
        shown = ", ".join(map(str, frame.columns))
        raise _error(source, f"the file has no {' and no '.join(sorted(found))}", f"{PERIOD} and {VALUE}", shown)
    frame = frame[frame[PERIOD].notna() & (frame[PERIOD] != "")]
    if len(frame) != scan.observations:
        found_rows = f"{len(frame)} of {scan.observations} read"
        raise _error(source, "not every observation could be read", "all of them", found_rows, "Download it as CSV.")
    connection.register("_parsed", frame)
    connection.execute("CREATE TABLE wide AS SELECT * FROM _parsed")
    connection.unregister("_parsed")
    names = [str(name) for name in frame.columns]
    full = frame.notna().all() & (frame != "").all()
    dimensions = tuple(n for n in names if n not in _NOT_WANTED and (bool(full[n]) or n in MEASURING))
    _make_view(connection, names, dimensions, ())
    return dimensions


def _read_xml(path: Path, source: Source) -> bytes:
    if path.stat().st_size > MAX_XML:
        fix = "Download only the series that are needed, or the CSV."
        raise _error(source, "the file is too large to be read as XML", f"at most {MAX_XML:,} bytes", fix=fix)
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf").lstrip()
    # pysdmx knows XML by its declaration, which may be left out
    return content if content.startswith(b"<?xml") else b'<?xml version="1.0" encoding="UTF-8"?>\n' + content


@dataclass
class _Scan:
    """What one pass over the XML found: the number of observations."""

    observations: int = 0


class _RefusedError(Exception):
    """Raised inside the parser, to stop it."""


def _scan(content: bytes, source: Source) -> _Scan:
    """Check that the XML is well formed, in UTF-8 and without a document type; count its observations."""
    scan, parser = _Scan(), expat.ParserCreate(encoding="utf-8")

    def start(name: str, _: Any) -> None:
        scan.observations += name.rsplit(":", 1)[-1] == "Obs"

    def declared(_: str, encoding: str | None, __: int) -> None:
        # another reader would believe the declaration, and see another text than the one checked here
        if encoding and encoding.upper().replace("_", "-") not in ("UTF-8", "UTF8"):
            raise _RefusedError(f"the file says that its encoding is {encoding}")

    def doctype(*_: Any) -> None:
        raise _RefusedError("the file declares a document type (DTD), which SDMX never does")

    parser.StartElementHandler, parser.XmlDeclHandler, parser.StartDoctypeDeclHandler = start, declared, doctype
    try:
        parser.Parse(content, True)
    except _RefusedError as error:
        raise _error(source, str(error), "SDMX-ML in UTF-8, without a DTD", fix="Download it again.") from None
    except expat.ExpatError as error:
        raise _error(
            source, "the file is not XML that can be read", "SDMX-ML", str(error), "Download it again."
        ) from error
    return scan


def _parsed(content: bytes, source: Source) -> pd.DataFrame:
    """Return all observations as text, through pysdmx."""
    try:
        from pysdmx.io import read_sdmx  # noqa: PLC0415 - an extra, and only SDMX-ML needs it
        from pysdmx.io.xml import doc_validation  # noqa: F401, PLC0415 - fails where its own extra is missing
    except ImportError as error:
        fix = 'pip install "impact-engine[sdmx]", or download the file as SDMX-CSV.'
        raise _error(source, "SDMX-ML needs pysdmx, which is not installed", found=str(error), fix=fix) from error
    try:
        message = read_sdmx(BytesIO(content), validate=True)
        frames = [_with_attributes(dataset) for dataset in message.data or ()]
    except Exception as error:  # whatever the reader stumbles over is a file that it cannot read
        found = " ".join(str(error).split())[:300]
        expected = "data in SDMX-ML: structure-specific 2.1 or 3.0, or generic 2.1"
        raise _error(source, "the file is not SDMX-ML that can be read", expected, found) from error
    if not frames:
        raise _error(source, "the file holds no data", "observations")
    return pd.concat(frames, ignore_index=True)


def _with_attributes(dataset: Any) -> pd.DataFrame:
    """Return the rows of a data set with the measuring attributes of the whole; refuse one that takes data back."""
    if dataset.action.value == "Delete":
        raise ValueError("the data set takes observations back (action Delete)")
    frame = dataset.data.astype("string").astype(object)
    frame = frame.drop(columns=[name for name in frame.columns if ":" in name])
    for name in MEASURING:
        if name in dataset.attributes and name not in frame.columns:
            frame[name] = str(dataset.attributes[name])
    frame["DATAFLOW"] = str(dataset.short_urn)
    plain: pd.DataFrame = frame.where(frame.notna(), None)
    return plain


def _make_view(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], dimensions: Sequence[str], labelled: Sequence[str]
) -> None:
    """Write the view: codes without their labels, period, value, and flags as letters."""

    def code(name: str) -> str:
        plain = f"coalesce(nullif(trim({ident(name)}), '#N/A'), '')"
        return f"trim(string_split({plain}, ': ')[1])" if name in labelled else plain

    own = [code(name) for name in OWN_FLAGS if name in names]
    own += [_letters(code(STATUS))] if STATUS in names else []
    own += [f"CASE WHEN {code(name)} NOT IN ('', 'F') THEN 'c' ELSE '' END" for name in CONFIDENTIAL if name in names]
    flags = " || ".join(own) or "''"
    kept = "".join(f"{code(name)} AS {ident(name)}, " for name in dimensions)
    connection.execute(
        f"CREATE VIEW observations AS SELECT {kept}{code(PERIOD)} AS _period, trim({ident(VALUE)}) AS _value,"
        f" {flags} AS _flags FROM wide"
    )


def _letters(status: str) -> str:
    """Write codes of CL_OBS_STATUS as letters of Eurostat's flags: A says nothing, Q is suppressed, S is special."""
    codes = f"regexp_replace({status}, '[;,A\\s]+', '', 'g')"
    return f"lower(translate({codes}, 'SQ', 'tc'))"


READERS: dict[str, Callable[[duckdb.DuckDBPyConnection, Path, Source], tuple[str, ...]]] = {
    "sdmx_csv": sdmx_csv_observations,
    "sdmx_ml": sdmx_ml_observations,
}


def _error(source: Source, what: str, expected: str = "", found: str = "", fix: str = "") -> FileError:
    return FileError([Problem(what, source.file, None, f"source {source.id}", expected, found, fix)])
