"""A file of official statistics becomes a CSV with territory, period, value and status: the series that were chosen.

Beside :mod:`impact.ingest.workbook`; the readers of the formats make the view ``observations`` in a database of their
own, from which the declared territory and codes are selected here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb

from impact.declare.location import Location
from impact.declare.sources import FileFormat, SeriesFormat, Source
from impact.errors import FileError, Problem
from impact.faults import machine_fault
from impact.ingest.components import CODE, SCALES, Components, tells_apart
from impact.ingest.delimited import delimited
from impact.ingest.flags import SORTED
from impact.ingest.raw import RawFile, Read, SeriesSummary
from impact.ingest.sdmx import names_error
from impact.ingest.unpack import unpacked
from impact.sql import ALL, Select, delete, ident, literal

Observations = Callable[[duckdb.DuckDBPyConnection, Path, Source], Components]
"""Makes the view ``observations`` of a file, as in :mod:`impact.ingest.sdmx`, and says which columns are dimensions."""
COLUMNS = ("territory", "period", "value", "status")
SHOWN = 12
NO_UNITS = ("0", "")
"""Codes of :data:`SCALES` that leave values as they are."""
_FREQUENCY = r"[A-Za-z][0-9]{0,3}|_[A-Z]|"
_PERIOD = "[0-9]{4}"


def series_reader(observations: Observations) -> Read:
    """Return the reader of a format of official statistics, which makes the view ``observations`` of a file."""
    return partial(_read_series, observations)


def _read_series(observations: Observations, source: Source, path: Path, scratch: Path) -> RawFile:
    """Read the chosen observations, ordered by series, territory and period, through a copy as UTF-8 CSV.

    Its columns are a dimension each of which several codes are kept, then :data:`COLUMNS`. A value that is not there is
    written ``:``, ``:c`` where it is confidential and ``:z`` where it does not apply.

    Raises
    ------
    FileError
        If the file is not in its declared format, a dimension or code is not in it, or the choice is ambiguous.
    """
    form = source.series
    assert form is not None  # noqa: S101 - the caller has looked
    target = scratch / f"{source.id}.csv"
    plain = unpacked(path, source, target.with_suffix(".unpacked"))
    with duckdb.connect() as connection:
        dimensions = _observed(observations, connection, plain, source, form)
        in_file = _kept_dimensions(dimensions.names, source, form)
        _choose(connection, in_file, source, form)
        territory = _dimension(dimensions.names, form.territory) or ""
        _require_codes(connection, dimensions.names, territory, source)
        _require_constant(connection, dimensions, {*in_file.values(), territory}, source)
        several = [dimension for name, dimension in in_file.items() if len(form.keep[name]) > 1]
        split = {_column(dimension, source): dimension for dimension in several}
        _write(connection, territory, split, target)
        summary = _summary(connection, list(split))
    return delimited(target, source, FileFormat(), scratch, summary=summary)


def _observed(
    observations: Observations, connection: duckdb.DuckDBPyConnection, path: Path, source: Source, form: SeriesFormat
) -> Components:
    try:
        components = observations(connection, path, source)
        connection.execute("CREATE TABLE chosen AS SELECT * FROM observations")
    except duckdb.Error as error:
        if machine_fault(error):
            raise
        message = str(error).splitlines()[0][:300]
        fix = "Download it again: a line may be cut."
        raise _error(source, "the file cannot be parsed", form.format, message, fix) from error
    return components


def _dimension(dimensions: tuple[str, ...], name: str) -> str | None:
    """Return the dimension as the file writes it, whatever the case of its letters."""
    if name in dimensions:
        return name
    for dimension in dimensions:
        if dimension.lower() == name.lower():
            return dimension
    return None


def _kept_dimensions(dimensions: tuple[str, ...], source: Source, form: SeriesFormat) -> dict[str, str]:
    """Return the file's own name of each kept dimension; refuse one that it does not have, or that is named twice."""
    names = {name: _dimension(dimensions, name) for name in (form.territory, *form.keep)}
    for name, dimension in names.items():
        if dimension is None:
            raise _error(source, f"the file has no dimension '{name}'", ", ".join(dimensions))
    in_file = {name: names[name] or "" for name in form.keep}
    if len(set(in_file.values())) < len(in_file):
        raise _error(source, "keep: names a dimension twice", found=", ".join(in_file))
    return in_file


