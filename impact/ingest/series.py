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

from impact.declare.sources import FileFormat, SeriesFormat, Source
from impact.errors import FileError, Problem
from impact.faults import machine_fault
from impact.ingest.components import CODE, SCALES, Components, tells_apart
from impact.ingest.delimited import delimited
from impact.ingest.flags import SORTED
from impact.ingest.raw import RawFile, Read, SeriesSummary
from impact.ingest.sdmx import names_error
from impact.ingest.unpack import unpacked
from impact.sql import ALL, Select, columns, delete, ident, literal

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
        chosen = _named(dimensions.names, source, form)
        _choose(connection, chosen, source, form)
        territory = _dimension(dimensions.names, form.territory) or ""
        _require_codes(connection, dimensions.names, territory, source)
        _require_constant(connection, dimensions, chosen, territory, source)
        split = {_column(d, source): d for k, d in chosen.items() if len(form.keep[k]) > 1}
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
    return next((d for d in dimensions if d == name), next((d for d in dimensions if d.lower() == name.lower()), None))


def _named(dimensions: tuple[str, ...], source: Source, form: SeriesFormat) -> dict[str, str]:
    """Return the file's own name of each kept dimension; refuse one that it does not have, or that is named twice."""
    found = {name: _dimension(dimensions, name) for name in (form.territory, *form.keep)}
    if lost := [name for name, there in found.items() if there is None]:
        raise _error(source, f"the file has no dimension '{lost[0]}'", ", ".join(dimensions))
    own_names = {name: found[name] or "" for name in form.keep}
    if len(set(own_names.values())) < len(own_names):
        raise _error(source, "keep: names a dimension twice", found=", ".join(own_names))
    return own_names


def _choose(connection: duckdb.DuckDBPyConnection, named: dict[str, str], source: Source, form: SeriesFormat) -> None:
    """Keep the declared codes; refuse a code that is not in the file, or not in it together with the others."""
    for name, dimension in named.items():
        codes = _codes(connection, dimension)
        if lost := [code for code in form.keep[name] if code not in codes]:
            problem = f"dimension {dimension} has no code {', '.join(lost)}"
            raise _error(source, problem, _shown(codes), fix=f"Correct series: keep: {name}.")
    for name, dimension in named.items():
        wanted = ", ".join(literal(code) for code in form.keep[name])
        connection.execute(delete("chosen", f"{ident(dimension)} NOT IN ({wanted})"))
    if connection.execute("SELECT count(*) FROM chosen").fetchall()[0][0] == 0:
        problem = "no series of the file has all the codes of keep:" if named else "the file has no observations"
        raise _error(source, problem, fix="Correct series: keep:." if named else "Download it again.")


def _require_codes(
    connection: duckdb.DuckDBPyConnection, names: tuple[str, ...], territory: str, source: Source
) -> None:
    """Refuse a file that was asked for with names only, which shows in its territories and frequencies."""
    for name, pattern in ((territory, f"({CODE})?"), (_dimension(names, "FREQ"), _FREQUENCY)):
        if name is None:
            continue
        wrong = f"NOT regexp_full_match({ident(name)}, {literal(pattern)})"
        query = Select(columns([name]), "chosen", where=(wrong,), limit=1)
        if row := connection.execute(query.sql()).fetchone():
            raise names_error(source, name, str(row[0]))


def _require_constant(
    connection: duckdb.DuckDBPyConnection, found: Components, named: dict[str, str], territory: str, source: Source
) -> None:
    """Refuse a choice that leaves a dimension with several codes, or values in thousands without saying so."""
    chosen = {*named.values(), territory}
    problems = []
    for dimension in (name for name in found.names if name not in chosen):
        codes = _codes(connection, dimension)
        harmless = dimension in found.doubtful and not tells_apart(connection, dimension, sorted(chosen))
        if len(codes) > 1 and not harmless:
            fix = f"Choose with series: keep: {{{dimension}: …}}."
            what = f"the choice is ambiguous: {dimension} has {len(codes)} codes"
            problems.append(Problem(what, source.file, None, f"source {source.id}", "one", _shown(codes), fix))
        elif dimension.upper() in SCALES and codes[0] not in NO_UNITS:
            fix = f"Say so with series: keep: {{{dimension}: {codes[0]}}}, and in the unit."
            what = f"the values are multiples of 10^{codes[0]}"
            problems.append(Problem(what, source.file, None, f"source {source.id}", fix=fix))
    if problems:
        raise FileError(problems)


def _codes(connection: duckdb.DuckDBPyConnection, dimension: str) -> list[str]:
    query = Select({"code": f"coalesce({ident(dimension)}, '')"}, "chosen", order=("1",), distinct=True)
    return [str(code) for (code,) in connection.execute(query.sql()).fetchall()]


def _shown(codes: list[str]) -> str:
    return ", ".join(code or "(blank)" for code in codes[:SHOWN]) + (" …" if len(codes) > SHOWN else "")


def _column(dimension: str, source: Source) -> str:
    """Return the column of a dimension of which several codes are kept."""
    name = re.sub(r"[^a-z0-9]+", "_", dimension.lower()).strip("_")
    if name in COLUMNS:
        raise _error(source, f"dimension {dimension} would be a second column '{name}'", fix="Keep one of its codes.")
    return name


def _write(connection: duckdb.DuckDBPyConnection, territory: str, split: dict[str, str], target: Path) -> None:
    copied = {
        **{column: ident(dimension) for column, dimension in split.items()},
        "territory": ident(territory),
        "period": _period_sql(),
        "value": _value_sql(),
        "status": "nullif(_flags, '')",
    }
    connection.execute(f"CREATE TABLE copied AS {Select(copied, 'chosen', order=ALL).sql()}")
    connection.execute(
        f"COPY copied TO {literal(str(target))} (FORMAT csv, HEADER, DELIMITER ',', QUOTE '\"', ESCAPE '\"')"
    )


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
    names = ", ".join([*(ident(name) for name in split), "territory"])
    counted = Select({"series": f"count(DISTINCT ({names}))", **_COUNTS}, "copied")
    (counts,) = connection.execute(counted.sql()).fetchall()
    letters = f"regexp_full_match(status, {literal(SORTED)})"
    flag = f"unnest(CASE WHEN {letters} THEN string_split(status, '') ELSE [status] END)"
    flagged = Select({"flag": flag}, "copied", where=("status IS NOT NULL",))
    by_flag = Select({"flag": "flag", "n": "count(*)"}, flagged, group=("flag",), order=("flag",))
    series, observations, territories, first, last, periods, missing = counts
    flags = dict(connection.execute(by_flag.sql()).fetchall())
    return SeriesSummary(series, observations, territories, first, last, periods, missing, flags)


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
