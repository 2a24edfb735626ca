"""``impact serve``; parse, call, print."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from impact.cli.options import DEFAULT_DB, Database

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    db: Database = DEFAULT_DB,
    host: Annotated[
        str, typer.Option(help="Address to listen on; beyond this machine only with --access.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the app.", min=1024, max=65535)] = 8050,
    workers: Annotated[int, typer.Option(help="Processes that answer.", min=1, max=64)] = 2,
    access: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML file that says who signs in and may see what.")
    ] = None,
) -> None:
    """Serve the app over what was published last; runs and readers do not wait for each other."""
    importlib.import_module("impact_dashboards.server.serve").serve(
        db, host=host, port=port, workers=workers, access=access
    )
