"""The formats in which anything leaves, by name: a module and a line each; installed packages add theirs."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from difflib import get_close_matches

from impact import plugins
from impact.errors import UsageError
from impact.publish.export import (
    cids,
    csv,
    csvw,
    dcat,
    ddi,
    figure,
    frictionless,
    iati,
    json,
    parquet,
    sdmx_csv,
    sdmx_json,
    sdmx_ml,
    spss,
    stata,
    svg,
    xlsx,
)
from impact.publish.export.format import Format, Takes

FORMATS: Mapping[str, Format] = {
    "csv": csv.FORMAT,
    "csvw": csvw.FORMAT,
    "frictionless": frictionless.FORMAT,
    "json": json.FORMAT,
    "parquet": parquet.FORMAT,
    "svg": svg.FORMAT,
    "figure": figure.FORMAT,
    "sdmx-csv": sdmx_csv.FORMAT,
    "xlsx": xlsx.FORMAT,
    "ddi": ddi.FORMAT,
    "sav": spss.FORMAT,
    "dta": stata.FORMAT,
    "sdmx-ml-2.1": sdmx_ml.FORMAT_2_1,
    "sdmx-ml-3.0": sdmx_ml.FORMAT_3_0,
    "sdmx-json": sdmx_json.FORMAT,
    "cids": cids.FORMAT,
    "dcat": dcat.FORMAT,
    "iati": iati.FORMAT,
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
    for name, plugin in plugins.plugins(plugins.FORMATS, Format):
        holder = _holder(formats, name, plugin)
        if holder is not None:
            raise UsageError(
                f"an installed package adds the format {name} ({plugin.suffix}), but {holder}"
                f" ({formats[holder].suffix}) is there already; it needs another name and ending"
            )
        formats[name] = plugin
    return formats


def _holder(formats: Mapping[str, Format], name: str, form: Format) -> str | None:
    """Return the format that has a name, or else the ending, already."""
    if name in formats:
        return name
    by_suffix = {other.suffix: holder for holder, other in formats.items()}
    return by_suffix.get(form.suffix)


def table_formats() -> dict[str, Format]:
    """Return the formats in which tables can be had, by name; those whose library is installed."""
    return {name: form for name, form in all_formats().items() if form.takes is Takes.TABLE and form.is_ready}


def programme_formats() -> dict[str, Format]:
    """Return the formats in which what is published of a programme can be had, by name."""
    return {name: form for name, form in all_formats().items() if form.takes in (Takes.TABLE, Takes.DOSSIER)}


def programme_format(name: str) -> Format:
    """Return a format of what is published of a programme, by its name.

    Raises
    ------
    UsageError
        If there is none of that name; it names those that there are.
    """
    formats = programme_formats()
    if name not in formats:
        near = get_close_matches(name, formats, n=3)
        listed = ", ".join([*near, *(other for other in formats if other not in near)])
        raise UsageError(f"a programme is written as {listed}, not as '{name}'; a report by `impact report`")
    return formats[name]
