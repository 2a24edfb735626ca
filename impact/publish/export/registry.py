"""The formats in which anything leaves, by name: a module and a line each; installed packages add theirs."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from impact import plugins
from impact.errors import UsageError
from impact.publish.export import csv, csvw, figure, json, parquet, svg
from impact.publish.export.format import Format, Takes

FORMATS: Mapping[str, Format] = {
    "csv": csv.FORMAT,
    "csvw": csvw.FORMAT,
    "json": json.FORMAT,
    "parquet": parquet.FORMAT,
    "svg": svg.FORMAT,
    "figure": figure.FORMAT,
}
"""The engine's own."""


@functools.cache
def all_formats() -> Mapping[str, Format]:
    """Return the engine's formats and those that installed packages register under ``impact.formats``.

    Raises
    ------
    UsageError
        If a package registers what is no format, or under a name or an ending that is another's.
    """
    formats = dict(FORMATS)
    for name, added in plugins.plugins(plugins.FORMATS, Format):
        suffixes = {known.suffix: other for other, known in formats.items()}
        other = name if name in formats else suffixes.get(added.suffix)
        if other is not None:
            raise UsageError(
                f"an installed package adds the format {name} ({added.suffix}), but {other}"
                f" ({formats[other].suffix}) is there already; it needs another name and ending"
            )
        formats[name] = added
    return formats


def table_formats() -> dict[str, Format]:
    """Return the formats in which tables can be had, by name."""
    return {name: form for name, form in all_formats().items() if form.takes is Takes.TABLE}


def table_format(name: str) -> Format:
    """Return a format of tables by its name.

    Raises
    ------
    UsageError
        If there is none of that name; it names those that there are.
    """
    known = table_formats()
    if name not in known:
        raise UsageError(f"tables are written as {', '.join(known)}, not as '{name}'; a report by `impact report`")
    return known[name]
