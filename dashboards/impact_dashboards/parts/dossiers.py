"""The observations of a programme as files: in which formats, which of them wait for a declaration."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from impact.errors import Problem
from impact.publish.export import Format, programme_formats
from impact.publish.export.dcat_files import CATALOGUE, observations_file, of_observations
from impact.publish.export.dossier import Dossier, dossier_of
from impact.publish.export.format import whole
from impact.publish.export.programme import made_files
from impact.publish.official.data_set import EVERY_OBSERVATION, Selection
from impact_dashboards.page.view import View

FIRST = 10
"""Observations that a preview holds."""


def dossier(view: View, programme: str, version: str, selection: Selection = EVERY_OBSERVATION) -> Dossier:
    """Return a programme as the reader may have it.

    Raises
    ------
    ProblemsError
        If parts of the programme have no official code yet.
    """
    return dossier_of(view.published, programme, view.words, version, selection)


def offered() -> dict[str, Format]:
    """Return the formats in which observations can be had here, by name."""
    return {name: form for name, form in programme_formats().items() if of_observations(form) and name != CATALOGUE}


def describing() -> dict[str, Format]:
    """Return the formats that tell of a data set as a whole, by name: its catalogue, codebook and metadata."""
    formats = {name: form for name, form in programme_formats().items() if form.is_ready and not form.of_rows}
    return {name: form for name, form in formats.items() if name not in offered()}


def lacking(made: Dossier, form: Format) -> list[Problem]:
    """Return what a format needs and ``export.yaml`` does not declare."""
    return form.missing(made) if form.missing else []


def written(made: Dossier, form: Format) -> bytes | None:
    """Return the file of a dossier in a format, held against what the format asks; None where there is no such file.

    Raises
    ------
    ProblemsError
        If the format finds the file wrong, or lacks a declaration.
    """
    content = observations_file(made, form)
    if content is None:
        return None
    if form.check is None:
        return whole(content)
    with tempfile.TemporaryDirectory() as folder:
        (path,) = made_files(Path(folder), form, made, {f"{made.programme}{form.suffix}": content}).values()
        return path.read_bytes()


def preview(made: Dossier, name: str, form: Format) -> str:
    """Return the first observations as a format writes them; nothing of a format that is no text."""
    first = made.data_set.rows.slice(0, FIRST)
    shown = made if name == CATALOGUE else replace(made, observed=replace(made.data_set, rows=first))
    content = observations_file(shown, form)
    try:
        return "" if content is None else whole(content).decode("utf-8")
    except UnicodeDecodeError:
        return ""
