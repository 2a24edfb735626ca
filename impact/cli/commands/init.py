"""``impact init``; parse, call, print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from impact.cli.printing import out
from impact.declare.read import shipped
from impact.declare.schemas import write_schemas
from impact.errors import UsageError
from impact.files import copy_tree, making_folder, write_file

app = typer.Typer(add_completion=False)


@app.command()
def init(name: Annotated[str, typer.Argument(help="Name of the new folder and programme.")]) -> None:
    """Make a programme folder that runs as it is, commented, with schemas for your editor."""
    target = Path(name)
    programme = target.name
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", programme):
        raise UsageError(f"'{programme}' cannot name a programme: use lower-case letters, digits and underscores")
    with making_folder(target) as folder:
        copy_tree(shipped("schemas") / "template", folder)
        for path in folder.glob("*.yaml"):
            text = path.read_text(encoding="utf-8")
            write_file(path, text.replace("template_programme", programme))
        write_schemas(folder / ".schemas")
    out.print(f"Made {target}/. Next: impact check {name} && impact run {name}")