def _choose(connection: duckdb.DuckDBPyConnection, kept: dict[str, str], source: Source, form: SeriesFormat) -> None:
    """Keep the declared codes; refuse a code that is not in the file, or not in it together with the others."""
    for name, dimension in kept.items():
        codes = _codes(connection, dimension)
        missing = [code for code in form.keep[name] if code not in codes]
        if missing:
            problem = f"dimension {dimension} has no code {', '.join(missing)}"
            raise _error(source, problem, _shown(codes), fix=f"Correct series: keep: {name}.")
    for name, dimension in kept.items():
        chosen = ", ".join(map(literal, form.keep[name]))
        connection.execute(delete("chosen", f"{ident(dimension)} NOT IN ({chosen})"))
    ((count,),) = connection.execute("SELECT count(*) FROM chosen").fetchall()
    if count == 0 and kept:
        raise _error(source, "no series of the file has all the codes of keep:", fix="Correct series: keep:.")
    if count == 0:
        raise _error(source, "the file has no observations", fix="Download it again.")


def _require_codes(
    connection: duckdb.DuckDBPyConnection, names: tuple[str, ...], territory: str, source: Source
) -> None:
    """Refuse a file that was asked for with names only, which shows in its territories and frequencies."""
    patterns = [(territory, f"({CODE})?")]
    frequency = _dimension(names, "FREQ")
    if frequency is not None:
        patterns.append((frequency, _FREQUENCY))
    for name, pattern in patterns:
        text = ident(name)
        is_name = f"NOT regexp_full_match({text}, {literal(pattern)})"
        query = Select({name: text}, "chosen", where=(is_name,), limit=1)
        row = connection.execute(query.sql()).fetchone()
        if row:
            raise names_error(source, name, str(row[0]))


def _require_constant(
    connection: duckdb.DuckDBPyConnection, components: Components, chosen: set[str], source: Source
) -> None:
    """Refuse a choice that leaves a dimension with several codes, or values in thousands without saying so."""
    at = Location(source.file, field=f"source {source.id}")
    problems = []
    for dimension in components.names:
        if dimension in chosen:
            continue
        codes = _codes(connection, dimension)
        is_doubtful = dimension in components.doubtful
        harmless = is_doubtful and not tells_apart(connection, dimension, sorted(chosen))
        if len(codes) > 1 and not harmless:
            what = f"the choice is ambiguous: {dimension} has {len(codes)} codes"
            fix = f"Choose with series: keep: {{{dimension}: …}}."
            problems.append(at.problem(what, "one", _shown(codes), fix))
        elif dimension.upper() in SCALES and codes[0] not in NO_UNITS:
            what = f"the values are multiples of 10^{codes[0]}"
            fix = f"Say so with series: keep: {{{dimension}: {codes[0]}}}, and in the unit."
            problems.append(at.problem(what, fix=fix))
    if problems:
        raise FileError(problems)


def _codes(connection: duckdb.DuckDBPyConnection, dimension: str) -> list[str]:
    query = Select({"code": f"coalesce({ident(dimension)}, '')"}, "chosen", order=("1",), distinct=True)
    return [str(code) for (code,) in connection.execute(query.sql()).fetchall()]


def _shown(codes: list[str]) -> str:
    shown = ", ".join(code or "(blank)" for code in codes[:SHOWN])
    return f"{shown} …" if len(codes) > SHOWN else shown


