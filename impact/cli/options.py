"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from impact.errors import UsageError
from impact.words.languages import LANGUAGES, Language

ProgrammeFolder = Annotated[
    Path, typer.Argument(metavar="PROGRAMME", readable=False, help="Folder that holds programme.yaml.")
]
PublishedProgramme = Annotated[str, typer.Argument(help="A programme in the database.")]
Database = Annotated[Path, typer.Option("--db", metavar="FILE", readable=False, help="DuckDB file with the results.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]
InFull = Annotated[bool, typer.Option("--all", help="Print every finding, where the most telling alone would be.")]
DEFAULT_DB = Path("results.duckdb")


def language_of(lang: str) -> Language:
    """Return the language that ``--lang`` names.

    Raises
    ------
    UsageError
        If it is none.
    """
    for language in LANGUAGES:
        if language == lang:
            return language
    raise UsageError(f"--lang takes one of {', '.join(LANGUAGES)}, not '{lang}'")
