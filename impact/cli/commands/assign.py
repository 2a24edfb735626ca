"""``impact assign``; parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from impact.cli.names import check_name
from impact.cli.options import DEFAULT_DB, Database, ProgrammeFolder
from impact.cli.printing import out
from impact.cli.programmes import sound
from impact.errors import UsageError
from impact.expect.assignment import draw_assignment
from impact.files import check_place, held
from impact.publish.rows import json_rows
from impact.store.snapshot import open_reader

app = typer.Typer(add_completion=False)


@app.command()
def assign(
    programme: ProgrammeFolder,
    assignment: Annotated[str, typer.Argument(help="Id of the assignment in evaluation.yaml.")],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="CSV file for the units and their arm.")],
    db: Database = DEFAULT_DB,
) -> None:
    """Draw who is offered the programme, from rows that `impact run --until validate` has loaded."""
    loaded = sound(programme)
    check_place(to, ".csv")
    with held(to) as file:
        if file.path.exists():
            raise UsageError(f"{to} exists already: an assignment is drawn once; nothing was written")
        with open_reader(db, "validate") as warehouse:
            check_name(warehouse, loaded.id)
            units, balance, sentence = draw_assignment(warehouse.connection, loaded, assignment)
        file.write(units.to_csv(index=False))
    out.print(f"{sentence}; written to {to}", soft_wrap=True)
    for row in json_rows(balance):
        means = f"{row['treated']:.4g} against {row['comparison']:.4g}"
        apart = f"{row['standardised_difference']:+.3f} sd apart"
        out.print(f"  {row['covariate']}: {means}, {apart}")