def _column(dimension: str, source: Source) -> str:
    """Return the column of a dimension of which several codes are kept."""
    name = re.sub(r"[^a-z0-9]+", "_", dimension.lower()).strip("_")
    if name in COLUMNS:
        raise _error(source, f"dimension {dimension} would be a second column '{name}'", fix="Keep one of its codes.")
    return name


def _write(connection: duckdb.DuckDBPyConnection, territory: str, split: dict[str, str], target: Path) -> None:
    """Write the chosen observations; ``split`` names the dimension of each further column."""
    copied = {column: ident(dimension) for column, dimension in split.items()}
    copied["territory"] = ident(territory)
    copied["period"] = _period_sql()
    copied["value"] = _value_sql()
    copied["status"] = "nullif(_flags, '')"
    query = Select(copied, "chosen", order=ALL)
    connection.execute(f"CREATE TABLE copied AS {query.sql()}")
    options = "FORMAT csv, HEADER, DELIMITER ',', QUOTE '\"', ESCAPE '\"'"
    connection.execute(f"COPY copied TO {literal(str(target))} ({options})")


def _value_sql() -> str:
    """Write the value, or why it is not there."""
    understood = f"regexp_full_match(_flags, {literal(SORTED)})"
    kind = (
        f"CASE WHEN NOT {understood} THEN '' WHEN contains(_flags, 'c') THEN 'c'"
        " WHEN regexp_matches(_flags, '[zm]') THEN 'z' ELSE '' END"
    )
    return f"CASE WHEN coalesce(_value, '') IN ('', ':', 'NaN', '#N/A') THEN ':' || {kind} ELSE _value END"


def _period_sql() -> str:
    """Write the period as waves are written: 2020, 2020-Q1, 2020-S1, 2020-01, 2020-01-15; others as they stand."""
    return (
        f"CASE WHEN regexp_full_match(_period, '{_PERIOD}-?A1?') THEN _period[:4]"
        f" WHEN regexp_full_match(_period, '{_PERIOD}-?M[0-9]{{1,2}}')"
        " THEN _period[:4] || '-' || lpad(regexp_extract(_period, 'M([0-9]+)$', 1), 2, '0')"
        f" WHEN regexp_full_match(_period, '{_PERIOD}[QSTW][0-9]{{1,2}}') THEN _period[:4] || '-' || _period[5:]"
        f" WHEN regexp_full_match(_period, '{_PERIOD}-[0-9]{{2}}-[0-9]{{2}}T00:00:00.*') THEN _period[:10]"
        " ELSE _period END"
    )


def _summary(connection: duckdb.DuckDBPyConnection, split: list[str]) -> SeriesSummary:
    names = ", ".join([*map(ident, split), "territory"])
    counted = Select({"series": f"count(DISTINCT ({names}))", **_COUNTS}, "copied")
    (row,) = connection.execute(counted.sql()).fetchall()
    counts = dict(zip(counted.columns, row, strict=True))
    return SeriesSummary(**counts, flags=_flag_counts(connection))


def _flag_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return how many observations have each flag; a status that is no letters of the list counts whole."""
    letters = f"regexp_full_match(status, {literal(SORTED)})"
    flag = f"unnest(CASE WHEN {letters} THEN string_split(status, '') ELSE [status] END)"
    flagged = Select({"flag": flag}, "copied", where=("status IS NOT NULL",))
    by_flag = Select({"flag": "flag", "n": "count(*)"}, flagged, group=("flag",), order=("flag",))
    return dict(connection.execute(by_flag.sql()).fetchall())


_COUNTS = {
    "observations": "count(*)",
    "territories": "count(DISTINCT territory)",
    "first_period": "min(period)",
    "last_period": "max(period)",
    "periods": "count(DISTINCT period)",
    "missing": "count(*) FILTER (value IN (':', ':c', ':z'))",
}


def _error(source: Source, what: str, expected: str = "", found: str = "", fix: str = "") -> FileError:
    return FileError([Problem(what, source.file, None, f"source {source.id}", expected, found, fix)])
